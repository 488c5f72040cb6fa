"""Where to look: the points of a sweep, chosen so that few runs say much.

============== ==========================================================================================
grid           every combination of the listed values
list           the rows of a file
lhs            Latin hypercube: each factor's range is cut into as many slices as there are points, and
               every slice is used once (McKay, Beckman and Conover 1979, Technometrics 21:239-245)
sobol          Sobol's sequence, scrambled: fills the space more evenly than chance (Owen 1998, ACM TOMACS
               8:71-102); the number of points is a power of two
morris         trajectories that move one factor at a time across a coarse grid, for screening many factors
               (Morris 1991, Technometrics 33:161-174)
one_at_a_time  each factor at its low and at its high end, all others as they are
factorial      every combination of the low and high ends, or a fraction of them from which effects can still be
               told (Box and Hunter 1961, Technometrics 3:311-351), and perhaps the centre
saltelli       pairs of independent samples that exchange one factor at a time, for Sobol's indices (Saltelli 2002,
               Computer Physics Communications 145:280-297; Saltelli and others 2010, same journal 181:259-270)
psa            all at once, each drawn from its own distribution (a Latin hypercube), for probabilistic analysis
============== ==========================================================================================

The functions here know nothing of the model: a design over ranges is an array of shares between 0 and 1, one
row per point, one column per factor.
"""

from __future__ import annotations

import numpy as np

DESIGNS = ("grid", "list", "lhs", "sobol", "morris", "one_at_a_time", "factorial", "saltelli", "psa")

#: Designs that draw points from ranges; factors with listed values are crossed with them.
SAMPLED = ("lhs", "sobol", "morris", "one_at_a_time", "factorial", "saltelli", "psa")

#: Of these, the ones that take every row of the evidence in use if no range is named.
WHOLE_EVIDENCE = ("one_at_a_time", "morris", "saltelli", "psa")


def latin_hypercube(n_points: int, n_factors: int, seed: int) -> np.ndarray:
    """Shares, shape ``(n_points, n_factors)``: in each column, one in each of ``n_points`` equal slices."""
    from scipy.stats import qmc

    return np.asarray(qmc.LatinHypercube(n_factors, rng=np.random.default_rng(seed)).random(n_points))


def sobol_sequence(n_points: int, n_factors: int, seed: int) -> np.ndarray:
    """Shares, shape ``(n_points, n_factors)``: the first points of a scrambled Sobol sequence.

    Raises:
        ValueError: ``n_points`` is not a power of two, or there are more than 21,201 factors.
    """
    from scipy.stats import qmc

    if n_points < 1 or n_points & (n_points - 1):
        raise ValueError(f"a Sobol sequence is even only for a power of two: found {n_points} points")
    sequence = qmc.Sobol(n_factors, scramble=True, rng=np.random.default_rng(seed))
    return np.asarray(sequence.random_base2(n_points.bit_length() - 1))


def morris_trajectories(n_trajectories: int, n_factors: int, levels: int, seed: int) -> np.ndarray:
    """Shares, shape ``(n_trajectories * (n_factors + 1), n_factors)``, trajectory after trajectory.

    Within a trajectory each point differs from the one before in exactly one factor, by
    ``levels / (2 * (levels - 1))`` up or down, and each factor moves once. All shares lie on the grid of
    ``levels`` values from 0 to 1.

    Raises:
        ValueError: ``levels`` is odd or below 2, which would make some values likelier than others.
    """
    if levels < 2 or levels % 2:
        raise ValueError(f"a Morris design needs an even number of levels: found {levels}")
    random = np.random.default_rng(seed)
    jump = levels // 2
    rows: list[np.ndarray] = []
    for _ in range(n_trajectories):
        # whole steps of the grid, so that a factor that moves there and back has the same bits
        at = random.integers(0, levels - jump, n_factors)
        up = random.integers(0, 2, n_factors).astype(bool)
        at[~up] += jump
        rows.append(at.copy())
        for factor in random.permutation(n_factors):
            at[factor] += jump if up[factor] else -jump
            rows.append(at.copy())
    return np.array(rows, dtype=np.float64).reshape(-1, n_factors) / (levels - 1)


def factorial(n_factors: int, resolution: int | None = None, centre: bool = False) -> np.ndarray:
    """Shares that are 0 or 1, shape ``(2**n_factors, n_factors)`` or fewer, the lowest corner first; with ``centre`` a
    last row of 0.5.

    Args:
        n_factors: at least 1.
        resolution: of a fraction: 3 tells single effects apart, 4 also keeps them clear of effects of two together,
            5 tells effects of two together apart as well. None for all combinations.
        centre: add the point in the middle.

    Raises:
        ValueError: there is no fraction of this resolution.
    """
    if resolution is None:
        corners = (np.arange(2**n_factors)[:, None] >> np.arange(n_factors) & 1).astype(np.float64)
    else:
        from pydoe import fracfact_by_res

        if not 3 <= resolution <= n_factors:
            raise ValueError(
                f"a fraction of {n_factors} factors has a resolution from 3 to {n_factors}: found {resolution}"
            )
        corners = (np.asarray(fracfact_by_res(n_factors, resolution), dtype=np.float64) + 1) / 2
        corners = corners[np.argsort(corners.sum(axis=1), kind="stable")]
    return np.vstack([corners, np.full((1, n_factors), 0.5)]) if centre else corners


def saltelli(n_points: int, n_factors: int, seed: int) -> np.ndarray:
    """Shares, shape ``(n_points * (n_factors + 2), n_factors)``, in blocks: a row of the first sample, that row with one
    factor after the other taken from the second sample, and the row of the second sample.

    Raises:
        ValueError: ``n_points`` is not a power of two, or there are more than 10,600 factors.
    """
    both = sobol_sequence(n_points, 2 * n_factors, seed)
    first, second = both[:, :n_factors], both[:, n_factors:]
    blocks = np.repeat(first[:, None, :], n_factors + 2, axis=1)
    for factor in range(n_factors):
        blocks[:, factor + 1, factor] = second[:, factor]
    blocks[:, -1] = second
    return blocks.reshape(-1, n_factors)
