"""A what-if: some systems, some numbers changed; what it runs, and the file that lets the command line run it too.

Numbers are changed within the range that their evidence leaves open, each beside its grade and source. Systems are
simulated as they are and as changed, with the same luck, so what is seen is what the change does.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from sim.errors import InputError

if TYPE_CHECKING:
    from sim.config import Config

CHANGED = ", changed"
MOST_REPLICATIONS = 200


@dataclass(frozen=True)
class Scenario:
    """What somebody asks for.

    Attributes:
        systems: names of files. general: words of the command line (``area``, ``replications``, ``seed``,
        ``horizon_years``). changes: evidence row -> value. dials: dial -> 0 to 1. beside: also as they are.
    """

    systems: tuple[str, ...]
    general: dict[str, str] = field(default_factory=dict)
    changes: dict[str, float] = field(default_factory=dict)
    dials: dict[str, float] = field(default_factory=dict)
    beside: bool = True


@dataclass(frozen=True)
class Field:
    """One number that can be changed: its row, group (evidence file) and everything that is said of it."""

    name: str
    group: str
    value: float
    low: float
    high: float
    unit: str
    grade: str
    source: str
    note: str


def words(scenario: Scenario, changed: bool) -> list[str]:
    """The words after ``opendoor compare`` but for ``system=``."""
    out = [f"{key}={value}" for key, value in scenario.general.items() if value != ""]
    if changed:
        out += [f"evidence.{row}.value={value!r}" for row, value in scenario.changes.items()]
        out += [f"system.dials.{dial}={value!r}" for dial, value in scenario.dials.items()]
    return out


def configs(scenario: Scenario) -> dict[str, Config]:
    """Checked configurations: every system as it is, and as changed if something is.

    Raises:
        InputError: all problems, in the sentences of the command line.
    """
    from experiments.compose import load_config, load_plans

    systems = list(dict.fromkeys(scenario.systems))
    problems = _limits(scenario)
    any_change = bool(scenario.changes or scenario.dials)
    if not systems:
        problems.append("Choose at least one system.")
    elif len(systems) == 1 and not (any_change and scenario.beside):
        problems.append("Nothing to compare: choose a second system, or change a number.")
    if problems:
        raise InputError(problems)

    def load(changed: bool) -> dict[str, Config]:
        typed = words(scenario, changed)
        if len(systems) == 1:
            return {systems[0]: load_config([f"system={systems[0]}", *typed])}
        return load_plans([f"system={','.join(systems)}", *typed])

    if not any_change:
        return load(False)
    after = load(True)
    if not scenario.beside:
        return after
    before = load(False)
    out: dict[str, Config] = {}
    for name in systems:
        out[name] = before[name]
        out[name + CHANGED] = after[name]
    return out


def _limits(scenario: Scenario) -> list[str]:
    problems = []
    for row, value in scenario.changes.items():
        known = every_row().get(row)
        if known is not None and not known.low <= value <= known.high:
            problems.append(
                f"{row.replace('_', ' ')} = {value:g}: its evidence allows {known.low:g} to {known.high:g} {known.unit}."
            )
    for dial, value in scenario.dials.items():
        if not 0.0 <= value <= 1.0:
            problems.append(f"{dial.replace('_', ' ')} = {value:g}: a dial goes from 0 to 1.")
    count = scenario.general.get("replications", "")
    if not count.isdigit() or not 1 <= int(count) <= MOST_REPLICATIONS:
        problems.append(
            f"Replications: {count or 'nothing'} was given; a whole number from 1 to {MOST_REPLICATIONS} is needed here. "
            "For more use opendoor compare."
        )
    return problems


def fields(found: Mapping[str, Config]) -> list[Field]:
    """Numbers that these configurations use and whose evidence leaves a range open, in the order of the files."""
    from experiments.numbers import rows_used

    used = rows_used(found.values())
    return [row for name, row in every_row().items() if name in used and row.low < row.high]


@lru_cache(maxsize=1)
def every_row() -> dict[str, Field]:
    """Every shipped evidence row, by name."""
    from experiments.compose import SHIPPED, load_config
    from experiments.folders import read

    evidence = load_config([]).evidence
    out = {}
    for file in sorted((SHIPPED / "evidence").glob("*.yaml")):
        for name in read(file).content:
            row = evidence.get(name)
            if row is not None and name not in out:
                out[name] = Field(
                    name,
                    file.stem,
                    row.value,
                    row.low,
                    row.high,
                    row.unit,
                    row.grade,
                    row.source,
                    row.note or "",
                )
    return out


def as_yaml(scenario: Scenario, name: str) -> str:
    """A file for the folder ``experiment`` that makes the command line simulate the scenario as changed.

    Raises:
        InputError: a name that cannot be a file's.
    """
    import yaml

    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_]{0,60}", name):
        raise InputError(
            f"Name {name!r}: letters, digits and underscores only, a letter first; for example fewer_vacancies."
        )
    body: dict[str, Any] = {}
    area = scenario.general.get("area")
    if area:
        body["defaults"] = [{"override /area": area}]
    for key in ("replications", "seed", "horizon_years", "history_years"):
        if scenario.general.get(key):
            text = scenario.general[key]
            body[key] = int(text) if text.isdigit() else float(text)
    if scenario.dials:
        body["system"] = {"dials": dict(scenario.dials)}
    if scenario.changes:
        body["evidence"] = {row: {"value": value} for row, value in scenario.changes.items()}
    return (
        "# @package _global_\n"
        f"# {name}: made with the dashboard's What if. Put it into a folder of your own as experiment/{name}.yaml, then:\n"
        f"#   opendoor compare --config-dir FOLDER experiment={name} system={','.join(_two(scenario.systems))}\n"
        + yaml.safe_dump(body, sort_keys=False, allow_unicode=True)
    )


def _two(systems: Sequence[str]) -> Sequence[str]:
    return (
        systems
        if len(systems) > 1
        else [*systems, "no_service" if systems != ("no_service",) else "gatekept"]
    )
