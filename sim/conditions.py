"""The five conditions for success: what a change needs from the people around it, each from 0 (absent) to 1 (in place).

What a condition does is a table in its file, not code: which parameters it acts on, and what becomes of each where the
condition is absent. In place it does nothing at all. Conditions act on the change and on the system that it leads to,
never on what was there before; where nothing changes (``transition=none``) they act on nothing.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import UnionType
from typing import TYPE_CHECKING, Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel, Field, model_validator

from sim.erosion import Erosion
from sim.quantity import Multiplier, OddsRatio, Resolver, Share, Strict, Unit, unit_of
from sim.transition import PLANS, NoChange

if TYPE_CHECKING:
    from sim.config import Config

ConditionName = Literal[
    "strategic_support", "joint_commissioning", "operational_planning", "practitioners", "families"
]
CONDITIONS: tuple[ConditionName, ...] = get_args(ConditionName)
EVERY = "*"  # in a parameter's key: every door, every offer, ...
HOWS = ("times", "odds", "to", "becomes")


class Act(Strict):
    """One line of a condition's table: a parameter, and what becomes of it where the condition is absent."""

    key: str  # of the parameter; * stands for every name in its place
    times: Multiplier | None = None  # the value times this; in between a straight line
    odds: OddsRatio | None = (
        None  # of a share: its odds times this; in between a straight line of the log odds
    )
    to: Share | None = None  # of a share: this; in between a straight line
    becomes: str | None = None  # of a structure (such as one list or many): this, while the condition is ...
    below: Share | None = None  # ... below this

    @model_validator(mode="after")
    def _one_way(self) -> Act:
        ways = [how for how in HOWS if getattr(self, how) is not None]
        if len(ways) != 1:
            found = " and ".join(ways) or "none"
            raise ValueError(f"give one of {', '.join(HOWS)} for {self.key}; found {found}")
        if (self.becomes is None) != (self.below is None):
            raise ValueError(f"becomes and below belong together; give both or neither for {self.key}")
        return self

    @property
    def how(self) -> str:
        """``times``, ``odds``, ``to`` or ``becomes``."""
        return next(how for how in HOWS if getattr(self, how) is not None)

    def at(self, level: float, now: Any, value: Resolver) -> Any:
        """What becomes of a parameter that is ``now`` where the condition is in place, at another level of it."""
        if self.becomes is not None:
            return self.becomes if level < value(self.below or 0.0) else now
        if level >= 1.0:
            return now
        if self.times is not None:
            return now * (level + (1.0 - level) * value(self.times))
        if self.to is not None:
            return level * now + (1.0 - level) * value(self.to)
        factor = value(self.odds or 1.0) ** (1.0 - level)
        return now * factor / (1.0 - now + now * factor)


Level = Annotated[float, Field(ge=0.0, le=1.0)]


class Conditions(Strict):
    """How far each condition is met, and what each acts on."""

    name: str = "all_in_place"
    strategic_support: Level = 1.0  # chief officers back it: training is given, old gates stay open
    joint_commissioning: Level = 1.0  # staff time can be used across localities and services
    operational_planning: Level = 1.0  # somebody has mapped who does what where
    practitioners: Level = 1.0  # take up the new ways
    families: Level = 1.0  # trust the new doors
    acts: dict[ConditionName, list[Act]] = {}

    def level(self, name: ConditionName) -> float:
        """How far a condition is met."""
        return float(getattr(self, name))


@dataclass(frozen=True)
class Effect:
    """What a condition does to one parameter of a configuration: ``value`` where all is in place, and ``now``."""

    condition: ConditionName
    act: Act
    key: str
    value: Any
    now: Any


def in_force(config: Config) -> Config:
    """The configuration as its conditions make it, with all conditions in place; itself if they change nothing."""
    if not any(True for _ in _acting(config)):
        return config
    out = config
    for effect in effects(config):
        if effect.now != effect.value:
            out = _with(out, effect.key.split("."), effect.now)
    met = config.conditions.model_copy(update=dict.fromkeys(CONDITIONS, 1.0))
    return out.model_copy(update={"conditions": met})


def effects(config: Config) -> list[Effect]:
    """What each condition does to each parameter there is, in the order in which they act.

    Principles of the new system (its dials) come first, because numbers follow from them. Where two conditions act on
    one parameter, the second acts on what the first has made of it.
    """
    if isinstance(config.transition, NoChange):
        return []
    acts = [(name, act) for name in CONDITIONS for act in config.conditions.acts.get(name, [])]
    acts.sort(key=lambda pair: ".dials." not in pair[1].key)
    out: list[Effect] = []
    at = config
    for name, act in acts:
        for key in keys_of(at, act.key):
            path = key.split(".")
            value = _resolver(at, path)
            found = _get(at, path)
            unit = _unit(path)
            if found is None:
                continue
            if not isinstance(found, str) or unit is not None:
                found = value(found, unit.name if unit else "")
            now = act.at(config.conditions.level(name), found, value)
            out.append(Effect(name, act, key, found, now))
            if now != found:
                at = _with(at, path, now)
    return out


def acts_in_use(config: Config) -> list[tuple[str, Act]]:
    """The lines that have an effect here, with their keys in the configuration: met conditions have none."""
    return [
        (f"conditions.acts.{name}[{i}]", act)
        for name, i, act in _acting(config)
        if any(_get(config, key.split(".")) is not None for key in keys_of(config, act.key))
    ]


def _acting(config: Config) -> Iterator[tuple[ConditionName, int, Act]]:
    if isinstance(config.transition, NoChange):
        return
    for name in CONDITIONS:
        if config.conditions.level(name) < 1.0:
            for i, act in enumerate(config.conditions.acts.get(name, [])):
                yield name, i, act


def condition_problems(conditions: Conditions) -> list[str]:
    """One sentence for each line that acts on no parameter there is, or in a way in which it cannot be acted on."""
    out: list[str] = []
    for name, acts in conditions.acts.items():
        for i, act in enumerate(acts):
            out += _act_problems(f"conditions.acts.{name}[{i}].key = {act.key!r}", act)
    return out


def _act_problems(where: str, act: Act) -> list[str]:
    path = act.key.split(".")
    if path[0] not in _roots():
        return [f"{where}: conditions act on the change only; allowed are keys of transition and of erosion"]
    here = _roots()[path[0]]
    for i, part in enumerate(path[1:], 1):
        inside = [inner for kind, _ in here for inner in _inside(kind, part)]
        if not inside:
            names = sorted({name for kind, _ in here if _is_model(kind) for name in kind.model_fields})
            close = difflib.get_close_matches(part, names, 1)
            hint = f"did you mean '{close[0]}'?" if close else f"keys there: {', '.join(names) or 'none'}"
            return [f"{where}: no such parameter ({'.'.join(path[: i + 1])}); {hint}"]
        here = inside
    if act.becomes is not None:
        words = [word for kind, _ in here if get_origin(kind) is Literal for word in get_args(kind)]
        allowed = ", ".join(map(repr, words)) or "nothing"
        return (
            [] if act.becomes in words else [f"{where}: cannot become {act.becomes!r}; allowed is {allowed}"]
        )
    unit = _unit(path)
    if unit is None:
        return [f"{where}: no number to be acted on"]
    if act.how in ("odds", "to") and unit.name != "share":
        return [f"{where}: takes {unit.name}; {act.how} is for shares, use times"]
    return []


def keys_of(config: Config, pattern: str) -> list[str]:
    """Keys of the parameters there are that a key with ``*`` stands for."""
    found: list[tuple[str, Any]] = [("", config)]
    for part in pattern.split("."):
        found = [
            (f"{key}.{name}" if key else name, inner)
            for key, at in found
            for name, inner in _entries(at)
            if part in (EVERY, name)
        ]
    return [key for key, value in found if value is not None]


def _entries(at: Any) -> list[tuple[str, Any]]:
    if isinstance(at, BaseModel):
        return [(name, getattr(at, name)) for name in type(at).model_fields]
    if isinstance(at, Mapping):
        return [(str(k), v) for k, v in at.items()]
    return [(str(i), v) for i, v in enumerate(at)] if isinstance(at, list | tuple) else []


def _get(at: Any, path: Sequence[str]) -> Any:
    for part in path:
        at = dict(_entries(at))[part]
    return at


def _with(at: Any, path: Sequence[str], value: Any) -> Any:
    """A copy with another value at a path."""
    if not path:
        return value
    first, *rest = path
    if isinstance(at, BaseModel):
        return at.model_copy(update={first: _with(getattr(at, first), rest, value)})
    if isinstance(at, Mapping):
        return {k: _with(v, rest, value) if str(k) == first else v for k, v in at.items()}
    return [_with(v, rest, value) if str(i) == first else v for i, v in enumerate(at)]


def _resolver(config: Config, path: Sequence[str]) -> Resolver:
    """What gives a number at a path: in the new system, by its own dials."""
    system = config.system
    if path[:2] == ["transition", "to"] and not isinstance(config.transition, NoChange):
        system = config.transition.to
    return Resolver(config.evidence, system.dials.model_dump())


def _unit(path: Sequence[str]) -> Unit | None:
    """The unit of the parameter at a path of a configuration."""
    found = _roots()[path[0]]
    for part in path[1:]:
        found = [inner for kind, _ in found for inner in _inside(kind, part)]
    if path[-2:-1] == ["dials"]:
        return Unit("share", 0.0, 1.0)
    return next((unit for _, unit in found if unit is not None), None)


_Kinds = list[tuple[Any, Unit | None]]
"""Types that may stand somewhere in a configuration, each with the unit of the number it takes, if it does."""


def _roots() -> dict[str, _Kinds]:
    return {"transition": [(plan, None) for plan in PLANS.values()], "erosion": [(Erosion, None)]}


def _inside(kind: Any, part: str) -> _Kinds:
    """What may stand one key further in: a field of a model, an entry of a mapping or of a list."""
    if _is_model(kind):
        fields = [field for name, field in kind.model_fields.items() if part in (EVERY, name)]
        return [leaf for field in fields for leaf in _leaves(field.annotation, unit_of(field))]
    if get_origin(kind) in (dict, list, tuple):
        inside = [a for a in get_args(kind) if a is not Ellipsis]
        return _leaves(inside[-1], None) if inside else []
    return []


def _leaves(annotation: Any, unit: Unit | None) -> _Kinds:
    """The members of ``A | B | None``, without what is annotated to them but the unit."""
    if get_origin(annotation) is Annotated:
        inner, *told = get_args(annotation)
        return _leaves(inner, next((m for m in told if isinstance(m, Unit)), unit))
    if get_origin(annotation) in (Union, UnionType):
        return [leaf for member in get_args(annotation) for leaf in _leaves(member, unit)]
    # a mapping of numbers is itself no number
    return [(annotation, None if get_origin(annotation) in (dict, list, tuple) else unit)]


def _is_model(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, BaseModel)
