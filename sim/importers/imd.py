"""Deprivation of small areas: Index of Multiple Deprivation 2019 (LSOAs of 2011) or 2025 (LSOAs of 2021)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from sim.errors import InputError
from sim.importers.tables import Column, read_header, read_table


@dataclass(frozen=True)
class Deprivation:
    """Quintile of every small area in a file."""

    quintile: dict[str, int]
    """LSOA code -> quintile 1 (most deprived) .. 5."""
    vintage: int
    """Census whose boundaries the codes follow: 2011 (index of 2019) or 2021 (index of 2025)."""
    year: int
    """Year of the index: 2019 or 2025."""


def quintile_of_decile(decile: np.ndarray) -> np.ndarray:
    """Quintile 1..5 of deciles 1..10 (1 = most deprived)."""
    return (np.asarray(decile, dtype=np.int64) + 1) // 2


def read_imd(path: str | Path) -> Deprivation:
    """Quintiles from a file with ``lsoa11_code`` (2019) or ``lsoa21_code`` (2025) and ``imd_decile``.

    Raises InputError with all problems.
    """
    path = Path(path)
    newer = "lsoa21_code" in read_header(path)
    code = "lsoa21_code" if newer else "lsoa11_code"
    frame = read_table(path, [Column(code, unique=True), Column("imd_decile", "integer", low=1, high=10)])
    quintile = quintile_of_decile(frame["imd_decile"].to_numpy())
    return Deprivation(
        quintile=dict(zip(frame[code], quintile.tolist(), strict=True)),
        vintage=2021 if newer else 2011,
        year=2025 if newer else 2019,
    )


def read_lsoa_lookup(path: str | Path) -> dict[str, list[str]]:
    """LSOA of 2011 -> LSOAs of 2021 that cover it, from a file with ``lsoa11_code`` and ``lsoa21_code``."""
    frame = read_table(path, [Column("lsoa11_code"), Column("lsoa21_code")])
    lookup: dict[str, list[str]] = {}
    for older, newer in zip(frame["lsoa11_code"], frame["lsoa21_code"], strict=True):
        lookup.setdefault(older, []).append(newer)
    return lookup


def quintiles_for(
    codes: tuple[str, ...], vintage: int, imd: Deprivation, lookup: dict[str, list[str]] | None
) -> np.ndarray:
    """Quintile 1..5 of each small area, int64 (n,).

    Where areas follow 2011 and the index 2021 boundaries, ``lookup`` joins them: a split area takes the
    middle of its parts' quintiles (the more deprived of two middles). Raises InputError for areas without a
    quintile.
    """
    if vintage == imd.vintage:
        covers = {code: [code] for code in codes}
    elif vintage == 2011 and lookup is not None:
        covers = {code: lookup.get(code, []) for code in codes}
    else:
        raise InputError(
            f"the population file uses LSOAs of {vintage} and the deprivation file LSOAs of {imd.vintage}; "
            "use files of the same boundaries, or for a 2011 population give a look-up file "
            "(lsoa11_code, lsoa21_code)"
        )
    parts = [sorted(imd.quintile[c] for c in covers[code] if c in imd.quintile) for code in codes]
    missing = [code for code, part in zip(codes, parts, strict=True) if not part]
    if missing:
        raise InputError(
            f"{len(missing):,} of {len(codes):,} small areas have no quintile in the IMD {imd.year} file: "
            + ", ".join(missing[:5])
            + (" ..." if len(missing) > 5 else "")
        )
    return np.array([part[(len(part) - 1) // 2] for part in parts], dtype=np.int64)
