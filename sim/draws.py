"""Random numbers that belong to children, not to runs.

Every draw is a pure function of (seed, who, purpose, occasion), so the same child has the same luck in every
system, replications differ by the seed only, and nothing depends on the order of events or on the number of
workers. The generator is counter-based: two rounds of the splitmix64 finaliser (Steele, Lea and Flood 2014,
"Fast splittable pseudorandom number generators") over the key.

A *purpose* is a number with a name below: no draw is made without one.
"""

from __future__ import annotations

import math

import numpy as np

from sim.jit import compiled
from sim.numerics import exp, log, normal_quantile

# purposes: who the key is follows in brackets
BIRTHDAY = 1  # [child]
NAVIGATION = 2  # [family] navigation ability
EVER = 3  # [child] occasion: kind
PLACE = 4  # [family] occasion: phase of education; special schools: [child]
SPECIAL_SCHOOL = 5  # [child]
ONSET_AGE = 6  # [need]
SCORE = 7  # [need] score at onset
DRIFT = 8  # [need]
POTENTIAL = 9  # [need]
ESCALATION = 10  # [need] day of the step down
NOTICED_GAP = 11  # [need] days to the next chance of being noticed; occasion: chance
NOTICED = 12  # [need] whether that chance is taken
DOOR = 13  # [child] which of several doors
SEEKS = 14  # [need] occasion: escalations so far
NAVIGATION_DAYS = 15  # [need] occasion: arrival
WRONG_DOOR = 16  # [need] occasion: arrival
WRONG_DOOR_DAYS = 17  # [need]
BRANCH = 18  # [need] occasion: routing
ALSO = 19  # [need] occasion: routing
DELAY = 20  # [need] occasion: routing
PATIENCE = 21  # [need] occasion: lists joined
PRIORITY = 22  # [need] occasion: lists joined
NOT_BROUGHT = 23  # [need] occasion: appointments
DISCHARGE = 24  # [need] occasion: appointments
ACCEPT = 25  # [need] occasion: gates passed
MORE_INFORMATION = 26  # [need] occasion: gates passed
GOAL_LED = 27  # [need] occasion: courses started
KEPT_UP = 28  # [need] occasion: supports started
FOUND_AT_VISIT = 29  # [need] occasion: visits
TURNED_AWAY = 30  # [need] occasion: times turned away
REQUEST_GAP = 31  # [need] occasion: chance
REQUEST = 32  # [need] occasion: chance
ARRIVALS = 33  # [day] referrals of a given stream
REFERRAL_KIND = 34  # [child]
REFERRAL_AGE = 35  # [child]
REFERRAL_QUINTILE = 36  # [child]
REFERRAL_LOCALITY = 37  # [child]
RETURN = 38  # [need] known before the history began: day of coming back
SYSTEM = 39  # [family] which of two systems that run side by side
PLACE_ORDER = 40  # [place] its turn when places change over in a random order
CALL = 45  # [need] whether a family that is rung up needs nothing more
BOTH_DOORS = 46  # [family] whether a family on an old list goes to the new door as well
WITHDRAWS = 47  # [need] whether a place in the other system is given up once one has helped
HABIT = 48  # [need] occasion: arrival; whether it is sent to the old door by habit
GATED = 49  # [need] occasion: arrival; whether it is sent to the old door while the new ones overflow
ELDER = 50  # [child] whether it has an elder brother or sister
SIBLING_GAP = 51  # [child] how much older
FOLLOWS = 52  # [family] whether it takes a child to the door of a brother or sister

_A = np.uint64(0x9E3779B97F4A7C15)
_B = np.uint64(0xBF58476D1CE4E5B9)
_C = np.uint64(0x94D049BB133111EB)
_KEY_PURPOSE = np.uint64(0xD6E8FEB86659FD93)
_KEY_OCCASION = np.uint64(0xA3B195354A39B70D)
_S30 = np.uint64(30)
_S27 = np.uint64(27)
_S31 = np.uint64(31)
_S11 = np.uint64(11)
_TO_UNIT = 1.0 / 9007199254740992.0  # 2^-53


@compiled
def _mix(z: np.uint64) -> np.uint64:
    z = (z ^ (z >> _S30)) * _B
    z = (z ^ (z >> _S27)) * _C
    return z ^ (z >> _S31)


@compiled
def uniform(seed: int | np.uint64, who: int, purpose: int, occasion: int) -> float:
    """A number strictly between 0 and 1. All arguments are whole and not negative."""
    key = np.uint64(who) * _A + np.uint64(purpose) * _KEY_PURPOSE + np.uint64(occasion) * _KEY_OCCASION
    z = _mix(_mix(key + _A) ^ np.uint64(seed))
    return (float(z >> _S11) + 0.5) * _TO_UNIT


@compiled
def exponential(mean: float, u: float) -> float:
    """Exponential variate of the given mean from a uniform one."""
    return -mean * log(u)


@compiled
def days_after(mean: float, u: float) -> int:
    """A whole number of days, at least 1, from an exponential delay of the given mean (rounded up)."""
    return max(1, math.ceil(exponential(mean, u)))


@compiled
def normal(mean: float, sd: float, u: float) -> float:
    """Normal variate from a uniform one."""
    return mean + sd * normal_quantile(u)


@compiled
def triangular(low: float, mode: float, high: float, u: float) -> float:
    """Triangular variate from a uniform one; ``low <= mode <= high``."""
    if high <= low:
        return low
    cut = (mode - low) / (high - low)
    if u < cut:
        return low + math.sqrt(u * (high - low) * (mode - low))
    return high - math.sqrt((1.0 - u) * (high - low) * (high - mode))


@compiled
def poisson(mean: float, seed: int | np.uint64, who: int, purpose: int) -> int:
    """Poisson variate by sequential search, in parts of at most 500 so that e^-mean stays a number."""
    total = 0
    part = 0
    while mean > 0.0:
        m = min(mean, 500.0)
        u = uniform(seed, who, purpose, part)
        term = exp(-m)
        below = term
        n = 0
        while u > below and n < 5000:
            n += 1
            term *= m / n
            below += term
        total += n
        mean -= m
        part += 1
    return total
