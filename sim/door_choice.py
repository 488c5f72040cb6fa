"""Which of two systems' doors a family goes to, where both are open in its place.

A share of families goes to the new doors: as many as the plan says, more or fewer if families trust the new doors more
or less than the old ones, and rather those who find their way about, or those who do not. Families stay what they
are: when the share grows, some come over and nobody goes back.
"""

from __future__ import annotations

import numpy as np

#: Log odds beyond which a share is none, or all.
MOST_ODDS = 60.0


def trusted(share: np.ndarray, odds: float) -> np.ndarray:
    """Shares of families whose odds of going to the new doors are multiplied by ``odds``; none and all stay so."""
    return share if odds == 1.0 else share * odds / (1.0 - share + share * odds)


def odds_at_average(share: np.ndarray, slope: float) -> np.ndarray:
    """Log odds of a family of average navigation ability, such that of all families just ``share`` go.

    The ability is a standard normal trait, and adds ``slope`` to the log odds per standard deviation; the share is
    the mean of the logistic function over it (Gauss-Hermite quadrature), and the odds are found by bisection.

    Args:
        share: (d,) between 0 and 1.

    Returns:
        (d,) log odds, within :data:`MOST_ODDS`.
    """
    ability, weight = np.polynomial.hermite_e.hermegauss(60)
    weight = weight / weight.sum()
    wanted, where = np.unique(share, return_inverse=True)
    low, high = np.full(len(wanted), -MOST_ODDS), np.full(len(wanted), MOST_ODDS)
    for _ in range(60):
        middle = (low + high) / 2.0
        found = (1.0 / (1.0 + np.exp(-(middle[:, None] + slope * ability)))) @ weight
        low, high = np.where(found < wanted, middle, low), np.where(found < wanted, high, middle)
    return ((low + high) / 2.0)[where]
