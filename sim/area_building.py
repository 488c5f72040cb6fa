"""From the configuration of an area to its arrays, whichever of the three kinds it is."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from sim.area import HUB, N_AGES, N_QUINTILES, Area, Places, area_problems
from sim.area_config import AggregatesConfig, FilesConfig, ReferralStreamConfig
from sim.errors import InputError
from sim.importers.area_folder import read_area_folder
from sim.synthetic import area_from_aggregates


def build_area(config: AggregatesConfig | FilesConfig | ReferralStreamConfig) -> Area:
    """Arrays of an area from its checked configuration; the same configuration always gives the same arrays.

    Raises InputError with all problems: no localities or children, a locality named twice or without
    children, children without any place of the phase they need, age totals that disagree, files that cannot
    be used.
    """
    match config:
        case AggregatesConfig():
            area = area_from_aggregates(config)
        case FilesConfig():
            area = read_area_folder(Path(config.folder))
        case _:
            return _from_stream(config)
    problems = area_problems(area)
    if problems:
        raise InputError(problems)
    return area


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
