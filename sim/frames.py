"""A run's plain columns as pandas tables: names for codes, missing values for what did not happen."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from sim.dictionary import TABLES, Column
from sim.kernel.state import EVENTS, NEVER, WEEKLY_MEASURES
from sim.run import LEFT_REASONS
from sim.system import LEVELS, STRANDS

if TYPE_CHECKING:
    from sim.run import Run


def frame_of(run: Run, table: str) -> pd.DataFrame:
    """One table of a run, in the columns and order of the data dictionary.

    Raises:
        KeyError: no such table (``events`` exists only when the event log was asked for).
    """
    columns = run.tables[table]
    return pd.DataFrame({c.name: _shown(run, c, columns[c.name]) for c in TABLES[table]})


def _shown(run: Run, column: Column, values: np.ndarray) -> object:
    if column.shown == "string":
        names = _names(run, column.name)
        codes = values.astype(np.int64)
        return pd.Categorical.from_codes(np.where(codes < 0, -1, codes), categories=pd.Index(names))
    if column.shown == "Int64":
        return pd.arrays.IntegerArray(values.astype(np.int64), values == NEVER)
    return values


def _names(run: Run, column: str) -> list[str]:
    """Names behind the codes of a column."""
    if column.startswith("place"):
        # place names may repeat (two schools of one name); the number keeps them apart
        return [f"{i}: {name}" for i, name in enumerate(run.area.place_name)]
    table: dict[str, tuple[str, ...]] = {
        "kind": run.kinds,
        "offer": run.offers,
        "role": run.roles,
        "locality": run.localities,
        "line": run.lines,
        "level": LEVELS,
        "strand": STRANDS,
        "left_reason": LEFT_REASONS,
        "measure": WEEKLY_MEASURES,
        "event": EVENTS,
    }
    return list(table[column])
