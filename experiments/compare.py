"""Two or more systems side by side, in words and numbers that a therapy lead can use.

``opendoor compare system=gatekept,balanced`` simulates the same area under each system with the same
luck, and says for each measure what it is under the reference (the first system named), under the other,
how far they are apart, and whether luck alone could explain the difference.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal

from experiments.change import Changes, are_ways_to_change, with_gains
from experiments.change_page import write_change
from experiments.compose import load_plans
from experiments.data import read_data
from experiments.output import chosen_folder, results_folder, write_frame
from experiments.replicate import Replications, replicate
from experiments.results import RUNS, write_results
from experiments.screen import as_text, bullets, show
from experiments.statistics import Estimate, estimate, paired_difference
from experiments.words import caveats, heading
from sim.measures import GROUPS, LABELS, Measure
from sim.measures.course import course_of

if TYPE_CHECKING:
    import pandas as pd
    from rich.console import Group
    from rich.table import Table

    from sim.config import Config


def run(overrides: Sequence[str], config_dir: str | None = None) -> int:
    """The command; 1 if some simulations failed and the results are those of the others.

    Raises:
        InputError: the configuration, the area or the output folder cannot be used.
    """
    started = datetime.now().astimezone()
    configs = load_plans(overrides, config_dir)
    if are_ways_to_change(configs):
        configs = with_gains(configs)
    first = next(iter(configs.values()))
    area = read_data(first)
    path = chosen_folder(first.output, "compare", area.name, started)
    changes = Changes(configs) if are_ways_to_change(configs) else None
    with results_folder(path) as folder:
        done = replicate(
            configs,
            first.replications,
            first.seed,
            first.workers,
            folder / RUNS,
            look=course_of if changes else None,
            take=changes.take if changes else None,
        )
        frame = comparison_frame(done)
        write_results(folder, ["compare", *overrides], configs, area, done, started)
        write_frame(frame, folder / "comparison")
        told = write_change(changes, folder) if changes else None
        text = as_text(page(area.name, frame, configs, done))
        (folder / "comparison.txt").write_text(text, encoding="utf-8")
    show(page(area.name, frame, configs, done))
    if told is not None:
        show(told)
    print(f"\nResults: {path}")
    for failure in done.failures:
        print(f"opendoor: {failure}; left out of the comparison in every system", file=sys.stderr)
    return 1 if done.failures else 0


def comparison_frame(done: Replications) -> pd.DataFrame:
    """One row per further system and measure: means, paired difference, its 95 % interval, and that in words.

    Numbers are as in the summaries (shares between 0 and 1), whatever unit they are shown in.
    """
    import pandas as pd

    reference, *others = done.summaries
    rows: list[dict[str, Any]] = []
    for other in others:
        for name, measure in LABELS.items():
            before, after = done.summaries[reference][name], done.summaries[other][name]
            difference = paired_difference(before, after)
            means = estimate(before).mean, estimate(after).mean
            rows.append(
                {
                    "reference": reference,
                    "other": other,
                    "measure": name,
                    "group": measure.group,
                    "label": measure.label,
                    "unit": measure.stored_unit,
                    "reference_mean": means[0],
                    "other_mean": means[1],
                    "difference": difference.mean,
                    "low": difference.low,
                    "high": difference.high,
                    "n": difference.n,
                    "includes_no_difference": difference.includes_zero,
                    "in_words": in_words(measure, *means, difference),
                }
            )
    return pd.DataFrame(rows)


def in_words(measure: Measure, reference: float, other: float, difference: Estimate) -> str:
    """What the difference means for somebody who does not read intervals."""
    if difference.n == 0:
        return "not defined" if math.isnan(reference) == math.isnan(other) else "in one system only"
    if difference.n == 1:
        return "one replication: cannot tell"
    if difference.mean == 0 and difference.sd == 0:
        return "the same"
    if difference.includes_zero:
        return "no clear difference"
    if measure.difference_text(difference.mean) == measure.difference_text(0.0):
        return "about the same"
    if measure.group == "equity":
        return "more equal" if abs(other) < abs(reference) else "less equal"
    if measure.better == "neither":
        return "more" if difference.mean > 0 else "less"
    return "better" if (difference.mean > 0) == (measure.better == "higher") else "worse"


def page(area: str, frame: pd.DataFrame, configs: Mapping[str, Config], done: Replications) -> Group:
    """The whole comparison: what was simulated, a table for each further system, what to bear in mind."""
    from rich.console import Group
    from rich.text import Text

    parts: list[Any] = [Text(heading(area, configs, len(done.replications)), style="bold")]
    for other in dict.fromkeys(frame["other"]):
        parts += [Text(""), comparison_table(frame[frame["other"] == other])]
    parts += [Text("\nTo bear in mind", style="bold"), bullets(caveats(area, configs))]
    parts.append(
        Text(
            "\nEach difference is taken within replications (same children, same luck). The table shows the "
            f"headline measures that are defined here; all {len(LABELS)} are in comparison.csv."
        )
    )
    return Group(*parts)


def comparison_table(frame: pd.DataFrame) -> Table:
    """The headline measures of one pair of systems, grouped; on a narrow screen cells wrap, none vanish."""
    reference, other = frame["reference"].iloc[0], frame["other"].iloc[0]
    rows = {row["measure"]: row for row in frame.to_dict("records")}
    return measures_table(
        (f"{reference}>", f"{other}>", "Difference>", "95 % interval>", "In words"),
        {name: (row["reference_mean"], row["other_mean"]) for name, row in rows.items()},
        lambda name: _cells(LABELS[name], rows[name]),
    )


def measures_table(
    headings: Sequence[str],
    means: Mapping[str, Sequence[float]],
    cells: Callable[[str], Sequence[str]],
) -> Table:
    """Headline measures under their group's title.

    Left out: measures that are undefined in every system, and lines of staff time that no system has.

    Args:
        headings: of the columns after the measure; one that ends in ``>`` holds numbers.
        means: the measure's mean in each system.
        cells: what stands after the measure's label.
    """
    from rich.box import SIMPLE_HEAD
    from rich.padding import Padding
    from rich.table import Table

    table = Table(box=SIMPLE_HEAD, pad_edge=False, padding=(0, 1))
    table.add_column("Measure", overflow="fold", ratio=1, min_width=18)
    for title in headings:
        side: Literal["left", "right"] = "right" if title.endswith(">") else "left"
        table.add_column(title.removesuffix(">"), justify=side, overflow="fold")
    for group in GROUPS:
        names = [
            n for n, m in LABELS.items() if m.group == group and m.headline and _worth_a_row(n, means[n])
        ]
        if names:
            table.add_section()
            table.add_row(f"[bold]{TITLES[group]}[/bold]")
        for name in names:
            measure = LABELS[name]
            label = measure.label if measure.unit in ("%", "£") else f"{measure.label} ({measure.unit})"
            table.add_row(Padding(label, (0, 0, 0, 2)), *cells(name))
    return table


def _worth_a_row(name: str, means: Sequence[float]) -> bool:
    if all(math.isnan(mean) for mean in means):
        return False
    return not name.startswith("time_share_") or any(mean != 0 for mean in means)


TITLES = {
    "impact": "Impact",
    "waits": "Waits",
    "reach": "Reach",
    "equity": "Equity",
    "staff time": "Where staff time went",
    "cost": "Cost",
    "quality": "Quality",
}


def _cells(measure: Measure, row: Mapping[Any, Any]) -> tuple[str, ...]:
    low, high = measure.difference_text(row["low"]), measure.difference_text(row["high"])
    return (
        measure.text(row["reference_mean"]),
        measure.text(row["other_mean"]),
        measure.difference_text(row["difference"]),
        f"{low.removesuffix(' pp')} to {high}" if row["n"] > 1 else "–",
        row["in_words"],
    )
