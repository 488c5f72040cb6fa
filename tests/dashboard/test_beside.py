"""Several folders side by side: each with its own interval, a difference only where it is of the same children and luck."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from dashboards.app import draw
from dashboards.navigation import PAGES
from dashboards.server import Server, Settings
from dashboards.studies.beside import apart, asked, levels, not_paired
from dashboards.studies.study import Study, read_study
from experiments.certainty.statistics import estimate, paired_difference
from experiments.running.replicate import Replications
from sim.measures import LABELS

MEASURE = "reach_share"
PAGE = next(page for page in PAGES if page.name == "side-by-side")


@pytest.fixture(scope="module")
def study(results: Path) -> Study:
    return read_study("small", results)


def other_than(study: Study, **changes: object) -> Study:
    """The same numbers as if something else had been asked for."""
    configs = {name: config.model_copy(update=changes) for name, config in study.configs.items()}
    return replace(study, title="other", configs=configs)


def test_a_difference_is_taken_over_the_replications_that_both_have(study: Study) -> None:
    shifted = {
        name: {m: v[1:] + np.array([0.01, 0.03]) for m, v in found.items()}
        for name, found in study.done.summaries.items()
    }
    other = replace(study, title="other", done=Replications([1, 2], shifted, []))
    rows = apart(study, [other], MEASURE)
    assert [row.item for row in rows] == ["gatekept", "balanced"]
    for row in rows:
        expected = paired_difference(study.done.summaries[row.item][MEASURE][1:], shifted[row.item][MEASURE])
        assert (row.difference, row.why) == (expected, [])
        assert row.difference.mean == pytest.approx(0.02)
        assert row.difference.n == 2


def test_other_children_years_or_luck_give_no_interval_and_the_reason(study: Study) -> None:
    config = study.configs["balanced"]
    for changes, words in (
        ({"seed": 99}, "another seed (1 and 99)"),
        ({"horizon_years": 3.0}, "other years counted"),
        ({"area": config.area.model_copy(update={"name": "elsewhere"})}, "another area"),
    ):
        other = other_than(study, **changes)
        assert not_paired(study, "balanced", other, "balanced") == [words]
        for row in apart(study, [other], MEASURE):
            assert (row.difference.n, row.words, row.why) == (0, "not paired", [words])
    later = replace(study, done=replace(study.done, replications=[7, 8, 9]))
    assert not_paired(study, "balanced", later, "balanced") == ["no replication in common"]


def test_what_was_asked_for_differently_is_told_once(study: Study) -> None:
    assert list(asked(study, study)) == []
    assert list(asked(study, other_than(study, seed=99))) == ["seed: 1 in the first, 99 in the second"]


def test_every_system_of_every_folder_is_on_one_page(results: Path, changed: Path, tmp_path: Path) -> None:
    again = tmp_path / "again"
    shutil.copytree(results, again, ignore=shutil.ignore_patterns("runs"))
    server = Server(Settings((results, again, changed)))
    each, how_far = (draw(server, PAGE, panel, "small", {"measure": MEASURE}, False) for panel in PAGE.panels)
    assert list(each.frame["Results"]) == ["small"] * 2 + ["again"] * 2 + ["ways"] * 3
    studies = [server.study("small"), *server.beside("small")]
    for row in levels(studies, MEASURE).to_dict("records"):
        source = next(s for s in studies if s.title == row["results"])
        found = estimate(source.done.summaries[row["system"]][MEASURE])
        assert (row["mean"], row["low"], row["high"], row["n"]) == (
            found.mean,
            found.low,
            found.high,
            found.n,
        )
    drawn = [x for trace in each.figure.data for x in trace.x]
    assert drawn == pytest.approx(list(each.frame.iloc[:, 2]))
    assert "small, 3 replications: Gatekept referral" in each.said
    assert list(each.frame["System"])[4] == "Gatekept referral", (
        "the same system by another name is another one"
    )
    assert how_far.said.startswith("3 of 3 pairs met the same children")
    nought = LABELS[MEASURE].difference_text(0.0)
    assert list(how_far.frame["Difference"]) == [nought] * 3
    assert list(how_far.frame["System"]) == ["Gatekept referral", "Balanced System", "Gatekept referral"]
    assert "only in the second: big bang, parallel" in str(how_far.body)
    alone = Server(Settings((results,)))
    assert "Only one set of results" in draw(alone, PAGE, PAGE.panels[1], "small", {}, False).said
