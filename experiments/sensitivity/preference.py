"""Which plan is to be preferred in one measure: the one with more of it, or with less, or the more equal one.

Every analysis that names a *best* plan turns the measure into worth first: larger is better. A measure that is neither
good nor bad by itself (a share of staff time, say) has no best plan, and is refused.
"""

from __future__ import annotations

import difflib

import numpy as np

from sim.errors import InputError
from sim.measures import LABELS, Measure


def worth(measure: str, values: np.ndarray) -> np.ndarray:
    """Values of a measure such that larger is better; gaps between groups are better the nearer they are to nought.

    Raises:
        InputError: the measure is neither good nor bad.
    """
    found = known(measure)
    if found.group == "equity":
        return -np.abs(values)
    if found.better == "neither":
        raise InputError(
            f"measure={measure}: more of it is neither better nor worse ({found.label}), so no plan is best in it"
        )
    return values if found.better == "higher" else -values


def known(measure: str, key: str = "measure") -> Measure:
    """What is known of a measure.

    Raises:
        InputError: there is none of this name.
    """
    if measure not in LABELS:
        close = difflib.get_close_matches(measure, LABELS, 1)
        hint = f"did you mean '{close[0]}'?" if close else "they are the measures of summaries.csv of a run"
        raise InputError(f"{key}={measure}: no such measure; {hint}")
    return LABELS[measure]
