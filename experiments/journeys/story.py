"""What happened to one child, as a reader wants it: a line for each thing that happened, with British dates and ages."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import TYPE_CHECKING, Any

import pandas as pd

from sim.journey_words import lower_first

if TYPE_CHECKING:
    from sim.journey import Journeys

MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")

#: What says nothing beside a fuller line of the same need on the same day; the last of the same offer, too.
_QUIET = {"arrives": "joins_list", "noticed": "found_at_visit", "support_starts": "contact"}
#: What names its need itself, or happens to the child as a whole.
_NAMES_NO_NEED = ("need_begins", "moves_place", "leaves_with_age")


def day_words(day: Any) -> str:
    """A date as it is written in Britain: ``Tue 3 Mar 2026``."""
    d = as_date(day)
    return f"{DAYS[d.weekday()]} {d.day} {MONTHS[d.month - 1]} {d.year}"


def age(birth: Any, day: Any) -> str:
    """Age in completed years and months: ``3 years 4 months``."""
    b, d = as_date(birth), as_date(day)
    months = (d.year - b.year) * 12 + d.month - b.month - (d.day < b.day)
    years, months = divmod(months, 12)
    parts = [
        f"{n} {unit}" if n == 1 else f"{n} {unit}s" for n, unit in ((years, "year"), (months, "month")) if n
    ]
    return " ".join(parts) or "birth"


def as_date(day: Any) -> date:
    """A date as Python has it."""
    return pd.Timestamp(day).date()


def short_date(day: Any) -> str:
    """A date without its weekday."""
    return day_words(day).partition(" ")[2]


def storyline(told: Journeys, system: str) -> list[tuple[date, str]]:
    """One system's events as a reader wants them: one line per thing that happened.

    Sessions of a course that follow each other with nothing else between them become one line, at the first of
    them. Left out is what says nothing beside a fuller line of the same need on the same day (arriving beside
    joining the list). What happens to several needs at once is told once; where it concerns only some of the
    needs of a child who has several, they are named.
    """
    events = told.events[told.events["system"] == system].reset_index(names="position")
    titles = told.needs.drop_duplicates("need").set_index("need")["title"].to_dict()
    where: dict[tuple[date, str], int] = {}
    whose: dict[tuple[date, str], list[int]] = {}
    of_the_child: set[str] = set()
    for need, rows in events.groupby("need", sort=False):
        for position, day, text, event in _need_lines(rows.to_dict("records")):
            key = (day, text)
            where[key] = min(position, where.get(key, position))
            whose.setdefault(key, []).append(int(str(need)))
            if event in _NAMES_NO_NEED:
                of_the_child.add(text)
    out = []
    for (day, text), _ in sorted(where.items(), key=lambda item: (item[0][0], item[1])):
        needs = dict.fromkeys(whose[day, text])
        if len(needs) < len(titles) and text not in of_the_child:
            text = f"{text[:-1]} ({', '.join(lower_first(titles[need]) for need in needs)})."
        out.append((day, text))
    return out


def _need_lines(events: list[dict[Any, Any]]) -> list[tuple[int, date, str, str]]:
    """The lines of one need's events: position of the first event, its date, the sentence, what it was."""
    happened = {(event["day"], event["event"], event["offer"]) for event in events}
    on_any_offer = {(day, event) for day, event, _ in happened}
    kept = []
    for event in events:
        fuller = _QUIET.get(event["event"])
        if event["event"] == "support_starts":
            said = (event["day"], fuller, event["offer"]) in happened
        else:
            said = (event["day"], fuller) in on_any_offer
        if not said:
            kept.append(event)
    out: list[tuple[int, date, str, str]] = []
    i = 0
    while i < len(kept):
        j = i
        while j + 1 < len(kept) and _goes_on(kept[j], kept[j + 1]):
            j += 1
        first, last = kept[i], kept[j]
        text = first["sentence"]
        if j > i:
            head, _, rest = text.partition(f"session {first['number']}")
            until = short_date(last["date"])
            text = f"{head}sessions {first['number']} to {last['number']}{rest[:-1]}; the last on {until}."
        out.append((first["position"], as_date(first["date"]), text, first["event"]))
        i = j + 1
    return out


def _goes_on(event: Mapping[Any, Any], following: Mapping[Any, Any]) -> bool:
    """Whether two events are sessions of one course, one after the other."""
    return (
        event["event"] == following["event"] == "contact"
        and event["offer"] == following["offer"]
        and following["number"] == event["number"] + 1
        and f"session {event['number']}" in event["sentence"]
    )
