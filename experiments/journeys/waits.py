"""How long one child waited, and what came of it: the facts under its story, for each need and system.

Waits count from the day on which a concern was first raised. Many needs were known before the simulation begins: then
there is no such day, which is not the same as a concern that nobody ever raised.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from typing import TYPE_CHECKING, Any, NamedTuple

import pandas as pd

from experiments.journeys.story import as_date, short_date
from sim.journey_words import REASONS, duration

if TYPE_CHECKING:
    from sim.journey import Journeys

Row = Mapping[Any, Any]


class Seen(NamedTuple):
    """The days between which a need is followed: the run's first, the first that counts, the last."""

    first: date
    decision: date
    end: date


def days_seen(told: Journeys, need: Any) -> Seen:
    """Between which days a need of the child is followed."""
    path = told.trajectory[told.trajectory["need"] == need]
    first = path["date"].iloc[0] - pd.Timedelta(days=int(path["day"].iloc[0]))
    return Seen(as_date(first), as_date(told.children["decision_date"].iloc[0]), as_date(path["date"].max()))


def _raised(row: Row) -> date | None:
    """The day on which a concern was first raised; for a need known before the run that comes back, its referral."""
    for day in (row["concern_date"], row["referred_date"]):
        if not pd.isna(day):
            return as_date(day)
    return None


def _known_before(row: Row, seen: Seen) -> bool:
    """Whether the concern was raised before the run, on a day that nobody wrote down."""
    noticed = row["identified_date"]
    return pd.isna(row["concern_date"]) and not pd.isna(noticed) and as_date(noticed) < seen.first


def _concern(row: Row, seen: Seen) -> str:
    raised = _raised(row)
    if _known_before(row, seen):
        again = "" if raised is None or raised < seen.first else f"; again {short_date(raised)}"
        return f"before {short_date(seen.first)}, when the simulation begins{again}"
    if raised is None:
        return "never"
    return short_date(raised) + (", before the years counted" if raised < seen.decision else "")


def _wait(row: Row, what: str, seen: Seen) -> str:
    """From the day a concern was raised to a milestone."""
    raised = _raised(row)
    if pd.isna(row[what]):
        return _none(row, raised, seen)
    if raised is None:
        known = _known_before(row, seen)
        return f"seen {short_date(row[what])}, known since before" if known else "before any concern"
    days = (as_date(row[what]) - raised).days
    return "the same day" if days <= 0 else duration(days)


def _none(row: Row, raised: date | None, seen: Seen) -> str:
    """No such thing happened: because the family gave up, or up to now."""
    if row["left_reason"] == "gave_up" and not row["open"] and not pd.isna(row["left_date"]):
        left = as_date(row["left_date"])
        return f"none: gave up after {duration((left - raised).days)}" if raised else "none: gave up"
    waiting = "" if row["open"] else ", and not on any list"
    if raised is not None:
        return f"none in {duration((seen.end - raised).days)}{waiting}"
    return f"none in the run{waiting}" if _known_before(row, seen) else "–"


def _left(row: Row, seen: Seen) -> str:
    if row["open"]:
        return f"still open on {short_date(seen.end)}"
    if pd.isna(row["left_date"]):
        return "–"
    return f"{short_date(row['left_date'])}{REASONS[row['left_reason']]}"


WAITS: dict[str, Callable[[Row, Seen], str]] = {
    "Concern first raised": _concern,
    "From there to the first contact": lambda row, seen: _wait(row, "first_contact_date", seen),
    "... to the first useful support": lambda row, seen: _wait(row, "first_useful_date", seen),
    "... to specialist support": lambda row, seen: _wait(row, "specialist_start_date", seen),
    "Contacts, staff time": lambda row, seen: f"{row['contacts']}, {row['minutes'] / 60:.1f} hours",
    "Appointments not brought to": lambda row, seen: str(row["not_brought"]),
    "Left the services": _left,
}
