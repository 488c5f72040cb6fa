"""A results folder is complete or absent, tells nothing of its maker, and hides small counts of children."""

from __future__ import annotations

import errno
import json
import math
import os
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from experiments.results.output import (
    chosen_folder,
    folder_problems,
    population_frame,
    results_folder,
    summaries_frame,
    write_frame,
    write_json,
)
from experiments.results.provenance import source_revision, without_home
from sim.area import Area
from sim.errors import InputError


def leftovers(folder: Path) -> list[str]:
    return sorted(p.name for p in folder.iterdir())


def test_the_folder_appears_only_when_everything_is_written(tmp_path):
    target = tmp_path / "deep" / "results"
    with results_folder(target) as staging:
        (staging / "a.txt").write_text("a")
        assert not target.exists()
    assert (target / "a.txt").read_text() == "a"
    assert leftovers(target.parent) == ["results"]


def write_and_fail(target: Path, error: BaseException) -> None:
    with results_folder(target) as staging:
        (staging / "a.txt").write_text("a")
        raise error


@pytest.mark.parametrize("error", [ValueError("x"), KeyboardInterrupt(), SystemExit(1)])
def test_nothing_half_written_stays_when_the_work_fails(tmp_path, error):
    with pytest.raises(type(error)):
        write_and_fail(tmp_path / "new" / "newer" / "results", error)
    assert leftovers(tmp_path) == []


def test_a_folder_that_cannot_be_made_is_told_before_anything_is_done(tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    (told,) = folder_problems(tmp_path / "file" / "deep" / "results")
    assert told.endswith(f"cannot be made there: {tmp_path / 'file'} is a file")
    assert folder_problems(tmp_path / "new" / "results") == []
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    (told,) = folder_problems(tmp_path / "new" / "results")
    assert told.endswith(f"cannot be made there: nothing can be written in {tmp_path}")


def test_a_full_disk_is_told_in_words_and_leaves_nothing(tmp_path):
    full = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    with pytest.raises(InputError, match="results: could not be written: no space left on device"):
        write_and_fail(tmp_path / "results", full)
    assert leftovers(tmp_path) == []


@pytest.mark.parametrize("make", [Path.mkdir, Path.touch])
def test_what_exists_is_never_overwritten(tmp_path, make):
    target = tmp_path / "results"
    make(target)
    with pytest.raises(InputError, match="exists already; choose another folder"), results_folder(target):
        pytest.fail("must not start")
    assert leftovers(tmp_path) == ["results"]


def make_meanwhile(target: Path) -> None:
    with results_folder(target):
        target.mkdir()
        (target / "theirs").touch()


def test_a_folder_made_by_somebody_else_meanwhile_is_kept(tmp_path):
    target = tmp_path / "results"
    with pytest.raises(InputError, match="cannot be put in place"):
        make_meanwhile(target)
    assert leftovers(tmp_path) == ["results"]
    assert leftovers(target) == ["theirs"]


def test_a_place_that_cannot_be_written_is_told_before_any_work(tmp_path):
    (tmp_path / "file").touch()
    target = tmp_path / "file" / "results"
    with pytest.raises(InputError, match="file is a file"), results_folder(target):
        pytest.fail("must not start")


def test_the_folder_gets_the_rights_of_a_folder_made_by_hand(tmp_path):
    (tmp_path / "by_hand").mkdir()
    with results_folder(tmp_path / "results"):
        pass
    assert (tmp_path / "results").stat().st_mode == (tmp_path / "by_hand").stat().st_mode


def test_the_default_folder_names_command_area_and_time():
    found = chosen_folder(
        None, "compare", "St. Helens & Knowsley", datetime(2026, 3, 4, 15, 6, 7, tzinfo=UTC)
    )
    assert found == Path("results/compare-st-helens-knowsley-20260304-150607")
    assert chosen_folder("mine", "compare", "Oldham", datetime.now(UTC)) == Path("mine")


def test_two_commands_of_the_same_second_do_not_want_the_same_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    now = datetime(2026, 3, 4, 15, 6, 7, tzinfo=UTC)
    first = chosen_folder(None, "run", "Oldham", now)
    with results_folder(first):  # under way, not there yet
        second = chosen_folder(None, "run", "Oldham", now)
        with results_folder(second):
            third = chosen_folder(None, "run", "Oldham", now)
    assert [path.name[-2:] for path in (first, second, third)] == ["07", "-2", "-3"]
    assert first.is_dir()
    assert second.is_dir()
    assert chosen_folder(None, "run", "Oldham", now) == third


def test_a_table_reads_back_the_same_from_parquet_and_csv(tmp_path):
    frame = pd.DataFrame(
        {
            "kind": pd.Categorical(["speech", "language", "speech"]),
            "day": pd.array([1, None, 3], dtype="Int64"),
            "score": [0.1, math.nan, 1 / 3],
            "open": [True, False, True],
            "place": pd.array(['École, "North"', None, "x"], dtype="string"),
        }
    )
    write_frame(frame, tmp_path / "t")
    stored = pd.read_parquet(tmp_path / "t.parquet")
    plain = pd.read_csv(tmp_path / "t.csv")
    for column in frame:
        for back in (stored, plain):
            assert [None if pd.isna(v) else v for v in back[column]] == [
                None if pd.isna(v) else v for v in frame[column]
            ]


def test_a_table_too_long_for_a_spreadsheet_is_written_as_parquet_only(tmp_path, monkeypatch):
    monkeypatch.setattr("experiments.results.output.SPREADSHEET_ROWS", 2)
    write_frame(pd.DataFrame({"a": [1, 2]}), tmp_path / "short")
    write_frame(pd.DataFrame({"a": [1, 2, 3]}), tmp_path / "long")
    assert leftovers(tmp_path) == ["long.parquet", "short.csv", "short.parquet"]


def test_json_holds_null_where_a_number_is_not_defined(tmp_path):
    write_json({"a": math.nan, "b": [np.float64("inf"), np.int64(3)], "c": True}, tmp_path / "x.json")
    assert json.loads((tmp_path / "x.json").read_text()) == {"a": None, "b": [None, 3], "c": True}


def test_summaries_have_one_row_per_system_and_replication():
    frame = summaries_frame({"a": {"m": np.array([1.0, 2.0])}, "b": {"m": np.array([3.0, 4.0])}}, [0, 5])
    assert frame.to_dict("list") == {
        "system": ["a", "a", "b", "b"],
        "replication": [0, 5, 0, 5],
        "m": [1.0, 2.0, 3.0, 4.0],
    }


def area_with(counts: list[int]) -> Area:
    children = np.zeros((1, 20, 5), dtype=np.int64)
    children[0, 3] = counts
    children[0, 19] = 1000  # adults do not count
    none = np.zeros(0)
    return Area("A", ("North",), children, (), none, none, none, none, none, none, {})


def test_counts_of_one_to_four_real_children_are_not_passed_on():
    frame = population_frame(area_with([0, 1, 4, 5, 60]), real=True)
    assert frame["suppressed"].tolist() == [False, True, True, False, False]
    assert [None if pd.isna(n) else n for n in frame["children"]] == [0, None, None, 5, 60]


def test_counts_of_a_published_or_made_up_area_are_all_there():
    frame = population_frame(area_with([0, 1, 4, 5, 60]), real=False)
    assert frame["children"].tolist() == [0, 1, 4, 5, 60]
    assert not frame["suppressed"].any()


def test_home_folders_and_names_of_users_are_taken_out():
    given = {
        "a": ["/home/maria.lopez/data/x.csv", "output=/Users/jo/results"],
        "b": r"C:\Users\jo\area",
        "c": f"{Path.home()}/x",
        "d": "configs/area",
        "e": 3,
    }
    assert without_home(given) == {
        "a": ["~/data/x.csv", "output=~/results"],
        "b": r"~\area",
        "c": "~/x",
        "d": "configs/area",
        "e": 3,
    }


def test_the_source_revision_is_that_of_the_repository_or_absent():
    found = source_revision()
    assert found is None or len(found.removesuffix("+changes")) == 40
