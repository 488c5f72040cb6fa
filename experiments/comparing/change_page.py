"""What the change itself did, on the screen: one row per measure, one column per plan, each with its interval."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from experiments.comparing.change import (
    UNDEFINED,
    Changes,
    by_group_frame,
    by_week_frame,
    by_year_frame,
    change_frame,
)
from experiments.results.output import write_frame
from experiments.screen import as_text, bullets
from sim.measures.change import (
    BY_GROUP,
    BY_YEAR,
    MEASURES,
    STANDARD_ERRORS,
    TOLERANCE,
    YEARS_OF_A_STEP,
)
from sim.measures.impact import significant_step
from sim.measures.labels import Measure

if TYPE_CHECKING:
    import pandas as pd
    from rich.console import Group
    from rich.table import Table

#: Titles of the parts of the table, by the group of the measures under them.
TITLES = {
    "impact": "Children",
    "waits": "Disruption",
    "quality": "Two systems at once",
    "equity": "Who pays, who gains",
    "staff time": "Staff time, against the reference",
    "cost": "Money, against the reference",
}

#: What stands behind an interval that reaches below nought where nothing can.
BEYOND = "*"
NEVER_NEGATIVE = {
    name
    for name, measure in MEASURES.items()
    if measure.unit in ("week", "weeks", "children") or name in ("broke_even", "duplicate_contacts")
}


#: By year, and by group of children: what the page shows of the tables.
YEARLY = ("point_years", "pounds_change")
BY_FIFTH = ("point_years_per_1000_children", "harmed_share", "helped_share")


def change_page(
    frame: pd.DataFrame, by_year: pd.DataFrame, by_group: pd.DataFrame, changes: Changes
) -> Group:
    """The tables and the rules behind their words."""
    from rich.console import Group
    from rich.text import Text

    return Group(
        Text(f"What the change itself did, against {changes.reference}", style="bold"),
        change_table(frame),
        Text(f"Year by year, against {changes.reference}: does the gain grow or fade?", style="bold"),
        year_table(by_year),
        Text(f"Who pays, who gains, against {changes.reference}", style="bold"),
        group_table(by_group),
        bullets(rules(changes)),
    )


def write_change(changes: Changes, folder: Path) -> Group:
    """Write the four tables of a change and ``change.txt`` into a results folder; what to show on the screen."""
    frame, by_year, by_group = change_frame(changes), by_year_frame(changes), by_group_frame(changes)
    write_frame(frame, folder / "change")
    write_frame(by_week_frame(changes), folder / "change_by_week")
    write_frame(by_year, folder / "change_by_year")
    write_frame(by_group, folder / "change_by_group")
    page = change_page(frame, by_year, by_group, changes)
    (folder / "change.txt").write_text(as_text(page), encoding="utf-8")
    return page


def change_table(frame: pd.DataFrame) -> Table:
    """One row per headline measure; means with the 95 % interval below, and in how many replications if not in all."""
    from rich.padding import Padding

    plans = list(dict.fromkeys(frame["plan"]))
    table = _empty_table("Measure", plans)
    rows = {(row["plan"], row["measure"]): row for row in frame.to_dict("records")}
    for group, title in TITLES.items():
        names = [n for n, m in MEASURES.items() if m.headline and m.group == group]
        names = [n for n in names if n in UNDEFINED or any(rows[p, n]["n"] for p in plans)]
        if names:
            table.add_section()
            table.add_row(f"[bold]{title}[/bold]")
        for name in names:
            measure = MEASURES[name]
            label = (
                measure.label
                if measure.unit in ("%", "£", "pp", "week")
                else f"{measure.label} ({measure.unit})"
            )
            table.add_row(Padding(label, (0, 0, 0, 2)), *(cell(measure, rows[plan, name]) for plan in plans))
    return table


def year_table(frame: pd.DataFrame) -> Table:
    """One row per year after the decision day: what it brought, and what the change cost in it."""
    from rich.padding import Padding

    plans = list(dict.fromkeys(frame["plan"]))
    rows = {(row["plan"], row["measure"], row["year"]): row for row in frame.to_dict("records")}
    first = frame[(frame["plan"] == plans[0]) & (frame["measure"] == YEARLY[0])]
    years = list(zip(first["year"], first["first_week"], first["last_week"], strict=True))
    table = _empty_table("Year", plans)
    for name in YEARLY:
        measure = BY_YEAR[name]
        table.add_section()
        table.add_row(f"[bold]{_titled(measure)}[/bold]")
        for year, start, end in years:
            cells = [_with_interval(measure.difference_text, rows[plan, name, year]) for plan in plans]
            table.add_row(Padding(f"year {year} (weeks {start} to {end})", (0, 0, 0, 2)), *cells)
    return table


def group_table(frame: pd.DataFrame) -> Table:
    """Children by deprivation fifth, and how many places come off better or worse, with the worst and the best."""
    from rich.padding import Padding

    plans = list(dict.fromkeys(frame["plan"]))
    table = _empty_table("Group", plans)
    fifths = frame[frame["grouping"] == "imd_quintile"]
    rows = {(row["plan"], row["measure"], row["group"]): row for row in fifths.to_dict("records")}
    most, *between, least = dict.fromkeys(fifths["group"])
    names = {most: f"fifth {most} (most deprived)"} | {g: f"fifth {g}" for g in between}
    names[least] = f"fifth {least} (least deprived)"
    for name in BY_FIFTH:
        unit, words = BY_GROUP[name]
        told = _percent if unit == "share" else _points
        table.add_section()
        title = words if unit == "share" else f"{words} ({unit})"
        table.add_row(f"[bold]{title[:1].upper()}{title[1:]}[/bold]")
        for group, label in names.items():
            cells = [_with_interval(told, rows[plan, name, group]) for plan in plans]
            table.add_row(Padding(label, (0, 0, 0, 2)), *cells)
    table.add_section()
    table.add_row("[bold]Places, by the function gained by all who attend them[/bold]")
    places = {plan: places_told(frame[frame["plan"] == plan]) for plan in plans}
    for label in next(iter(places.values())):
        table.add_row(Padding(label, (0, 0, 0, 2)), *(places[plan][label] for plan in plans))
    return table


def places_told(frame: pd.DataFrame) -> dict[str, str]:
    """Of one plan: how many places clearly lose and clearly gain (95 % interval without nought), and the extremes."""
    rows = frame[(frame["grouping"] == "place") & (frame["measure"] == "point_years")]
    if rows.empty:
        return {}

    in_order = rows.sort_values("mean").to_dict("records")

    def told(row: Mapping[Any, Any]) -> str:
        return f"{str(row['group']).partition(': ')[2]}\n{_points(row['mean'])}"

    return {
        "clearly worse": f"{int((rows['high'] < 0).sum())} of {len(rows)}",
        "clearly better": f"{int((rows['low'] > 0).sum())} of {len(rows)}",
        "lowest mean (point-years)": told(in_order[0]),
        "highest mean (point-years)": told(in_order[-1]),
    }


def _empty_table(title: str, plans: list[str]) -> Table:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    table = Table(box=SIMPLE_HEAD, pad_edge=False, padding=(0, 1))
    table.add_column(title, overflow="fold", ratio=1, min_width=20)
    for plan in plans:
        table.add_column(plan, justify="right", overflow="fold")
    return table


def _titled(measure: Measure) -> str:
    return measure.label if measure.unit == "£" else f"{measure.label} ({measure.unit})"


def _with_interval(text: Callable[[float], str], row: Mapping[Any, Any]) -> str:
    lines = [text(row["mean"])]
    if row["low"] < row["high"]:
        beyond = BEYOND if text is _percent and row["low"] < 0.0 else ""
        lines.append(f"{text(row['low'])} to {text(row['high'])}{beyond}")
    return "\n".join(lines)


def _points(value: float) -> str:
    return MEASURES["point_years"].difference_text(value)


def _percent(value: float) -> str:
    return (
        MEASURES["broke_even"].text(value) if math.isnan(value) else f"{100.0 * value:.1f}%".replace("-", "−")
    )


def cell(measure: Measure, row: dict[Any, Any]) -> str:
    """One measure under one plan: the mean; the interval, unless all replications agree; in how many, if not in all."""
    if row["n"] == 0:
        return str(row["in_words"])
    text = measure.text if measure.unit in ("week", "weeks", "%") else measure.difference_text
    lines = [text(row["mean"])]
    if row["low"] < row["high"]:
        beyond = BEYOND if row["measure"] in NEVER_NEGATIVE and row["low"] < 0.0 else ""
        lines.append(f"{text(row['low'])} to {text(row['high'])}{beyond}")
    if row["n"] < row["replications"]:
        lines.append(f"in {row['n']} of {row['replications']}")
    return "\n".join(lines)


def rules(changes: Changes) -> list[str]:
    """What the words of the table mean, one sentence or two each."""
    step = significant_step(changes.configs[changes.reference]) * YEARS_OF_A_STEP
    return [
        "Each number is a difference within replications (same children, same luck), its mean and 95 % interval below; "
        "none where every replication has the same number (or there is only one). "
        f"Weeks count from the decision day. {BEYOND} reaches below 0, where nothing can be: with so few replications "
        "the interval is only rough.",
        "Break-even: from then on the function gained by all children so far, cumulative, is never again below that "
        "under the reference. It is looked at every four weeks, and means are over the replications that get there.",
        f"Harmed, helped: a child that has lost or won {step:g} point-years against the same child under the reference: "
        "a clinically significant step for a year.",
        "Function gained in a year is what all children have gained by its end, less what they had by its beginning, "
        "against the reference. If it falls from year to year, the gain fades.",
        "A child belongs to the place it attends on the decision day, or the first after it. Of many places, about one in "
        "forty looks clearly worse, and one in forty clearly better, by chance alone; all of them: change_by_group.csv.",
        f"A week of disruption: over four weeks one of the measures below it is worse by more than {TOLERANCE:.0%}, and "
        f"for counts by more than chance makes of two independent counts ({STANDARD_ERRORS:g} standard errors). A plan that "
        "does away with the list for a first contact cannot be worse in who waits on it; who waits for therapy or a group "
        "instead is not among these measures.",
    ]
