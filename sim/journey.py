"""Twin journeys: what happens to one and the same child under each system or transition plan, side by side.

Runs of one seed have the same children with the same needs and the same luck, so a child can be looked up in each
of them. A journey is what the event log says of the child, in plain sentences with dates, and the child's
functional score from the day each need began: under every plan, and had there been no service at all. Nothing is
worked out again here. While the run goes on, the engine is asked every evening what the score will be next
morning, on a copy of the child's needs, so that the run itself is the same to the last bit.

Children are chosen by rules that are told with the result (:data:`PICKS`), never by hand. They are simulated:
nobody real.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd

from sim.area import build_area
from sim.both import offers_by_name
from sim.compile import compile_config
from sim.config import Config
from sim.engine import Engine
from sim.errors import InputError
from sim.function import DAYS_PER_YEAR, no_service
from sim.kernel.handles import handle
from sim.kernel.score import anchor
from sim.kernel.state import EVENTS, NEVER
from sim.run import LEFT_REASONS, Run, collect, live
from sim.system import LEVELS

if TYPE_CHECKING:
    import simpy

#: Name of the path without any service in the tables.
NO_SERVICE = "no_service"

#: How a representative child is chosen; ``{other}`` is the last plan named, ``{reference}`` the first.
PICKS: dict[str, str] = {
    "median": "the middle one by difference, among children seen under at least one plan",
    "helped_most": "the one with the greatest difference in favour of {other}",
    "harmed_most": "the one with the greatest difference in favour of {reference}",
    "deprived": "the middle one by difference, among children of the most deprived fifth seen under at least one plan",
    "several_needs": "the middle one by difference, among children with two or more needs seen under at least one plan",
}
DIFFERENCE = (
    "Difference: functional score under {other} less that under {reference}, added up over the years counted and "
    "over all needs of the child; ties go to the lower child id."
)

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

Step = Callable[[], None]


class Journeys(NamedTuple):
    """Journeys of some children.

    Attributes:
        children: one row per child: ``child, birth_date, locality, imd_quintile``, and the run's
            ``decision_date`` (the years counted begin) and ``end_date`` (the day after the last).
        events: one row per event: ``child, system, need, date, day, place, offer, event, number, wait_days,
            sentence``. ``number`` counts the contacts in an offer since its list was joined; ``wait_days`` is
            the time on that list, at the first of them and when a family gives up. A need older than the run
            begins on the day it really began, and is noticed on the day somebody noticed it.
        trajectory: ``child, need, system, date, day, score``: points (0-5) at the start of the day, exact on
            every day with an event, on the day after a step down, on the decision day and its anniversaries,
            and once a week. From the day the need began until the last day, or until the child leaves with age.
            The system ``no_service`` is the same need had there been no service.
        needs: one row per need and system: what the need is, its milestones as dates, scores, contacts.
    """

    children: pd.DataFrame
    events: pd.DataFrame
    trajectory: pd.DataFrame
    needs: pd.DataFrame


# ------------------------------------------------------------------------------------- following children


def journeys(
    plans: Sequence[tuple[str, Config]], seed: int, children: Sequence[int], step: Step | None = None
) -> Journeys:
    """The journeys of some children under each plan.

    Args:
        plans: names to show, and checked configurations that differ in their system or transition only.
        seed: of the replication, as given to :func:`sim.run.simulate`.
        children: ids.
        step: called after each run.

    Raises:
        InputError: an id that no child has; plans that do not have the same children.
    """
    parts: list[Journeys] = []
    for name, config in plans:
        parts.append(follow(name, config, seed, children))
        if step is not None:
            step()
    key = ["need", "kind", "onset_date", "score_no_service"]
    for (name, _), part in zip(plans, parts, strict=True):
        if not part.needs[key].equals(parts[0].needs[key]):
            raise InputError(_not_the_same(plans[0][0], name))
    names = list(dict.fromkeys([NO_SERVICE, *(name for name, _ in plans)]))
    trajectory = pd.concat([p.trajectory for p in parts]).drop_duplicates(["need", "system", "day"])
    order = trajectory["system"].map(names.index)
    return Journeys(
        parts[0].children,
        pd.concat([p.events for p in parts], ignore_index=True),
        trajectory.assign(order=order)
        .sort_values(["child", "need", "order", "day"])
        .drop(columns="order")
        .reset_index(drop=True),
        pd.concat([p.needs for p in parts], ignore_index=True),
    )


def follow(name: str, config: Config, seed: int, children: Sequence[int]) -> Journeys:
    """One run, with some children followed from day to day; as :func:`journeys` for a single plan.

    Raises:
        InputError: an id that no child has.
    """
    config = config.model_copy(update={"event_log": True})
    area = build_area(config.area)
    tables = compile_config(config, area, seed)
    wanted = np.unique(np.asarray(children, np.int64))
    followed: list[np.ndarray] = []

    def attend(engine: Engine) -> None:
        ids = engine.people.children.id
        _all_known(wanted, ids, area.name)
        rows = np.flatnonzero(np.isin(ids[engine.people.needs.child], wanted))
        scores = np.full((len(rows), tables.rules.end_day + 1), np.nan)
        engine.env.process(_evenings(engine, rows, scores))
        followed[:] = rows, scores

    engine = live(config, tables, area, seed, attend=attend)
    rows, scores = followed
    run = collect(config, seed, area, tables, engine)
    needs = _needs(name, run, rows)
    events = _events(name, run, engine, rows)
    trajectory = _trajectory(name, run, engine, rows, scores, events)
    table = run.children[run.children["child_id"].isin(wanted)]
    people = pd.DataFrame(
        {
            "child": table["child_id"].to_numpy(),
            "birth_date": dates(run, table["birth_day"].to_numpy()),
            "locality": table["locality"].astype(object).to_numpy(),
            "imd_quintile": table["imd_quintile"].to_numpy(),
            "decision_date": dates(run, np.full(len(table), run.decision_day)),
            "end_date": dates(run, np.full(len(table), run.end_day)),
        }
    )
    return Journeys(people, events, trajectory, needs)


def _all_known(wanted: np.ndarray, ids: np.ndarray, area: str) -> None:
    unknown = [int(child) for child in wanted if child not in ids]
    if unknown:
        nearest = [int(ids[np.argmin(np.abs(ids - child))]) for child in unknown] if len(ids) else []
        hint = f"; the nearest id is {nearest[0]}" if len(nearest) == 1 else ""
        raise InputError(
            [
                f"child={child}: no such child among the {len(ids):,} children with needs in {area}{hint} "
                "(ids depend on area, seed and horizon)"
                for child in unknown
            ]
        )


def _evenings(engine: Engine, rows: np.ndarray, scores: np.ndarray) -> Generator[simpy.Event, Any, None]:
    """Ask every evening for tomorrow's score of each need followed; fills ``scores[need, day]`` from day 1 on.

    The evening, and not the day itself, because by then the week's end has moved the capability of places on.
    """
    people, rules = engine.people, handle(engine.rules)
    copy = people.needs[rows]
    of_copy = handle(people._replace(needs=copy))
    yield engine.env.timeout(0.5)
    while True:
        tomorrow = int(engine.env.now) + 1
        copy[:] = people.needs[rows]
        for i in range(len(rows)):
            scores[i, tomorrow] = anchor(rules, of_copy, i, tomorrow)
        yield engine.env.timeout(1)


def _alone(engine: Engine, need: int, day: int) -> float:
    """Score at the start of a day had there been no service."""
    rules, n = engine.rules, engine.people.needs[need]
    k = int(n.kind)
    return float(
        no_service(
            float(n.onset_score),
            int(n.onset),
            day,
            int(rules.decision_day),
            int(n.worsens),
            float(rules.worsen_points),
            float(rules.kinds.normal[k]),
            int(engine.people.children.birth[n.child]),
            rules.band_from[k],
            rules.band_drift[k],
            float(n.deviation),
        )[0]
    )


def dates(run: Run, days: np.ndarray) -> np.ndarray:
    """Days of a run as dates (datetime64); NaT where the day never came."""
    days = np.asarray(days, np.int64)
    out = np.datetime64(run.first_day, "D") + np.where(days == NEVER, 0, days)
    return np.where(days == NEVER, np.datetime64("NaT"), out).astype("datetime64[s]")


def _trajectory(
    name: str, run: Run, engine: Engine, rows: np.ndarray, scores: np.ndarray, events: pd.DataFrame
) -> pd.DataFrame:
    parts = []
    marks = run.decision_day + np.round(np.arange(200) * DAYS_PER_YEAR).astype(np.int64)
    for i, row in enumerate(rows):
        need = engine.people.needs[row]
        child = engine.people.children[need.child]
        onset, worsens = int(need.onset), int(need.worsens)
        last = max(onset, min(run.end_day, int(child.out)))
        own = events.loc[events["need"] == int(need.key), "day"].to_numpy()
        weekly = np.arange(onset + (-onset) % 7, last + 1, 7)
        days = np.unique(np.concatenate([[onset, last, worsens, worsens + 1], own, weekly, marks]))
        days = days[(days >= onset) & (days <= last)]
        alone = np.array([_alone(engine, row, int(day)) for day in days])
        # services begin on day 0; what lies before is the same in every plan
        with_service = np.where(days > max(0, onset), scores[i, np.maximum(days, 0)], alone)
        for system, values in ((NO_SERVICE, alone), (name, with_service)):
            parts.append(
                pd.DataFrame(
                    {
                        "child": int(child.id),
                        "need": int(need.key),
                        "system": system,
                        "date": dates(run, days),
                        "day": days,
                        "score": values,
                    }
                )
            )
    return pd.concat(parts, ignore_index=True)


# ------------------------------------------------------------------------------------- events in words


def _needs(name: str, run: Run, rows: np.ndarray) -> pd.DataFrame:
    table = {column: values[rows] for column, values in run.tables["needs"].items()}
    titles = [run.config.needs.kinds[run.kinds[k]].title for k in table["kind"]]
    milestones = (
        "onset",
        "identified",
        "concern",
        "referred",
        "first_contact",
        "first_useful",
        "second_contact",
        "specialist_start",
        "left",
    )
    return pd.DataFrame(
        {
            "child": table["child_id"],
            "need": table["need_id"],
            "system": name,
            "kind": [run.kinds[k] for k in table["kind"]],
            "title": titles,
            "level": [LEVELS[level] for level in table["level"]],
            **{f"{m}_date": dates(run, table[f"{m}_day"]) for m in milestones},
            "left_reason": [LEFT_REASONS[reason] for reason in table["left_reason"]],
            **{
                column: table[column]
                for column in (
                    "open",
                    "score_start",
                    "score_end",
                    "score_no_service",
                    "score_years",
                    "score_years_no_service",
                    "contacts",
                    "minutes",
                    "not_brought",
                )
            },
        }
    )


def _events(name: str, run: Run, engine: Engine, rows: np.ndarray) -> pd.DataFrame:
    log = run.tables["events"]
    told: list[tuple[Any, ...]] = []
    position: list[int] = []
    for row in rows:
        need = engine.people.needs[row]
        at = np.flatnonzero(log["need_id"] == need.key)
        lines = [
            (int(log["day"][i]), int(log["place"][i]), int(log["offer"][i]), EVENTS[log["event"][i]])
            for i in at
        ]
        own = _told(run, engine, need, _older_than_the_run(need, lines))
        told += own
        # a line more than the log has: the need began before it was noticed
        position += [*[-1] * (len(own) - len(at)), *at.tolist()]
    frame = pd.DataFrame(told, columns=pd.Index(_EVENT_COLUMNS)).assign(position=position)
    frame = frame.sort_values(["child", "day", "position"], kind="stable", ignore_index=True)
    frame = frame.drop(columns="position").astype({"number": "Int64", "wait_days": "Int64"})
    frame.insert(1, "system", name)
    frame.insert(3, "date", dates(run, frame["day"].to_numpy(np.int64)))
    return frame


_EVENT_COLUMNS = ("child", "need", "day", "place", "offer", "event", "number", "wait_days", "sentence")


def _older_than_the_run(need: Any, lines: list[tuple[int, int, int, str]]) -> list[tuple[int, int, int, str]]:
    """A need that was there before day 0: the log has it begin when it became known, if it did."""
    if need.onset >= 0 or not lines or lines[0][3] != "need_begins":
        return lines
    place = lines[0][1]
    before = [(int(need.onset), place, -1, "need_begins")]
    if any(event == "noticed" for *_, event in lines) or not NEVER < need.identified < 0:
        return [*before, *lines[1:]]
    return [*before, (int(need.identified), place, -1, "noticed"), *lines[1:]]


def _told(
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


# ------------------------------------------------------------------------------------- choosing children


def compare_children(runs: Mapping[str, Run]) -> pd.DataFrame:
    """How each child fares under the last plan against the first (against no service if there is only one).

    Returns:
        One row per child with a need in the years counted, by id: ``child, age_years`` (on the decision day,
        negative before birth), ``locality, imd_quintile, needs`` (how many), ``kinds`` and ``levels`` (comma
        lists, in the order of the needs), ``seen`` (a contact under at least one plan) and ``difference``
        (point-years).

    Raises:
        InputError: runs that do not have the same children.
    """
    names = list(runs)
    first = runs[names[0]]
    tables = [run.tables["needs"] for run in runs.values()]
    for name, table in zip(names, tables, strict=True):
        for column in ("need_id", "onset_day", "out_day", "score_no_service"):
            if not np.array_equal(table[column], tables[0][column]):
                raise InputError(_not_the_same(names[0], name))
    table, other = tables[0], tables[-1]
    before = table["score_years"] if len(names) > 1 else table["score_years_no_service"]
    seen = np.logical_or.reduce([t["contacts"] > 0 for t in tables])
    counted = (table["out_day"] > first.decision_day) & (table["onset_day"] < first.end_day)
    needs = pd.DataFrame(
        {
            "child": table["child_id"],
            "kind": np.array(first.kinds, object)[table["kind"]],
            "level": np.array(LEVELS, object)[table["level"]],
            "seen": seen,
            "difference": other["score_years"] - before,
        }
    )[counted]
    grouped = needs.groupby("child")
    found = pd.DataFrame(
        {
            "needs": grouped.size(),
            "kinds": grouped["kind"].agg(",".join),
            "levels": grouped["level"].agg(",".join),
            "seen": grouped["seen"].any(),
            "difference": grouped["difference"].sum(),
        }
    )
    children = first.children.set_index("child_id")
    about = pd.DataFrame(
        {
            "age_years": (first.decision_day - children["birth_day"]) / DAYS_PER_YEAR,
            "locality": children["locality"].astype(object),
            "imd_quintile": children["imd_quintile"],
        }
    )
    return (
        found.join(about)
        .rename_axis("child")
        .reset_index()
        .sort_values("child", ignore_index=True)[
            [
                "child",
                "age_years",
                "locality",
                "imd_quintile",
                "needs",
                "kinds",
                "levels",
                "seen",
                "difference",
            ]
        ]
    )


def narrow(
    children: pd.DataFrame,
    kind: str | None = None,
    level: str | None = None,
    quintile: int | None = None,
    locality: str | None = None,
    age: int | None = None,
    needs_at_least: int | None = None,
) -> pd.DataFrame:
    """The children of :func:`compare_children` to whom everything given applies.

    With both ``kind`` and ``level`` one and the same need has both. ``age``: in whole years on the decision day.
    """
    keep = np.ones(len(children), bool)
    if kind is not None or level is not None:
        pairs = zip(children["kinds"].str.split(","), children["levels"].str.split(","), strict=True)
        keep &= np.array(
            [
                any(kind in (None, k) and level in (None, lev) for k, lev in zip(kinds, levels, strict=True))
                for kinds, levels in pairs
            ],
            bool,
        )
    if quintile is not None:
        keep &= (children["imd_quintile"] == quintile).to_numpy()
    if locality is not None:
        keep &= (children["locality"] == locality).to_numpy()
    if age is not None:
        keep &= (np.floor(children["age_years"]) == age).to_numpy()
    if needs_at_least is not None:
        keep &= (children["needs"] >= needs_at_least).to_numpy()
    return children[keep].reset_index(drop=True)


def representative(children: pd.DataFrame, pick: str) -> int:
    """Id of the child that a rule of :data:`PICKS` chooses among the rows of :func:`compare_children`.

    Raises:
        InputError: no such rule, or nobody to whom it applies.
    """
    if pick not in PICKS:
        raise InputError(f"pick={pick}: no such rule; one of {', '.join(PICKS)}")
    ranked = children.sort_values(["difference", "child"])
    if pick == "helped_most":
        ranked = children[children["difference"] > 0].sort_values(
            ["difference", "child"], ascending=[False, True]
        )
    elif pick == "harmed_most":
        ranked = ranked[ranked["difference"] < 0]
    else:
        ranked = ranked[ranked["seen"]]
        if pick == "deprived":
            ranked = ranked[ranked["imd_quintile"] == 1]
        elif pick == "several_needs":
            ranked = ranked[ranked["needs"] >= 2]
        ranked = ranked.iloc[(len(ranked) - 1) // 2 :] if len(ranked) else ranked
    if ranked.empty:
        raise InputError(f"pick={pick}: the rule applies to none of these {len(children):,} children")
    return int(ranked["child"].iloc[0])


def _not_the_same(first: str, other: str) -> str:
    return (
        f"{other}: does not have the same children as {first}; journeys compare plans that differ in system "
        "or transition only, not in area, needs, calendar or years"
    )
