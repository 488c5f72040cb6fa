"""The design points of a sweep: what each sets, and what to call it.

Point 0 is the base, which all others are set against: the first of the values listed, the first row of a file, the
first corner of a factorial design (all ranges at their low end, if all combinations are made), or, where values are
drawn from ranges, the configuration as it is. Where listed values are crossed with what is drawn
(two systems, say, each at every draw), each of them has a base of its own, and the bases are set against point 0.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from experiments.sweeps.designs import (
    SAMPLED,
    factorial,
    latin_hypercube,
    morris_trajectories,
    saltelli,
    sobol_sequence,
)
from experiments.sweeps.factors import Factor, row_of
from experiments.sweeps.settings import MOST_RUNS, Settings
from sim.errors import InputError

if TYPE_CHECKING:
    from sim.config import Config

#: With no more points than this each is checked before anything runs; of more, those at the ends of a factor.
CHECK_ALL = 100

#: Files chosen for groups, sorted: ``(("system", "gatekept"),)``.
Choices = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Point:
    """One point of the design.

    Attributes:
        index: its number, from 0, the base. choices: file chosen for each group that is varied. values: what
        is set for each other factor; a factor that is not named keeps the value of the configuration.
        label: what makes it different, for people. reference: the point that it is set against.
    """

    index: int
    choices: Choices
    values: Mapping[str, Any]
    label: str
    reference: int = 0


def config_of(point: Point, configurations: Mapping[Choices, dict[str, Any]]) -> dict[str, Any]:
    """The configuration of one point, not yet checked. The mappings along the keys set are copied, the rest
    is shared."""
    tree = dict(configurations[point.choices])
    for key, value in point.values.items():
        *path, last = key.split(".")
        at = tree
        for part in path:
            inner = at.get(part)
            at[part] = dict(inner) if isinstance(inner, Mapping) else {}
            at = at[part]
        at[last] = value
    return tree


def checked_config(
    point: Point, base: Config, configurations: Mapping[Choices, dict[str, Any]], known: bool = False
) -> Config:
    """The checked configuration of one point, for much less work than checking it from the beginning.

    What the point does not touch is taken over from the checked ``base`` as it stands; what stands along the keys
    that it sets is read anew, and what numbers and names together can get wrong is asked of the whole. If there is
    anything, it is checked from plain values, so that the same sentences come out.

    Args:
        point: what is set.
        base: the checked configuration with the point's choices of files.
        configurations: the same as plain values.
        known: whether the point has been checked before, and only its configuration is wanted.

    Raises:
        InputError: as :func:`sim.checking.check`.
    """
    from pydantic import ValidationError

    from sim.checking import check
    from sim.config import Config

    tree = _with_values(base, point.values)
    try:
        return Config.model_validate(tree) if known else check(tree)
    except (InputError, ValidationError):
        return check(config_of(point, configurations))


def _with_values(base: Config, values: Mapping[str, Any]) -> dict[str, Any]:
    """As :func:`config_of`, but what is not along the keys set stays the checked part of ``base`` that it is."""
    tree = _opened(base)
    for key, value in values.items():
        *path, last = key.split(".")
        at = tree
        for part in path:
            at[part] = _opened(at.get(part))
            at = at[part]
        at[last] = value
    return tree


def _opened(part: Any) -> dict[str, Any]:
    """A group of keys as a mapping of its own."""
    from pydantic import BaseModel

    if isinstance(part, BaseModel):
        return {name: getattr(part, name) for name in type(part).model_fields}
    return dict(part) if isinstance(part, Mapping) else {}


def choices_in(values: Mapping[str, Any], groups: Mapping[str, Sequence[str]]) -> Choices:
    return tuple(sorted((key, str(value)) for key, value in values.items() if key in groups))


def choices_of_factors(factors: Sequence[Factor], groups: Mapping[str, Sequence[str]]) -> list[Choices]:
    chosen = [[(f.key, str(v)) for v in f.values] for f in factors if f.key in groups]
    return [tuple(sorted(combination)) for combination in itertools.product(*chosen)]


def design_points(
    settings: Settings,
    factors: Sequence[Factor],
    rows: Sequence[dict[str, Any]],
    groups: Mapping[str, Sequence[str]],
    replications: int,
) -> tuple[Point, ...]:
    """All points in order; where ranges are drawn from, listed values are crossed with what is drawn.

    Raises:
        InputError: too many.
    """
    listed = [f for f in factors if not f.is_range]
    ranges = [f for f in factors if f.is_range]
    drawn = (
        _drawn(settings, ranges) if settings.design in SAMPLED else [("", row) for row in rows] or [("", {})]
    )
    count = len(drawn) * math.prod(len(f.values) for f in listed)
    if count * replications > MOST_RUNS:
        raise InputError(
            f"this sweep has {count:,} points x {replications:,} replications = {count * replications:,} runs; "
            f"at most {MOST_RUNS:,}"
        )
    names = _short_names([f.key for f in listed] + [key for row in rows[:1] for key in row])
    points: list[Point] = []
    for label, values in drawn:
        for number, combination in enumerate(itertools.product(*(f.values for f in listed))):
            crossed = dict(zip((f.key for f in listed), combination, strict=True))
            everything = {**values, **crossed}
            told = everything if settings.design not in SAMPLED else crossed
            text = ", ".join(filter(None, [label, *(f"{names[k]}={_told(v)}" for k, v in told.items())]))
            choices = choices_in(everything, groups)
            own = {k: v for k, v in everything.items() if k not in groups}
            index = len(points)
            reference = number if settings.design in SAMPLED and index > number else 0
            points.append(Point(index, choices, own, text or "base", reference))
    return tuple(points)


def _drawn(settings: Settings, ranges: Sequence[Factor]) -> list[tuple[str, dict[str, Any]]]:
    """The base, and what the design draws from the ranges: label and values."""
    out: list[tuple[str, dict[str, Any]]] = [("base", {})]
    if settings.design == "one_at_a_time":
        names = _short_names([f.key for f in ranges])
        for factor in ranges:
            for end, value in (("low", factor.at(0.0)), ("high", factor.at(1.0))):
                out.append((f"{names[factor.key]} {end} {_told(value)}", {factor.key: value}))
        return out
    points, n = settings.points or 0, len(ranges)
    if settings.design == "factorial":
        return _corners(settings, ranges)
    match settings.design:
        case "saltelli":
            shares = saltelli(points, n, settings.design_seed)
        case "lhs" | "psa":
            shares = latin_hypercube(points, n, settings.design_seed)
        case "sobol":
            shares = sobol_sequence(points, n, settings.design_seed)
        case _:
            levels = settings.levels or 4
            shares = morris_trajectories(settings.trajectories or 10, n, levels, settings.design_seed)
    for number, row in enumerate(shares.tolist(), start=1):
        out.append((f"draw {number}", {f.key: f.at(u) for f, u in zip(ranges, row, strict=True)}))
    return out


def _corners(settings: Settings, ranges: Sequence[Factor]) -> list[tuple[str, dict[str, Any]]]:
    """Corners named by the factors that are high."""
    names = _short_names([f.key for f in ranges])
    out = []
    for row in factorial(len(ranges), settings.resolution, bool(settings.centre)).tolist():
        high = [names[f.key] for f, u in zip(ranges, row, strict=True) if u == 1.0]
        label = "centre" if 0.5 in row else " + ".join(high) or "all low"
        out.append((label, {f.key: f.at(u) for f, u in zip(ranges, row, strict=True)}))
    return out


def _short_names(keys: Sequence[str]) -> dict[str, str]:
    """Names for people: the row of an evidence key, the last part of any other, the key if two are alike."""
    short = {key: row_of(key) or key.rsplit(".", 1)[-1] for key in keys}
    twice = {name for name in short.values() if list(short.values()).count(name) > 1}
    return {key: key if name in twice else name for key, name in short.items()}


def _told(value: Any) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def at_the_ends(points: Sequence[Point]) -> list[Point]:
    if len(points) <= CHECK_ALL:
        return list(points)
    found = {0: points[0]}
    for key in dict.fromkeys(key for point in points for key in point.values):
        having = [point for point in points if key in point.values]
        numbers = [p for p in having if isinstance(p.values[key], int | float)]
        others = {
            str(p.values[key]): p for p in reversed(having) if not isinstance(p.values[key], int | float)
        }
        ends = [pick(numbers, key=lambda p: p.values[key]) for pick in (min, max)] if numbers else []
        found |= {p.index: p for p in (*ends, *others.values())}
    return list(found.values())
