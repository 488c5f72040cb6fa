"""What help has added up to by a day, by locality and deprivation: looked at without touching anything."""

from __future__ import annotations

import numpy as np

from sim.jit import compiled
from sim.kernel.score import alone, look
from sim.kernel.state import People, Rules


@compiled
def add_up_gains(
    rules: Rules, people: People, day: int, needs: np.ndarray, days: np.ndarray, points: np.ndarray
) -> None:
    """Add every need that counts by a day to its group's sums; the scores are read off, never re-anchored.

    Counted are the needs that began before the day, of children who were not too old already on the decision day. A
    child who has grown out of the services keeps what was gained by then.

    Args:
        day: the first of a week, before anything has happened on it.
        needs: (t, 5) how many. days: (t, 5) point-days of the horizon so far above those of no service.
        points: (t, 5) points on the day, or on leaving with age, above no service.
    """
    for i in range(people.needs.key.shape[0]):
        c = people.needs.child[i]
        last = min(day, int(people.children.out[c]))
        if people.needs.onset[i] < last and last > rules.decision_day:
            y, since = look(rules, people, i, last)
            y_none, days_none = alone(rules, people, i, last)
            t, q = people.children.locality[c], people.children.quintile[c]
            needs[t, q] += 1
            days[t, q] += people.needs.score_days[i] + since - days_none
            points[t, q] += y - y_none
