"""What commands have left can be listed, read, exported and deleted; nothing else can be deleted."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from stand_ins import EASY, SMALL, plan, pretend

from experiments.cli import main
from experiments.results.command import _write_table
from experiments.sweeps.folder import COMPLETE, alone
from experiments.sweeps.ledger import Ledger
from experiments.sweeps.sweep import run_sweep
from sim.measures import LABELS


@pytest.fixture(scope="module")
def swept(tmp_path_factory) -> Path:
    """A sweep of two points with one failure."""
    folder = tmp_path_factory.mktemp("swept") / "sweep"
    run_sweep(plan(f"{EASY}=0,0.5", "replications=3"), folder, 1, ["sweep"], function=pretend)
    book = Ledger(folder)
    book._book.execute("delete from run where point = 1 and replication = 2")
    book.add_failure(1, 2, 7, "ValueError: cannot be done")
    book.close()
    return folder


@pytest.fixture
def results(swept, tmp_path, monkeypatch) -> Path:
    """That sweep, and something that is no result."""
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "results"
    shutil.copytree(swept, folder / "sweep")
    (folder / "notes").mkdir()
    (folder / "notes/mine.txt").write_text("mine")
    return folder


def say(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    status = main(["results", *words])
    return status, *capsys.readouterr()


def test_results_are_listed_with_their_state_and_other_folders_are_not(results, capsys):
    status, out, _ = say(capsys, "list")
    assert status == 0
    assert "results/sweep" in out
    assert "complete" in out
    assert "notes" not in out
    (results / "sweep" / COMPLETE).unlink()
    assert "6 of 6 runs" in say(capsys, "list", "results")[1]


def test_a_sweep_is_described_with_its_points_and_failures(results, capsys):
    status, out, _ = say(capsys, "describe", "results/sweep")
    assert status == 0
    for text in (
        "grid: 2 points x 3 replications (seed 1)",
        "1 failed",
        "easy_access=0.5",
        "base",
        "opendoor sweep",
    ):
        assert text in out
    assert "Failed: point 1, replication 2 (seed 7): ValueError: cannot be done" in out


def test_a_run_is_described_and_exported_too(tmp_path, capsys):
    assert main(["run", *SMALL, "replications=2", f"output={tmp_path / 'run'}"]) == 0
    capsys.readouterr()
    status, out, _ = say(capsys, "describe", str(tmp_path / "run"))
    assert status == 0
    assert "2 replications" in out
    assert "Estimated need that has been seen" in out
    assert say(capsys, "export", str(tmp_path / "run"), "--to", str(tmp_path / "x.parquet"))[0] == 0
    assert len(pd.read_parquet(tmp_path / "x.parquet")) == 2
    assert say(capsys, "delete", str(tmp_path / "run"), "--yes")[0] == 0
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("ending", ["csv", "parquet", "xlsx"])
def test_a_table_is_exported_to_the_last_digit(results, capsys, ending):
    assert say(capsys, "export", "results/sweep", "--to", f"out.{ending}")[0] == 0
    read = {"csv": pd.read_csv, "parquet": pd.read_parquet, "xlsx": pd.read_excel}[ending]
    found = read(f"out.{ending}")
    assert len(found) == 6
    assert list(found["status"]) == ["ok"] * 5 + ["failed"]
    assert found.loc[5, list(LABELS)].isna().all()
    whole = pd.read_parquet(results / "sweep/kpis.parquet")
    # a workbook keeps 16 digits, the others all
    near = {"check_exact": False, "rtol": 1e-14, "atol": 0} if ending == "xlsx" else {"check_exact": True}
    pd.testing.assert_frame_equal(found.loc[:4, list(LABELS)], whole.loc[:4, list(LABELS)], **near)
    assert say(capsys, "export", "results/sweep", "--to", f"s.{ending}", "--table", "statistics")[0] == 0
    assert len(read(f"s.{ending}")) == 2 * len(LABELS)


def test_a_folder_is_deleted_only_when_somebody_agrees(results, capsys, monkeypatch):
    status, _, err = say(capsys, "delete", "results/sweep")
    assert status == 2
    assert "add --yes" in err
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("builtins.input", lambda question: "no")
    assert "Nothing deleted" in say(capsys, "delete", "results/sweep")[1]
    assert (results / "sweep/sweep.yaml").exists()
    monkeypatch.setattr("builtins.input", lambda question: "yes")
    assert say(capsys, "delete", "results/sweep")[0] == 0
    assert [path.name for path in results.iterdir()] == ["notes"]


def test_nothing_is_deleted_that_is_not_ours_or_in_use(results, capsys, monkeypatch):
    status, _, err = say(capsys, "delete", "results/notes", "results/sweep", "results/none", "--yes")
    assert status == 2
    assert "results/notes: is not a results folder" in err
    assert "results/none: there is no such folder" in err
    (results / "sweep/thoughts.txt").write_text("mine")
    assert "OpenDoor has not written: thoughts.txt" in say(capsys, "delete", "results/sweep", "--yes")[2]
    (results / "sweep/thoughts.txt").unlink()
    (results / "link").symlink_to(results / "sweep")
    assert "is a link" in say(capsys, "delete", "results/link", "--yes")[2]
    with alone(results / "sweep"):
        assert "another command is at work" in say(capsys, "delete", "results/sweep", "--yes")[2]
    monkeypatch.chdir(results / "sweep")
    assert "the working directory is inside" in say(capsys, "delete", ".", "--yes")[2]
    assert (results / "sweep/sweep.yaml").exists()


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["describe"], "takes one folder, found 0"),
        (["list", "--yes"], "--yes is for opendoor results delete"),
        (["export", "results/sweep"], "--to: needs a file that ends in .csv, .parquet, .xlsx, found nothing"),
        (["export", "results/sweep", "--to", "a.xls"], ".csv, .parquet, .xlsx, found a.xls"),
        (["compare", "results/sweep"], "takes two folders, found 1"),
        (["compare", "results/sweep", "results/none"], "results/none: there is no such folder"),
        (["describe", "results/sweep", "--to", "a.csv"], "--to is for opendoor results export and compare"),
        (["export", "results/sweep", "--to", "a.csv", "--table", "needs"], "allowed are kpis, statistics"),
        (["export", "results/sweep", "--to", "results/notes/mine.csv"], None),
        (["lst"], "must be followed by list or describe or compare or export or delete"),
    ],
)
def test_what_cannot_be_done_with_results_is_told(results, capsys, words, sentence):
    (results / "notes/mine.csv").write_text("mine")
    status, _, err = say(capsys, *words)
    assert status == 2
    assert (sentence or "exists already; nothing is overwritten") in err
    assert (results / "notes/mine.csv").read_text() == "mine"


def test_a_workbook_keeps_seeds_whole_and_text_as_text(tmp_path):
    frame = pd.DataFrame({"seed": [2**63 - 1], "label": ["=1+1"], "error": [None], "x": [0.1 + 0.2]})
    _write_table(frame, tmp_path / "out.xlsx")
    found = pd.read_excel(tmp_path / "out.xlsx", dtype={"seed": str})
    assert found.loc[0, "seed"] == str(2**63 - 1)
    assert found.loc[0, "label"] == "=1+1"
    assert found.loc[0, "x"] == pytest.approx(0.1 + 0.2, rel=1e-15)


def test_two_sweeps_are_compared_point_by_point_and_seed_by_seed(results, capsys):
    # pretended measures are luck plus the values set: the luck drops out, what is left is the share of vacancies
    words = ["evidence.vacancy_share.value=0.3", f"{EASY}=0,0.5", "replications=4"]
    other = plan(*words)
    points = [replace(p, values={**p.values, "evidence.vacancy_share.value": 0.3}) for p in other.points]
    run_sweep(replace(other, points=tuple(points)), results / "other", 1, ["sweep"], function=pretend)
    status, out, _ = say(capsys, "compare", "results/sweep", "results/other", "--to", "c.csv")
    assert status == 0
    assert "replications: 3 in the first, 4 in the second" in out
    assert "evidence.vacancy_share.value" in out
    frame = pd.read_csv("c.csv").set_index(["item", "measure"])
    assert len(frame) == 2 * len(LABELS)
    assert frame["difference"].to_numpy() == pytest.approx(0.3, abs=1e-12)
    assert set(frame.loc["easy_access=0", "n"]) == {3}
    assert set(frame.loc["easy_access=0.5", "n"]) == {2}, "a failed run is left out, not counted as nought"


def test_a_sweep_compared_with_itself_differs_in_nothing(results, capsys):
    status, out, _ = say(capsys, "compare", "results/sweep", "results/sweep")
    assert status == 0
    assert "What was asked is the same." in out
    assert "the same" in out.split("same.", 1)[1]
    assert "better" not in out


def test_sweeps_with_no_seed_or_point_in_common_are_not_compared(results, capsys):
    for name, words in (("seeds", [f"{EASY}=0,0.5", "seed=9"]), ("points", [f"{EASY}=0.1,0.2"])):
        run_sweep(plan(*words, "replications=2"), results / name, 1, ["sweep"], function=pretend)
    status, _, err = say(capsys, "compare", "results/sweep", "results/seeds")
    assert (status, "simulate both with the same seed" in err) == (2, True)
    status, _, err = say(capsys, "compare", "results/sweep", "results/points")
    assert (status, "nothing in them has the same name" in err) == (2, True)


def test_two_runs_are_compared_although_their_systems_have_other_names(tmp_path, capsys):
    for system in ("gatekept", "balanced"):
        words = [*SMALL, f"system={system}", "replications=3", f"output={tmp_path / system}"]
        assert main(["run", *words]) == 0
    together = ["system=gatekept,balanced", "replications=3", f"output={tmp_path / 'both'}"]
    assert main(["compare", *SMALL, *together]) == 0
    folders = [str(tmp_path / name) for name in ("gatekept", "balanced")]
    assert say(capsys, "compare", *folders, "--to", str(tmp_path / "c.parquet"))[0] == 0
    found = pd.read_parquet(tmp_path / "c.parquet").set_index("measure")
    whole = pd.read_parquet(tmp_path / "both/comparison.parquet").set_index("measure")
    for name in ("difference", "low", "high", "n", "in_words"):
        assert list(found[name].astype("str")) == list(whole[name].astype("str"))
