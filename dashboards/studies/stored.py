"""The small tables of a results folder; where it has none, they are worked out from its full tables.

The full tables in a folder hold names where the model holds codes. The configuration beside them says which name has
which code, so the plain columns can be put together again and every measure works on them.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from experiments.results.views import PLACES, VIEWS, Gathered
from sim.both import offers_by_name
from sim.calendar import days_of_run
from sim.dictionary import LEFT_REASONS, TABLES, Column, tables_of_views
from sim.errors import InputError
from sim.kernel.state import EVENTS, NEVER, WEEKLY_MEASURES
from sim.measures.views import views
from sim.system import LEDGER_LINES, LEVELS, STRANDS

if TYPE_CHECKING:
    import pandas as pd

    from sim.area import Area
    from sim.config import Config

NEEDED = ("needs", "waiting", "weekly", "ledger", "offers")


@dataclass(frozen=True)
class StoredRun:
    """The part of a run that measures read (:class:`sim.measures.RunColumns`)."""

    config: Config
    decision_day: int
    end_day: int
    kinds: tuple[str, ...]
    offers: tuple[str, ...]
    roles: tuple[str, ...]
    localities: tuple[str, ...]
    lines: tuple[str, ...]
    tables: Mapping[str, Mapping[str, np.ndarray]]
    population: np.ndarray


def rows_of(places: pd.DataFrame | None, weeks: Sequence[int], columns: Sequence[str]) -> pd.DataFrame:
    """Some weeks of the places at hand; no row if there are none."""
    import pandas as pd

    if places is None:
        return pd.DataFrame(columns=list(columns))
    return places.loc[places["week"].isin(weeks), list(columns)]


class StoredViews(Mapping[str, "pd.DataFrame"]):
    """Small tables of a results folder, each read when it is first asked for.

    ``problems``: sentences about what could not be read, once something was asked for. A table that is not there is
    like none.
    """

    def __init__(self, folder: Path, configs: Mapping[str, Config], area: Area) -> None:
        self.folder, self.configs, self.area = folder, configs, area
        self.problems: list[str] = []
        self._kept: dict[str, pd.DataFrame | None] = {}
        self._lock = threading.Lock()

    def __getitem__(self, name: str) -> pd.DataFrame:
        with self._lock:
            if name not in self._kept:
                self._read(name)
            frame = self._kept[name]
        if frame is None:
            raise KeyError(name)
        return frame

    def places(self, weeks: Sequence[int], columns: Sequence[str]) -> pd.DataFrame:
        """What had happened in each place by the end of some weeks: of a large area millions of rows, so only those are
        read that are asked for."""
        import pandas as pd

        file = self.folder / VIEWS / f"{PLACES}.parquet"
        if file.is_file():
            try:
                return pd.read_parquet(file, columns=list(columns), filters=[("week", "in", list(weeks))])
            except (OSError, ValueError, KeyError) as e:
                raise InputError(f"{file}: cannot be shown: {' '.join(str(e).split())}") from None
        return rows_of(self.get(PLACES), weeks, columns)

    def __iter__(self) -> Iterator[str]:
        return iter(tables_of_views())

    def __len__(self) -> int:
        return len(tables_of_views())

    def _read(self, name: str) -> None:
        file = self.folder / VIEWS / f"{name}.parquet"
        if file.is_file():
            self._kept[name] = self._whole(name, file)
        else:
            self._kept.update(dict.fromkeys(tables_of_views()))
            self._kept.update(self._worked_out())

    def _whole(self, name: str, file: Path) -> pd.DataFrame | None:
        try:
            frame = _read(file)
        except (OSError, ValueError) as e:
            self.problems.append(f"{file}: cannot be shown: {' '.join(str(e).split())}")
            return None
        if missing := [c.name for c in tables_of_views()[name] if c.name not in frame]:
            self.problems.append(
                f"{file}: was written by another version of OpenDoor (no {', '.join(missing)}); run its command again"
            )
            return None
        return frame

    def _worked_out(self) -> dict[str, pd.DataFrame]:
        """From the full tables: of a folder without small ones, or with few of its replications in full."""
        runs = {
            (name, int(run.name.removeprefix("replication-"))): run
            for name in self.configs
            for run in sorted((self.folder / "runs" / name).glob("replication-*"))
        }
        gathered = Gathered(tuple(self.configs))
        for (name, replication), run in runs.items():
            try:
                read = read_run(run, self.configs[name], self.area)
                gathered.take(name, replication, views(read, len(self.area.place_name)))
            except InputError as e:
                self.problems += e.problems
        if not runs:
            self.problems.append(
                f"{self.folder}: the small and the full tables of the runs are not there, so only headline numbers can be "
                "shown."
            )
        return gathered.frames()


def read_run(folder: Path, config: Config, area: Area) -> StoredRun:
    """The run whose tables are in ``folder``.

    Raises:
        InputError: a table that is missing, cannot be read, or holds a name that the configuration does not know.
    """
    decision, end = days_of_run(config.history_years, config.horizon_years)
    names: dict[str, tuple[str, ...]] = {
        "kind": tuple(config.needs.kinds),
        "offer": tuple(offers_by_name(config)),
        "role": tuple(config.workforce.roles),
        "locality": area.localities,
        "line": LEDGER_LINES,
        "level": LEVELS,
        "strand": STRANDS,
        "left_reason": LEFT_REASONS,
        "measure": WEEKLY_MEASURES,
        "event": EVENTS,
    }
    tables: dict[str, Mapping[str, np.ndarray]] = {}
    problems: list[str] = []
    for table in NEEDED:
        try:
            frame = _read(folder / f"{table}.parquet")
            tables[table] = {c.name: _codes(frame, c, names) for c in TABLES[table]}
        except (OSError, KeyError, ValueError) as e:
            problems.append(f"{folder / table}.parquet: cannot be shown: {' '.join(str(e).split())}")
    if problems:
        raise InputError(problems)
    return StoredRun(
        config,
        decision,
        end,
        names["kind"],
        names["offer"],
        names["role"],
        area.localities,
        LEDGER_LINES,
        tables,
        area.children[:, :18, :].sum(axis=1),
    )


def _read(file: Path) -> pd.DataFrame:
    import pandas as pd

    return pd.read_parquet(file)


def _codes(frame: pd.DataFrame, column: Column, names: Mapping[str, tuple[str, ...]]) -> np.ndarray:
    """One column as the model has it: codes for names, ``NEVER`` for days that did not come."""
    import pandas as pd

    if column.name not in frame:
        raise KeyError(f"column {column.name} is missing")
    values = frame[column.name]
    if column.name == "place" or column.name.startswith("place_"):  # written as "17: name"
        numbers = values.astype(object).where(values.notna(), "-1:").str.partition(":")[0]
        return numbers.to_numpy().astype(np.int64)
    if column.shown == "string":
        known = pd.Index(names[column.name])
        codes = known.get_indexer(pd.Index(values.astype(object)))
        unknown = sorted(set(values[(codes < 0) & values.notna().to_numpy()]))
        if unknown:
            raise ValueError(f"{column.name} {unknown[0]} is not in the configuration stored with it")
        return codes
    if column.shown == "Int64":
        return values.fillna(NEVER).to_numpy(dtype=np.int64)
    return values.to_numpy()
