"""Every run of a sweep week by week: how long lists were and what happened, in files that other programs read.

::

    traces/part-000000.parquet     the first runs, in the order of points and replications
    traces/part-000001.parquet     the next, and so on

One row per run and week. While a sweep is under way each run's weeks stand in its book; the files are made of them when
all runs have ended, one after the other, so that they are the same bytes whatever stopped the sweep on its way, and
never more than one of them is held in memory.
"""

from __future__ import annotations

import zlib
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.errors import InputError

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

FOLDER = "traces"

#: Runs in a file.
RUNS = 250


def packed(weeks: np.ndarray) -> bytes:
    """A table of whole numbers (int32, shape ``(n_weeks, n_columns)``) as a few bytes."""
    # neighbouring weeks are alike: column by column, it is mostly the same few bytes again
    return zlib.compress(np.ascontiguousarray(weeks.T, dtype="<i4").tobytes(), 1)


def unpacked(packed: bytes, n_columns: int) -> np.ndarray:
    """The table again."""
    return np.frombuffer(zlib.decompress(packed), dtype="<i4").reshape(n_columns, -1).T


def write_traces(folder: Path) -> None:
    """Make the files of a sweep whose runs have all ended; none if no weeks were kept.

    Raises:
        InputError: its book cannot be read. OSError: they cannot be written.
    """
    import pyarrow.parquet

    from experiments.results.output import replaced
    from experiments.sweeps.ledger import read_weeks

    runs = read_weeks(folder)
    names: list[str] = []
    while some := list(islice(runs, RUNS)):
        (folder / FOLDER).mkdir(exist_ok=True)
        names.append(f"part-{len(names):06d}.parquet")
        with replaced(folder / FOLDER / names[-1]) as path:
            pyarrow.parquet.write_table(_table(some), path, compression="zstd")
    if (folder / FOLDER).is_dir():
        for path in (folder / FOLDER).iterdir():
            ours = path.name.startswith(("part-", ".part-"))
            if ours and path.name not in names:  # of an earlier, longer list, or cut short by a kill
                path.unlink()


def traces_frame(folder: Path) -> pd.DataFrame:
    """The weeks of all runs of a sweep, as far as it has got.

    Raises:
        InputError: none were kept, or its book cannot be read.
    """
    import pyarrow as pa

    from experiments.sweeps.ledger import read_weeks

    runs = read_weeks(folder)
    tables = []
    while some := list(islice(runs, RUNS)):
        tables.append(_table(some))
    if not tables:
        raise InputError(f"{folder}: keeps no weeks of its runs (traces=false, or none has ended)")
    return pa.concat_tables(tables).to_pandas(types_mapper=_whole_numbers)


def _whole_numbers(kind: pa.DataType) -> Any:
    import pandas as pd
    import pyarrow as pa

    return pd.Int32Dtype() if kind == pa.int32() else None


def _table(runs: list[tuple[int, int, bytes]]) -> pa.Table:
    """One row per run and week: ``point``, ``replication``, ``week``, and what is traced; empty where there is no list."""
    import pyarrow as pa

    from sim.measures.trace import NO_LIST, TRACED

    weeks = [unpacked(blob, len(TRACED)) for _, _, blob in runs]
    lengths = [len(one) for one in weeks]
    values = np.concatenate(weeks)
    columns = {
        "point": np.repeat(np.array([run[0] for run in runs], np.int32), lengths),
        "replication": np.repeat(np.array([run[1] for run in runs], np.int32), lengths),
        "week": np.concatenate([np.arange(n, dtype=np.int32) for n in lengths]),
    }
    table = pa.table(columns)
    for i, name in enumerate(TRACED):
        column = np.ascontiguousarray(values[:, i])
        table = table.append_column(name, pa.array(column, mask=column == NO_LIST))
    return table
