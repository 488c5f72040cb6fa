"""A small pathway as one would first write it in SimPy: a process for every child, and one for the team.

It is deliberately naive: no tables, no diary, no compiled code. Within a day the clock itself settles who comes
first: every family has a moment of its own in the morning, the team works after that, and the week is planned last.
:meth:`Oracle.run` gives the event log, which has to be the engine's, event for event.
"""

from __future__ import annotations

import math
from collections.abc import Generator
from typing import Any

import numpy as np
import simpy

from sim import draws
from sim.config import Config
from sim.numerics import logistic

from .numbers import LEVEL, YEAR, Calendar, Child, Service, covers, log_odds, minutes_per_day, referrals

BEGINS, GROWS_UP, DUE, CLINIC, PLANNING, PHASES = range(6)
WIDE = 1 << 40  # moments in a phase: room for every family to have one of its own
FAMILY = 64  # moments of a family: its own, then one for each service
AT_DOOR = 1_000_000  # what is drawn at the door is numbered from here on
Event = tuple[int, int, str | None, str]  # day, need, service, what happened
Life = Generator[simpy.Event, Any, None]


class Care:
    """A child's stay with one service: on its list, then in a course."""

    def __init__(self, child: Child, service: Service) -> None:
        self.child, self.service, self.order = child, service, child.number * FAMILY + service.number + 1
        self.contacts = self.times_turned_away = 0
        self.joined = self.ready = 0
        self.goal_led = self.grown_up = False
        self.room: list[Care] | None = None  # where it waits
        self.call: Any = None  # event: the team calls
        self.patience: Any = None  # event: the family gives up
        self.story: Any = None  # process


class Oracle:
    """One run of the plain model."""

    def __init__(self, config: Config, seed: int) -> None:
        self.config, self.seed, self.value = config, seed, config.resolver()
        self.system, self.env, self.log = config.system, simpy.Environment(), list[Event]()
        self.calendar = Calendar(config)
        self.services = {
            name: Service(i, name, offer, config, self.calendar)
            for i, (name, offer) in enumerate(self.system.offers.items())
        }
        self.per_day, self.queue_carry = (
            minutes_per_day(config, self.calendar),
            dict.fromkeys(config.workforce.roles, 0.0),
        )
        if self.system.slots_per_week is not None and not self.system.job_plan:
            takes = [s for s in self.services.values() if s.cost]
            for s in takes:
                s.share[next(iter(s.share))] = 1.0 / len(takes)
        in_person = [s for s in self.services.values() if s.access != "population"]
        everything, stages = (
            list(self.services.values()),
            sorted(turn for s in in_person for turn in s.stages()),
        )
        self.turns = [(everything[number], new) for _, number, new in stages]

    def run(self) -> list[Event]:
        """The event log of the run."""
        with np.errstate(over="ignore"):  # draws wrap around on purpose
            for child in referrals(self.config, self.calendar, self.seed):
                self.env.process(self.childhood(child))
            self.env.process(self.team())
            self.env.process(self.planning())
            self.env.run(until=self.calendar.end * PHASES * WIDE)
        return self.log

    @property
    def day(self) -> int:
        return int(self.env.now) // (PHASES * WIDE)

    def until(self, day: int, phase: int, order: int = 0) -> simpy.Event:
        """The moment of a day that belongs to a phase and a family."""
        return self.env.timeout((day * PHASES + phase) * WIDE + order - self.env.now)

    def note(self, child: Child, what: str, service: Service | None = None) -> None:
        self.log.append((self.day, child.key, service.name if service else None, what))

    def luck(self, child: Child, purpose: int, occasion: int) -> float:
        return draws.uniform(self.seed, child.key, purpose, occasion)

    # -- children and their families ------------------------------------------------------------------------

    def childhood(self, child: Child) -> Life:
        """Referred on a day, and one day too old for the services."""
        yield self.until(child.day, BEGINS, child.number)
        self.note(child, "need_begins")
        self.note(child, "noticed")
        self.enter(child)
        yield self.until(
            child.birth + math.floor(self.value(self.config.needs.leaves_at_age, "years") * YEAR),
            GROWS_UP,
            child.number,
        )
        if child.journey is not None and child.journey.is_alive:
            child.journey.interrupt()
        for service, process in reversed(child.support.items()):
            self.note(child, "support_ends", service)
            process.interrupt()
        for care in child.care.values():
            care.grown_up = True
            if care.room is not None:
                care.room.remove(care)
            if care.story.is_alive:  # not that of a child in a group
                care.story.interrupt()
        child.care.clear()
        self.note(child, "leaves_with_age")
        self.leave(child)

    def door(self, child: Child) -> Any:
        """The family's door, among those for its child."""
        age = self.day - child.birth
        doors = [
            d
            for d in self.system.doors.values()
            if covers(d.ages, age) and (d.levels == "all" or LEVEL in d.levels)
        ]
        u = draws.uniform(self.seed, child.number, draws.DOOR, 0) * sum(self.value(d.share) for d in doors)
        for door in doors:
            u -= self.value(door.share)
            if u < 0:
                return door
        return None

    def enter(self, child: Child) -> None:
        """Through the door to a first service."""
        door, occasion = self.door(child), AT_DOOR + child.arrivals
        child.arrivals += 1
        self.note(child, "arrives")
        branch = self.choose(child, door.to, occasion) if door else None
        if branch is None or not self.follow(child, branch, occasion):
            self.leave(child)

    def come_again(self, child: Child, days: int) -> Life:
        """Back to the door some day, perhaps to a wrong one first."""
        try:
            yield self.until(self.day + days, DUE, child.number * FAMILY)
            while (door := self.door(child)) is not None and self.value(door.wrong_door) > 0:
                odds = (
                    log_odds(self.value(door.wrong_door))
                    - math.log(self.value(door.navigation_odds)) * child.navigation
                )
                if self.luck(child, draws.WRONG_DOOR, child.arrivals) >= logistic(odds):
                    break
                self.note(child, "wrong_door")
                u = self.luck(child, draws.WRONG_DOOR_DAYS, child.arrivals)
                child.arrivals += 1
                lost = draws.days_after(self.value(door.wrong_door_days, "days"), u)
                yield self.until(self.day + lost, DUE, child.number * FAMILY)
            child.journey = None
            self.enter(child)
        except simpy.Interrupt:
            return

    def choose(self, child: Child, branches: list[Any], occasion: int) -> Any:
        """One of several ways on, or none."""
        if len(branches) == 1 and self.value(branches[0].share) >= 1:
            return branches[0]
        total, u = 0.0, self.luck(child, draws.BRANCH, occasion)
        for branch in branches:
            total += self.value(branch.share)
            if u < total or total > 1 - 1e-9:
                return branch
        return None

    def follow(self, child: Child, branch: Any, occasion: int) -> bool:
        """Go where a branch leads; False if that is out."""
        days = self.value(branch.after_days, "days")
        if branch.spread == "fixed":
            delay = math.ceil(days)
        else:
            delay = draws.days_after(days, self.luck(child, draws.DELAY, occasion)) if days > 0 else 0
        if branch.to == "door" and child.journey is None:
            child.journey = self.env.process(self.come_again(child, max(1, delay)))
        if branch.to in ("door", "leave"):
            return False
        service = self.services[branch.to]
        if delay == 0 and not self.suits(child, service):
            return False
        if service.access == "population":
            self.give(child, service)
        elif service not in child.care:
            care = child.care[service] = Care(child, service)
            child.has_left = False
            if delay == 0:
                self.join(care)
            care.story = self.env.process(self.story(care, delay))
        return True

    def suits(self, child: Child, service: Service) -> bool:
        return covers(service.offer.ages, self.day - child.birth)

    def give(self, child: Child, service: Service) -> None:
        """What needs no appointment is given at once, or goes on for longer."""
        if service in child.support:
            child.support[service].interrupt()
        else:
            self.note(child, "support_starts", service)
        child.support[service] = self.env.process(self.supported(child, service))

    def supported(self, child: Child, service: Service) -> Life:
        try:
            yield self.until(self.day + service.lasts, DUE, child.number * FAMILY + service.number + 1)
            self.note(child, "support_ends", service)
            del child.support[service]
        except simpy.Interrupt:
            return

    def leave(self, child: Child) -> None:
        """Out of the services, if nothing keeps the child there."""
        if not child.care and not child.has_left:
            child.has_left = True
            self.note(child, "leaves")

    # -- a child in a service -------------------------------------------------------------------------------

    def story(self, care: Care, pause: int) -> Life:
        """From referral to discharge."""
        child, service, outcome = care.child, care.service, None
        try:
            while True:
                if pause > 0:
                    yield self.until(self.day + pause, DUE, care.order)
                    if care.contacts > 0 and not service.offer.gate:  # another session is due
                        self.wait_in(care, service.owed)
                    elif self.suits(child, service):
                        self.join(care)
                    else:
                        del child.care[service]
                        return self.leave(child)
                yield care.call if care.patience is None else care.call | care.patience
                if not care.call.triggered:
                    self.out_of(care)
                    self.note(child, "gives_up", service)
                    return self.finish(care, "gave_up")
                over, meet = care.call.value
                if meet is None:  # into a group, which has a process of its own
                    return
                outcome, pause = meet(care)
                if outcome is not None:
                    self.finish(care, outcome)
                elif pause == 0:
                    care.call = self.env.event()
                over.succeed()
                if outcome is not None:
                    return
        except simpy.Interrupt:
            return

    def wait_in(self, care: Care, room: list[Care]) -> None:
        care.room, care.call = room, self.env.event()
        room.append(care)

    def out_of(self, care: Care) -> None:
        assert care.room is not None
        care.room.remove(care)
        care.room = None

    def join(self, care: Care) -> None:
        """Stand on the list, in one's class."""
        child, service = care.child, care.service
        care.joined, care.ready = self.day, self.day + service.notice
        if service.goal_led > 0:
            care.goal_led = self.luck(child, draws.GOAL_LED, child.joins) < service.goal_led
        self.wait_in(
            care, service.rooms[0 if service.access == "walk_in" else 1 + self.class_of(child, service)]
        )
        if service.patience > 0:
            days = draws.days_after(service.patience, self.luck(child, draws.PATIENCE, child.joins))
            care.patience = self.until(self.day + days, DUE, care.order)
        child.joins += 1
        self.note(child, "joins_list", service)

    def class_of(self, child: Child, service: Service) -> int:
        for i, (rule, share) in enumerate(service.rules):
            if covers(rule.ages, self.day - child.birth) and (rule.levels == "all" or LEVEL in rule.levels):
                if share >= 1 or child.urgent or self.luck(child, draws.PRIORITY, child.joins) < share:
                    return i
        return len(service.rules)

    def triage(self, care: Care) -> tuple[str | None, int]:
        """Outcome (None: not yet), and days until more is known."""
        child, service = care.child, care.service
        self.out_of(care)
        care.patience = None
        self.charge(service)
        care.contacts += 1
        self.note(child, "contact", service)
        if care.contacts == 1:
            u = self.luck(child, draws.MORE_INFORMATION, child.routings)
            if u < service.asks:
                self.note(child, "more_information", service)
                return None, draws.days_after(service.asks_days, 1.0 - u / service.asks)
        verdict = (
            "accepted" if self.luck(child, draws.ACCEPT, child.routings) < service.accept else "rejected"
        )
        self.note(child, verdict, service)
        return verdict, 0

    def is_brought(self, child: Child, service: Service, waited: int) -> bool:
        odds = service.missed + service.missed_per_day * waited + service.missed_deprived[child.quintile]
        odds += service.missed_winter if self.calendar.winter[self.day] else 0.0
        u = self.luck(child, draws.NOT_BROUGHT, child.appointments)
        child.appointments += 1
        return u >= min(logistic(odds), service.missed_most)

    def appointment(self, care: Care) -> tuple[str | None, int]:
        """Outcome (None: not yet), and days until the next session (0: on the list again)."""
        child, service, first = care.child, care.service, care.contacts == 0
        self.out_of(care)
        brought = self.is_brought(child, service, self.day - care.joined if first else 0)
        self.charge(service, lost=not brought)
        if not brought:
            self.note(child, "not_brought", service)
            if self.luck(child, draws.DISCHARGE, child.appointments) < service.discharge:
                self.note(child, "sent_away", service)
                return "discharged_not_brought", 0
            service.rebookings += 1
            if not first:
                return None, service.rebook
            care.ready = self.day + service.rebook
            self.wait_in(care, service.rooms[0])
            return None, 0
        if first:
            care.patience = None
            if service.helps:
                self.note(child, "support_starts", service)
        care.contacts += 1
        self.note(child, "contact", service)
        outcome = self.after(care)
        if outcome is not None and care.contacts > 1:
            self.note(child, "course_ends", service)
        return outcome, service.every

    def after(self, care: Care) -> str | None:
        """Nobody makes progress here: a course that waits for it stalls at its first review."""
        service, n = care.service, care.contacts
        if not care.goal_led:
            return "done" if n >= service.contacts else None
        stalled = n > 1 and n % service.review == 0 and service.stalls
        return "done" if n >= service.most else "stalled" if stalled else None

    def turned_away(self, care: Care) -> tuple[str | None, int]:
        """The drop-in was full: come again, or not."""
        child, service = care.child, care.service
        self.note(child, "turned_away", service)
        u = self.luck(child, draws.TURNED_AWAY, child.joins * 1024 + care.times_turned_away)
        care.times_turned_away += 1
        if u >= service.walks_off:
            return None, 0
        self.out_of(care)
        self.note(child, "gives_up", service)
        return "gave_up", 0

    def finish(self, care: Care, outcome: str) -> None:
        """The stay is over: what runs besides, what comes next, or leaving."""
        child, occasion = care.child, care.child.routings
        del child.care[care.service]
        child.routings += 1
        for route in care.service.offer.routes:
            if outcome in route.when and (route.levels == "all" or LEVEL in route.levels):
                for i, branch in enumerate(route.also):
                    if self.luck(child, draws.ALSO, occasion * 32 + i) < self.value(branch.share):
                        self.follow(child, branch, occasion * 32 + i + 1)
                if (branch := self.choose(child, route.to, occasion)) is not None:
                    self.follow(child, branch, occasion * 32)
                break
        self.leave(child)

    def group(self, service: Service, members: list[Care], over: Any) -> Life:
        """A course that several children begin and end together; a child that has grown up leaves its chair empty."""
        for care in members:
            self.out_of(care)
            if service.helps:
                self.note(care.child, "support_starts", service)
            care.call.succeed((None, None))
        for session in range(service.contacts):
            if session > 0:
                over.succeed()
                yield self.until(self.day + service.every, DUE, members[0].order)
                members[0].call = self.env.event()
                service.owed.append(members[0])
                over, _ = yield members[0].call
                service.owed.remove(members[0])
            self.charge(service)
            for care in members:
                if not care.grown_up:
                    brought = self.is_brought(care.child, service, 0)
                    self.note(care.child, "contact" if brought else "not_brought", service)
        for care in members:
            if not care.grown_up:
                self.note(care.child, "course_ends", service)
                self.finish(care, "done")
        over.succeed()

    # -- the team -------------------------------------------------------------------------------------------

    def team(self) -> Life:
        """Every working day: what is owed, then turn by turn, then what is left of the day."""
        for day in range(self.calendar.end):
            yield self.until(day, CLINIC)
            if not self.calendar.works[day]:
                continue
            for service in self.services.values():
                for role in service.today:
                    self.have(service, role, self.share_of_day(service, role))
            for service, new in self.turns:
                yield from self.work(service, new)
            if self.system.spare_time == "shared":
                yield from self.share_spare_time()
            for service in self.services.values():
                service.today = dict.fromkeys(service.today, 0)
                if service.access == "walk_in" and service.open_on[day]:
                    for care in [c for c in service.rooms[0] if c.ready <= day]:
                        yield from self.call(care, self.turned_away)

    def share_of_day(self, service: Service, role: str) -> int:
        """A week's minutes are spread evenly over the days on which a service runs."""
        first = self.day - self.day % 7
        days = [d for d in range(first, min(first + 7, self.calendar.end)) if service.open_on[d]]
        if self.day not in days:
            return 0
        i, n, minutes = days.index(self.day), len(days), service.week[role]
        return minutes * (i + 1) // n - minutes * i // n

    def have(self, service: Service, role: str, minutes: int) -> None:
        """Minutes to work with, once what is owed is paid."""
        paid = min(service.owing[role], minutes)
        service.owing[role] -= paid
        service.today[role] = minutes - paid

    def charge(self, service: Service, lost: bool = False) -> None:
        """What today's minutes do not cover is owed."""
        for role in service.cost:
            minutes = service.main.get(role, 0) if lost else service.cost[role]
            paid = min(service.today[role], minutes)
            service.today[role] -= paid
            service.owing[role] += minutes - paid

    def work(self, service: Service, new: bool) -> Life:
        """One turn of the day, as long as there are minutes and families."""
        while service.open_on[self.day] and all(service.today[role] > 0 for role in service.cost):
            kept = new and service.kept_share > 0 and service.kept + service.kept_share >= 1
            care = self.next_in_line(service, kept) if new else next(iter(service.owed), None)
            if care is None and not (kept and service.waiting() > 0):
                return
            small = new and service.offer.group and service.waiting() < service.smallest
            if small and self.day - care.joined < service.longest:
                return
            if new and service.kept_share > 0:
                service.kept += service.kept_share - (1.0 if kept else 0.0)
            if care is None:  # kept, and not needed
                for role, minutes in service.cost.items():
                    service.today[role] -= min(minutes, service.today[role])
            elif new and service.offer.group:
                ready = [c for room in service.rooms for c in room if c.ready <= self.day]
                over = self.env.event()
                self.env.process(self.group(service, ready[: service.size], over))
                yield over
            else:
                yield from self.call(care, self.triage if service.offer.gate else self.appointment)

    def call(self, care: Care, meet: Any) -> Life:
        """Call a family, and wait until it has been dealt with."""
        over = self.env.event()
        care.call.succeed((over, meet))
        yield over

    def next_in_line(self, service: Service, kept: bool) -> Care | None:
        """Those rebooked, then class by class; kept appointments are for the first class."""
        if service.access == "walk_in":
            return next((c for c in service.rooms[0] if c.ready <= self.day), None)
        order = list(range(len(service.rooms)))
        if service.kept_share > 0 and len(order) > 2:
            released = service.offer.queue.carve_out.released
            order = [0, 1, *(order[2:] if released else [])] if kept else [0, *order[2:], 1]
        first = [service.rooms[i][0] for i in order if service.rooms[i]]
        return next((c for c in first if c.ready <= self.day), None)

    def share_spare_time(self) -> Life:
        """Minutes that nobody booked go to the other lists of the same role."""
        for role in self.per_day:
            spare = sum(service.today[role] for service in self.services.values())
            for service in self.services.values():
                service.today[role] = 0
            for service, new in self.turns:
                if spare > 0 and service.share[role] > 0:
                    self.have(service, role, spare)
                    yield from self.work(service, new)
                    spare, service.today[role] = service.today[role], 0

    def planning(self) -> Life:
        """Before each week its minutes are divided: the care of the lists first, then the job plan."""
        for week in range(self.calendar.end // 7):
            if week > 0:
                yield self.until(7 * week - 1, PLANNING)
            before, after = sum(self.calendar.works[: 7 * week]), sum(self.calendar.works[: 7 * week + 7])
            for role, each in self.per_day.items():
                minutes = math.floor(each * after + 1e-6) - math.floor(each * before + 1e-6)
                self.plan(role, minutes - self.care_of_lists(role, week, minutes), 7 * week)
            for service in self.services.values():
                service.rebookings = 0

    def care_of_lists(self, role: str, week: int, minutes: int) -> int:
        wanted = self.queue_carry[role]
        total = 0.0
        for s in self.services.values():
            round_now = s.validation_every > 0 and week % s.validation_every == 0
            per_child = s.upkeep[role] + (s.validation[role] if round_now else 0.0)
            total += per_child * s.waiting() if s.access == "queue" else 0.0
            total += s.upkeep_rebooking[role] * s.rebookings
        wanted += total
        self.queue_carry[role] = wanted - math.floor(wanted)
        return min(math.floor(wanted), math.floor(minutes * self.value(self.system.queue_work_most)))

    def plan(self, role: str, minutes: int, first: int) -> None:
        """The job plan: shares of services that do not run this week go to the others."""
        rolled = self.system.job_plan.get(role)
        overheads = [self.value(share) for share in rolled.overheads.values()] if rolled else []
        left = minutes - sum(math.floor(minutes * share) for share in overheads)
        planned = [s for s in self.services.values() if s.share[role] > 0]
        running = [s for s in planned if any(s.open_on[first : first + 7])]
        total = rest = min(left, math.floor(minutes * sum(s.share[role] for s in planned) + 1e-6))
        for s in self.services.values():
            s.week[role] = 0
        for s in running:
            part = math.floor(total * s.share[role] / sum(x.share[role] for x in running))
            part = rest if s is running[-1] else min(rest, part)
            rest -= part
            s.week[role] = part if s.access != "population" else 0
