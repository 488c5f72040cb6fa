"""The pool loses nothing but what fails, and ends when it is told to."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from processes import alive, as_in_a_terminal, living, wait_until, wait_until_all_ended

from experiments.running.pool import WORKER_DIED, _undisturbed, run_tasks, sigterm_like_ctrl_c
from sim.errors import InputError

GUILTY = 7


def square(task: int) -> int:
    return task * task


def fail_on_guilty(task: int) -> int:
    if task == GUILTY:
        raise ValueError(f"task {task} is bad")
    return task


def exit_on_guilty(task: int) -> int:
    if task == GUILTY:
        raise SystemExit(3)
    return task


def die_on_guilty(task: int) -> int:
    if task == GUILTY:
        os.kill(os.getpid(), signal.SIGKILL)
    return task


def two_problems(task: int) -> int:
    raise InputError([f"first of {task}", f"second of {task}"])


class Stubborn(Exception):
    """Cannot be rebuilt from its arguments, as many exceptions of libraries cannot."""

    def __init__(self, a: int, b: int) -> None:
        super().__init__(f"{a} and {b}")


def raise_stubborn(task: int) -> int:
    raise Stubborn(task, task)


def unpicklable(task: int) -> object:
    return lambda: task


def process_id(task: int) -> int:
    time.sleep(0.05)
    return os.getpid()


def thread_limit(task: int) -> str | None:
    return os.environ.get("NUMBA_NUM_THREADS")


def outcomes(function, n: int = 16, workers: int = 2):
    return {o.task: o for o in run_tasks(function, range(n), workers)}


def test_every_task_comes_back_once_with_its_value():
    seen = list(run_tasks(square, range(50), 2))
    assert sorted(o.task for o in seen) == list(range(50))
    assert all(o.value == o.task**2 and o.failure is None for o in seen)


@pytest.mark.parametrize(
    ("function", "kind"), [(fail_on_guilty, "ValueError"), (exit_on_guilty, "SystemExit")]
)
def test_a_task_that_fails_costs_only_itself(function, kind):
    found = outcomes(function)
    assert len(found) == 16
    assert [t for t, o in found.items() if o.failure] == [GUILTY]
    assert found[GUILTY].failure.kind == kind
    assert "fail_on_guilty" in found[GUILTY].failure.details or kind == "SystemExit"


def test_a_worker_that_is_killed_costs_only_its_task_and_is_named():
    found = outcomes(die_on_guilty)
    assert len(found) == 16
    assert found[GUILTY].failure == WORKER_DIED
    assert all(o.value == t for t, o in found.items() if t != GUILTY)


def test_a_worker_killed_again_and_again_ends_all_the_same():
    found = {o.task: o for o in run_tasks(die_on_guilty, [GUILTY, 1, GUILTY, 2], 1)}
    assert found[GUILTY].failure == WORKER_DIED
    assert found[1].value == 1
    assert found[2].value == 2


def test_the_sentences_of_an_input_error_arrive_one_by_one():
    found = outcomes(two_problems, 1)
    assert found[0].failure.problems == ("first of 0", "second of 0")


def test_an_exception_that_cannot_travel_is_still_told():
    found = outcomes(raise_stubborn, 3)
    assert {o.failure.kind for o in found.values()} == {"Stubborn"}
    assert found[2].failure.message == "2 and 2"


def test_a_value_that_cannot_travel_is_a_failure_of_its_task():
    found = outcomes(unpicklable, 3)
    assert all(o.failure is not None and o.value is None for o in found.values())


def test_tasks_are_read_no_further_ahead_than_the_window():
    read = 0

    def tasks():
        nonlocal read
        for i in range(40):
            read += 1
            yield i

    for done, _ in enumerate(run_tasks(square, tasks(), 2), start=1):
        assert read <= done + 2 + 1


def test_leaving_early_ends_the_workers():
    stream = run_tasks(process_id, range(100), 2)
    workers = {next(stream).value for _ in range(4)}
    stream.close()
    wait_until(lambda: not any(map(alive, workers)))


def test_workers_do_not_start_threads_of_their_own():
    assert outcomes(thread_limit, 1)[0].value == "1"


SLOW = """
import sys, time
sys.path.insert(0, {tests!r})
from experiments.running.pool import run_tasks
from test_pool import process_id
if __name__ == "__main__":
    try:
        for o in run_tasks(process_id, range(10_000), 2):
            print(o.value, flush=True)
    except KeyboardInterrupt:
        sys.exit(130)
"""


@pytest.mark.parametrize(
    ("number", "to_group", "status"),
    [
        (signal.SIGINT, True, 130),
        (signal.SIGINT, False, 130),
        (signal.SIGTERM, False, 130),
        (signal.SIGKILL, False, -signal.SIGKILL),
    ],
    ids=["ctrl_c", "sigint_parent", "sigterm_parent", "kill_9_parent"],
)
def test_a_signal_ends_everything_soon_and_leaves_no_process(tmp_path, number, to_group, status):
    script = tmp_path / "slow.py"
    script.write_text(SLOW.format(tests=str(Path(__file__).parent)))
    parent = subprocess.Popen(
        [sys.executable, str(script)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=as_in_a_terminal,
        cwd=Path(__file__).parent.parent,
    )
    try:
        for _ in range(5):
            assert parent.stdout.readline()  # it is under way
        members = living(parent.pid)
        assert len(members) >= 3, "parent and two workers"
        (os.killpg if to_group else os.kill)(parent.pid, number)
        parent.wait(60)  # of the minutes that its tasks would take
        assert parent.returncode == status
        wait_until_all_ended(parent.pid)
        assert "Traceback" not in parent.stderr.read()
    finally:
        for pid in living(parent.pid):
            os.kill(pid, signal.SIGKILL)
        parent.stdout.close()
        parent.stderr.close()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_worker_is_started_to_the_end_before_ctrl_c_is_heard(number):
    done = []

    def start() -> None:
        with sigterm_like_ctrl_c():
            with _undisturbed():
                os.kill(os.getpid(), number)
                time.sleep(0.05)
                done.append("started")
            done.append("heard too late")

    before = signal.signal(
        signal.SIGINT, signal.default_int_handler
    )  # ignored where the tests are run beside others
    try:
        with pytest.raises(KeyboardInterrupt):
            start()
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    finally:
        signal.signal(signal.SIGINT, before)
    assert done == ["started"]
