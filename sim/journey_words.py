"""What happens to a child, in plain sentences: each event of the log, why somebody left, how long something took."""

from __future__ import annotations

from typing import Any

from sim.both import offers_by_name
from sim.dictionary import LEFT_REASONS
from sim.engine import Engine
from sim.kernel.state import NEVER
from sim.quantity import DAYS_PER_YEAR
from sim.run import Run

#: What each event of the log means, for a reader who knows no codes. The access of the offer, or what else makes a
#: difference, may follow the event after a colon.
SENTENCES: dict[str, str] = {
    "need_begins": "A need begins: {kind}.",
    "worsens": "The need gets worse by a step.",
    "moves_place": "Moves on to {place}.",
    "leaves_with_age": "Too old now for these services.",
    "noticed": "Somebody notices the need.",
    "does_not_seek": "The family does not ask for help.",
    "seeks": "The family sets out to ask for help.",
    "wrong_door": "Comes to the wrong place, and is sent on.",
    "arrives": "Asks for help in the right place.",
    "joins_list": "{offer}: joins the waiting list.",
    "joins_list:walk_in": "{offer}: can come to the next session.",
    "joins_list:visit": "{offer}: is put down for the next visit.",
    "support_starts": "{offer}: support begins.",
    "support_ends": "{offer}: support ends.",
    "accepted": "{offer}: accepted.",
    "rejected": "{offer}: not accepted.",
    "more_information": "{offer}: more information is asked for.",
    "contact": "{offer}: seen{wait}.",
    "contact:gate": "{offer}: the papers are read{wait}.",
    "contact:course": "{offer}: session {number}{wait}.",
    "not_brought": "{offer}: not brought to the appointment.",
    "turned_away": "{offer}: full today, turned away.",
    "gives_up": "{offer}: the family gives up{after}.",
    "sent_away": "{offer}: sent away after a missed appointment.",
    "course_ends": "{offer}: the course ends.",
    "leaves": "Leaves the services{reason}.",
    "found_at_visit": "{offer}: the need is found at a visit, before anybody asked.",
    "request": "{offer}: asked for by right.",
    "invited": "{offer}: the list closes, and the family is asked in through the new door.",
    "called_off": "{offer}: rung up about the list, and needs nothing more.",
    "gives_back_place": "{offer}: the place is given back, as the other system has helped.",
    "finds_door_shut": "The new door is overrun and shut for now: sent to the old one.",
}

#: Why a need left, after "Leaves the services".
REASONS: dict[str, str] = {
    "accepted": "",
    "rejected": ": not accepted",
    "done": ": this help is finished",
    "goal_met": ": the goal is reached",
    "stalled": ": progress has stopped",
    "not_in_need": ": within the normal range",
    "discharged_not_brought": ": not brought to appointments",
    "gave_up": ": the family gave up",
    "not_served": ": nothing here for this need at this age",
    "aged_out": ": too old",
    "never_sought": ": the family did not ask for help",
    "before_start": "",
    "not_left": "",
    "no_longer_needed": ": when rung up, the family needed nothing more",
}

ACCESS = ("queue", "walk_in", "visit", "population")  # in the order of the kernel's codes

EVENT_COLUMNS = ("child", "need", "day", "place", "offer", "event", "number", "wait_days", "sentence")


def older_than_the_run(need: Any, lines: list[tuple[int, int, int, str]]) -> list[tuple[int, int, int, str]]:
    """A need that was there before day 0: the log has it begin when it became known, if it did."""
    if need.onset >= 0 or not lines or lines[0][3] != "need_begins":
        return lines
    place = lines[0][1]
    before = [(int(need.onset), place, -1, "need_begins")]
    if any(event == "noticed" for *_, event in lines) or not NEVER < need.identified < 0:
        return [*before, *lines[1:]]
    return [*before, (int(need.identified), place, -1, "noticed"), *lines[1:]]


def told_events(
    run: Run, engine: Engine, need: Any, lines: list[tuple[int, int, int, str]]
) -> list[tuple[Any, ...]]:
    """Each line of one need's log as a row of the events, with its number, its wait and its sentence."""
    offers = engine.rules.offers
    joined: dict[int, int] = {}
    number: dict[int, int] = {}
    out = []
    for day, place, offer, event in lines:
        wait: int | None = None
        count: int | None = None
        variant = ""
        if event == "joins_list":
            # whoever stood on a list before the run joined it when the need became known
            joined[offer] = int(need.identified) if day == 0 and NEVER < need.identified < 0 else day
            number[offer] = 0
            variant = ACCESS[offers.access[offer]]
        elif event == "contact":
            number[offer] = count = number.get(offer, 0) + 1
            wait = day - joined.pop(offer) if offer in joined else None
            if offers.gate[offer]:
                variant = "gate"
            elif offers.contacts[offer] > 1 or offers.goal_led[offer] > 0.0:
                variant = "course"
        elif event == "gives_up" and offer in joined:
            wait = day - joined.pop(offer)
        left_now = event == "leaves" and day == need.left
        template = SENTENCES.get(f"{event}:{variant}", SENTENCES[event])
        sentence = template.format(
            kind=lower_first(run.config.needs.kinds[run.kinds[need.kind]].title),
            place=run.area.place_name[place] if place >= 0 else "another place",
            offer=offer_title(run, offer),
            number=count,
            wait=f" after a wait of {duration(wait)}" if wait else "",
            after=f" after {duration(wait)}" if wait else "",
            reason=REASONS[LEFT_REASONS[need.reason]] if left_now else "",
        )
        where = run.area.place_name[place] if place >= 0 else None
        what = run.offers[offer] if offer >= 0 else None
        child = int(engine.people.children.id[need.child])
        out.append((child, int(need.key), day, where, what, event, count, wait, sentence))
    return out


def offer_title(run: Run, offer: int) -> str:
    """Title of an offer as its system's file gives it."""
    if offer < 0:
        return ""
    name = run.offers[offer]
    found = offers_by_name(run.config).get(name)
    title = found.title if found is not None and found.title else name.replace("_", " ")
    return title[:1].upper() + title[1:]


def lower_first(title: str) -> str:
    """A title inside a sentence; abbreviations stay as they are."""
    return title if title[1:2].isupper() else title[:1].lower() + title[1:]


def duration(days: int) -> str:
    """A time in the unit in which people would say it: days up to two weeks, then weeks, then years and weeks."""
    if days < 14:
        return f"{days} day" if days == 1 else f"{days} days"
    weeks = days // 7
    if weeks < 104:
        return f"{weeks} weeks"
    years = int(days / DAYS_PER_YEAR)
    weeks = int((days - years * DAYS_PER_YEAR) // 7)
    rest = "" if weeks == 0 else f" {weeks} week" if weeks == 1 else f" {weeks} weeks"
    return f"{years} {'year' if years == 1 else 'years'}{rest}"
