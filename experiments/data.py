"""The data behind a configuration, read before anything is simulated: mistakes in files are told at once."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from sim.area import build_area
from sim.timetable import check_places

if TYPE_CHECKING:
    from sim.area import Area
    from sim.config import Config


def read_data(config: Config) -> Area:
    """Build the area and read the files behind it, as a simulation would.

    Raises:
        InputError: one sentence for each problem of the data.
    """
    area = build_area(config.area)
    check_places(config, area)
    if config.area.demand.csv is not None:
        number_of_referrals(config)
    return area


def number_of_referrals(config: Config) -> int:
    """Referrals of the area's file that fall into the run.

    Raises:
        InputError: the file cannot be used, or none of its referrals falls into the run.
    """
    from sim.calendar import days_of_run
    from sim.stream import dated_referrals

    first = dt.date.fromisoformat(config.calendar.start)
    _, end = days_of_run(config.history_years, config.horizon_years)
    return len(dated_referrals(config.area.demand.csv or "", tuple(config.needs.kinds), first, end)["day"])
