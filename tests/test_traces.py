"""Every run of a sweep is kept week by week: the numbers of its own tables, in files that an interruption leaves alike."""

from __future__ import annotations

import pandas as pd
import pytest
from kill_sweep import digest
from stand_ins import EASY, SMALL, plan, pretend

from experiments.cli import main
from experiments.composing.compose import load_config
from experiments.sweeps.sweep import run_sweep
from experiments.sweeps.traces import packed, traces_frame, unpacked
from sim import simulate
from sim.dictionary import TABLES_OF_A_SWEEP, TRACED_COUNTS
from sim.measures.lists import lists_that_count
from sim.measures.trace import LISTS, TRACED, trace_of


@pytest.mark.parametrize("system", ["gatekept", "no_service"])
def test_a_trace_holds_the_sums_of_the_runs_own_tables(system):
    run = simulate(load_config([*SMALL, f"system={system}"]), 3)
    found = pd.DataFrame(trace_of(run), columns=list(TRACED))
    assert len(found) == run.frame("available")["week"].max() + 1
    weekly = run.weekly.groupby(["measure", "week"])["value"].sum()
    for name in TRACED_COUNTS:
        wanted = weekly.get(name, pd.Series(dtype=int)).reindex(found.index, fill_value=0)
        assert list(found[name]) == list(wanted), name
    first = [name for name, counts in zip(run.offers, lists_that_count(run), strict=True) if counts]
    if not first:
        assert system == "no_service"
        assert (found[list(LISTS)] == -1).all().all(), "a list that there is not is not empty"
        return
    lists = run.waiting[run.waiting["offer"].isin(first)].groupby("week").sum(numeric_only=True)
    assert list(found["waiting"]) == list(lists["size"])
    assert list(found["waiting_over_18_weeks"]) == list(lists["w18_52"] + lists["w52_plus"])
    assert found["waiting"].max() > 0
    assert found["contacts"].sum() > 0


def test_a_list_that_there_is_not_is_missing_and_no_number(tmp_path):
    words = [*SMALL, "system=no_service,gatekept", "replications=1", f"output={tmp_path / 'sweep'}"]
    assert main(["sweep", *words]) == 0
    found = pd.read_parquet(tmp_path / "sweep/traces")
    assert list(found.columns) == [c.name for c in TABLES_OF_A_SWEEP["traces"]]
    assert found[found["point"] == 0][list(LISTS)].isna().all().all()
    assert found[found["point"] == 1].notna().all().all()
    told = traces_frame(tmp_path / "sweep")
    assert [str(t) for t in told.dtypes] == ["Int32"] * len(told.columns)
    pd.testing.assert_frame_equal(told.astype("float64"), found.astype("float64"))


def test_files_hold_the_runs_in_order_and_one_that_is_left_over_goes(tmp_path, monkeypatch):
    run_sweep(plan(), tmp_path / "one", 1, function=pretend)
    monkeypatch.setattr("experiments.sweeps.traces.RUNS", 10)
    run_sweep(plan(), tmp_path / "sweep", 2, function=pretend)
    folder = tmp_path / "sweep/traces"
    assert sorted(path.name for path in folder.iterdir()) == [f"part-{i:06d}.parquet" for i in range(4)]
    parts = [pd.read_parquet(path) for path in sorted(folder.iterdir())]
    assert [len(part) for part in parts] == [50, 50, 50, 10]
    whole = pd.read_parquet(tmp_path / "one/traces")
    pd.testing.assert_frame_equal(pd.concat(parts, ignore_index=True), whole)
    assert list(whole.groupby(["point", "replication"], sort=False).size().index) == [
        (p, r) for p in range(4) for r in range(8)
    ]
    (folder / ".part-000003.parquet.part").touch()
    (folder / "part-000009.parquet").touch()
    (folder / "mine.txt").touch()
    (tmp_path / "sweep/kpis.parquet").unlink()
    run_sweep(plan(), tmp_path / "sweep", 2, function=pretend)
    assert sorted(path.name for path in folder.iterdir())[:2] == ["mine.txt", "part-000000.parquet"]
    assert len(list(folder.iterdir())) == 5


def test_more_replications_make_the_files_anew(tmp_path):
    run_sweep(plan(f"{EASY}=0,1", "replications=2"), tmp_path / "grown", 1, function=pretend)
    run_sweep(plan(f"{EASY}=0,1", "replications=5"), tmp_path / "grown", 1, function=pretend)
    run_sweep(plan(f"{EASY}=0,1", "replications=5"), tmp_path / "once", 2, function=pretend)
    assert digest(tmp_path / "grown") == digest(tmp_path / "once")


def test_weeks_can_be_left_out_and_then_there_is_nothing_to_export(tmp_path, capsys):
    folder = tmp_path / "sweep"
    run_sweep(plan(f"{EASY}=0,1", "replications=2", traces="false"), folder, 1, function=pretend)
    assert not (folder / "traces").exists()
    capsys.readouterr()
    to = tmp_path / "t.csv"
    assert main(["results", "export", str(folder), "--table", "traces", "--to", str(to)]) == 2
    assert "keeps no weeks of its runs (traces=false" in capsys.readouterr().err
    assert not to.exists()
    words = [*SMALL, f"{EASY}=0,1", "replications=2", f"output={folder}"]
    assert main(["sweep", *words]) == 2
    assert "traces: False there, True asked for" in capsys.readouterr().err


def test_packing_loses_nothing():
    weeks = trace_of(simulate(load_config([*SMALL, "system=balanced"]), 5))
    again = unpacked(packed(weeks), len(TRACED))
    assert (again == weeks).all()
    assert again.shape == weeks.shape
