"""How fast this is on the machine at hand, next to what a service would otherwise use; all in one run.

A figure for speed is only worth something as a ratio, on the same machine, in the same minutes, on the
same pathway. So the command times our engine and three other programs on one plain referral pathway
(:mod:`experiments.rivals` says which and how), then our engine on the shipped area, then how time and
memory grow with the number of children. Processor time, not the clock on the wall: another program on the
machine should not count.
"""

from __future__ import annotations

import importlib
import platform
import resource
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from experiments.composing.compose import load_config
from experiments.results.output import write_json
from experiments.rivals import PLAIN_PATHWAY, RivalResult
from experiments.running.compiling import one_at_a_time
from experiments.running.pool import PRELOAD, run_tasks
from sim.area_building import build_area
from sim.area_config import AggregatesConfig
from sim.errors import InputError

if TYPE_CHECKING:
    from sim.config import Config

HERE = Path(__file__).parent / "plain_pathway"

#: Rivals in the order of the table: module, what it is.
RIVALS = {
    "simpy_resources": "SimPy, a process per child and a PriorityResource",
    "ciw_network": "Ciw",
    "simpy_lean": "SimPy with lists of its own",
}


@dataclass(frozen=True)
class Size:
    """How much is measured: ``--quick`` or not."""

    referrals: int
    rival_cpu_seconds: float
    times: int


FULL = Size(referrals=100_000, rival_cpu_seconds=150.0, times=3)
QUICK = Size(referrals=10_000, rival_cpu_seconds=10.0, times=2)


@dataclass(frozen=True)
class Cost:
    """What one simulation cost.

    ``cpu_seconds`` is the least of several, ``peak_bytes`` the most memory the process held up to the end of the first.
    """

    cpu_seconds: float
    needs: int
    peak_bytes: int
    mean_wait_days: float


@dataclass(frozen=True)
class Timing:
    """One thing to time, in a process of its own: a warm-up on ``small``, then ``times`` runs of
    ``config``."""

    small: Config
    config: Config
    times: int


def run(quick: bool = False, england: bool = False, json: str | None = None) -> int:
    """The command.

    Raises:
        InputError: the file for the figures exists already, or cannot be written.
    """
    if json is not None and Path(json).exists():
        raise InputError(f"--json {json}: exists already; choose another file or remove it")
    size = QUICK if quick else FULL
    report: dict[str, Any] = {
        "machine": f"{platform.system()} {platform.machine()}, Python {platform.python_version()}",
        "plain_pathway": plain_pathway(size),
        "shipped_area": shipped_area(size),
        "growth": growth(size),
    }
    if england:
        report["england"] = whole_country()
    if json is not None:
        write_json(report, Path(json))
    return 0


def plain_pathway(size: Size) -> list[dict[str, Any]]:
    """Processor time per referral: ours and the rivals', and the mean wait each arrives at."""
    rate = size.referrals / PLAIN_PATHWAY.weeks
    _heading(f"Plain referral pathway, about {size.referrals:,} referrals: processor time per referral")
    cost = measure(_plain(rate), _plain(10), size.times)
    ours = 1e6 * cost.cpu_seconds / cost.needs
    rows = [_row("opendoor", "OpenDoor", cost.needs, ours, 1.0, cost.mean_wait_days, False)]
    for module, title in RIVALS.items():
        result = _rival(module, rate, size.rival_cpu_seconds)
        if isinstance(result, str):
            print(f"  {title:<52} {result}")
            continue
        each = result.cpu_microseconds_per_referral
        wait = float("nan") if result.stopped_early else result.mean_wait_to_assessment_days
        rows.append(_row(module, title, result.referrals, each, each / ours, wait, result.stopped_early))
    if any(row["cut"] for row in rows):
        print("  at least: cut short; cost per referral grows with the list, so the full run costs more")
    return rows


def shipped_area(size: Size) -> list[dict[str, Any]]:
    """Processor time of one replication of the shipped area, by system."""
    _heading("Shipped area (oldham, 3 years of history, 5 of horizon): one replication")
    rows = []
    for system in ("gatekept", "balanced"):
        config = load_config([f"system={system}"])
        cost = measure(config, _small(system), size.times)
        rows.append({"system": system, "cpu_seconds": cost.cpu_seconds, "needs": cost.needs})
        print(f"  {system:<12} {cost.cpu_seconds:6.2f} s of processor time, {cost.needs:,} needs")
    return rows


def growth(size: Size) -> dict[str, float]:
    """Time and memory of ten times the children, against one time."""
    _heading("Ten times the children in the same localities")
    config = load_config(["system=balanced"])
    once = measure(config, _small("balanced"), size.times)
    larger = config.model_copy(update={"area": enlarged(config.area, 10)})
    ten = measure(larger, _small("balanced"), size.times)
    found = {
        "needs_ratio": ten.needs / once.needs,
        "time_ratio": ten.cpu_seconds / once.cpu_seconds,
        "bytes_per_need": (ten.peak_bytes - once.peak_bytes) / (ten.needs - once.needs),
    }
    print(f"  needs {found['needs_ratio']:.1f} times, processor time {found['time_ratio']:.1f} times")
    print(f"  memory: {found['bytes_per_need']:.0f} bytes per further need")
    return found


def whole_country() -> list[dict[str, Any]]:
    """All of England's children, ten years, one replication of each system."""
    _heading("England: all children aged 0-19, 152 local authorities, 10 years")
    rows = []
    for system in ("gatekept", "balanced"):
        config = load_config([f"system={system}", "area=england", "horizon_years=7"])
        before = time.monotonic()
        cost = measure(config, _small(system), 1)
        row = {
            "system": system,
            "seconds": time.monotonic() - before,
            "cpu_seconds": cost.cpu_seconds,
            "needs": cost.needs,
            "peak_gigabytes": cost.peak_bytes / 1e9,
        }
        rows.append(row)
        gigabytes = row["peak_gigabytes"]
        print(f"  {system:<12} {row['seconds']:6.1f} s, {cost.needs:,} needs, at most {gigabytes:.1f} GB")
    return rows


def measure(config: Config, small: Config, times: int) -> Cost:
    """Time a simulation in a fresh process, compiled code loaded beforehand.

    Raises:
        RuntimeError: the simulation failed.
    """
    (outcome,) = run_tasks(time_simulation, [Timing(small, config, times)], 1, PRELOAD)
    if outcome.value is None:
        details = outcome.failure.details if outcome.failure else ""
        raise RuntimeError(f"{outcome.failure}\n{details}")
    return outcome.value


def time_simulation(timing: Timing) -> Cost:
    """Runs in the fresh process."""
    from sim import simulate

    with one_at_a_time():
        run = simulate(timing.small, 1)
    seconds = []
    for seed in range(1, timing.times + 1):
        del run  # one at a time in memory
        before = time.process_time()
        run = simulate(timing.config, seed)
        seconds.append(time.process_time() - before)
        if seed == 1:  # of one simulation, without its summary, and before memory is used a second time
            unit = 1 if sys.platform == "darwin" else 1024
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
    wait = 7 * run.summary()["recorded_wait_mean_weeks"]
    return Cost(min(seconds), len(run.tables["needs"]["need_id"]), peak, wait)


def enlarged(area: Any, times: int) -> AggregatesConfig:
    """The same area with ``times`` as many children and settings in each locality."""
    localities = []
    for locality in area.localities:
        children = {band: tuple(times * n for n in counts) for band, counts in locality.children.items()}
        settings = {
            kind: spread.model_copy(update={"number": times * spread.number})
            for kind, spread in locality.settings.items()
        }
        localities.append(locality.model_copy(update={"children": children, "settings": settings}))
    years = area.single_year_totals
    larger: AggregatesConfig = area.model_copy(
        update={
            "localities": tuple(localities),
            "single_year_totals": years and tuple(times * n for n in years),
            "hubs_per_locality": times * area.hubs_per_locality,
        }
    )
    build_area(larger)
    return larger


def _plain(rate: float) -> Config:
    weeks = PLAIN_PATHWAY.warm_up_weeks, PLAIN_PATHWAY.follow_up_weeks
    return load_config(
        [
            "area=referral_stream",
            "system=plain_pathway",
            "needs=plain",
            "workforce=one_team",
            "calendar=every_day",
            f"area.referrals_per_week={rate}",
            f"system.slots_per_week={PLAIN_PATHWAY.slots_per_week(rate)}",
            f"history_years={weeks[0] * 7 / 365.25}",
            f"horizon_years={weeks[1] * 7 / 365.25}",
        ],
        HERE,
    )


def _small(system: str) -> Config:
    return load_config([f"system={system}", "area=example_small", "history_years=0.5", "horizon_years=0.5"])


def _rival(module: str, rate: float, most: float) -> RivalResult | str:
    try:
        rival = importlib.import_module(f"experiments.rivals.{module}")
        found: RivalResult = rival.simulate(rate, PLAIN_PATHWAY.weeks, 1, max_cpu_seconds=most)
        return found
    except InputError as e:
        return "; ".join(e.problems)


def _row(
    name: str, title: str, referrals: int, each: float, ratio: float, wait: float, cut: bool
) -> dict[str, Any]:
    bound = "at least " if cut else ""
    says = "" if wait != wait else f", mean wait {wait:.0f} days"
    print(f"  {title:<52} {bound}{each:10,.2f} us   {bound}{ratio:8,.1f} times ours{says}")
    return {
        "name": name,
        "referrals": referrals,
        "cpu_microseconds_per_referral": each,
        "times_ours": ratio,
        "mean_wait_days": wait,
        "cut": cut,
    }


def _heading(text: str) -> None:
    print(f"\n{text}", flush=True)
