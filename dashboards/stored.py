"""A run read back from its results folder, so that its pictures are worked out as if it had just ended.

The tables in a folder hold names where the model holds codes. The configuration beside them says which name has
which code, so the plain columns can be put together again and every measure works on them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from sim.both import offers_by_name
from sim.calendar import days_of_run
from sim.dictionary import LEFT_REASONS, TABLES, Column
from sim.errors import InputError
from sim.kernel.state import EVENTS, NEVER, WEEKLY_MEASURES
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
