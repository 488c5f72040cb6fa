"""What waiting-list arithmetic says before anything is simulated: list lengths, waits, capacity.

Two families of formula. The first is the arithmetic NHS waiting-list analysts already use: load, target
list, relief capacity, pressure, and the mean wait a target implies. The second is queue theory with an
exact answer: several clinicians and one list, variable appointment lengths, statutory work that goes
first, families who give up, and demand above capacity. The simulation is held against both.

Rates, waits and targets may be in any unit of time as long as one call uses the same unit throughout
(children per week goes with weeks). Shares and probabilities are between 0 and 1. Every function is pure;
each raises `InputError`, listing everything wrong with what it was given, before it calculates.

Sources
-------
[1] Fong, Mushtaq, House, Gordon, Chen, Griffiths, Ahmad, Walton (2022), "Understanding waiting lists
    pressures", medRxiv 2022.08.23.22279117; R package NHSRwaitinglist (nhs-r-community).
[2] NHS England South West, `community_waits` (nhsengland/community_waits), the method applied to
    community health services waiting lists.
[3] Gross, Shortle, Thompson, Harris (2008), "Fundamentals of Queueing Theory", 4th edition.
[4] Cobham (1954), "Priority assignment in waiting line problems", Operations Research 2(1).
[5] Garnett, Mandelbaum, Reiman (2002), "Designing a call center with impatient customers",
    Manufacturing & Service Operations Management 4(3); Whitt (2004), Management Science 50(10).
[6] Little (1961), "A proof for the queuing formula: L = λW", Operations Research 9(3).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np

from sim.errors import InputError

# ---------------------------------------------------------------------------------------------------------
# What may be asked
# ---------------------------------------------------------------------------------------------------------


def _positive(name: str, value: float) -> str | None:
    if math.isfinite(value) and value > 0:
        return None
    return f"{name}: found {value!r}; it must be a finite number above 0."


def _not_negative(name: str, value: float) -> str | None:
    if math.isfinite(value) and value >= 0:
        return None
    return f"{name}: found {value!r}; it must be a finite number, 0 or more."


def _share(name: str, value: float) -> str | None:
    if 0 < value < 1:
        return None
    return f"{name}: found {value!r}; it must be a share between 0 and 1, neither of them included."


def _whole(name: str, value: int) -> str | None:
    if math.isfinite(value) and value == int(value) and value >= 1:
        return None
    return f"{name}: found {value!r}; it must be a whole number, 1 or more."


def _refuse(problems: Iterable[str | None]) -> None:
    """Raise `InputError` with every sentence that is not None."""
    found = [problem for problem in problems if problem is not None]
    if found:
        raise InputError(found)


def _refuse_overload(load: float, remedy: str) -> None:
    if load >= 1:
        raise InputError(
            f"load: found {load:.6g}; it must be below 1: a list settles only below capacity. {remedy}"
        )


# ---------------------------------------------------------------------------------------------------------
# The waiting-list analyst's arithmetic
# ---------------------------------------------------------------------------------------------------------


def queue_load(demand: float, capacity: float) -> float:
    """Children who join for each child who could be seen: `demand / capacity` [1, fact 2].

    Above 1 the list grows without limit. `demand` and `capacity` in children per unit of time.
    """
    _refuse([_not_negative("demand", demand), _positive("capacity", capacity)])
    return demand / capacity


def target_mean_wait(target_wait: float, factor: float = 4.0) -> float:
    """Mean wait of a settled list that keeps its target: `target_wait / factor` [1, fact 4].

    The source's rule is a quarter of the target (`factor=4`) down to a sixth (`factor=6`). For a stated
    share seen in time, pass `factor=factor_for_share(share)`. Result in the unit of `target_wait`.
    """
    _refuse([_positive("target_wait", target_wait), _positive("factor", factor)])
    return target_wait / factor


def factor_for_share(share_within_target: float) -> float:
    """Times the target must exceed the mean wait for this share to be seen in time: `-ln(1 - p)` [2].

    Exact when waits are exponentially distributed. 92 % in time gives 2.5257; 99 % gives 4.6052.
    """
    _refuse([_share("share_within_target", share_within_target)])
    return -math.log1p(-share_within_target)


def probability_of_missing_target(mean_wait: float, target_wait: float) -> float:
    """Chance that a child waits longer than the target: `exp(-target_wait / mean_wait)` [1, facts 3 and 4].

    Exact for a settled list with exponential waits; a mean of a quarter of the target gives 1.8 %.
    """
    _refuse([_positive("mean_wait", mean_wait), _not_negative("target_wait", target_wait)])
    return math.exp(-target_wait / mean_wait)


def target_queue_size(demand: float, target_wait: float, factor: float = 4.0) -> float:
    """Longest settled list, in children, that keeps the target: `demand x target_wait / factor` [1, fact 6].

    This is Little's law applied to `target_mean_wait`. Meaningful only while capacity exceeds demand.
    """
    _refuse(
        [
            _not_negative("demand", demand),
            _positive("target_wait", target_wait),
            _positive("factor", factor),
        ]
    )
    return demand * target_wait / factor


def queue_size_ratio(queue_size: float, target_queue_size: float) -> float:
    """Actual list over target list, no unit. Above 2 the source calls for relief capacity [1, fact 7]."""
    _refuse([_not_negative("queue_size", queue_size), _positive("target_queue_size", target_queue_size)])
    return queue_size / target_queue_size


def relief_capacity(
    demand: float, queue_size: float, target_queue_size: float, time_to_target: float
) -> float:
    """Capacity, in children per unit of time, that brings the list to its target size in the time allowed.

    `demand + (queue_size - target_queue_size) / time_to_target` [1, fact 7]. Below `demand` when the list
    is already shorter than its target, and below 0 when far shorter: the formula is not clipped.
    """
    _refuse(
        [
            _not_negative("demand", demand),
            _not_negative("queue_size", queue_size),
            _not_negative("target_queue_size", target_queue_size),
            _positive("time_to_target", time_to_target),
        ]
    )
    return demand + (queue_size - target_queue_size) / time_to_target


def target_capacity(
    demand: float,
    target_wait: float,
    factor: float = 4.0,
    cv_demand: float = 1.0,
    cv_capacity: float = 1.0,
) -> float:
    """Capacity, in children per unit of time, that holds a list at its target once it is there.

    `demand + (cv_demand² + cv_capacity²) / 2 x factor / target_wait` [1, fact 8; Kingman and Marchal].
    `cv_demand` and `cv_capacity` are coefficients of variation (standard deviation over mean, not the
    other way round) of the times between referrals and between appointments; 1 is purely random.
    """
    _refuse(
        [
            _not_negative("demand", demand),
            _positive("target_wait", target_wait),
            _positive("factor", factor),
            _not_negative("cv_demand", cv_demand),
            _not_negative("cv_capacity", cv_capacity),
        ]
    )
    return demand + (cv_demand**2 + cv_capacity**2) / 2 * (factor / target_wait)


def waiting_list_pressure(mean_wait: float, target_wait: float) -> float:
    """`2 x mean_wait / target_wait`: above 1 the list will most likely miss its target [1, fact 9]."""
    _refuse([_not_negative("mean_wait", mean_wait), _positive("target_wait", target_wait)])
    return 2 * mean_wait / target_wait


def removals(previous_list: float, referrals: float, current_list: float) -> float:
    """Children who left between two snapshots of a list: `previous_list + referrals - current_list` [2].

    Counts every way off the list (seen, gave up, removed in validation). A negative answer means the
    three figures contradict each other, which published collections sometimes do: it is returned as found.
    """
    _refuse(
        [
            _not_negative("previous_list", previous_list),
            _not_negative("referrals", referrals),
            _not_negative("current_list", current_list),
        ]
    )
    return previous_list + referrals - current_list


def littles_list_size(arrival_rate: float, mean_wait: float) -> float:
    """Mean number waiting, `arrival_rate x mean_wait`, on any list that neither grows nor shrinks [6]."""
    _refuse([_not_negative("arrival_rate", arrival_rate), _not_negative("mean_wait", mean_wait)])
    return arrival_rate * mean_wait


def littles_mean_wait(list_size: float, arrival_rate: float) -> float:
    """Mean wait, `list_size / arrival_rate`, on any list that neither grows nor shrinks [6]."""
    _refuse([_not_negative("list_size", list_size), _positive("arrival_rate", arrival_rate)])
    return list_size / arrival_rate


def overload_list_size(start: float, arrival_rate: float, capacity: float, elapsed: float) -> float:
    """Expected list after `elapsed` when nobody gives up: `start + (arrival_rate - capacity) x elapsed`.

    A fluid limit: exact in the mean while the list never empties, so for `arrival_rate > capacity` and a
    list of some size. A shrinking list stops at 0.
    """
    _refuse(
        [
            _not_negative("start", start),
            _not_negative("arrival_rate", arrival_rate),
            _not_negative("capacity", capacity),
            _not_negative("elapsed", elapsed),
        ]
    )
    return max(0.0, start + (arrival_rate - capacity) * elapsed)


# ---------------------------------------------------------------------------------------------------------
# Lists that settle: exact mean waits
# ---------------------------------------------------------------------------------------------------------


def mmc_probability_of_waiting(arrival_rate: float, service_rate: float, servers: int) -> float:
    """Share of children who find every clinician busy (Erlang C) [3, section 2.3].

    Poisson referrals, exponential service at `service_rate` per clinician, one list for all `servers`.
    Raises `InputError` for a load of 1 or more.
    """
    _refuse(
        [
            _positive("arrival_rate", arrival_rate),
            _positive("service_rate", service_rate),
            _whole("servers", servers),
        ]
    )
    offered = arrival_rate / service_rate
    load = offered / servers
    _refuse_overload(load, "Add servers, or use overload_list_size or erlang_a.")
    blocked = 1.0  # Erlang B by its recursion: no factorials, so no overflow for a large team
    for busy in range(1, int(servers) + 1):
        blocked = offered * blocked / (busy + offered * blocked)
    return blocked / (1 - load * (1 - blocked))


def mmc_mean_wait(arrival_rate: float, service_rate: float, servers: int) -> float:
    """Mean wait before service, `servers` clinicians and one list: `C / (c mu - lambda)` [3, section 2.3].

    `C` is `mmc_probability_of_waiting`. Raises `InputError` for a load of 1 or more.
    """
    waiting = mmc_probability_of_waiting(arrival_rate, service_rate, servers)
    return waiting / (servers * service_rate - arrival_rate)


def mg1_mean_wait(arrival_rate: float, service_mean: float, service_cv: float) -> float:
    """Mean wait before service with one clinician and appointments of varying length (Pollaczek-Khinchine).

    `rho (1 + cv²) / (2 (1 - rho)) x service_mean`, `rho = arrival_rate x service_mean` [3, section 5.1].
    `service_cv` is standard deviation over mean: 0 fixed length, 1 exponential. Raises `InputError` for a
    load of 1 or more.
    """
    _refuse(
        [
            _positive("arrival_rate", arrival_rate),
            _positive("service_mean", service_mean),
            _not_negative("service_cv", service_cv),
        ]
    )
    load = arrival_rate * service_mean
    _refuse_overload(load, "Shorten the service, or use overload_list_size.")
    return load * (1 + service_cv**2) / (2 * (1 - load)) * service_mean


def priority_mean_waits(
    arrival_rates: Sequence[float], service_means: Sequence[float], service_cvs: Sequence[float]
) -> tuple[float, ...]:
    """Mean wait of each priority class before one clinician who finishes what was begun [4].

    Shapes: three sequences of one length `(n_classes,)`, first class first served. Cobham's formula
    `W_k = R / ((1 - s_{k-1}) (1 - s_k))` with `s_k` the load of classes 1..k and `R = sum rate x E[S²] / 2`.
    Shows what statutory work that goes first costs everybody else. Raises `InputError` for a total load
    of 1 or more.
    """
    if not len(arrival_rates) == len(service_means) == len(service_cvs) or not len(arrival_rates):
        raise InputError(
            f"arrival_rates, service_means, service_cvs: found {len(arrival_rates)}, {len(service_means)} "
            f"and {len(service_cvs)} values; each needs one value for each priority class, at least one."
        )
    classes = range(len(arrival_rates))
    _refuse(
        problem
        for k in classes
        for problem in (
            _positive(f"arrival_rates[{k}]", arrival_rates[k]),
            _positive(f"service_means[{k}]", service_means[k]),
            _not_negative(f"service_cvs[{k}]", service_cvs[k]),
        )
    )
    loads = [arrival_rates[k] * service_means[k] for k in classes]
    _refuse_overload(sum(loads), "The last class would wait without limit.")
    residual = sum(loads[k] * service_means[k] * (1 + service_cvs[k] ** 2) / 2 for k in classes)
    waits: list[float] = []
    ahead = 0.0
    for load in loads:
        waits.append(residual / ((1 - ahead) * (1 - ahead - load)))
        ahead += load
    return tuple(waits)


# ---------------------------------------------------------------------------------------------------------
# Lists from which families give up
# ---------------------------------------------------------------------------------------------------------


class RenegingQueue(NamedTuple):
    """A settled list from which children leave unseen, each after an exponential patience."""

    list_size: float
    """Mean number waiting, in children."""
    mean_wait: float
    """Mean time on the list of everybody who joins it, seen or not, in the unit of the rates."""
    abandonment_share: float
    """Share of those who join that leave unseen."""
    waiting_share: float
    """Share of those who join that are not seen at once."""


def erlang_a_fluid(arrival_rate: float, capacity: float, abandonment_rate: float) -> RenegingQueue:
    """The overloaded list with reneging, chance ignored: `(arrival_rate - capacity) / abandonment_rate` [5].

    `abandonment_rate` is one over the mean patience. The share lost, `1 - capacity / arrival_rate`, does
    not depend on patience: patient families only make the list longer. At or below capacity the fluid
    list is empty. Rates per unit of time; the wait comes in that unit.
    """
    _refuse(
        [
            _positive("arrival_rate", arrival_rate),
            _not_negative("capacity", capacity),
            _positive("abandonment_rate", abandonment_rate),
        ]
    )
    surplus = max(0.0, arrival_rate - capacity)
    list_size = surplus / abandonment_rate
    return RenegingQueue(
        list_size=list_size,
        mean_wait=list_size / arrival_rate,
        abandonment_share=surplus / arrival_rate,
        waiting_share=1.0 if surplus > 0 else 0.0,
    )


_LARGEST_CHAIN = 20_000_000  # states: 160 MB a vector; beyond it the fluid limit is exact to many digits


def erlang_a(
    arrival_rate: float, service_rate: float, servers: int, abandonment_rate: float
) -> RenegingQueue:
    """Exact stationary list of M/M/c+M: Poisson referrals, `servers` clinicians, exponential patience [5].

    Solves the birth-death balance equations: with `n` children present the next one leaves at rate
    `min(n, c) mu + max(n - c, 0) theta`. The list always settles, at any load. The tail that is cut off
    holds less than 1e-15 of the probability. Raises `InputError` when patience is so long that more than
    20 million states would be needed.
    """
    _refuse(
        [
            _positive("arrival_rate", arrival_rate),
            _positive("service_rate", service_rate),
            _whole("servers", servers),
            _positive("abandonment_rate", abandonment_rate),
        ]
    )
    full_rate = servers * service_rate
    # The probabilities rise until departures balance arrivals, then fall at least as fast as a normal tail
    # of variance arrival_rate / abandonment_rate; twelve of its standard deviations leave < 1e-30.
    peak = servers + max(0.0, arrival_rate - full_rate) / abandonment_rate
    reach = peak + 12 * math.sqrt(arrival_rate / abandonment_rate) + 100
    if reach > _LARGEST_CHAIN:
        raise InputError(
            f"abandonment_rate: found {abandonment_rate!r}; the exact answer would need {reach:.3g} states "
            f"({_LARGEST_CHAIN} allowed). Use erlang_a_fluid when overloaded, mmc_mean_wait when not."
        )
    while True:
        present = np.arange(1, math.ceil(reach) + 1)
        departures = (
            np.minimum(present, servers) * service_rate + np.maximum(present - servers, 0) * abandonment_rate
        )
        log_weight = np.concatenate([[0.0], np.cumsum(np.log(arrival_rate / departures))])
        weight = np.exp(log_weight - log_weight.max())
        probability = weight / weight.sum()
        ratio = arrival_rate / departures[-1]  # every later state is at most this fraction of the one before
        if ratio < 1 and probability[-1] * ratio / (1 - ratio) < 1e-15:
            break
        reach *= 2
    waiting = np.maximum(np.arange(probability.size) - servers, 0)
    list_size = float(probability @ waiting)
    return RenegingQueue(
        list_size=list_size,
        mean_wait=list_size / arrival_rate,
        abandonment_share=abandonment_rate * list_size / arrival_rate,
        waiting_share=float(probability[int(servers) :].sum()),
    )


# ---------------------------------------------------------------------------------------------------------
# How long the children now waiting have waited
# ---------------------------------------------------------------------------------------------------------


class WeibullAge(NamedTuple):
    """Ages in the queue: share older than `t` is `exp(-(t / scale) ** shape)`. `shape` 1 is exponential."""

    shape: float
    scale: float
    """In the unit of the ages it was fitted to."""

    def share_over(self, age: float) -> float:
        """Share of the list that has waited longer than `age`."""
        _refuse([_not_negative("age", age)])
        return math.exp(-((age / self.scale) ** self.shape))

    @property
    def mean(self) -> float:
        """`scale x Gamma(1 + 1 / shape)`."""
        return self.scale * math.gamma(1 + 1 / self.shape)

    @property
    def median(self) -> float:
        """`scale x (ln 2) ** (1 / shape)`."""
        return self.scale * math.log(2) ** (1 / self.shape)


def fit_weibull_age(age: float, share_over_age: float, later: float, share_over_later: float) -> WeibullAge:
    """The Weibull distribution through two published points of a list, such as over 18 and over 52 weeks.

    Solves `ln(-ln share) = shape (ln age - ln scale)` for both points. Raises `InputError` unless `later`
    exceeds `age` and fewer children are over `later` than over `age`.
    """
    _refuse(
        [
            _positive("age", age),
            _positive("later", later),
            _share("share_over_age", share_over_age),
            _share("share_over_later", share_over_later),
            None if later > age else f"later: found {later!r}; it must exceed age, {age!r}.",
            None
            if share_over_later < share_over_age
            else f"share_over_later: found {share_over_later!r}; it must be below share_over_age, "
            f"{share_over_age!r}.",
        ]
    )
    hazard, later_hazard = -math.log(share_over_age), -math.log(share_over_later)
    shape = math.log(later_hazard / hazard) / math.log(later / age)
    return WeibullAge(shape=shape, scale=age / hazard ** (1 / shape))


# ---------------------------------------------------------------------------------------------------------
# Constants derived from published probabilities
# ---------------------------------------------------------------------------------------------------------


def hazard_from_probability(probability: float, period: float) -> float:
    """Constant rate per unit of time that gives `probability` over a `period`: `-ln(1 - p) / period`.

    An annual probability of leaving with `period=52` gives a weekly rate.
    """
    _refuse([_share("probability", probability), _positive("period", period)])
    return -math.log1p(-probability) / period


def probability_after_odds_growth(probability: float, odds_ratio: float, elapsed: float) -> float:
    """A probability whose odds are multiplied by `odds_ratio` for each unit of time elapsed.

    `logit⁻¹(logit(p) + elapsed ln(odds_ratio))`: how non-attendance grows with months waited.
    """
    _refuse(
        [
            _share("probability", probability),
            _positive("odds_ratio", odds_ratio),
            _not_negative("elapsed", elapsed),
        ]
    )
    log_odds = math.log(probability / (1 - probability)) + elapsed * math.log(odds_ratio)
    return 1 / (1 + math.exp(-log_odds))
