"""What goes in and how well it is done: staff time, money, and the quality of what is delivered.

Every available minute is in exactly one ledger line, so the shares of staff time add up to one. All
minutes are paid for, also those nobody used.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from sim.measures.counting import Bools, Floats, divide, ratios, sum_by
from sim.measures.impact import ROUNDING_POINTS, significant_points
from sim.measures.labels import OTHER_STAFF, STAFF_GROUPS
from sim.measures.who_counts import Counted, RunColumns, horizon_years, in_window
from sim.system import LEDGER_LINES
from sim.transition import NoChange


def staff_time(run: RunColumns) -> dict[str, float]:
    """Hours per 1,000 children and year, the share of them in each ledger line, and what each group did not use."""
    minutes = _minutes(run, "line", len(run.lines))
    by_line = dict(zip(run.lines, ratios(minutes, np.full_like(minutes, minutes.sum())), strict=True))
    hours = minutes.sum() / 60.0
    recorded = len(run.tables["ledger"]["week"]) > 0
    out = {
        "staff_hours_per_1000_children_per_year": 1000.0
        * divide(hours if recorded else np.nan, run.population.sum() * horizon_years(run))
    }
    out |= {f"time_share_{line}": float(by_line[line]) for line in LEDGER_LINES}
    return out | {f"unused_share_{group}": share for group, share in unused_by_group(run).items()}


def unused_by_group(run: RunColumns) -> dict[str, float]:
    """Of each staff group's own time, the share that nobody used; NaN where there is no such staff.

    One sum over all staff would hide what matters: school staff are free for most of the day, therapists never.
    Groups that are not in :data:`sim.measures.labels.STAFF_GROUPS` are told together as ``other``.
    """
    ledger = run.tables["ledger"]
    rows = in_window(run, ledger["week"])
    groups = [run.config.workforce.roles[name].group for name in run.roles]
    named = np.array([g if g in STAFF_GROUPS else OTHER_STAFF for g in groups], dtype=object)
    unused = ledger["line"] == run.lines.index("unused")
    n = len(run.roles)
    idle = sum_by(ledger["minutes"], rows & unused, ledger["role"], n)
    at_work = sum_by(ledger["minutes"], rows, ledger["role"], n)
    return {g: divide(idle[named == g].sum(), at_work[named == g].sum()) for g in STAFF_GROUPS}


def cost(run: RunColumns, counted: Counted) -> dict[str, float]:
    """Pounds of staff time: per child, per child reached and per clinically significant change."""
    pounds = staff_pounds(run)
    children_reached = np.unique(run.tables["needs"]["child_row"][counted.in_need & counted.seen]).size
    changes = np.count_nonzero(
        (counted.change >= significant_points(run) - ROUNDING_POINTS) & counted.present
    )
    return {
        "pounds_per_child_per_year": divide(pounds, run.population.sum() * horizon_years(run)),
        "pounds_per_child_reached": divide(pounds, children_reached),
        "pounds_per_significant_change": divide(pounds, changes),
    }


def quality(run: RunColumns, counted: Counted, totals: Mapping[str, float]) -> dict[str, float]:
    """Was not brought, statutory advice on time, contacts per need seen and by two systems at once, pilots.

    ``totals`` are the :func:`sim.measures.waits.weekly_totals` of the run.
    """
    t = run.tables["needs"]
    seen: Bools = counted.in_need & counted.seen
    # advice asked for just before the window may be given within it, hence never more than all
    on_time = min(totals["statutory_on_time"], totals["statutory_requests"])
    return {
        "not_brought_share": divide(totals["not_brought"], totals["not_brought"] + totals["contacts"]),
        "statutory_on_time_share": divide(on_time, totals["statutory_requests"]),
        "contacts_per_need_seen": divide(t["contacts"][seen].sum(), np.count_nonzero(seen)),
        "duplicate_contact_share": divide(totals["duplicate_contacts"], totals["contacts"]),
        **_pilot(run),
    }


def _pilot(run: RunColumns) -> dict[str, float]:
    """What a pilot found and what was decided; NaN without one."""
    table = run.tables.get("pilot")
    if table is None:
        return {"pilot_growth_ratio": np.nan, "pilot_went_on_share": np.nan}
    return {
        "pilot_growth_ratio": float(table["growth_ratio"][0]),
        "pilot_went_on_share": float(table["went_on"][0]),
    }


def staff_pounds(run: RunColumns) -> float:
    """Cost of all staff minutes of the window, pounds; NaN if no staff time was recorded."""
    if len(run.tables["ledger"]["week"]) == 0:
        return float("nan")
    value = run.config.resolver()
    rates = np.array([value(run.config.workforce.roles[name].pounds_per_hour) for name in run.roles])
    return float((_minutes(run, "role", len(run.roles)) + _dearer(run)) @ rates) / 60.0


def _dearer(run: RunColumns) -> Floats | float:
    """What staff brought in for the old lists cost above the others, as minutes of their role; shape (n_roles,)."""
    plan = getattr(run.config, "transition", None) or NoChange()
    if isinstance(plan, NoChange) or plan.waiting != "blitz":
        return 0.0
    table = run.tables["available"]
    rows = in_window(run, table["week"])
    more = run.config.resolver()(plan.blitz.pay) - 1.0
    return more * sum_by(table["brought_in"], rows, table["role"], len(run.roles))


def _minutes(run: RunColumns, column: str, n: int) -> Floats:
    """Staff minutes of the window by a code column of the ledger; shape (n,)."""
    ledger = run.tables["ledger"]
    rows = in_window(run, ledger["week"])
    return sum_by(ledger["minutes"], rows, ledger[column], n)
