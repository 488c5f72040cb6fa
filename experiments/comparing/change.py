"""What the change itself did: each way to change against staying put, over all replications, as tables.

One row per measure of :mod:`sim.measures.change` (``change``), per week (``change_by_week``), per year
(``change_by_year``) and per group of children (``change_by_group``), each a mean over replications with its 95 %
interval. A measure that is not defined in a replication (no break-even within the horizon, never behind) is left out
of its mean, and ``n`` says how many replications it has.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from experiments.certainty.statistics import Estimate, estimate, estimates
from sim.measures.change import BY_GROUP, BY_YEAR, MEASURES, Change, change_of
from sim.measures.course import Course
from sim.measures.impact import significant_step
from sim.measures.labels import Measure
from sim.transition import NoChange

if TYPE_CHECKING:
    import pandas as pd

    from sim.config import Config

LOOK_EVERY_WEEKS = 4
FOREVER = "not within the horizon"
#: What is said of a measure that no replication has.
UNDEFINED = {
    "fading_point_years": "fewer than three years",
    "break_even_week": FOREVER,
    "lowest_week": "never behind",
    "worst_week": "never below",
    "disruption_weeks_list_over_18_weeks": "no such list",
}


def are_ways_to_change(configs: Mapping[str, Config]) -> bool:
    """Whether plans of change are compared, with each other or with none."""
    return len(configs) > 1 and any(not isinstance(c.transition, NoChange) for c in configs.values())


def with_gains(configs: Mapping[str, Config]) -> dict[str, Config]:
    """The same configurations, with function looked at every four weeks unless they ask for it themselves; all
    equally often."""
    asked = [c.gains_every_weeks for c in configs.values() if c.gains_every_weeks]
    every = min(asked, default=LOOK_EVERY_WEEKS)
    return {name: c.model_copy(update={"gains_every_weeks": every}) for name, c in configs.items()}


@dataclass
class Changes:
    """What is kept of the runs of ways to change, paired by replication as they end.

    The first of ``configs`` is what the others are set against. Courses of a replication are put together when all
    its runs are there; what was gained child by child is not kept any longer than that.
    """

    configs: Mapping[str, Config]
    pairs: dict[str, dict[int, Change]] = field(default_factory=dict)
    weekly: dict[str, dict[int, dict[str, np.ndarray]]] = field(default_factory=dict)
    weeks: dict[str, np.ndarray] = field(default_factory=dict)
    localities: tuple[str, ...] = ()
    places: tuple[str, ...] = ()
    _waiting: dict[int, dict[str, Course]] = field(default_factory=dict)

    @property
    def reference(self) -> str:
        """What the plans are set against."""
        return next(iter(self.configs))

    @property
    def plans(self) -> list[str]:
        """What is set against it."""
        return list(self.configs)[1:]

    @property
    def replications(self) -> list[int]:
        """Those with a course of every plan, in order."""
        return sorted(self.weekly.get(self.reference, {}))

    def take(self, system: str, replication: int, course: Course) -> None:
        """One run has ended."""
        here = self._waiting.setdefault(replication, {})
        here[system] = course
        if len(here) < len(self.configs):
            return
        del self._waiting[replication]
        step = significant_step(self.configs[self.reference])
        for name in self.configs:
            theirs = here[name]
            self.weekly.setdefault(name, {})[replication] = _columns(theirs)
            if name != self.reference:
                self.pairs.setdefault(name, {})[replication] = change_of(here[self.reference], theirs, step)
        first = here[self.reference]
        every_week = np.arange(1, len(next(iter(first.weekly.values()))) + 1)
        self.weeks = {name: every_week for name in first.weekly} | dict.fromkeys(
            ("points", "point_years"), first.gains_week
        )
        self.localities = first.localities
        self.places = first.places


def _columns(course: Course) -> dict[str, np.ndarray]:
    """Everything of a course that goes by weeks: measure -> values, at the weeks of :attr:`Changes.weeks`."""
    looked_at = {"points": course.points, "point_years": course.years}
    return {**course.weekly, **{name: values.sum(axis=(1, 2)) for name, values in looked_at.items()}}


def change_frame(changes: Changes) -> pd.DataFrame:
    """One row per plan and measure, in the columns of the data dictionary's ``change``."""
    import pandas as pd

    rows: list[dict[str, Any]] = []
    for plan in changes.plans:
        for name, measure in MEASURES.items():
            found = estimate(np.array([changes.pairs[plan][r].numbers[name] for r in changes.replications]))
            rows.append(
                {
                    "reference": changes.reference,
                    "plan": plan,
                    "measure": name,
                    "label": measure.label,
                    "unit": measure.stored_unit,
                    "mean": found.mean,
                    "low": found.low,
                    "high": found.high,
                    "n": found.n,
                    "replications": len(changes.replications),
                    "in_words": in_words(name, measure, found, len(changes.replications)),
                }
            )
    return pd.DataFrame(rows)


def in_words(name: str, measure: Measure, found: Estimate, replications: int) -> str:
    """What a measure says, for somebody who does not read intervals."""
    if found.n == 0:
        return UNDEFINED.get(name, "not defined")
    part = "" if found.n == replications else f"in {found.n} of {replications} replications"
    if measure.unit in ("week", "weeks") or name == "broke_even":
        return part
    return verdict(measure, found, ("more", "less"))


def verdict(measure: Measure, found: Estimate, neither: tuple[str, str]) -> str:
    """What a difference in a measure comes to.

    Args:
        found: from one replication at least.
        neither: what more and less of it are called where neither is good in itself.
    """
    if found.n == 1:
        return "one replication: cannot tell"
    nought = measure.difference_text(0.0)
    if {measure.difference_text(value) for value in (found.mean, found.low, found.high)} == {nought}:
        return "no difference"
    if found.includes_zero:
        return "no clear difference"
    if measure.better == "neither":
        return neither[0] if found.mean > 0 else neither[1]
    return "better" if (found.mean > 0) == (measure.better == "higher") else "worse"


def by_week_frame(changes: Changes) -> pd.DataFrame:
    """One row per plan, measure and week (of function: week looked at), in the columns of ``change_by_week``.

    Left out: measures that are not defined in any week.
    """
    import pandas as pd

    parts = []
    for plan in changes.plans:
        for name, week in changes.weeks.items():
            stay, theirs = (
                np.array([changes.weekly[system][r][name] for r in changes.replications])
                for system in (changes.reference, plan)
            )
            difference = estimates(theirs - stay)
            if not difference.n.any():
                continue
            parts.append(
                pd.DataFrame(
                    {
                        "reference": changes.reference,
                        "plan": plan,
                        "measure": name,
                        "week": week.astype(np.int32),
                        "reference_mean": estimates(stay).mean,
                        "plan_mean": estimates(theirs).mean,
                        "difference": difference.mean,
                        "low": difference.low,
                        "high": difference.high,
                        "n": difference.n,
                    }
                )
            )
    return pd.concat(parts, ignore_index=True)


def by_group_frame(changes: Changes) -> pd.DataFrame:
    """One row per plan, deprivation fifth, locality or place, and measure, in the columns of ``change_by_group``.

    Left out: places with no child that counts in any replication.
    """
    import pandas as pd

    groups = {
        "imd_quintile": ["1", "2", "3", "4", "5"],
        "locality": list(changes.localities),
        "place": [f"{i}: {name}" for i, name in enumerate(changes.places)],  # names may repeat
    }
    parts = []
    for plan in changes.plans:
        found = [changes.pairs[plan][r] for r in changes.replications]
        for grouping, names in groups.items():
            columns = [
                {"imd_quintile": c.by_quintile, "locality": c.by_locality, "place": c.by_place}[grouping]
                for c in found
            ]
            there = np.ones(len(names), bool)
            if grouping == "place":
                there = np.sum([c["children"] for c in columns], axis=0) > 0
            for measure in columns[0]:
                over = estimates(np.array([c[measure][there] for c in columns]))
                parts.append(
                    pd.DataFrame(
                        {
                            "reference": changes.reference,
                            "plan": plan,
                            "grouping": grouping,
                            "group": [name for name, here in zip(names, there, strict=True) if here],
                            "measure": measure,
                            "unit": BY_GROUP[measure][0],
                            "mean": over.mean,
                            "low": over.low,
                            "high": over.high,
                            "n": over.n,
                        }
                    )
                )
    return pd.concat(parts, ignore_index=True)


def by_year_frame(changes: Changes) -> pd.DataFrame:
    """One row per plan, measure and year after the decision day, in the columns of ``change_by_year``."""
    import pandas as pd

    parts = []
    for plan in changes.plans:
        found = [changes.pairs[plan][r].by_year for r in changes.replications]
        last = found[0]["last_week"].astype(np.int32)
        for name, measure in BY_YEAR.items():
            over = estimates(np.array([years[name] for years in found]))
            parts.append(
                pd.DataFrame(
                    {
                        "reference": changes.reference,
                        "plan": plan,
                        "measure": name,
                        "label": measure.label,
                        "unit": measure.stored_unit,
                        "year": np.arange(1, len(last) + 1, dtype=np.int32),
                        "first_week": np.append([1], last[:-1] + 1).astype(np.int32),
                        "last_week": last,
                        "mean": over.mean,
                        "low": over.low,
                        "high": over.high,
                        "n": over.n,
                    }
                )
            )
    return pd.concat(parts, ignore_index=True)
