"""Measures as a table: grouped under their titles, a label and some cells each; on a narrow screen nothing vanishes."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from sim.measures import LABELS, chosen
from sim.measures.labels import BESIDE, Group, Measure
from sim.measures.selection import FIRST, FIRST_OF_A_STREAM

if TYPE_CHECKING:
    from rich.table import Table

    from sim.config import Config

TITLES: dict[Group, str] = {
    "impact": "Impact",
    "waits": "Waits",
    "reach": "Reach",
    "equity": "Equity",
    "staff time": "Where staff time went",
    "cost": "Cost",
    "quality": "Quality",
}

#: What stands behind an interval that reaches where no value can lie, and what it means.
BEYOND = "*"
BEYOND_NOTE = (
    f"{BEYOND} reaches beyond what is possible (below 0, or a share above 100 %): so close to the limit, or with so "
    "few replications, the interval is only rough."
)


@dataclass(frozen=True)
class Shown:
    """The measures of a table: their names by group, and the short labels of some of them."""

    groups: Mapping[Group, Sequence[str]]
    labels: Mapping[str, str] = field(default_factory=dict)

    @property
    def names(self) -> list[str]:
        """All of them, in order."""
        return [name for members in self.groups.values() for name in members]


def shown_for(config: Config, everything: bool) -> Shown:
    """What to show for a configuration: the first screen with short labels, or every headline measure."""
    stream = config.area.kind == "referral_stream"
    short = FIRST_OF_A_STREAM if stream else FIRST
    return Shown(chosen(stream, everything), {} if everything else short)


def measures_table(
    headings: Sequence[str],
    means: Mapping[str, Sequence[float]],
    cells: Callable[[str], Sequence[str]],
    shown: Shown | None = None,
) -> Table:
    """Measures under their group's title.

    Left out: measures that are undefined in every system, and lines of staff time that no system has.

    Args:
        headings: of the columns after the measure; one that ends in ``>`` holds numbers.
        means: the measure's mean in each system.
        cells: what stands after the measure's label.
        shown: which measures, and their labels; without it every headline measure.
    """
    from rich.box import SIMPLE_HEAD
    from rich.padding import Padding
    from rich.table import Table

    table = Table(box=SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    table.add_column("Measure", overflow="fold", ratio=1, min_width=12)
    for title in headings:
        side: Literal["left", "right"] = "right" if title.endswith(">") else "left"
        table.add_column(title.removesuffix(">"), justify=side, overflow="fold")
    shown = shown or Shown(chosen(everything=True))
    for group, members in shown.groups.items():
        names = [name for name in members if _worth_a_row(name, means[name])]
        if names:
            table.add_row(f"[bold]{TITLES[group]}[/bold]")
        for name in names:
            label = shown.labels.get(name) or title_of(LABELS[name])
            table.add_row(Padding(label, (0, 0, 0, 2)), *cells(name))
    return table


def title_of(measure: Measure) -> str:
    """Label and unit; %, pp and £ stand beside the numbers."""
    return measure.label if measure.unit in BESIDE else f"{measure.label} ({measure.unit})"


def _worth_a_row(name: str, means: Sequence[float]) -> bool:
    if all(math.isnan(mean) for mean in means):
        return False
    return not name.startswith(("time_share_", "duplicate_")) or any(mean != 0 for mean in means)
