"""One simulated run: what happened, as plain columns and as tables.

The columns are the product's data contract; :mod:`sim.dictionary` says what each of them means.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.area import Area, build_area
from sim.compile import Compiled, compile_config
from sim.config import Config
from sim.engine import Engine
from sim.errors import InputError
from sim.function import DAYS_PER_YEAR, no_service
from sim.jit import compiled
from sim.kernel.handles import handle
from sim.kernel.score import anchor
from sim.kernel.state import C_LOG, EVENTS, GONE, NEVER, WEEKLY_MEASURES, People, Rules
from sim.population import Population, Stream, from_area, from_stream, stream_rate
from sim.system import LEDGER_LINES, OUTCOMES

if TYPE_CHECKING:
    import pandas as pd

LEFT_REASONS = (*OUTCOMES, "not_served", "aged_out", "never_sought", "before_start", "not_left")
__all__ = ["EVENTS", "LEFT_REASONS", "NEVER", "WEEKLY_MEASURES", "Run", "simulate"]


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
    tables: dict[str, dict[str, np.ndarray]]
    population: np.ndarray
    _frames: dict[str, Any] = field(default_factory=dict, repr=False, compare=False)

    def frame(self, table: str) -> pd.DataFrame:
        """A table with names for codes and missing values for days that did not come."""
        if table not in self._frames:
            from sim.frames import frame_of

            self._frames[table] = frame_of(self, table)
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
        """The event log, if it was asked for."""
        return self.frame("events")

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
    engine = Engine(tables, area, populate(config, tables, area, seed))
    engine.run(progress)
    return collect(config, seed, area, tables, engine)


def populate(config: Config, tables: Compiled, area: Area, seed: int) -> Population:
    """Children and needs of a run, in the area's demand mode."""
    demand = config.area.demand
    if demand.mode == "population":
        return from_area(tables.needs, area, seed, tables.end_day)
    return from_stream(tables.needs, area, _stream(config, tables), seed, tables.end_day)


def _stream(config: Config, tables: Compiled) -> Stream:
    from sim.area import BANDS

    demand, mix = config.area.demand, getattr(config.area, "mix", None)
    ages = list(BANDS.values())
    shares = [float(mix.ages.get(b, 0.0)) for b in BANDS] if mix else [0.25] * 4
    kinds = [mix.kinds.get(k, 0.0) if mix else 1.0 for k in tables.kinds]
    quintiles = list(mix.quintiles) if mix else [0.2] * 5
    dated = None
    if demand.csv is not None:
        dated = _dated(demand.csv, tables)
    return Stream(
        stream_rate(
            demand.referrals_per_week or 0.0,
            tuple(demand.month_weights),
            demand.growth_per_year,
            tables.days.first_day,
            tables.end_day,
        ),
        np.cumsum(kinds) / np.sum(kinds),
        np.array([a for a, _ in ages], float),
        np.array([b + 1 for _, b in ages], float),
        np.cumsum(shares) / np.sum(shares),
        np.cumsum(quintiles),
        mix.urgent_share if mix else 0.0,
        dated,
    )


def _dated(path: str, tables: Compiled) -> dict[str, np.ndarray]:
    """The referrals of a file, as days of the run; -1 where the file does not say. Those outside the run are left out.

    Raises:
        InputError: the file cannot be used, or none of its referrals falls into the run.
    """
    from sim.importers.referrals_csv import read_referrals

    frame = read_referrals(path, kinds=tables.kinds)
    first = np.datetime64(tables.days.first_day, "D")
    dates = frame["referral_date"].to_numpy().astype("datetime64[D]")
    day = (dates - first).astype(np.int64)
    within = (day >= 0) & (day < tables.end_day)
    if not within.any():
        raise InputError(
            f"{path}: none of its referrals ({dates[0]} to {dates[-1]}) falls into the run "
            f"({first} to {first + tables.end_day - 1}); set calendar.start, history_years and horizon_years to fit"
        )
    codes = {
        "kind": {name: i for i, name in enumerate(tables.kinds)},
        "priority": {"urgent": 1, "routine": 0},
    }

    def column(name: str, less: float = 0.0) -> np.ndarray:
        if name not in frame:
            return np.full(int(within.sum()), -1.0)
        values = frame[name][within]
        if name in codes:
            values = values.map(codes[name])
        return values.to_numpy(dtype=np.float64, na_value=np.nan) - less

    columns = {
        "kind": column("kind"),
        "age_years": column("age_years"),
        "quintile": column("imd_quintile", 1.0),
        "urgent": column("priority"),
    }
    return {"day": day[within]} | {name: np.nan_to_num(values, nan=-1.0) for name, values in columns.items()}


@compiled
def _finish(
    rules: Rules,
    people: People,
    worsen_points: float,
    end_day: int,
    y_start: np.ndarray,
    y_end: np.ndarray,
    y_none: np.ndarray,
    days: np.ndarray,
    days_none: np.ndarray,
) -> None:
    """Scores at the end, and the same needs with no service at all."""
    for i in range(people.needs.child.shape[0]):
        c = people.needs.child[i]
        last = min(end_day, people.children.out[c])
        first = max(rules.decision_day, people.needs.onset[i])
        if last <= people.needs.onset[i]:
            last = people.needs.onset[i]
        k = people.needs.kind[i]
        if people.needs.phase[i] != GONE or people.needs.y_day[i] < last:
            anchor(rules, people, i, last)
        y_end[i] = people.needs.y[i]
        days[i] = people.needs.score_days[i]
        y_none[i], days_none[i] = no_service(
            people.needs.onset_score[i],
            people.needs.onset[i],
            last,
            rules.decision_day,
            people.needs.worsens[i],
            worsen_points,
            rules.kinds.normal[k],
            people.children.birth[c],
            rules.band_from[k],
            rules.band_drift[k],
            people.needs.deviation[i],
        )
        y_start[i] = no_service(
            people.needs.onset_score[i],
            people.needs.onset[i],
            min(first, last),
            rules.decision_day,
            people.needs.worsens[i],
            worsen_points,
            rules.kinds.normal[k],
            people.children.birth[c],
            rules.band_from[k],
            rules.band_drift[k],
            people.needs.deviation[i],
        )[0]


def collect(config: Config, seed: int, area: Area, tables: Compiled, engine: Engine) -> Run:
    """The run's record, from the engine's arrays."""
    people, books, rules = engine.people, engine.books, engine.rules
    n = len(people.needs.child)
    y_start, y_end, y_none, days, days_none = (np.zeros(n) for _ in range(5))
    with np.errstate(over="ignore"):
        _finish(
            handle(rules),
            handle(people),
            rules.worsen_points,
            rules.end_day,
            y_start,
            y_end,
            y_none,
            days,
            days_none,
        )
    child = people.needs.child
    locality, quintile = people.children.locality[child], people.children.quintile[child]
    names = (tables.kinds, tables.offers, tables.roles)
    columns = {
        "children": {
            "child_id": people.children.id,
            "locality": people.children.locality,
            "imd_quintile": (people.children.quintile + 1).astype(np.int8),
            "birth_day": people.children.birth,
            "navigation": people.children.navigation,
            "place_early": people.children.early,
            "place_primary": people.children.primary,
            "place_secondary": people.children.secondary,
        },
        "needs": {
            "need_id": people.needs.key,
            "child_id": people.children.id[child],
            "child_row": child,
            "kind": people.needs.kind.astype(np.int16),
            "level": _level(y_start, people.needs.kind, rules),
            "onset_day": people.needs.onset,
            "identified_day": people.needs.identified,
            "concern_day": people.needs.concern,
            "referred_day": people.needs.referred,
            "first_contact_day": people.needs.first_contact,
            "first_useful_day": people.needs.first_useful,
            "second_contact_day": people.needs.second_contact,
            "specialist_start_day": people.needs.specialist_start,
            "left_day": people.needs.left,
            "left_reason": people.needs.reason,
            "out_day": people.children.out[child],
            "score_start": y_start,
            "score_end": y_end,
            "score_no_service": y_none,
            "potential": people.needs.potential,
            "score_years": days / DAYS_PER_YEAR,
            "score_years_no_service": days_none / DAYS_PER_YEAR,
            "contacts": people.needs.contacts,
            "minutes": people.needs.minutes,
            "not_brought": people.needs.not_brought.astype(np.int32),
            "system_at_entry": np.zeros(n, np.int8),
            "place": people.needs.place,
            "locality": locality,
            "imd_quintile": (quintile + 1).astype(np.int8),
            "aged_out": people.children.out[child] < rules.end_day,
            "open": people.needs.open > 0,
        },
        "waiting": _waiting(books.waiting, rules, tables),
        "weekly": _long(books.weekly, ("week", "measure", "locality", "imd_quintile", "level"), "value"),
        "ledger": _long(books.ledger, ("week", "locality", "role", "line"), "minutes"),
        "available": _long(books.available, ("week", "locality", "role"), "minutes", zeros=True),
        "offers": _offers(config, books, people, rules),
    }
    columns["weekly"]["imd_quintile"] = (columns["weekly"]["imd_quintile"] + 1).astype(np.int8)
    if rules.log_events:
        m = int(books.counter[C_LOG])
        need = books.log.need[:m]
        columns["events"] = {
            "day": books.log.day[:m],
            "need_id": people.needs.key[need],
            "child_id": people.children.id[child[need]],
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


def _level(y: np.ndarray, kind: np.ndarray, rules: Rules) -> np.ndarray:
    """Level of support called for: 0 universal, 1 targeted, 2 specialist."""
    return ((y < rules.kinds.targeted[kind]).astype(np.int8) + (y < rules.kinds.special[kind])).astype(
        np.int8
    )


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


def _offers(config: Config, books: Any, people: People, rules: Rules) -> dict[str, np.ndarray]:
    """What each offer did in the horizon."""
    from sim.system import LEVELS, STRANDS

    offers = list(config.system.offers.values())
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
