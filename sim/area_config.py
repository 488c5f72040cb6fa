"""The ``area`` part of a configuration, in one of three kinds.

*aggregates*: published counts per locality (children by age band and deprivation quintile, number and size of schools
by phase), from which synthetic places are drawn; *files*: a folder with the user's own places, written by ``opendoor
area build``; *referral_stream*: no population at all, just a stream of referrals to one hub, for plain waiting-list
work. :mod:`sim.area_building` makes the same plain arrays of each.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from typing import Annotated, Any, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from sim.area import BANDS, KINDS, N_AGES, N_QUINTILES, PROVENANCE
from sim.importers.tables import DateFormat

PlaceKind = Literal["hub", "early_years", "primary", "secondary", "special"]
Band = Literal["0-4", "5-10", "11-17", "18-19"]
Count = Annotated[int, Field(ge=0)]
Share = Annotated[float, Field(ge=0, le=1)]
Weight = Annotated[float, Field(ge=0, allow_inf_nan=False)]
FiveCounts = tuple[Count, Count, Count, Count, Count]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Demand(_Strict):
    """Where demand comes from. ``population``: needs arise among the children, are or are not noticed, and
    seek help. ``referrals``: a given stream of referrals, either a weekly rate with month weights and growth
    or, when ``csv`` is set, the dated referrals in that file."""

    mode: Literal["population", "referrals"] = "population"
    referrals_per_week: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = None
    month_weights: tuple[Weight, ...] = Field(
        default=(1.0,) * 12,
        min_length=12,
        max_length=12,
        description="January to December; each multiplies the weekly rate.",
    )
    growth_per_year: Annotated[float, Field(gt=-1, allow_inf_nan=False)] = 0.0
    csv: str | None = Field(default=None, description="File of dated referrals; replaces the weekly rate.")
    csv_dates: DateFormat = "YYYY-MM-DD"

    @model_validator(mode="after")
    def _usable(self) -> Demand:
        if not any(self.month_weights):
            raise ValueError("month_weights are all 0; at least one month needs a weight above 0")
        if self.mode == "referrals" and self.referrals_per_week is None and self.csv is None:
            raise ValueError("mode referrals needs referrals_per_week or csv")
        return self


class SizeSpread(_Strict):
    """How many settings of a phase there are, and how large: mean, cv (sd / mean), smallest and largest, in
    children.
    """

    number: Count
    mean: Annotated[float, Field(gt=0, allow_inf_nan=False)]
    cv: Annotated[float, Field(ge=0, allow_inf_nan=False)]
    smallest: Annotated[float, Field(gt=0, allow_inf_nan=False)]
    largest: Annotated[float, Field(gt=0, allow_inf_nan=False)]

    @model_validator(mode="after")
    def _in_order(self) -> SizeSpread:
        if not self.smallest <= self.mean <= self.largest:
            raise ValueError(
                "smallest, mean and largest must be in order: "
                f"found {self.smallest:g}, {self.mean:g}, {self.largest:g}"
            )
        return self


class EarlyYearsRule(_Strict):
    """Early-years settings where no list exists: a number per 1,000 children under five, and their sizes."""

    per_1000_under_fives: Annotated[float, Field(gt=0, allow_inf_nan=False)]
    mean: Annotated[float, Field(gt=0, allow_inf_nan=False)]
    cv: Annotated[float, Field(ge=0, allow_inf_nan=False)]
    smallest: Annotated[float, Field(gt=0, allow_inf_nan=False)]
    largest: Annotated[float, Field(gt=0, allow_inf_nan=False)]


class Locality(_Strict):
    """One locality's aggregates: children by band and IMD quintile (first = most deprived) and settings by
    phase.
    """

    name: Annotated[str, Field(min_length=1)]
    children: dict[Band, FiveCounts]
    settings: dict[PlaceKind, SizeSpread]
    easting: Annotated[float, Field(allow_inf_nan=False)]
    northing: Annotated[float, Field(allow_inf_nan=False)]
    spread_metres: Annotated[float, Field(ge=0, allow_inf_nan=False)]

    @field_validator("settings", mode="before")
    @classmethod
    def _from_lists(cls, settings: Any) -> Any:
        """Accept the short form ``primary: [number, mean, cv, smallest, largest]``."""
        if not isinstance(settings, Mapping):
            return settings
        fields = list(SizeSpread.model_fields)
        return {
            kind: dict(zip(fields, spread, strict=True))
            if isinstance(spread, list | tuple) and len(spread) == len(fields)
            else spread
            for kind, spread in settings.items()
        }


class _AreaBase(_Strict):
    name: Annotated[str, Field(min_length=1)]
    provenance: dict[str, str] = Field(default_factory=dict)

    @field_validator("provenance")
    @classmethod
    def _says_which(cls, provenance: dict[str, str]) -> dict[str, str]:
        wrong = [key for key, text in provenance.items() if text.split(":")[0] not in PROVENANCE]
        if wrong:
            raise ValueError(
                f"{', '.join(wrong)}: each text must open with one of "
                + ", ".join(f"'{word}:'" for word in PROVENANCE)
            )
        return provenance


class AggregatesConfig(_AreaBase):
    """An area given by aggregates per locality; its places are synthetic."""

    kind: Literal["aggregates"]
    demand: Demand = Demand()
    localities: tuple[Locality, ...]
    single_year_totals: tuple[Count, ...] | None = Field(
        default=None,
        min_length=N_AGES,
        max_length=N_AGES,
        description="Children of age 0, 1 .. 19 in the area; must agree with the bands. Null: even spread.",
    )
    early_years: EarlyYearsRule
    hubs_per_locality: Annotated[int, Field(ge=1)]

    @field_validator("localities", mode="before")
    @classmethod
    def _from_text(cls, localities: Any) -> Any:
        """Accept the compact form: one comma-separated line per locality under a heading line."""
        return localities_from_text(localities) if isinstance(localities, str) else localities


class FilesConfig(_AreaBase):
    """An area in a folder written by ``opendoor area build``; name and provenance come from its
    ``area.yaml``.
    """

    kind: Literal["files"]
    name: str = ""
    demand: Demand = Demand()
    folder: Annotated[str, Field(min_length=1)]


class Mix(_Strict):
    """Who is in a stream of referrals when no file says: shares by kind, age band and IMD quintile."""

    kinds: dict[str, Share]
    ages: dict[Band, Share]
    quintiles: tuple[Share, Share, Share, Share, Share]
    urgent_share: Share = 0.0

    @model_validator(mode="after")
    def _add_up(self) -> Mix:
        shares = {"kinds": self.kinds.values(), "ages": self.ages.values(), "quintiles": self.quintiles}
        wrong = [f"{key} add up to {sum(v):g}, not 1" for key, v in shares.items() if abs(sum(v) - 1) > 1e-6]
        if wrong:
            raise ValueError("; ".join(wrong))
        return self


class ReferralStreamConfig(_AreaBase):
    """A plain stream of referrals to one hub in one locality: no population, no schools."""

    kind: Literal["referral_stream"]
    referrals_per_week: Annotated[float, Field(gt=0, allow_inf_nan=False)]
    month_weights: tuple[Weight, ...] = Field(default=(1.0,) * 12, min_length=12, max_length=12)
    growth_per_year: Annotated[float, Field(gt=-1, allow_inf_nan=False)] = 0.0
    csv: str | None = None
    csv_dates: DateFormat = "YYYY-MM-DD"
    mix: Mix

    @model_validator(mode="after")
    def _demand_is_usable(self) -> ReferralStreamConfig:
        _ = self.demand
        return self

    @property
    def demand(self) -> Demand:
        """The same fields as every other area's ``demand``, always in mode ``referrals``."""
        return Demand(
            mode="referrals",
            referrals_per_week=self.referrals_per_week,
            month_weights=self.month_weights,
            growth_per_year=self.growth_per_year,
            csv=self.csv,
            csv_dates=self.csv_dates,
        )


AreaConfig = Annotated[AggregatesConfig | FilesConfig | ReferralStreamConfig, Field(discriminator="kind")]


# ------------------------------------------------------------------------------- compact text of localities

_TEXT_PLACE = ("easting", "northing", "spread_metres")
_TEXT_SPREAD = tuple(SizeSpread.model_fields)


def text_columns() -> list[str]:
    """Columns of the compact text form of localities, in order."""
    children = [f"{band}_q{quintile}" for band in BANDS for quintile in range(1, N_QUINTILES + 1)]
    settings = [f"{kind}_{field}" for kind in ("primary", "secondary", "special") for field in _TEXT_SPREAD]
    return ["name", *_TEXT_PLACE, *children, *settings]


def localities_from_text(text: str) -> list[dict[str, Any]]:
    """Localities from comma-separated lines: a heading line with :func:`text_columns`, then one line each.

    Raises ValueError (a problem of the configuration) naming the line for a wrong heading, a wrong number of
    fields or a field that is not a number.
    """
    lines = [
        [cell.strip() for cell in row] for row in csv.reader(io.StringIO(text), skipinitialspace=True) if row
    ]
    columns = text_columns()
    if not lines or lines[0] != columns:
        raise ValueError(f"the first line must be the heading {', '.join(columns)}")
    problems = []
    localities = []
    for number, cells in enumerate(lines[1:], start=2):
        if len(cells) != len(columns):
            problems.append(f"line {number} has {len(cells)} fields; the heading has {len(columns)}")
            continue
        row: dict[str, Any] = {"name": cells[0]}
        for column, cell in zip(columns[1:], cells[1:], strict=True):
            try:
                row[column] = float(cell) if "." in cell or "e" in cell else int(cell)
            except ValueError:
                problems.append(
                    f"line {number} ({cells[0]}), column {column}: found {cell!r}; allowed: a number"
                )
        if len(row) == len(columns):
            localities.append(_locality_fields(row))
    if problems:
        raise ValueError("; ".join(problems))
    return localities


def _locality_fields(row: dict[str, Any]) -> dict[str, Any]:
    quintiles = range(1, N_QUINTILES + 1)
    settings = {}
    for kind in ("primary", "secondary", "special"):
        spread = {field: row[f"{kind}_{field}"] for field in _TEXT_SPREAD}
        if spread["number"] != 0:
            settings[kind] = spread
    return {
        "name": row["name"],
        **{field: row[field] for field in _TEXT_PLACE},
        "children": {band: tuple(row[f"{band}_q{q}"] for q in quintiles) for band in BANDS},
        "settings": settings,
    }


assert get_args(PlaceKind) == KINDS
assert get_args(Band) == tuple(BANDS)
