"""Is a sweep that is killed again and again the same, to the last bit, as one that nothing disturbs?

The real command is begun, killed at a random moment (kill -9, a polite kill, Ctrl-C, or kill -9 of one of its
workers), and begun again with the same words, until it has been killed as often as asked. Then it is left to end.
Its tables are compared byte by byte with those of a sweep that ran through. By hand, for 2,000 runs and ten kills::

    python tests/kill_sweep.py --runs 2000 --kills 10
"""

from __future__ import annotations

import argparse
import hashlib
import os
import random
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from processes import as_in_a_terminal, living, wait_until_all_ended

ROOT = Path(__file__).resolve().parents[1]

#: The tables of a complete sweep; everything else in its folder says when and how it was made.
RESULTS = ("kpis.parquet", "kpis.csv", "statistics.parquet", "statistics.csv", "points.parquet", "points.csv")

WORDS = ("area=example_small", "history_years=0.5", "horizon_years=0.5", "seed=11")

#: How a sweep is ended: which signal, and to whom. What the command's exit status must be then.
ENDINGS = {
    "kill -9": (signal.SIGKILL, "command", -signal.SIGKILL),
    "polite kill": (signal.SIGTERM, "command", 130),
    "Ctrl-C": (signal.SIGINT, "all", 130),
    "kill -9 of a worker": (signal.SIGKILL, "worker", None),
}


@dataclass(frozen=True)
class Kill:
    """One kill: how, how many runs were in the book by then, how many were there before the command began, and
    whether there was a table of runs, which is made of all of them."""

    how: str
    lines: int
    before: int
    table: bool


@dataclass(frozen=True)
class Trial:
    """What came of it: the kills, whether the tables are the same bytes, and seconds without and with them."""

    kills: tuple[Kill, ...]
    identical: bool
    seconds: float
    seconds_killed: float


def sweep_words(runs: int, workers: int) -> list[str]:
    """The words of a sweep of at least ``runs`` small runs: two dials, ten replications of each point."""
    points = max(-(-runs // 10), 2)
    return [
        *WORDS,
        f"system.dials.easy_access=0..1:steps={max(points // 2, 2)}",
        "evidence.vacancy_share.value=0.1,0.3",
        "replications=10",
        f"workers={workers}",
    ]


def begin(words: Sequence[str], folder: Path) -> subprocess.Popen[str]:
    """Begin the command in a session of its own, with Ctrl-C as in a terminal."""
    return subprocess.Popen(
        [sys.executable, "-m", "experiments.cli", "sweep", *words, f"output={folder}"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=as_in_a_terminal,
        cwd=ROOT,
    )


def lines_in(folder: Path) -> int:
    """How many runs stand in the book of a sweep; 0 while there is no book."""
    try:
        with sqlite3.connect(f"{(folder / 'runs.sqlite').as_uri()}?mode=ro", uri=True) as book:
            return int(book.execute("select count(*) from run").fetchone()[0])
    except sqlite3.Error:
        return 0


def digest(folder: Path) -> str:
    """Of the bytes of all tables, the traces of all runs among them."""
    parts = sorted((folder / "traces").iterdir())
    assert parts, f"no traces in {folder}"
    return hashlib.sha256(
        b"".join(p.name.encode() + p.read_bytes() for p in (*map(folder.joinpath, RESULTS), *parts))
    ).hexdigest()


def run_through(words: Sequence[str], folder: Path, timeout: float = 3600) -> float:
    """Let the command come to its own end; seconds that it took.

    Raises:
        AssertionError: it did not end well.
    """
    began = time.monotonic()
    command = begin(words, folder)
    _, err = command.communicate(timeout=timeout)
    assert command.returncode == 0, err
    return time.monotonic() - began


def kill_once(words: Sequence[str], folder: Path, how: str, after: int, delay: float) -> Kill | None:
    """Begin the command, wait for ``after`` more lines in its book and ``delay`` seconds, and kill it.

    Returns:
        None if the sweep had come to its end by itself before.

    Raises:
        AssertionError: a line was lost, a process was left, or the command ended otherwise than it should.
    """
    number, whom, status = ENDINGS[how]
    before = lines_in(folder)
    command = begin(words, folder)
    while lines_in(folder) < before + after and command.poll() is None:
        time.sleep(0.005)
    time.sleep(delay)
    if command.poll() is not None:
        _, err = command.communicate()
        assert command.returncode == 0, err
        return None
    seen = lines_in(folder)
    if whom == "worker":
        _kill_a_worker(command.pid)
        command.send_signal(signal.SIGTERM if after % 2 else signal.SIGKILL)
    elif whom == "all":
        os.killpg(command.pid, number)
    else:
        os.kill(command.pid, number)
    _, err = command.communicate(timeout=60)
    if command.returncode == 0:  # the signal came when all was done
        return None
    assert command.returncode == status or whom == "worker", f"{how}: status {command.returncode}: {err}"
    assert "Traceback" not in err, f"{how}: {err}"
    wait_until_all_ended(command.pid)
    kept = lines_in(folder)
    assert kept >= seen, f"{how}: {seen - kept} runs that had ended are lost"
    return Kill(how, kept, before, (folder / "kpis.parquet").exists())


def _kill_a_worker(leader: int) -> None:
    """End the youngest process of the command with kill -9 and give the command a moment to notice."""
    others = [pid for pid in living(leader) if pid != leader]
    if others:
        os.kill(max(others), signal.SIGKILL)
        time.sleep(0.3)


def trial(runs: int, kills: int, workers: int, seed: int, folder: Path, timeout: float = 3600) -> Trial:
    """The whole comparison, in two folders inside ``folder``."""
    words = sweep_words(runs, workers)
    seconds = run_through(words, folder / "whole", timeout)
    total = lines_in(folder / "whole")
    moments = random.Random(seed)
    hows = [list(ENDINGS)[i % len(ENDINGS)] for i in range(kills)]
    moments.shuffle(hows)
    done: list[Kill] = []
    began = time.monotonic()
    for i, how in enumerate(hows):
        left = total - lines_in(folder / "killed")
        # never more than half of what is left: it must still be at work when the signal comes, also if that is late
        after = moments.randint(0, left // (kills - i + 1))
        # with no line to wait for, some moment while the command puts itself together
        delay = moments.uniform(0, 0.08) if after else moments.uniform(0, 1)
        kill = kill_once(words, folder / "killed", how, after, delay)
        if kill is not None:
            done.append(kill)
    run_through(words, folder / "killed", timeout)
    spent = time.monotonic() - began
    same = digest(folder / "whole") == digest(folder / "killed")
    return Trial(tuple(done), same, seconds, spent)


def main() -> int:
    """By hand; status 0 if the tables are the same bytes and every kill found its target."""
    parser = argparse.ArgumentParser(description=str(__doc__).split("\n\n")[0])
    parser.add_argument("--runs", type=int, default=2000)
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        found = trial(given.runs, given.kills, given.workers, given.seed, Path(folder))
        total = lines_in(Path(folder) / "whole")
    for kill in found.kills:
        print(
            f"{kill.how}: {kill.before:,} runs in the book when it began, {kill.lines:,} when it was killed"
        )
    print(f"{total:,} runs, killed {len(found.kills)} times: {found.seconds:.0f} s without, ", end="")
    print(f"{found.seconds_killed:.0f} s with; tables {'identical' if found.identical else 'DIFFERENT'}")
    return 0 if found.identical and len(found.kills) == given.kills else 1


if __name__ == "__main__":
    sys.exit(main())
