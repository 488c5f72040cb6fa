"""What is varied in a sweep: one key of the configuration, and the values or the range it takes.

A factor is written as any key is, with more than one value::

    system=gatekept,balanced                           these values
    system.offers.drop_in.weekdays=[mon],[mon,thu]     these lists
    system.dials.easy_access=0..1:steps=5              five values, evenly spread
    evidence.vacancy_share.value=0.1..0.3            anything between these two
    system.slots_per_week=20..40:integer               whole numbers only
    area.referrals_per_week=10..1000:log               evenly spread in its logarithm
    evidence.vacancy_share.value=..          the row's own range, with the row's own distribution

The same words serve on the command line and in an experiment file.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from experiments.composing.values import NotPlain, plain_value, several

if TYPE_CHECKING:
    from sim.evidence import EvidenceRow

Scale = Literal["linear", "log", "evidence"]

#: Keys of the experiment as a whole, with the reason why they cannot differ between its points.
FIXED = {
    "seed": "every point gets the same luck, so that differences are not luck",
    "replications": "every point gets the same number",
    "workers": "results do not depend on it",
    "output": "a sweep has one folder",
    "event_log": "a sweep keeps headline measures only",
    "gains_every_weeks": "a sweep keeps headline measures only",
    "experiment": "a sweep is one experiment",
}

_RANGE = re.compile(r"(?P<low>[^:,\[\]{}'\"]*?)\.\.(?P<high>[^:,\[\]{}'\"]*)(?P<how>(?::[a-z]+(?:=\w*)?)*)")
_ALL_OF_THE_ROW = ".."


@dataclass(frozen=True)
class Factor:
    """One key that is varied.

    Attributes:
        key: with dots, or the name of a group of files (``system``).
        values: what it takes, one by one; empty for a range.
        low, high: ends of a range, low < high.
        scale: ``linear`` or ``log`` between the ends; ``evidence`` as ``row`` is distributed.
        integer: whole numbers only.
        row: the evidence row behind a range of scale ``evidence``.
    """

    key: str
    values: tuple[Any, ...] = ()
    low: float = math.nan
    high: float = math.nan
    scale: Scale = "linear"
    integer: bool = False
    row: EvidenceRow | None = None

    @property
    def is_range(self) -> bool:
        """Whether it can take any value between two ends."""
        return not self.values

    def at(self, u: float) -> float | int:
        """Value of a range at the share ``u`` (0 to 1) of the way through it; it does not fall as u rises.

        Whole numbers get equal shares of the way each; with scale ``evidence`` u is the probability of a
        smaller value.
        """
        if self.scale == "evidence" and self.row is not None:
            from sim.evidence import sample

            return sample(self.row, u) if 0 < u < 1 else (self.low if u <= 0 else self.high)
        if self.scale == "log":
            low, high = math.log(self.low), math.log(self.high)
            if self.integer:
                high = math.log(self.high + 1)
            value = math.exp(low + u * (high - low))
        else:
            value = self.low + u * (self.high + self.integer - self.low)
        value = min(max(value, self.low), self.high)
        return math.floor(value) if self.integer else value


def is_factor(text: str) -> bool:
    """Whether a word ``key=value`` gives several values or a range, as far as its form goes."""
    _, _, value = text.partition("=")
    value = value.strip()
    if value[:1] == "[":
        return len(several(value)) > 1
    if value[:1] in ("{", "'", '"'):
        return False
    if "," in value or value == _ALL_OF_THE_ROW:
        return True
    found = _RANGE.fullmatch(value)
    return found is not None and any(_number(found[end]) is not None for end in ("low", "high"))


def read_factor(
    key: str, value: Any, evidence: Mapping[str, EvidenceRow], problems: list[str]
) -> Factor | None:
    """One factor from its text, or from a list of values (an experiment file may write one).

    What cannot be used is added to ``problems``, and None returned.

    Args:
        key: what is varied.
        value: as in the module's first paragraph, or a list.
        evidence: rows whose own range may be asked for.
    """
    if key in FIXED:
        problems.append(f"{key}={value}: cannot be varied within a sweep: {FIXED[key]}")
        return None
    if isinstance(value, list):
        return _of_values(key, value, problems)
    text = str(value).strip()
    if text == _ALL_OF_THE_ROW:
        return _of_row(key, evidence, problems)
    found = _RANGE.fullmatch(text)
    if found is not None:
        return _of_range(key, text, found, problems)
    values = []
    for part in several(text):
        try:
            values.append(plain_value(part))
        except NotPlain:
            problems.append(
                f"{key}={text}: {part!r} cannot be read as a number, a word or a date; "
                "allowed are values with commas between them, or LOW..HIGH"
            )
            return None
    return _of_values(key, values, problems)


def row_of(key: str) -> str | None:
    """The evidence row whose value a key sets; None if it is another key."""
    parts = key.split(".")
    return parts[1] if len(parts) == 3 and parts[0] == "evidence" and parts[2] == "value" else None


def _of_values(key: str, values: Sequence[Any], problems: list[str]) -> Factor | None:
    twice = [v for i, v in enumerate(values) if v in values[:i]]
    if not values:
        problems.append(f"{key}: has no values")
    elif twice:
        problems.append(f"{key}: {twice[0]!r} is named more than once")
    else:
        return Factor(key, tuple(values))
    return None


def _of_row(key: str, evidence: Mapping[str, EvidenceRow], problems: list[str]) -> Factor | None:
    name = row_of(key)
    row = evidence.get(name) if name else None
    if row is None:
        problems.append(
            f"{key}=..: means the own range of an evidence row, for example evidence.ROW.value=..; "
            "for any other key write LOW..HIGH"
        )
        return None
    if not row.low < row.high or row.distribution == "fixed":
        problems.append(f"{key}=..: this row has no range (its distribution is fixed); write LOW..HIGH")
        return None
    return Factor(key, low=row.low, high=row.high, scale="evidence", row=row)


def _of_range(key: str, text: str, found: re.Match[str], problems: list[str]) -> Factor | None:
    low, high = _number(found["low"]), _number(found["high"])
    how = dict(word.partition("=")[::2] for word in found["how"].split(":")[1:])
    wrong: list[str] = []
    for end, number in (("low", low), ("high", high)):
        if number is None:
            wrong.append(f"its {end} end must be a number, found {found[end]!r}")
    unknown = [word for word in how if word not in ("log", "integer", "steps")]
    if unknown:
        wrong.append(f"unknown word '{unknown[0]}'; allowed are log, integer and steps=NUMBER")
    steps = 0
    if "steps" in how:
        steps = int(how["steps"]) if how["steps"].isdigit() else 0
        if not 2 <= steps <= 10_000:
            wrong.append(f"steps must be a whole number from 2 to 10000, found {how['steps']!r}")
    if low is not None and high is not None:
        if low >= high:
            wrong.append(f"its low end must be below its high end, found {low:g} and {high:g}")
        if "log" in how and low <= 0:
            wrong.append(f"a log range must lie above 0, found {low:g}")
        if "integer" in how and not (low.is_integer() and high.is_integer()):
            wrong.append(f"an integer range needs whole ends, found {low:g} and {high:g}")
    if wrong or low is None or high is None:
        problems += [f"{key}={text}: {sentence}" for sentence in wrong]
        return None
    scale: Scale = "log" if "log" in how else "linear"
    factor = Factor(key, low=low, high=high, scale=scale, integer="integer" in how)
    return Factor(key, _steps(factor, steps)) if steps else factor


def _steps(factor: Factor, steps: int) -> tuple[float | int, ...]:
    """Evenly spread values from low to high, both included."""
    log = factor.scale == "log"
    low, high = (math.log(factor.low), math.log(factor.high)) if log else (factor.low, factor.high)
    inner = [low + (high - low) * i / (steps - 1) for i in range(1, steps - 1)]
    values = [factor.low, *(math.exp(v) if log else v for v in inner), factor.high]
    return tuple(dict.fromkeys(round(v) for v in values)) if factor.integer else tuple(values)


def _number(text: str) -> float | None:
    try:
        value = plain_value(text.strip())
    except NotPlain:
        return None
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
