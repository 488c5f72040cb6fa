"""What the conditions for success make of a configuration: which parameters each acts on, and what becomes of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from sim.conditions import CONDITIONS, EVERY, Act, ConditionName, unit_at
from sim.config import Config
from sim.quantity import Resolver
from sim.transition import NoChange


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
            unit = unit_at(path)
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
