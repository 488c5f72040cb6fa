"""The evidence table: every number about the world, with where it comes from and how sure we are of it.

A row says what the number is, the range it may plausibly lie in, its unit, its source and a grade from
*measured* to *assumed*. Systems and areas refer to rows by name, so no number about children, needs, services
or staff is hidden in code. Sampling a row gives a value inside its range: that is how uncertainty about the
evidence (as opposed to luck within a run) enters a sweep.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from statistics import NormalDist
from typing import TYPE_CHECKING, Any, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from sim.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

Unit = Literal[
    "minutes",
    "days",
    "weeks",
    "years",
    "share",
    "per_year",
    "per_1000_per_year",
    "odds_ratio",
    "hazard_ratio",
    "multiplier",
    "points",
    "points_per_year",
    "sd",
    "count",
    "hours_per_year",
    "wte_per_100k",
    "pounds",
    "pounds_per_hour",
    "australian_dollars",
    "metres",
    "standard_normal",
]
Distribution = Literal["fixed", "uniform", "triangular", "beta", "lognormal", "normal"]
Grade = Literal["measured", "published", "expert", "assumed"]

MARKS = {
    "a": ("measured", "published"),
    "a*": ("published",),
    "b-H": ("expert",),
    "b-M": ("expert",),
    "b-L": ("assumed",),
}
"""Grades each mark allows, strongest mark first; a mixed mark such as ``a/b-L`` takes the weakest of its
parts.
"""

_MARK_PART = re.compile(r"(a\*|a|b-H|b-M|b-L)(?: \([a-z ]+\))?")


class EvidenceRow(BaseModel):
    """One number about the world.

    ``low <= value <= high`` in ``unit``. ``distribution`` is the shape of our uncertainty about the number,
    used by :func:`sample`; ``fixed`` rows are design choices or check figures and are never varied. ``mark``
    records how the number was obtained (``a`` read in the source, ``a*`` arithmetic on such figures,
    ``b-H``/``b-M``/``b-L`` from memory with high, medium or low confidence) and must agree with ``grade``.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    value: float = Field(allow_inf_nan=False, description="Best figure, in the unit named.")
    low: float = Field(allow_inf_nan=False, description="Lower end of the plausible range.")
    high: float = Field(allow_inf_nan=False, description="Upper end of the plausible range.")
    unit: Unit = Field(description="Unit of value, low and high.")
    distribution: Distribution = Field(description="Shape of the uncertainty about the number.")
    grade: Grade = Field(description="How good the evidence is.")
    mark: str = Field(description="How the number was obtained.")
    source: str = Field(
        min_length=1, description="Study, statistic or report, with its address where there is one."
    )
    note: str | None = Field(default=None, description="What a reader should know before using it.")
    table_row: int | None = Field(default=None, ge=1, description="Row in the project's parameter table.")

    @model_validator(mode="after")
    def _consistent(self) -> EvidenceRow:
        wrong = [
            *_range_problems(self),
            *_distribution_problems(self),
            *_grade_problems(self.mark, self.grade),
        ]
        if wrong:
            raise ValueError("; ".join(wrong))
        return self


EvidenceTable = dict[str, EvidenceRow]


def _range_problems(row: EvidenceRow) -> list[str]:
    problems = []
    if row.low > row.high:
        problems.append(f"low must not be above high: found low {row.low:g}, high {row.high:g}")
    elif not row.low <= row.value <= row.high:
        end = "low" if row.value < row.low else "high"
        problems.append(
            f"value {row.value:g} is outside the row's own range, {row.low:g} to {row.high:g}; "
            f"if it is meant, set {end} to {row.value:g}, too"
        )
    if row.unit == "share" and not (row.low >= 0 and row.high <= 1):
        problems.append(f"a share must lie within 0 and 1: found {row.low:g} to {row.high:g}")
    return problems


def _distribution_problems(row: EvidenceRow) -> list[str]:
    if row.distribution == "fixed":
        return []
    problems = []
    if not row.low < row.high:
        problems.append(
            f"a {row.distribution} row needs low below high: found {row.low:g} for both; or use fixed"
        )
    if row.distribution == "lognormal" and row.low <= 0:
        problems.append(f"a lognormal row needs low above 0: found {row.low:g}")
    if row.distribution == "beta" and not (row.low > 0 and row.high < 1):
        problems.append(f"a beta row needs low above 0 and high below 1: found {row.low:g} to {row.high:g}")
    return problems


@lru_cache(maxsize=1024)  # few marks, many rows
def _grade_problems(mark: str, grade: str) -> tuple[str, ...]:
    parts = mark.split("/")
    if not all(_MARK_PART.fullmatch(part) for part in parts):
        return (f"mark {mark!r} is not known; allowed: {', '.join(MARKS)}, joined with '/' when mixed",)
    bare = {part.split(" ")[0] for part in parts}
    weakest = [known for known in MARKS if known in bare][-1]
    if grade not in MARKS[weakest]:
        return (f"mark {mark!r} means grade {' or '.join(MARKS[weakest])}: found {grade!r}",)
    return ()


def sample(row: EvidenceRow, u: float) -> float:
    """Value of the row at probability ``u`` of its uncertainty distribution (inverse cumulative
    distribution).

    ``u`` lies strictly between 0 and 1; the result lies in ``[row.low, row.high]`` and does not fall as ``u``
    rises, so that any design over the unit cube (Latin hypercube, Sobol) can be pushed through it.

    - fixed: ``value``; uniform: between low and high; triangular: mode at ``value``;
    - normal: mean ``value``, standard deviation (high - low) / (2 x 1.96), cut off at low and high;
    - lognormal, beta: fitted so that low and high are the 2.5 and 97.5 % points, cut off there.

    Raises ValueError when ``u`` is not strictly between 0 and 1.
    """
    if not 0 < u < 1:
        raise ValueError(f"u must lie strictly between 0 and 1: found {u!r}")
    match row.distribution:
        case "fixed":
            return row.value
        case "uniform":
            drawn = row.low + u * (row.high - row.low)
        case "triangular":
            drawn = _triangular(row.low, row.value, row.high, u)
        case "normal":
            drawn = _cut_normal(row.value, (row.high - row.low) / (2 * _Z975), row.low, row.high, u)
        case "lognormal":
            low, high = math.log(row.low), math.log(row.high)
            drawn = math.exp(_cut_normal((low + high) / 2, (high - low) / (2 * _Z975), low, high, u))
        case "beta":
            drawn = _cut_beta(row.low, row.high, u)
    return min(max(drawn, row.low), row.high)


_Z975 = 1.96  # the convention of the rows: a range is read as a 95 % interval


def _triangular(low: float, mode: float, high: float, u: float) -> float:
    width = high - low
    if u * width <= mode - low:
        return low + math.sqrt(u * width * (mode - low))
    return high - math.sqrt((1 - u) * width * (high - mode))


def _cut_normal(mean: float, sd: float, low: float, high: float, u: float) -> float:
    normal = NormalDist(mean, sd)
    below, above = normal.cdf(low), normal.cdf(high)
    return normal.inv_cdf(below + u * (above - below))


def _cut_beta(low: float, high: float, u: float) -> float:
    from scipy.stats import beta

    a, b = _fit_beta(low, high)
    return float(beta.ppf(0.025 + 0.95 * u, a, b))


@lru_cache(maxsize=1024)
def _fit_beta(low: float, high: float) -> tuple[float, float]:
    """Shape parameters of the beta distribution whose 2.5 and 97.5 % points are ``low`` and ``high``."""
    import numpy as np
    from scipy.optimize import least_squares
    from scipy.stats import beta

    def miss(log_shape: np.ndarray) -> np.ndarray:
        a, b = np.exp(log_shape)
        return np.array([beta.cdf(low, a, b) - 0.025, beta.cdf(high, a, b) - 0.975])

    mean, sd = (low + high) / 2, (high - low) / (2 * _Z975)
    size = max(mean * (1 - mean) / sd**2 - 1, 0.5)
    start = np.log([mean * size, (1 - mean) * size])
    a, b = np.exp(least_squares(miss, start, bounds=(-5, 25), xtol=1e-14, ftol=1e-14, gtol=1e-14).x)
    return float(a), float(b)


def parse_table(rows: Mapping[str, Any], where: str = "evidence") -> EvidenceTable:
    """Check a mapping row name -> fields and return the table. ``where`` opens each message (a key or a
    file).

    Raises InputError with every problem of every row.
    """
    problems: list[str] = []
    table: EvidenceTable = {}
    for name, fields in rows.items():
        try:
            table[name] = EvidenceRow.model_validate(fields)
        except ValidationError as error:
            problems.extend(_sentences(where, name, error))
    if problems:
        raise InputError(problems)
    return table


def _sentences(where: str, name: str, error: ValidationError) -> list[str]:
    sentences = []
    for detail in error.errors():
        key = ".".join([where, name, *map(str, detail["loc"])])
        match detail["type"]:
            case "extra_forbidden":
                sentences.append(f"{key}: unknown key; allowed: {', '.join(EvidenceRow.model_fields)}")
            case "missing":
                sentences.append(f"{key}: missing")
            case "value_error":
                sentences.append(f"{key}: {detail['msg'].removeprefix('Value error, ')}")
            case _:
                sentences.append(f"{key}: found {detail['input']!r}; {detail['msg']}")
    return sentences


def read_tables(files: Sequence[Path]) -> EvidenceTable:
    """Read several evidence files (YAML) into one table; a ``defaults`` list in a file is skipped.

    Raises InputError with all problems: a file that cannot be read, a row that is not valid, and a row name
    that occurs twice, in one file or in two. (Composing configuration groups would silently let the later
    file win.)
    """
    problems: list[str] = []
    table: EvidenceTable = {}
    home: dict[str, Path] = {}
    for file in files:
        try:
            rows = _named_rows(file)
        except InputError as error:
            problems.extend(error.problems)
            continue
        for name, fields in rows:
            if name in home:
                where = "twice in" if home[name] == file else f"in {home[name].name} and in"
                problems.append(f"evidence row {name!r} is defined {where} {file.name}; keep one of them")
                continue
            home[name] = file
            try:
                table |= parse_table({name: fields}, file.name)
            except InputError as error:
                problems.extend(error.problems)
    if problems:
        raise InputError(problems)
    return table


def _named_rows(file: Path) -> list[tuple[str, Any]]:
    """Top-level (name, fields) pairs of a YAML file in order, repeated names included."""
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        reader = loader(file.read_text(encoding="utf-8"))
        node = reader.get_single_node()
        if node is None:
            return []
        if not isinstance(node, yaml.MappingNode):
            raise InputError(
                f"{file}: an evidence file is a mapping from row names to rows; found something else"
            )
        pairs = [
            (str(reader.construct_object(key, deep=True)), reader.construct_object(value, deep=True))
            for key, value in node.value
        ]
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise InputError(f"{file}: cannot be read as YAML: {' '.join(str(error).split())}") from error
    return [(name, fields) for name, fields in pairs if name != "defaults"]


def shipped_table() -> EvidenceTable:
    """The evidence table that comes with the package: all files of the configuration group ``evidence``."""
    from importlib.resources import files

    folder = Path(str(files("configs"))) / "evidence"
    return read_tables(sorted(folder.glob("*.yaml")))


def table_frame(rows: Mapping[str, EvidenceRow]) -> pd.DataFrame:
    """The table for display: one line per row, columns ``name`` and the fields of :class:`EvidenceRow`."""
    import pandas as pd

    columns = ["name", *EvidenceRow.model_fields]
    return pd.DataFrame([{"name": name, **row.model_dump()} for name, row in rows.items()], columns=columns)


GRADES: tuple[str, ...] = get_args(Grade)
"""From the best evidence to none."""
