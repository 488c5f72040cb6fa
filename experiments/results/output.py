"""A results folder is either there and complete, or not there at all.

Everything is written into a hidden folder beside the place asked for and moved there in one step when all
of it is safely on disk. A full disk, a stopped command or a failed simulation leaves nothing behind, and
nothing is ever overwritten: a folder that exists is refused before any work is done.

Each table is written twice: Parquet for programs, CSV for spreadsheets (up to the number of rows that a
spreadsheet can open). The full tables of a comparison are Parquet only: a tenth of the size, and one command exports
any of them.
"""

from __future__ import annotations

import json
import math
import os
import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim.errors import InputError

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from sim.area import Area
    from sim.run import Run

#: What common spreadsheet programs can open, less the heading.
SPREADSHEET_ROWS = 1_048_575

#: Counts of real children below this are not passed on.
SMALLEST_COUNT = 5


def chosen_folder(output: str | None, command: str, area: str, now: datetime) -> Path:
    """The folder the user named, or ``results/COMMAND-AREA-YYYYMMDD-HHMMSS`` in the working directory.

    A name that we make up is one that no other command of the same second has, or is about to fill: ``-2``, ...
    """
    if output:
        return Path(output)
    name = re.sub(r"[^a-z0-9]+", "-", area.lower()).strip("-")
    name = f"{command}-{name}-{now:%Y%m%d-%H%M%S}"
    names = (name, *(f"{name}-{i}" for i in range(2, 1000)))
    return next(path for path in map(Path("results").joinpath, names) if not _taken(path))


def _taken(path: Path) -> bool:
    return path.exists() or path.is_symlink() or any(path.parent.glob(f".{path.name}.*.part"))


@contextmanager
def results_folder(path: Path) -> Iterator[Path]:
    """A folder to write into, which becomes ``path`` when the block ends well and vanishes when it does not.

    Raises:
        InputError: ``path`` exists, or cannot be made there; before anything else is done.
    """
    path = path.expanduser()
    if problems := folder_problems(path):
        raise InputError(problems)
    made = [parent for parent in path.parents if not parent.exists()]
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        staging = Path(tempfile.mkdtemp(prefix=f".{path.name}.", suffix=".part", dir=path.parent))
    except OSError as e:
        raise InputError(f"output {path}: cannot be made there: {_reason(e)}") from None
    try:
        # mkdtemp is private to the user; results are as open as any folder that is made by hand
        staging.chmod(0o777 & ~_umask())
        yield staging
        _to_disk(staging)
        try:
            staging.rename(path)
        except OSError as e:
            raise InputError(f"output {path}: cannot be put in place: {_reason(e)}") from None
        _sync(path.parent)
    except BaseException as e:
        shutil.rmtree(staging, ignore_errors=True)
        for parent in made:
            with suppress(OSError):
                parent.rmdir()
        if isinstance(e, OSError):
            raise cannot_write(path, e) from None
        if isinstance(e, InputError):  # say the folder that was asked for, not the hidden one
            raise InputError([p.replace(str(staging), str(path)) for p in e.problems]) from None
        raise


def put_in_place(folder: Path, name: str) -> None:
    """Let a table that was written under a hidden name take the place of what was there before."""
    for ending in (".csv", ".parquet"):
        part = folder / f".{name}{ending}"
        if part.exists():
            _swap(part, folder / f"{name}{ending}")


@contextmanager
def replaced(path: Path) -> Iterator[Path]:
    """A file to write, which takes the place of ``path`` in one step when it is written."""
    part = path.with_name(f".{path.name}.part")
    yield part
    _swap(part, path)


def _swap(part: Path, path: Path) -> None:
    with part.open("rb") as file:
        os.fsync(file.fileno())
    part.replace(path)


def folder_problems(path: Path) -> list[str]:
    """A sentence if results cannot become ``path``: something is there, or nothing can be made there."""
    path = path.expanduser()
    if path.exists() or path.is_symlink():
        return [f"output {path}: exists already; choose another folder or remove it (nothing is overwritten)"]
    there = next(parent for parent in path.absolute().parents if parent.exists())
    if not there.is_dir():
        return [f"output {path}: cannot be made there: {there} is a file"]
    if not os.access(there, os.W_OK | os.X_OK):
        return [f"output {path}: cannot be made there: nothing can be written in {there}"]
    return []


def cannot_write(path: Path, error: OSError, kept: str = "nothing was kept") -> InputError:
    """What to tell a user whose disk is full or whose folder is closed, and what there is all the same."""
    return InputError(f"output {path}: could not be written: {_reason(error)}; {kept}")


def size_text(path: Path) -> str:
    """Size of a folder in megabytes, in words."""
    size = sum(file.stat().st_size for file in path.expanduser().rglob("*") if file.is_file())
    return f"{size / 1e6:,.1f} MB"


def write_run(run: Run, folder: Path, spreadsheets: bool = True) -> None:
    """Write every table of a run into ``folder``, in the columns of the data dictionary."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in run.tables:
        write_frame(run.frame(name), folder / name, spreadsheets)


def write_frame(
    frame: pd.DataFrame, stem: Path, spreadsheets: bool = True, group_rows: int | None = None
) -> None:
    """Write ``stem.parquet`` and, if ``spreadsheets`` are wanted and one can hold it, ``stem.csv``.

    Args:
        group_rows: rows of the Parquet file that can be read by themselves; it is then packed harder.
    """
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.csv
    import pyarrow.parquet

    table = pa.Table.from_pandas(frame, preserve_index=False).replace_schema_metadata(None)
    pyarrow.parquet.write_table(
        table,
        stem.with_suffix(".parquet"),
        row_group_size=group_rows,
        compression="snappy" if group_rows is None else "zstd",
    )
    if spreadsheets and len(frame) <= SPREADSHEET_ROWS:
        plain = [
            pc.cast(column, column.type.value_type) if pa.types.is_dictionary(column.type) else column
            for column in table.columns
        ]
        pyarrow.csv.write_csv(pa.table(plain, names=table.column_names), stem.with_suffix(".csv"))


def write_json(value: Any, path: Path) -> None:
    """Write JSON that every program can read: numbers that are not defined become null."""
    path.write_text(
        json.dumps(_plain(value), indent=1, ensure_ascii=False, allow_nan=False) + "\n", encoding="utf-8"
    )


def summaries_frame(
    summaries: Mapping[str, Mapping[str, np.ndarray]], replications: list[int]
) -> pd.DataFrame:
    """Headline measures of all replications: one row per system and replication."""
    import pandas as pd

    parts = [
        pd.DataFrame({"system": system, "replication": replications, **measures})
        for system, measures in summaries.items()
    ]
    return pd.concat(parts, ignore_index=True)


def population_frame(area: Area, real: bool) -> pd.DataFrame:
    """Children aged 0-17 by locality and deprivation quintile at the start.

    Args:
        real: whether these are counts of real children in small areas that the user supplied. Then counts of
            1 to 4 are left out (``children`` is missing, ``suppressed`` is true).
    """
    import pandas as pd

    counts = area.children[:, :18, :].sum(axis=1)
    frame = pd.DataFrame(
        {
            "locality": [name for name in area.localities for _ in range(counts.shape[1])],
            "imd_quintile": list(range(1, counts.shape[1] + 1)) * len(area.localities),
            "children": pd.array(counts.ravel(), dtype="Int64"),
        }
    )
    small = (frame["children"] > 0) & (frame["children"] < SMALLEST_COUNT) if real else frame["children"] < 0
    frame["suppressed"] = small.astype(bool)
    frame.loc[frame["suppressed"], "children"] = pd.NA
    return frame


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _plain(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(inner) for inner in value]
    if hasattr(value, "item") and not isinstance(value, (str, bytes)):
        value = value.item()
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _to_disk(folder: Path) -> None:
    for root, _, files in os.walk(folder):
        for name in files:
            _sync(Path(root) / name)
        _sync(Path(root))


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _reason(error: OSError) -> str:
    if isinstance(error, (FileExistsError, NotADirectoryError)):
        return "a part of the path is a file, or was made meanwhile"
    # libraries put the system's own words at the end of theirs: "Error writing bytes. Detail: [errno 28]
    # No space"
    text = re.split(r"\[[Ee]rrno \d+\] ", error.strerror or str(error))[-1]
    return text[:1].lower() + text[1:]
