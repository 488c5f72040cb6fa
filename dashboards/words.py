"""Headline numbers in the words in which one would tell them to a board.

Each number is written as ``opendoor compare`` writes it; only the sentence around it is different.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from sim.measures import LABELS

if TYPE_CHECKING:
    from dashboards.study import Study

#: What "of every 100" stands before, for shares that are told first.
OF_EVERY_100 = {
    "first_useful_within_18_weeks_all_needs_share": (
        "children's needs, noticed or not, get useful support within 18 weeks"
    ),
    "first_useful_within_18_weeks_share": "concerns raised are followed by useful support within 18 weeks",
    "impact_significant_share": "needs gain so much that it counts clinically, against no service",
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
    "impact_worse_off_share",
    "pounds_per_significant_change",
    "reach_share_gap",
)


class Card(NamedTuple):
    """One headline: the measure's label, the verdict, the sentence, the interval in words."""

    measure: str
    label: str
    verdict: str
    sentence: str
    interval: str
    tone: str


def cards(study: Study, other: str) -> list[Card]:
    """Headlines of one system against the reference; measures that are not defined are left out."""
    rows = study.comparison
    found = {row["measure"]: row for row in rows[rows["other"] == other].to_dict("records")}
    names = [name for name in CARDS if name in found]
    out = [card(study, found[name]) for name in names]
    return [c for c in out if "–" not in c.sentence]


def card(study: Study, row: dict[Any, Any]) -> Card:
    """One row of the comparison, in words."""
    name = row["measure"]
    m = LABELS[name]
    before, after = m.text(row["reference_mean"]), m.text(row["other_mean"])
    if m.unit == "%" and name in OF_EVERY_100:
        sentence = f"{after.removesuffix('%')} of every 100 {OF_EVERY_100[name]}, instead of {before.removesuffix('%')}."
    elif m.unit in ("%", "£"):
        sentence = f"{after} instead of {before}."
    else:
        sentence = f"{after} {m.unit} instead of {before}."
    return Card(name, m.label, verdict(row), sentence, interval(row, study.n), tone(row))


def verdict(row: dict[Any, Any]) -> str:
    """The comparison's own word, with a sign that says the same without colour."""
    sign = {"better": "▲ ", "more equal": "▲ ", "worse": "▼ ", "less equal": "▼ "}.get(row["in_words"], "● ")
    text = str(row["in_words"])
    return sign + text[:1].upper() + text[1:]


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
        return "Not defined in both systems."
    difference = m.difference_text(row["difference"])
    fewer = f" of {replications} in which it is defined" if n < replications else ""
    if n == 1:
        return f"Difference {difference}, from one replication{fewer}: luck alone may explain it."
    low, high = m.difference_text(row["low"]), m.difference_text(row["high"])
    text = f"Difference {difference}; 95 % interval {low} to {high}, {n} replications{fewer}."
    if row["includes_no_difference"]:
        text += " The interval includes no difference."
    return text
