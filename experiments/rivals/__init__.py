"""One plain referral pathway, and three ways other people would simulate it: the yardstick for speed.

A claim of speed means something only against what a service would otherwise use, on the same pathway, on the
same machine, in the same run. This package states that pathway once (`PlainPathway`) and holds three honest
programs for it, each with one public function `simulate`:

* `simpy_resources`: SimPy as most people write it (a process per child, a priority resource for staff);
* `ciw_network`: a network of queues in Ciw;
* `simpy_lean`: SimPy written with care (a process per child, its own waiting lists, no resource).

The pathway, in continuous time, with seven-day weeks and staff always at work:

1. Referrals arrive as a Poisson process. Triage takes `triage_days`; a share `accepted` goes on to the list.
2. There is one list for all appointments, taken in the order: sessions owed to children in a block, then
   children triaged as urgent, then routine ones; inside each, whoever joined first.
3. An assessment takes one slot of one clinician. A share `goes_on_to_block` joins the list again, at the end
   of its class, for a block of `sessions_in_block` sessions of one slot each.
4. Each later session of the block is owed `days_between_sessions` after the one before it began.
5. In each of the two waits a child gives up after an exponential time of mean `patience_weeks`; nobody gives
   up on a session that is owed.

The two in SimPy draw the same random numbers in the same order and give every child the same wait, to the
bit. Ciw draws its own. It also differs by a hair: it gives a slot that ends to the next child before the
child just seen has joined the list again, so that an urgent child never follows itself.
tests/test_rivals.py holds them against each other and against the exact limit for large services.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from numbers import Integral, Real

from sim.errors import InputError

#: Order in which the list is served: the lower number first.
OWED, URGENT, ROUTINE = 0, 1, 2

DAYS_PER_WEEK = 7.0


def _is_number(value: object) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool) and math.isfinite(value)


def _is_whole(value: object) -> bool:
    return isinstance(value, Integral) and not isinstance(value, bool)


@dataclass(frozen=True)
class PlainPathway:
    """The benchmark's pathway. The defaults define the benchmark; they are not findings about any service.

    They make demand (3.91 slots per referral) exceed supply (3.2 slots per referral), so that a long list
    forms and children give up, because a long list is what tells programs apart.

    Raises:
        InputError: one sentence for every value out of range.
    """

    #: Days from referral to the triage decision: five working days are seven calendar days.
    triage_days: float = 7.0
    #: Share of referrals accepted at triage.
    accepted: float = 0.85
    #: Share of accepted referrals that triage marks urgent, for both of the child's waits.
    urgent: float = 0.10
    #: Share of assessed children that go on to a block of sessions.
    goes_on_to_block: float = 0.60
    #: Sessions in a block, one slot each.
    sessions_in_block: int = 6
    #: Days from the start of one session of a block to the day the next is owed.
    days_between_sessions: float = 7.0
    #: Mean of the exponential time after which a child gives up waiting, in weeks; drawn afresh for each wait
    patience_weeks: float = 104.0
    #: Clinicians employed per weekly referral.
    clinicians_per_weekly_referral: float = 0.16
    #: Slots one clinician has in a week; a slot lasts 7 days divided by this.
    slots_per_clinician_week: int = 20
    #: Weeks at the start, from an empty list, in which waits are not recorded.
    warm_up_weeks: int = 52
    #: Weeks after the warm-up.
    follow_up_weeks: int = 260

    def __post_init__(self) -> None:
        problems = [
            f"PlainPathway.{name}: found {getattr(self, name)!r}, must be a share between 0 and 1."
            for name in ("accepted", "urgent", "goes_on_to_block")
            if not (_is_number(getattr(self, name)) and 0 <= getattr(self, name) <= 1)
        ]
        problems += [
            f"PlainPathway.{name}: found {getattr(self, name)!r}, must be a number above 0."
            for name in ("days_between_sessions", "patience_weeks", "clinicians_per_weekly_referral")
            if not (_is_number(getattr(self, name)) and getattr(self, name) > 0)
        ]
        problems += [
            f"PlainPathway.{name}: found {getattr(self, name)!r}, must be a whole number of at least {least}."
            for name, least in (
                ("sessions_in_block", 1),
                ("slots_per_clinician_week", 1),
                ("warm_up_weeks", 0),
                ("follow_up_weeks", 1),
            )
            if not (_is_whole(getattr(self, name)) and getattr(self, name) >= least)
        ]
        if not (_is_number(self.triage_days) and self.triage_days >= 0):
            problems.append(
                f"PlainPathway.triage_days: found {self.triage_days!r}, must be a number of at least 0."
            )
        if not problems and self.days_between_sessions < self.slot_days:
            problems.append(
                f"PlainPathway.days_between_sessions: found {self.days_between_sessions!r}, must be at least"
                f" the length of a slot, {self.slot_days:g} days."
            )
        if problems:
            raise InputError(problems)

    @property
    def slot_days(self) -> float:
        """Length of one slot in days."""
        return DAYS_PER_WEEK / self.slots_per_clinician_week

    @property
    def patience_days(self) -> float:
        """Mean patience in days."""
        return DAYS_PER_WEEK * self.patience_weeks

    @property
    def weeks(self) -> int:
        """Weeks of a full run: warm-up and follow-up."""
        return self.warm_up_weeks + self.follow_up_weeks

    def clinicians(self, referrals_per_week: float) -> int:
        """Clinicians for this stream of referrals: the nearest whole number, at least one."""
        return max(1, round(self.clinicians_per_weekly_referral * referrals_per_week))

    def slots_per_week(self, referrals_per_week: float) -> int:
        """Slots the whole team has in a week."""
        return self.clinicians(referrals_per_week) * self.slots_per_clinician_week


#: The pathway of the benchmark; 312.5 referrals a week for `PLAIN_PATHWAY.weeks` weeks make about 100,000.
PLAIN_PATHWAY = PlainPathway()


@dataclass(frozen=True)
class RivalResult:
    """What one rival did.

    Attributes:
        referrals: referrals that arrived within the simulated weeks, or until the run was stopped.
        cpu_seconds: processor time of the run alone, without imports, without building the model.
        mean_wait_to_assessment_days: mean calendar days from joining the list (after triage) to the start of
            the assessment, over children whose assessment began after the warm-up; NaN when there was none.
        stopped_early: whether the run was cut at `max_cpu_seconds`. See `cpu_microseconds_per_referral`.
    """

    referrals: int
    cpu_seconds: float
    mean_wait_to_assessment_days: float
    stopped_early: bool

    @property
    def cpu_microseconds_per_referral(self) -> float:
        """Processor time per referral, in microseconds; NaN without referrals.

        For a run that was stopped early this is a **lower bound** of the cost of the full run: the list
        starts empty and grows, each operation costs more the longer the list is, and the children still on
        the list have arrived but have not yet had most of the work done for them. A ratio of a rival's cost
        to ours that rests on a cut run therefore flatters the rival, never us. The mean wait of a cut run
        comes from a shorter period and must not be compared.
        The bound is loose when the cut comes soon: `simpy_resources` at 312.5 referrals a week, cut after a
        fifth of its referrals, shows a fifth of its full cost.
        """
        return 1e6 * self.cpu_seconds / self.referrals if self.referrals else math.nan


def check_arguments(
    referrals_per_week: float, weeks: int, seed: int, max_cpu_seconds: float | None, pathway: PlainPathway
) -> None:
    """Refuse arguments of `simulate` that make no sense, all in one go.

    Raises:
        InputError: one sentence per argument.
    """
    problems = []
    if not (_is_number(referrals_per_week) and referrals_per_week > 0):
        problems.append(f"referrals_per_week: found {referrals_per_week!r}, must be a number above 0.")
    if not (_is_whole(weeks) and weeks > pathway.warm_up_weeks):
        problems.append(
            f"weeks: found {weeks!r}, must be a whole number above the"
            f" {pathway.warm_up_weeks} weeks of warm-up."
        )
    if not (_is_whole(seed) and seed >= 0):
        problems.append(f"seed: found {seed!r}, must be a whole number of at least 0.")
    if max_cpu_seconds is not None and not (_is_number(max_cpu_seconds) and max_cpu_seconds > 0):
        problems.append(
            f"max_cpu_seconds: found {max_cpu_seconds!r}, must be a number above 0, or None for no limit."
        )
    if problems:
        raise InputError(problems)
