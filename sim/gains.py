"""What help has added up to so far, every few weeks: the course that a change of system puts children through.

Somebody who looks on at the end of a week reads every score off its curve, and the same child's score had there
never been a service. Nothing is changed by looking: a run that is watched is the same run.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import numpy as np
import simpy

from sim.engine import Engine
from sim.function import DAYS_PER_YEAR
from sim.kernel.gains import add_up_gains
from sim.kernel.handles import handle

QUINTILES = 5


class Gains:
    """The sums of a run by locality and quintile, every so many weeks from the decision day on and at the very end."""

    def __init__(self, every_weeks: int) -> None:
        self.every_days = 7 * every_weeks
        self.taken: list[tuple[int, np.ndarray, np.ndarray, np.ndarray]] = []

    def attend(self, engine: Engine) -> None:
        """Look on at a run that is about to begin (or to begin again)."""
        self.taken = []
        engine.env.process(self._look_on(engine))

    def _look_on(self, engine: Engine) -> Generator[simpy.Event, Any, None]:
        day, end = engine.rules.decision_day, engine.rules.end_day
        while day < end:
            day = min(day + self.every_days, end)
            yield engine.env.timeout(
                day - 0.5 - engine.env.now
            )  # after all that happens on the last day of a week
            self._take(engine, day)

    def _take(self, engine: Engine, day: int) -> None:
        shape = (engine.rules.n_teams, QUINTILES)
        needs, days, points = np.zeros(shape, np.int64), np.zeros(shape), np.zeros(shape)
        add_up_gains(handle(engine.rules), handle(engine.people), day, needs, days, points)
        self.taken.append((day // 7 - 1, needs, days / DAYS_PER_YEAR, points))

    def columns(self) -> dict[str, np.ndarray]:
        """One row per week looked at, locality and quintile, in this order."""
        snapshots, (teams, quintiles) = len(self.taken), self.taken[0][1].shape
        row, team, quintile = (a.ravel() for a in np.indices((snapshots, teams, quintiles)))
        week = np.array([week for week, *_ in self.taken], np.int32)
        needs, years, points = (np.stack([taken[i] for taken in self.taken]).ravel() for i in (1, 2, 3))
        return {
            "week": week[row],
            "locality": team.astype(np.int32),
            "imd_quintile": (quintile + 1).astype(np.int8),
            "needs": needs,
            "score_years_gained": years,
            "points_gained": points,
        }
