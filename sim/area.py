"""The area as plain arrays: localities, the children who live there by age and deprivation, and the places where they
spend time. Each field says whether it is published, derived, synthetic or assumed.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

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

PROVENANCE = ("published", "derived", "synthetic", "assumed")


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
