"""Published aggregates of an area, computed from open files: what the shipped area configurations hold.

The shipped files carry these aggregates and no rows of the sources. A test computes them again from the open
files and compares, so the numbers can be traced.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from sim.area import BANDS, KINDS, N_AGES, N_QUINTILES, PRIMARY, SECONDARY, SPECIAL
from sim.importers.imd import quintile_of_decile, quintiles_for, read_imd
from sim.importers.localities import (
    children_by_locality,
    group_small_areas,
    locate,
    name_localities,
    share_out_schools,
)
from sim.importers.lsoa_population import read_lsoa_population
from sim.importers.schools_census import Schools, read_school_table, read_schools
from sim.importers.tables import Column, read_table

LSOA_POPULATION = "population_age0-19_by_lsoa11_priority_areas_mid2020.csv"
LA_POPULATION = "population_age0-25_by_la_mid2020.csv"
UPPER_TIER_POPULATION = "population_age0-25_by_upper_tier_la_mid2020.csv"
IMD_2019 = "imd2019_idaci_by_lsoa11_england.csv"
SCHOOLS_AREAS = "schools_priority_areas_census_jan2019.csv"
SCHOOLS_ENGLAND = "schools_england_census_jan2019.csv"

_PHASES = (PRIMARY, SECONDARY, SPECIAL)

DISTRICTS_SINCE_2019 = {
    **dict.fromkeys(("Aylesbury Vale", "Chiltern", "South Bucks", "Wycombe"), "Buckinghamshire"),
    **dict.fromkeys(
        ("Corby", "East Northamptonshire", "Kettering", "Wellingborough"), "North Northamptonshire"
    ),
    **dict.fromkeys(("Daventry", "Northampton", "South Northamptonshire"), "West Northamptonshire"),
}
"""Districts of 2019 that were merged by 2021 -> the authority they became."""

SCHOOL_AUTHORITIES = {
    "Cumberland": ("Cumbria",),
    "West Northamptonshire": ("North Northamptonshire", "West Northamptonshire"),
}
"""Authority named in the school file (2024 names for 2019 areas) -> the authorities of 2021 it stands for."""


def aggregate_area(folder: str | Path, la_name: str, localities: int = 5) -> dict[str, Any]:
    """Aggregates of one authority with small-area data: fields ``localities`` and ``single_year_totals``.

    ``folder`` holds the open files named in this module. Children: ONS mid-2020 by LSOA joined to IMD 2019.
    Localities: consecutive MSOAs. Schools: January 2019 census shared out from north to south.
    """
    folder = Path(folder)
    areas = read_lsoa_population(folder / LSOA_POPULATION, la_name)
    quintile = quintiles_for(areas.lsoa_code, areas.vintage, read_imd(folder / IMD_2019), None)
    group = group_small_areas(areas, localities)
    children = children_by_locality(areas, group, quintile)
    schools = read_schools(folder / SCHOOLS_AREAS, la_name)
    where = share_out_schools(schools, children)
    easting, northing, spread = locate(schools, where, localities)
    return {
        "localities": [
            {
                "name": name,
                **_position(easting[i], northing[i], spread[i]),
                "children": {
                    band: children[i, first : last + 1].sum(axis=0).tolist()
                    for band, (first, last) in BANDS.items()
                },
                "settings": _settings(schools, where == i),
            }
            for i, name in enumerate(name_localities(areas, group, la_name))
        ],
        "single_year_totals": children.sum(axis=(0, 2)).tolist(),
    }


def aggregate_england(folder: str | Path) -> dict[str, Any]:
    """Aggregates of England's upper-tier authorities as localities, in order of code.

    Children: ONS mid-2020 by authority; quintiles by the share of children 0-15 (mid-2015) in small areas of
    each IMD 2019 quintile. Schools: January 2019 census. An authority without a school of a phase its
    children need (City of London, Isles of Scilly) gets one, assumed, with as many places as it has children
    of those ages.
    """
    folder = Path(folder)
    ages = [f"age_{age}" for age in range(N_AGES)]
    population = read_table(
        folder / UPPER_TIER_POPULATION,
        [
            Column("upper_tier_code", unique=True),
            Column("upper_tier_name"),
            *[Column(a, "integer", low=0) for a in ages],
        ],
    ).sort_values("upper_tier_code")
    names = population["upper_tier_name"].tolist()
    by_age = population[ages].to_numpy(dtype=np.int64)
    shares = _quintile_children(folder, names)
    schools = _schools_by_authority(folder, dict(zip(names, by_age.sum(axis=1).tolist(), strict=True)))
    localities = []
    for i, name in enumerate(names):
        here = schools[name]
        easting, northing, spread = locate(here, np.zeros(len(here.urn), dtype=np.int64), 1)
        children = {}
        for band, (first, last) in BANDS.items():
            children[band] = apportion(int(by_age[i, first : last + 1].sum()), shares[i]).tolist()
        settings = _settings(here, np.ones(len(here.urn), dtype=bool))
        for kind, band in (("primary", "5-10"), ("secondary", "11-17")):
            if kind not in settings:
                size = max(sum(children[band]), 1)
                settings = {**settings, kind: [1, size, 0.0, size, size]}
        localities.append(
            {
                "name": name,
                **_position(easting[0], northing[0], spread[0]),
                "children": children,
                "settings": {kind: settings[kind] for kind in KINDS if kind in settings},
            }
        )
    return {"localities": localities, "single_year_totals": by_age.sum(axis=0).tolist()}


def apportion(total: int, weights: np.ndarray) -> np.ndarray:
    """``total`` shared over ``weights`` (n,) in whole numbers by largest remainders, int64 (n,)."""
    exact = total * np.asarray(weights, dtype=np.float64) / np.sum(weights)
    shared = np.floor(exact).astype(np.int64)
    rest = total - int(shared.sum())
    shared[np.argsort(-(exact - shared), kind="stable")[:rest]] += 1
    return shared


def _position(easting: float, northing: float, spread: float) -> dict[str, int]:
    """Centre and spread to 100 metres: enough for travel, too coarse to point at a school."""
    return {
        "easting": round(easting / 100) * 100,
        "northing": round(northing / 100) * 100,
        "spread_metres": round(spread / 100) * 100,
    }


def _settings(schools: Schools, here: np.ndarray) -> dict[str, list[float]]:
    """Number, mean, cv, smallest and largest of each phase of the schools selected; phases without any left
    out.
    """
    settings: dict[str, list[float]] = {}
    for kind in _PHASES:
        sizes = schools.pupils[here & (schools.kind == kind)]
        if len(sizes):
            cv = round(float(sizes.std(ddof=1) / sizes.mean()), 3) if len(sizes) > 1 else 0.0
            mean = round(float(sizes.mean()), 1)
            settings[KINDS[kind]] = [len(sizes), mean, cv, int(sizes.min()), int(sizes.max())]
    return settings


def _quintile_children(folder: Path, names: list[str]) -> np.ndarray:
    """Children 0-15 (mid-2015) by authority and IMD 2019 quintile, float64 (n, 5)."""
    lower = read_table(folder / LA_POPULATION, [Column("la_name"), Column("upper_tier_name")])
    upper = dict(zip(lower["la_name"], lower["upper_tier_name"], strict=True))
    small = read_table(
        folder / IMD_2019,
        [
            Column("la19_name"),
            Column("imd_decile", "integer"),
            Column("children_0_15_mid2015", "integer", low=0),
        ],
    )
    row = {name: i for i, name in enumerate(names)}
    where = [row[upper[DISTRICTS_SINCE_2019.get(name, name)]] for name in small["la19_name"]]
    counts = np.zeros((len(names), N_QUINTILES))
    quintile = quintile_of_decile(small["imd_decile"].to_numpy())
    np.add.at(
        counts, (np.array(where), quintile - 1), small["children_0_15_mid2015"].to_numpy(dtype=np.float64)
    )
    return counts


def _schools_by_authority(folder: Path, children: dict[str, int]) -> dict[str, Schools]:
    """Schools of each authority of 2021; a name that stands for two alternates by size."""
    frame = read_school_table(folder / SCHOOLS_ENGLAND)
    by_casefold = {name.casefold(): name for name in children}
    frame["authority"] = ""
    for name, here in frame.groupby("la_name", sort=False).groups.items():
        targets = SCHOOL_AUTHORITIES.get(str(name), (by_casefold.get(str(name).casefold(), ""),))
        ordered = frame.loc[here].sort_values(["kind", "pupils", "urn"])
        weights = np.array([children[target] for target in targets], dtype=float)
        # each school goes to the authority furthest behind its share of children, so that sizes mix alike
        seats = np.zeros(len(targets))
        chosen = []
        for _ in range(len(ordered)):
            place = int(np.argmax(weights / (seats + 0.5)))
            seats[place] += 1
            chosen.append(targets[place])
        frame.loc[ordered.index, "authority"] = chosen
    columns = ("urn", "name", "kind", "pupils", "fsm_share", "easting", "northing")
    found = {}
    for name in children:
        part = frame[frame["authority"] == name]
        arrays: dict[str, Any] = {
            c: part[c].to_numpy(dtype=np.int64 if c in ("urn", "kind") else np.float64)
            for c in columns
            if c != "name"
        }
        found[name] = Schools(name=tuple(part["name"]), **arrays)
    return found
