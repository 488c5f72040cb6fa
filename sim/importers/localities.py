"""Therapy localities where nobody has published any: small areas grouped by number, schools shared out to
them.

Small areas are grouped by consecutive MSOA numbers into groups with about equal numbers of children. Within a
district MSOA numbers run broadly from north to south, so schools are shared out in the same order, from north
to south, so that each locality gets its children's share of each phase. Schools' deprivation follows from
their rank by free school meals. All of this is derived, and an area that has real localities should use
those.
"""

from __future__ import annotations

import numpy as np

from sim.area import BANDS, N_AGES, N_QUINTILES, NEEDED_PLACES, SPECIAL
from sim.errors import InputError
from sim.importers.lsoa_population import SmallAreas
from sim.importers.schools_census import Schools


def group_small_areas(areas: SmallAreas, localities: int) -> np.ndarray:
    """Locality index 0.. of each small area, int64 (n,): consecutive MSOAs, about equal numbers of children.

    Raises InputError when there are fewer MSOAs than localities, or none asked for.
    """
    keys = list(zip(areas.district, areas.msoa.tolist(), strict=True))
    order = sorted(set(keys))
    if not 1 <= localities <= len(order):
        raise InputError(
            f"localities: found {localities}; allowed: 1 to {len(order)}, the number of MSOAs in the area"
        )
    totals = dict.fromkeys(order, 0)
    for key, children in zip(keys, areas.children.sum(axis=1).tolist(), strict=True):
        totals[key] += children
    group = dict(zip(order, cut(np.array([totals[key] for key in order]), np.ones(localities)), strict=True))
    return np.array([group[key] for key in keys], dtype=np.int64)


def cut(sizes: np.ndarray, weights: np.ndarray) -> list[int]:
    """Cut a row of ``sizes`` (n,) into len(weights) consecutive pieces in proportion to ``weights``; piece of
    each.

    Every piece with a weight above 0 gets at least one item while there are enough items.
    """
    n, pieces = len(sizes), len(weights)
    middles = (np.cumsum(sizes) - np.asarray(sizes) / 2) / max(np.sum(sizes), 1)
    edges = np.searchsorted(middles, np.cumsum(weights)[:-1] / np.sum(weights), side="left").astype(int)
    least = np.cumsum(weights > 0)
    ahead = least[-1] - least
    edges[ahead[:-1] == 0] = n  # nothing is left for pieces without weight at the end
    if least[-1] <= n:
        for piece in range(pieces - 1):  # room for the pieces before ...
            edges[piece] = max(
                edges[piece], least[piece], edges[piece - 1] + (weights[piece] > 0) if piece else 0
            )
        for piece in range(pieces - 2, -1, -1):  # ... and for the pieces after
            later = edges[piece + 1] - (weights[piece + 1] > 0) if piece < pieces - 2 else n
            edges[piece] = min(edges[piece], n - ahead[piece], later)
    return np.searchsorted(edges, np.arange(n), side="right").tolist()


def name_localities(areas: SmallAreas, group: np.ndarray, la_name: str) -> list[str]:
    """Neutral names: 'Oldham 1 (MSOA 001-007)', with the district where an authority has several."""
    several = len(set(areas.district)) > 1
    names = []
    for index in range(int(group.max()) + 1):
        members = np.flatnonzero(group == index)
        first, last = members[0], members[-1]
        start, end = f"{areas.msoa[first]:03d}", f"{areas.msoa[last]:03d}"
        if several:
            start, end = f"{areas.district[first]} {start}", f"{areas.district[last]} {end}"
        names.append(f"{la_name} {index + 1} (MSOA {start}{'' if start == end else '-' + end})")
    return names


def children_by_locality(areas: SmallAreas, group: np.ndarray, quintile: np.ndarray) -> np.ndarray:
    """Children by locality, single year of age and quintile, int64 (n_localities, 20, 5)."""
    children = np.zeros((int(group.max()) + 1, N_AGES, N_QUINTILES), dtype=np.int64)
    for area, (locality, index) in enumerate(zip(group, quintile - 1, strict=True)):
        children[locality, :, index] += areas.children[area]
    return children


def share_out_schools(schools: Schools, children: np.ndarray) -> np.ndarray:
    """Locality index of each school, int64 (n,): from north to south in proportion to the children of each
    phase.

    Schools without a location go where their phase is shortest of pupils. Raises InputError when a phase has
    fewer schools than localities.
    """
    ages = {kind: (first, last) for kind, first, last in NEEDED_PLACES}
    locality = np.zeros(len(schools.urn), dtype=np.int64)
    problems = []
    for kind in sorted(set(schools.kind.tolist())):
        first, last = ages.get(kind, (BANDS["5-10"][0], BANDS["11-17"][1]))
        weights = children[:, first : last + 1].sum(axis=(1, 2)).astype(float)
        here = np.flatnonzero(schools.kind == kind)
        located = here[~np.isnan(schools.northing[here])]
        located = located[np.argsort(-schools.northing[located], kind="stable")]
        locality[located] = cut(schools.pupils[located], weights)
        filled = np.bincount(locality[located], schools.pupils[located], minlength=len(weights))
        for school in here[np.isnan(schools.northing[here])]:
            with np.errstate(divide="ignore", invalid="ignore"):
                place = int(np.argmin(np.where(weights > 0, filled / weights, np.inf)))
            locality[school] = place
            filled[place] += schools.pupils[school]
        if kind in (k for k, _, _ in NEEDED_PLACES[1:]) and len(here) < (weights > 0).sum():
            problems.append(
                f"{len(here)} schools for ages {first}-{last} are too few for {len(weights)} localities; "
                "ask for fewer localities"
            )
    if problems:
        raise InputError(problems)
    return locality


def locate(
    schools: Schools, locality: np.ndarray, n_localities: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Centre easting, northing and spread (standard deviation along one axis) of each locality's schools,
    metres.

    A locality without any located school takes the centre and spread of the whole area; nowhere located gives
    0.
    """
    eastings, northings, spreads = (np.zeros(n_localities) for _ in range(3))
    known = ~np.isnan(schools.easting) & (schools.kind != SPECIAL)
    for index in range(n_localities):
        here = known & (locality == index)
        if not here.any():
            here = known
        if here.any():
            eastings[index], northings[index] = schools.easting[here].mean(), schools.northing[here].mean()
            spreads[index] = np.sqrt((schools.easting[here].var() + schools.northing[here].var()) / 2)
    return eastings, northings, spreads


def school_quintiles(schools: Schools, locality: np.ndarray, children: np.ndarray) -> np.ndarray:
    """Quintile 1..5 of each school, int64 (n,): rank by free school meals against its locality's children by
    quintile.

    Within a locality and kind, schools in falling order of free school meals fill the quintiles from the most
    deprived in proportion to the children who live there; schools without a figure rank in the middle.
    """
    quintile = np.zeros(len(schools.urn), dtype=np.int64)
    fsm = np.where(np.isnan(schools.fsm_share), np.nanmedian(schools.fsm_share), schools.fsm_share)
    for index in range(len(children)):
        edges = np.cumsum(children[index].sum(axis=0)) / max(children[index].sum(), 1)
        for kind in set(schools.kind.tolist()):
            here = np.flatnonzero((locality == index) & (schools.kind == kind))
            here = here[np.argsort(-fsm[here], kind="stable")]
            middles = (np.cumsum(schools.pupils[here]) - schools.pupils[here] / 2) / max(
                schools.pupils[here].sum(), 1
            )
            quintile[here] = np.minimum(np.searchsorted(edges, middles, side="right"), N_QUINTILES - 1) + 1
    return quintile
