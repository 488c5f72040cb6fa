"""A sweep on a cluster is the same sweep: same bits, nothing lost when a worker dies, failures with their reason."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest
from kill_sweep import digest, lines_in
from processes import as_in_a_terminal, wait_until
from stand_ins import EASY, SMALL, plan, pretend, slowly, with_trouble_in_a_thread

from experiments.cli import main
from experiments.running.cluster import run_on_cluster
from experiments.sweeps.ledger import read_runs
from experiments.sweeps.plan import model_versions
from experiments.sweeps.sweep import run_sweep
from experiments.sweeps.worker import TimeLimitReached, time_limit
from sim.errors import InputError

distributed = pytest.importorskip("distributed", reason="the extra 'cluster' is not installed")


@pytest.fixture(scope="module")
def cluster() -> Iterator[distributed.LocalCluster]:
    """A scheduler and two worker processes on the loopback, which are begun again when they die."""
    import dask

    # whoever kills its worker once is not tried again by the scheduler: the tests take less time
    settings = {"distributed.scheduler.allowed-failures": 0, "distributed.logging.distributed": "critical"}
    with (
        dask.config.set(settings),
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None, host="127.0.0.1"
        ) as cluster,
    ):
        yield cluster


@pytest.fixture(scope="module")
def here(tmp_path_factory) -> Path:
    """The same sweep on this machine."""
    folder = tmp_path_factory.mktemp("sweep") / "here"
    run_sweep(plan(), folder, 2, function=pretend)
    return folder


def workers(cluster: distributed.LocalCluster) -> list[int]:
    with distributed.Client(cluster.scheduler_address, set_as_default=False) as client:
        return list(client.run(os.getpid).values())


def test_a_worker_that_is_killed_costs_nothing_and_the_bits_are_those_of_one_machine(cluster, here, tmp_path):
    victim = workers(cluster)[0]
    killed = []

    def kill() -> None:
        while lines_in(tmp_path / "sweep") < 4:
            time.sleep(0.005)
        os.kill(victim, signal.SIGKILL)
        killed.append(lines_in(tmp_path / "sweep"))

    thread = threading.Thread(target=kill)
    thread.start()
    work = run_sweep(plan(), tmp_path / "sweep", 1, function=slowly, address=cluster.scheduler_address)
    thread.join()
    assert 4 <= killed[0] < 32, "it was killed while the sweep was under way"
    assert (work.simulated, work.failed) == (32, 0)
    assert digest(tmp_path / "sweep") == digest(here)
    again = run_sweep(plan(), tmp_path / "sweep", 1, function=slowly, address=cluster.scheduler_address)
    assert again.simulated == 0


def test_what_one_machine_began_a_cluster_ends(cluster, here, tmp_path):
    few = plan(f"{EASY}=0,0.25,0.5,1", "replications=3")
    run_sweep(few, tmp_path / "sweep", 1, function=pretend)
    work = run_sweep(plan(), tmp_path / "sweep", 1, function=pretend, address=cluster.scheduler_address)
    assert (work.simulated, work.already) == (20, 12)
    assert digest(tmp_path / "sweep") == digest(here)


def test_failures_are_told_as_on_one_machine_and_the_rest_go_on(cluster, here, tmp_path):
    folder = tmp_path / "sweep"
    sweep = plan(f"{EASY}=0,0.25,0.5,1", "replications=8", time_limit="0.2")
    address = cluster.scheduler_address
    work = run_sweep(sweep, folder, 1, function=with_trouble_in_a_thread, address=address)
    assert (work.simulated, work.failed) == (32, 4)
    kpis, good = (
        pd.read_parquet(f / "kpis.parquet").set_index(["point", "replication"]) for f in (folder, here)
    )
    errors = dict(kpis[kpis["status"] == "failed"]["error"].items())
    assert errors.pop((1, 0)) == "ValueError: cannot be done"
    assert errors.pop((2, 0)) == "TimeLimitReached: took longer than 0.2 seconds (time_limit)"
    assert "could not be stopped after 0.2 seconds" in errors.pop((2, 1))
    assert errors.pop((3, 0)).startswith("worker died")
    assert errors == {}
    ok = kpis["status"] == "ok"
    pd.testing.assert_frame_equal(kpis[ok], good[ok], check_exact=True)


def test_the_command_gives_the_same_numbers_on_a_cluster(cluster, tmp_path, capsys):
    words = [*SMALL, f"{EASY}=0,1", "replications=2", "system=balanced"]
    on_cluster = ["executor=dask", f"executor.address={cluster.scheduler_address}"]
    assert main(["sweep", *words, *on_cluster, f"output={tmp_path / 'there'}"]) == 0
    assert main(["sweep", *words, f"output={tmp_path / 'here'}"]) == 0
    capsys.readouterr()
    assert digest(tmp_path / "there") == digest(tmp_path / "here")
    assert (read_runs(tmp_path / "there").cpu_seconds > 0).all(), "they were simulated, not pretended"


def test_ctrl_c_ends_the_command_without_noise_and_it_can_go_on(cluster, tmp_path):
    words = [*SMALL, f"{EASY}=0..1:steps=200", "replications=10", f"output={tmp_path / 'sweep'}"]
    address = f"executor.address={cluster.scheduler_address}"
    command = subprocess.Popen(
        [sys.executable, "-m", "experiments.cli", "sweep", *words, "executor=dask", address],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=as_in_a_terminal,
        cwd=Path(__file__).parent.parent,
    )
    wait_until(lambda: lines_in(tmp_path / "sweep") >= 5)
    os.killpg(command.pid, signal.SIGINT)
    _, err = command.communicate(timeout=60)
    assert command.returncode == 130
    assert "Traceback" not in err
    assert [line for line in err.splitlines() if line][-1] == (
        f"opendoor: stopped: what is done is kept in {tmp_path / 'sweep'}; the same command goes on from there"
    )
    assert lines_in(tmp_path / "sweep") >= 5


def test_another_version_of_the_model_on_a_worker_is_refused(cluster):
    other = {**model_versions(), "source": "another"}
    with pytest.raises(InputError, match="a worker there has another version of the model"):
        list(run_on_cluster(abs, [1], cluster.scheduler_address, lambda batch: None, other))


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["executor=dask"], "executor=dask: needs executor.address=ADDRESS of the scheduler"),
        (["executor=slurm"], "executor=slurm: no such executor; allowed are local and dask"),
        (["executor.address=tcp://a:1"], "executor.address=tcp://a:1: is for executor=dask"),
    ],
)
def test_words_about_the_cluster_that_do_not_fit_are_told_with_all_others(capsys, words, sentence):
    assert main(["sweep", *words, "points=3"]) == 2
    err = capsys.readouterr().err
    assert sentence in err
    assert "points=3: is for design=lhs or sobol" in err


def test_an_address_where_nobody_answers_is_told_in_one_sentence(tmp_path, monkeypatch):
    monkeypatch.setattr("experiments.running.cluster.ANSWER_SECONDS", 0.5)
    with pytest.raises(InputError, match="no scheduler answers there"):
        run_sweep(plan(), tmp_path / "sweep", 1, function=pretend, address="tcp://127.0.0.1:9")


def test_a_time_limit_holds_in_a_thread_too_and_never_strikes_late():
    seen: list[object] = []

    def limited() -> None:
        try:
            with time_limit(0.05):
                while True:
                    pass
        except TimeLimitReached as e:
            seen.append(str(e))
        for _ in range(200):  # ends as the alarm goes off, or a little before or after
            try:
                with time_limit(0.002):
                    until = time.perf_counter() + 0.002
                    while time.perf_counter() < until:
                        pass
            except TimeLimitReached:
                pass
        seen.append(sum(range(100_000)))

    thread = threading.Thread(target=limited)
    thread.start()
    thread.join(20)
    assert seen == ["took longer than 0.05 seconds (time_limit)", 4999950000]
