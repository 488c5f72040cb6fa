"""Families in the plain model: every child is a process, and so is every stay of a child with a service.

Within a day the clock itself settles who comes first: every family has a moment of its own in the morning.
"""

from __future__ import annotations

import math
from collections.abc import Generator
from typing import Any

import simpy

from sim import draws
from sim.config import Config
from sim.numerics import logistic

from .numbers import LEVEL, YEAR, Calendar, Child, Service, log_odds, whole

BEGINS, GROWS_UP, DUE, CLINIC, PLANNING, PHASES = range(6)
WIDE = 1 << 40  # moments in a phase: room for every family to have some of its own
FAMILY = 64  # moments of a family: its own, then one for each service
AT_DOOR = 1_000_000  # what is drawn at the door is numbered from here on
Event = tuple[int, int, str | None, str]  # day, need, service, what happened
Life = Generator[simpy.Event, Any, None]
Verdict = tuple[str | None, int]  # outcome (None: not over yet), and days until more happens


class Care:
    """A child's stay with one service: on its list, then in a course."""

    def __init__(self, child: Child, service: Service) -> None:
        self.child, self.service, self.order = child, service, child.number * FAMILY + service.number + 1
        self.contacts = self.times_turned_away = self.joined = self.ready = 0
        self.goal_led = self.grown_up = False
        self.room: list[Care] = []  # where it waits, or waited last
        self.call = self.patience = self.story = (
            None  # events: the team calls, the family gives up; the process
        )


class Families:
    """The clock, the log, and everything that families do of their own accord or when they are called."""

    def __init__(self, config: Config, seed: int) -> None:
        self.config, self.system, self.seed, self.value = config, config.system, seed, config.resolver()
        self.env, self.log, self.calendar = simpy.Environment(), list[Event](), Calendar(config)
        offers = enumerate(self.system.offers.items())
        self.services = [Service(i, name, offer, config, self.calendar) for i, (name, offer) in offers]
        self.by_name = {s.name: s for s in self.services}

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

    # -- children and their families

    def childhood(self, child: Child) -> Life:
        """Referred on a day, and one day too old for the services."""
        yield self.until(child.day, BEGINS, child.number)
        self.note(child, "need_begins")
        self.note(child, "noticed")
        self.enter(child)
        too_old = math.floor(self.value(self.config.needs.leaves_at_age, "years") * YEAR)
        yield self.until(child.birth + too_old, GROWS_UP, child.number)
        if child.journey is not None:
            child.journey.interrupt()
        for service, process in reversed(child.support.items()):
            process.interrupt()
            if service in child.supported:
                self.note(child, "support_ends", service)
        for care in child.care.values():
            care.grown_up = True
            if care.story.is_alive:  # not that of a child in a group, which has its own
                if care in care.room:
                    care.room.remove(care)
                care.story.interrupt()
        child.care.clear()
        self.note(child, "leaves_with_age")
        self.leave(child)

    def door(self, child: Child) -> Any:
        """The family's door, among those for its child."""
        doors = [d for d in self.system.doors.values() if child.has_age(d.ages, self.day)]
        total = sum(self.value(d.share) for d in doors)
        u = draws.uniform(self.seed, child.number, draws.DOOR, 0) * total
        for door in doors:
            u -= self.value(door.share)
            if u < 0:
                return door
        raise ValueError("there must be a door for every age")

    def enter(self, child: Child) -> None:
        """Through the door to a first service."""
        occasion = AT_DOOR + child.arrivals
        child.arrivals += 1
        self.note(child, "arrives")
        branch = self.choose(child, self.door(child).to, occasion)
        if branch is None or not self.follow(child, branch, occasion):
            self.leave(child)

    def come_again(self, child: Child, days: int) -> Life:
        """Back to the door some day, perhaps to a wrong one first."""
        try:
            while True:
                yield self.until(self.day + days, DUE, child.number * FAMILY)
                door, occasion = self.door(child), child.arrivals
                odds = log_odds(self.value(door.wrong_door))
                odds -= math.log(self.value(door.navigation_odds)) * child.navigation
                if self.luck(child, draws.WRONG_DOOR, occasion) >= logistic(odds):
                    break
                self.note(child, "wrong_door")
                child.arrivals += 1
                u = self.luck(child, draws.WRONG_DOOR_DAYS, occasion)
                days = draws.days_after(self.value(door.wrong_door_days, "days"), u)
            child.journey = None
            self.enter(child)
        except simpy.Interrupt:
            pass

    def choose(self, child: Child, branches: list[Any], occasion: int) -> Any:
        """One of several ways on, or none."""
        total, u = 0.0, self.luck(child, draws.BRANCH, occasion)
        for branch in branches:
            total += self.value(branch.share)
            if u < total or total > 1 - 1e-9:
                return branch
        return None

    def follow(self, child: Child, branch: Any, occasion: int) -> bool:
        """Go where a branch leads; False if that is out."""
        days, fixed = self.value(branch.after_days, "days"), branch.spread == "fixed"
        delay = math.ceil(days)
        if days > 0 and not fixed:
            delay = draws.days_after(days, self.luck(child, draws.DELAY, occasion))
        if branch.to == "door" and child.journey is None:
            child.journey = self.env.process(self.come_again(child, max(1, delay)))
        if branch.to in ("door", "leave"):
            return False
        service = self.by_name[branch.to]
        if delay == 0 and not child.has_age(service.offer.ages, self.day):
            return False
        if service.offer.access == "population":
            self.give(child, service, delay)
        elif service not in child.care:
            care = child.care[service] = Care(child, service)
            child.has_left = False
            if delay == 0:
                self.join(care)
            care.story = self.env.process(self.story(care, delay))
        return True

    def give(self, child: Child, service: Service, delay: int = 0) -> None:
        """What needs no appointment is given at once or later; given again at once, it goes on for longer."""
        if service in child.support:
            if delay > 0:
                return
            child.support[service].interrupt()
        if delay == 0 and service not in child.supported:
            child.supported.add(service)
            self.note(child, "support_starts", service)
        child.support[service] = self.env.process(self.support(child, service, delay))

    def support(self, child: Child, service: Service, delay: int) -> Life:
        days = delay or whole(self.value(service.offer.effect.lasts_days, "days"))
        try:
            yield self.until(self.day + days, DUE, child.number * FAMILY + service.number + 1)
            del child.support[service]
            if delay == 0:
                child.supported.remove(service)
                self.note(child, "support_ends", service)
            elif child.has_age(service.offer.ages, self.day):
                self.give(child, service)
        except simpy.Interrupt:
            pass

    def leave(self, child: Child) -> None:
        """Out of the services, if nothing keeps the child there."""
        if not child.care and not child.has_left:
            child.has_left = True
            self.note(child, "leaves")

    # -- a child in a service

    def story(self, care: Care, pause: int) -> Life:
        """From referral to discharge."""
        child, service = care.child, care.service
        try:
            while True:
                if pause > 0:
                    yield self.until(self.day + pause, DUE, care.order)
                    if care.contacts > 0 and not service.offer.gate:  # another session is due
                        self.wait_in(care, service.owed)
                    elif child.has_age(service.offer.ages, self.day):
                        self.join(care)
                    else:
                        del child.care[service]
                        return self.leave(child)
                yield care.call | care.patience if care.patience else care.call
                over, meet = care.call.value if care.call.triggered else (None, self.give_up)
                care.call = self.env.event()
                outcome, pause = meet(care)
                if outcome is not None:
                    self.finish(care, outcome)
                if over is not None:
                    over.succeed()
                if outcome is not None:
                    return
        except simpy.Interrupt:  # too old, or in a group, which is a process of its own
            pass

    def wait_in(self, care: Care, room: list[Care]) -> None:
        care.room, care.call = room, self.env.event()
        room.append(care)

    def join(self, care: Care) -> None:
        """Stand on the list, in one's class."""
        child, service, v = care.child, care.service, self.value
        queue, goal_led = service.offer.queue, v(service.offer.course.goal_led)
        care.joined, care.ready = self.day, self.day + whole(v(queue.notice_days, "days"))
        care.goal_led = self.luck(child, draws.GOAL_LED, child.joins) < goal_led
        self.wait_in(
            care, service.rooms[0 if service.offer.access == "walk_in" else self.room_of(child, service)]
        )
        if queue.patience_weeks is not None:
            u = self.luck(child, draws.PATIENCE, child.joins)
            days = draws.days_after(7.0 * v(queue.patience_weeks, "weeks"), u)
            care.patience = self.until(self.day + days, DUE, care.order)
        child.joins += 1
        self.note(child, "joins_list", service)

    def room_of(self, child: Child, service: Service) -> int:
        """The first class whose rule fits, or the last."""
        u = self.luck(child, draws.PRIORITY, child.joins)
        for i, rule in enumerate(service.offer.queue.priority):
            fits = child.has_age(rule.ages, self.day) and (rule.levels == "all" or LEVEL in rule.levels)
            if fits and (child.urgent or u < self.value(rule.share)):
                return i + 1
        return len(service.rooms) - 1

    def triage(self, care: Care) -> Verdict:
        child, service, gate, v = care.child, care.service, care.service.offer.gate, self.value
        care.room.remove(care)
        care.patience = None
        service.charge()
        care.contacts += 1
        self.note(child, "contact", service)
        u, share = self.luck(child, draws.MORE_INFORMATION, child.routings), v(gate.more_information)
        if care.contacts == 1 and u < share:
            self.note(child, "more_information", service)
            return None, draws.days_after(v(gate.more_information_days, "days"), 1.0 - u / share)
        accepted = self.luck(child, draws.ACCEPT, child.routings) < v(gate.accept[LEVEL])
        self.note(child, "accepted" if accepted else "rejected", service)
        return "accepted" if accepted else "rejected", 0

    def is_brought(self, child: Child, service: Service, waited: int) -> bool:
        a, v = service.offer.attendance, self.value
        odds = log_odds(v(a.not_brought)) + math.log(v(a.odds_per_month)) / (YEAR / 12) * waited
        odds += math.log(v(a.deprived_odds)) * (2 - child.quintile) / 4.0
        odds += math.log(v(a.winter_odds)) if self.calendar.winter[self.day] else 0.0
        u = self.luck(child, draws.NOT_BROUGHT, child.appointments)
        child.appointments += 1
        return u >= min(logistic(odds), v(a.most))

    def appointment(self, care: Care) -> Verdict:
        """A first contact (0 days to the next: on the list again), or a session of a course under way."""
        child, service, first = care.child, care.service, care.contacts == 0
        attendance, course = service.offer.attendance, service.offer.course
        care.room.remove(care)
        brought = self.is_brought(child, service, self.day - care.joined if first else 0)
        service.charge(lost=not brought)
        if not brought:
            self.note(child, "not_brought", service)
            if self.luck(child, draws.DISCHARGE, child.appointments) < self.value(attendance.discharge):
                self.note(child, "sent_away", service)
                return "discharged_not_brought", 0
            service.rebookings += 1
            days = whole(self.value(attendance.rebook_days, "days"))
            if not first:
                return None, days
            care.ready = self.day + days
            self.wait_in(care, service.rooms[0])
            return None, 0
        if first:
            care.patience = None
            if service.offer.effect:
                self.note(child, "support_starts", service)
        care.contacts += 1
        self.note(child, "contact", service)
        outcome = self.after(care)
        if outcome is not None and care.contacts > 1:
            self.note(child, "course_ends", service)
        return outcome, whole(self.value(course.every_days, "days"))

    def after(self, care: Care) -> str | None:
        """Nobody makes progress here: a course that waits for it stalls at its first review."""
        course, n, v = care.service.offer.course, care.contacts, self.value
        if not care.goal_led:
            return "done" if n >= care.service.contacts else None
        if n >= whole(v(course.most_contacts)):
            return "done"
        return "stalled" if n > 1 and n % whole(v(course.review_every)) == 0 else None

    def turned_away(self, care: Care) -> Verdict:
        """The drop-in was full: come again, or not."""
        self.note(care.child, "turned_away", care.service)
        u = self.luck(care.child, draws.TURNED_AWAY, care.child.joins * 1024 + care.times_turned_away)
        care.times_turned_away += 1
        share = self.value(care.service.offer.walk_in.gives_up_when_full)
        return self.give_up(care) if u < share else (None, 0)

    def give_up(self, care: Care) -> Verdict:
        care.room.remove(care)
        self.note(care.child, "gives_up", care.service)
        return "gave_up", 0

    def finish(self, care: Care, outcome: str) -> None:
        """The stay is over: what runs besides, what comes next, or leaving."""
        child, occasion = care.child, care.child.routings
        del child.care[care.service]
        child.routings += 1
        routes = [r for r in care.service.offer.routes if outcome in r.when]
        for route in [r for r in routes if r.levels == "all" or LEVEL in r.levels][:1]:
            for i, branch in enumerate(route.also):
                if self.luck(child, draws.ALSO, occasion * 32 + i) < self.value(branch.share):
                    self.follow(child, branch, occasion * 32 + i + 1)
            if (branch := self.choose(child, route.to, occasion)) is not None:
                self.follow(child, branch, occasion * 32)
        self.leave(child)
