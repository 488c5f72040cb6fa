"""A small pathway as one would first write it in SimPy: a process for every child, and one for the team.

It is deliberately naive: no tables, no diary, no compiled code. The team works after the families' morning, and
the week is planned last. :meth:`Oracle.run` gives the event log, which has to be the engine's, event for event.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from sim.config import Config

from .families import CLINIC, DUE, PHASES, PLANNING, WIDE, Care, Event, Families, Life
from .numbers import YEAR, Service, minutes_per_day, referrals, whole


class Oracle(Families):
    """One run of the plain model."""

    def __init__(self, config: Config, seed: int) -> None:
        super().__init__(config, seed)
        self.per_day = minutes_per_day(config, self.calendar)
        self.part_minutes = dict.fromkeys(self.per_day, 0.0)  # of the care of the lists
        turns = sorted(t for s in self.services if s.offer.access != "population" for t in s.turns())
        self.turns = [(self.services[i], new) for _, i, new in turns]

    def run(self) -> list[Event]:
        """The event log of the run."""
        with np.errstate(over="ignore"):  # draws wrap around on purpose
            for child in referrals(self.config, self.calendar, self.seed):
                self.env.process(self.childhood(child))
            self.env.process(self.team())
            self.env.process(self.planning())
            self.env.run(until=self.calendar.end * PHASES * WIDE)
        return self.log

    def team(self) -> Life:
        """Every working day: what is owed, then turn by turn, then what is left of the day."""
        for day in [d for d in range(self.calendar.end) if self.calendar.works[d]]:
            yield self.until(day, CLINIC)
            for service in self.services:
                for role in self.per_day:
                    self.have(service, role, self.part_of_week(service, role))
            for service, new in self.turns:
                yield from self.work(service, new)
            if self.system.spare_time == "shared":
                yield from self.share_spare_time()
            for service in self.services:
                service.today = dict.fromkeys(self.per_day, 0)
                if service.offer.access == "walk_in" and service.open_on[day]:
                    for care in [c for c in service.rooms[0] if c.ready <= day]:
                        yield from self.call(care, self.turned_away)

    def part_of_week(self, service: Service, role: str) -> int:
        """A week's minutes are spread evenly over the days on which a service runs."""
        first = self.day - self.day % 7
        if not service.open_on[self.day]:
            return 0
        minutes, n = service.week[role], sum(service.open_on[first : first + 7])
        i = sum(service.open_on[first : self.day])
        return minutes * (i + 1) // n - minutes * i // n

    def have(self, service: Service, role: str, minutes: int) -> None:
        """Minutes to work with, once what is owed is paid."""
        paid = min(service.owing[role], minutes)
        service.owing[role] -= paid
        service.today[role] = minutes - paid

    def work(self, service: Service, new: bool) -> Life:
        """One turn of the day, as long as there are minutes and families."""
        offer, carve_out = service.offer, service.offer.queue.carve_out if new else None
        share, kept = self.value(carve_out.share) if carve_out else 0.0, False
        while service.open_on[self.day] and all(service.today[role] > 0 for role in service.cost):
            kept = share > 0 and service.kept + share >= 1
            care = self.next_in_line(service, kept) if new else next(iter(service.owed), None)
            if care is None and not (kept and service.waiting() > 0):
                return
            small = new and offer.group and service.waiting() < self.value(offer.group.smallest)
            if small and self.day - care.joined < self.value(offer.group.longest_wait_days, "days"):
                return
            service.kept += share - (1.0 if kept else 0.0)
            if care is None:  # kept, and not needed
                for role, minutes in service.cost.items():
                    service.today[role] -= min(minutes, service.today[role])
            elif new and offer.group:
                ready = [c for room in service.rooms for c in room if c.ready <= self.day]
                over = self.env.event()
                self.env.process(self.group(service, ready[: whole(self.value(offer.group.size))], over))
                yield over
            else:
                yield from self.call(care, self.triage if offer.gate else self.appointment)

    def call(self, care: Care, meet: Any) -> Life:
        """Call a family, and wait until it has been dealt with."""
        over = self.env.event()
        care.call.succeed((over, meet))
        yield over

    def next_in_line(self, service: Service, kept: bool) -> Care | None:
        """Those rebooked, then class by class; kept appointments are for the first class."""
        if service.offer.access == "walk_in":
            return next((c for c in service.rooms[0] if c.ready <= self.day), None)
        rooms = service.rooms
        if service.offer.queue.carve_out:
            others = rooms[2:] if service.offer.queue.carve_out.released or not kept else []
            rooms = [rooms[0], rooms[1], *others] if kept else [rooms[0], *others, rooms[1]]
        return next((room[0] for room in rooms if room and room[0].ready <= self.day), None)

    def share_spare_time(self) -> Life:
        """Minutes that nobody booked go to the other lists of the same role."""
        for role in self.per_day:
            spare = sum(service.today[role] for service in self.services)
            for service in self.services:
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
            before, after = (sum(self.calendar.works[: 7 * w]) for w in (week, week + 1))
            for role, each in self.per_day.items():
                minutes = math.floor(each * after + 1e-6) - math.floor(each * before + 1e-6)
                self.plan(role, minutes - min(minutes, self.care_of_lists(role, week)), 7 * week)
            for service in self.services:
                service.rebookings = 0

    def care_of_lists(self, role: str, week: int) -> int:
        """Whole minutes that the lists ask of a role; parts of a minute are kept for the next week."""
        total, v, group = 0.0, self.value, self.config.workforce.roles[role].group
        for u, service in [(s.offer.upkeep, s) for s in self.services]:
            per_child = v(u.minutes_per_child_month.get(group, 0.0)) / (YEAR / 12.0 / 7.0)
            per_child += v(u.chasers_per_100_week) / 100.0 * v(u.minutes_per_chaser.get(group, 0.0))
            every = whole(v(u.validation_every_weeks, "weeks"))
            if every > 0 and week % every == 0:
                per_child += v(u.minutes_per_validation.get(group, 0.0))
            total += per_child * service.waiting()
            total += v(u.minutes_per_rebooking.get(group, 0.0)) * service.rebookings
        total = self.part_minutes[role] + total
        self.part_minutes[role] = total - math.floor(total)
        return math.floor(total)

    def plan(self, role: str, minutes: int, first: int) -> None:
        """The job plan: shares of services that do not run this week go to the others."""
        overheads = self.system.job_plan[role].overheads.values()
        left = minutes - sum(math.floor(minutes * self.value(share)) for share in overheads)
        planned = [s for s in self.services if s.share[role] > 0]
        running = [s for s in planned if any(s.open_on[first : first + 7])]
        total = rest = min(left, math.floor(minutes * sum(s.share[role] for s in planned) + 1e-6))
        for s in self.services:
            s.week[role] = 0
        for s in running:
            part = math.floor(total * s.share[role] / sum(x.share[role] for x in running))
            s.week[role] = rest if s is running[-1] else min(rest, part)
            rest -= s.week[role]

    def group(self, service: Service, members: list[Care], over: Any) -> Life:
        """A course that several begin and end together; a child that has grown up leaves an empty chair."""
        for care in members:
            care.story.interrupt()
            care.room.remove(care)
            if service.offer.effect:
                self.note(care.child, "support_starts", service)
        for session in range(service.contacts):
            if session > 0:
                over.succeed()
                every = whole(self.value(service.offer.course.every_days, "days"))
                yield self.until(self.day + every, DUE, members[0].order)
                self.wait_in(members[0], service.owed)
                over, _ = yield members[0].call
                service.owed.remove(members[0])
            service.charge()
            for care in [c for c in members if not c.grown_up]:
                brought = self.is_brought(care.child, service, 0)
                self.note(care.child, "contact" if brought else "not_brought", service)
        for care in [c for c in members if not c.grown_up]:
            self.note(care.child, "course_ends", service)
            self.finish(care, "done")
        over.succeed()
