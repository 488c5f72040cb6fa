"""The command ``opendoor optimise``: the best job plans for the staff there are, under limits on waits and equity.

The staff's time is divided between offers in the same way everywhere, or in each locality in a way of its own
(``by=locality``): then places with more need may have another mix.

Every plan meets the same children with the same luck. The best of many tried looks better than it is, because luck
helped to choose it; so the plans of the front are simulated again with luck that took no part in choosing them, and
those are the numbers that are shown, with their difference from the present plan.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from experiments.certainty.statistics import estimate, paired_difference
from experiments.composing.compose import load_config, system_name
from experiments.composing.data import read_data
from experiments.planning.evaluations import AllFailed, Asked, Evaluations, evaluations, own_folder
from experiments.planning.job_plan import (
    bands,
    even_split,
    split_now,
    stick_of,
    values_by_locality,
    values_for,
)
from experiments.planning.search import Tried, front, search
from experiments.results.output import cannot_write, write_frame
from experiments.sensitivity.preference import known, worth
from sim.config import config_hash
from sim.errors import InputError
from sim.measures import LABELS

if TYPE_CHECKING:
    import pandas as pd


TRIALS, MOST_TRIALS = 100, 100_000
EVERYWHERE = "everywhere"

_LIMIT = re.compile(r"\s*(\w+)\s*(<=|>=)\s*([-+]?[\d.]+(?:e[-+]?\d+)?)\s*", re.IGNORECASE)


@dataclass(frozen=True)
class Limit:
    """A mean that must not go beyond a number; of a gap between groups the size counts."""

    measure: str
    at_most: bool
    value: float

    def over(self, mean: float) -> float:
        """By how much it is broken; nought or less: kept."""
        size = abs(mean) if LABELS[self.measure].group == "equity" else mean
        return size - self.value if self.at_most else self.value - size


@dataclass(frozen=True)
class Question:
    """What is turned, what for, and within which limits."""

    offers: tuple[str, ...]
    aims: tuple[str, ...]
    limits: tuple[Limit, ...]
    trials: int
    seed: int
    by_locality: bool = False


def run(overrides: Sequence[str], words: Mapping[str, str], config_dir: str | None = None) -> int:
    """The command; 1 if no plan tried keeps the limits, or some runs failed (all of the first: it stops there).

    Raises:
        InputError: the words, the configuration, the area or the folder cannot be used.
    """
    problems: list[str] = []
    asked = read_words(words, problems)
    try:
        config = load_config(overrides, config_dir)
        now = bands(config, asked.offers) if asked.offers else {}
    except InputError as e:
        raise InputError([*problems, *e.problems]) from None
    if config.replications < 2:
        problems.append(f"replications={config.replications}: an interval needs at least 2")
    if problems:
        raise InputError(dict.fromkeys(problems))
    area = read_data(config)
    where = area.localities if asked.by_locality else (EVERYWHERE,)
    system = system_name(overrides, config)
    identity: dict[str, Any] = {
        "command": "optimise",
        **{k: words[k] for k in sorted(words) if k != "trials"},
    }
    identity |= {"replications": config.replications}
    command = ["optimise", *(f"{key}={value}" for key, value in words.items()), *overrides]
    folder = Path(config.output) if config.output else own_folder(identity, config_hash(config))
    required = (*asked.aims, *(limit.measure for limit in asked.limits))
    with evaluations(folder, {system: config}, identity, command, required=required) as at:
        try:
            plans, chosen = optimise(at, system, config.replications, now, asked, where)
        except AllFailed as e:
            print(f"opendoor: {e}", file=sys.stderr)
            return 1
        try:
            write_frame(plans, folder / "tried")
            write_frame(chosen, folder / "front")
            lines = in_words(plans, chosen, asked, config.replications)
            (folder / "answer.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
        except OSError as e:
            raise cannot_write(folder, e) from None
    print("\n".join(lines))
    print(f"\nResults: {folder}")
    return 1 if not plans["on_front"].any() or plans["failed"].any() else 0


def optimise(
    at: Evaluations,
    system: str,
    replications: int,
    now: Mapping[str, Mapping[str, float]],
    asked: Question,
    where: Sequence[str] = (EVERYWHERE,),
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """All plans tried, and those of the front with the present plan before them, with fresh luck.

    Args:
        where: localities, each of which divides its time in its own way; or :data:`EVERYWHERE` alone.

    Returns:
        one row per plan tried; one row per plan of the front and measure (see :func:`front_frame`).
    """
    measures = list(dict.fromkeys([*asked.aims, *(limit.measure for limit in asked.limits)]))
    splits: list[np.ndarray] = []
    means: list[list[float]] = []
    present = np.tile(split_now(now, asked.offers), (len(where), 1))

    def point(split: np.ndarray) -> Asked:
        if asked.by_locality:
            return Asked(system, values_by_locality(now, asked.offers, dict(zip(where, split, strict=True))))
        return Asked(system, values_for(now, asked.offers, split[0]))

    def split_of(plan: tuple[float, ...]) -> np.ndarray:
        return np.array([even_split(part.tolist()) for part in np.array(plan).reshape(len(where), -1)])

    def judge(plans: Sequence[tuple[float, ...]]) -> list[tuple[list[float], list[float]]]:
        # the first plan of all is the present one, to the last digit
        new = [present if not splits and not i else split_of(plan) for i, plan in enumerate(plans)]
        at.what = f"Plans {len(splits) + 1} to {len(splits) + len(new)} of {asked.trials}"
        found = at([point(split) for split in new], range(replications))
        splits.extend(new)
        out = []
        for i in range(len(new)):
            # a plan with a failed run has no mean: the runs that went well may be the easy ones
            mean = {name: float(found[name][i].mean()) for name in measures}
            means.append([mean[name] for name in measures])
            aims = [float(worth(name, np.array(mean[name]))) for name in asked.aims]
            out.append((aims, [limit.over(mean[limit.measure]) for limit in asked.limits]))
        return out

    first = [[number for part in present for number in stick_of(part)]]
    tried = search(judge, len(first[0]), len(asked.aims), asked.trials, asked.seed, first)
    best = front(tried)
    plans = _tried_frame(tried, splits, means, measures, best, asked, where)
    fresh = range(replications, 2 * replications)
    shown = list(dict.fromkeys([0, *best]))
    at.what = "Best plans, with fresh luck"
    found = at([point(splits[i]) for i in shown], fresh)
    return plans, front_frame(shown, best, [splits[i] for i in shown], found, measures, asked, where)


def _tried_frame(
    tried: Sequence[Tried],
    splits: Sequence[np.ndarray],
    means: Sequence[Sequence[float]],
    measures: Sequence[str],
    best: Sequence[int],
    asked: Question,
    where: Sequence[str],
) -> pd.DataFrame:
    """One row per plan: ``plan``, the share of the time for each offer, the mean of each measure (with the luck that
    chose), whether it keeps the limits (``allowed``), is ``on_front`` or ``failed``."""
    import pandas as pd

    values = np.array(means)
    columns = share_columns(asked.offers, where)
    return pd.DataFrame(
        {
            "plan": range(len(tried)),
            **dict(zip(columns, np.array([split.ravel() for split in splits]).T, strict=True)),
            **{name: values[:, i] for i, name in enumerate(measures)},
            "allowed": [one.allowed for one in tried],
            "on_front": [i in set(best) for i in range(len(tried))],
            "failed": [not np.isfinite(one.worth + one.over).all() for one in tried],
        }
    )


def share_columns(offers: Sequence[str], where: Sequence[str]) -> list[str]:
    """Names of the columns with the shares of the time for each offer, locality by locality."""
    if tuple(where) == (EVERYWHERE,):
        return [f"share_{offer}" for offer in offers]
    return [f"share_{place}_{offer}" for place in where for offer in offers]


def front_frame(
    shown: Sequence[int],
    best: Sequence[int],
    splits: Sequence[np.ndarray],
    found: Mapping[str, np.ndarray],
    measures: Sequence[str],
    asked: Question,
    where: Sequence[str] = (EVERYWHERE,),
) -> pd.DataFrame:
    """One row per plan and measure, the present plan (0) first, from luck that took no part in the choice: shares of
    the time, ``mean``, ``low``, ``high``, ``n``; the paired difference from the present plan with its 95 % interval
    (``difference_...``); ``keeps_limits``: whether the fresh mean keeps the limit on this measure, if there is one."""
    import pandas as pd

    rows: list[dict[str, Any]] = []
    for k, plan in enumerate(shown):
        for name in measures:
            e, d = estimate(found[name][k]), paired_difference(found[name][0], found[name][k])
            over = [limit.over(e.mean) for limit in asked.limits if limit.measure == name]
            rows.append(
                {
                    "plan": plan,
                    "on_front": plan in best,
                    **dict(zip(share_columns(asked.offers, where), splits[k].ravel().tolist(), strict=True)),
                    "measure": name,
                    **{key: getattr(e, key) for key in ("mean", "low", "high", "n")},
                    **{f"difference_{key}": getattr(d, key) for key in ("mean", "low", "high", "n")},
                    "keeps_limits": all(o <= 0 for o in over),
                }
            )
    return pd.DataFrame(rows)


def in_words(plans: pd.DataFrame, chosen: pd.DataFrame, asked: Question, replications: int) -> list[str]:
    """The front as a table of text, and what to bear in mind."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    from experiments.screen import as_text

    allowed, failed = int(plans["allowed"].sum()), int(plans["failed"].sum())
    lines = [
        f"{len(plans)} plans tried, {replications} replications each: {allowed} keep the limits"
        + (f", {failed} could not be judged because runs failed" if failed else "")
    ]
    if not plans["on_front"].any():
        return [
            *lines,
            "No plan tried keeps all limits. Fewer limits, wider ones, or more trials may find one.",
        ]
    table = Table(box=SIMPLE_HEAD, pad_edge=False, padding=(0, 1))
    measures = list(dict.fromkeys(chosen["measure"]))
    columns = [column for column in map(str, chosen) if column.startswith("share_")]
    for heading in ("Plan", *asked.offers, *(LABELS[name].label for name in measures)):
        table.add_column(heading, justify="left" if heading == "Plan" else "right", overflow="fold")
    for plan, part in chosen.groupby("plan", sort=False):
        head = part.iloc[0]
        cells = [
            _between([head[c] for c in columns[i :: len(asked.offers)]]) for i in range(len(asked.offers))
        ]
        for row in part.to_dict("records"):
            measure = LABELS[str(row["measure"])]
            text = measure.text(row["mean"])
            if plan:
                low = measure.difference_text(row["difference_low"]).removesuffix(" pp")
                text += f"\n{low} to {measure.difference_text(row['difference_high'])}"
            cells.append(text + ("" if row["keeps_limits"] else "\nlimit broken"))
        table.add_row("now" if plan == 0 else str(plan), *cells)
    return [
        *lines,
        "Plans that no other beats in every aim, simulated again with luck that took no part in choosing them. Under each "
        "mean, the 95 % interval of its difference from the plan now (same children, same luck):",
        *as_text(table).splitlines(),
        *(_by_locality(chosen, columns, asked) if asked.by_locality else []),
        "Shares are of the time that bands give to these offers, which is the same in all plans. Each interval is for one "
        "number by itself, and covers the luck of the simulation only.",
    ]


def _by_locality(chosen: pd.DataFrame, columns: Sequence[str], asked: Question) -> list[str]:
    """How each plan divides the time in each locality, as lines of a table."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    from experiments.screen import as_text

    table = Table(box=SIMPLE_HEAD, pad_edge=False, padding=(0, 1))
    n = len(asked.offers)
    places = [c.removeprefix("share_").removesuffix(f"_{asked.offers[0]}") for c in columns[::n]]
    for heading in ("Plan", "Locality", *asked.offers):
        table.add_column(heading, justify="left" if heading in ("Plan", "Locality") else "right")
    for plan, part in chosen.groupby("plan", sort=False):
        for i, place in enumerate(places if plan else []):  # the plan now is the same everywhere
            cells = [f"{part.iloc[0][c]:.0%}" for c in columns[i * n : (i + 1) * n]]
            table.add_row(str(plan) if i == 0 else "", place, *cells, end_section=place == places[-1])
    return ["Locality by locality:", *as_text(table).splitlines()] if table.row_count else []


def _between(shares: Sequence[float]) -> str:
    low, high = f"{min(shares):.0%}", f"{max(shares):.0%}"
    return low if low == high else f"{low.removesuffix('%')} to {high}"


# -------------------------------------------------------------------------------------------- the words


def read_words(words: Mapping[str, str], problems: list[str]) -> Question:
    """What is asked; what cannot be used goes to ``problems``."""
    offers, aims = (_names(words.get(key, "")) for key in ("vary", "aims"))
    if not offers:
        problems.append(
            "opendoor optimise needs vary=OFFER,OFFER, for example vary=drop_in,link_visit,therapy"
        )
    if not aims:
        problems.append("opendoor optimise needs aims=MEASURE, for example aims=impact_mean_change_points")
    for name in aims:
        try:
            known(name, "aims")
            worth(name, np.zeros(1))
        except InputError as e:
            problems += e.problems
    if len(set(aims)) < len(aims):
        problems.append(f"aims={words['aims']}: a measure is named more than once")
    limits = [_limit(text, problems) for text in words.get("limits", "").split(",") if text.strip()]
    trials = _whole(words, "trials", TRIALS, 1, MOST_TRIALS, problems)
    seed = _whole(words, "design_seed", 1, 0, 2**32 - 1, problems)
    by = words.get("by", "area")
    if by not in ("area", "locality"):
        problems.append(f"by={by}: must be area or locality")
    return Question(offers, aims, tuple(limit for limit in limits if limit), trials, seed, by == "locality")


def _names(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _limit(text: str, problems: list[str]) -> Limit | None:
    found = _LIMIT.fullmatch(text)
    if not found:
        problems.append(f"limits={text.strip()}: must be MEASURE<=NUMBER or MEASURE>=NUMBER")
        return None
    try:
        known(found[1], "limits")
        return Limit(found[1], found[2] == "<=", float(found[3]))
    except InputError as e:
        problems += e.problems
    except ValueError:
        problems.append(f"limits={text.strip()}: {found[3]!r} is not a number")
    return None


def _whole(words: Mapping[str, str], key: str, default: int, low: int, high: int, problems: list[str]) -> int:
    text = words.get(key, str(default))
    if not (text.isascii() and text.isdigit() and low <= int(text) <= high):
        problems.append(f"{key}={text}: must be a whole number from {low} to {high:,}")
        return default
    return int(text)
