"""A what-if: some systems, some numbers changed; what it runs, and the file that lets the command line run it too.

Numbers are changed within the range that their evidence leaves open, each beside its grade and source. Systems are
simulated as they are and as changed, with the same luck, so what is seen is what the change does.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from sim.errors import InputError

if TYPE_CHECKING:
    from sim.config import Config

CHANGED = ", changed"
STAY = "none"
MOST_REPLICATIONS = 200


@dataclass(frozen=True)
class Scenario:
    """What somebody asks for.

    Attributes:
        systems: names of files; with ways to change the first is what there is and the second what is changed to.
        general: words of the command line (``area``, ``replications``, ``seed``, ``horizon_years``, ``conditions``,
        ``erosion``). changes: evidence row -> value. dials: dial -> 0 to 1, with ways to change of the new system.
        beside: also as they are (systems only). ways: names of ways to change; staying put is added.
        levels: condition -> 0 to 1, in place of the preset's. choices: key of a plan -> number or word; each goes to
        the ways that have it.
    """

    systems: tuple[str, ...]
    general: dict[str, str] = field(default_factory=dict)
    changes: dict[str, float] = field(default_factory=dict)
    dials: dict[str, float] = field(default_factory=dict)
    beside: bool = True
    ways: tuple[str, ...] = ()
    levels: dict[str, float] = field(default_factory=dict)
    choices: dict[str, float | str] = field(default_factory=dict)

    @property
    def changing(self) -> tuple[str, ...]:
        """Ways to change without staying put."""
        return tuple(dict.fromkeys(way for way in self.ways if way != STAY))


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


@dataclass(frozen=True)
class Choice:
    """A number of a plan that somebody decides: which ways have it, what the form allows, what it means."""

    ways: tuple[str, ...]
    low: float
    high: float
    unit: str
    words: str


_EVERY_WAY = ("big_bang", "phased", "parallel", "pilot")
#: What a plan decides, and the range that the form allows; the command line allows more.
CHOICES: dict[str, Choice] = {
    "start_week": Choice(_EVERY_WAY, 0, 104, "weeks", "when the change begins, after the decision day"),
    "groups": Choice(("phased",), 2, 20, "groups", "of places, one after the other"),
    "ramp_weeks": Choice(("parallel",), 0, 104, "weeks", "until the new system has its share of the minutes"),
    "end_week": Choice(
        ("parallel",), 4, 520, "weeks", "until the new system is alone; empty: side by side for good"
    ),
    "share": Choice(("pilot",), 0.05, 0.95, "share", "of the children, whose places take part in the pilot"),
    "weeks": Choice(("pilot",), 4, 104, "weeks", "from the start of the pilot to its decision"),
    "threshold": Choice(
        ("pilot",),
        0.5,
        3,
        "multiplier",
        "growth in pilot places against elsewhere, from which it is gone on with",
    ),
    "roll_out_weeks": Choice(("pilot",), 0, 104, "weeks", "from the decision until the other places follow"),
}
WAITING = "waiting"


def words(scenario: Scenario, changed: bool) -> list[str]:
    """Words of the command line that hold for all plans."""
    out = [f"{key}={value}" for key, value in scenario.general.items() if value != ""]
    out += [f"conditions.{name}={value!r}" for name, value in scenario.levels.items()]
    return out + (_changes(scenario, "system") if changed else [])


def _changes(scenario: Scenario, system: str) -> list[str]:
    out = [f"evidence.{row}.value={value!r}" for row, value in scenario.changes.items()]
    if not scenario.changing:
        out += [f"{system}.dials.{dial}={value!r}" for dial, value in scenario.dials.items()]
    return out


def plans(scenario: Scenario) -> dict[str, list[str]]:
    """Words of each plan beyond those of all: the systems as changed, or staying put and each way to change."""
    if not scenario.changing:
        return {name: [f"system={name}"] for name in dict.fromkeys(scenario.systems)}
    before, after = scenario.systems
    out = {STAY: [f"system={before}", f"transition={STAY}"]}
    for way in scenario.changing:
        own = [f"system={before}", f"transition={way}", f"system@transition.to={after}"]
        own += [f"transition.to.dials.{dial}={value!r}" for dial, value in scenario.dials.items()]
        own += [
            f"transition.{key}={value if isinstance(value, str) else format(value, 'g')}"
            for key, value in scenario.choices.items()
            if key == WAITING or way in CHOICES[key].ways
        ]
        out[way] = own
    return out


def configs(scenario: Scenario) -> dict[str, Config]:
    """Checked configurations: every system as it is, and as changed if something is; or every way to change.

    Raises:
        InputError: all problems, in the sentences of the command line.
    """
    from experiments.composing.compose import load_named

    systems = list(dict.fromkeys(scenario.systems))
    problems = _limits(scenario)
    any_change = bool(scenario.changes or scenario.dials)
    if scenario.changing and len(systems) != 2:
        problems.append(
            "A change goes from one system to another: choose two systems, first the one there is, then the one to "
            f"change to; found {', '.join(systems) or 'none'}."
        )
    elif not systems:
        problems.append("Choose at least one system.")
    elif len(systems) == 1 and not (any_change and scenario.beside):
        problems.append("Nothing to compare: choose a second system, or change a number.")
    if problems:
        raise InputError(problems)
    after = load_named(plans(scenario), words(scenario, True))
    if scenario.changing or not (any_change and scenario.beside):
        return after
    before = load_named(plans(scenario), words(scenario, False))
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
    for name, value in scenario.levels.items():
        if not 0.0 <= value <= 1.0:
            problems.append(
                f"{name.replace('_', ' ')} = {value:g}: a condition goes from 0 (absent) to 1 (in place)."
            )
    if (scenario.levels or scenario.choices) and not scenario.changing:
        problems.append(
            "Conditions and choices of a plan act on a change only: choose a way to change, or leave these fields empty: "
            f"{', '.join([*scenario.levels, *scenario.choices])}."
        )
    for key, found in scenario.choices.items() if scenario.changing else ():
        choice = CHOICES.get(key)
        if choice is None or isinstance(found, str):
            continue
        if not set(choice.ways) & set(scenario.changing):
            problems.append(
                f"{key.replace('_', ' ')}: only {', '.join(choice.ways)} has it; choose that way to change."
            )
        if not choice.low <= found <= choice.high:
            problems.append(
                f"{key.replace('_', ' ')} = {found:g}: allowed here is {choice.low:g} to {choice.high:g} {choice.unit}."
            )
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
    from experiments.composing.compose import SHIPPED, load_config
    from experiments.composing.folders import read

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
    found = configs(scenario)
    groups = [key for key in ("area", "conditions", "erosion") if scenario.general.get(key)]
    body: dict[str, Any] = {}
    if groups:
        body["defaults"] = [{f"override /{key}": scenario.general[key]} for key in groups]
    for key in ("replications", "seed", "horizon_years", "history_years"):
        if scenario.general.get(key):
            text = scenario.general[key]
            body[key] = int(text) if text.isdigit() else float(text)
    if scenario.levels:
        body["conditions"] = dict(scenario.levels)
    if scenario.dials and not scenario.changing:
        body["system"] = {"dials": dict(scenario.dials)}
    if scenario.changes:
        body["evidence"] = {row: {"value": value} for row, value in scenario.changes.items()}
    own = plans(scenario)
    body["compare"] = {
        "plans": {
            re.sub(r"[^A-Za-z0-9_-]+", "_", plan): _of_plan(scenario, own, plan, found) for plan in found
        }
    }
    return (
        "# @package _global_\n"
        f"# {name}: made with the dashboard's What if. Put it into a folder of your own as experiment/{name}.yaml, then:\n"
        f"#   opendoor compare --config-dir FOLDER experiment={name}\n"
        + yaml.safe_dump(body, sort_keys=False, allow_unicode=True, width=1000)
    )


def _of_plan(
    scenario: Scenario, own: Mapping[str, list[str]], plan: str, found: Mapping[str, Config]
) -> list[str]:
    """Words of a plan in the file, which is the scenario as changed: a system as it is has everything put back."""
    if plan in own and plan + CHANGED not in found:
        return own[plan]
    if plan not in own:
        return own[plan.removesuffix(CHANGED)]
    back = [f"evidence.{row}.value={found[plan].evidence[row].value!r}" for row in scenario.changes]
    dials = found[plan].system.dials
    return [*own[plan], *back, *(f"system.dials.{dial}={getattr(dials, dial)!r}" for dial in scenario.dials)]
