"""What the change itself did, on the screen: one row per measure, one column per plan, each with its interval."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from experiments.change import UNDEFINED, Changes, by_group_frame, by_week_frame, change_frame
from experiments.output import write_frame
from experiments.screen import as_text, bullets
from sim.measures.change import MEASURES, STANDARD_ERRORS, TOLERANCE, YEARS_OF_A_STEP
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


def change_page(frame: pd.DataFrame, changes: Changes) -> Group:
    """The table and the rules behind its words."""
    from rich.console import Group
    from rich.text import Text

    return Group(
        Text(f"What the change itself did, against {changes.reference}", style="bold"),
        change_table(frame),
        bullets(rules(changes)),
    )


def write_change(changes: Changes, folder: Path) -> Group:
    """Write the three tables of a change and ``change.txt`` into a results folder; what to show on the screen."""
    frame = change_frame(changes)
    write_frame(frame, folder / "change")
    write_frame(by_week_frame(changes), folder / "change_by_week")
    write_frame(by_group_frame(changes), folder / "change_by_group")
    (folder / "change.txt").write_text(as_text(change_page(frame, changes)), encoding="utf-8")
    return change_page(frame, changes)


def change_table(frame: pd.DataFrame) -> Table:
    """One row per headline measure; means with the 95 % interval below, and in how many replications if not in all."""
    from rich.box import SIMPLE_HEAD
    from rich.padding import Padding
    from rich.table import Table

    table = Table(box=SIMPLE_HEAD, pad_edge=False, padding=(0, 1))
    table.add_column("Measure", overflow="fold", ratio=1, min_width=20)
    plans = list(dict.fromkeys(frame["plan"]))
    rows = {(row["plan"], row["measure"]): row for row in frame.to_dict("records")}
    for plan in plans:
        table.add_column(plan, justify="right", overflow="fold")
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


def cell(measure: Measure, row: dict[Any, Any]) -> str:
    """One measure under one plan: the mean; the interval; in how many replications, if not in all."""
    if row["n"] == 0:
        return str(row["in_words"])
    text = measure.text if measure.unit in ("week", "weeks", "%") else measure.difference_text
    lines = [text(row["mean"])]
    if row["n"] > 1:
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
        f"weeks count from the decision day. {BEYOND} reaches below 0, where nothing can be: with so few replications "
        "the interval is only rough.",
        "Break-even: from then on the function gained by all children so far, cumulative, is never again below that "
        "under the reference. It is looked at every four weeks, and means are over the replications that get there.",
        f"Harmed, helped: a child that has lost or won {step:g} point-years against the same child under the reference: "
        "a clinically significant step for a year.",
        f"A week of disruption: over four weeks one of the measures below it is worse by more than {TOLERANCE:.0%}, and "
        f"for counts by more than chance makes of two independent counts ({STANDARD_ERRORS:g} standard errors).",
    ]
