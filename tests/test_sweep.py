"""A sweep ends the same whatever happens to it on the way, and never takes a failure for a number."""

from __future__ import annotations

import json
import math
import sqlite3
import time
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from kill_sweep import RESULTS, digest
from stand_ins import EASY, SMALL, die_once, plan, pretend, with_trouble

from experiments.certainty.statistics import estimate, paired_difference
from experiments.cli import main
from experiments.running.progress import sweep_progress
from experiments.running.replicate import replication_seed
from experiments.screen import as_text
from experiments.sweeps.folder import alone
from experiments.sweeps.ledger import Ledger, new_ledger, read_runs
from experiments.sweeps.page import page
from experiments.sweeps.statistics import by_point, intervals, statistics_frame
from experiments.sweeps.sweep import run_sweep
from experiments.sweeps.worker import Common, NotDefined, sound
from sim.errors import InputError
from sim.measures import LABELS


@pytest.fixture(scope="module")
def whole(tmp_path_factory) -> Path:
    """A sweep that nothing interrupted."""
    folder = tmp_path_factory.mktemp("sweep") / "whole"
    work = run_sweep(plan(), folder, 2, function=pretend)
    assert (work.simulated, work.already, work.failed) == (32, 0, 0)
    return folder


# --------------------------------------------------------------------------------------- what comes out


def test_a_sweep_folder_says_what_it_is_and_what_came_out(whole):
    names = {path.name for path in whole.iterdir()}
    assert names >= {
        "sweep.yaml",
        "provenance.json",
        "runs.sqlite",
        "dictionary.csv",
        *RESULTS,
    }
    assert not any(name.startswith(".") for name in names), "nothing half written is left"
    kpis = pd.read_parquet(whole / "kpis.parquet")
    assert list(kpis.columns[5:]) == list(LABELS)
    assert list(zip(kpis["point"], kpis["replication"], strict=True)) == [
        (p, r) for p in range(4) for r in range(8)
    ]
    assert (kpis["status"] == "ok").all()
    facts = json.loads((whole / "provenance.json").read_text())
    assert facts["replication_seeds"] == [replication_seed(1, r) for r in range(8)]
    assert facts["ended"] >= facts["started"]


def test_every_point_gets_the_same_luck_in_a_replication(whole):
    seeds = pd.read_parquet(whole / "kpis.parquet").pivot(index="point", columns="replication", values="seed")
    assert (seeds == seeds.iloc[0]).all().all()
    assert list(seeds.iloc[0]) == [replication_seed(1, r) for r in range(8)]


def test_the_luck_that_points_share_drops_out_of_their_difference(whole):
    # every measure pretended is luck plus the value of the factor
    found = pd.read_parquet(whole / "statistics.parquet").set_index(["point", "measure"])
    for point, value in enumerate([0, 0.25, 0.5, 1]):
        row = found.loc[(point, "reach_share")]
        assert row["difference_mean"] == pytest.approx(value, abs=1e-12)
        assert row["difference_high"] - row["difference_low"] < 1e-12
        assert row["high"] - row["low"] > 0.1


def test_a_draw_is_set_against_the_base_of_its_own_system(tmp_path):
    # pretended measures are luck plus the value drawn: the same at both systems, nought at the bases
    sweep = plan("system=gatekept,balanced", f"{EASY}=0.25..1", "replications=3", design="lhs", points="2")
    assert [p.reference for p in sweep.points] == [0, 0, 0, 1, 0, 1]
    run_sweep(sweep, tmp_path / "sweep", 2, function=pretend)
    found = pd.read_parquet(tmp_path / "sweep/statistics.parquet").set_index(["point", "measure"])
    for point in sweep.points:
        row = found.loc[(point.index, "reach_share")]
        assert row["reference"] == point.reference
        assert row["difference_mean"] == pytest.approx(point.values.get(EASY, 0.0), abs=1e-12)
    shown = as_text(page(tmp_path / "sweep"))
    assert "from the base with the same listed values" in shown


def test_of_many_points_those_that_differ_most_are_shown(tmp_path):
    sweep = plan(f"{EASY}=0..1:steps=40", "replications=2")
    run_sweep(sweep, tmp_path / "sweep", 2, function=pretend)
    lines = [line.split() for line in as_text(page(tmp_path / "sweep")).splitlines()]
    numbers = [int(words[0]) for words in lines if words and words[0].isdigit()]
    assert numbers[:16] == [0, *range(39, 24, -1)]


def test_statistics_of_all_points_are_those_of_each(whole):
    runs = read_runs(whole)
    values = by_point(runs, 4, 8)
    values[2, :, 3] = np.nan
    values[3, :, 1:] = np.nan
    values[1, 5] = 0.1
    values[0, 6, :] = np.nan
    found, difference = intervals(values), intervals(values - values[0])
    for p in range(4):
        for m in range(10):
            for batch, single in (
                (found, estimate(values[p, m])),
                (difference, paired_difference(values[0, m], values[p, m])),
            ):
                for key in ("mean", "sd", "n", "low", "high"):
                    assert getattr(batch, key)[p, m] == pytest.approx(
                        getattr(single, key), nan_ok=True, abs=1e-14
                    )


def test_results_do_not_depend_on_the_number_of_workers(whole, tmp_path):
    run_sweep(plan(), tmp_path / "one", 1, function=pretend)
    run_sweep(plan(), tmp_path / "three", 3, function=pretend)
    assert digest(tmp_path / "one") == digest(tmp_path / "three") == digest(whole)


def test_real_runs_are_those_of_a_run_with_the_same_words(tmp_path, capsys):
    words = [*SMALL, f"{EASY}=0,1", "replications=2", "system=balanced"]
    assert main(["sweep", *words, f"output={tmp_path / 'sweep'}"]) == 0
    assert main(["run", *words[:3], f"{EASY}=1", *words[4:], f"output={tmp_path / 'run'}"]) == 0
    capsys.readouterr()
    kpis = pd.read_parquet(tmp_path / "sweep/kpis.parquet")
    run = pd.read_parquet(tmp_path / "run/summaries.parquet")
    for name in LABELS:
        assert list(kpis[kpis["point"] == 1][name]) == pytest.approx(
            list(run[name]), rel=0, abs=0, nan_ok=True
        )


# ------------------------------------------------------------------------------------------- going on


def test_a_sweep_that_is_complete_is_not_simulated_again(whole):
    before = {path.name: path.stat().st_mtime_ns for path in whole.iterdir()}
    work = run_sweep(plan(), whole, 2, function=with_trouble)
    assert (work.simulated, work.already) == (0, 32)
    assert {path.name: path.stat().st_mtime_ns for path in whole.iterdir() if path.name in RESULTS} == {
        name: before[name] for name in RESULTS
    }


def test_more_replications_add_to_those_that_are_there(whole, tmp_path):
    few, many = (plan(f"{EASY}=0,0.25,0.5,1", f"replications={n}") for n in (3, 8))
    run_sweep(few, tmp_path / "grown", 2, function=pretend)
    work = run_sweep(many, tmp_path / "grown", 2, function=pretend)
    assert (work.simulated, work.already) == (20, 12)
    assert digest(tmp_path / "grown") == digest(whole)
    with pytest.raises(InputError, match="replications: 8 there, 3 asked for"):
        run_sweep(few, tmp_path / "grown", 2, function=pretend)


def test_a_worker_that_is_killed_costs_nothing(whole, tmp_path):
    work = run_sweep(plan(), tmp_path / "sweep", 2, function=partial(die_once, tmp_path / "mark"))
    assert (tmp_path / "mark").exists()
    assert work.failed == 0
    assert digest(tmp_path / "sweep") == digest(whole)


# -------------------------------------------------------------------------------------------- failures


def test_a_run_that_fails_is_recorded_as_failed_and_the_rest_go_on(whole, tmp_path):
    folder = tmp_path / "sweep"
    sweep = plan(f"{EASY}=0,0.25,0.5,1", "replications=8", time_limit="0.2")
    work = run_sweep(sweep, folder, 2, function=with_trouble)
    assert (work.simulated, work.failed) == (32, 5)
    kpis, good = (
        pd.read_parquet(f / "kpis.parquet").set_index(["point", "replication"]) for f in (folder, whole)
    )
    failed = kpis[kpis["status"] == "failed"]
    errors = dict(failed["error"].items())
    assert errors.keys() == {(1, 0), (1, 1), (2, 0), (2, 1), (3, 0)}
    assert errors[1, 0] == "ValueError: cannot be done"
    assert errors[1, 1] == "NotDefined: reach_share: not defined"
    assert errors[2, 0] == "TimeLimitReached: took longer than 0.2 seconds (time_limit)"
    assert errors[2, 1].startswith("worker died")
    assert "could not be stopped after 0.2 seconds" in errors[2, 1]
    assert errors[3, 0].startswith("worker died")
    assert failed[list(LABELS)].isna().all().all(), "a failure has no numbers, least of all noughts"
    assert (kpis.drop(failed.index)[list(LABELS)] == good.drop(failed.index)[list(LABELS)]).all().all()
    statistics = pd.read_parquet(folder / "statistics.parquet").set_index(["point", "measure"])
    assert list(statistics.xs("reach_share", level="measure")["n"]) == [8, 6, 6, 7]
    assert list(statistics.xs("reach_share", level="measure")["failed"]) == [0, 2, 2, 1]
    again = run_sweep(sweep, folder, 2, function=pretend)
    assert (again.simulated, again.failed) == (0, 5), "failures are not tried again unless asked"
    mended = run_sweep(sweep, folder, 2, retry_failed=True, function=pretend)
    assert (mended.simulated, mended.failed) == (5, 0)
    assert digest(folder) == digest(whole)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"a": math.nan}, "a: not defined"),
        ({"b": math.inf}, "b: infinite"),
        ({"a": math.nan, "b": -math.inf}, "a: not defined; b: infinite"),
        ({"b": None}, "b: missing"),
    ],
)
def test_measures_that_cannot_be_believed_fail_the_run(changes, sentence):
    common = Common((), {}, ("a", "b"), ("a",), None)
    assert sound({"a": 1.0, "b": math.nan}, common)[0] == 1.0
    found = {k: v for k, v in {"a": 1.0, "b": 2.0, **changes}.items() if v is not None}
    with pytest.raises(NotDefined, match=sentence):
        sound(found, common)


def test_an_end_that_the_user_named_is_refused_and_one_of_the_table_fails_alone(tmp_path, capsys):
    # at its high end this row would make more than all families seek help, with all else as it is
    key = "evidence.latent_demand_uplift.value"
    words = [*SMALL, "system=balanced", "replications=1", f"output={tmp_path / 'sweep'}"]
    assert main(["sweep", *words, f"{key}=1.2,2"]) == 2
    assert "seeks = 1.36: allowed is 0 to 1" in capsys.readouterr().err
    sweep = plan(*words[len(SMALL) :], design="one_at_a_time")
    (end,) = (p for p in sweep.points if dict(p.values) == {key: 2.0})
    few = replace(sweep, points=tuple(replace(p, index=i) for i, p in enumerate([sweep.points[0], end])))
    assert run_sweep(few, tmp_path / "sweep", 1).failed == 1
    runs = read_runs(tmp_path / "sweep")
    assert runs.errors[0] is None
    assert "seeks = 1.36: allowed is 0 to 1" in str(runs.errors[1])


def test_the_book_refuses_a_run_with_neither_numbers_nor_error_and_a_run_twice(tmp_path):
    new_ledger(tmp_path, ["a"], "x")
    book = Ledger(tmp_path)
    book.add(0, 0, 1, [-0.0], 0.1)
    with pytest.raises(sqlite3.IntegrityError):
        book.add(0, 0, 1, [2.0], 0.1)
    with pytest.raises(sqlite3.IntegrityError):
        book._book.execute("insert into run values (0, 1, 1, 'ok', null, null, 0.1, null)")
    with pytest.raises(sqlite3.IntegrityError):
        book._book.execute("insert into run values (0, 1, 1, 'failed', null, null, 0.1, null)")
    book.close()
    runs = read_runs(tmp_path)
    assert math.copysign(1, runs.values[0, 0]) == -1, "to the last bit"


# ------------------------------------------------------------------------------------------- refusals


def test_the_folder_of_another_sweep_is_refused_with_what_differs(whole, capsys):
    words = [*SMALL, "replications=8", f"{EASY}=0,1", "seed=2", "area.hubs_per_locality=2", f"output={whole}"]
    assert main(["sweep", *words]) == 2
    err = capsys.readouterr().err
    assert "holds another sweep" in err
    assert f"factors.{EASY}: 0,0.25,0.5,1 there, 0,1 asked for" in err
    assert "seed: 1 there, 2 asked for" in err
    assert "area.hubs_per_locality: 1 there, 2 asked for" in err
    assert "Traceback" not in err


def test_runs_of_another_version_of_the_model_are_not_mixed_in(whole, monkeypatch):
    monkeypatch.setattr(
        "experiments.sweeps.plan.model_versions",
        lambda: {"source": "other", "python": "3", "numpy": "2", "numba": "0"},
    )
    with pytest.raises(InputError, match="the model itself is another version"):
        run_sweep(plan(), whole, 2, function=pretend)


def test_a_folder_that_is_no_sweep_is_refused(tmp_path):
    (tmp_path / "note.txt").write_text("mine")
    with pytest.raises(InputError, match="exists already and is not the folder of a sweep"):
        run_sweep(plan(), tmp_path, 2, function=pretend)


def test_two_commands_do_not_work_on_one_sweep(whole):
    with alone(whole), pytest.raises(InputError, match="another command is at work"):
        run_sweep(plan(), whole, 2, function=pretend)


# ------------------------------------------------------------------------------------------- progress


def test_progress_tells_rate_failures_and_time_left_once_it_can_be_told(capsys, monkeypatch):
    now = [0.0]
    monkeypatch.setattr("experiments.running.progress.time.monotonic", lambda: now[0])
    monkeypatch.setattr("experiments.running.progress.EVERY_SECONDS", 0.0)
    # two workers: the first result after 10 seconds (loading, and a run of 8), the second just after it
    ends = [10.0, 10.001, 18.0, 18.1, 26.0]
    with sweep_progress(121) as step:
        for i, at in enumerate(ends):
            now[0] = at
            step(i == 1)
    out, err = capsys.readouterr()
    assert out == ""
    assert err.splitlines() == [
        "Sweep: 121 runs to do",
        "Sweep: 1 of 121 done, 0 failed",
        "Sweep: 2 of 121 done, 1 failed",
        "Sweep: 3 of 121 done, 1 failed",
        "Sweep: 4 of 121 done, 1 failed",
        "Sweep: 5 of 121 done, 1 failed, 0.2 a second, 7:44 left",  # four in 16 seconds, 116 to go
    ]


def test_reading_and_summing_up_ten_thousand_runs_is_quick(tmp_path):
    new_ledger(tmp_path, list(LABELS), "x")
    values = np.random.default_rng(1).random((10_000, len(LABELS)))
    lines = [(i // 10, i % 10, i, "ok", None, None, 0.2, values[i].tobytes()) for i in range(10_000)]
    with sqlite3.connect(tmp_path / "runs.sqlite") as book:
        book.executemany("insert into run values (?, ?, ?, ?, ?, ?, ?, ?)", lines)
    began = time.process_time()
    runs = read_runs(tmp_path)
    assert time.process_time() - began < 0.5, "0.05 s measured; the rest is for a slow machine"
    assert (runs.values == values).all()
    assert len(statistics_frame(runs, [0] * 1000, 10)) == 1000 * len(LABELS)
