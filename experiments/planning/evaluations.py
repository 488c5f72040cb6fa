"""Points that a search asks for one after the other, each simulated once and kept.

A sweep knows all its points before it begins; a search (for the best job plan, for the least staff) chooses the next
ones by what it has seen. Here it asks for some points and gets their measures. Whatever has been simulated stands in
the folder, so that the same search, begun again after a stop, goes through its steps from memory, at once, and goes on
where it was: with the same luck it asks the same questions.

::

    search.json     what is searched, and every number of the configuration
    points.jsonl    what each point sets, one line each, written before it is simulated
    runs.sqlite     one line per run that has ended, as in a sweep
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

from experiments.results.output import results_folder, write_json
from experiments.results.provenance import provenance
from experiments.running.pool import PRELOAD, run_tasks
from experiments.running.progress import if_stopped
from experiments.running.replicate import HOPELESS, replication_seed
from experiments.sweeps.folder import alone, told_differences
from experiments.sweeps.ledger import Ledger, new_ledger, read_runs
from experiments.sweeps.plan import NOT_OF_A_POINT, model_versions
from experiments.sweeps.points import Choices, Point
from experiments.sweeps.sweep import kept_in, write_down
from experiments.sweeps.worker import Common, Measured, SweepRun, simulate_point
from sim.config import Config
from sim.errors import InputError
from sim.measures import LABELS

SEARCH, POINTS = "search.json", "points.jsonl"


class AllFailed(Exception):
    """Every run that a search began with failed for the same reason, so the others would, too."""


@dataclass(frozen=True)
class Asked:
    """One point: which of the configurations, and what is set in it (dotted keys)."""

    system: str
    values: Mapping[str, Any]

    @property
    def text(self) -> str:
        """The same text for the same point."""
        return json.dumps([self.system, dict(self.values)], sort_keys=True)


@dataclass
class Evaluations:
    """The points of one search.

    Attributes:
        folder: where they are kept. configs: the checked configurations that points start from, by name.
        seed: of the experiment. workers: processes. function: what is done for one run.
        required: a run fails if one of these measures is not defined.
        what: for the progress display.
    """

    folder: Path
    configs: Mapping[str, Config]
    seed: int
    workers: int
    function: Callable[[SweepRun], Measured] = simulate_point
    required: tuple[str, ...] = ()
    what: str = "Search"
    _index: dict[str, int] = field(default_factory=dict)
    _promising: bool = False

    def __call__(self, asked: Sequence[Asked], replications: range) -> dict[str, np.ndarray]:
        """The measures of some points; what is not known yet is simulated.

        Returns:
            each measure, shape ``(len(asked), len(replications))``; NaN where it is not defined or the run failed.

        Raises:
            AllFailed: no run of the search has gone well so far, each of these points has one that failed, and all for
                the same reason.
        """
        for one in asked:
            self._remember(one)
        indices = [self._index[one.text] for one in asked]
        ledger = Ledger(self.folder)
        try:
            ended = ledger.ended()
            todo = [
                SweepRun(index, r, replication_seed(self.seed, r))
                for index in dict.fromkeys(indices)
                for r in replications
                if (index, r) not in ended
            ]
            if not self._promising:
                # one of each point first: if none of them can do it, that is soon known
                todo.sort(key=lambda run: run.replication)
                self._look_for_hope(indices, replications)
            if todo:
                common = self._common(asked)
                outcomes = run_tasks(self.function, todo, min(self.workers, len(todo)), PRELOAD, common)
                with closing(outcomes):
                    watch = self._watch(indices, replications)
                    write_down(outcomes, ledger, len(todo), common, self.what, watch)
            self._promising = True
        finally:
            ledger.close()
        runs = read_runs(self.folder)
        table = np.full((len(self._index), len(LABELS), max(runs.replication, default=0) + 1), np.nan)
        table[runs.point, :, runs.replication] = runs.values
        found = table[indices][:, :, list(replications)]
        return {name: found[:, i] for i, name in enumerate(LABELS)}

    def errors(self, asked: Asked) -> list[str]:
        """Why runs of a point failed."""
        runs = read_runs(self.folder)
        index = self._index[asked.text]
        return [str(runs.errors[i]) for i in np.flatnonzero(runs.failed & (runs.point == index))]

    def _look_for_hope(self, indices: Sequence[int], replications: range) -> None:
        """What the book says of these points already, from a command before."""
        runs = read_runs(self.folder)
        watch = self._watch(indices, replications)
        for i, error in enumerate(runs.errors):
            if runs.point[i] in indices:
                watch(SweepRun(int(runs.point[i]), int(runs.replication[i]), int(runs.seed[i])), error)

    def _watch(self, indices: Sequence[int], replications: range) -> Callable[[SweepRun, str | None], None]:
        """Looks at runs as they end, and gives up when there is no hope."""
        failed: set[int] = set()
        errors: list[str] = []

        def watch(run: SweepRun, error: str | None) -> None:
            if error is None:
                self._promising = True
            if self._promising:
                return
            failed.add(run.point)
            errors.append(str(error))
            enough = len(errors) >= min(HOPELESS, len(set(indices)) * len(replications))
            if enough and failed.issuperset(indices) and len({_kind(e) for e in errors}) == 1:
                raise AllFailed(hopeless(errors[0], len(errors), self.folder))

        return watch

    def _common(self, asked: Sequence[Asked]) -> Common:
        points = {self._index[a.text]: Point(0, _chosen(a.system), a.values, "") for a in asked}
        trees = {_chosen(name): c.model_dump(mode="json") for name, c in self.configs.items()}
        return Common(points, trees, tuple(LABELS), self.required, None)

    def _remember(self, one: Asked) -> None:
        if one.text in self._index:
            return
        self._index[one.text] = len(self._index)
        with (self.folder / POINTS).open("a", encoding="utf-8") as file:
            file.write(one.text + "\n")
            file.flush()
            os.fsync(file.fileno())


def _kind(error: str) -> str:
    """An error without its numbers: the same reason has others in other runs."""
    return re.sub(r"[\d.,]+", "#", error)


def hopeless(error: str, count: int, folder: Path) -> str:
    """Why a search was given up, and what to do."""
    named = re.search(r"NotDefined: ([\w, ]+): not defined", error)
    if named:
        names = named[1].split(", ")
        # what the measure itself says of the case, such as that there is no such list
        why = "; ".join(f"{name} ({LABELS[name].undefined})" for name in names if name in LABELS)
        reason = f"a measure that is asked for is not defined there: {why}"
        todo = "name another measure in its place"
    else:
        reason, todo = error, "mend that and ask again"
    return (
        f"stopped: the first {count} runs all failed for the same reason, so no plan could be judged: {reason}; {todo} "
        f"(opendoor results describe {folder} tells more)"
    )


def reasons(errors: Iterable[str | None], most: int = 3) -> list[str]:
    """How many of the runs failed, and the commonest reasons, as sentences; nothing if none failed."""
    ended = list(errors)
    failed = [error for error in ended if error is not None]
    if not failed:
        return []
    first = {_kind(error): error for error in reversed(failed)}
    found = Counter(map(_kind, failed)).most_common()
    lines = [f"{len(failed):,} of {len(ended):,} runs failed:"]
    lines += [f"  {count:,} x {first[kind]}" for kind, count in found[:most]]
    if rest := sum(count for _, count in found[most:]):
        lines.append(f"  {rest:,} for other reasons")
    return lines


def _chosen(system: str) -> Choices:
    return (("system", system),)


@contextmanager
def evaluations(
    folder: Path,
    configs: Mapping[str, Config],
    identity: Mapping[str, Any],
    command: Sequence[str],
    **how: Any,
) -> Iterator[Evaluations]:
    """The points of the search in ``folder``, which is made or gone on with.

    Args:
        folder: of the search.
        configs: the checked configurations that points start from, by name.
        identity: what else decides what is asked, as plain values.
        command: for the provenance.
        how: ``function`` and ``required`` of :class:`Evaluations`.

    Raises:
        InputError: the folder holds something else, or another command is at work on it.
    """
    base = next(iter(configs.values()))
    what = _plain(
        {
            **identity,
            "model": model_versions(),
            "configurations": {
                name: {k: v for k, v in c.model_dump(mode="json").items() if k not in NOT_OF_A_POINT}
                for name, c in configs.items()
            },
        }
    )
    folder = folder.expanduser()
    if not (folder.exists() or folder.is_symlink()):
        now = datetime.now().astimezone()
        with results_folder(folder) as new:
            write_json(provenance(command, configs, [], now, now), new / "provenance.json")
            (new / SEARCH).write_text(json.dumps(what, indent=1, ensure_ascii=False), encoding="utf-8")
            (new / POINTS).touch()
            new_ledger(new, tuple(LABELS), "search")
    try:
        there = json.loads((folder / SEARCH).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        raise InputError(
            f"{folder}: exists already and is not the folder of a search; choose another"
        ) from None
    if different := list(told_differences(there, what)):
        raise InputError(
            [
                f"output {folder}: holds another search; choose another folder",
                *(f"{folder}: {d}" for d in different[:5]),
            ]
        )
    with alone(folder), if_stopped(kept_in(folder)):
        yield Evaluations(folder, configs, base.seed, base.workers, _index=_known(folder), **how)


def own_folder(identity: Mapping[str, Any], hashes: str | Mapping[str, str]) -> Path:
    """``results/COMMAND-HASH``: the same question has the same folder, so that the same command goes on in it.

    Args:
        identity: of the search, its ``command`` among it. hashes: of its configuration, or of each by name.
    """
    text = json.dumps([identity, hashes], sort_keys=True)
    digest = hashlib.blake2b(text.encode(), digest_size=5).hexdigest()
    return Path("results") / f"{identity['command']}-{digest}"


def _known(folder: Path) -> dict[str, int]:
    """The points in the folder. A last line that a kill cut short is taken away: nothing was simulated for it."""
    path = folder / POINTS
    text = path.read_text(encoding="utf-8")
    whole = text[: text.rfind("\n") + 1]
    if whole != text:
        path.write_text(whole, encoding="utf-8")
    return {line: i for i, line in enumerate(whole.splitlines())}


def _plain(value: Any) -> Any:
    return json.loads(json.dumps(value))
