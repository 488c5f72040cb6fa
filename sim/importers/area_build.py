"""An area with its real schools and small areas, from open files the user holds (``opendoor area build``).

Children come from small-area population and deprivation, localities from groups of small areas, schools from
the school census. Early-years settings and hubs are in none of these files: what is missing is made up by
rule from the evidence table and says so, for the user to replace in places.csv.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import numpy as np

from sim.area import EARLY_YEARS, HUB, KINDS, Area, Places, area_problems
from sim.area_config import SizeSpread
from sim.errors import InputError
from sim.evidence import EvidenceTable, shipped_table
from sim.importers.area_folder import write_area_folder
from sim.importers.gias import Register, read_gias
from sim.importers.imd import quintiles_for, read_imd, read_lsoa_lookup
from sim.importers.localities import (
    children_by_locality,
    group_small_areas,
    locate,
    name_localities,
    school_quintiles,
    share_out_schools,
)
from sim.importers.lsoa_population import SmallAreas, read_lsoa_population
from sim.importers.schools_census import Schools, read_schools
from sim.synthetic import draw_quintiles, draw_sizes, generator


def build_area_folder(
    population_csv: str | Path,
    imd_csv: str | Path,
    schools_csv: str | Path,
    la_name: str,
    out_folder: str | Path,
    gias_csv: str | Path | None = None,
    localities: int = 5,
    lookup_csv: str | Path | None = None,
) -> Path:
    """Write the area ``la_name`` to the new folder ``out_folder`` (see ``area_folder``) and return its path.

    ``gias_csv``: the register of establishments, for present names and numbers of schools and for nursery
    schools missing from the census. ``lookup_csv``: LSOA 2011 to 2021, needed when population and deprivation
    differ in boundaries. Raises InputError with the problems of all files; nothing is written then.
    """
    if Path(out_folder).exists():
        raise InputError(f"{out_folder}: exists already; choose another folder or delete it first")
    evidence = shipped_table()
    problems: list[str] = []
    areas = _try(problems, lambda: read_lsoa_population(population_csv, la_name))
    imd = _try(problems, lambda: read_imd(imd_csv))
    schools = _try(problems, lambda: read_schools(schools_csv, la_name))
    register = _try(problems, lambda: read_gias(gias_csv, la_name)) if gias_csv is not None else None
    lookup = _try(problems, lambda: read_lsoa_lookup(lookup_csv)) if lookup_csv is not None else None
    if problems or areas is None or imd is None or schools is None:
        raise InputError(problems)
    units, empty = schools.left_out
    notes = [
        "published: names, phases and pupils from the school census file "
        f"(left out: pupil referral units, {units}; schools without pupils, {empty})"
    ]
    if register is not None:
        schools, note = apply_register(schools, register, evidence["early_years_setting_children"].value)
        notes.append(note)
    quintile = _try(problems, lambda: quintiles_for(areas.lsoa_code, areas.vintage, imd, lookup))
    group = _try(problems, lambda: group_small_areas(areas, localities))
    if problems or quintile is None or group is None:
        raise InputError(problems)
    area, ids = assemble(la_name, areas, group, quintile, schools, evidence, notes, imd.year)
    problems = area_problems(area)
    if problems:
        raise InputError(problems)
    return write_area_folder(area, out_folder, ids)


T = TypeVar("T")


def _try(problems: list[str], read: Callable[[], T]) -> T | None:
    """Result of ``read``; when it raises InputError its problems are added and the result is None."""
    try:
        return read()
    except InputError as error:
        problems += error.problems
        return None


def apply_register(schools: Schools, register: Register, nursery_size: float) -> tuple[Schools, str]:
    """Schools with present numbers and names, nursery schools only the register knows, and a note on what was
    done.

    A school that has closed under its number (most became academies) takes the number and name of the open
    school of the same name; without one it is kept as it is, because its pupils are still somewhere.
    """
    by_name = {_bare(name): urn for urn, name in register.names.items()}
    urns, names = schools.urn.copy(), list(schools.name)
    renumbered = kept = 0
    for i, urn in enumerate(schools.urn.tolist()):
        if urn in register.names:
            names[i] = register.names[urn]
        elif (now := by_name.get(_bare(names[i]))) is not None and now not in schools.urn:
            urns[i], names[i] = now, register.names[now]
            renumbered += 1
        else:
            kept += 1
    known = set(urns.tolist())
    extra = [u for u, phase in register.phases.items() if phase == "Nursery" and u not in known]
    n = len(extra)
    unknown = np.full(n, np.nan)
    merged = replace(
        schools,
        urn=np.concatenate([urns, np.array(extra, dtype=np.int64)]),
        name=(*names, *(register.names[u] for u in extra)),
        kind=np.concatenate([schools.kind, np.full(n, EARLY_YEARS, dtype=np.int64)]),
        pupils=np.concatenate([schools.pupils, np.full(n, nursery_size)]),
        fsm_share=np.concatenate([schools.fsm_share, unknown]),
        easting=np.concatenate([schools.easting, unknown]),
        northing=np.concatenate([schools.northing, unknown]),
    )
    return merged, (
        f"register applied: {renumbered} schools renumbered, {kept} not in the register kept, "
        f"{n} nursery schools added with an assumed size"
    )


def _bare(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", " ", name.casefold()).strip()


def assemble(
    la_name: str,
    areas: SmallAreas,
    group: np.ndarray,
    quintile: np.ndarray,
    schools: Schools,
    evidence: EvidenceTable,
    notes: list[str],
    imd_year: int,
) -> tuple[Area, list[str]]:
    """The area's arrays and the id of each place: hubs, made-up early-years settings, real schools."""
    names = name_localities(areas, group, la_name)
    children = children_by_locality(areas, group, quintile)
    where = share_out_schools(schools, children)
    centres = locate(schools, where, len(names))
    nurseries = np.bincount(where[schools.kind == EARLY_YEARS], minlength=len(names))
    places = Places()
    for index, name in enumerate(names):
        _make_up(places, la_name, index, name, children[index], int(nurseries[index]), centres, evidence)
    ids = [f"made-{i + 1}" for i in range(len(places.names))]
    lost = np.isnan(schools.easting) | np.isnan(schools.northing)
    scatter = (
        generator(la_name, "schools without a location").standard_normal((2, len(lost))) * centres[2][where]
    )
    quintiles = school_quintiles(schools, where, children)
    for i in np.lexsort((schools.urn, schools.kind, where)).tolist():
        ids.append(f"urn-{schools.urn[i]}")
        places.names.append(schools.name[i])
        places.kinds.append(int(schools.kind[i]))
        places.localities.append(int(where[i]))
        places.sizes.append(float(schools.pupils[i]))
        places.quintiles.append(int(quintiles[i]) - 1)
        places.eastings.append(
            round(centres[0][where[i]] + scatter[0, i]) if lost[i] else float(schools.easting[i])
        )
        places.northings.append(
            round(centres[1][where[i]] + scatter[1, i]) if lost[i] else float(schools.northing[i])
        )
    provenance = _provenance(areas, notes, imd_year, int(lost.sum()))
    return places.area(la_name, tuple(names), children, provenance), ids


def _make_up(
    places: Places,
    la_name: str,
    index: int,
    locality: str,
    children: np.ndarray,
    nurseries: int,
    centres: tuple[np.ndarray, np.ndarray, np.ndarray],
    evidence: EvidenceTable,
) -> None:
    """Add a locality's hubs and, beyond its ``nurseries``, as many early-years settings as the evidence row
    says.
    """
    under_fives = int(children[:5].sum())
    wanted = max(1, round(evidence["early_years_settings_per_1000_under_fives"].value * under_fives / 1000))
    numbers = {
        HUB: int(evidence["hubs_per_locality"].value),
        EARLY_YEARS: max(wanted - nurseries, 0) if under_fives else 0,
    }
    for kind, number in numbers.items():
        if not number:
            continue
        rng = generator(la_name, locality, KINDS[kind])
        spread = SizeSpread(
            number=number,
            mean=evidence["early_years_setting_children"].value,
            cv=evidence["early_years_setting_size_cv"].value,
            smallest=evidence["early_years_setting_smallest"].value,
            largest=evidence["early_years_setting_largest"].value,
        )
        places.names += [
            f"{locality}, {KINDS[kind].replace('_', ' ')} {i + 1} (made up)" for i in range(number)
        ]
        places.kinds += [kind] * number
        places.localities += [index] * number
        places.sizes += [0.0] * number if kind == HUB else draw_sizes(spread, rng).tolist()
        places.quintiles += draw_quintiles(children.sum(axis=0).astype(float), number, rng).tolist()
        around = rng.standard_normal((2, number)) * centres[2][index]
        places.eastings += np.round(centres[0][index] + around[0]).tolist()
        places.northings += np.round(centres[1][index] + around[1]).tolist()


def _provenance(areas: SmallAreas, notes: list[str], imd_year: int, lost: int) -> dict[str, str]:
    """What each field of the area is. School fields say in the same breath what was made up beside them."""
    made_up = "made-up hubs and early-years settings are assumed (place_id made-...)"
    location = f"published: the school census file ({lost} schools without a location scattered); {made_up}"
    one = len(set(areas.district)) == 1
    return {
        "localities": "derived: groups of consecutive MSOAs with about equal numbers of children",
        "children": f"published: the population file by small area; quintiles of the IMD {imd_year} file",
        "place_name": f"{'; '.join(notes)}; {made_up}",
        "place_kind": f"published: school type in the school census file; {made_up}",
        "place_locality": (
            "derived: schools shared out from north to south, as MSOA numbers run, by children of their ages"
            if one
            else "assumed: schools shared out from north to south; arbitrary across several districts"
        ),
        "place_size": f"published: pupils in the school census file; {made_up}",
        "place_quintile": "derived: rank by free school meals against the locality's children by quintile",
        "place_easting": location,
        "place_northing": location,
    }
