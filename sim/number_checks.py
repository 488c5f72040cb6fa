"""What numbers can get wrong that are each in range: shares that do not add up, job plans over 100 %, empty rosters.

These questions are asked of a whole configuration, because the answers depend on where the dials stand, on who
works there and on the calendar. Whether names and arrows are sound is asked in :mod:`sim.system_checks`.
"""

from __future__ import annotations

import difflib
import itertools
from typing import TYPE_CHECKING

from sim.doubt import NO_DOUBT, Doubt

if TYPE_CHECKING:
    from sim.config import Config


def number_problems(config: Config, doubt: Doubt = NO_DOUBT, sound: bool = True) -> list[str]:
    """One sentence for each set of numbers that cannot stand together, none of them in doubt.

    Args:
        sound: names and arrows are; otherwise nobody can say who is rostered for what.
    """
    out = _job_plan_problems(config, doubt)
    if sound and not doubt.about("system", "workforce"):
        out += _roster_problems(config)
    out += _share_problems(config, doubt) + _offer_problems(config, doubt)
    return out + _needs_problems(config, doubt) + _demand_problems(config, doubt)


def _offer_problems(config: Config, doubt: Doubt) -> list[str]:
    """Offers whose numbers do not fit each other, or that never run."""
    out: list[str] = []
    value = config.resolver()
    for name, offer in config.system.offers.items():
        key = f"system.offers.{name}"
        if doubt.about(key):
            continue
        course = offer.course
        for field in ("contacts", "most_contacts", "review_every"):
            count = getattr(course, field)
            if count is not None and value(count) < 1.0:
                out.append(f"{key}.course.{field} = {value(count):g}: at least 1")
        if course.most_contacts is None and value(course.goal_led) > 0.0:
            out.append(f"{key}.course.most_contacts: missing; a course led by its goal must end some day")
        if offer.group is not None:
            size, smallest = value(offer.group.size), value(offer.group.smallest)
            if size < 1.0 or smallest < 1.0:
                out.append(f"{key}.group: size {size:g} and smallest {smallest:g}; at least 1")
            elif smallest > size:
                out.append(f"{key}.group.smallest = {smallest:g}: larger than the group's size of {size:g}")
        for kind, weight in offer.queue.kind_weights.items():
            if value(weight) <= 0.0:
                out.append(f"{key}.queue.kind_weights.{kind} = {value(weight):g}: must be above 0")
        if offer.visit is not None:
            length, share = value(offer.visit.minutes), value(offer.visit.children_share)
            longest = max((value(m) for m in offer.staff.values()), default=0.0)
            if share > 0.0 and length * share < longest:
                out.append(
                    f"{key}.visit: {share:.0%} of {length:g} minutes leaves no room to see a child "
                    f"({longest:g} minutes)"
                )
        if offer.effect is not None:
            if value(offer.effect.gap) <= 0.0 or value(offer.effect.over_days, "days") <= 0.0:
                out.append(f"{key}.effect: gap and over_days must be above 0")
            if offer.access == "population" and value(offer.effect.lasts_days, "days") <= 0.0:
                out.append(f"{key}.effect.lasts_days: says how long the support runs; must be above 0")
        if not set(offer.weekdays) & set(config.calendar.working_days):
            out.append(f"{key}.weekdays = {', '.join(offer.weekdays)}: none of them is a working day")
    return out


def _needs_problems(config: Config, doubt: Doubt) -> list[str]:
    """Kinds of need whose numbers are not in order."""
    out: list[str] = []
    value = config.resolver()
    for name, kind in config.needs.kinds.items():
        key = f"needs.kinds.{name}"
        if doubt.about(key):
            continue
        low, mode, high = (
            value(q, "years") for q in (kind.onset_age.low, kind.onset_age.mode, kind.onset_age.high)
        )
        if not low <= mode <= high:
            out.append(f"{key}.onset_age: low, mode and high must rise, found {low:g}, {mode:g}, {high:g}")
        for name_of_bands in ("drift", "noticed"):
            ages = [value(band.from_age, "years") for band in getattr(kind, name_of_bands)]
            if ages[0] != 0.0 or any(b <= a for a, b in itertools.pairwise(ages)):
                found = ", ".join(f"{age:g}" for age in ages)
                out.append(f"{key}.{name_of_bands}: ages must start at 0 and rise, found {found}")
        steps = [value(q) for q in (kind.specialist_below, kind.targeted_below, kind.normal_range)]
        if steps != sorted(steps):
            out.append(
                f"{key}: specialist_below, targeted_below and normal_range must rise, "
                f"found {steps[0]:g}, {steps[1]:g}, {steps[2]:g}"
            )
    if not doubt.about("needs.deprivation") and sum(value(q) for q in config.needs.deprivation) <= 0.0:
        out.append("needs.deprivation: all five multipliers are 0; at least one must be above 0")
    if doubt.about("needs.school_age", "needs.secondary_age"):
        return out
    if value(config.needs.school_age, "years") >= value(config.needs.secondary_age, "years"):
        out.append("needs.school_age: must be below needs.secondary_age")
    return out


def _demand_problems(config: Config, doubt: Doubt) -> list[str]:
    """A stream of referrals that does not fit the needs, or staff counted by a population it lacks."""
    if config.area.kind != "referral_stream" or doubt.about("area", "needs.kinds", "workforce.roles"):
        return []
    out: list[str] = []
    kinds = config.needs.kinds
    for name, share in config.area.mix.kinds.items():
        if share > 0.0 and name not in kinds:
            close = difflib.get_close_matches(name, list(kinds), 1)
            hint = f"did you mean '{close[0]}'?" if close else f"known: {', '.join(kinds)}"
            out.append(f"area.mix.kinds.{name}: no kind of need of that name in needs; {hint}")
    if config.system.slots_per_week is None:
        roles = config.workforce.roles
        uncounted = [
            role
            for role, plan in config.system.job_plan.items()
            if plan.offers and role in roles and roles[role].wte is None
        ]
        if uncounted:
            out.append(
                f"workforce.roles: wte_per_100k of {', '.join(uncounted)}, but a stream of referrals has no children to "
                "count; give wte, or take a plain list with system=single_list needs=plain workforce=one_team"
            )
    return out


def _job_plan_problems(config: Config, doubt: Doubt) -> list[str]:
    """Job plans over 100 %."""
    out: list[str] = []
    value = config.resolver()
    system = config.system
    for role, plan in system.job_plan.items():
        if doubt.about(f"system.job_plan.{role}"):
            continue
        total = sum(map(value, plan.offers.values())) + sum(map(value, plan.overheads.values()))
        if total > 1.0 + 1e-9:
            out.append(
                f"system.job_plan.{role}: shares add up to {total:.1%} of the role's time; at most 100 %"
            )
    for locality, local in system.local_plans.items():
        for role, shares in local.items():
            key = f"system.local_plans.{locality}.{role}"
            if role not in system.job_plan or doubt.about(f"system.job_plan.{role}", key):
                continue
            plan = system.job_plan[role]
            total = sum(map(value, {**plan.offers, **shares}.values()))
            total += sum(map(value, plan.overheads.values()))
            if total > 1.0 + 1e-9:
                out.append(
                    f"{key}: with the rest of its job plan, shares add up to {total:.1%} "
                    "of the role's time; at most 100 %"
                )
    return out


def _roster_problems(config: Config) -> list[str]:
    """Offers that somebody is sent to and nobody is rostered for."""
    out: list[str] = []
    value = config.resolver()
    system, roles = config.system, config.workforce.roles
    if system.slots_per_week is not None:
        return out
    in_use = _in_use(config)
    for name, offer in system.offers.items():
        for group, minutes in offer.staff.items():
            rostered = any(
                value(plan.offers.get(name, 0.0)) > 0
                for role, plan in system.job_plan.items()
                if roles[role].group == group
            ) or any(
                value(local.get(role, {}).get(name, 0.0)) > 0
                for local in system.local_plans.values()
                for role in local
                if roles[role].group == group
            )
            if value(minutes) > 0 and not rostered and offer.requests is None and name in in_use:
                out.append(
                    f"system.offers.{name}: needs {group} time, "
                    f"but nobody of that group has a share for it in a job plan"
                )
    return out


def _in_use(config: Config) -> set[str]:
    """Offers that some door or route sends anybody to at these dials."""
    value = config.resolver()
    offers = config.system.offers
    reached = {name for name, offer in offers.items() if offer.requests is not None}
    reached |= {
        b.to for d in config.system.doors.values() if value(d.share) > 0 for b in d.to if value(b.share) > 0
    }
    frontier = [name for name in reached if name in offers]
    while frontier:
        for route in offers[frontier.pop()].routes:
            for b in (*route.to, *route.also):
                if b.to in offers and b.to not in reached and value(b.share) > 0:
                    reached.add(b.to)
                    frontier.append(b.to)
    return reached


def _share_problems(config: Config, doubt: Doubt) -> list[str]:
    """Alternatives whose probabilities add up to more than one; doors whose shares do not add up to one."""
    out: list[str] = []
    value = config.resolver()
    for name, offer in config.system.offers.items():
        if doubt.about(f"system.offers.{name}"):
            continue
        for j, route in enumerate(offer.routes):
            total = sum(value(b.share) for b in route.to)
            if total > 1.0 + 1e-9:
                out.append(f"system.offers.{name}.routes[{j}].to: shares add up to {total:.3f}; at most 1")
    for name, door in config.system.doors.items():
        if doubt.about(f"system.doors.{name}"):
            continue
        total = sum(value(b.share) for b in door.to)
        if abs(total - 1.0) > 1e-9:
            out.append(f"system.doors.{name}.to: shares add up to {total:.3f}; they must add up to 1")
    return out
