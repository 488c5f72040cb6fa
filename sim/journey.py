"""Twin journeys: what happens to one and the same child under each system or transition plan, side by side.

Runs of one seed have the same children with the same needs and the same luck, so a child can be looked up in each
of them. A journey is what the event log says of the child, in plain sentences with dates, and the child's
functional score from the day each need began: under every plan, and had there been no service at all. Nothing is
worked out again here. While the run goes on, the engine is asked every evening what the score will be next
morning, on a copy of the child's needs, so that the run itself is the same to the last bit.

The children are simulated: nobody real. Which of them is told of is decided in :mod:`sim.journey_choice`, and in which
words in :mod:`sim.journey_words`.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd

from sim.area_building import build_area
from sim.compile import compile_config
from sim.config import Config
from sim.dictionary import LEFT_REASONS
from sim.engine import Engine
from sim.errors import InputError
from sim.function import no_service
from sim.journey_choice import not_the_same
from sim.journey_rules import NO_SERVICE
from sim.journey_words import EVENT_COLUMNS, older_than_the_run, told_events
from sim.kernel.handles import handle
from sim.kernel.score import anchor
from sim.kernel.state import EVENTS, NEVER
from sim.quantity import DAYS_PER_YEAR
from sim.run import Run, collect, live
from sim.system import LEVELS

if TYPE_CHECKING:
    import simpy

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
            raise InputError(not_the_same(plans[0][0], name))
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


# ------------------------------------------------------------------------------------- tables


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
        own = told_events(run, engine, need, older_than_the_run(need, lines))
        told += own
        # a line more than the log has: the need began before it was noticed
        position += [*[-1] * (len(own) - len(at)), *at.tolist()]
    frame = pd.DataFrame(told, columns=pd.Index(EVENT_COLUMNS)).assign(position=position)
    frame = frame.sort_values(["child", "day", "position"], kind="stable", ignore_index=True)
    frame = frame.drop(columns="position").astype({"number": "Int64", "wait_days": "Int64"})
    frame.insert(1, "system", name)
    frame.insert(3, "date", dates(run, frame["day"].to_numpy(np.int64)))
    return frame
