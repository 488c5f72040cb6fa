"""Synthetic places and single years of age, drawn from an area's published aggregates.

The aggregates say how many children of each age band and deprivation quintile live in a locality, and how
many schools there are and of what size. This module turns them into children by single year and into places
with a size, a quintile and a position: the same aggregates always give the same places, and every published
total is met.
"""

from __future__ import annotations

import hashlib
import math

import numpy as np

from sim.area import BANDS, EARLY_YEARS, HUB, KINDS, N_AGES, N_QUINTILES, Area, Places
from sim.area_config import AggregatesConfig, Locality, SizeSpread
from sim.errors import InputError


def area_from_aggregates(config: AggregatesConfig) -> Area:
    problems = _aggregate_problems(config)
    if problems:
        raise InputError(problems)
    children = expand_children(config)
    places = Places()
    for index, locality in enumerate(config.localities):
        shares = children[index].sum(axis=0).astype(np.float64)
        for kind in range(len(KINDS)):
            _draw_places(places, config, index, locality, kind, shares)
    given = {f"area.{key}": text for key, text in config.provenance.items()}
    return places.area(
        config.name,
        tuple(locality.name for locality in config.localities),
        children,
        {
            **given,
            "children": "derived: bands and quintiles of each locality spread over single years of age so "
            "that the area's total of every year is met",
            "place_name": "synthetic: made up from locality, phase and a number",
            "place_kind": "synthetic: as many as the aggregates give; early-years settings and hubs assumed",
            "place_locality": "synthetic: follows from place_kind",
            "place_size": "synthetic: drawn from number and spread of sizes by phase; the total is met",
            "place_quintile": "synthetic: drawn from the locality's children by quintile",
            "place_easting": "synthetic: drawn around the locality's centre",
            "place_northing": "synthetic: drawn around the locality's centre",
        },
    )


def _aggregate_problems(config: AggregatesConfig) -> list[str]:
    if not config.localities:
        return [f"area {config.name!r} is empty: it needs at least one locality with children"]
    problems = []
    names = [locality.name for locality in config.localities]
    problems += [
        f"locality {name!r} is listed twice" for name in sorted({n for n in names if names.count(n) > 1})
    ]
    if config.single_year_totals is not None:
        for band, (first, last) in BANDS.items():
            cells = sum(int(cell) for locality in config.localities for cell in _band(locality, band))
            years = sum(config.single_year_totals[first : last + 1])
            if cells != years:
                problems.append(
                    f"area.single_year_totals: ages {first}-{last} add up to {years:,} but the localities' "
                    f"children {band} add up to {cells:,}; they must agree"
                )
    return problems


def _band(locality: Locality, band: str) -> tuple[int, ...]:
    """Children of a band by quintile; a band left out has none."""
    by_band = {str(name): counts for name, counts in locality.children.items()}
    return by_band.get(band, (0,) * N_QUINTILES)


def expand_children(config: AggregatesConfig) -> np.ndarray:
    """Children by locality, single year of age and quintile: int64 (n_localities, 20, 5).

    Every locality-by-quintile total of a band and every single-year total of the area is met exactly.
    """
    n_localities = len(config.localities)
    children = np.zeros((n_localities, N_AGES, N_QUINTILES), dtype=np.int64)
    for band, (first, last) in BANDS.items():
        cells = np.array(
            [cell for locality in config.localities for cell in _band(locality, band)], dtype=np.int64
        )
        width = last - first + 1
        if config.single_year_totals is None:
            edges = np.arange(width + 1) * cells.sum() // width
            years = np.diff(edges)
        else:
            years = np.array(config.single_year_totals[first : last + 1], dtype=np.int64)
        expanded = spread_over_years(cells, years)
        children[:, first : last + 1, :] = expanded.reshape(n_localities, N_QUINTILES, width).transpose(
            0, 2, 1
        )
    return children


def spread_over_years(cells: np.ndarray, years: np.ndarray) -> np.ndarray:
    """Whole-number table with row sums ``cells`` (n,) and column sums ``years`` (m,), near to proportional.

    Both must have the same total. The running total of the cells is shared over the years by Webster's method
    (highest averages), which never takes a child back as the total grows and meets ``years`` exactly at the
    end; differences of consecutive shares are the rows. Source: Balinski and Young, Fair Representation
    (1982).
    """
    total = int(cells.sum())
    if total != int(years.sum()):
        raise ValueError(f"cells add up to {total} and years to {int(years.sum())}; they must agree")
    running = np.cumsum(cells)
    seats = np.floor(np.outer(running, years) / max(total, 1) + 0.5).astype(np.int64)
    weights = np.where(years > 0, years, 1).astype(np.float64)
    empty = years == 0
    last = len(years) - 1
    while True:
        short = running - seats.sum(axis=1)
        if not short.any():
            break
        add, take = np.flatnonzero(short > 0), np.flatnonzero(short < 0)
        # ties go to the younger year when adding and come from the older one when taking away: one fixed
        # order
        next_up = np.where(empty, np.inf, (2 * seats[add] + 1) / weights)
        seats[add, np.argmin(next_up, axis=1)] += 1
        last_in = np.where(empty | (seats[take] == 0), -np.inf, (2 * seats[take] - 1) / weights)
        seats[take, last - np.argmax(last_in[:, ::-1], axis=1)] -= 1
    return np.diff(seats, axis=0, prepend=0)


def _draw_places(
    places: Places, config: AggregatesConfig, index: int, locality: Locality, kind: int, shares: np.ndarray
) -> None:
    spread = _spread_of(config, locality, kind)
    number = config.hubs_per_locality if kind == HUB and spread is None else spread.number if spread else 0
    if number == 0:
        return
    rng = generator(config.name, locality.name, KINDS[kind])
    label = KINDS[kind].replace("_", " ")
    places.names += [f"{locality.name}, {label} {place + 1}" for place in range(number)]
    places.kinds += [kind] * number
    places.localities += [index] * number
    places.sizes += [0.0] * number if kind == HUB or spread is None else draw_sizes(spread, rng).tolist()
    places.quintiles += draw_quintiles(shares, number, rng).tolist()
    around = rng.standard_normal((2, number)) * locality.spread_metres
    places.eastings += np.round(locality.easting + around[0]).tolist()
    places.northings += np.round(locality.northing + around[1]).tolist()


def _spread_of(config: AggregatesConfig, locality: Locality, kind: int) -> SizeSpread | None:
    """Settings of a kind in a locality: as given, or early years by the area's rule per 1,000 under fives."""
    given = {str(name): spread for name, spread in locality.settings.items()}.get(KINDS[kind])
    if given is not None or kind != EARLY_YEARS:
        return given
    rule = config.early_years
    under_fives = sum(_band(locality, "0-4"))
    if not under_fives:
        return None
    return SizeSpread(
        number=max(1, round(rule.per_1000_under_fives * under_fives / 1000)),
        **rule.model_dump(exclude={"per_1000_under_fives"}),
    )


def generator(*names: str) -> np.random.Generator:
    """Random numbers that depend on the names alone: an unchanged locality keeps its places when others
    change.
    """
    digest = hashlib.sha256("\x1f".join(names).encode()).digest()
    return np.random.Generator(np.random.PCG64(int.from_bytes(digest[:8], "big")))


def draw_sizes(spread: SizeSpread, rng: np.random.Generator) -> np.ndarray:
    """Sizes of ``spread.number`` settings, float64 holding whole children, that add up to number x mean
    (rounded).

    Lognormal with the given cv, held within smallest and largest, and scaled so that the total is met.
    """
    shape = np.exp(math.sqrt(math.log1p(spread.cv**2)) * rng.standard_normal(spread.number))
    target = spread.number * spread.mean
    low, high = spread.smallest / shape.max(), spread.largest / shape.min()
    for _ in range(60):
        middle = math.sqrt(low * high)
        if np.clip(shape * middle, spread.smallest, spread.largest).sum() < target:
            low = middle
        else:
            high = middle
    sizes = np.clip(shape * high, spread.smallest, spread.largest)
    return np.diff(np.round(np.cumsum(sizes)), prepend=0.0)


def draw_quintiles(shares: np.ndarray, number: int, rng: np.random.Generator) -> np.ndarray:
    """Quintile index of ``number`` places, int64 0..4, by systematic sampling from ``shares`` (5,) in random
    order.
    """
    edges = np.cumsum(shares) / shares.sum() if shares.any() else np.arange(1, N_QUINTILES + 1) / N_QUINTILES
    positions = (rng.permutation(number) + rng.random()) / number
    return np.minimum(np.searchsorted(edges, positions, side="right"), N_QUINTILES - 1)
