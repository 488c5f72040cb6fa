"""The small tables that pictures are drawn from, of every replication: gathered as runs end, kept in results folders.

The full tables of a comparison are kept of its first replication only; these are a hundredth of them and are kept of all,
so that pictures of weeks, groups and places show how far replications lie apart. A replication counts once every system
has completed it. What has happened in each place is kept as the mean over replications.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from experiments.results.output import write_frame
from sim.dictionary import tables_of_views
from sim.measures.course import Course, course_of
from sim.measures.views import Columns, views

if TYPE_CHECKING:
    import pandas as pd

    from sim.run import Run

#: Where they stand in a results folder.
VIEWS = "views"
PLACES = "places"
#: Rows of the places that are read at once: of a large area one week or two.
GROUP_ROWS = 65_536
#: Columns of the places that are the same in every replication.
SAME = ("week", "place")


def views_of(run: Run) -> dict[str, Columns]:
    """The small tables of a run, where it was simulated."""
    return views(run, len(run.area.place_name))


def look(run: Run) -> tuple[dict[str, Columns], Course | None]:
    """Small tables, and the course of a run that was asked for its gains."""
    return views_of(run), course_of(run) if run.config.gains_every_weeks else None


@dataclass
class Gathered:
    """Small tables of the replications that every system has completed.

    Args:
        systems: in order; the tables come in the same.
    """

    systems: tuple[str, ...]
    _waiting: dict[int, dict[str, Mapping[str, Columns]]] = field(default_factory=dict)
    _kept: dict[tuple[str, int], Mapping[str, Columns]] = field(default_factory=dict)
    _places: dict[str, Columns] = field(default_factory=dict)

    @property
    def replications(self) -> list[int]:
        """Those that are complete, in order."""
        return sorted({r for _, r in self._kept})

    def take(self, system: str, replication: int, seen: Mapping[str, Columns]) -> None:
        """One run has ended."""
        here = self._waiting.setdefault(replication, {})
        here[system] = seen
        if len(here) < len(self.systems):
            return
        del self._waiting[replication]
        for name in self.systems:
            self._kept[name, replication] = {k: v for k, v in here[name].items() if k != PLACES}
            places = here[name][PLACES]
            total = self._places.setdefault(
                name, {k: v if k in SAME else np.zeros(len(v)) for k, v in places.items()}
            )
            for column, values in places.items():
                if column not in SAME:
                    total[column] += values

    def frames(self) -> dict[str, pd.DataFrame]:
        """Each table for all systems and replications, in the columns of the data dictionary; none before the first is
        complete."""
        import pandas as pd

        if not self._kept:
            return {}
        order = [(name, r) for name in self.systems for r in self.replications]
        out = {
            table: pd.DataFrame(self._columns(table, (c.name for c in columns), order))
            for table, columns in tables_of_views().items()
            if table != PLACES
        }
        n = len(self.replications)
        parts = [
            pd.DataFrame(
                {
                    "system": name,
                    **{
                        k: v if k in SAME else (v / n).astype(np.float32)
                        for k, v in self._places[name].items()
                    },
                }
            )
            for name in self.systems
        ]
        return {**out, PLACES: pd.concat(parts, ignore_index=True)}

    def _columns(
        self, table: str, names: Iterable[str], order: list[tuple[str, int]]
    ) -> dict[str, np.ndarray]:
        """The columns of a table, run after run."""
        parts = [self._kept[key][table] for key in order]
        lengths = [len(next(iter(part.values()))) for part in parts]
        systems = np.array([name for name, _ in order], object)
        out = {
            "system": np.repeat(systems, lengths),
            "replication": np.repeat(np.array([r for _, r in order]), lengths),
        }
        for name in names:
            if name not in out:
                out[name] = np.concatenate([part[name] for part in parts])
        return out

    def write(self, folder: Path) -> None:
        """Keep them in a results folder."""
        (folder / VIEWS).mkdir()
        for name, frame in self.frames().items():
            rows = GROUP_ROWS if name == PLACES else None
            write_frame(frame, folder / VIEWS / name, spreadsheets=False, group_rows=rows)
