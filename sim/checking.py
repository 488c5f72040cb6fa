"""The one place where input is checked: a frozen configuration, or every problem with it told at once.

``check`` takes the plain mapping that YAML and overrides gave, and either returns a :class:`sim.config.Config` or
raises :class:`sim.errors.InputError` with one sentence per problem.
"""

from __future__ import annotations

import copy
import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import ValidationError

from sim.both import merging_problems
from sim.conditions import condition_problems
from sim.conditions_acting import in_force
from sim.config import Config
from sim.erosion import erosion_problems
from sim.errors import InputError
from sim.number_checks import number_problems
from sim.quantities import quantities_written
from sim.quantity import problems_at, problems_in
from sim.schema_words import keys_of_location, sentences
from sim.system_checks import structure_problems
from sim.transition import NoChange, calling_problems, timing_problems

FIRST_YEAR, LAST_YEAR = 1900, 2200  # of the calendar
MOST_YEARS = 60  # of history and horizon together


def check(raw: Mapping[str, Any]) -> Config:
    """Validate a composed configuration.

    Raises:
        InputError: one sentence per problem, each naming its key.
    """
    try:
        config = Config.model_validate(raw)
    except ValidationError as e:
        found = [*sentences(e), *_problems_of_the_rest(raw, e)]
        raise InputError(list(dict.fromkeys(found))) from None
    problems = _problems(config)
    if problems:
        raise InputError(list(dict.fromkeys(problems)))
    return config


def _problems(config: Config) -> list[str]:
    """Everything that is wrong with a configuration whose every field is of the right type."""
    out = condition_problems(config.conditions) + _problems_of_one_system(config)
    if isinstance(config.transition, NoChange):
        return out
    # the system that the change leads to is held against the same rules, told under its own key
    after = config.model_copy(update={"system": config.transition.to, "transition": NoChange()})
    theirs = [p for p in _problems_of_one_system(after) if p.startswith("system.")]
    out += [f"transition.to.{p.removeprefix('system.')}" for p in theirs]
    out = [*out, *_other_dates(config, out)] if out else _plan_problems(config)
    as_it_is = config if out else in_force(config)
    if as_it_is is not config:
        out += [f"{p} (as the conditions make it)" for p in _problems(as_it_is)]
    return out


def _other_dates(config: Config, told: Sequence[str]) -> list[str]:
    """Dates of the plan that make no sense, beside what has been told already of other keys."""
    try:
        found = timing_problems(
            config.transition, config.resolver(), config.history_years, config.horizon_years
        )
    except KeyError:  # of a row that is not there, and has been told
        return []
    keys = {problem.split(" ")[0].rstrip(":") for problem in told}
    return [problem for problem in found if problem.split(" ")[0].rstrip(":") not in keys]


def _plan_problems(config: Config) -> list[str]:
    """What is wrong with the plan of change itself."""
    plan = config.transition
    return [
        *merging_problems(config),
        *erosion_problems(config.erosion, config.resolver()),
        *timing_problems(plan, config.resolver(), config.history_years, config.horizon_years),
        *calling_problems(plan, config.workforce.roles),
    ]


def _problems_of_one_system(config: Config) -> list[str]:
    used = quantities_written(config)
    out = problems_in(used, config.evidence)
    roles = config.workforce.roles
    groups = tuple(dict.fromkeys(r.group for r in roles.values()))
    out += structure_problems(config.system, tuple(config.needs.kinds), tuple(roles), groups)
    out += _time_problems(config)
    if out:
        return out
    # what stands inside a plan of change is at the dials of the system that it leads to, and is asked there
    here = [use for use in used if use.key.startswith(("system.", "needs.", "workforce."))]
    return problems_at(here, config.resolver()) + number_problems(config)


def _problems_of_the_rest(raw: Mapping[str, Any], error: ValidationError) -> list[str]:
    """Problems with the quantities of what is left when everything that pydantic refuses is taken out.

    Only these: taking something out cannot make a quantity wrong, but it can make an offer look unreachable.
    """
    left = copy.deepcopy(dict(raw))
    for _ in range(100):
        for details in error.errors():
            path = keys_of_location(details["loc"])
            if "evidence" in path[:1] or not _take_out(left, path):
                return []
        try:
            rest = Config.model_validate(left)
            return problems_in(quantities_written(rest), rest.evidence)
        except ValidationError as e:
            error = e
    return []


def _take_out(tree: Any, path: list[str | int]) -> bool:
    """Remove what stands at a path, or the nearest thing around it that stands there; False at the top."""
    while path:
        *way, last = path
        at: Any = tree
        for part in way:
            inside = isinstance(at, list) and isinstance(part, int) and part < len(at)
            at = at[part] if inside or (isinstance(at, dict) and part in at) else None
        if isinstance(at, dict) and last in at:
            del at[last]
            return True
        path = way
    return False


def _time_problems(config: Config) -> list[str]:
    """A history and a horizon that the calendar can hold."""
    years = config.history_years + config.horizon_years
    first = dt.date.fromisoformat(config.calendar.start).year
    out: list[str] = []
    if first < FIRST_YEAR or first + years > LAST_YEAR:
        out.append(
            f"calendar.start = {config.calendar.start!r} with {config.history_years:g} years of history and "
            f"{config.horizon_years:g} of horizon: allowed are the years {FIRST_YEAR} to {LAST_YEAR}"
        )
    if years > MOST_YEARS:
        out.append(
            f"history_years = {config.history_years:g} and horizon_years = {config.horizon_years:g}: "
            f"together at most {MOST_YEARS}"
        )
    return out
