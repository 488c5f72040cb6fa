"""The five conditions for success: what a change needs from the people around it, each from 0 (absent) to 1 (in place).

What a condition does is a table in its file, not code: which parameters it acts on, and what becomes of each where the
condition is absent. In place it does nothing at all. Conditions act on the change and on the system that it leads to,
never on what was there before; where nothing changes (``transition=none``) they act on nothing.
"""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel, Field, model_validator

from sim.erosion import Erosion
from sim.quantity import Multiplier, OddsRatio, Resolver, Share, Strict, Unit, unit_of
from sim.transition import PLANS

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
    unit = unit_at(path)
    if unit is None:
        return [f"{where}: no number to be acted on"]
    if act.how in ("odds", "to") and unit.name != "share":
        return [f"{where}: takes {unit.name}; {act.how} is for shares, use times"]
    return []


def unit_at(path: Sequence[str]) -> Unit | None:
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
