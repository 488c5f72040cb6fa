"""Every system meets the same luck in a replication, and a failure costs that replication only."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import nullcontext

import numpy as np
import pytest

import experiments.running.replicate as replicate_module
from experiments.composing.compose import load_config
from experiments.running.compiling import _lock, compile_model, one_at_a_time, ready_mark
from experiments.running.pool import WORKER_DIED, Failure, Outcome
from experiments.running.progress import progress
from experiments.running.replicate import Done, Job, replicate, replication_seed
from sim.errors import InputError

PLAIN = [
    "area=referral_stream",
    "needs=plain",
    "workforce=one_team",
    "calendar=every_day",
    "system=single_list",
]


@pytest.fixture(scope="module")
def config():
    return load_config(PLAIN)


def test_seeds_of_replications_are_those_of_numpys_seed_sequence():
    # the stated recipe, written out: child r of the sequence, first 64-bit word, top bit dropped
    children = np.random.SeedSequence(42).spawn(3)
    by_hand = [int(child.generate_state(1, np.uint64)[0]) >> 1 for child in children]
    assert [replication_seed(42, r) for r in range(3)] == by_hand


def test_seeds_of_replications_and_experiments_are_all_different():
    seeds = {replication_seed(seed, r) for seed in range(30) for r in range(100)}
    assert len(seeds) == 3000
    assert all(0 <= seed < 2**63 for seed in seeds)


def pretend(monkeypatch: pytest.MonkeyPatch, result: dict[tuple[str, int], object]) -> list[Job]:
    """Let the pool give back what the test says, in reverse order, instead of simulating."""
    seen: list[Job] = []

    def run_tasks(function: object, jobs: Iterable[Job], *rest: object) -> Iterator[Outcome[Job, Done]]:
        seen.extend(jobs)
        for job in reversed(seen):
            found = result.get((job.system, job.replication), {"m": job.replication + len(job.system) / 10})
            if isinstance(found, Failure):
                yield Outcome(job, failure=found)
            else:
                yield Outcome(job, Done(found, 0.5))  # type: ignore[arg-type]

    monkeypatch.setattr(replicate_module, "run_tasks", run_tasks)
    return seen


def test_values_stay_paired_whatever_order_they_arrive_in(monkeypatch, config):
    jobs = pretend(monkeypatch, {})
    done = replicate({"a": config, "bb": config}, 3, 7, 2)
    assert done.summaries["a"]["m"].tolist() == [0.1, 1.1, 2.1]
    assert done.summaries["bb"]["m"].tolist() == [0.2, 1.2, 2.2]
    by_replication = {(j.replication, j.seed) for j in jobs}
    assert by_replication == {(r, replication_seed(7, r)) for r in range(3)}


@pytest.mark.parametrize(("keep", "kept"), [("first", {0}), ("all", {0, 1, 2}), ("none", set())])
def test_full_tables_are_kept_as_asked(monkeypatch, config, tmp_path, keep, kept):
    jobs = pretend(monkeypatch, {})
    replicate({"a": config}, 3, 7, 2, tmp_path, keep)
    assert {j.replication for j in jobs if j.folder is not None} == kept
    assert all(j.folder == tmp_path / "a" / f"replication-{j.replication:03d}" for j in jobs if j.folder)


def test_a_replication_that_failed_in_one_system_is_left_out_of_all_and_named(monkeypatch, config):
    pretend(monkeypatch, {("a", 1): WORKER_DIED})
    done = replicate({"a": config, "bb": config}, 3, 7, 2)
    assert done.replications == [0, 2]
    assert done.summaries["bb"]["m"].tolist() == [0.2, 2.2]
    assert done.failures == [
        f"replication 1 of system a (seed {replication_seed(7, 1)}) failed: worker died: its process was "
        "ended from outside (out of memory, or killed)"
    ]


def test_input_that_only_a_run_finds_unusable_is_told_as_such(monkeypatch, config):
    pretend(monkeypatch, {("a", 2): Failure("InputError", "", problems=("x.csv: row 3",))})
    with pytest.raises(InputError) as caught:
        replicate({"a": config}, 3, 7, 2)
    assert caught.value.problems == ["x.csv: row 3"]


def test_a_program_that_cannot_succeed_stops_early_with_its_traceback(monkeypatch, config):
    broken = Failure("KeyError", "'m'", "Traceback: somewhere")
    jobs = pretend(monkeypatch, {("a", r): broken for r in range(50)})
    with pytest.raises(RuntimeError, match="Traceback: somewhere") as caught:
        replicate({"a": config}, 50, 7, 2)
    assert len(str(caught.value).splitlines()) == 4, "three failures and the traceback, not fifty"
    assert len(jobs) == 50


def test_progress_goes_to_the_error_output_in_plain_lines(capsys):
    with progress(3, "Simulating") as step:
        for _ in range(3):
            step()
    out, err = capsys.readouterr()
    assert out == ""
    assert err.splitlines() == ["Simulating: 3 to do", "Simulating: 3 of 3 done"]


@pytest.mark.parametrize("compiling", [True, False])
def test_a_long_wait_for_the_first_result_is_explained_if_the_model_is_being_compiled(
    capsys, monkeypatch, tmp_path, compiling
):
    monkeypatch.setattr("experiments.running.progress.PATIENCE_SECONDS", 0.05)
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    with (
        _lock(ready_mark().with_name("lock")) if compiling else nullcontext(),
        progress(1, "Simulating") as step,
    ):
        time.sleep(0.3)
        step()
    assert ("Simulating: the model is being compiled" in capsys.readouterr().err) == compiling


@pytest.mark.parametrize("compiled_before", [False, True])
def test_only_one_process_compiles_and_nobody_waits_afterwards(tmp_path, monkeypatch, compiled_before):
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    if compiled_before:
        ready_mark().touch()
    together, compiling, simulating = threading.Barrier(2), [], []

    def compile_samples() -> None:
        compiling.append(time.monotonic())
        time.sleep(0.3)

    monkeypatch.setattr("experiments.running.compiling.simulate_samples", compile_samples)

    def simulate() -> None:
        together.wait(5)
        with one_at_a_time():
            simulating.append(time.monotonic())
            together.wait(5)  # both are here at the same time: nothing is held any more

    both = [threading.Thread(target=simulate) for _ in range(2)]
    for thread in both:
        thread.start()
    for thread in both:
        thread.join(10)
    assert ready_mark().exists()
    assert len(simulating) == 2
    assert len(compiling) == (0 if compiled_before else 1)
    assert all(moment >= compiling[0] + 0.3 for moment in simulating if compiling)


def test_a_compilation_that_fails_is_not_taken_for_done(tmp_path, monkeypatch):
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))

    def fail() -> None:
        raise OSError("disk full")

    monkeypatch.setattr("experiments.running.compiling.simulate_samples", fail)
    with pytest.raises(OSError, match="disk full"):
        compile_model()
    assert not ready_mark().exists()
    monkeypatch.setattr("experiments.running.compiling.simulate_samples", lambda: None)
    compile_model()
    assert ready_mark().exists()


def test_the_samples_compile_all_that_the_shipped_systems_use():
    """Otherwise two workers could still compile the rest at the same time."""
    code = """
import os
from pathlib import Path
from experiments.running.compiling import SAMPLES, compile_model
from experiments.composing.compose import load_config, options
from sim import simulate
from sim.errors import InputError

compile_model()
stored = lambda: {p.name for p in Path(os.environ["NUMBA_CACHE_DIR"]).rglob("*.nbc")}
before, runs = stored(), 0
for system in options()["system"]:
    for rest in (["area=example_small", "event_log=true"], list(SAMPLES[1][2:]) + ["area=referral_stream"]):
        try:
            config = load_config([*rest, f"system={system}", "history_years=0.1", "horizon_years=0.1"])
        except InputError:  # a system that is not made for this area
            continue
        simulate(config, 1)
        runs += 1
assert runs > 10, runs
assert stored() == before, stored() - before
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
