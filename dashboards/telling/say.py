"""Numbers of a story in words: each as the command tells it, with its interval, or what to say if it is not there."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from dashboards.studies.changes import change_table, told
from dashboards.telling.storyboard import EVIDENCE, IN_WORDS, Story, filled, placeholder, placeholders
from experiments.comparing.change_page import BEYOND
from experiments.words import unit_words
from sim.errors import InputError
from sim.measures import LABELS
from sim.measures.change import MEASURES

if TYPE_CHECKING:
    from dashboards.studies.study import Study

NOT_HERE = "[not in these results]"
#: Where a clause ends that can be left out by itself.
_CLAUSE = re.compile(r"(?<=[.;])\s+")
#: Units whose numbers need nothing more said.
PLAIN_UNITS = ("count", "multiplier")


@dataclass
class Speaker:
    """Fills the placeholders of a story from a study.

    Attributes:
        ways: name in the story -> name in the results. missing: sentences about what was asked for and is not there.
        absent: titles of ways that were asked for and that the results do not hold.
        rough: an interval was told that reaches where nothing can be.
    """

    study: Study
    story: Story
    ways: Mapping[str, str]
    missing: list[str] = field(default_factory=list)
    absent: list[str] = field(default_factory=list)
    rough: bool = False

    def text(self, text: str) -> str:
        """A text with its numbers. A clause about a way that the results do not hold is left out, and the way told in
        :attr:`absent`; any other number that is not there stands in it as such, and is told in :attr:`missing`."""
        clauses = [part for part in _CLAUSE.split(text) if self.holds(part)]
        told = filled(
            " ".join(clauses),
            {inside: self.number(inside) for part in clauses for inside in placeholders(part)},
        )
        return f"{told[:-1]}." if told.endswith(";") else told

    def holds(self, text: str) -> bool:
        """Whether the results hold every way that a text has a number of; those that they do not are noted."""
        ways = [p.of for p in map(placeholder, placeholders(text)) if p.of in self.story.ways]
        without = [self.story.ways[way].title for way in ways if way not in self.ways]
        self.absent += [title for title in dict.fromkeys(without) if title not in self.absent]
        return not without

    def number(self, inside: str) -> str:
        """What one placeholder stands for."""
        p = placeholder(inside)
        try:
            if p.name == EVIDENCE:
                return evidence(self.study, p.of)
            if p.name in MEASURES or p.name in LABELS:
                text = self.measure(p.name, p.of, p.form)
                self.rough |= text.endswith(f"{BEYOND})")
                return text
        except InputError as e:
            self.missing += [problem for problem in e.problems if problem not in self.missing]
            return NOT_HERE
        return general(self.study)[p.name]

    def measure(self, name: str, way: str, form: str = "") -> str:
        """One measure under one way.

        Raises:
            InputError: the results do not hold it.
        """
        row = self.row(name, way)
        if form == IN_WORDS and row.get("in_words"):
            return str(row["in_words"])
        if name in MEASURES:
            return told(row)
        return of_system(row, self.reference_title)

    def row(self, name: str, way: str) -> dict[Any, Any]:
        """The row of the command's table behind a measure under a way; for what the others are set against, of its own
        mean.

        Raises:
            InputError: the results do not hold it.
        """
        title = self.story.ways[way].title
        if way not in self.ways:
            raise InputError(
                f"These results hold no {title.lower()} ({' or '.join(self.story.ways[way].names)})."
            )
        plan = self.ways[way]
        if name in LABELS:
            return _row_of_system(self.study, name, plan)
        if plan == self.study.reference:
            raise InputError(
                f"{MEASURES[name].label}: is told of the other ways, against {title.lower()}; there is none for itself."
            )
        rows = change_table(self.study, "change")
        found = rows[(rows["plan"] == plan) & (rows["measure"] == name)].to_dict("records")
        if not found:
            raise InputError(f"{MEASURES[name].label}: is not in these results; run their command again.")
        return found[0]

    @property
    def reference_title(self) -> str:
        """What the story calls what the others are set against."""
        names = {name: self.story.ways[way].title for way, name in self.ways.items()}
        return names.get(self.study.reference, self.study.reference)


def _row_of_system(study: Study, name: str, plan: str) -> dict[Any, Any]:
    rows = study.comparison
    rows = rows[(rows["reference"] == study.reference) & (rows["measure"] == name)]
    if plan != study.reference:
        return dict(rows[rows["other"] == plan].iloc[0])
    row = dict(rows.iloc[0])
    return {
        "measure": name,
        "other_mean": row["reference_mean"],
        "other_low": row["reference_low"],
        "other_high": row["reference_high"],
        "n": row["reference_n"],
    }


def of_system(row: Mapping[Any, Any], reference: str) -> str:
    """A measure of a system: its mean and how far it is from the reference's, or the interval of the mean itself."""
    m = LABELS[row["measure"]]
    mean = m.text(row["other_mean"])
    if row["n"] == 0:
        return m.undefined
    if "difference" not in row:
        return f"{mean} ({m.text(row['other_low'])} to {m.text(row['other_high'])})" if row["n"] > 1 else mean
    between = f"{m.difference_text(row['difference'])} against {reference.lower()}"
    if row["n"] > 1:
        between += f", {m.difference_text(row['low'])} to {m.difference_text(row['high'])}"
    return f"{mean} ({between})"


def evidence(study: Study, name: str) -> str:
    """A row of the evidence as these results use it: value, range, unit, grade.

    Raises:
        InputError: they do not know it.
    """
    row = next((c.evidence[name] for c in study.configs.values() if name in c.evidence), None)
    if row is None:
        raise InputError(f"The evidence of these results has no row {name}.")
    if row.unit == "share":
        value, low, high = (f"{100 * x:g}%" for x in (row.value, row.low, row.high))
        return f"{value} ({low} to {high}, {row.grade})"
    unit = "" if row.unit in PLAIN_UNITS else f" {unit_words(row.unit)}"
    return f"{row.value:g}{unit} ({row.low:g} to {row.high:g}, {row.grade})"


def general(study: Study) -> dict[str, str]:
    """What can be said of any results."""
    first = study.configs[study.reference]
    return {
        "area": study.area.name,
        "replications": f"{study.n:,}",
        "years": f"{first.horizon_years:g}",
        "history": f"{first.history_years:g}",
        "seed": str(first.seed),
    }
