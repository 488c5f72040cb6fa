"""What children need: kinds of need, how function changes by itself, how needs come to be known.

Everything here belongs to the children and their places, never to a service: two systems compared with the
same seed meet exactly the same needs.
"""

from __future__ import annotations

from pydantic import Field

from sim.quantity import (
    Multiplier,
    PerYear,
    Points,
    PointsPerYear,
    Share,
    Strict,
    Weeks,
    Years,
)


class OnsetAge(Strict):
    """Triangular distribution of the age at which the need begins."""

    low: Years
    mode: Years
    high: Years


class YearsBetween(Strict):
    """Triangular distribution of how much older a brother or sister is."""

    low: Years
    mode: Years
    high: Years


class Siblings(Strict):
    """Who has brothers and sisters."""

    elder: Share  # of children, who have an elder brother or sister below the upper age
    years_between: YearsBetween


class DriftBand(Strict):
    """Change of function with no support, from an age on."""

    from_age: Years
    per_year: PointsPerYear


class KnownBand(Strict):
    """How soon an unknown need is noticed, from an age on."""

    from_age: Years
    per_year: PerYear


class Kind(Strict):
    """One kind of need on the 0-5 activity and participation scale of Therapy Outcome Measures."""

    title: str
    ever: Share  # children who ever have it (average deprivation)
    gradient: Share = 1.0  # how far the deprivation multipliers apply: 0 not at all, 1 fully
    onset_age: OnsetAge
    score_at_onset: Points
    score_sd: Points
    drift: list[DriftBand] = Field(min_length=1)
    drift_sd: PointsPerYear  # between children
    potential: Points  # where full support would lead
    potential_sd: Points
    normal_range: Points  # at or above: no longer a need
    targeted_below: Points
    specialist_below: Points
    noticed: list[KnownBand] = Field(min_length=1)


class Escalation(Strict):
    """An unsupported need can get worse in a step; the day belongs to the child."""

    per_year: PerYear
    deprived: Multiplier = 1.0  # quintile 1, times the rate
    points: Points  # size of the step down


class Capability(Strict):
    """Skills and confidence of the people in a place: grown by coaching, lost with staff turnover."""

    per_hour_per_100_children: Share  # share of the remaining distance gained by one hour per 100 children
    half_life_years: Years
    drift_points_per_year: PointsPerYear  # added to natural drift at full capability
    notices: Multiplier  # noticed this many times as fast at full capability
    fidelity_floor: Share  # quality of school-delivered support at zero capability


class Start(Strict):
    """What is already there on the first day of the history."""

    waiting_weeks: Weeks  # concerns up to this old have not been dealt with yet
    returns_per_year: PerYear  # needs known for longer come back to the door


class Needs(Strict):
    """The needs of a population."""

    name: str
    kinds: dict[str, Kind] = Field(min_length=1, max_length=60)
    deprivation: list[Multiplier] = Field(min_length=5, max_length=5)  # quintile 1..5, renormalised to mean 1
    second_need: Multiplier = 1.0  # a child with one need: chance of each further kind, times this
    siblings: Siblings | None = None  # null: every child is a family of its own
    escalation: Escalation
    capability: Capability
    start: Start
    significant_points: Points  # change that counts as clinically significant
    leaves_at_age: Years  # children grow out of the services
    school_age: Years  # reception begins in the September after this birthday
    secondary_age: Years  # secondary school begins in the September after this birthday
    special_school: Share  # of children with a need at specialist level when it began
