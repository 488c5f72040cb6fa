"""A book that is damaged, or has no room left, is told in a sentence; what stood in it before is there afterwards."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from kill_sweep import digest, lines_in
from stand_ins import EASY, SMALL, plan, pretend

from experiments.cli import main
from experiments.sweeps import sweep
from experiments.sweeps.ledger import FILE, Ledger
from experiments.sweeps.sweep import run_sweep
from sim.errors import InputError

POINTS = f"{EASY}=0..1:steps=20"


@pytest.fixture(scope="module")
def whole(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("whole") / "sweep"
    run_sweep(plan(POINTS, "replications=8"), folder, 2, function=pretend)
    return folder


class Full(Ledger):
    """A book on a disk that has hardly any room."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._book.execute("pragma max_page_count = 40")


def test_a_full_disk_keeps_what_had_ended_and_the_same_command_goes_on(whole, tmp_path, monkeypatch):
    folder = tmp_path / "sweep"
    with monkeypatch.context() as full:
        full.setattr(sweep, "Ledger", Full)
        with pytest.raises(InputError) as told:
            run_sweep(plan(POINTS, "replications=8"), folder, 2, function=pretend)
    (sentence,) = told.value.problems
    assert sentence.startswith(f"{folder / FILE}: cannot be written: database or disk is full; runs that had")
    kept = lines_in(folder)
    assert 0 < kept < 160
    assert not (folder / "kpis.parquet").exists()
    work = run_sweep(plan(POINTS, "replications=8"), folder, 2, function=pretend)
    assert (work.already, work.simulated) == (kept, 160 - kept)
    assert digest(folder) == digest(whole)


def test_a_run_is_in_the_book_with_its_weeks_or_not_at_all(tmp_path):
    run_sweep(plan(f"{EASY}=0,1", "replications=1"), tmp_path / "sweep", 1, function=pretend)
    book = Ledger(tmp_path / "sweep")
    book._book.execute("pragma max_page_count = 1")  # no more than there are
    with pytest.raises(InputError, match="disk is full"):
        book.add(0, 1, 7, [0.0] * 80, 0.1, bytes(100_000))
    assert book.ended() == {(0, 0), (1, 0)}
    book.close()


@pytest.fixture(params=["overwritten", "cut short", "gone"])
def damaged(request, whole, tmp_path, monkeypatch) -> Path:
    monkeypatch.chdir(tmp_path)
    shutil.copytree(whole, Path("results/sweep"))
    Path("results/sweep/kpis.parquet").unlink()
    book = Path("results/sweep") / FILE
    data = book.read_bytes()
    if request.param == "overwritten":
        book.write_bytes(data[:4096] + b"\xa5" * (len(data) - 4096))
    elif request.param == "cut short":
        book.write_bytes(data[: len(data) // 2])
    else:
        book.unlink()
    return Path("results/sweep")


def test_a_damaged_book_is_told_in_a_sentence_by_every_command(damaged, capsys):
    words = [*SMALL, POINTS, "replications=8", f"output={damaged}"]
    for command in (["sweep", *words], ["analyse", str(damaged)], ["emulate", str(damaged), f"{EASY}=0.5"]):
        assert main(command) == 2, command
        told = [line for line in capsys.readouterr().err.splitlines() if line.startswith("opendoor:")]
        assert len(told) == 1
        assert "runs.sqlite" in told[0]


def test_a_damaged_sweep_can_be_listed_and_deleted(damaged, capsys):
    here = (damaged / FILE).exists()
    assert main(["results", "list"]) == 0
    assert ("damaged" in capsys.readouterr().out) == here
    assert main(["results", "delete", str(damaged), "--yes"]) == (0 if here else 2)
    assert damaged.exists() != here
