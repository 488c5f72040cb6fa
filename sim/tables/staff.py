"""Tables of job plans, and of the minutes of each team and role on a working day."""

from __future__ import annotations

import numpy as np

from sim.area import Area
from sim.both import Both
from sim.calendar import share_of_working_days
from sim.config import Config
from sim.function import DAYS_PER_YEAR
from sim.kernel.state import (
    NOBODY,
)
from sim.quantity import Resolver
from sim.system import LEDGER_LINES
from sim.tables.numbers import array
from sim.workforce import establishment

SLOT_MINUTES = (
    60  # of an appointment where a system counts slots and not minutes; any number gives the same waits
)


def staff_tables(
    config: Config,
    both: Both,
    area: Area,
    minutes: np.ndarray,
    groups: tuple[str, ...],
    v: Resolver,
    multipliers: np.ndarray,
) -> dict:
    """Job plans, and the minutes of each team and role on a working day.

    A year's hours (or a week's appointments) are spread over the calendar's average number of working days
    (:func:`sim.calendar.share_of_working_days`), so a day has the same minutes in every run on that calendar,
    however long, and a year with more bank holidays has fewer.
    """
    roles, n_systems = config.workforce.roles, len(both.systems)
    names = list(roles)
    children = area.children[:, :18, :].sum(axis=1).astype(float)
    working_share = share_of_working_days(config.calendar)
    working_days_a_year = working_share * DAYS_PER_YEAR
    hours = np.array([v(r.hours_per_year) for r in roles.values()])
    plan_offer = np.zeros((n_systems, len(area.localities), len(names), len(both.offers)))
    plan_overhead = np.zeros((n_systems, len(names), len(LEDGER_LINES)))
    queue_role = np.full((n_systems, len(groups)), NOBODY, np.int32)
    per_day = np.zeros((n_systems, len(area.localities), len(names)))
    weight = np.zeros((n_systems, len(area.place_name)))
    for s, (system, offers) in enumerate(zip(both.systems, both.index, strict=True)):
        for role, plan in system.job_plan.items():
            for name, share in plan.offers.items():
                plan_offer[s, :, names.index(role), offers[name]] = v(share)
            for line, share in plan.overheads.items():
                plan_overhead[s, names.index(role), LEDGER_LINES.index(line)] = v(share)
        for locality, local in system.local_plans.items():
            for role, shares in local.items():
                for name, share in shares.items():
                    team = area.localities.index(locality)
                    plan_offer[s, team, names.index(role), offers[name]] = v(share)
        for group, role in system.queue_work.items():
            queue_role[s, groups.index(group)] = names.index(role)
        by_need = v(system.staff_by_need)
        weight[s] = area.place_size * ((1.0 - by_need) + by_need * multipliers[area.place_quintile])
        if system.slots_per_week is not None:
            per_day[s, :, 0] = system.slots_per_week * SLOT_MINUTES / (7.0 * working_share)
            if not system.job_plan:
                takes = [i for i in offers.values() if minutes[i].sum() > 0]
                plan_offer[s, :, 0, takes] = 1.0 / max(1, len(takes))
        elif working_days_a_year > 0:
            wte = establishment(config.workforce, children.sum(axis=1), children @ multipliers, by_need, v)
            per_day[s] = wte * hours * 60.0 / working_days_a_year
    same = (plan_offer == plan_offer[0]).all(axis=(0, 1, 3))
    same &= (plan_overhead == plan_overhead[0]).all(axis=(0, 2))
    return {
        "plan_offer": plan_offer,
        "plan_overhead": plan_overhead,
        "undivided": same,
        "group_of": array((groups.index(r.group) for r in roles.values()), np.int32),
        "queue_role": queue_role,
        "queue_most": array((v(s.queue_work_most) for s in both.systems), float),
        "spare_shared": array((s.spare_time == "shared" for s in both.systems), bool),
        "minutes_per_day": per_day,
        "place_weight": weight,
    }
