"""One simulated run: what happened, as plain columns and as tables.

The columns are the product's data contract; :mod:`sim.dictionary` says what each of them means.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.area import Area
from sim.area_building import build_area
from sim.columns import Columns
from sim.compile import Compiled, compile_config
from sim.config import Config
from sim.engine import Engine
from sim.function import DAYS_PER_YEAR
from sim.gains import Gains
from sim.kernel.basics import OutOfTickets
from sim.kernel.handles import handle
from sim.kernel.score import final_scores
from sim.kernel.state import C_LOG, People, Rules
from sim.population import Population, from_area, from_stream
from sim.stream import stream_of
from sim.system import LEDGER_LINES

if TYPE_CHECKING:
    import pandas as pd

RESERVES = (1 / 32, 0.5, 8.0)


@dataclass(frozen=True)
class Run:
    """What one simulation gave. ``tables`` holds plain columns with codes; the frames hold names."""

    config: Config
    seed: int
    area: Area
    first_day: dt.date
    decision_day: int
    end_day: int
    kinds: tuple[str, ...]
    offers: tuple[str, ...]
    roles: tuple[str, ...]
    localities: tuple[str, ...]
    lines: tuple[str, ...]
    tables: dict[str, Mapping[str, np.ndarray]]
    population: np.ndarray
    _frames: dict[str, Any] = field(default_factory=dict, repr=False, compare=False)

    def frame(self, table: str) -> pd.DataFrame:
        """A table with names for codes and missing values for days that did not come.

        Raises:
            KeyError: no such table (``events`` exists only when the event log was asked for).
        """
        if table not in self._frames:
            from sim.frames import frame_of

            names = {
                "place": self.area.place_name,
                "kind": self.kinds,
                "offer": self.offers,
                "role": self.roles,
                "locality": self.localities,
                "line": self.lines,
            }
            self._frames[table] = frame_of(table, self.tables[table], names)
        return self._frames[table]

    @property
    def children(self) -> pd.DataFrame:
        """Children with at least one need."""
        return self.frame("children")

    @property
    def needs(self) -> pd.DataFrame:
        """One row per need."""
        return self.frame("needs")

    @property
    def waiting(self) -> pd.DataFrame:
        """Lists at the end of each week."""
        return self.frame("waiting")

    @property
    def weekly(self) -> pd.DataFrame:
        """Counts by week."""
        return self.frame("weekly")

    @property
    def ledger(self) -> pd.DataFrame:
        """Staff minutes by week, role and line."""
        return self.frame("ledger")

    @property
    def events(self) -> pd.DataFrame:
        """Every single event, if they were asked for."""
        return self.frame("events")

    def event_log(self) -> pd.DataFrame:
        """The events as process-mining and animation tools read them: case, activity, time stamp, resource.

        Raises:
            KeyError: the events were not asked for (``event_log=true``).
        """
        from sim.event_log import event_log

        return event_log(self.events, self.needs, self.first_day)

    @cached_property
    def _summary(self) -> dict[str, float]:
        from sim.measures import summary

        return summary(self)

    def summary(self) -> dict[str, float]:
        """Named headline measures of the run."""
        return dict(self._summary)


def simulate(config: Config, seed: int, progress: Any = None) -> Run:
    """Simulate one run.

    Args:
        config: a checked configuration.
        seed: replication seed; the same seed gives the same children, needs and luck in every system.
        progress: called with (days done, days in all) at each week's end.

    Raises:
        InputError: an area that cannot be built, or a file of referrals that cannot be used.
    """
    area = build_area(config.area)
    tables = compile_config(config, area, seed)
    gains = Gains(config.gains_every_weeks) if config.gains_every_weeks else None
    engine = live(config, tables, area, seed, progress, gains.attend if gains else None)
    engine.let_go()
    run = collect(config, seed, area, tables, engine)
    if gains is not None:
        run.tables["gains"] = gains.columns()
    engine.__dict__.clear()  # its processes refer to it: the arrays should not wait for the garbage collector
    return run


def live(
    config: Config,
    tables: Compiled,
    area: Area,
    seed: int,
    progress: Any = None,
    attend: Callable[[Engine], None] | None = None,
) -> Engine:
    """The engine of a run that has gone through all its days, begun again with a larger reserve if it must.

    ``attend(engine)`` is called before the first day, each time that the run begins.
    """
    for reserve in RESERVES:
        engine = Engine(tables, area, populate(config, tables, area, seed), reserve)
        if attend is not None:
            attend(engine)
        try:
            engine.run(progress)
        except OutOfTickets:
            if reserve == RESERVES[-1]:
                raise
        else:
            break
    return engine


def populate(config: Config, tables: Compiled, area: Area, seed: int) -> Population:
    """Children and needs of a run, in the area's demand mode."""
    demand = config.area.demand
    if demand.mode == "population":
        return from_area(tables.needs, area, seed, tables.end_day)
    stream = stream_of(config.area, tables.kinds, tables.days.first_day, tables.decision_day, tables.end_day)
    return from_stream(tables.needs, area, stream, seed, tables.end_day)


def collect(config: Config, seed: int, area: Area, tables: Compiled, engine: Engine) -> Run:
    """The run's record, from the engine's arrays."""
    people, books, rules = engine.people, engine.books, engine.rules
    names = (tables.kinds, tables.offers, tables.roles)
    columns: dict[str, Mapping[str, np.ndarray]] = {
        "children": _children(people, rules.decision_day),
        "needs": _needs(people, rules, tables),
        "waiting": _waiting(books.waiting, rules, tables),
        "weekly": _weekly(books.weekly),
        "ledger": _long(books.ledger, ("week", "locality", "role", "line"), "minutes"),
        "available": {
            **_long(books.available, ("week", "locality", "role"), "minutes", zeros=True),
            "brought_in": rules.extra_minutes.ravel(),
        },
        "offers": _offers(tables, books, people, rules),
    }
    if engine.pilot is not None:
        columns["pilot"] = engine.pilot.columns()
    if rules.log_events:
        m = int(books.counter[C_LOG])
        need = books.log.need[:m]
        columns["events"] = {
            "day": books.log.day[:m],
            "need_id": people.needs.key[need],
            "child_id": people.children.id[people.needs.child[need]].astype(np.int64),
            "place": books.log.place[:m],
            "offer": books.log.offer[:m],
            "event": books.log.event[:m],
        }
    return Run(
        config,
        seed,
        area,
        tables.days.first_day,
        rules.decision_day,
        rules.end_day,
        *names,
        area.localities,
        LEDGER_LINES,
        columns,
        area.children[:, :18, :].sum(axis=1),
    )


def _children(people: People, decision_day: int) -> Columns:
    """Columns of the children."""
    c = people.children

    def there() -> np.ndarray:
        school = np.where(decision_day >= c.to_secondary, c.secondary, c.primary)
        return np.where(decision_day >= c.to_school, school, c.early).astype(np.int32)

    return Columns(
        {
            "child_id": lambda: c.id.astype(np.int64),
            "family_id": lambda: c.family.astype(np.int64),
            "locality": lambda: c.locality.astype(np.int32),
            "imd_quintile": lambda: (c.quintile + 1).astype(np.int8),
            "birth_day": lambda: c.birth.astype(np.int32),
            "age_at_start": lambda: -c.birth / DAYS_PER_YEAR,
            "navigation": c.navigation,
            "place_early": c.early,
            "place_primary": c.primary,
            "place_secondary": c.secondary,
            "place_at_decision": there,
        }
    )


def _needs(people: People, rules: Rules, tables: Compiled) -> Columns:
    """Columns of the needs, scores at the end of the run included."""
    c, t = people.children, people.needs
    n = len(t)
    level = np.zeros(n, np.int8)
    y_start, y_none, days_none = np.zeros(n), np.zeros(n), np.zeros(n)
    with np.errstate(over="ignore"):
        final_scores(handle(rules), handle(people), level, y_start, y_none, days_none)

    def day(name: str) -> Callable[[], np.ndarray]:
        return lambda: t[name].astype(np.int32)

    return Columns(
        {
            "need_id": t.key,
            "child_id": lambda: c.id[t.child].astype(np.int64),
            "child_row": t.child,
            "kind": lambda: t.kind.astype(np.int16),
            "level": level,
            "onset_day": day("onset"),
            "identified_day": day("identified"),
            "concern_day": day("concern"),
            "referred_day": day("referred"),
            "first_contact_day": day("first_contact"),
            "first_useful_day": day("first_useful"),
            "second_contact_day": day("second_contact"),
            "specialist_start_day": day("specialist_start"),
            "left_day": day("left"),
            "left_reason": t.reason,
            "out_day": lambda: c.out[t.child].astype(np.int32),
            "score_start": y_start,
            "score_end": t.y,
            "score_no_service": y_none,
            "potential": t.potential,
            "score_years": lambda: t.score_days / DAYS_PER_YEAR,
            "score_years_no_service": lambda: days_none / DAYS_PER_YEAR,
            "contacts": lambda: t.contacts.astype(np.int32),
            "minutes": t.minutes,
            "not_brought": lambda: t.not_brought.astype(np.int32),
            "duplicate_contacts": lambda: t.duplicates.astype(np.int32),
            "outcomes": lambda: _outcomes(t.seen_by, tables),
            "system_at_entry": t.system,
            "place": t.place,
            "locality": lambda: c.locality[t.child].astype(np.int32),
            "imd_quintile": lambda: (c.quintile[t.child] + 1).astype(np.int8),
            "aged_out": lambda: c.out[t.child] < rules.end_day,
            "open": lambda: t.open > 0,
        }
    )


def _weekly(values: np.ndarray) -> dict[str, np.ndarray]:
    """Counts by week, with quintiles from 1."""
    out = _long(values, ("week", "measure", "locality", "imd_quintile", "level"), "value")
    return {**out, "imd_quintile": (out["imd_quintile"] + 1).astype(np.int8)}


def _long(
    values: np.ndarray, names: tuple[str, ...], value: str, zeros: bool = False
) -> dict[str, np.ndarray]:
    """A block of counts as long columns; rows of zero are left out unless wanted."""
    at = np.indices(values.shape).reshape(values.ndim, -1) if zeros else np.array(np.nonzero(values))
    out = {
        name: at[i].astype(np.int32 if name in ("week", "locality") else np.int16)
        for i, name in enumerate(names)
    }
    return {**out, value: values[tuple(at)]}


def _waiting(waiting: np.ndarray, rules: Rules, tables: Compiled) -> dict[str, np.ndarray]:
    """Every list at every week's end; a list for the whole area has locality -1."""
    weeks, offers, teams, _ = waiting.shape
    week, offer, team = (a.ravel() for a in np.indices((weeks, offers, teams)))
    keep = (
        (rules.offers.access[offer] != 3) & (~rules.offers.pooled[offer] | (team == 0))
        if offers
        else np.zeros(0, bool)
    )
    week, offer, team = week[keep], offer[keep], team[keep]
    rows = waiting[week, offer, team]
    names = ("size", "w0_1", "w1_2", "w2_4", "w4_12", "w12_18", "w18_52", "w52_plus")
    return {
        "week": week.astype(np.int32),
        "offer": offer.astype(np.int16),
        "locality": np.where(rules.offers.pooled[offer], -1, team).astype(np.int32)
        if offers
        else team.astype(np.int32),
        **{name: rows[:, i] for i, name in enumerate(names)},
    }


def _outcomes(seen_by: np.ndarray, tables: Compiled) -> np.ndarray:
    """Which of the fifteen outcomes reached each need, as bits, from the offers that did; shape (n_needs,)."""
    from sim.system import LEVELS, STRANDS

    out = np.zeros(len(seen_by), np.int16)
    offers_of: dict[int, int] = {}
    for i, offer in enumerate(tables.definitions):
        cell = STRANDS.index(offer.strand) * len(LEVELS) + LEVELS.index(offer.level)
        offers_of[cell] = offers_of.get(cell, 0) | (1 << i)
    for cell, offers in offers_of.items():
        out |= np.where(seen_by & offers, np.int16(1 << cell), np.int16(0))
    return out


def _offers(tables: Compiled, books: Any, people: People, rules: Rules) -> dict[str, np.ndarray]:
    """What each offer did in the horizon."""
    from sim.system import LEVELS, STRANDS

    offers = tables.definitions
    n = len(offers)
    reached = np.array([np.count_nonzero(people.needs.seen_by & (1 << i)) for i in range(n)], np.int64)
    return {
        "offer": np.arange(n, dtype=np.int16),
        "strand": np.array([STRANDS.index(o.strand) for o in offers], np.int8),
        "level": np.array([LEVELS.index(o.level) for o in offers], np.int8),
        "minutes": books.tallies.minutes.copy(),
        "contacts": books.tallies.contacts.copy(),
        "needs_reached": reached,
    }
