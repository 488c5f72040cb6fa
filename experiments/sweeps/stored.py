"""A finished sweep, read for analysis: its plans, what was varied, and the values of a measure.

A *plan* is one combination of the listed factors (``system=gatekept,balanced`` makes two); a *draw* is one setting of
the ranges; every plan meets every draw with the same luck. An analysis wants a value in every run. Whatever is
missing (a run that failed, or ran out of time, or has not been made, or a measure that is not defined) stays missing:
the analysis is refused with the reason, or, if asked to, it leaves out the whole group of draws that it belongs to
and says how many. Nothing is ever filled in.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from experiments.sweeps.factors import row_of
from experiments.sweeps.folder import read_manifest
from experiments.sweeps.ledger import Runs, read_runs
from experiments.sweeps.statistics import by_point
from sim.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

NOT_FACTORS = ("point", "label", "reference")


@dataclass(frozen=True)
class Stored:
    """A sweep over ranges (or listed values), as plans and draws.

    Attributes:
        folder: where it is. manifest: what ``sweep.yaml`` says. points: the table of its points.
        runs: every run that has ended. plans: names of the combinations of listed values. factors: keys of what is drawn.
        without_failed: leave out groups of draws with a value missing, instead of refusing.
    """

    folder: Path
    manifest: Mapping[str, Any]
    points: pd.DataFrame
    runs: Runs
    plans: tuple[str, ...]
    factors: tuple[str, ...]
    without_failed: bool = False

    @property
    def design(self) -> str:
        return str(self.manifest["design"])

    @property
    def n_draws(self) -> int:
        """Settings of the ranges, the base included."""
        return len(self.points) // len(self.plans)

    @cached_property
    def settings(self) -> np.ndarray:
        """Value of each factor in each draw, shape ``(n_draws, n_factors)``; where a draw leaves the configuration as
        it is, the configuration's value."""
        first = self.points.iloc[:: len(self.plans)]
        out = np.empty((len(first), len(self.factors)))
        for i, key in enumerate(self.factors):
            column = np.asarray(first[key].to_numpy(dtype=float, na_value=np.nan))
            out[:, i] = np.where(np.isnan(column), self.base(key), column)
        return out

    def base(self, key: str) -> float:
        """What the configuration says for a key."""
        at: Any = self.manifest["identity"]["configurations"][0]["config"]
        for part in key.split("."):
            at = at.get(part) if isinstance(at, Mapping) else None
        return float(at) if isinstance(at, int | float) else float("nan")

    def about(self, key: str) -> dict[str, Any]:
        """What a table says of a factor: ``factor`` (its row of the evidence, or its key), ``key``, ``base``, ``grade``,
        ``unit`` and ``source`` (empty if it is no row)."""
        name = row_of(key)
        rows = self.manifest["identity"]["configurations"][0]["config"].get("evidence", {})
        row = rows.get(name, {}) if name else {}
        facts = {field: str(row.get(field, "")) for field in ("grade", "unit", "source")}
        return {"factor": name or key.rsplit(".", 1)[-1], "key": key, "base": self.base(key), **facts}

    def values(self, measure: str) -> np.ndarray:
        """Values of a measure, shape ``(n_draws, n_plans, n_replications)``; NaN where there is none."""
        n_replications = self.manifest["replications"]
        everything = by_point(self.runs, len(self.points), n_replications)
        i = self.runs.measures.index(measure)
        return everything[:, i].reshape(self.n_draws, len(self.plans), n_replications)

    def troubles(self, measure: str, of_possible: bool = False) -> list[str]:
        """Sentences about runs that have no value of a measure; with ``of_possible`` only of draws that can be."""
        fault = self.runs.failed
        if of_possible:
            fault = fault & ~self.impossible[self.runs.point // len(self.plans)]
        failed = int(fault.sum())
        wanted = len(self.points) * self.manifest["replications"]
        i = self.runs.measures.index(measure)
        undefined = int((~np.isfinite(self.runs.values[~self.runs.failed, i])).sum())
        out = []
        if len(self.runs.point) < wanted:
            out.append(
                f"{self.folder}: {wanted - len(self.runs.point):,} of {wanted:,} runs have not been made; the command "
                "that began the sweep goes on with it"
            )
        if failed:
            out.append(
                f"{self.folder}: {failed:,} of {wanted:,} runs failed (column error of kpis.csv); sweep again with "
                "--retry-failed, or analyse with --without-failed, which leaves out every group of points that "
                "they belong to"
            )
        if undefined:
            out.append(
                f"{self.folder}: {measure} is not defined in {undefined:,} of {wanted:,} runs; choose another "
                "measure, or analyse with --without-failed"
            )
        return out

    @cached_property
    def impossible(self) -> np.ndarray:
        """Whether each draw is a combination that the model cannot be given under some plan, since its numbers contradict
        each other (a share above 1, say): its runs have not failed, they cannot be. Shape ``(n_draws,)``."""
        refused = np.array(
            [bool(error) and str(error).startswith("InputError:") for error in self.runs.errors]
        )
        out = np.zeros(self.n_draws, dtype=bool)
        out[self.runs.point[refused] // len(self.plans)] = True
        return out

    def usable(
        self, measure: str, group: int = 1, of_possible: bool = False
    ) -> tuple[np.ndarray, np.ndarray]:
        """The values of a measure in every draw but the base, and which draws can be used.

        Args:
            measure: which.
            group: draws that belong together (a trajectory): if one has no value, none of them is used.
            of_possible: draws that cannot be (:attr:`impossible`) are no reason to refuse: what is left follows the
                distribution of all, given that the numbers fit together. Only for draws that are independent.

        Returns:
            Values, shape ``(n_draws - 1, n_plans, n_replications)``, and whether each draw has them all, shape
            ``(n_draws - 1,)``.

        Raises:
            InputError: a value is missing, and nothing was said of leaving out; or nothing is left.
        """
        if (problems := self.troubles(measure, of_possible)) and not self.without_failed:
            raise InputError(problems)
        values = self.values(measure)[1:]
        whole = np.isfinite(values).all(axis=(1, 2))
        whole = np.repeat(whole.reshape(-1, group).all(axis=1), group)
        if not whole.any():
            raise InputError([*problems, f"{self.folder}: nothing is left to analyse in {measure}"])
        return values, whole


def stored_sweep(folder: Path, without_failed: bool = False) -> Stored:
    """The sweep in a folder.

    Raises:
        InputError: it holds no sweep, or one whose table of points cannot be read.
    """
    import pandas as pd

    manifest, runs = read_manifest(folder), read_runs(folder)
    try:
        points = pd.read_parquet(folder / "points.parquet")
    except (OSError, ValueError) as e:
        raise InputError(f"{folder / 'points.parquet'}: cannot be read: {' '.join(str(e).split())}") from None
    n_plans = int(points["reference"].max()) + 1
    columns = [str(name) for name in points if name not in NOT_FACTORS]
    drawn = tuple(name for name in columns if points[name].iloc[::n_plans].nunique(dropna=False) > 1)
    bases = points.iloc[:n_plans]
    listed = [name for name in columns if bases[name].nunique(dropna=False) > 1]
    plans = tuple(_name(row, listed) for row in bases[listed].to_dict("records")) if listed else ("plan",)
    return Stored(folder, manifest, points, runs, plans, drawn, without_failed)


def _name(row: Mapping[Any, Any], listed: Sequence[str]) -> str:
    if len(listed) == 1:
        return str(row[listed[0]])
    return ", ".join(f"{str(key).rsplit('.', 1)[-1]}={row[key]}" for key in listed)


def outputs(plans: Sequence[str]) -> list[tuple[str, int | None, int]]:
    """What is analysed: each plan by itself, and the difference of each further plan from the first.

    Returns:
        Name, number of the plan subtracted (None: nothing), number of the plan.
    """
    single: list[tuple[str, int | None, int]] = [(name, None, i) for i, name in enumerate(plans)]
    return single + [(f"{name} − {plans[0]}", 0, i) for i, name in enumerate(plans) if i]


def output_values(values: np.ndarray, reference: int | None, plan: int) -> np.ndarray:
    """Values of one of :func:`outputs`: shape ``(n_draws, n_replications)`` from ``(n_draws, n_plans, n_replications)``;
    differences are within replications."""
    found: np.ndarray = values[:, plan]
    return found if reference is None else found - values[:, reference]
