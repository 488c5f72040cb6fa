"""How much an answer depends on a number of the evidence: the number at either end of its range, nothing else changed.

The answer is how far one system (or way to change) is from the reference in one measure. It is known for a number if
a sweep that moves one number at a time was opened beside the results, or once somebody asked for it here, for one number
or for all of them; then both ends are simulated in the background, with the same children and the same luck as at the
number's own value.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from dashboards.background.work import ENDS, EndsOrder, Part, end_name
from experiments.certainty.statistics import Estimate, estimate
from sim.config import Config, config_hash
from sim.errors import InputError
from sim.measures import LABELS

if TYPE_CHECKING:
    from dashboards.studies.study import Study
    from experiments.sweeps.stored import Stored


@dataclass(frozen=True)
class Depends:
    """What becomes of the answer at the ends of one number's range.

    Attributes:
        row: of the evidence. ends: its lowest and highest value. low, high: how far the answer is from where it is at
        the number's own value, in the measure's stored unit. source: a folder, or "worked out here".
    """

    row: str
    ends: tuple[float, float]
    low: Estimate
    high: Estimate
    source: str

    @property
    def swing(self) -> float:
        """The larger of the distances between any two of low end, own value and high end; NaN if nothing is known."""
        means = [e.mean for e in (self.low, self.high) if e.n]
        return max((abs(a - b) for a in (*means, 0.0) for b in means), default=float("nan"))

    @property
    def clear(self) -> bool:
        """Whether the interval at either end excludes no difference."""
        return any(e.n > 1 and not e.includes_zero for e in (self.low, self.high))


def rows_with_a_range(study: Study) -> dict[str, tuple[float, float]]:
    """Evidence rows in use whose range is open: row -> its ends, in the order of the table."""
    from experiments.numbers import rows_used

    out: dict[str, tuple[float, float]] = {}
    for config in study.configs.values():
        for name in rows_used([config]):
            row = config.evidence[name]
            if row.low < row.high:
                out[name] = (row.low, row.high)
    return out


def order(
    study: Study,
    other: str,
    rows: Sequence[str],
    replications: int,
    workers: int,
    slow_down: float = 0.0,
) -> EndsOrder:
    """What has to be simulated: reference and other, with each number as it is and at both ends.

    Raises:
        InputError: no such number.
    """
    ends = rows_with_a_range(study)
    if unknown := [row for row in rows if row not in ends]:
        raise InputError(
            f"{unknown[0].replace('_', ' ')}: these results use no such number with a range. Choose another."
        )
    plans = {
        name: study.configs[name].model_copy(update={"gains_every_weeks": 0})
        for name in (study.reference, other)
    }
    seed = study.configs[study.reference].seed
    return EndsOrder(plans, {row: ends[row] for row in rows}, replications, seed, workers, slow_down)


@dataclass
class Simulated:
    """What has been simulated of two plans.

    ``asked``: evidence row -> replications without which nothing is told of it, so that nobody takes a run that is going on,
    or was given up, for an answer. ``at``: name of the part (:func:`dashboards.background.work.end_name`) -> replication ->
    the measures of :data:`sim.measures.LABELS`, shape ``(n_measures,)``.
    """

    ends: dict[str, tuple[float, float]]
    asked: dict[str, int]
    at: dict[str, dict[int, np.ndarray]]

    def take(self, parts: Iterable[Part]) -> None:
        """Add simulations; those that are at hand stay as they are."""
        for part in parts:
            here = self.at.setdefault(part.system, {})
            if part.summary and part.replication not in here:
                here[part.replication] = np.array([part.summary[name] for name in LABELS])

    def replications(self, row: str) -> list[int]:
        """Those in which everything that a number needs is at hand."""
        needed = [
            self.at.get(end_name(plan, *move), {})
            for plan in (0, 1)
            for move in (("", ""), *((row, end) for end in ENDS))
        ]
        return sorted(set.intersection(*(set(here) for here in needed)))

    def depends(self, row: str, measure: str) -> Depends | None:
        """How far the answer moves with a number; None if fewer replications are complete than were asked for."""
        whole = self.replications(row)
        if len(whole) < self.asked[row]:
            return None
        column = list(LABELS).index(measure)

        def answer(*move: str) -> np.ndarray:
            before, after = (self.at[end_name(plan, *move)] for plan in (0, 1))
            return np.array([after[r][column] - before[r][column] for r in whole])

        base = answer("", "")
        low, high = (estimate(answer(row, end) - base) for end in ENDS)
        return Depends(row, self.ends[row], low, high, "worked out here")


class Known:
    """What is known by now, for everybody: it follows from the configurations and the seed alone."""

    def __init__(self, folders: Sequence[Path]) -> None:
        self.folders = folders
        self._found: dict[tuple[str, ...], Simulated] = {}
        self._lock = threading.Lock()

    def add(self, order: EndsOrder, parts: Iterable[Part]) -> None:
        """Keep what has been simulated of an order."""
        with self._lock:
            found = self._found.setdefault(_key(order.configs.values(), order.seed), Simulated({}, {}, {}))
            found.ends |= order.ends
            for row in order.ends:
                found.asked[row] = min(order.replications, found.asked.get(row, order.replications))
            found.take(parts)

    def parts(self, order: EndsOrder) -> list[Part]:
        """The simulations of an order that are at hand, to be told apart only."""
        with self._lock:
            found = self._found.get(_key(order.configs.values(), order.seed))
            held = {} if found is None else {name: set(here) for name, here in found.at.items()}
        names = [
            end_name(plan, *move)
            for plan in range(len(order.configs))
            for move in (("", ""), *((row, end) for row in order.ends for end in ENDS))
        ]
        return [
            Part(name, r, {}, {})
            for name in names
            for r in range(order.replications)
            if r in held.get(name, ())
        ]

    def of(self, study: Study, other: str, measure: str) -> dict[str, Depends]:
        """Row -> what is known, largest swing first; what was worked out here goes before a sweep."""
        found = {d.row: d for d in self._swept(study, other, measure)}
        seed = study.configs[study.reference].seed
        with self._lock:
            here = self._found.get(_key((study.configs[study.reference], study.configs[other]), seed))
            for row in here.ends if here is not None else ():
                if here is not None and (depends := here.depends(row, measure)) is not None:
                    found[row] = depends
        return dict(sorted(found.items(), key=lambda item: -np.nan_to_num(item[1].swing, nan=-1.0)))

    def _swept(self, study: Study, other: str, measure: str) -> list[Depends]:
        out = []
        asked = _period_and_place(study.configs[other].model_dump(mode="json"))
        for folder in self.folders:
            book = folder / "runs.sqlite"
            if (folder / "sweep.yaml").is_file() and book.is_file():
                out += _of_a_sweep(folder, book.stat().st_mtime_ns, study.reference, other, measure, asked)
        return out


def _key(configs: Iterable[Config], seed: int) -> tuple[str, ...]:
    return *(config_hash(config) for config in configs), str(seed)


@lru_cache(maxsize=16)
def _one_at_a_time(folder: Path, changed: int) -> Stored | None:
    """A stored sweep that moves one number at a time; of any other its runs are not read."""
    from experiments.sweeps.folder import read_manifest
    from experiments.sweeps.stored import stored_sweep

    try:
        if read_manifest(folder)["design"] != "one_at_a_time":
            return None
        return stored_sweep(folder, without_failed=True)
    except (InputError, OSError, ValueError, KeyError, TypeError):
        return None


@lru_cache(maxsize=64)
def _of_a_sweep(
    folder: Path, changed: int, reference: str, other: str, measure: str, asked: str
) -> list[Depends]:
    """What a stored sweep says, if it moves one number at a time and holds the two systems in the area and over the
    years that are asked for; else nothing."""
    from experiments.sensitivity.tornado import tornado_frame
    from experiments.sweeps.stored import outputs

    stored = _one_at_a_time(folder, changed)
    if stored is None:
        return []
    try:
        if _period_and_place(stored.manifest["identity"]["configurations"][0]["config"]) != asked:
            return []
        wanted = [
            name
            for name, before, plan in outputs(stored.plans)
            if before is not None
            and _named(stored.plans[before], reference)
            and _named(stored.plans[plan], other)
        ]
        frame = tornado_frame(stored, measure)
    except (InputError, ValueError, KeyError):
        return []
    rows = frame[frame["output"].isin(wanted[:1])].to_dict("records")

    def end(row: Mapping[Any, Any], at: str) -> Estimate:
        return Estimate(row[at], float("nan"), int(row[f"{at}_n"]), row[f"{at}_low"], row[f"{at}_high"])

    return [
        Depends(
            row["factor"],
            (row["low_value"], row["high_value"]),
            end(row, "at_low"),
            end(row, "at_high"),
            f"sweep {folder.name}",
        )
        for row in rows
    ]


def _period_and_place(config: Mapping[str, Any]) -> str:
    return json.dumps([config.get(key) for key in ("area", "history_years", "horizon_years")], sort_keys=True)


def _named(plan: str, name: str) -> bool:
    return plan in (name, f"system={name}", f"transition={name}")
