"""What a run is judged by: impact first, then waits, reach, equity, staff time, cost and quality.

Everything here is a pure function of the plain columns of a run; nothing is simulated and nothing is drawn.
:func:`summary` gives the named headline measures of one run, :data:`LABELS` says in plain English what each
of them is, in which unit, and whether more of it is better. A measure that is not defined (no child to divide
by, too short a horizon to follow anybody up) is NaN, never nought.

Who is counted in what is decided once, in :mod:`sim.measures.who_counts`.
"""

from __future__ import annotations

from sim.measures.breakdowns import by_locality, by_quintile, fifteen_outcomes, weeks_bands
from sim.measures.equity import equity
from sim.measures.impact import impact
from sim.measures.labels import GROUPS, LABELS, Measure
from sim.measures.reach import reach
from sim.measures.resources import cost, quality, staff_time
from sim.measures.selection import chosen
from sim.measures.waits import waits, weekly_totals
from sim.measures.who_counts import RunColumns, who_counts

__all__ = [
    "GROUPS",
    "LABELS",
    "Measure",
    "RunColumns",
    "by_locality",
    "by_quintile",
    "chosen",
    "fifteen_outcomes",
    "summary",
    "weeks_bands",
]


def summary(run: RunColumns) -> dict[str, float]:
    """Headline measures of one run, by name, in the order of :data:`LABELS`; NaN where undefined.

    Shares are between 0 and 1; every other unit is in the name. The window is the horizon
    ``[decision_day, end_day)``.
    """
    counted, totals = who_counts(run), weekly_totals(run)
    found = {
        **impact(run, counted),
        **waits(run, counted, totals),
        **reach(run, counted),
        **equity(run, counted),
        **staff_time(run),
        **cost(run, counted),
        **quality(run, counted, totals),
    }
    return {name: float(found[name]) for name in LABELS}
