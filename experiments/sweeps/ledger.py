"""The book of a sweep: one line for each run that has ended, written the moment it ends.

A small database in one file (SQLite with a write-ahead log). Only the command that runs the sweep writes to it;
others may read at any time. Whatever is killed, a line is either in the book, whole, or not there at all, so the
book also says what is left to do.

A line holds the headline measures as numbers of eight bytes each, in the order that the book names; a measure
that is not defined is NaN. A run that failed has its error and no measures at all. What a run went through week by week
stands apart (as compressed bytes, see :mod:`experiments.sweeps.traces`), so that whoever reads measures does not pass it.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from sim.errors import InputError

FILE = "runs.sqlite"

_TABLES = """
create table about (name text primary key, value text not null);
create table run (
    point integer not null, replication integer not null, seed integer not null,
    status text not null check (status in ('ok', 'failed')),
    error text, details text, cpu_seconds real, measures blob,
    primary key (point, replication),
    check ((status = 'ok') = (measures is not null)), check ((status = 'failed') = (error is not null))
) without rowid;
create table trace (
    point integer not null, replication integer not null, weeks blob not null, primary key (point, replication)
);
"""


@dataclass(frozen=True)
class Runs:
    """Runs that have ended, by point and replication.

    Attributes:
        measures: names. point, replication, seed: shape ``(n_runs,)``. errors: None for a run that went well.
        values: shape ``(n_runs, n_measures)``; NaN where a measure is not defined or the run failed.
        cpu_seconds: processor time, shape ``(n_runs,)``; NaN if not known.
    """

    measures: tuple[str, ...]
    point: np.ndarray
    replication: np.ndarray
    seed: np.ndarray
    errors: tuple[str | None, ...]
    values: np.ndarray
    cpu_seconds: np.ndarray

    @property
    def failed(self) -> np.ndarray:
        """Whether each run failed, shape ``(n_runs,)``."""
        return np.array([error is not None for error in self.errors], dtype=bool)


def new_ledger(folder: Path, measures: Sequence[str], sweep: str) -> None:
    """An empty book in ``folder``, for runs of the sweep with the hash ``sweep``."""
    with _told(folder, "written"), sqlite3.connect(folder / FILE) as book:
        book.executescript(_TABLES)
        facts = {"measures": json.dumps(list(measures)), "sweep": sweep}
        book.executemany("insert into about values (?, ?)", facts.items())
    book.close()


@contextmanager
def _told(folder: Path, what: str) -> Iterator[None]:
    """A full disk or a damaged book is told in one sentence; what breaks its rules is a mistake of this program.

    Raises:
        InputError: the book cannot be read or written.
    """
    try:
        yield
    except sqlite3.IntegrityError:
        raise
    except sqlite3.OperationalError as e:
        raise InputError(
            f"{folder / FILE}: cannot be {what}: {e}; runs that had ended are kept, and the same command goes on from "
            "there"
        ) from None
    except sqlite3.DatabaseError as e:
        raise InputError(
            f"{folder / FILE}: cannot be {what}: {e}; the file is damaged: put back a copy of it, or delete the folder "
            "and simulate again"
        ) from None


class Ledger:
    """The book, open for writing.

    Raises:
        InputError: it cannot be read or written (:func:`_told`); so does everything that is done with it.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        if not (folder / FILE).is_file():  # it would be made anew, empty
            raise InputError(f"{folder}: holds no {FILE}; it is no sweep")
        with _told(folder, "opened"):
            self._book = sqlite3.connect(folder / FILE, isolation_level=None)
            # with a write-ahead log, "normal" cannot damage the book; only a power cut can cost the last lines
            self._book.execute("pragma journal_mode = wal")
            self._book.execute("pragma synchronous = normal")

    def ended(self) -> set[tuple[int, int]]:
        """Point and replication of every run in the book."""
        with _told(self.folder, "read"):
            return set(self._book.execute("select point, replication from run"))

    def failures(self) -> int:
        """How many of them failed."""
        with _told(self.folder, "read"):
            count = self._book.execute("select count(*) from run where status = 'failed'").fetchone()[0]
        return int(count)

    def add(
        self,
        point: int,
        replication: int,
        seed: int,
        values: Sequence[float],
        cpu_seconds: float,
        weeks: bytes = b"",
    ) -> None:
        """A run that went well; ``weeks``: what it went through (:mod:`experiments.sweeps.traces`), nothing if not kept."""
        blob = np.asarray(values, dtype="<f8").tobytes()
        line = (point, replication, seed, "ok", None, None, cpu_seconds, blob)
        with _told(self.folder, "written"):
            self._book.execute("begin")
            try:
                self._book.execute("insert into run values (?, ?, ?, ?, ?, ?, ?, ?)", line)
                if weeks:
                    self._book.execute("insert into trace values (?, ?, ?)", (point, replication, weeks))
                self._book.execute("commit")
            except sqlite3.Error:
                with suppress(sqlite3.Error):
                    self._book.execute("rollback")
                raise

    def add_failure(self, point: int, replication: int, seed: int, error: str, details: str = "") -> None:
        """A run that failed, and why."""
        line = (point, replication, seed, "failed", error, details or None, None, None)
        with _told(self.folder, "written"):
            self._book.execute("insert into run values (?, ?, ?, ?, ?, ?, ?, ?)", line)

    def forget_failures(self) -> int:
        """Take the failed runs out of the book, so that they are tried again; how many there were."""
        with _told(self.folder, "written"):
            return self._book.execute("delete from run where status = 'failed'").rowcount

    def close(self) -> None:
        """Put everything into the one file, so that it can be copied, and read where nothing can be written."""
        with suppress(sqlite3.Error):  # somebody is reading, or there is no room: the log stays beside it
            self._book.execute("pragma journal_mode = delete")
        self._book.close()


def read_runs(folder: Path) -> Runs:
    """Every run in the book of ``folder``, also while the sweep is under way.

    Raises:
        InputError: there is no book, or it cannot be read.
    """
    path = folder / FILE
    if not path.is_file():
        raise InputError(f"{folder}: holds no {FILE}; it is no sweep")
    with _told(folder, "read"):
        book = sqlite3.connect(path.resolve().as_uri() + "?mode=ro", uri=True)
        try:
            named = book.execute("select value from about where name = 'measures'").fetchone()
            lines = book.execute(
                "select point, replication, seed, error, cpu_seconds, measures from run order by point, replication"
            ).fetchall()
        finally:
            book.close()
    try:
        names = json.loads(named[0])
        undefined = np.full(len(names), np.nan).tobytes()
        blobs = b"".join(line[5] or undefined for line in lines)
        values = np.frombuffer(blobs, dtype="<f8").reshape(len(lines), len(names))
    except (TypeError, ValueError) as e:
        raise InputError(f"{path}: cannot be read: {e}") from None
    return Runs(
        tuple(names),
        np.array([line[0] for line in lines], dtype=np.int64),
        np.array([line[1] for line in lines], dtype=np.int64),
        np.array([line[2] for line in lines], dtype=np.int64),
        tuple(line[3] for line in lines),
        values,
        np.array([np.nan if line[4] is None else line[4] for line in lines], dtype=np.float64),
    )


def read_weeks(folder: Path) -> Iterator[tuple[int, int, bytes]]:
    """Point, replication and what it went through of every run of which that was kept, in order.

    Raises:
        InputError: it cannot be read.
    """
    with _told(folder, "read"):
        book = sqlite3.connect((folder / FILE).resolve().as_uri() + "?mode=ro", uri=True)
        try:
            yield from book.execute("select point, replication, weeks from trace order by point, replication")
        finally:
            book.close()
