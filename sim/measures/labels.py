"""What each headline measure is called, in which unit it is told, and whether more of it is better.

The words are those of a therapy lead. Tables, dashboards and reports take names, units, directions and
number formats from here and from nowhere else. The order is the order in which measures are shown.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from sim.system import LEDGER_LINES, LEVELS

Better = Literal["higher", "lower", "neither"]
Group = Literal["impact", "waits", "reach", "equity", "staff time", "cost", "quality"]
#: Staff groups whose own time is told, and how they are called; whoever else there is comes under ``other``.
OTHER_STAFF = "other"
STAFF_GROUPS = {
    "therapist": "therapists",
    "assistant": "assistants",
    "admin": "administrators",
    "school_staff": "school and setting staff",
    OTHER_STAFF: "other staff",
}
GROUPS: tuple[Group, ...] = ("impact", "waits", "reach", "equity", "staff time", "cost", "quality")


#: Units that stand beside the number instead of in the label.
BESIDE = {"%": "%", "percentage points": " pp", "£": ""}


@dataclass(frozen=True)
class Measure:
    """How a headline measure is shown.

    ``unit`` is the unit it is told in; values are multiplied by ``scale`` for it (100 for shares told in per
    cent). ``headline`` marks those that belong into a table of measures; which of them come first is decided in
    :mod:`sim.measures.selection`. ``undefined`` says in words why there may be no number.
    """

    label: str
    unit: str
    better: Better
    group: Group
    decimals: int
    scale: float = 1.0
    headline: bool = False
    undefined: str = "nobody to count"

    @property
    def limits(self) -> tuple[float, float]:
        """Between which values the measure, as stored, must lie: shares 0 to 1, amounts not below 0."""
        if self.unit == "%":
            return 0.0, 1.0
        if self.unit == "percentage points":
            return -1.0, 1.0
        return (-math.inf if self.group in ("impact", "equity") else 0.0), math.inf

    @property
    def stored_unit(self) -> str:
        """Unit of the number in the summary, before ``scale``."""
        return "share" if self.scale != 1.0 else self.unit

    def text(self, value: float) -> str:
        """The value as it is shown, without its unit except for %, pp and £; a dash if undefined."""
        if math.isnan(value):
            return "–"
        number = self._number(value)
        sign = "−" if number.startswith("-") else ""
        digits = number.removeprefix("-")
        if self.unit == "£":
            return f"{sign}£{digits}"
        return f"{sign}{digits}{BESIDE.get(self.unit, '')}"

    def difference_text(self, value: float) -> str:
        """A difference between two values: always signed; shares differ by percentage points (pp)."""
        if math.isnan(value):
            return "–"
        number = self._number(value)
        digits = number.removeprefix("-")
        sign = "−" if number.startswith("-") else ("+" if any(c in "123456789" for c in digits) else "")
        if self.unit == "£":
            return f"{sign}£{digits}"
        return f"{sign}{digits} pp" if self.scale != 1.0 else f"{sign}{digits}"

    def _number(self, value: float) -> str:
        number = f"{value * self.scale:,.{self.decimals}f}"
        # a rounded "-0.0" is nought
        return number if any(c in "123456789" for c in number) else number.removeprefix("-")


NOBODY = "nobody to count"
NO_LIST = "no such list"
NOBODY_ON_IT = "nobody on such a list"
NO_RECORDED_WAIT = "no recorded wait"
NOT_FOLLOWED = "none followed for long enough"


def _percent(
    label: str,
    better: Better,
    group: Group,
    headline: bool = False,
    decimals: int = 1,
    undefined: str = NOBODY,
) -> Measure:
    return Measure(label, "%", better, group, decimals, 100.0, headline, undefined)


def _impact() -> dict[str, Measure]:
    out = {
        "impact_mean_change_points": Measure(
            "Average gain in function against no service, per need",
            "points, 0-5",
            "higher",
            "impact",
            3,
            headline=True,
        ),
        "impact_significant_share": _percent(
            "Needs with a clinically significant gain against no service", "higher", "impact", True
        ),
        "impact_function_years_per_1000_children": Measure(
            "Function gained over the years, per 1,000 children",
            "point-years",
            "higher",
            "impact",
            1,
            headline=True,
        ),
        "impact_worse_off_share": _percent("Needs worse off than with no service", "lower", "impact", True),
    }
    for level in LEVELS:
        out[f"impact_mean_change_points_{level}"] = Measure(
            f"Average gain in function, needs at {level} level",
            "points, 0-5",
            "higher",
            "impact",
            3,
        )
        out[f"impact_significant_share_{level}"] = _percent(
            f"Clinically significant gain, needs at {level} level", "higher", "impact"
        )
    return out


def _weeks(label: str, headline: bool = False, undefined: str = NO_RECORDED_WAIT) -> Measure:
    return Measure(label, "weeks", "lower", "waits", 1, headline=headline, undefined=undefined)


def _amount(
    label: str, unit: str, better: Better, undefined: str, decimals: int = 1, headline: bool = False
) -> Measure:
    return Measure(label, unit, better, "waits", decimals, headline=headline, undefined=undefined)


_WAITS = {
    "recorded_wait_mean_weeks": _weeks("Recorded wait, referral to first contact: average"),
    "recorded_wait_median_weeks": _weeks("Recorded wait, referral to first contact: half are seen by", True),
    "recorded_wait_p92_weeks": _weeks("Recorded wait, referral to first contact: 92 in 100 are seen by"),
    "recorded_wait_within_18_weeks_share": _percent(
        "Recorded waits that ended within 18 weeks", "higher", "waits", undefined=NO_RECORDED_WAIT
    ),
    "list_within_18_weeks_share": _percent(
        "On the waiting list: waiting up to 18 weeks so far", "higher", "waits", True, undefined=NOBODY_ON_IT
    ),
    "list_18_to_52_weeks_share": _percent(
        "On the waiting list: waiting over 18 to 52 weeks so far", "lower", "waits", undefined=NOBODY_ON_IT
    ),
    "list_over_18_weeks_share": _percent(
        "On the waiting list: waiting over 18 weeks so far", "lower", "waits", undefined=NOBODY_ON_IT
    ),
    "list_over_52_weeks_share": _percent(
        "On the waiting list: waiting over 52 weeks so far", "lower", "waits", True, undefined=NOBODY_ON_IT
    ),
    "list_size": _amount(
        "Waiting list for a first contact, average of the last 26 weeks", "needs", "lower", NO_LIST, 0
    ),
    "list_size_per_1000_children": _amount(
        "Waiting list for a first contact, per 1,000 children", "needs", "lower", NO_LIST, headline=True
    ),
    "all_lists_per_1000_children": _amount(
        "Waiting for anything (first contact, therapy, groups, visits), per 1,000 children",
        "needs",
        "lower",
        NO_LIST,
        headline=True,
    ),
    "all_lists_over_52_weeks_share": _percent(
        "Waiting for anything: over 52 weeks on that list so far",
        "lower",
        "waits",
        True,
        undefined=NOBODY_ON_IT,
    ),
    "list_size_at_end": _amount("Waiting list for a first contact at the end", "needs", "lower", NO_LIST, 0),
    "first_useful_within_18_weeks_share": _percent(
        "Concerns with useful support within 18 weeks", "higher", "waits", True, undefined=NOT_FOLLOWED
    ),
    "first_useful_within_18_weeks_all_needs_share": _percent(
        "Useful support within 18 weeks, out of all needs, noticed or not",
        "higher",
        "waits",
        True,
        undefined=NOT_FOLLOWED,
    ),
    "first_useful_median_weeks": _weeks(
        "Concern to first useful support: half have it by",
        True,
        undefined="not reached by half within the run",
    ),
    "first_useful_mean_weeks_of_first_52": _weeks(
        "Weeks without useful support in the first 52 after a concern", undefined=NOT_FOLLOWED
    ),
    "second_contact_within_26_weeks_share": _percent(
        "Concerns with a second contact within 26 weeks", "higher", "waits", undefined=NOT_FOLLOWED
    ),
    "specialist_start_within_52_weeks_share": _percent(
        "Needs at specialist level: specialist start within 52 weeks of the concern",
        "higher",
        "waits",
        True,
        undefined=NOT_FOLLOWED,
    ),
    "turned_away_per_1000_children_per_year": _amount(
        "Families turned away from a full session, per 1,000 children and year", "times", "lower", NOBODY
    ),
    "gave_up_per_1000_children_per_year": _amount(
        "Needs whose family gave up, per 1,000 children and year", "needs", "lower", NOBODY
    ),
    "referred_per_week": _amount("Referrals, per week", "needs", "neither", "no clock starts"),
    "first_contacts_per_week": _amount("First contacts, per week", "needs", "neither", NOBODY),
    "gave_up_per_100_referred": _amount(
        "Needs whose family gave up, per 100 referrals", "needs", "lower", "no clock starts"
    ),
}


def _reach() -> dict[str, Measure]:
    out = {"reach_share": _percent("Estimated need that has been seen", "higher", "reach", True)}
    for level in LEVELS:
        out[f"reach_share_{level}"] = _percent(
            f"Estimated need that has been seen, {level} level", "higher", "reach"
        )
    for q, text in enumerate(("1 (most deprived)", "2", "3", "4", "5 (least deprived)"), start=1):
        out[f"reach_share_quintile_{q}"] = _percent(
            f"Estimated need that has been seen, deprivation fifth {text}", "higher", "reach"
        )
    return out | {
        "never_identified_share": _percent("Needs nobody ever noticed", "lower", "reach", True),
        "identified_never_seen_share": _percent("Needs noticed but never seen", "lower", "reach", True),
        "seen_once_only_share": _percent("Needs seen once only", "neither", "reach"),
    }


def _gap(of: str, what: str, unit: str = "%") -> dict[str, Measure]:
    """Gap and slope index; neither high nor low is good: nought is equal."""
    gap = f"{what}: most less least deprived fifth (0 is equal)"
    slope = f"{what}: slope across all fifths, most less least deprived (0 is equal)"
    if unit == "%":
        return {
            f"{of}_gap": Measure(gap, "percentage points", "neither", "equity", 1, 100.0, headline=True),
            f"{of}_slope_index": Measure(slope, "percentage points", "neither", "equity", 1, 100.0),
        }
    return {
        f"{of}_gap": Measure(gap, unit, "neither", "equity", 3, headline=True),
        f"{of}_slope_index": Measure(slope, unit, "neither", "equity", 3),
    }


_TIME: dict[str, tuple[str, Better]] = {
    "direct_contact": ("one-to-one contact with children", "neither"),
    "group": ("groups", "neither"),
    "drop_in": ("drop-in sessions", "neither"),
    "link_visit": ("link visits to settings and schools", "neither"),
    "coaching": ("coaching the people around the child", "neither"),
    "universal_work": ("universal work", "neither"),
    "statutory": ("statutory advice", "neither"),
    "triage": ("triage", "neither"),
    "queue_management": ("looking after waiting lists", "lower"),
    "lost_to_non_attendance": ("lost because the child was not brought", "lower"),
    "indirect": ("reports and liaison", "neither"),
    "travel": ("travel", "neither"),
    "coordination": ("coordinating two systems", "lower"),
    "change": ("change and training for it", "neither"),
    "unused": ("not used", "neither"),
}


def _staff_time() -> dict[str, Measure]:
    out = {
        "staff_hours_per_1000_children_per_year": Measure(
            "Staff time available, per 1,000 children and year",
            "hours",
            "neither",
            "staff time",
            0,
            headline=True,
        )
    }
    for line in LEDGER_LINES:
        what, better = _TIME[line]
        # the sum over all staff hides who it is: it is told by staff group, below
        shown = line != "unused"
        out[f"time_share_{line}"] = _percent(f"Staff time: {what}", better, "staff time", shown)
    for group, who in STAFF_GROUPS.items():
        label = f"Time of {who} that is not used"
        out[f"unused_share_{group}"] = _percent(
            label, "neither", "staff time", True, undefined="no such staff"
        )
    return out


def _pounds(label: str, decimals: int, better: Better = "lower") -> Measure:
    return Measure(label, "£", better, "cost", decimals, headline=True)


LABELS: dict[str, Measure] = {
    **_impact(),
    **_WAITS,
    **_reach(),
    **_gap("reach_share", "Estimated need that has been seen"),
    **_gap("first_useful_within_18_weeks_share", "Concerns with useful support within 18 weeks"),
    **_gap("impact_mean_change_points", "Average gain in function", "points, 0-5"),
    **_staff_time(),
    "pounds_per_child_per_year": _pounds("Cost of staff, per child aged 0-17 and year", 2, "neither"),
    "pounds_per_child_reached": _pounds("Cost of staff per child reached", 0),
    "pounds_per_significant_change": _pounds("Cost of staff per clinically significant gain", 0),
    "not_brought_share": _percent(
        "Appointments to which the child was not brought", "lower", "quality", True
    ),
    "statutory_on_time_share": _percent("Statutory advice given on time", "higher", "quality", True),
    "contacts_per_need_seen": Measure(
        "Contacts per need seen", "contacts", "neither", "quality", 1, headline=True
    ),
    "duplicate_contact_share": _percent(
        "Contacts by a second system that works with the same child", "lower", "quality", True
    ),
    "pilot_growth_ratio": Measure(
        "Pilot: growth of what it is judged by, against the other places",
        "times",
        "neither",
        "quality",
        2,
        headline=True,
    ),
    "pilot_went_on_share": _percent("Pilots that went on to all places", "neither", "quality", True),
}

#: Headline measures that are known for each fifth and each locality, and those known for localities besides.
GROUP_MEASURES = (
    "impact_mean_change_points",
    "impact_significant_share",
    "impact_function_years_per_1000_children",
    "recorded_wait_median_weeks",
    "first_useful_within_18_weeks_share",
    "first_useful_median_weeks",
    "specialist_start_within_52_weeks_share",
    "reach_share",
    "never_identified_share",
    "identified_never_seen_share",
    "seen_once_only_share",
)
LOCALITY_MEASURES = (
    *GROUP_MEASURES,
    "list_size_per_1000_children",
    "staff_hours_per_1000_children_per_year",
)
