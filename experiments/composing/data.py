"""The data behind a configuration, read before anything is simulated: mistakes in files are told at once."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field, TypeAdapter, ValidationError

from experiments.results.output import folder_problems
from sim.area_building import build_area
from sim.errors import InputError, Problems
from sim.system_checks import locality_problems
from sim.transition import Phased, Pilot

if TYPE_CHECKING:
    from sim.area import Area
    from sim.area_config import Demand
    from sim.config import Config


def read_data(config: Config, output: str | None = None) -> Area:
    """Build the area and read the files behind it, as a simulation would.

    Args:
        output: a folder that the command will make.

    Raises:
        InputError: one sentence for each problem of the data, and for a folder that cannot be made.
    """
    from sim.config import systems_by_key

    problems = Problems()
    with problems:
        area = build_area(config.area)
        problems.found += locality_problems(systems_by_key(config), area.localities)
        if isinstance(config.transition, Phased | Pilot):
            from sim.timetable import check_places  # loads what simulates

            check_places(config, area)
    with problems:
        if config.area.demand.csv is not None:
            number_of_referrals(config)
    problems.found += folder_problems(Path(output)) if output else []
    problems.tell()
    return area


def read_data_of_all(configs: Mapping[str, Config], output: str | None = None) -> Area:
    """The same for plans that are compared: the area of the first, and what is wrong with the data of any of them.

    Args:
        output: a folder that the command will make.

    Raises:
        InputError: each problem once, with the names of the plans if it is not one of all.
    """
    areas: list[Area] = []
    problems: dict[str, list[str]] = {}
    for name, config in configs.items():
        try:
            areas.append(read_data(config, output))
        except InputError as e:
            for problem in e.problems:
                problems.setdefault(problem, []).append(name)
    if problems:
        raise InputError(
            problem if len(where) == len(configs) else f"{problem} (plan={', '.join(where)})"
            for problem, where in problems.items()
        )
    return areas[0]


def number_of_referrals(config: Config) -> int:
    """Referrals of the area's file that fall into the run.

    Raises:
        InputError: as :func:`sim.stream.dated_referrals`.
    """
    return _referrals(
        config.area.demand,
        tuple(config.needs.kinds),
        config.calendar.start,
        config.history_years,
        config.horizon_years,
    )


def _referrals(demand: Demand, kinds: tuple[str, ...], start: str, history: float, horizon: float) -> int:
    from sim.calendar import days_of_run
    from sim.stream import dated_referrals

    decision, end = days_of_run(history, horizon)
    first = dt.date.fromisoformat(start)
    return len(dated_referrals(demand.csv or "", demand.csv_dates, kinds, first, decision, end)["day"])


def data_problems(tree: Mapping[str, Any]) -> list[str]:
    """What is wrong with the data behind a configuration that is itself not sound, as far as it can be read.

    So that somebody who has both to mend is told both; what hangs on a part that is wrong is left for later.
    """
    from sim.area_config import AreaConfig

    try:
        area: Any = TypeAdapter(AreaConfig).validate_python(tree.get("area"))
    except ValidationError:
        return []
    try:
        there = build_area(area)
        out = _listed_problems(tree.get("transition"), there)
        if area.demand.csv is not None and (run := _span(tree)) is not None:
            _referrals(area.demand, *run)
    except InputError as e:
        return list(e.problems)
    return out


def _listed_problems(plan: Any, area: Area) -> list[str]:
    """What is wrong with the places that a plan of change lists, whatever else is wrong with the plan."""
    if (
        not isinstance(plan, Mapping)
        or plan.get("order") != "listed"
        or plan.get("name") not in ("phased", "pilot")
    ):
        return []
    from sim.timetable import pilot_place_problems, place_group_problems

    kind, problems = (
        (list[str], pilot_place_problems)
        if plan.get("name") == "pilot"
        else (list[list[str]], place_group_problems)
    )
    try:
        listed: Any = TypeAdapter(kind).validate_python(plan.get("listed"))
    except ValidationError:  # told as what it is
        return []
    return problems(listed, area) if listed else []


def _span(tree: Mapping[str, Any]) -> tuple[tuple[str, ...], str, float, float] | None:
    """Kinds of need, first day and years of a run; None where one of them is not sound."""
    from sim.needs import Needs
    from sim.workforce import Calendar

    try:
        kinds = Needs.model_validate(tree.get("needs")).kinds
        start = Calendar.model_validate(tree.get("calendar")).start
        history, horizon = TypeAdapter(list[Annotated[float, Field(ge=0, le=50)]]).validate_python(
            [tree.get("history_years"), tree.get("horizon_years")]
        )
        dt.date.fromisoformat(start)
    except (ValidationError, ValueError):
        return None
    return tuple(kinds), start, history, horizon
