"""Plain columns of a run as pandas tables: names for codes, missing values for what did not happen."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from sim.dictionary import LEFT_REASONS, TABLES, Column
from sim.kernel.state import EVENTS, NEVER, WEEKLY_MEASURES
from sim.system import LEVELS, STRANDS

#: Behind the codes of columns that mean the same in every run.
ALWAYS = {
    "level": LEVELS,
    "strand": STRANDS,
    "left_reason": LEFT_REASONS,
    "measure": WEEKLY_MEASURES,
    "event": EVENTS,
}


def frame_of(
    table: str, columns: Mapping[str, np.ndarray], names: Mapping[str, tuple[str, ...]]
) -> pd.DataFrame:
    """One table of a run, in the columns and order of the data dictionary.

    Args:
        table: its name in the data dictionary.
        columns: plain columns, ``(n_rows,)`` each.
        names: what stands behind the codes of this run's own columns: place, kind, offer, role, locality, line.
    """
    return pd.DataFrame({c.name: _shown(c, columns[c.name], names) for c in TABLES[table]})


def _shown(column: Column, values: np.ndarray, names: Mapping[str, tuple[str, ...]]) -> object:
    if column.shown == "string":
        codes = values.astype(np.int64)
        return pd.Categorical.from_codes(
            np.where(codes < 0, -1, codes), categories=pd.Index(_behind(column.name, names))
        )
    if column.shown == "Int64":
        return pd.arrays.IntegerArray(values.astype(np.int64), values == NEVER)
    return values


def _behind(column: str, names: Mapping[str, tuple[str, ...]]) -> list[str]:
    """Names behind the codes of a column."""
    if column.startswith("place"):
        # place names may repeat (two schools of one name); the number keeps them apart
        return [f"{i}: {name}" for i, name in enumerate(names["place"])]
    return list(ALWAYS[column] if column in ALWAYS else names[column])
