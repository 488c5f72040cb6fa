"""The one place where input is checked: a frozen configuration, or every problem with it told at once.

``check`` takes the plain mapping that YAML and overrides gave, and either returns a :class:`sim.config.Config` or
raises :class:`sim.errors.InputError` with one sentence per problem.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import ValidationError

from sim.both import merging_problems
from sim.conditions import condition_problems
from sim.conditions_acting import in_force
from sim.config import Config
from sim.doubt import NO_DOUBT, Doubt, rest_of
from sim.erosion import erosion_problems
from sim.errors import InputError
from sim.number_checks import number_problems
from sim.quantities import quantities_written
from sim.quantity import problems_at, problems_in
from sim.schema_words import sentences
from sim.system_checks import structure_problems
from sim.transition import NoChange, calling_problems, timing_problems

FIRST_YEAR, LAST_YEAR = 1900, 2200  # of the calendar
MOST_YEARS = 60  # of history and horizon together


def check(raw: Mapping[str, Any]) -> Config:
    """Validate a composed configuration.

    Raises:
        InputError: one sentence per problem, each naming its key; all that can be told with certainty.
    """
    told: list[str] = []
    doubt = NO_DOUBT
    try:
        config = Config.model_validate(raw)
    except ValidationError as e:
        told = sentences(e)
        rest = rest_of(raw, e)
        if rest is None:
            raise InputError(list(dict.fromkeys(told))) from None
        config, doubt = rest
    if told := [*told, *_problems(config, doubt)]:
        raise InputError(list(dict.fromkeys(told)))
    return config


def _problems(config: Config, doubt: Doubt = NO_DOUBT) -> list[str]:
    """Everything that is wrong with a configuration whose every field, but for those in doubt, is of the right type."""
    out = condition_problems(config.conditions) + _problems_of_one_system(config, doubt)
    if isinstance(config.transition, NoChange):
        return out
    # the system that the change leads to is held against the same rules, told under its own key
    after = config.model_copy(update={"system": config.transition.to, "transition": NoChange()})
    found = _problems_of_one_system(after, doubt.seen_from("transition.to", "system"))
    out += [f"transition.to.{p.removeprefix('system.')}" for p in found if p.startswith("system.")]
    if not out and doubt == NO_DOUBT:
        out = _plan_problems(config)
    elif not (doubt.rows or doubt.about("transition", "history_years", "horizon_years")):
        out = [*out, *_other_dates(config, out)]
    as_it_is = config if out or doubt != NO_DOUBT else in_force(config)
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


def _problems_of_one_system(config: Config, doubt: Doubt) -> list[str]:
    written = quantities_written(config)
    used = [use for use in written if not doubt.rows & {*use.rows()}]
    quantities = problems_in(used, config.evidence)
    roles = config.workforce.roles
    groups = tuple(dict.fromkeys(r.group for r in roles.values()))
    names = tuple(config.needs.kinds), tuple(roles), groups
    structure = structure_problems(config.system, *names, doubt)
    out = [text for _, text in quantities] + structure + _time_problems(config, doubt)
    # what stands inside a plan of change is at the dials of the system that it leads to, and is asked there
    here = [use for use in used if use.key.startswith(("system.", "needs.", "workforce."))]
    unread = (use.key for use in written if doubt.rows & {*use.rows()})
    doubt = doubt.and_about((*unread, *(key for key, _ in quantities)))
    if doubt.about("system.dials"):
        return out
    here = [use for use in here if not doubt.about(use.key)]
    return out + problems_at(here, config.resolver()) + number_problems(config, doubt, sound=not structure)


def _time_problems(config: Config, doubt: Doubt) -> list[str]:
    """A history and a horizon that the calendar can hold."""
    if doubt.about("calendar.start", "history_years", "horizon_years"):
        return []
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
