"""A given stream of referrals: so many a week by month and growth, or the dated ones of a file."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from sim.area import BANDS
from sim.area_config import AreaConfig
from sim.errors import InputError
from sim.function import DAYS_PER_YEAR
from sim.importers.tables import DateFormat

#: A file of referrals may end so many weeks before the run, as one over a summer does.
SILENCE_WEEKS = 13


@dataclass(frozen=True)
class Stream:
    """A given stream of referrals: mean number per day (d,), or the dated ones."""

    per_day: np.ndarray  # (d,) mean referrals
    kind_shares: np.ndarray  # (k,) cumulative
    age_from: np.ndarray  # (bands,) years
    age_to: np.ndarray
    age_shares: np.ndarray  # (bands,) cumulative
    quintile_shares: np.ndarray  # (5,) cumulative
    urgent_share: float
    dated: Mapping[str, np.ndarray] | None = None  # day, kind, age_years, quintile, urgent (-1: draw it)


def stream_rate(
    per_week: float, month_weights: tuple[float, ...], growth: float, first_day: dt.date, n_days: int
) -> np.ndarray:
    """Mean referrals on each day: weekly rate / 7 x the month's weight x growth since the first day, shape (n_days,)."""
    days = np.arange(n_days)
    months = (np.datetime64(first_day) + days).astype("datetime64[M]").astype(int) % 12
    return per_week / 7.0 * np.asarray(month_weights)[months] * (1.0 + growth) ** (days / DAYS_PER_YEAR)


def stream_of(
    area: AreaConfig, kinds: tuple[str, ...], first_day: dt.date, decision_day: int, end_day: int
) -> Stream:
    """The stream of an area in the demand mode ``referrals``, for a run of ``end_day`` days from ``first_day`` that is
    counted from ``decision_day`` on.

    Raises:
        InputError: a file of referrals that cannot be used, or has none in the run.
    """
    demand, mix = area.demand, getattr(area, "mix", None)
    ages = list(BANDS.values())
    shares = [float(mix.ages.get(b, 0.0)) for b in BANDS] if mix else [0.25] * 4
    of_kind = [mix.kinds.get(k, 0.0) if mix else 1.0 for k in kinds]
    quintiles = list(mix.quintiles) if mix else [0.2] * 5
    return Stream(
        stream_rate(
            demand.referrals_per_week or 0.0,
            tuple(demand.month_weights),
            demand.growth_per_year,
            first_day,
            end_day,
        ),
        np.cumsum(of_kind) / np.sum(of_kind),
        np.array([a for a, _ in ages], float),
        np.array([b + 1 for _, b in ages], float),
        np.cumsum(shares) / np.sum(shares),
        np.cumsum(quintiles),
        mix.urgent_share if mix else 0.0,
        None
        if demand.csv is None
        else dated_referrals(demand.csv, demand.csv_dates, kinds, first_day, decision_day, end_day),
    )


def dated_referrals(
    path: str,
    date_format: DateFormat,
    kinds: tuple[str, ...],
    first_day: dt.date,
    decision_day: int,
    end_day: int,
) -> Mapping[str, np.ndarray]:
    """The referrals of a file that fall into a run, as days of the run; -1 where the file does not say.

    The last file is remembered, so that the replications of a process read it once.

    Raises:
        InputError: the file cannot be used, none of its referrals falls into the run, or it ends so long before the run
        does (``SILENCE_WEEKS``) that the end would be that of a service which nobody asks for anything.
    """
    try:
        state = Path(path).stat()
        version = (state.st_mtime_ns, state.st_size)
    except OSError:
        version = (0, 0)  # the reader says what is wrong
    return _dated(path, version, date_format, kinds, first_day, decision_day, end_day)


@lru_cache(maxsize=1)
def _dated(
    path: str,
    version: tuple[int, int],
    date_format: DateFormat,
    kinds: tuple[str, ...],
    first_day: dt.date,
    decision_day: int,
    end_day: int,
) -> Mapping[str, np.ndarray]:
    from sim.importers.referrals_csv import read_referrals

    frame = read_referrals(path, kinds=kinds, date_format=date_format)
    first = np.datetime64(first_day, "D")
    dates = frame["referral_date"].to_numpy().astype("datetime64[D]")
    day = (dates - first).astype(np.int64)
    within = (day >= 0) & (day < end_day)
    if not within.any():
        raise InputError(
            f"{path}: none of its referrals ({dates[0]} to {dates[-1]}) falls into the run "
            f"({first} to {first + end_day - 1}); set calendar.start, history_years and horizon_years to fit"
        )
    if int(day[-1]) < end_day - 7 * SILENCE_WEEKS:
        weeks = (end_day - int(day[-1])) // 7
        raise InputError(
            f"{path}: its last referral is of {dates[-1]}, {weeks} weeks before the run ends ({first + end_day - 1}, "
            f"counted from {first + decision_day}), and there would be no demand in these weeks; set calendar.start, "
            "history_years and horizon_years so that the run ends with the file"
        )
    codes = {"kind": {name: i for i, name in enumerate(kinds)}, "priority": {"urgent": 1, "routine": 0}}

    def column(name: str, less: float = 0.0) -> np.ndarray:
        if name not in frame:
            return np.full(int(within.sum()), -1.0)
        values = frame[name][within]
        if name in codes:
            values = values.map(codes[name])
        return np.nan_to_num(values.to_numpy(dtype=np.float64, na_value=np.nan) - less, nan=-1.0)

    return {
        "day": day[within],
        "kind": column("kind"),
        "age_years": column("age_years"),
        "quintile": column("imd_quintile", 1.0),
        "urgent": column("priority"),
    }
