"""Headline numbers in the words in which one would tell them to a board.

Each number is written as ``opendoor compare`` writes it; only the sentence around it is different.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from sim.measures import LABELS

if TYPE_CHECKING:
    from dashboards.studies.study import Study

#: What "of every 100" stands before, for shares that are told first.
OF_EVERY_100 = {
    "first_useful_within_18_weeks_all_needs_share": (
        "children's needs, noticed or not, get useful support within 18 weeks"
    ),
    "first_useful_within_18_weeks_share": "concerns raised are followed by useful support within 18 weeks",
    "impact_significant_share": "needs gain so much that it counts clinically, against no service",
    "specialist_start_within_52_weeks_share": (
        "needs at specialist level start specialist support within a year of the concern"
    ),
    "impact_worse_off_share": "needs end worse off than with no service",
    "reach_share": "needs have been seen by the service",
    "never_identified_share": "needs are never noticed by anybody",
    "list_over_52_weeks_share": "of those on the waiting list have waited over a year",
    "not_brought_share": "appointments are lost because the child was not brought",
}

#: Cards of the overview, impact first.
CARDS = (
    "impact_significant_share",
    "first_useful_within_18_weeks_all_needs_share",
    "reach_share",
    "first_useful_median_weeks",
    "recorded_wait_median_weeks",
    "all_lists_per_1000_children",
    "specialist_start_within_52_weeks_share",
    "pounds_per_significant_change",
    "reach_share_gap",
    "impact_mean_change_points_gap",
)


class Card(NamedTuple):
    """One headline: the measure's label, the verdict, the sentence, the interval in words, and the two numbers."""

    measure: str
    label: str
    verdict: str
    sentence: str
    interval: str
    tone: str
    before: str
    after: str

    @property
    def compared(self) -> bool:
        """Whether both have a number, in the same replications."""
        return not self.verdict.endswith(NOT_COMPARED)

    @property
    def big(self) -> tuple[str, str]:
        """What stands on the card in large type, and beside it in small."""
        why = LABELS[self.measure].undefined
        before = f"none ({why})" if self.before == NONE else self.before
        return why if self.after == NONE else self.after, f"instead of {before}"


def cards(study: Study, reference: str, other: str) -> list[Card]:
    """Headlines of one system against another; measures that neither of them has are left out."""
    found = study.against(reference, other)
    names = [name for name in CARDS if name in found]
    out = [card(study, found[name]) for name in names]
    return [c for c in out if (c.before, c.after) != (NONE, NONE)]


#: What stands for a number that there is not, and where there is therefore no difference.
NONE, NOT_COMPARED = "–", "Cannot be compared"


def card(study: Study, row: dict[Any, Any]) -> Card:
    """One row of the comparison, in words."""
    from dashboards.studies.changes import plan_titles

    name = row["measure"]
    m = LABELS[name]
    before, after = (_plain(m.text(row[which])) for which in ("reference_mean", "other_mean"))
    if NONE in (before, after):
        titles = plan_titles(study)
        lacks, has = ("other", "reference") if after == NONE else ("reference", "other")
        number = before if after == NONE else after
        unit = "" if m.unit in ("%", "£") else f" {m.unit}"
        sentence = (
            f"No number under {titles[row[lacks]]} ({m.undefined}); {number}{unit} under {titles[row[has]]}."
        )
    elif m.unit == "%" and name in OF_EVERY_100:
        sentence = f"{after} of every 100 {OF_EVERY_100[name]}, instead of {before}."
    elif m.unit in ("%", "£"):
        sentence = f"{after} instead of {before}."
    else:
        unit = m.unit.replace(", 0-5", " (of 0 to 5)")
        sentence = f"{after} {unit} instead of {before}."
    if name == "recorded_wait_median_weeks" and row["n"]:
        sentence += " Only those count who were on such a list, were seen, and left it in the years counted."
    return Card(name, m.label, verdict(row), sentence, interval(row, study.n), tone(row), before, after)


def _plain(text: str) -> str:
    """A number without the sign of its unit, which the sentence says."""
    return text.removesuffix("%").removesuffix(" pp")


def verdict(row: dict[Any, Any]) -> str:
    """The comparison's own word, with a sign that says the same without colour."""
    sign = {"better": "▲ ", "more equal": "▲ ", "worse": "▼ ", "less equal": "▼ "}.get(row["in_words"], "● ")
    text = str(row["in_words"])
    return sign + (text[:1].upper() + text[1:] if row["n"] else NOT_COMPARED)


def tone(row: dict[Any, Any]) -> str:
    """``better``, ``worse`` or ``""``."""
    return {"better": "better", "more equal": "better", "worse": "worse", "less equal": "worse"}.get(
        row["in_words"], ""
    )


def interval(row: dict[Any, Any], replications: int) -> str:
    """The paired difference with its 95 % interval, and what it says; it may be defined in fewer ``replications``."""
    m = LABELS[row["measure"]]
    n = int(row["n"])
    if n == 0:
        return "No difference can be told."
    difference = m.difference_text(row["difference"])
    points = " percentage points" if difference.endswith(" pp") else ""
    difference = difference.removesuffix(" pp")
    fewer = f" of {replications} in which it is defined" if n < replications else ""
    if n == 1:
        return f"Difference {difference}{points}, from one replication{fewer}: luck alone may explain it."
    low, high = (m.difference_text(row[end]).removesuffix(" pp") for end in ("low", "high"))
    text = f"Difference {difference}{points}; 95 % interval of it {low} to {high}; {n} replications{fewer}."
    if row["includes_no_difference"]:
        text += " The interval includes no difference."
    return text
