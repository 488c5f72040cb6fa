"""What one dashboard server holds: results folders, the example it computes itself, and everybody's runs.

Each is a *study* with a key, and the key stands in the address of a page. Whoever asks for a key that is not known
(any more) is told so, and what to do.
"""

from __future__ import annotations

import threading
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from dashboards.background.dependence import Known
from dashboards.background.jobs import Job, Jobs
from dashboards.background.live import Kept
from dashboards.background.work import EndsOrder, Order, Part, SweepOrder
from dashboards.page import WRONG_KIND, Kind, Page, missing
from dashboards.studies.study import Folders, Study
from dashboards.studies.swept import Cached, Swept
from experiments.comparing.change import Changes, are_ways_to_change
from experiments.running.replicate import Replications
from sim.area import Area
from sim.area_building import build_area
from sim.config import Config
from sim.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

#: What is computed and shown when no results folder is named: what ``make run`` simulates.
EXAMPLE = ("system=gatekept,balanced",)
EXAMPLE_TITLE = "Shipped example"
#: Steps in which a long run about the evidence is taken notice of by pages that tell of it.
STEPS = 8
#: Further results that are set beside those chosen: there are no more colours and markers.
MOST_BESIDE = 5


@dataclass(frozen=True)
class Settings:
    """How a server behaves. ``example``: words of the example that is computed if no folder is named; ``beat_seconds``: how
    often a tab says that it is there."""

    folders: tuple[Path, ...] = ()
    example: tuple[str, ...] = EXAMPLE
    workers: int = 2
    most_running: int = 2
    silence: float = 90.0
    grace: float = 8.0
    slow_down: float = 0.0

    @property
    def beat_seconds(self) -> float:
        return min(10.0, self.silence / 5)


class Server:
    """Studies by key, and the table of background runs."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.folders = Folders(list(settings.folders))
        self.jobs = Jobs(settings.most_running, settings.silence, settings.grace)
        self.kept = Kept()
        self.known = Known(settings.folders)
        self.example: str | None = None
        self._grown: dict[str, tuple[int, Study]] = {}
        self._swept: dict[str, Cached] = {}
        self._taken: dict[str, int] = {}
        self._lock = threading.Lock()
        #: Studies whose screens about single children have been worked out before they are shown.
        self.made_ready: set[str] = set()
        if not settings.folders:
            self.example = self._start_example()
        threading.Thread(target=self.folders.warm_up, daemon=True).start()

    def _start_example(self) -> str:
        from experiments.composing.compose import load_plans

        configs = load_plans(list(self.settings.example))
        first = next(iter(configs.values()))
        order = Order(configs, first.replications, first.seed, self.settings.workers, self.settings.slow_down)
        return self.jobs.start(order, EXAMPLE_TITLE, None)

    def close(self) -> None:
        """End every run."""
        self.jobs.close()

    @property
    def first_key(self) -> str:
        """The study shown to whoever asks for none."""
        return self.example if self.example is not None else next(iter(self.folders.folders))

    def keys(self, token: str | None) -> list[tuple[str, str]]:
        """Studies that somebody can choose, with their titles: folders, the example, runs of the same tab."""
        found = [
            (key, f"{key} (sweep)" if self.folders.kind(key) == "sweep" else key)
            for key in self.folders.folders
        ]
        if self.example is not None:
            found.append((self.example, EXAMPLE_TITLE))
        if token:
            found += [(job.key, job.title) for job in self.jobs.of(token) if job.can_be_shown]
        return found

    def kind(self, key: str) -> Kind:
        """What a key leads to, without reading it."""
        if key in self.folders.folders:
            return self.folders.kind(key)
        job = self.jobs.look(key)
        return "sweep" if job is not None and isinstance(job.order, SweepOrder) else "comparison"

    def fitting(self, page: Page, key: str, token: str | None) -> tuple[str, Study | Swept]:
        """The study of a key if the page can show it, else the first that it can show; if there is none, that of the key.

        Raises:
            InputError: the study that is asked for cannot be read.
        """
        study = self.study(key)
        if study.kind == page.of and (page.of == "comparison" or not missing(page, study)):
            return key, study
        for other, _ in self.keys(token):
            if other == key or self.kind(other) != page.of:
                continue
            try:
                found = self.study(other)
            except InputError:
                continue
            if page.of == "comparison" or not missing(page, found):
                return other, found
        return key, study

    def study(self, key: str | None) -> Study | Swept:
        """The study of a key; of a run, as far as it has come.

        Raises:
            InputError: no such study, or one that cannot be read.
        """
        key = key or self.first_key
        if key in self.folders.folders:
            if not self.folders.folders[key].is_dir():
                raise InputError(
                    f"{self.folders.folders[key]}: this folder is not there any more; it was there when the dashboard was "
                    "started. Put it back and load the page again, or choose other results at the top."
                )
            return self.folders.get(key)
        job = self.jobs.look(key)
        if job is None:
            raise InputError(
                f"There are no results {key} here: the dashboard was started again, or newer runs took their place. "
                "Choose other results at the top, or start the run again under What if."
            )
        if isinstance(job.order, SweepOrder):
            return self._sweep_of(job)
        if isinstance(job.order, EndsOrder):
            raise InputError(
                f"{job.title}: what came of it stands under Evidence of the results it is about."
            )
        if job.state == "failed" and not job.parts:
            raise InputError(job.problems or job.failures)
        with self._lock:
            parts = dict(job.parts)
            count, study = self._grown.get(key, (-1, None))
            if study is None or count != len(parts) or study.planned != _planned(job):
                study = grown(job, parts, self.jobs.tables(key))
                self._grown[key] = len(parts), study
            return study

    def _sweep_of(self, job: Job) -> Swept:
        """The sweep that a run has made.

        Raises:
            InputError: it is not complete.
        """
        if job.sweep is None:
            words = job.problems or job.failures or ["It can be looked at when all of its runs are done."]
            raise InputError([f"{job.title}: {words[0]}", *words[1:]])
        with self._lock:
            if job.key not in self._swept:
                self._swept[job.key] = Cached(job.key, job.sweep)
        found = self._swept[job.key].get()
        found.title = job.title
        return found

    def comparison(self, key: str | None) -> Study:
        """The same of a key that leads to systems side by side.

        Raises:
            InputError: as :meth:`study`; or a sweep.
        """
        study = self.study(key)
        if isinstance(study, Swept):
            raise InputError(list(WRONG_KIND["comparison"]))
        return study

    def beside(self, key: str) -> list[Study]:
        """Comparisons in the other folders, as far as they can be read."""
        out = []
        for other in self.folders.folders:
            if other != key and self.kind(other) == "comparison":
                with suppress(InputError):
                    out.append(self.comparison(other))
        return out[:MOST_BESIDE]

    def look_at(self, key: str) -> Job | None:
        """A run as it is now; what it says about single numbers of the evidence is kept."""
        job = self.jobs.look(key)
        if job is not None and isinstance(job.order, EndsOrder):
            self.known.add(job.order, list(job.parts.values()))
            # pages are not drawn anew for each number
            self._taken[key] = STEPS * job.done // job.total if job.running else STEPS + 1
        return job

    def revision(self, key: str | None) -> str:
        """Changes when there is more to show of a study."""
        return f"{self._revision(key or self.first_key)}:{sum(self._taken.values())}"

    def _revision(self, key: str) -> str:
        if self.kind(key) == "sweep":
            try:
                found = self.study(key)
            except InputError:
                return f"{key}:unreadable"
            return f"{key}:{found.revision}" if isinstance(found, Swept) else key
        job = self.jobs.look(key) if key not in self.folders.folders else None
        return key if job is None else f"{key}:{_complete(job)}:{job.state}"

    def growing(self, key: str | None) -> bool:
        """Whether there will be more to show of a study by itself."""
        key = key or self.first_key
        if self.kind(key) == "sweep":
            try:
                found = self.study(key)
            except InputError:
                job = self.jobs.look(key)
                return job is None or job.running
            return isinstance(found, Swept) and (not found.finished or found.busy)
        job = self.jobs.look(key)
        return job is not None and job.running


def _complete(job: Job) -> int:
    if not isinstance(job.order, Order):
        return job.done
    counts = Counter(part.replication for part in list(job.parts.values()))
    return sum(n == len(job.order.configs) for n in counts.values())


def _planned(job: Job) -> int:
    return job.order.replications if job.running and isinstance(job.order, Order) else _complete(job)


def grown(job: Job, parts: dict[str, Part], views: dict[str, pd.DataFrame]) -> Study:
    """A study of the replications that every system of a run has completed by now, and their small tables."""
    assert isinstance(job.order, Order), "a sweep is no comparison"
    configs = job.order.configs
    by: dict[tuple[str, int], Part] = {(p.system, p.replication): p for p in parts.values()}
    complete = sorted({r for _, r in by if all((name, r) in by for name in configs)})
    done = Replications(
        complete,
        {
            name: {
                measure: np.array([by[name, r].summary[measure] for r in complete])
                for measure in (by[name, complete[0]].summary if complete else ())
            }
            for name in configs
        },
        list(job.failures),
    )
    planned = job.order.replications if job.running else len(complete)
    area = _area(next(iter(configs.values())))
    parts_done = [by[name, r] for r in complete for name in configs]
    courses = [(part, part.course) for part in parts_done if part.course is not None]
    changes = None
    if are_ways_to_change(configs) and len(courses) == len(parts_done):
        changes = Changes(configs)
        for part, course in courses:
            changes.take(part.system, part.replication, course)
    return Study(job.key, job.title, area, dict(configs), done, views, planned, changes=changes)


def _area(config: Config) -> Area:
    return _built(config.area.model_dump_json(), config)


_areas: dict[str, Area] = {}


def _built(text: str, config: Config) -> Area:
    if text not in _areas:
        if len(_areas) > 16:
            _areas.clear()
        _areas[text] = build_area(config.area)
    return _areas[text]


@lru_cache(maxsize=1)
def version() -> str:
    """The version shown at the foot of each page."""
    from importlib.metadata import version as installed

    return installed("opendoor")
