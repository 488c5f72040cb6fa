"""Schools with their pupils: the DfE school census file (state-funded and non-maintained special schools)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from sim.area import EARLY_YEARS, PRIMARY, SECONDARY, SPECIAL
from sim.errors import InputError
from sim.importers.lsoa_population import unknown_authority
from sim.importers.osgb import to_grid
from sim.importers.tables import Column, read_table

if TYPE_CHECKING:
    import pandas as pd

PHASES = {
    "State-funded nursery": EARLY_YEARS,
    "State-funded primary": PRIMARY,
    "State-funded secondary": SECONDARY,
    "State-funded special school": SPECIAL,
    "Non-maintained special school": SPECIAL,
}
"""School type -> kind of place. Pupil referral units are left out: their pupils are on other schools' rolls
or there for weeks. All-through and middle schools count where the census puts them."""

_OTHER_TYPES = ("Pupil referral unit",)


@dataclass(frozen=True)
class Schools:
    """Schools of one authority with at least one pupil."""

    urn: np.ndarray
    """int64 (n,): unique reference number."""
    name: tuple[str, ...]
    kind: np.ndarray
    """int64 (n,): index into sim.area.KINDS."""
    pupils: np.ndarray
    """float64 (n,)"""
    fsm_share: np.ndarray
    """float64 (n,): pupils eligible for free school meals, share 0..1; NaN where withheld."""
    easting: np.ndarray
    """float64 (n,): metres; NaN where the file gives no location."""
    northing: np.ndarray
    left_out: tuple[int, int] = (0, 0)
    """Pupil referral units, and schools without pupils, that the file has besides."""


def read_school_table(path: str | Path) -> pd.DataFrame:
    """All schools of a census file: columns urn, name, la_name, kind, pupils, fsm_share, easting, northing.

    The file's own columns: urn, name, la_name, school_type, pupils; optional fsm_pupils, easting and northing
    or lat and lon. A postcode column is ignored. Raises InputError with all problems.
    """
    return _usable(_read(path))


def _read(path: str | Path) -> pd.DataFrame:
    return read_table(
        path,
        [
            Column("urn", "integer", unique=True, low=1),
            Column("name"),
            Column("la_name"),
            Column("school_type", allowed=(*PHASES, *_OTHER_TYPES)),
            Column("pupils", "integer", low=0),
            Column("fsm_pupils", "integer", required=False, blank=True, suppressed=True, low=0),
            Column("easting", "number", required=False, blank=True),
            Column("northing", "number", required=False, blank=True),
            Column("lat", "number", required=False, blank=True, low=-90, high=90),
            Column("lon", "number", required=False, blank=True, low=-180, high=180),
        ],
        exempt=("name", "postcode"),
    )


def _usable(frame: pd.DataFrame) -> pd.DataFrame:
    frame = frame[frame["school_type"].isin(list(PHASES)) & (frame["pupils"] > 0)].reset_index(drop=True)
    frame["kind"] = frame["school_type"].map(PHASES)
    fsm = frame["fsm_pupils"].astype("float64") if "fsm_pupils" in frame else np.nan
    frame["fsm_share"] = fsm / frame["pupils"]
    for column in ("easting", "northing", "lat", "lon"):
        if column not in frame:
            frame[column] = np.nan
    easting, northing = to_grid(frame["lat"].to_numpy(), frame["lon"].to_numpy())
    frame["easting"] = np.where(frame["easting"].isna(), np.round(easting), frame["easting"])
    frame["northing"] = np.where(frame["northing"].isna(), np.round(northing), frame["northing"])
    return frame[["urn", "name", "la_name", "kind", "pupils", "fsm_share", "easting", "northing"]]


def read_schools(path: str | Path, la_name: str) -> Schools:
    """Schools of the authority ``la_name``. Raises InputError with all problems."""
    rows = _read(path)
    frame = _usable(rows)
    here = frame[frame["la_name"] == la_name]
    if here.empty:
        raise InputError(unknown_authority(Path(path), la_name, list(frame["la_name"].unique())))
    rows = rows[rows["la_name"] == la_name]
    units = ~rows["school_type"].isin(list(PHASES))
    return Schools(
        urn=here["urn"].to_numpy(dtype=np.int64),
        name=tuple(here["name"]),
        kind=here["kind"].to_numpy(dtype=np.int64),
        pupils=here["pupils"].to_numpy(dtype=np.float64),
        fsm_share=here["fsm_share"].to_numpy(dtype=np.float64),
        easting=here["easting"].to_numpy(dtype=np.float64),
        northing=here["northing"].to_numpy(dtype=np.float64),
        left_out=(int(units.sum()), int((~units & (rows["pupils"] == 0)).sum())),
    )
