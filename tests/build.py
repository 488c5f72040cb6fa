"""Small configurations for tests, and runs of them with the engine's arrays at hand."""

from __future__ import annotations

import copy
import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from configurations import composed
from pydantic import ValidationError

from sim.area import Area
from sim.area_building import build_area
from sim.area_config import AreaConfig
from sim.checking import check
from sim.compile import Compiled, compile_config
from sim.config import Config
from sim.engine import Engine
from sim.errors import InputError
from sim.population import Population
from sim.run import Run, collect, populate
from sim.schema_words import sentences

HERE = Path(__file__).resolve().parent

#: What each shipped system runs on in these tests: the plain list has an area and a calendar of its own.
SHIPPED: dict[str, tuple[str, ...]] = {
    "no_service": ("system=no_service", "area=example_small"),
    "gatekept": ("system=gatekept", "area=example_small"),
    "balanced": ("system=balanced", "area=example_small"),
    "blend": ("system=blend", "area=example_small"),
    "single_list": (
        "system=single_list",
        "area=referral_stream",
        "needs=plain",
        "workforce=one_team",
        "calendar=every_day",
    ),
}


def parse_area(fields: Mapping[str, Any]) -> AreaConfig:
    """The ``area`` part of a configuration, checked as a part of a whole one.

    Raises:
        InputError: with all problems of it.
    """
    whole = {**make_config().model_dump(mode="json"), "area": dict(fields)}
    try:
        return Config.model_validate(whole).area
    except ValidationError as error:
        raise InputError(sentences(error)) from None


def make_config(
    system: str = "gatekept",
    changes: Mapping[str, Any] | None = None,
    evidence: Mapping[str, float] | None = None,
    area: str | None = None,
) -> Config:
    """A checked configuration of a shipped system: half a year of history, one year of horizon.

    Args:
        system: a key of ``SHIPPED``.
        changes: dotted key -> value, put in place of what the shipped files say (or added).
        evidence: row -> value. The row's range is widened to hold it.
        area: another shipped area than the system's own in ``SHIPPED``.

    Raises:
        InputError: the configuration is not one that a user could run.
    """
    overrides = SHIPPED[system]
    if area is not None:
        overrides = tuple(f"area={area}" if o.startswith("area=") else o for o in overrides)
    raw = copy.deepcopy(composed(overrides))
    raw |= {"history_years": 0.5, "horizon_years": 1.0}
    for key, value in (changes or {}).items():
        *path, last = key.split(".")
        at = raw
        for part in path:
            at = at.setdefault(part, {})
        at[last] = copy.deepcopy(value)
    for name, value in (evidence or {}).items():
        row = raw["evidence"][name]
        row |= {"value": value, "low": min(row["low"], value), "high": max(row["high"], value)}
    return check(raw)


@dataclass(frozen=True)
class Record:
    """A finished run, with the engine's arrays and what was seen at the end of each day."""

    config: Config
    area: Area
    tables: Compiled
    population: Population  # as it was before day 0
    engine: Engine
    run: Run
    lengths: np.ndarray  # (n_days, n_lists) length of every list at the end of each day


def record(
    config: Config, seed: int = 1, inspect: Callable[[Engine, int], None] | None = None, every: int = 7
) -> Record:
    """Run, and look on.

    ``inspect(engine, day)`` is called at the end of every ``every``-th day, and of the last.
    """
    area = build_area(config.area)
    tables = compile_config(config, area, seed)
    population = populate(config, tables, area, seed)
    before = copy.deepcopy(population)
    engine = Engine(tables, area, population)
    lengths = np.zeros((tables.end_day, tables.n_lists), np.int64)

    def look_on():
        yield engine.env.timeout(0.5)  # after everything that happens on the day
        while True:
            day = int(engine.env.now)
            lengths[day] = engine.books.lists.length
            if inspect is not None and (day % every == 0 or day == tables.end_day - 1):
                inspect(engine, day)
            yield engine.env.timeout(1)

    engine.env.process(look_on())
    engine.run()
    return Record(config, area, tables, before, engine, collect(config, seed, area, tables, engine), lengths)


def fingerprints(run: Run) -> dict[str, str]:
    """Digest of every column of every table: equal digests are equal bits."""
    return {
        f"{table}.{name}": hashlib.blake2b(
            str(values.dtype).encode() + np.ascontiguousarray(values).tobytes(), digest_size=16
        ).hexdigest()
        for table, columns in run.tables.items()
        for name, values in columns.items()
    }


def plan_to(system: str, name: str = "big_bang", **plan: Any) -> dict[str, Any]:
    """A shipped plan of change to a shipped system, as a change for ``make_config``; it begins on the decision day unless
    told otherwise."""
    overrides = [f"transition={name}", f"system@transition.to={system}"]
    shipped = copy.deepcopy(composed(tuple(overrides))["transition"])
    return {"transition": {**shipped, "start_week": 0.0, **plan}}


#: All costs of change and of running two systems at zero.
FREE: dict[str, Any] = {"training_hours": 0.0, "closed_weeks": 0.0, "dip": 0.0}
FREE_SIDE_BY_SIDE: dict[str, Any] = {
    **FREE,
    "switching_minutes": 0.0,
    "coordination_minutes": 0.0,
    "both_doors": 0.0,
    "habit": 0.0,
    "pooled": 1.0,
}


def in_plain_python(code: str) -> Any:
    """What ``code`` leaves in ``out``, run by a process of its own in which nothing is compiled."""
    before = f"""
import json, sys
sys.path.insert(0, {str(HERE)!r})
from build import look_up_fields_once
from sim.jit import COMPILED
assert not COMPILED
look_up_fields_once()
"""
    done = subprocess.run(
        [sys.executable, "-c", f"{before}{code}\nprint(json.dumps(out))"],
        env={**os.environ, "NUMBA_DISABLE_JIT": "1"},
        cwd=HERE.parent,
        capture_output=True,
        text=True,
        timeout=400,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def look_up_fields_once() -> None:
    """For a process that runs the model as plain Python: numpy takes 20 µs to find a field of records, each time."""
    read, write = np.recarray.__getattribute__, np.recarray.__setattr__

    def look_up(self: np.recarray, name: str) -> Any:
        field = self.__dict__[name] = read(self, name)  # a view, so it stays true
        return field

    def put(self: np.recarray, name: str, value: Any) -> None:
        self.__dict__.pop(name, None)
        write(self, name, value)

    del np.recarray.__getattribute__  # what is kept is found without it
    np.recarray.__getattr__, np.recarray.__setattr__ = look_up, put
