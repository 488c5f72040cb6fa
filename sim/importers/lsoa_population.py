"""Children by single year of age in small areas (LSOAs): ONS small-area estimates as one CSV file."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from sim.area import N_AGES
from sim.errors import InputError
from sim.importers.tables import Column, read_header, read_table


@dataclass(frozen=True)
class SmallAreas:
    """Small areas of one authority, in order of district and MSOA number."""

    lsoa_code: tuple[str, ...]
    district: tuple[str, ...]
    """Name of the lower-tier authority, from the area's name ('Oldham' of 'Oldham 001A')."""
    msoa: np.ndarray
    """int64 (n,): middle-layer area number within the district (1 of 'Oldham 001A')."""
    children: np.ndarray
    """int64 (n, 20): by single year of age."""
    vintage: int
    """Census whose boundaries the codes follow: 2011 or 2021."""


def read_lsoa_population(path: str | Path, la_name: str) -> SmallAreas:
    """Small areas of the authority ``la_name`` (lower or upper tier).

    Columns: ``lsoa11_code`` or ``lsoa21_code`` with the matching ``_name``, ``la_name``, optionally
    ``upper_tier_name``, ``age_0`` .. ``age_19``. Raises InputError with all problems.
    """
    path = Path(path)
    prefix = "lsoa21" if "lsoa21_code" in read_header(path) else "lsoa11"
    ages = [f"age_{age}" for age in range(N_AGES)]
    frame = read_table(
        path,
        [
            Column(f"{prefix}_code", unique=True),
            Column(f"{prefix}_name"),
            Column("la_name"),
            Column("upper_tier_name", required=False, blank=True),
            *[Column(age, "integer", low=0) for age in ages],
        ],
    )
    upper = frame["upper_tier_name"] if "upper_tier_name" in frame else frame["la_name"]
    here = (frame["la_name"] == la_name) | (upper == la_name)
    if not here.any():
        raise InputError(
            unknown_authority(path, la_name, [*frame["la_name"].unique(), *upper.dropna().unique()])
        )
    frame = frame[here]
    parts = frame[f"{prefix}_name"].str.extract(r"^(?P<district>.+) (?P<msoa>\d{3})[A-Z]{1,2}$")
    odd = parts["msoa"].isna()
    if odd.any():
        found = ", ".join(frame.loc[odd, f"{prefix}_name"].head(5))
        raise InputError(
            f"{path}, column '{prefix}_name': found {found}; allowed: names such as 'Oldham 001A'"
        )
    frame = frame.assign(district=parts["district"], msoa=parts["msoa"].astype(int))
    frame = frame.sort_values(["district", "msoa", f"{prefix}_name"], kind="stable")
    return SmallAreas(
        lsoa_code=tuple(frame[f"{prefix}_code"]),
        district=tuple(frame["district"]),
        msoa=frame["msoa"].to_numpy(dtype=np.int64),
        children=frame[ages].to_numpy(dtype=np.int64),
        vintage=2021 if prefix == "lsoa21" else 2011,
    )


def unknown_authority(path: Path, la_name: str, known: list[str]) -> str:
    """Sentence for an authority that a file does not hold."""
    near = difflib.get_close_matches(la_name, known, 1)
    return f"{path}: no rows for the authority {la_name!r}" + (f"; did you mean {near[0]!r}?" if near else "")
