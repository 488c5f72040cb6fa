"""Which points of a sweep are looked at: a short text such as ``reach_share 40..60; easy_access >= 0.5``.

Whatever narrows a sweep down (a filter in the grid, a box drawn across a line of the parallel coordinates or in the
scatter) becomes such a text, so that all of them show the same points, it can be typed, and it stands in the address.
"""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

#: Columns named in a message about one that there is not: all of them, or so many of more than that.
TELL_ALL, TELL = 20, 6

_CLAUSE = re.compile(r"\s*([^\s=<>]+)\s*(>=|<=|=|\s)\s*(.+?)\s*", re.DOTALL)


@dataclass(frozen=True)
class Condition:
    """What a column must be: a number from ``low`` to ``high``, both included (infinite: no such end), or one of
    ``words``."""

    low: float = -math.inf
    high: float = math.inf
    words: tuple[str, ...] = ()


Where = dict[str, Condition]


def read_where(text: str, numeric: Mapping[str, bool]) -> Where:
    """Conditions by column; all of them must hold.

    Args:
        text: ``NAME LOW..HIGH`` (either end may be left out), ``NAME >= NUMBER``, ``NAME <= NUMBER``,
            ``NAME = NUMBER`` or ``NAME = WORD|WORD``, parted by semicolons.
        numeric: columns that there are, and whether they hold numbers.

    Raises:
        InputError: all that cannot be read.
    """
    found: Where = {}
    problems: list[str] = []
    for clause in filter(None, (part.strip() for part in text.split(";"))):
        match = _CLAUSE.fullmatch(clause)
        if match is None:
            problems.append(
                f"Show only: '{clause}' cannot be read; write for example {_example(numeric)}, parted by semicolons"
            )
            continue
        name, sign, value = match.groups()
        if name not in numeric:
            close = difflib.get_close_matches(name, numeric, 1)
            hint = f"did you mean '{close[0]}'?" if close else f"there are {_some(numeric)}"
            problems.append(f"Show only: there is no column '{name}' here; {hint}")
            continue
        try:
            condition = _condition(sign.strip(), value, numeric[name])
        except ValueError:
            wanted = "a number or a range such as 0.2..0.5" if numeric[name] else "= and a word"
            problems.append(f"Show only: {name} {value}: {wanted} is needed")
            continue
        found[name] = _both(found.get(name), condition)
    if problems:
        raise InputError(problems)
    return found


def _condition(sign: str, value: str, number: bool) -> Condition:
    if not number:
        if sign != "=":
            raise ValueError(value)
        return Condition(words=tuple(word.strip() for word in value.split("|")))
    if sign == ">=":
        return Condition(low=_number(value))
    if sign == "<=":
        return Condition(high=_number(value))
    low, dots, high = value.partition("..")
    if not dots:
        return Condition(_number(value), _number(value))
    return Condition(_number(low) if low.strip() else -math.inf, _number(high) if high.strip() else math.inf)


def _number(text: str) -> float:
    value = float(text.replace("−", "-").replace(",", ""))
    if not math.isfinite(value):
        raise ValueError(text)
    return value


def _both(one: Condition | None, other: Condition) -> Condition:
    if one is None:
        return other
    return Condition(max(one.low, other.low), min(one.high, other.high), other.words or one.words)


def _example(numeric: Mapping[str, bool]) -> str:
    name = next((name for name, number in numeric.items() if number and name != "point"), "point")
    return f"{name} 0.2..0.5 or {name} >= 0.3"


def _some(numeric: Mapping[str, bool]) -> str:
    names = list(numeric)
    if len(names) <= TELL_ALL:
        return ", ".join(names)
    return f"{', '.join(names[:TELL])} and {len(names) - TELL} more"


def holds(where: Where, frame: pd.DataFrame) -> np.ndarray:
    """Whether each row fulfils all conditions, shape ``(n_rows,)``; a value that is not known fulfils none."""
    out = np.ones(len(frame), dtype=bool)
    for name, condition in where.items():
        column = frame[name]
        if condition.words:
            wanted = {word.casefold() for word in condition.words}
            out &= np.array([str(value).casefold() in wanted for value in column])
        else:
            values = column.to_numpy(dtype=float, na_value=np.nan)
            out &= (values >= condition.low) & (values <= condition.high)
    return out


def filter_model(where: Where) -> dict[str, Any]:
    """The same as the filters of AG Grid, by column."""
    return {name: _filter(condition) for name, condition in where.items()}


def _filter(condition: Condition) -> dict[str, Any]:
    if condition.words:
        each = [{"filterType": "text", "type": "equals", "filter": word} for word in condition.words]
        return each[0] if len(each) == 1 else {"filterType": "text", "operator": "OR", "conditions": each}
    kind: dict[str, Any] = {"filterType": "number"}
    if math.isinf(condition.low):
        return {**kind, "type": "lessThanOrEqual", "filter": condition.high}
    if math.isinf(condition.high):
        return {**kind, "type": "greaterThanOrEqual", "filter": condition.low}
    return {**kind, "type": "inRange", "filter": condition.low, "filterTo": condition.high}


def read_pins(text: str, n_points: int) -> list[int]:
    """Numbers of the points pinned, in the order in which they were.

    Raises:
        InputError: what is not the number of a point.
    """
    problems, found = [], []
    for part in filter(None, (p.strip() for p in text.replace(";", ",").split(","))):
        if part.isascii() and part.isdigit() and int(part) < n_points:
            found.append(int(part))
        else:
            problems.append(
                f"Pinned points: '{part}' is no point; they have the numbers 0 to {n_points - 1:,}"
            )
    if problems:
        raise InputError(problems)
    return list(dict.fromkeys(found))
