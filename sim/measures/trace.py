"""The course of one run in a few numbers a week, small enough to be kept of every run of a large sweep.

Counts of all children together, from the first week of the history to the end: who waits for a first contact at the
week's end, and what happened in the week. Where nobody can wait for a first contact (everybody is seen before any list
is joined, see :mod:`sim.measures.lists`) the lists are not empty but undefined.
"""

from __future__ import annotations

import numpy as np

from sim.dictionary import TRACED_COUNTS
from sim.kernel.state import WEEKLY_MEASURES
from sim.measures.lists import lists_that_count
from sim.measures.who_counts import RunColumns

#: Needs on lists at the end of a week; then what is counted during it.
LISTS = ("waiting", "waiting_over_18_weeks")
TRACED = (*LISTS, *TRACED_COUNTS)

#: Stands for a list that there is not.
NO_LIST = -1
_OVER_18_WEEKS = ("w18_52", "w52_plus")


def trace_of(run: RunColumns) -> np.ndarray:
    """The numbers of :data:`TRACED` in each week of a run, int32, shape ``(n_weeks, len(TRACED))``; lists that there are
    not are :data:`NO_LIST`."""
    waiting, weekly = run.tables["waiting"], run.tables["weekly"]
    n = 1 + max(int(table["week"].max(initial=-1)) for table in (waiting, weekly, run.tables["available"]))
    out = np.zeros((n, len(TRACED)), np.int32)
    counts = lists_that_count(run)
    if counts.any():
        rows = counts[waiting["offer"]]
        week = waiting["week"][rows]
        out[:, 0] = np.bincount(week, waiting["size"][rows], n)
        out[:, 1] = sum(np.bincount(week, waiting[band][rows], n) for band in _OVER_18_WEEKS)
    else:
        out[:, : len(LISTS)] = NO_LIST
    column = np.full(len(WEEKLY_MEASURES), -1)
    column[[WEEKLY_MEASURES.index(name) for name in TRACED_COUNTS]] = np.arange(len(LISTS), len(TRACED))
    at = column[weekly["measure"]]
    kept = at >= 0
    np.add.at(out, (weekly["week"][kept], at[kept]), weekly["value"][kept])
    return out
