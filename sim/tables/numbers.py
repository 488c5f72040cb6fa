"""Numbers of a configuration in the units of the kernel: days, whole minutes, log odds, flags."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

import numpy as np

from sim.function import DAYS_PER_YEAR
from sim.quantity import Quantity, Resolver

NEVER_LOGIT = -1e9


ALWAYS_LOGIT = 60.0


FAR = 10**8


def logit(p: float) -> float:
    """Log odds, finite at 0 and 1."""
    if p <= 0.0:
        return NEVER_LOGIT
    if p >= 1.0:
        return ALWAYS_LOGIT
    return math.log(p / (1.0 - p))


def flags(names: Iterable[str], chosen: Sequence[str]) -> list[bool]:
    return [chosen == "all" or n in chosen for n in names]


def age_days(ages: tuple[float, float]) -> list[int]:
    return [math.floor(a * DAYS_PER_YEAR) for a in ages]


def whole(value: float) -> int:
    """Nearest whole number, halves up."""
    return math.floor(value + 0.5)


def days_or_never(limit: Quantity | None, v: Resolver, unit: str, days: int = 1) -> int:
    """A limit of time in whole days, ``days`` to its unit; without one, a day that never comes."""
    return FAR if limit is None else whole(days * v(limit, unit))


def array(values: Iterable[object], dtype: object) -> np.ndarray:
    return np.array(list(values), dtype=dtype)  # type: ignore[call-overload]
