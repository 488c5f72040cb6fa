"""A number about the world, as it is written in a configuration: always by reference to its evidence.

A quantity in YAML is one of

* the name of an evidence row (``assessment_minutes``): the row's value is used and its grade travels along;
* a plain number: a choice made in that file, shown to users as *set by hand*;
* ``{product: [slt_wte_per_100k_children, staff_mix_band6_share]}``: rows multiplied with each other;
* ``{old: ..., new: ..., dial: easy_access}``: moves in a straight line from ``old`` to ``new`` as the dial
  goes from 0 to 1. This is how one core delivery principle is switched on without touching the others;
* ``{base: ..., plus: {dial: ...}, minus: {dial: ...}}``: starts at ``base`` and gains or gives up
  something with each dial, for what several principles act on (a therapist's time, for example).

Every field says which unit it takes. Weeks and years are converted to days where days are wanted; any other
reference to a row in another unit is refused, because a plausible wrong number is worse than an error.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag

if TYPE_CHECKING:
    from pydantic.fields import FieldInfo

    from sim.evidence import EvidenceRow

DialName = Literal["impact", "easy_access", "place_based", "continuum", "information"]
DIALS: tuple[DialName, ...] = ("impact", "easy_access", "place_based", "continuum", "information")


class Strict(BaseModel):
    """Base of every configuration model: no unknown keys, no infinite numbers, no changes afterwards."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


# Names of the forms that a quantity can take. They turn up in pydantic's locations, where no key of the
# configuration looks like them, so that a mistake is told once, about the form that was meant.
NUMBER, ROW, PRODUCT, BLEND, SHIFT = "(number)", "(row)", "(product)", "(blend)", "(shift)"


def _form(value: Any) -> str | None:
    """The form of a quantity that is meant; None if it is none of them."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return NUMBER
    if isinstance(value, str):
        return ROW
    if isinstance(value, BaseModel):
        return {"Product": PRODUCT, "Blend": BLEND, "Shift": SHIFT}.get(type(value).__name__)
    if isinstance(value, Mapping):
        for form, keys in (
            (PRODUCT, {"product"}),
            (BLEND, {"old", "new", "dial"}),
            (SHIFT, {"base", "plus", "minus"}),
        ):
            if keys & set(value):
                return form
    return None


Number = Annotated[float, Tag(NUMBER)]
Row = Annotated[str, Tag(ROW)]
Factor = Annotated[Number | Row, Discriminator(_form)]


class Product(Strict):
    """Evidence rows (and plain factors) multiplied; the first gives the unit."""

    product: list[Factor] = Field(min_length=2)


Plain = Annotated[Number | Row | Annotated[Product, Tag(PRODUCT)], Discriminator(_form)]


class Blend(Strict):
    """A quantity that a dial moves from ``old`` (dial at 0) to ``new`` (dial at 1)."""

    old: Plain
    new: Plain
    dial: DialName


class Shift(Strict):
    """A quantity on which several dials act: ``base`` plus and minus something with each of them."""

    base: Plain
    plus: dict[DialName, Plain] = {}
    minus: dict[DialName, Plain] = {}


Quantity = Annotated[
    Number
    | Row
    | Annotated[Product, Tag(PRODUCT)]
    | Annotated[Blend, Tag(BLEND)]
    | Annotated[Shift, Tag(SHIFT)],
    Discriminator(_form),
]


@dataclass(frozen=True)
class Unit:
    """The unit a field takes, and the range that makes sense in it."""

    name: str
    low: float
    high: float


_UNITS: dict[str, tuple[float, float]] = {
    "minutes": (0.0, 100_000.0),
    "days": (0.0, 7_300.0),
    "weeks": (0.0, 1_040.0),
    "years": (0.0, 100.0),
    "share": (0.0, 1.0),
    "per_year": (0.0, 1_000.0),
    "odds_ratio": (0.001, 1_000.0),
    "multiplier": (0.0, 1_000.0),
    "points": (-5.0, 5.0),
    "points_per_year": (-5.0, 5.0),
    "sd": (-5.0, 5.0),
    "count": (0.0, 1e9),
    "pounds_per_hour": (0.0, 1_000.0),
    "per_1000_per_year": (0.0, 1_000.0),
    "hours_per_year": (0.0, 3_000.0),
    "wte_per_100k": (0.0, 10_000.0),
}


# what a quantity may be multiplied with: the product keeps the unit of its first factor
_FACTORS = ("share", "multiplier", "hazard_ratio", "odds_ratio")
# where a field takes the first unit, a row in the second may be used, times the factor
DAYS_PER_YEAR = 365.25
_CONVERSIONS: dict[tuple[str, str], float] = {
    ("days", "weeks"): 7.0,
    ("days", "years"): DAYS_PER_YEAR,
    ("weeks", "years"): DAYS_PER_YEAR / 7.0,
    ("multiplier", "hazard_ratio"): 1.0,
}


def Q(unit: str) -> Any:
    """The type of a field that takes a quantity in ``unit`` (a key of the unit table)."""
    low, high = _UNITS[unit]
    return Annotated[Quantity, Unit(unit, low, high)]


Minutes = Q("minutes")
Days = Q("days")
Weeks = Q("weeks")
Years = Q("years")
Share = Q("share")
PerYear = Q("per_year")
OddsRatio = Q("odds_ratio")
Multiplier = Q("multiplier")
Points = Q("points")
PointsPerYear = Q("points_per_year")
StandardDeviations = Q("sd")
Count = Q("count")
PoundsPerHour = Q("pounds_per_hour")
Per1000PerYear = Q("per_1000_per_year")
HoursPerYear = Q("hours_per_year")
WtePer100k = Q("wte_per_100k")


@dataclass(frozen=True)
class Use:
    """One place in the configuration where a quantity is used."""

    key: str
    quantity: Quantity
    unit: Unit

    def ends(self) -> tuple[Plain, ...]:
        """The quantity, or all the parts of what dials move."""
        q = self.quantity
        if isinstance(q, Blend):
            return (q.old, q.new)
        if isinstance(q, Shift):
            return (q.base, *q.plus.values(), *q.minus.values())
        return (q,)

    def rows(self) -> tuple[str, ...]:
        """Names of the evidence rows this use refers to."""
        return tuple(name for end in self.ends() for name in _names(end))


def _names(plain: Plain) -> tuple[str, ...]:
    parts = plain.product if isinstance(plain, Product) else [plain]
    return tuple(p for p in parts if isinstance(p, str))


def unit_of(field: FieldInfo) -> Unit | None:
    """The unit a model's field takes; None if it is no quantity."""
    return _unit_in(field.annotation, field.metadata)


def _unit_in(annotation: Any, metadata: tuple[Any, ...] | list[Any]) -> Unit | None:
    for m in metadata:
        if isinstance(m, Unit):
            return m
    for a in getattr(annotation, "__metadata__", ()):
        if isinstance(a, Unit):
            return a
    for part in getattr(annotation, "__args__", ()):
        found = _unit_in(part, ())
        if found is not None:
            return found
    return None


@cache
def _fields_with_quantities(model: type[BaseModel]) -> tuple[tuple[str, Unit | None], ...]:
    """The fields of a model in which a quantity can stand, each with its unit, or None for what holds further models."""
    found = ((name, unit_of(field), field.annotation) for name, field in model.model_fields.items())
    return tuple(
        (name, unit) for name, unit, annotation in found if unit is not None or _holds_models(annotation)
    )


def _holds_models(annotation: Any) -> bool:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return True
    return annotation is Any or any(map(_holds_models, getattr(annotation, "__args__", ())))


def uses(model: BaseModel, key: str) -> Iterator[Use]:
    """Every quantity inside ``model``, with its dotted key and the unit its field takes."""
    for name, unit in _fields_with_quantities(type(model)):
        value = getattr(model, name)
        if value is not None:
            yield from _uses_of(value, f"{key}.{name}", unit)


def _uses_of(value: Any, key: str, unit: Unit | None) -> Iterator[Use]:
    if isinstance(value, BaseModel) and not isinstance(value, Blend | Product | Shift):
        yield from uses(value, key)
    elif isinstance(value, Mapping):
        for k, v in value.items():
            yield from _uses_of(v, f"{key}.{k}", unit)
    elif isinstance(value, (list, tuple)):
        for i, v in enumerate(value):
            yield from _uses_of(v, f"{key}[{i}]", unit)
    elif unit is not None and value is not None and not isinstance(value, bool):
        yield Use(key, value, unit)


def problems_at(used: Iterable[Use], resolve: Resolver) -> list[str]:
    """One sentence for each quantity moved by several dials that leaves its range where the dials stand."""
    out: list[str] = []
    for use in used:
        if isinstance(use.quantity, Shift):
            value = resolve(use.quantity, use.unit.name)
            if not use.unit.low - 1e-9 <= value <= use.unit.high + 1e-9:
                out.append(
                    f"{use.key}: base, plus and minus come to {value:g} at these dials; "
                    f"allowed is {use.unit.low:g} to {use.unit.high:g} ({use.unit.name})"
                )
    return out


def problems_in(used: Iterable[Use], evidence: Mapping[str, EvidenceRow]) -> list[tuple[str, str]]:
    """The key and one sentence for each quantity that names no evidence row, has the wrong unit or is out of range."""
    out: list[tuple[str, str]] = []
    resolve = Resolver(evidence, {d: 0.0 for d in DIALS})
    for use in used:
        if isinstance(use.quantity, float) and use.unit.low <= use.quantity <= use.unit.high:
            continue  # a plain number in its range
        before = len(out)
        for name in use.rows():
            if name not in evidence:
                close = difflib.get_close_matches(name, list(evidence), 1)
                hint = f"; did you mean '{close[0]}'?" if close else ""
                out.append((use.key, f"{use.key} = {name!r}: no evidence row of that name{hint}"))
        if len(out) > before:
            continue
        for end in use.ends():
            first = end.product[0] if isinstance(end, Product) else end
            unit = evidence[first].unit if isinstance(first, str) else use.unit.name
            if unit != use.unit.name and (use.unit.name, unit) not in _CONVERSIONS:
                text = f"{use.key} = {first!r}: the row is in {unit}, this field takes {use.unit.name}"
                out.append((use.key, text))
                continue
            wrong = (
                [n for n in _names(end)[1:] if evidence[n].unit not in _FACTORS]
                if isinstance(end, Product)
                else []
            )
            if isinstance(end, Product) and not isinstance(first, str):
                wrong = [n for n in _names(end) if evidence[n].unit not in _FACTORS]
            if wrong:
                units = ", ".join(f"{n!r} is in {evidence[n].unit}" for n in wrong)
                text = f"{use.key}: factors after the first must be shares or multipliers; {units}"
                out.append((use.key, text))
                continue
            value = resolve(end, use.unit.name)
            if not use.unit.low <= value <= use.unit.high:
                allowed = f"{use.unit.low:g} to {use.unit.high:g} ({use.unit.name})"
                out.append((use.key, f"{use.key} = {value:g}: allowed is {allowed}"))
    return out


@dataclass(frozen=True)
class Resolver:
    """Turns quantities into numbers, given the evidence table and the five dials."""

    evidence: Mapping[str, EvidenceRow]
    dials: Mapping[str, float]

    def __call__(self, quantity: Quantity, unit: str = "") -> float:
        """The number, converted to ``unit`` where a row is in weeks or years and days are asked for."""
        if isinstance(quantity, Blend):
            d = self.dials[quantity.dial]
            # both ends exact, so that a dial at 0 or 1 is the pure system to the bit
            if d == 0.0:
                return self._plain(quantity.old, unit)
            if d == 1.0:
                return self._plain(quantity.new, unit)
            return (1.0 - d) * self._plain(quantity.old, unit) + d * self._plain(quantity.new, unit)
        if isinstance(quantity, Shift):
            value = self._plain(quantity.base, unit)
            for sign, moves in ((1.0, quantity.plus), (-1.0, quantity.minus)):
                for dial, amount in moves.items():
                    if self.dials[dial] > 0.0:
                        value += sign * self.dials[dial] * self._plain(amount, unit)
            return value
        return self._plain(quantity, unit)

    def _plain(self, quantity: Plain, unit: str) -> float:
        parts = quantity.product if isinstance(quantity, Product) else [quantity]
        value = 1.0
        for i, part in enumerate(parts):
            if isinstance(part, str):
                row = self.evidence[part]
                value *= row.value * (_CONVERSIONS.get((unit, row.unit), 1.0) if i == 0 else 1.0)
            else:
                value *= part
        return float(value)
