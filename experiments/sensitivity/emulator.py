"""What a sweep would have said between its points, at once: a smooth surface through what was simulated.

A Gaussian process (Rasmussen and Williams 2006, Gaussian Processes for Machine Learning, ch. 2; Matern kernel with a
length of its own for each factor, and white noise for the luck that is left) is fitted to the mean of a measure at
every point of a stored sweep. It answers in a thousandth of the time of a simulation, and says how sure it is.

How far it can be trusted is measured, not assumed: points are held out in turn, the surface is fitted to the others,
and what it says of those held out is set against what was simulated. And it refuses to say anything about values
outside the box that the sweep covered: there it would make things up.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from sim.errors import InputError
from sim.measures import LABELS

#: Fewer points than this say too little about a surface; more than this take too long to fit, and are thinned.
LEAST_POINTS, MOST_POINTS = 12, 500
#: Parts that the points are divided into, each held out in turn.
PARTS = 5
#: Lengths of the kernel, as shares of a factor's range: no shorter than the points are apart, no longer than matters.
LENGTHS = (0.05, 20.0)
#: Units that pile up without end (waits, lists, money): their logarithm is smoother.
LOGARITHM_OF = ("weeks", "days", "£", "children")


@dataclass(frozen=True)
class Box:
    """The values that a sweep covered: ``low`` to ``high`` of each factor that is a number (shape ``(n_numbers,)``),
    and the ``choices`` of each that is a name."""

    numbers: tuple[str, ...]
    low: np.ndarray
    high: np.ndarray
    choices: Mapping[str, tuple[str, ...]]

    def problems(self, values: Mapping[str, Any]) -> list[str]:
        """One sentence for each value that is missing, unknown, or outside what was simulated."""
        out = [
            f"{key}: not varied in this sweep; varied are {', '.join((*self.numbers, *self.choices))}"
            for key in values
            if key not in self.numbers and key not in self.choices
        ]
        for key, low, high in zip(self.numbers, self.low, self.high, strict=True):
            value = values.get(key)
            if value is None:
                out.append(f"{key}: missing; the sweep covers {low:g} to {high:g}")
            elif isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
                out.append(f"{key} = {value!r}: must be a number; the sweep covers {low:g} to {high:g}")
            elif not low <= value <= high:
                out.append(
                    f"{key} = {value:g}: outside what was simulated ({low:g} to {high:g}); the emulator does not guess, "
                    "simulate it"
                )
        for key, known in self.choices.items():
            value = values.get(key)
            if value is None:
                out.append(f"{key}: missing; in the sweep are {', '.join(known)}")
            elif str(value) not in known:
                out.append(f"{key} = {value!r}: not in the sweep; there are {', '.join(known)}")
        return out

    def columns(self, rows: Sequence[Mapping[str, Any]]) -> np.ndarray:
        """Shape ``(n_rows, n_columns)``: numbers as shares of their range, a column of 0 or 1 for each name but the
        first."""
        width = self.high - self.low
        numbers = np.array([[float(row[key]) for key in self.numbers] for row in rows])
        parts = [(numbers.reshape(len(rows), -1) - self.low) / width]
        for key, known in self.choices.items():
            parts += [np.array([[float(str(row[key]) == name)] for row in rows]) for name in known[1:]]
        return np.hstack(parts)


@dataclass(frozen=True)
class HeldOut:
    """How well the surface foretold points that it had not seen.

    Attributes:
        n: points. rmse: root of the mean squared error, in the unit of the measure. r2: share of the variation between
            points that was foretold (1: all, 0: no better than the mean of all).
        covered: share of the points within the 95 % interval foretold for them.
        largest: the largest error.
    """

    n: int
    rmse: float
    r2: float
    covered: float
    largest: float

    def sentence(self, measure: str) -> str:
        """For a reader."""
        known = LABELS.get(measure)
        text = known.difference_text if known else "{:+.3g}".format
        return (
            f"Of {self.n} simulated points held out in turn, the emulator foretold {self.r2:.0%} of the variation; typical "
            f"error {text(self.rmse).lstrip('+')}, largest {text(self.largest).lstrip('+')}; {self.covered:.0%} lay in "
            "their 95 % interval."
        )


class Emulator:
    """A measure as a function of the factors of a sweep."""

    def __init__(self, measure: str, box: Box, logarithm: bool, fitted: Any, held_out: HeldOut) -> None:
        self.measure = measure
        self.box = box
        self.held_out = held_out
        self._logarithm = logarithm
        self._fitted = fitted

    def __call__(self, values: Mapping[str, Any]) -> tuple[float, float, float]:
        """Mean of the measure at these values of the factors, and the 95 % interval of that mean.

        Raises:
            InputError: a value is missing or outside the box of the sweep, one sentence each.
        """
        if problems := self.box.problems(values):
            raise InputError(problems)
        mean, low, high = self.many([values])
        return float(mean[0]), float(low[0]), float(high[0])

    def many(self, rows: Sequence[Mapping[str, Any]]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """The same for many, each of shape ``(n_rows,)``.

        Raises:
            InputError: as above, with the row's number.
        """
        problems = [f"row {i}: {p}" for i, row in enumerate(rows) for p in self.box.problems(row)]
        if problems:
            raise InputError(problems[:20])
        return _foretold(self._fitted, self.box.columns(rows), self._logarithm, noise=False)


def train(rows: Sequence[Mapping[str, Any]], measure: str, values: np.ndarray) -> Emulator:
    """An emulator of one measure.

    Args:
        rows: the value of every factor at each point.
        measure: its name; decides whether the logarithm is taken.
        values: mean of the measure at each point, shape ``(n_points,)``.

    Raises:
        InputError: too few points, values that are not defined, or nothing that varies.
    """
    values = np.asarray(values, dtype=np.float64)
    if undefined := int((~np.isfinite(values)).sum()):
        raise InputError(
            f"{measure}: not defined at {undefined} of {len(values)} points, so no surface goes through all of them"
        )
    if len(rows) < LEAST_POINTS:
        raise InputError(f"{measure}: {len(rows)} points; an emulator needs at least {LEAST_POINTS}")
    if len(rows) > MOST_POINTS:
        kept = np.unique(np.linspace(0, len(rows) - 1, MOST_POINTS).round().astype(int))
        rows, values = [rows[i] for i in kept], values[kept]
    box = _box(rows, measure)
    known = LABELS.get(measure)
    logarithm = bool(known and known.unit.startswith(LOGARITHM_OF) and (values > 0).all())
    columns = box.columns(rows)
    fitted = _fit(columns, values, logarithm)
    return Emulator(measure, box, logarithm, fitted, _held_out(columns, values, logarithm, fitted.kernel_))


def from_sweep(folder: Path, measure: str) -> Emulator:
    """An emulator trained on a stored sweep: on all points at which every factor has a value (a sampled sweep's base,
    which has none, is left out), each the mean of its runs that went well.

    Raises:
        InputError: no sweep, no such measure, or the sweep does not do for it.
    """
    import pyarrow.parquet

    from experiments.sensitivity.preference import known
    from experiments.sweeps.folder import read_manifest
    from experiments.sweeps.ledger import read_runs
    from experiments.sweeps.statistics import by_point, intervals

    known(measure)
    manifest, runs = read_manifest(folder), read_runs(folder)
    table = pyarrow.parquet.read_table(folder / "points.parquet").to_pylist()
    means = intervals(
        by_point(runs, manifest["n_points"], manifest["replications"])[:, runs.measures.index(measure)]
    ).mean
    points = [{k: v for k, v in row.items() if k not in ("point", "label", "reference")} for row in table]
    # a factor without a value at a point is as the configuration has it, which the table does not say
    whole = [i for i, row in enumerate(points) if not any(_empty(v) for v in row.values())]
    return train([points[i] for i in whole], measure, means[whole])


def _empty(value: Any) -> bool:
    return value is None or (isinstance(value, float) and math.isnan(value))


def _box(rows: Sequence[Mapping[str, Any]], measure: str) -> Box:
    keys = list(rows[0])
    numbers, choices = [], {}
    for key in keys:
        found = [row[key] for row in rows]
        if all(isinstance(v, int | float) and not isinstance(v, bool) for v in found):
            if min(found) < max(found):
                numbers.append(key)
        elif len(names := tuple(dict.fromkeys(map(str, found)))) > 1:
            choices[key] = names
    if not numbers and not choices:
        raise InputError(f"{measure}: nothing varies between the points of this sweep")
    low = np.array([min(float(row[key]) for row in rows) for key in numbers])
    high = np.array([max(float(row[key]) for row in rows) for key in numbers])
    return Box(tuple(numbers), low, high, choices)


def _fit(columns: np.ndarray, values: np.ndarray, logarithm: bool, start: Any = None) -> Any:
    """The process, fitted; its lengths are bounded, so that a hard surface gives a rough answer and not a wild one.

    ``start``: the kernel from which the search for the best one sets out; without it, two places to set out from.
    """
    import warnings

    from sklearn.exceptions import ConvergenceWarning
    from sklearn.gaussian_process import GaussianProcessRegressor
    from sklearn.gaussian_process.kernels import ConstantKernel, Matern, WhiteKernel
    from threadpoolctl import threadpool_limits

    n = columns.shape[1]
    smooth = ConstantKernel(1.0, (1e-2, 1e3)) * Matern(np.ones(n), [LENGTHS] * n, nu=2.5)
    process = GaussianProcessRegressor(
        start or smooth + WhiteKernel(1e-2, (1e-8, 1.0)),
        normalize_y=True,
        n_restarts_optimizer=0 if start else 1,
        random_state=1,
    )
    # matrices this small are slower on several threads than on one
    with warnings.catch_warnings(), threadpool_limits(1):
        warnings.simplefilter(
            "ignore", ConvergenceWarning
        )  # a length at its bound: a factor that does not matter
        process.fit(columns, np.log(values) if logarithm else values)
    return process


def _foretold(
    process: Any, columns: np.ndarray, logarithm: bool, noise: bool
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Mean and 95 % interval; ``noise``: of what would be simulated, with its luck, or else of the surface."""
    mean, sd = process.predict(columns, return_std=True)
    if not noise:
        left = float(process.kernel_.k2.noise_level) * float(process._y_train_std) ** 2
        sd = np.sqrt(np.maximum(sd**2 - left, 0.0))
    ends = mean, mean - 1.96 * sd, mean + 1.96 * sd
    return tuple(np.exp(e) for e in ends) if logarithm else ends


def _held_out(columns: np.ndarray, values: np.ndarray, logarithm: bool, start: Any) -> HeldOut:
    """Each part of the points foretold from the others, the kernel fitted to the others alone. The parts are drawn by
    chance, the same every time."""
    part = np.random.default_rng(1).permutation(len(values)) % PARTS
    mean, low, high = np.empty_like(values), np.empty_like(values), np.empty_like(values)
    for k in range(PARTS):
        out = part == k
        process = _fit(columns[~out], values[~out], logarithm, start)
        mean[out], low[out], high[out] = _foretold(process, columns[out], logarithm, noise=True)
    error = mean - values
    varies = float(values.var())
    return HeldOut(
        len(values),
        float(np.sqrt(np.mean(error**2))),
        1.0 - float(np.mean(error**2)) / varies if varies > 0 else math.nan,
        float(np.mean((low <= values) & (values <= high))),
        float(np.abs(error).max()),
    )
