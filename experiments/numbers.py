"""Every number about the world that a configuration uses: its value, its unit, and how good the evidence
for it is.

A number is either taken from a row of the evidence table, and has that row's grade, or it was written
into a file by hand and says so. A number that a dial moves between two values has the weaker grade of the
two.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from sim.config import Config
from sim.evidence import GRADES as GRADES
from sim.quantities import quantities_in_use
from sim.quantity import DIALS, Blend, Product, Quantity, Resolver, Shift

BY_HAND = "set by hand"
#: The same where there is little room.
GRADE_SHORT = {
    "measured": "measured",
    "published": "published",
    "expert": "expert judgement",
    "assumed": "assumed",
    BY_HAND: "set by hand",
}


@dataclass(frozen=True)
class Number:
    """One number in use.

    Attributes:
        key: where, for example ``system.offers.assessment.staff.therapist``.
        value: at the current dials.
        unit: unit of ``value``.
        grade: one of ``GRADES``, or ``set by hand``.
        rows: evidence rows behind it; empty if set by hand.
        stated: not a default of the model.
        dials: the dials that move it, if any.
        ends: its values with all dials at 0 and with all at 1.
    """

    key: str
    value: float
    unit: str
    grade: str
    rows: tuple[str, ...]
    stated: bool
    dials: tuple[str, ...]
    ends: tuple[float, float]


def numbers(config: Config) -> list[Number]:
    """Every number of the system, the needs and the workforce, in the order of the configuration."""
    parts = {part: getattr(config, part) for part in ("system", "needs", "workforce")}
    stated = {key for part, model in parts.items() for key in _stated(model, part)}
    now = config.resolver()
    off, on = (Resolver(config.evidence, dict.fromkeys(DIALS, level)) for level in (0.0, 1.0))
    out: list[Number] = []
    for use in quantities_in_use(config):
        quantity, unit, rows = use.quantity, use.unit.name, tuple(dict.fromkeys(use.rows()))
        grade = max((config.evidence[r].grade for r in rows), key=GRADES.index) if rows else BY_HAND
        ends = off(quantity, unit), on(quantity, unit)
        out.append(
            Number(use.key, now(quantity, unit), unit, grade, rows, use.key in stated, _dials(quantity), ends)
        )
    return out


def _dials(quantity: Quantity) -> tuple[str, ...]:
    if isinstance(quantity, Blend):
        return (quantity.dial,)
    return tuple(dict.fromkeys([*quantity.plus, *quantity.minus])) if isinstance(quantity, Shift) else ()


def rows_used(configs: Iterable[Config]) -> dict[str, str]:
    """Evidence rows that any of the configurations uses: row -> grade, in the order of the evidence table."""
    grades: dict[str, str] = {}
    used: set[str] = set()
    for config in configs:
        grades |= {name: row.grade for name, row in config.evidence.items()}
        used.update(row for use in quantities_in_use(config) for row in use.rows())
    return {name: grade for name, grade in grades.items() if name in used}


def grade_counts(configs: Iterable[Config]) -> dict[str, int]:
    """How many evidence rows in use have each grade, and how many numbers were set by hand (each place
    once)."""
    configs = list(configs)
    found = Counter(rows_used(configs).values())
    keys = {number.key for config in configs for number in set_by_hand(config)}
    return {**{grade: found[grade] for grade in GRADES}, BY_HAND: len(keys)}


def set_by_hand(config: Config) -> list[Number]:
    """Numbers that a file or a word states and that no evidence row is behind."""
    return [number for number in numbers(config) if number.stated and number.grade == BY_HAND]


def _stated(value: Any, key: str) -> Iterator[str]:
    """Dotted keys of everything that is not as the model has it by default, as :func:`sim.quantity.uses` writes them.

    Not what a file mentions: a stored configuration is written out whole, and must be told as the one it was made from.
    """
    if isinstance(value, BaseModel) and not isinstance(value, Blend | Product | Shift):
        for name, field in type(value).model_fields.items():
            inner = getattr(value, name)
            if field.is_required() or inner != field.get_default(call_default_factory=True):
                yield from _stated(inner, f"{key}.{name}")
    elif isinstance(value, Mapping):
        for k, inner in value.items():
            yield from _stated(inner, f"{key}.{k}")
    elif isinstance(value, (list, tuple)):
        for i, inner in enumerate(value):
            yield from _stated(inner, f"{key}[{i}]")
    else:
        yield key
