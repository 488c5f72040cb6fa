"""The clinic that sees up to `s` children a day, solved exactly: what a plain simulated list must reproduce.

Each day: a Poisson number of children joins with mean `arrivals_per_day`, then up to `slots` children are
seen the same day, first come first served. The state is the list at the end of the day; a child's wait is the
number of whole days between joining and being seen, 0 on the same day. A child seen `w` days later is counted
in `w` end-of-day lists, so Little's law `list = arrivals_per_day x wait` is exact. Here are

- the stationary list and wait, by two methods that share nothing: the Markov chain (banded linear system) and
  the roots of the generating function, for one class and for two classes with priority;
- the variance of a time average, and from it the run length a simulation needs;
- the day-by-day list for given arrivals, which a simulation must equal to the child, with no sampling error;
- the same clinic with families who give up, as a fluid limit and as an exact chain.

Sources: Bailey (1954), "On queueing processes with bulk service", JRSS B 16; Bruneel and Kim (1993),
"Discrete-time models for communication systems including ATM"; Kingman (1964) for the tail bound; Asmussen
and Glynn (2007), "Stochastic Simulation", chapter IV, for the variance of a time average.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import solve_banded
from scipy.special import lambertw
from scipy.stats import binom, poisson

Floats = NDArray[np.float64]
Counts = NDArray[np.int64]

NEGLIGIBLE = 1e-14
"""Bound on what truncating a chain may change in the mean list, in children."""

MOST_STATES = 4_000
"""Largest dense chain worth solving in a test: 128 MB a matrix."""


class BulkService(NamedTuple):
    """A settled daily clinic. Lists in children, the wait in whole days."""

    mean_list_after: float
    mean_list_before: float
    mean_wait_days: float
    list_after: Floats
    """Probability of 0, 1, 2, ... children on the list after the day's clinic, shape `(n_states,)`."""


class PriorityBulkService(NamedTuple):
    """A settled daily clinic that sees its first class first. Lists in children, waits in whole days."""

    mean_list_after_first: float
    mean_list_after_second: float
    mean_wait_days_first: float
    mean_wait_days_second: float


class RunLength(NamedTuple):
    """How long a simulation of a daily clinic must be, in days."""

    days: int
    warm_up_days: int
    relaxation_days: float
    """Time in which the memory of the starting list fades by a factor e, at the longest."""
    asymptotic_variance: float
    """Variance of the mean list over n days, times n, for large n."""


class RenegingList(NamedTuple):
    """A settled daily clinic whose families give up. The wait is that of everybody who joins, seen or not."""

    mean_list_after: float
    mean_wait_days: float
    abandonment_share: float


def _load(arrivals_per_day: float, slots: int) -> float:
    """Arrivals over slots, refused outside (0, 1) because no stationary list exists there."""
    if not (slots >= 1 and slots == int(slots)):
        raise ValueError(f"slots: found {slots!r}; a whole number of at least 1 is needed")
    load = arrivals_per_day / slots
    if not 0 < load < 1:
        raise ValueError(
            f"load: found {load!r}; arrivals per day must be above 0 and below the slots per day"
        )
    return load


# --- the list without reneging ---------------------------------------------------------------------------


def tail_ratio(arrivals_per_day: float, slots: int) -> float:
    """The real root above 1 of `z^s = exp(lambda (z - 1))`, as a Lambert function of its other branch.

    Since `E[z^(A - s)] = 1` there, Kingman's inequality gives `P(list >= n) <= z^-n` for every n: a proof,
    not an estimate, of how little a truncated chain leaves out.
    """
    load = _load(arrivals_per_day, slots)
    return float(-lambertw(-load * math.exp(-load), k=-1).real / load)


def _states(arrivals_per_day: float, slots: int) -> int:
    """States enough for the part of the mean list beyond them to be `NEGLIGIBLE`, by the tail bound."""
    z = tail_ratio(arrivals_per_day, slots)
    # Sum over m >= n of P(list >= m) is at most z^-n / (1 - 1 / z); 5 % more for rounding in the root.
    needed = math.log(1 / (NEGLIGIBLE * (1 - 1 / z))) / math.log(z)
    return max(slots, math.ceil(1.05 * needed)) + 2


def _returning_system(arrivals_per_day: float, slots: int) -> tuple[int, int, Floats, Floats]:
    """Banded `(P - I)` transposed over states 1..n, and the flow into them from state 0.

    State 0 is left out, which makes the system regular and keeps it banded: a day takes away at most `slots`
    and adds at most a Poisson number of which less than 1e-18 lies above. What would leave the chain at the
    top is kept in its last state.
    Returns the lower and upper bandwidths, the bands in `solve_banded` layout, and the flow, shape `(n,)`.
    """
    n = _states(arrivals_per_day, slots)
    # Bernstein's bound: P(A > most) < 1e-18 for every arrivals_per_day.
    most = max(slots + 1, math.ceil(arrivals_per_day + 10 * math.sqrt(arrivals_per_day) + 30))
    arrivals = poisson.pmf(np.arange(most + 1), arrivals_per_day)
    lower, upper = most - slots, slots
    bands = np.zeros((lower + upper + 1, n))
    for step in range(-slots, most - slots + 1):  # change of the list in one day
        source = np.arange(max(1, 1 - step), min(n, n - step) + 1)
        bands[upper + step, source - 1] = arrivals[step + slots]
    from_zero = np.zeros(n)
    reached = np.arange(1, min(n, lower) + 1)
    from_zero[reached - 1] = arrivals[reached + slots]
    from_zero[n - 1] = poisson.sf(n + slots - 1, arrivals_per_day)
    for below in range(min(lower, n - 1) + 1):  # overflow stays in the last state
        bands[upper + below, n - below - 1] = poisson.sf(below + slots - 1, arrivals_per_day)
    bands[upper] -= 1.0
    return lower, upper, bands, from_zero


def stationary_by_chain(arrivals_per_day: float, slots: int) -> BulkService:
    """The stationary list from the balance equations of the truncated Markov chain."""
    lower, upper, bands, from_zero = _returning_system(arrivals_per_day, slots)
    relative = solve_banded((lower, upper), bands, -from_zero)
    weights = np.concatenate([[1.0], np.maximum(relative, 0.0)])
    probability = weights / weights.sum()
    mean = float(probability @ np.arange(probability.size))
    return BulkService(mean, mean + arrivals_per_day, mean / arrivals_per_day, probability)


def generating_function_roots(arrivals_per_day: float, slots: int) -> NDArray[np.complex128]:
    """The `s - 1` roots inside the unit disc of `z^s = exp(lambda (z - 1))`, shape `(slots - 1,)`.

    Taking the s-th root turns the equation into `z = w exp(rho (z - 1))` for each root of unity w, which the
    principal Lambert function solves: `z = -W(-rho exp(-rho) w) / rho`.
    """
    load = _load(arrivals_per_day, slots)
    unity = np.exp(2j * np.pi * np.arange(1, slots) / slots)
    return np.asarray(-lambertw(-load * math.exp(-load) * unity) / load, dtype=np.complex128)


def mean_list_after_by_roots(arrivals_per_day: float, slots: int) -> float:
    """The stationary mean list after the clinic from the generating function alone.

    `L(z) = (s - lambda) (z - 1) prod (z - z_k) / (1 - z_k) / (z^s - exp(lambda (z - 1)))`, whose derivative
    at 1 is `sum 1 / (1 - z_k) - (s (s - 1) - lambda²) / (2 (s - lambda))`.
    """
    roots = generating_function_roots(arrivals_per_day, slots)
    curvature = (slots * (slots - 1) - arrivals_per_day**2) / (2 * (slots - arrivals_per_day))
    return float(np.sum(1 / (1 - roots)).real - curvature)


def bulk_service(arrivals_per_day: float, slots: int) -> BulkService:
    """The stationary daily clinic, first come first served; both methods must agree or it raises."""
    solved = stationary_by_chain(arrivals_per_day, slots)
    by_roots = mean_list_after_by_roots(arrivals_per_day, slots)
    if not math.isclose(solved.mean_list_after, by_roots, rel_tol=1e-8, abs_tol=1e-10):
        raise ArithmeticError(
            f"bulk service at {arrivals_per_day} arrivals and {slots} slots a day: the chain gives a mean "
            f"list of {solved.mean_list_after!r}, the roots give {by_roots!r}"
        )
    return solved


def priority_bulk_service(
    first_arrivals_per_day: float, second_arrivals_per_day: float, slots: int
) -> PriorityBulkService:
    """Two classes, the first always seen first.

    The first class never notices the second, so it is a daily clinic of its own. Priority changes who waits,
    not how many, so the second class is the rest of the common list.
    """
    total = bulk_service(first_arrivals_per_day + second_arrivals_per_day, slots)
    first = bulk_service(first_arrivals_per_day, slots)
    second_list = total.mean_list_after - first.mean_list_after
    return PriorityBulkService(
        mean_list_after_first=first.mean_list_after,
        mean_list_after_second=second_list,
        mean_wait_days_first=first.mean_wait_days,
        mean_wait_days_second=second_list / second_arrivals_per_day,
    )


def list_path(arrivals: Counts, slots: int, start: int = 0) -> Counts:
    """The list after each day's clinic, shape `(n_days,)`: `max(list + arrivals - slots, 0)` day by day.

    Written as Lindley's reflection of a running sum, so it shares no loop with a simulation. Holds for any
    order of service that leaves no slot unused while somebody waits.
    """
    walk = start + np.cumsum(np.asarray(arrivals, dtype=np.int64) - slots)
    return np.asarray(walk - np.minimum(np.minimum.accumulate(walk), 0), dtype=np.int64)


def relaxation_days(arrivals_per_day: float, slots: int) -> float:
    """Days in which memory of the start fades by a factor e: `1 / (s (rho - 1 - ln rho))`.

    The decay is at least as fast as the smallest value of `E[exp(theta (A - s))]`, found at
    `exp(theta) = 1 / rho`.
    """
    load = _load(arrivals_per_day, slots)
    return 1 / (slots * (load - 1 - math.log(load)))


def asymptotic_variance(arrivals_per_day: float, slots: int) -> float:
    """Variance of the mean list over n days, times n, for large n: all autocovariances of the list added up.

    From Poisson's equation `(I - P) h = list - mean`: the sum is `2 E[(list - mean) h] - Var[list]`.
    """
    solved = stationary_by_chain(arrivals_per_day, slots)
    lower, upper, bands, _ = _returning_system(arrivals_per_day, slots)
    excess = np.arange(solved.list_after.size) - solved.mean_list_after
    n = bands.shape[1]
    transposed = np.zeros_like(bands)
    for step in range(-upper, lower + 1):  # row j, column i of the one is row i, column j of the other
        source = np.arange(max(1, 1 - step), min(n, n - step) + 1)
        transposed[lower - step, source + step - 1] = bands[upper + step, source - 1]
    accumulated = np.concatenate([[0.0], solve_banded((upper, lower), -transposed, excess[1:])])
    weighted = solved.list_after * excess
    return float(2 * weighted @ accumulated - weighted @ excess)


def run_length(arrivals_per_day: float, slots: int, relative_se: float) -> RunLength:
    """Days to simulate for the mean list (and so the mean wait) to have this relative standard error.

    Days may be split over independent replications as long as each drops the warm-up, after which the effect
    of starting empty is a tenth of the standard error asked for.
    """
    if not 0 < relative_se < 1:
        raise ValueError(f"relative_se: found {relative_se!r}; a share between 0 and 1 is needed")
    mean = bulk_service(arrivals_per_day, slots).mean_list_after
    variance = asymptotic_variance(arrivals_per_day, slots)
    relaxation = relaxation_days(arrivals_per_day, slots)
    return RunLength(
        days=math.ceil(variance / (relative_se * mean) ** 2),
        warm_up_days=math.ceil(relaxation * math.log(10 / relative_se)),
        relaxation_days=relaxation,
        asymptotic_variance=variance,
    )


# --- the list with reneging ------------------------------------------------------------------------------


def reneging_fluid(arrivals_per_day: float, slots: float, mean_patience_days: float) -> RenegingList:
    """The overloaded list in continuous time: `(lambda - c) x patience`, share lost `1 - c / lambda`."""
    if not (0 <= slots < arrivals_per_day and mean_patience_days > 0):
        raise ValueError(
            f"arrivals {arrivals_per_day!r}, slots {slots!r}, patience {mean_patience_days!r}: "
            "the fluid limit needs arrivals above slots and a positive patience"
        )
    surplus = arrivals_per_day - slots
    list_after = surplus * mean_patience_days
    return RenegingList(list_after, list_after / arrivals_per_day, surplus / arrivals_per_day)


def reneging_fluid_whole_days(
    arrivals_per_day: float, slots: float, mean_patience_days: float
) -> RenegingList:
    """The fluid limit for patience looked at once a day: `(lambda - c) / (1 - exp(-1 / patience))`.

    Order of the day: those whose patience has run out leave, then children join, then up to `slots` are
    seen; so patience is rounded up to whole days and nobody leaves on the day they join. Longer than the
    continuous limit by about half a day's surplus.
    """
    fluid = reneging_fluid(arrivals_per_day, slots, mean_patience_days)
    list_after = (arrivals_per_day - slots) / -math.expm1(-1 / mean_patience_days)
    return RenegingList(list_after, list_after / arrivals_per_day, fluid.abandonment_share)


def reneging_chain(arrivals_per_day: float, slots: int, mean_patience_days: float) -> RenegingList:
    """The exact stationary list with reneging, order of the day as in `reneging_fluid_whole_days`, any load.

    `list' = max(Binomial(list, exp(-1 / patience)) + Poisson(lambda) - s, 0)`; patience has no memory, so
    the list does not depend on who is seen first. The chain is widened until its last state has a
    probability below 1e-14; a list that needs more than 4,000 states is refused.
    """
    if not (arrivals_per_day > 0 and slots >= 1 and mean_patience_days > 0):
        raise ValueError("arrivals, slots and patience must all be above 0")
    keep = math.exp(-1 / mean_patience_days)
    centre = max(0.0, arrivals_per_day - slots) / (1 - keep)
    n = math.ceil(centre) + slots + 60
    while n <= MOST_STATES:
        lists = np.arange(n + 1)
        stay = binom.pmf(lists[None, :], lists[:, None], keep)
        # from k staying to j after the clinic: j + s - k children joined; the ends take what lies beyond
        serve = poisson.pmf(lists[None, :] + slots - lists[:, None], arrivals_per_day)
        serve[:, 0] = poisson.cdf(slots - lists, arrivals_per_day)
        serve[:, n] = poisson.sf(n + slots - 1 - lists, arrivals_per_day)
        balance = (stay @ serve).T - np.eye(n + 1)
        balance[0] = 1.0  # one balance equation is redundant; the probabilities add up instead
        probability = np.linalg.solve(balance, np.eye(n + 1)[0])
        if probability[n] < NEGLIGIBLE:
            mean = float(probability @ lists)
            return RenegingList(mean, mean / arrivals_per_day, (1 - keep) * mean / arrivals_per_day)
        n += n // 2
    raise ValueError(f"the list needs more than {MOST_STATES} states; use reneging_fluid_whole_days")
