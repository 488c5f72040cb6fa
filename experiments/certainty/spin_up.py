"""Whether the past that is lived before the decision day is long enough for the lists to have their usual length.

Every run begins with empty books and lives some years of history, which are not counted, so that what is compared
starts from a service in full swing (a terminating analysis from a settled start). If the lists are still growing or
shrinking when counting begins, part of what is measured is the start of the simulation and not the system.

The number on all lists at each week's end is cut at the place that MSER-5 finds: means of five weeks, cut where the
rest has the smallest standard error (White 1997, Simulation 69:323-334; Hoad, Robinson and Davies 2010, Journal of the
Operational Research Society 61:1632-1644). A cut in the second half of the history means that it has not been seen
to settle. A service whose demand is above its capacity never settles, and is told in the same words.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.quantity import DAYS_PER_YEAR

if TYPE_CHECKING:
    import pandas as pd

    from sim.config import Config

BATCH = 5  # weeks
DAYS_PER_WEEK = 7

#: Fewer batches than this cannot show whether anything has settled.
FEWEST = 10

COLUMNS = [
    "system",
    "history_weeks",
    "settled_after_weeks",
    "mean_before_decision",
    "settled",
    "in_words",
]


def mser5(series: np.ndarray) -> tuple[int, bool]:
    """Where to cut a series so that the rest tells its level best.

    Args:
        series: one value per week, shape ``(n_weeks,)``.

    Returns:
        Weeks to leave out, and whether that can be believed: no if the cut lies in the second half or the series is too
        short (fewer than 50 weeks).
    """
    n = len(series) // BATCH
    # the last weeks matter most: what does not fill a batch is left out at the beginning
    means = np.asarray(series, dtype=np.float64)[len(series) - n * BATCH :].reshape(n, BATCH).mean(axis=1)
    if n < FEWEST:
        return len(series), False
    # leave at least five batches, whose spread can be told
    statistic = [means[d:].var() / (n - d) for d in range(n - 4)]
    cut = int(np.argmin(statistic))
    return cut * BATCH, cut <= n // 2


def spin_up_frame(runs: Path, configs: Mapping[str, Config]) -> pd.DataFrame:
    """One row per system: whether its lists had settled by the decision day, in the first replication.

    Args:
        runs: folder with ``SYSTEM/replication-000/waiting.parquet``; a system without it is left out.
        configs: the configurations, by system.

    Columns: ``system``, ``history_weeks``, ``settled_after_weeks`` (MSER-5), ``mean_before_decision`` (needs on all lists,
    mean of the last five weeks of history), ``settled``, ``in_words`` (empty if it has).
    """
    import pandas as pd

    rows: list[dict[str, Any]] = []
    for system, config in configs.items():
        path = runs / system / "replication-000" / "waiting.parquet"
        if not path.is_file():
            continue
        waiting = pd.read_parquet(path, columns=["week", "size"])
        series = waiting.groupby("week")["size"].sum().sort_index().to_numpy()
        rows.append(settled_row(system, series, config))
    return pd.DataFrame(rows, columns=COLUMNS)


def settled_row(system: str, series: np.ndarray, config: Config) -> dict[str, Any]:
    """A row of :func:`spin_up_frame`.

    Args:
        series: needs on all lists at the end of each week from the first of the run, shape ``(n_weeks,)``.
    """
    weeks = math.floor(config.history_years * DAYS_PER_YEAR / DAYS_PER_WEEK)
    history = series[:weeks]
    cut, settled = mser5(history)
    settled = settled or not history.any()  # no lists at all
    return {
        "system": system,
        "history_weeks": weeks,
        "settled_after_weeks": cut,
        "mean_before_decision": float(history[-BATCH:].mean()) if len(history) else math.nan,
        "settled": settled,
        "in_words": "" if settled else _warning(system, weeks, cut, config.history_years),
    }


def _warning(system: str, weeks: int, cut: int, years: float) -> str:
    if weeks < FEWEST * BATCH:
        return (
            f"{system}: history_years={years:g} is too short to tell whether waiting lists had settled before counting "
            f"began; at least {math.ceil(FEWEST * BATCH * DAYS_PER_WEEK / DAYS_PER_YEAR)} years are needed to tell."
        )
    return (
        f"{system}: waiting lists had not settled when counting began (they were still changing in week {cut} of the "
        f"{weeks} weeks of history), so part of what is counted is the start of the simulation. See whether the answer "
        f"holds with history_years={math.ceil(2 * years):g}; lists that never settle are asked for more than they can give."
    )
