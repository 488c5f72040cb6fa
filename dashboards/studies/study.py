"""One comparison that can be looked at: its numbers, its pictures' tables, and what has to be said with them.

A study comes from a results folder, or grows while its simulations are being run. Either way its headline
numbers are worked out by the command ``opendoor compare`` from the same summaries, so the two never differ.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from dashboards.studies.stored import StoredViews, rows_of
from dashboards.studies.swept import Cached, Swept, is_swept
from experiments.results.views import PLACES
from experiments.running.replicate import Replications
from sim.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

    from experiments.comparing.change import Changes
    from sim.area import Area
    from sim.config import Config

#: Name of a small table (:func:`sim.dictionary.tables_of_views`) -> all replications that are at hand.
Views = Mapping[str, "pd.DataFrame"]


@dataclass
class Study:
    """What the pages show.

    Attributes:
        key: in the address of the page. title: for people. configs: of each system, the reference first.
        done: summaries of the replications that every system completed. views: small tables of the replications
        that are at hand. planned: replications in all; more than ``done`` has while the study grows.
        problems: what cannot be shown, in sentences. folder: where it was read from, if it was. changes: what the
        changes did, if these are ways to change that are being simulated; in a folder it is in tables.
        tables_of_change: those tables, kept once they were read or made (:mod:`dashboards.studies.changes`).
    """

    kind: ClassVar[Literal["comparison"]] = "comparison"

    key: str
    title: str
    area: Area
    configs: dict[str, Config]
    done: Replications
    views: Views
    planned: int
    problems: list[str] = field(default_factory=list)
    folder: Path | None = None
    changes: Changes | None = None
    tables_of_change: dict[str, pd.DataFrame] = field(default_factory=dict)

    @property
    def systems(self) -> list[str]:
        return list(self.configs)

    @property
    def reference(self) -> str:
        return self.systems[0]

    @property
    def others(self) -> list[str]:
        return self.systems[1:]

    @property
    def n(self) -> int:
        """Replications that are complete."""
        return len(self.done.replications)

    @property
    def finished(self) -> bool:
        return self.n + len(self.done.failures) >= self.planned

    def system_title(self, name: str) -> str:
        """What a system is called in a legend: the title in its file, told apart where two have the same."""
        titles = [config.system.title for config in self.configs.values()]
        title = self.configs[name].system.title
        return title if titles.count(title) == 1 else name

    @cached_property
    def comparison(self) -> pd.DataFrame:
        """The table of ``opendoor compare`` for these summaries; empty with one system or no replication."""
        from experiments.comparing.comparison import comparison_frame

        if self.n == 0 or not self.others:
            import pandas as pd

            return pd.DataFrame(columns=["reference", "other", "measure"])
        return comparison_frame(self.done)

    def against(self, reference: str, other: str) -> dict[str, dict[Any, Any]]:
        """Rows of :attr:`comparison` of one pair, by measure; of three systems each stands in two pairs."""
        rows = self.comparison
        rows = rows[(rows["reference"] == reference) & (rows["other"] == other)]
        return {row["measure"]: row for row in rows.to_dict("records")}

    def view(self, name: str, systems: list[str] | None = None) -> pd.DataFrame:
        """One of the small tables, for all replications at hand.

        Raises:
            InputError: it is not there.
        """
        frame = self.views.get(name)
        if frame is None or frame.empty:
            raise InputError(
                self.problems or "No simulation is finished yet; the figure appears with the first one."
            )
        return frame if systems is None else frame[frame["system"].isin(systems)]

    def places(self, weeks: Sequence[int], columns: Sequence[str]) -> pd.DataFrame:
        """Columns of the places at the end of some weeks, of all systems.

        Raises:
            InputError: they are not there.
        """
        if isinstance(self.views, StoredViews):
            found = self.views.places(weeks, columns)
        else:
            found = rows_of(self.views.get(PLACES), weeks, columns)
        if found.empty:
            raise InputError(
                self.problems or "No simulation is finished yet; the figure appears with the first one."
            )
        return found


class Folders:
    """Results folders that were named on the command line, each read when it is first looked at."""

    def __init__(self, folders: list[Path]) -> None:
        self.folders = dict(zip(_keys(folders), folders, strict=True))
        self._read: dict[str, Study] = {}
        self._swept = {key: Cached(key, folder) for key, folder in self.folders.items() if is_swept(folder)}
        self._lock = threading.Lock()

    def warm_up(self) -> None:
        """Read what is shown first, and every sweep, before somebody asks; work out what pages of sweeps show first."""
        for key in list(self.folders)[:1]:
            with suppress(InputError):  # told when it is looked at
                self.get(key)
        for cached in self._swept.values():
            try:
                swept = cached.get()
                swept.intervals(swept.measures[0])
                swept.analysis(swept.measures[0])
            except InputError:
                continue

    def kind(self, key: str) -> Literal["comparison", "sweep"]:
        """What one of the folders holds."""
        return "sweep" if key in self._swept else "comparison"

    def get(self, key: str) -> Study | Swept:
        """The study in one of the folders.

        Raises:
            InputError: a folder that cannot be read.
        """
        if key in self._swept:
            return self._swept[key].get()
        with self._lock:
            if key not in self._read:
                self._read[key] = read_study(key, self.folders[key])
            return self._read[key]


def _keys(folders: list[Path]) -> list[str]:
    names = [folder.resolve().name for folder in folders]
    return [n if names.count(n) == 1 else f"{n}-{i}" for i, n in enumerate(names, start=1)]


def folder_problems(folder: Path) -> list[str]:
    """Sentences if ``folder`` holds neither the results of a comparison or a run nor a sweep or search."""
    if not folder.is_dir():
        return [f"{folder}: there is no such folder"]
    if is_swept(folder):
        return []
    if not (folder / "provenance.json").is_file() or not (folder / "summaries.parquet").is_file():
        return [
            f"{folder}: holds no results of opendoor compare, run, sweep, switching or optimise "
            "(looked for: provenance.json with summaries.parquet, or runs.sqlite with sweep.yaml or search.json)"
        ]
    return []


def read_study(key: str, folder: Path) -> Study:
    """The results in a folder.

    Raises:
        InputError: files that are missing or do not belong together.
    """
    import pandas as pd

    from sim.area_building import build_area
    from sim.checking import check

    if is_swept(folder):
        raise InputError(f"{folder}: holds a sweep and no comparison")
    if problems := folder_problems(folder):
        raise InputError(problems)
    try:
        facts = json.loads((folder / "provenance.json").read_text(encoding="utf-8"))
        configs = {name: check(system["config"]) for name, system in facts["systems"].items()}
        frame = pd.read_parquet(folder / "summaries.parquet")
        done = _replications(frame, list(configs), facts.get("failures", []))
    except InputError as e:
        raise InputError(
            [f"{folder}: written by another version of OpenDoor: {p}" for p in e.problems]
        ) from None
    except (OSError, ValueError, KeyError, TypeError) as e:
        raise InputError(
            f"{folder}: cannot be read: {type(e).__name__}: {' '.join(str(e).split())}"
        ) from None
    area = build_area(next(iter(configs.values())).area)
    n = len(done.replications)
    views = StoredViews(folder, configs, area)
    return Study(key, folder.resolve().name, area, configs, done, views, n, views.problems, folder)


def _replications(frame: pd.DataFrame, systems: list[str], failures: list[str]) -> Replications:
    """The summaries as the command had them: per system and measure an array over replications, in order."""
    from sim.measures import LABELS

    if missing := [m for m in LABELS if m not in frame]:
        raise InputError(
            f"{len(missing)} measures are missing ({', '.join(missing[:3])}{', ...' if len(missing) > 3 else ''}); "
            "run its command again (it stands in provenance.json)"
        )
    per = {name: rows.set_index("replication").sort_index() for name, rows in frame.groupby("system")}
    numbers = [int(r) for r in per[systems[0]].index]
    return Replications(
        numbers,
        {name: {m: per[name].loc[numbers, m].to_numpy(float) for m in LABELS} for name in systems},
        list(failures),
    )
