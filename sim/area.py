"""The area: localities, the children who live there by age and deprivation, and the places where they spend
time.

An area comes in one of three kinds. *aggregates*: published counts per locality (children by age band and
deprivation quintile, number and size of schools by phase), from which synthetic places are drawn; *files*: a
folder with the user's own places, written by ``opendoor area build``; *referral_stream*: no population at
all, just a stream of referrals to one hub, for plain waiting-list work. Each becomes the same plain arrays,
and each field says whether it is published, derived, synthetic or assumed.
"""

from __future__ import annotations

import csv
import difflib
import io
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

import numpy as np
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    TypeAdapter,
    ValidationError,
    field_validator,
    model_validator,
)

from sim.errors import InputError

N_AGES = 20
N_QUINTILES = 5
BANDS: dict[str, tuple[int, int]] = {"0-4": (0, 4), "5-10": (5, 10), "11-17": (11, 17), "18-19": (18, 19)}
"""Age bands of the aggregates: first and last single year of age."""

KINDS = ("hub", "early_years", "primary", "secondary", "special")
HUB, EARLY_YEARS, PRIMARY, SECONDARY, SPECIAL = range(5)

NEEDED_PLACES: tuple[tuple[int, int, int], ...] = (
    (EARLY_YEARS, 0, 4),
    (PRIMARY, 5, 10),
    (SECONDARY, 11, 17),
)
"""(kind of place, first age, last age): children of these ages need at least one such place in their
locality.
"""

PlaceKind = Literal["hub", "early_years", "primary", "secondary", "special"]
Band = Literal["0-4", "5-10", "11-17", "18-19"]
Count = Annotated[int, Field(ge=0)]
Share = Annotated[float, Field(ge=0, le=1)]
Weight = Annotated[float, Field(ge=0, allow_inf_nan=False)]
FiveCounts = tuple[Count, Count, Count, Count, Count]

PROVENANCE = ("published", "derived", "synthetic", "assumed")


# --------------------------------------------------------------------------------------------------- config


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
        )


AreaConfig = Annotated[AggregatesConfig | FilesConfig | ReferralStreamConfig, Field(discriminator="kind")]

_ADAPTER: TypeAdapter[AggregatesConfig | FilesConfig | ReferralStreamConfig] = TypeAdapter(AreaConfig)


def parse_area(fields: Mapping[str, Any]) -> AggregatesConfig | FilesConfig | ReferralStreamConfig:
    """Check the ``area`` part of a configuration. Raises InputError with all problems, one sentence each."""
    try:
        return _ADAPTER.validate_python(dict(fields))
    except ValidationError as error:
        raise InputError([_sentence(detail) for detail in error.errors()]) from error


def _sentence(detail: Any) -> str:
    location = [str(part) for part in detail["loc"] if part not in ("aggregates", "files", "referral_stream")]
    key = ".".join(["area", *location])
    match detail["type"]:
        case "extra_forbidden":
            known = sorted(_known_keys(location[:-1]))
            near = difflib.get_close_matches(location[-1], known, 1)
            return f"{key}: unknown key" + (
                f"; did you mean {near[0]!r}?" if near else f"; allowed: {', '.join(known)}"
            )
        case "missing":
            return f"{key}: missing"
        case "union_tag_invalid" | "union_tag_not_found":
            return f"{key}.kind: must be one of aggregates, files, referral_stream"
        case "value_error":
            return f"{key}: {detail['msg'].removeprefix('Value error, ')}"
        case _:
            return f"{key}: found {detail['input']!r}; {detail['msg']}"


def _known_keys(parents: list[str]) -> set[str]:
    """Keys allowed where an unknown one was found (of every kind of area at the top level)."""
    models: dict[str, type[BaseModel]] = {
        "demand": Demand,
        "early_years": EarlyYearsRule,
        "mix": Mix,
        "localities": Locality,
        "settings": SizeSpread,
    }
    for parent in reversed(parents):
        if parent in models:
            return set(models[parent].model_fields)
    return {
        key for kind in (AggregatesConfig, FilesConfig, ReferralStreamConfig) for key in kind.model_fields
    }


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


# ------------------------------------------------------------------------------------------------ arrays


@dataclass(frozen=True)
class Area:
    """Everything about where children are, as plain arrays. Quintile index 0 is quintile 1, the most
    deprived.
    """

    name: str
    localities: tuple[str, ...]
    children: np.ndarray
    """int64 (n_localities, 20, 5): children by single year of age 0..19 and IMD quintile."""
    place_name: tuple[str, ...]
    place_kind: np.ndarray
    """int8 (n_places,): index into KINDS: 0 hub, 1 early_years, 2 primary, 3 secondary, 4 special."""
    place_locality: np.ndarray
    """int32 (n_places,): index into localities."""
    place_size: np.ndarray
    """float64 (n_places,): children the place holds; hubs 0."""
    place_quintile: np.ndarray
    """int8 (n_places,): 0..4."""
    place_easting: np.ndarray
    """float64 (n_places,): metres, Ordnance Survey grid."""
    place_northing: np.ndarray
    """float64 (n_places,): metres, Ordnance Survey grid."""
    provenance: dict[str, str]
    """Field -> text opening with published, derived, synthetic or assumed."""


def build_area(config: AggregatesConfig | FilesConfig | ReferralStreamConfig) -> Area:
    """Arrays of an area from its checked configuration; the same configuration always gives the same arrays.

    Raises InputError with all problems: no localities or children, a locality named twice or without
    children, children without any place of the phase they need, age totals that disagree, files that cannot
    be used.
    """
    match config:
        case AggregatesConfig():
            from sim.synthetic import area_from_aggregates

            area = area_from_aggregates(config)
        case FilesConfig():
            from sim.importers.area_folder import read_area_folder

            area = read_area_folder(Path(config.folder))
        case _:
            return _from_stream(config)
    problems = area_problems(area)
    if problems:
        raise InputError(problems)
    return area


def area_problems(area: Area) -> list[str]:
    """What makes an area unusable: one sentence per problem (empty when it is sound)."""
    if not area.localities or not area.children.any():
        return [f"area {area.name!r} is empty: it needs at least one locality with children"]
    problems = []
    for index, locality in enumerate(area.localities):
        by_age = area.children[index].sum(axis=1)
        if not by_age.any():
            problems.append(f"locality {locality!r} has no children; leave it out or give it some")
            continue
        kinds = set(area.place_kind[area.place_locality == index].tolist())
        if HUB not in kinds:
            problems.append(f"locality {locality!r} has no hub; every locality needs at least one")
        for kind, first, last in NEEDED_PLACES:
            children = int(by_age[first : last + 1].sum())
            if children and kind not in kinds:
                problems.append(
                    f"locality {locality!r} has {children:,} children aged {first}-{last} but no "
                    f"{KINDS[kind]} place; it needs at least one"
                )
    if SPECIAL not in area.place_kind:
        problems.append(f"area {area.name!r} has no special school; it needs at least one")
    return problems


# --------------------------------------------------------------------------------------- building blocks


class Places:
    """Lists of places under construction, one entry per place in each; becomes the arrays of an Area."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self.kinds: list[int] = []
        self.localities: list[int] = []
        self.sizes: list[float] = []
        self.quintiles: list[int] = []
        self.eastings: list[float] = []
        self.northings: list[float] = []

    def area(
        self, name: str, localities: tuple[str, ...], children: np.ndarray, provenance: dict[str, str]
    ) -> Area:
        return Area(
            name=name,
            localities=localities,
            children=children,
            place_name=tuple(self.names),
            place_kind=np.array(self.kinds, dtype=np.int8),
            place_locality=np.array(self.localities, dtype=np.int32),
            place_size=np.array(self.sizes, dtype=np.float64),
            place_quintile=np.array(self.quintiles, dtype=np.int8),
            place_easting=np.array(self.eastings, dtype=np.float64),
            place_northing=np.array(self.northings, dtype=np.float64),
            provenance=provenance,
        )


# ---------------------------------------------------------------------------------- kind: referral_stream


def _from_stream(config: ReferralStreamConfig) -> Area:
    places = Places()
    places.names, places.kinds, places.localities = [f"{config.name} hub"], [HUB], [0]
    places.sizes, places.quintiles, places.eastings, places.northings = [0.0], [2], [0.0], [0.0]
    note = "assumed: a stream of referrals has one locality and one hub"
    fields = ("localities", "place_name", "place_kind", "place_locality", "place_size", "place_quintile")
    return places.area(
        config.name,
        (config.name,),
        np.zeros((1, N_AGES, N_QUINTILES), dtype=np.int64),
        {
            **{f"area.{key}": text for key, text in config.provenance.items()},
            "children": "assumed: no population; children exist only as referrals",
            **dict.fromkeys((*fields, "place_easting", "place_northing"), note),
        },
    )


assert get_args(PlaceKind) == KINDS
assert get_args(Band) == tuple(BANDS)
