"""Equity: does a system serve the children in the most deprived places as well as the others?

For reach, for timely useful support and for impact: the gap between the most and the least deprived fifth,
and the slope index of inequality, which uses all five. Both are most deprived less least deprived, so a
positive number means that the most deprived get more.
"""

from __future__ import annotations

from sim.measures.counting import Floats, count_by, gap, ratios, slope_index, sum_by
from sim.measures.reach import QUINTILES, reached_by_quintile
from sim.measures.waits import USEFUL_DAYS
from sim.measures.who_counts import Counted, RunColumns, within


def equity(run: RunColumns, counted: Counted) -> dict[str, float]:
    """Gap and slope index for reach, first useful support within 18 weeks, and mean change."""
    quintile = run.tables["needs"]["imd_quintile"] - 1
    n = len(QUINTILES)
    useful = within(run, counted, "first_useful_day", USEFUL_DAYS)
    parts: dict[str, tuple[Floats, Floats]] = {
        "reach_share": reached_by_quintile(run, counted),
        "first_useful_within_18_weeks_share": (
            count_by(useful.cohort & useful.in_time, quintile, n),
            count_by(useful.cohort, quintile, n),
        ),
        "impact_mean_change_points": (
            sum_by(counted.change, counted.present, quintile, n),
            count_by(counted.present, quintile, n),
        ),
    }
    out: dict[str, float] = {}
    for name, (part, whole) in parts.items():
        values = ratios(part, whole)
        out[f"{name}_gap"] = gap(values)
        out[f"{name}_slope_index"] = slope_index(values, whole)
    return out
