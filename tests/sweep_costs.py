"""What a sweep costs beside its simulations: processor time of everything around them, memory, and reading it back.

By hand (some minutes; other work on the machine does not count, since processor time is told)::

    python tests/sweep_costs.py --runs 10000

*Around them*: real runs of a small area go the command's own way. Whatever the command and its worker use that is not
for simulating a run and taking its measures is set against a run of 0.2 s; what is paid once drops out, because a
sweep of a few points is set against one of many. *Memory* and *reading* are those of a sweep of many runs whose workers
only pretend to simulate: looked at from outside, while it goes on.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from kill_sweep import lines_in
from processes import offspring
from stand_ins import EASY, plan, pretend

from experiments.sweeps.ledger import read_runs
from experiments.sweeps.sweep import run_sweep
from experiments.sweeps.worker import Measured, SweepRun, simulate_point

#: Processor seconds of the run that costs are set against.
SHORT_RUN = 0.2

_simulating = [0.0]


def timed_point(run: SweepRun) -> Measured:
    """A real run; in place of its own time, what this worker has used so far that was not for simulating."""
    import sim
    from sim.run import Run

    if not hasattr(sim.simulate, "timed"):
        sim.simulate = _timed(sim.simulate)
        Run.summary = _timed(Run.summary)  # type: ignore[method-assign]
    done = simulate_point(run)
    return replace(done, cpu_seconds=time.process_time() - _simulating[0])


def _timed(function: Callable[..., Any]) -> Any:
    def timed(*words: Any, **more: Any) -> Any:
        began = time.process_time()
        try:
            return function(*words, **more)
        finally:
            _simulating[0] += time.process_time() - began

    timed.timed = True  # type: ignore[attr-defined]
    return timed


@dataclass(frozen=True)
class Around:
    """Processor seconds for each run beside simulating it: in the command, and in the worker."""

    command: float
    worker: float

    @property
    def share(self) -> float:
        """Of a run of :data:`SHORT_RUN` seconds."""
        return (self.command + self.worker) / SHORT_RUN


def around(folder: Path, points: int, replications: int) -> Around:
    """What one more run of a sweep of ``points`` costs."""
    used = {}
    for name, n in (("warm", 2), ("2", 2), (str(points), points)):
        sweep = plan(f"{EASY}=0..1:steps={n}", f"replications={replications}")
        began = time.process_time()
        run_sweep(sweep, folder / name, 1, function=timed_point)
        used[n] = time.process_time() - began
    seen = sorted(read_runs(folder / str(points)).cpu_seconds)
    return Around(
        (used[points] - used[2]) / ((points - 2) * replications), (seen[-1] - seen[0]) / (len(seen) - 1)
    )


@dataclass(frozen=True)
class Many:
    """Of a sweep of many runs: memory of its processes early and late, in megabytes, and processor seconds to read all
    measures of all runs from its book and from its table."""

    runs: int
    early: float
    late: float
    book: float
    table: float


def many(folder: Path, runs: int) -> Many:
    """A sweep in a process of its own, whose workers pretend."""
    import pandas as pd

    command = subprocess.Popen([sys.executable, __file__, "--pretend", str(folder), "--runs", str(runs)])
    seen: list[tuple[int, float]] = []
    while command.poll() is None:
        seen.append((lines_in(folder), sum(map(_private, (command.pid, *offspring(command.pid))))))
        time.sleep(0.3)
    assert command.returncode == 0
    total = lines_in(folder)
    early = max((m for n, m in seen if 0.1 * total <= n < 0.3 * total), default=float("nan"))
    late = max((m for n, m in seen if 0.8 * total <= n < total), default=float("nan"))
    reading = [lambda: read_runs(folder), lambda: pd.read_parquet(folder / "kpis.parquet")]
    return Many(total, early, late, *map(_warm, reading))


def pretended(folder: Path, runs: int) -> None:
    """A sweep of so many runs, ten of each point."""
    run_sweep(plan(f"{EASY}=0..1:steps={max(runs // 10, 2)}", "replications=10"), folder, 2, function=pretend)


def _warm(read: Callable[[], object]) -> float:
    """Processor seconds of reading once more; the first time loads libraries."""
    read()
    began = time.process_time()
    read()
    return time.process_time() - began


def _private(pid: int) -> float:
    """Megabytes that a process shares with no other."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0.0
    return sum(int(line.split()[1]) for line in lines if line.startswith("Private_")) / 1024


def main() -> int:
    """By hand; status 0 if all three are within what is promised."""
    parser = argparse.ArgumentParser(description=str(__doc__).split("\n\n")[0])
    parser.add_argument("--runs", type=int, default=10_000)
    parser.add_argument("--points", type=int, default=150, help="of real runs")
    parser.add_argument("--pretend", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.pretend:
        pretended(Path(given.pretend), given.runs)
        return 0
    with tempfile.TemporaryDirectory() as made:
        each = around(Path(made), given.points, 2)
        found = many(Path(made) / "many", given.runs)
    print(
        f"Beside the simulations, for each run: {1e3 * each.command:.2f} ms of processor time in the command, "
        f"{1e3 * each.worker:.2f} ms in the worker: {each.share:.1%} of a run of {SHORT_RUN} s"
    )
    print(
        f"Memory of all processes of a sweep of {found.runs:,} runs: {found.early:.0f} MB early, {found.late:.0f} MB late: "
        f"{found.late / found.early:.2f} times"
    )
    print(
        f"Reading every measure of {found.runs:,} runs: {found.book:.3f} s of processor time from the book, "
        f"{found.table:.3f} s from the table"
    )
    within = each.share < 0.03 and found.late < 1.1 * found.early and max(found.book, found.table) < 0.2
    return 0 if within else 1


if __name__ == "__main__":
    sys.exit(main())
