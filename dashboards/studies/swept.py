"""One sweep that can be looked at: its points, what came out at each, what failed, and what its design tells.

Everything is read once. The folder is looked at again only when the book of its runs has changed, which of a finished
sweep is never; means and intervals are worked out for the measures that are asked for, by the functions of the
command line, and kept. An analysis that takes long is worked out beside the pages, which say so until it is there.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as NotYet
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np

from experiments.sweeps.ledger import FILE, Runs
from experiments.sweeps.statistics import Intervals, intervals
from sim.errors import InputError
from sim.measures import LABELS, Measure

if TYPE_CHECKING:
    import pandas as pd

    from experiments.sensitivity.analyse import Analysis
    from experiments.sweeps.stored import Stored

#: What stands beside the book of a sweep, and of a search (``opendoor optimise``, ``opendoor staff-for``).
SWEEP, SEARCH = "sweep.yaml", "search.json"

#: Seconds that a page waits for an analysis before it says that it comes later.
PATIENCE = 0.15

#: Seconds between two looks at a sweep that goes on.
AGAIN = 10.0

#: Numbers that a sweep varies which the pages show one by one; of more, those that go most with the measure.
MOST_COLUMNS = 10

#: Answers kept for a sweep.
MOST_KEPT = 60


@dataclass
class Swept:
    """What the pages show of a sweep.

    Attributes:
        key: in the address of the page. title: for people. folder: where it is. identity: what of the folder was read.
        points: one row per point, under the names of :func:`short_names`; where a point leaves a number as it is, what
        the configuration says. varied: those of its columns that differ between points, and whether they hold numbers.
        labels: what each point is called. references: the point that each is set against. runs: every run that has
        ended. replications: of each point. measures: those that whoever made it asked for. design: of its points.
        heading: what it is, in a sentence. stored: for its analysis; None if it has none.
    """

    kind: ClassVar[Literal["sweep"]] = "sweep"

    key: str
    title: str
    folder: Path
    identity: tuple[float, ...]
    points: pd.DataFrame
    varied: dict[str, bool]
    labels: list[str]
    references: np.ndarray
    runs: Runs
    replications: int
    measures: list[str]
    design: str
    heading: str
    finished: bool
    stored: Stored | None = None
    _kept: dict[Any, Any] = field(default_factory=dict)
    _lock: threading.RLock = field(default_factory=threading.RLock)

    @property
    def n(self) -> int:
        """Points; never nought, so there is always something to show."""
        return len(self.points)

    @property
    def busy(self) -> bool:
        """Whether an analysis is being worked out."""
        return any(isinstance(v, Future) and not v.done() for v in list(self._kept.values()))

    @property
    def revision(self) -> str:
        """Changes when there is more to show."""
        done = sum(isinstance(v, Future) and v.done() for v in list(self._kept.values()))
        return f"{hash(self.identity)}:{done}"

    @cached_property
    def failed(self) -> np.ndarray:
        """How many runs of each point failed, shape ``(n_points,)``."""
        return np.bincount(self.runs.point[self.runs.failed], minlength=self.n)

    @cached_property
    def reasons(self) -> pd.DataFrame:
        """Why runs failed: ``reason, runs, points, first_point, first_replication, first_seed``, the most frequent first."""
        import pandas as pd

        at = np.flatnonzero(self.runs.failed)
        frame = pd.DataFrame(
            {
                "reason": [str(self.runs.errors[i]) for i in at],
                "point": self.runs.point[at],
                "replication": self.runs.replication[at],
                "seed": self.runs.seed[at],
            }
        )
        grouped = frame.groupby("reason", sort=False)
        found = pd.DataFrame(
            {
                "runs": grouped.size(),
                "points": grouped["point"].nunique(),
                "first_point": grouped["point"].first(),
                "first_replication": grouped["replication"].first(),
                "first_seed": grouped["seed"].first(),
            }
        )
        return found.reset_index().sort_values("runs", ascending=False, kind="stable", ignore_index=True)

    def values(self, measure: str) -> np.ndarray:
        """Values of a measure in its stored unit, shape ``(n_points, n_replications)``; NaN where there is none."""
        return self.kept(("values", measure), lambda: self._values(measure))

    def _values(self, measure: str) -> np.ndarray:
        out = np.full((self.n, self.replications), np.nan)
        inside = self.runs.replication < self.replications
        column = self.runs.values[:, self.runs.measures.index(measure)]
        out[self.runs.point[inside], self.runs.replication[inside]] = column[inside]
        return out

    def at_point(self, point: int) -> np.ndarray:
        """Values of every measure at one point, shape ``(n_measures, n_replications)``, in the order of ``LABELS``."""
        out = np.full((len(LABELS), self.replications), np.nan)
        own = np.flatnonzero((self.runs.point == point) & (self.runs.replication < self.replications))
        columns = [self.runs.measures.index(name) for name in LABELS]
        out[:, self.runs.replication[own]] = self.runs.values[own][:, columns].T
        return out

    def intervals(self, measure: str) -> Intervals:
        """Mean of a measure at each point with its 95 % interval, in its stored unit."""
        return self.kept(("intervals", measure), lambda: intervals(self.values(measure)))

    def columns(self, measure: str) -> list[str]:
        """Varied numbers that are shown one by one: all, or those whose ranks go most with the measure."""
        if self.design == "one_at_a_time":  # each point moves one of them: a line through all says nothing
            return [name for name, number in self.varied.items() if not number]
        names = list(self.varied)
        if len(names) <= MOST_COLUMNS:
            return names
        return self.kept(("columns", measure), lambda: self._most_telling(measure))

    def _most_telling(self, measure: str) -> list[str]:
        mean = self.intervals(measure).mean
        known = np.isfinite(mean)
        strength = {}
        for name, number in self.varied.items():
            if not number:
                strength[name] = np.inf
                continue
            x, y = _ranks(self.points[name].to_numpy(float)[known]), _ranks(mean[known])
            spread = float(x.std() * y.std())
            strength[name] = abs(float(((x - x.mean()) * (y - y.mean())).mean())) / spread if spread else 0.0
        first = sorted(strength, key=lambda name: -strength[name])[:MOST_COLUMNS]
        return [name for name in self.varied if name in first]

    def table(self, first: str, second: str) -> pd.DataFrame:
        """One row per point: ``point``; the numbers shown one by one; of each of two measures the mean under its name,
        and ``NAME_low``, ``NAME_high``, ``NAME_n``, in the unit in which it is told; ``failed`` runs."""
        return self.kept(("table", first, second), lambda: self._table(first, second))

    def _table(self, first: str, second: str) -> pd.DataFrame:
        import pandas as pd

        columns: dict[str, Any] = {"point": np.arange(self.n)}
        if self.design == "one_at_a_time":
            columns["label"] = self.labels
        columns |= {name: self.points[name].to_numpy() for name in self.columns(first)}
        for measure in dict.fromkeys((first, second)):
            found, scale = self.intervals(measure), LABELS[measure].scale
            columns[measure] = found.mean * scale
            columns |= {f"{measure}_{end}": getattr(found, end) * scale for end in ("low", "high")}
            columns[f"{measure}_n"] = found.n
        return pd.DataFrame({**columns, "failed": self.failed})

    def front(self, first: str, second: str) -> np.ndarray | None:
        """Points that no other beats in both measures, shape ``(n_points,)``; None if in one of them nothing is best."""
        from experiments.sensitivity.preference import worth

        try:
            pair = np.stack([worth(m, self.intervals(m).mean) for m in (first, second)])
        except InputError:
            return None
        return self.kept(("front", first, second), lambda: not_beaten(pair))

    def analysis(self, measure: str) -> Analysis | None:
        """What ``opendoor analyse`` says of the sweep and one measure; None while it is being worked out.

        Runs that failed make the command refuse; here they are left out, as with ``--without-failed``, and the
        words begin with what is missing.

        Raises:
            InputError: there is no analysis of such a design, or its runs do not allow one.
        """
        stored = self.stored
        if stored is None:
            raise InputError(f"{self.title}: there is no analysis of a search; its answer is in answer.txt")

        def begin() -> Future[Analysis]:
            return _beside.submit(_analysis, stored, measure)

        going: Future[Analysis] = self.kept(("analysis", measure), begin)
        try:
            return going.result(PATIENCE)
        except NotYet:
            return None

    def kept(self, key: Any, make: Callable[[], Any]) -> Any:
        """What was made once for a key; the oldest of many are forgotten."""
        with self._lock:
            if key not in self._kept:
                self._kept[key] = make()
                while len(self._kept) > MOST_KEPT:
                    del self._kept[next(iter(self._kept))]
            return self._kept[key]


_beside = ThreadPoolExecutor(1, thread_name_prefix="analysis")


def _analysis(stored: Stored, measure: str) -> Analysis:
    from experiments.sensitivity.analyse import analyse

    try:
        return analyse(stored, [measure])
    except InputError as refused:
        try:
            found = analyse(replace(stored, without_failed=True), [measure])
        except InputError:
            raise refused from None
        missing = [p.partition(": ")[2].partition(" (column error")[0] for p in stored.troubles(measure)]
        words = [f"{'; '.join(missing)}: left out of this, as with --without-failed"] if missing else []
        return replace(found, words=[*words, *found.words])


def _ranks(values: np.ndarray) -> np.ndarray:
    from scipy.stats import rankdata

    return np.asarray(rankdata(values))


def not_beaten(worths: np.ndarray) -> np.ndarray:
    """Whether no other point is at least as good in both and better in one; a point without a value is none.

    Args:
        worths: larger is better, shape ``(2, n_points)``.
    """
    out = np.zeros(worths.shape[1], dtype=bool)
    known = np.flatnonzero(np.isfinite(worths).all(axis=0))
    # from the best in the first measure on: a point counts if it beats all before it in the second
    order = known[np.lexsort((-worths[1, known], -worths[0, known]))]
    best: tuple[float, float] | None = None
    for i in order:
        pair = float(worths[0, i]), float(worths[1, i])
        if best is None or pair[1] > best[1] or pair == best:
            out[i] = True
            best = pair
    return out


def measure_title(measure: Measure) -> str:
    """A measure and its unit, as on the screen of ``opendoor sweep``."""
    return f"{measure.label} ({measure.unit})"


# ------------------------------------------------------------------------------------------ reading


def is_swept(folder: Path) -> bool:
    """Whether a folder holds a sweep or a search."""
    return (folder / FILE).is_file() and ((folder / SWEEP).is_file() or (folder / SEARCH).is_file())


def identity_of(folder: Path) -> tuple[float, ...]:
    """Changes when there is more in the folder."""
    out = []
    for name in (FILE, f"{FILE}-wal", SWEEP, SEARCH):
        try:
            stat = (folder / name).stat()
            out += [stat.st_mtime, float(stat.st_size)]
        except OSError:
            out += [0.0, 0.0]
    return tuple(out)


class Cached:
    """The sweep of a folder, read again only when it has changed, and while it goes on not at every look."""

    def __init__(self, key: str, folder: Path, clock: Callable[[], float] = time.monotonic) -> None:
        self.key, self.folder, self.clock = key, folder, clock
        self._swept: Swept | None = None
        self._read_at = -np.inf
        self._lock = threading.Lock()

    def get(self) -> Swept:
        """The sweep as it is now, or was a few seconds ago.

        Raises:
            InputError: a folder that cannot be read.
        """
        with self._lock:
            if self._swept is not None and self.clock() - self._read_at < AGAIN:
                return self._swept
            if self._swept is None or identity_of(self.folder) != self._swept.identity:
                self._swept = read_swept(self.key, self.folder)
            self._read_at = self.clock()
            return self._swept


def read_swept(key: str, folder: Path) -> Swept:
    """The sweep or search in a folder.

    Raises:
        InputError: files that are missing, damaged, or of another version.
    """
    identity = identity_of(folder)
    read = _read_sweep if (folder / SWEEP).is_file() else _read_search
    try:
        found = read(key, folder, identity)
    except (OSError, ValueError, KeyError, IndexError, TypeError) as e:
        raise InputError(
            f"{folder}: cannot be read: {type(e).__name__}: {' '.join(str(e).split())}"
        ) from None
    if missing := [m for m in (*found.measures, *LABELS) if m not in found.runs.measures]:
        raise InputError(
            f"{folder}: {len(missing)} measures are missing ({', '.join(missing[:3])}): it was made by another "
            "version of OpenDoor; sweep again"
        )
    if not len(found.runs.point):
        raise InputError(f"{folder}: no run has ended yet; load this page again when the first ones have")
    return found


def _read_sweep(key: str, folder: Path, identity: tuple[float, ...]) -> Swept:
    import pandas as pd

    from experiments.sweeps.folder import COMPLETE
    from experiments.sweeps.stored import NOT_FACTORS, stored_sweep

    stored = stored_sweep(folder)
    given = stored.points
    names = short_names([str(c) for c in given if c not in NOT_FACTORS])
    columns: dict[str, Any] = {}
    for column, name in names.items():
        values = given[column]
        if pd.api.types.is_numeric_dtype(values):
            numbers = np.asarray(values.to_numpy(dtype=float, na_value=np.nan))
            columns[name] = np.where(np.isnan(numbers), stored.base(column), numbers)
        else:
            columns[name] = values.astype(object).where(values.notna(), "as it is").astype(str).to_numpy()
    points = pd.DataFrame(columns, index=range(len(given)))
    manifest = stored.manifest
    replications, total = int(manifest["replications"]), len(given) * int(manifest["replications"])
    done = len(stored.runs.point)
    state = "complete" if (folder / COMPLETE).exists() else f"{done:,} of {total:,} runs done"
    title = f"{manifest['title']}. " if manifest.get("title") else ""
    heading = (
        f"{title}Sweep, design {manifest['design']}: {len(given):,} points in {replications:,} replications each "
        f"(seed {manifest['seed']}); {state}; {int(stored.runs.failed.sum()):,} runs failed."
    )
    return Swept(
        key,
        folder.resolve().name,
        folder,
        identity,
        points,
        _varied(points),
        [str(label) for label in given["label"]],
        given["reference"].to_numpy(dtype=np.int64),
        stored.runs,
        replications,
        [str(m) for m in manifest["measures"]],
        str(manifest["design"]),
        heading,
        done >= total,
        stored,
    )


def _read_search(key: str, folder: Path, identity: tuple[float, ...]) -> Swept:
    import pandas as pd

    from experiments.planning.evaluations import POINTS
    from experiments.sweeps.ledger import read_runs

    what: Mapping[str, Any] = json.loads((folder / SEARCH).read_text(encoding="utf-8"))
    lines = (folder / POINTS).read_text(encoding="utf-8").splitlines()
    asked = [json.loads(line) for line in lines]
    keys = list(dict.fromkeys(k for _, values in asked for k in values))
    names = short_names(["system", *keys])
    rows = [{"system": system, **values} for system, values in asked]
    points = pd.DataFrame([{name: row.get(k) for k, name in names.items()} for row in rows])
    points = _by_shares(folder, points)
    runs = read_runs(folder)
    aims = [m for m in str(what.get("aims", what.get("measure", ""))).split(",") if m.strip() in LABELS]
    aims = [m.strip() for m in aims] or ["impact_mean_change_points"]
    replications = int(runs.replication.max(initial=0)) + 1
    heading = (
        f"Search by opendoor {what.get('command', '')}: {len(points):,} points looked at, {len(runs.point):,} runs, "
        f"{int(runs.failed.sum()):,} failed. Points that were chosen met further luck, so they have more replications."
    )
    return Swept(
        key,
        folder.resolve().name,
        folder,
        identity,
        points,
        _varied(points),
        [f"plan {i}" if i else "the present plan" for i in range(len(points))],
        np.zeros(len(points), dtype=np.int64),
        runs,
        replications,
        aims,
        "search",
        heading,
        (folder / "answer.txt").is_file(),
    )


def _by_shares(folder: Path, points: pd.DataFrame) -> pd.DataFrame:
    """Plans of a finished search by the shares of time that it turned, where each of its points is a plan."""
    import pandas as pd

    if not (folder / "tried.parquet").is_file():
        return points
    tried = pd.read_parquet(folder / "tried.parquet")
    shares = [str(c) for c in tried if str(c).startswith("share_")]
    if len(tried) != len(points) or not shares:
        return points
    return pd.DataFrame({f"{name.removeprefix('share_')}_share": tried[name].to_numpy() for name in shares})


def _varied(points: pd.DataFrame) -> dict[str, bool]:
    import pandas as pd

    return {
        str(name): bool(pd.api.types.is_numeric_dtype(points[name]))
        for name in points
        if points[name].nunique(dropna=False) > 1
    }


def short_names(keys: list[str]) -> dict[str, str]:
    """Names for people, each once and none that is taken: the row of an evidence key, the last part of any other, the
    key itself if two are alike."""
    from experiments.sweeps.factors import row_of

    taken = {"point", "label", "failed", *LABELS}
    short = {key: row_of(key) or key.rsplit(".", 1)[-1] for key in keys}
    names = list(short.values())
    return {key: key if names.count(name) > 1 or name in taken else name for key, name in short.items()}


def swept_of(study: Any) -> Swept:
    """What is shown, as the sweep that it is: pages of sweeps are given nothing else.

    Raises:
        TypeError: it is none.
    """
    if not isinstance(study, Swept):
        raise TypeError(f"a page of sweeps was given a {type(study).__name__}")
    return study
