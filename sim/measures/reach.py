"""Reach and unmet need: how much of the need that is there has been in contact with anybody.

Planning is for the whole population, so needs that nobody has noticed are in the denominator. Every need
is in exactly one of four boxes: never identified; identified and never seen; seen once only; seen more.
"""

from __future__ import annotations

from sim.measures.counting import Floats, Ints, count_by, ratios, share
from sim.measures.who_counts import Counted, RunColumns
from sim.system import LEVELS

QUINTILES = (1, 2, 3, 4, 5)


def reach(run: RunColumns, counted: Counted) -> dict[str, float]:
    """Share of estimated need seen, in all, by level, by deprivation; and the three kinds of unmet need."""
    t = run.tables["needs"]
    in_need, identified, seen = counted.in_need, counted.identified, counted.seen
    out = {
        "reach_share": share(seen, in_need),
        "never_identified_share": share(~identified, in_need),
        "identified_never_seen_share": share(identified & ~seen, in_need),
        "seen_once_only_share": share(seen & ~counted.seen_twice, in_need),
    }
    levels = ratios(*_seen_and_all(counted, t["level"], len(LEVELS)))
    quintiles = ratios(*reached_by_quintile(run, counted))
    out |= {f"reach_share_{name}": levels[i] for i, name in enumerate(LEVELS)}
    out |= {f"reach_share_quintile_{q}": quintiles[q - 1] for q in QUINTILES}
    return out


def reached_by_quintile(run: RunColumns, counted: Counted) -> tuple[Floats, Floats]:
    """Needs seen and needs in all, by deprivation quintile; shapes (5,), quintile 1 (most deprived) first."""
    return _seen_and_all(counted, run.tables["needs"]["imd_quintile"] - 1, len(QUINTILES))


def _seen_and_all(counted: Counted, group: Ints, n: int) -> tuple[Floats, Floats]:
    return count_by(counted.in_need & counted.seen, group, n), count_by(counted.in_need, group, n)
