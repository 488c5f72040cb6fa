"""What commands have left can be listed, read, exported and deleted; nothing else can be deleted."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from stand_ins import EASY, SMALL, plan, pretend

from experiments.cli import main
from experiments.ledger import Ledger
from experiments.sweep import run_sweep
from experiments.sweep_folder import COMPLETE, alone
from sim.measures import LABELS


@pytest.fixture
def results(tmp_path, monkeypatch) -> Path:
    """A sweep of two points with one failure, and something that is no result."""
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "results"
    run_sweep(plan(f"{EASY}=0,0.5", "replications=3"), folder / "sweep", 1, ["sweep"], function=pretend)
    book = Ledger(folder / "sweep")
    book._book.execute("delete from run where point = 1 and replication = 2")
    book.add_failure(1, 2, 7, "ValueError: cannot be done")
    book.close()
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


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_a_table_is_exported_to_the_last_digit(results, capsys, ending):
    assert say(capsys, "export", "results/sweep", "--to", f"out.{ending}")[0] == 0
    read = pd.read_csv if ending == "csv" else pd.read_parquet
    found = read(f"out.{ending}")
    assert len(found) == 6
    assert list(found["status"]) == ["ok"] * 5 + ["failed"]
    assert found.loc[5, list(LABELS)].isna().all()
    whole = pd.read_parquet(results / "sweep/kpis.parquet")
    assert (found.loc[:4, list(LABELS)] == whole.loc[:4, list(LABELS)]).all().all()
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
        (["export", "results/sweep"], "--to: needs a file that ends in .csv or .parquet, found nothing"),
        (["export", "results/sweep", "--to", "a.xlsx"], "found a.xlsx"),
        (["export", "results/sweep", "--to", "a.csv", "--table", "needs"], "allowed are kpis, statistics"),
        (["export", "results/sweep", "--to", "results/notes/mine.csv"], None),
        (["lst"], "must be followed by list or describe or export or delete"),
    ],
)
def test_what_cannot_be_done_with_results_is_told(results, capsys, words, sentence):
    (results / "notes/mine.csv").write_text("mine")
    status, _, err = say(capsys, *words)
    assert status == 2
    assert (sentence or "exists already; nothing is overwritten") in err
    assert (results / "notes/mine.csv").read_text() == "mine"
