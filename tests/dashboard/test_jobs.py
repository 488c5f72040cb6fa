"""Background runs: whose they are, how they are stopped, and that nothing is left of them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from processes import alive, offspring, wait_until, words_of

from dashboards.background.jobs import Busy, Jobs
from dashboards.background.warm import make_ready
from dashboards.background.work import Order
from experiments.composing.compose import load_plans
from experiments.running.compiling import compile_model
from experiments.running.replicate import replicate
from sim.config import Config
from sim.jit import COMPILED

SMALL = ["system=gatekept,balanced", "area=example_small", "history_years=0.5", "horizon_years=0.5"]
LONG = 400


@pytest.fixture(scope="module")
def configs() -> dict[str, Config]:
    return load_plans(SMALL)


@pytest.fixture
def jobs() -> Iterator[Jobs]:
    found = Jobs(most_running=2, silence=30.0, grace=0.5)
    yield found
    found.close()


def family(pid: int) -> list[int]:
    """The fork server of a process and all that came of it: runs, and the workers of runs."""
    return [found for found in offspring(pid) if "forkserver" in words_of(found)]


def slow(configs: dict[str, Config]) -> Order:
    return Order(configs, LONG, seed=1, workers=1, slow_down=0.05)


def test_a_run_gives_the_numbers_of_the_command_for_the_same_seed(
    jobs: Jobs, configs: dict[str, Config]
) -> None:
    key = jobs.start(Order(configs, 3, seed=7), "three", "ann")
    wait_until(lambda: jobs.look(key).state == "done")
    parts = {(p.system, p.replication): p.summary for p in jobs.look(key).parts.values()}
    expected = replicate(configs, 3, 7, 1)
    for system, measures in expected.summaries.items():
        for name, values in measures.items():
            np.testing.assert_array_equal([parts[system, r][name] for r in range(3)], values)


def test_two_users_with_the_same_order_have_separate_progress_and_cancelling_one_leaves_the_other(
    jobs: Jobs, configs: dict[str, Config]
) -> None:
    ann, bob = (jobs.start(slow(configs), "same", who) for who in ("ann", "bob"))
    wait_until(lambda: jobs.look(ann).parts and jobs.look(bob).parts)
    assert ann != bob
    assert not jobs.cancel(ann, "bob"), "a run was cancelled by somebody else"
    assert jobs.cancel(ann, "ann")
    before = len(jobs.look(bob).parts)
    wait_until(lambda: len(jobs.look(bob).parts) > before)
    assert jobs.look(ann).state == "cancelled"
    assert jobs.look(bob).running


def test_a_new_run_of_the_same_user_starts_from_nothing(jobs: Jobs, configs: dict[str, Config]) -> None:
    first = jobs.start(slow(configs), "first", "ann")
    wait_until(lambda: jobs.look(first).parts)
    jobs.cancel(first, "ann")
    second = jobs.start(Order(configs, 1, seed=1), "second", "ann")
    assert not jobs.look(second).parts
    wait_until(lambda: jobs.look(second).state == "done")
    assert len(jobs.look(second).parts) == 2


def test_one_more_run_than_allowed_is_refused_with_a_sentence(jobs: Jobs, configs: dict[str, Config]) -> None:
    jobs.start(slow(configs), "one", "ann")
    with pytest.raises(Busy, match="still going on"):
        jobs.start(slow(configs), "again", "ann")
    jobs.start(slow(configs), "two", "bob")
    with pytest.raises(Busy, match="try again"):
        jobs.start(slow(configs), "three", "eve")
    assert jobs.of("eve") == []


def test_a_silent_tab_ends_its_run_and_leaves_no_process(configs: dict[str, Config]) -> None:
    now = [0.0]
    jobs = Jobs(silence=90.0, clock=lambda: now[0])
    key = jobs.start(slow(configs), "silent", "ann")
    process = jobs.look(key).process
    wait_until(lambda: jobs.look(key).parts)
    now[0] = 80.0
    jobs.sweep_up()
    assert jobs.look(key).running
    jobs.heard("ann")
    now[0] = 165.0
    jobs.sweep_up()
    assert jobs.look(key).running, "ended although the tab was heard of"
    now[0] = 171.0
    jobs.sweep_up()
    assert jobs.look(key).state == "tab closed"
    assert not process.is_alive()
    jobs.close()


def test_a_tab_that_says_goodbye_ends_its_run_unless_it_comes_back(configs: dict[str, Config]) -> None:
    now = [0.0]
    jobs = Jobs(silence=90.0, grace=8.0, clock=lambda: now[0])
    key = jobs.start(slow(configs), "reloaded", "ann")
    jobs.goodbye("ann")
    now[0] = 5.0
    jobs.heard("ann")
    now[0] = 20.0
    jobs.sweep_up()
    assert jobs.look(key).running, "reloading the page ended the run"
    jobs.goodbye("ann")
    now[0] = 29.0
    jobs.sweep_up()
    assert jobs.look(key).state == "tab closed"
    jobs.close()


def test_a_cancelled_run_leaves_no_worker_and_no_file(jobs: Jobs, configs: dict[str, Config]) -> None:
    before = set(family(os.getpid()))
    key = jobs.start(slow(configs), "gone", "ann")
    wait_until(lambda: jobs.look(key).parts)
    job = jobs.look(key)
    assert set(family(os.getpid())) - before, "no worker was seen, so the test would show nothing"
    jobs.cancel(key, "ann")
    wait_until(lambda: not set(family(os.getpid())) - before - {_forkserver()})
    assert not job.folder.exists()


def _forkserver() -> int:
    from multiprocessing import forkserver

    return int(forkserver._forkserver._forkserver_pid or 0)  # type: ignore[attr-defined]


def test_a_run_killed_from_outside_says_so(jobs: Jobs, configs: dict[str, Config]) -> None:
    key = jobs.start(slow(configs), "killed", "ann")
    wait_until(lambda: jobs.look(key).parts)
    os.kill(jobs.look(key).process.pid, signal.SIGKILL)
    wait_until(lambda: jobs.look(key).state == "failed")
    assert "ended from outside" in jobs.look(key).problems[0]


def test_a_server_that_is_killed_takes_its_runs_with_it(tmp_path: Path) -> None:
    program = tmp_path / "server.py"
    program.write_text(
        "import time\n"
        "from dashboards.background.jobs import Jobs\nfrom dashboards.background.work import Order\n"
        "from experiments.composing.compose import load_plans\n"
        "if __name__ == '__main__':\n"
        f"    configs = load_plans({SMALL!r})\n"
        "    jobs = Jobs()\n"
        "    key = jobs.start(Order(configs, 400, 1, 1, 0.05), 'long', 'ann')\n"
        "    while not jobs.look(key).parts:\n        time.sleep(0.05)\n"
        "    print('going', flush=True)\n    time.sleep(60)\n"
    )
    server = subprocess.Popen(
        [sys.executable, str(program)], stdout=subprocess.PIPE, text=True, start_new_session=True
    )
    assert server.stdout is not None
    assert server.stdout.readline().strip() == "going"
    started = family(server.pid)
    assert len(started) >= 3  # the fork server, the run, its worker
    server.kill()
    server.wait()

    wait_until(lambda: not any(map(alive, started)))


def test_a_run_can_be_cancelled_before_its_process_is_there(jobs: Jobs, configs: dict[str, Config]) -> None:
    key = jobs.start(Order(configs, 40, 1), "Mine", "tab")
    job = jobs.look(key)
    assert job is not None
    assert job.running
    assert jobs.cancel(key, "tab")
    assert jobs.look(key) is job
    assert job.state == "cancelled"
    assert not job.process.is_alive()


def test_what_makes_the_model_ready_for_runs_can_be_simulated() -> None:
    """A failure there is swallowed, and every first run would be slower without anybody knowing why."""
    compile_model()
    assert make_ready() == COMPILED
