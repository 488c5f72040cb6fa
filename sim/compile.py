"""From a checked configuration to the flat tables that the kernel reads.

Every quantity becomes a number here, in the kernel's units (days, minutes, points a day, log odds); nothing
later on looks at the configuration.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sim.area import Area
from sim.both import both_of
from sim.calendar import Days, days_of_run, lay_out, september_firsts
from sim.conditions_acting import in_force
from sim.config import Config, systems_by_key
from sim.erosion import erosion_rules
from sim.errors import InputError
from sim.kernel.state import (
    BRANCH,
    DOOR,
    KIND,
    OFFER,
    SPAN,
    STEP,
    Rules,
    Spec,
    records,
)
from sim.pilot import PilotRule
from sim.population import NeedRules
from sim.system import Offer
from sim.system_checks import locality_problems
from sim.tables.change import change_tables, cost_tables, pilot_rule
from sim.tables.needs import need_multipliers, need_rules, need_tables
from sim.tables.offers import effect_tables, minutes_of, offer_tables
from sim.tables.queues import day_sequence, days_run, list_bases, queue_tables
from sim.tables.routes import route_tables
from sim.tables.staff import staff_tables
from sim.timetable import timetable_of


@dataclass(frozen=True)
class Compiled:
    """The tables and the names behind their codes."""

    rules: Rules
    needs: NeedRules
    days: Days
    decision_day: int
    end_day: int
    kinds: tuple[str, ...]
    offers: tuple[str, ...]
    roles: tuple[str, ...]
    groups: tuple[str, ...]
    n_lists: int
    definitions: tuple[Offer, ...]  # of the offers, every quantity a number
    pilot: PilotRule | None = None


def compile_config(config: Config, area: Area, seed: int) -> Compiled:
    """All tables of one run.

    Raises:
        InputError: job plans for localities that the area does not have; places of a plan that it does not have.
    """
    if problems := locality_problems(systems_by_key(config), area.localities):
        raise InputError(problems)
    config = in_force(config)
    v = config.resolver()
    both, kinds = both_of(config), tuple(config.needs.kinds)
    roles = tuple(config.workforce.roles)
    groups = tuple(dict.fromkeys(r.group for r in config.workforce.roles.values()))
    decision, end = days_of_run(config.history_years, config.horizon_years)
    days = lay_out(config.calendar, end)
    multipliers = need_multipliers(config, v)
    n_places, n_teams = len(area.place_name), len(area.localities)

    offer_list = list(both.offers)
    minutes = minutes_of(offer_list, groups, v, both.systems[0])
    plan = timetable_of(config, area, days, decision, end, seed)
    fields: dict[str, object] = {
        "seed": np.uint64(seed),
        "n_teams": n_teams,
        "n_groups": len(groups),
        "n_roles": len(roles),
        "decision_day": decision,
        "end_day": end,
        "log_events": config.event_log,
        "minutes": minutes,
    }
    fields |= offer_tables(offer_list, kinds, v)
    fields |= queue_tables(offer_list, kinds, groups, v)
    fields |= effect_tables(config, offer_list, groups, minutes, v)
    fields |= list_bases(fields, offer_list, n_teams, n_places)
    fields |= route_tables(both, kinds, v)
    fields |= need_tables(config, v, both.systems)
    fields |= staff_tables(config, both, area, minutes, groups, v, multipliers)
    fields |= {**plan._asdict(), **change_tables(config, roles, v), **erosion_rules(config.erosion, v)}
    fields |= cost_tables(config, both, plan, fields, days, v)
    pilot = pilot_rule(config, area, both, fields, days, seed, v)
    fields |= {
        "runs": days_run(both, days, plan),
        "of": np.array(both.of, np.int8),
        "works": days.works,
        "winter": days.winter,
        "works_before": np.concatenate([[0], np.cumsum(days.works)]).astype(np.int32),
    }
    sequence = day_sequence(offer_list, v)
    fields["sequence_offer"] = np.array([o for o, _ in sequence], np.int32)
    fields["sequence_new"] = np.array([new for _, new in sequence], bool)
    gather(fields)
    n_lists = int(fields.pop("n_lists"))  # type: ignore[call-overload]
    return Compiled(
        Rules(**fields),  # type: ignore[arg-type]
        need_rules(config, v, multipliers, september_firsts(days.first_day, end)),
        days,
        decision,
        end,
        kinds,
        both.names,
        roles,
        groups,
        n_lists,
        both.offers,
        pilot,
    )


_RECORDS: tuple[tuple[str, Spec, str], ...] = (
    ("offers", OFFER, ""),
    ("sequence", STEP, "sequence_"),
    ("spans", SPAN, ""),
    ("branches", BRANCH, "branch_"),
    ("doors", DOOR, "door_"),
    ("kinds", KIND, ""),
)


def gather(fields: dict[str, object]) -> None:
    """Put the columns of each table of records together, in place."""
    for table, spec, prefix in _RECORDS:
        columns = {name: np.asarray(fields.pop(prefix + name)) for name in spec}
        fields[table] = records(spec, len(next(iter(columns.values()))), columns)
