"""Getting there shows the tables of a change as the command wrote them, and each of its figures what it was given."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from dashboards.app import draw
from dashboards.figures.change import course_figure, ways_figure
from dashboards.page import chosen
from dashboards.pages.change import FOLLOWED, PAGE, in_fours, mostly
from dashboards.server import Server, Settings
from dashboards.studies.changes import COMMAND, change_table, lacking, plan_titles, told
from dashboards.studies.study import read_study
from experiments.comparing.change_page import cell
from sim.measures.change import BY_GROUP, MEASURES

TITLES = {"none": "stay put", "a": "A", "b": "B"}
PANELS = {panel.name: panel for panel in PAGE.panels}


@pytest.fixture(scope="module")
def server(changed: Path) -> Server:
    return Server(Settings((changed,)))


def written(changed: Path, name: str) -> pd.DataFrame:
    return pd.read_parquet(changed / f"{name}.parquet")


def test_a_course_has_a_line_for_each_way_and_a_band_only_where_an_interval_is_known() -> None:
    frame = pd.DataFrame(
        [
            ("none", 4, 0.0, 0.0, 0.0),
            ("a", 4, -1.0, -2.0, 0.0),
            ("a", 8, 3.0, 1.0, 5.0),
            ("b", 4, 2.0, np.nan, np.nan),
        ],
        columns=["plan", "week", "value", "low", "high"],
    )
    traces = course_figure(frame, TITLES, "point-years", False).data
    lines = {t.name: (list(t.x), list(t.y)) for t in traces if t.name}
    assert lines == {"stay put": ([4], [0.0]), "A": ([4, 8], [-1.0, 3.0]), "B": ([4], [2.0])}
    (band,) = [t for t in traces if t.fill == "toself"]
    assert (list(band.x), list(band.y)) == ([4, 8, 8, 4], [0.0, 5.0, 1.0, -2.0])


def test_ways_are_marks_with_their_interval_and_what_is_not_defined_has_none() -> None:
    frame = pd.DataFrame(
        [("a", "x", 5.0, 4.0, 7.0), ("a", "y", 1.0, np.nan, np.nan), ("b", "y", 2.0, 1.5, 2.5)],
        columns=["plan", "measure", "mean", "low", "high"],
    )
    a, b = ways_figure(frame, {"x": "X", "y": "Y"}, TITLES, "weeks", True).data
    assert (a.name, b.name) == ("A", "B")
    assert list(a.x) == [5.0, 1.0]
    assert (list(a.error_x.array), list(a.error_x.arrayminus)) == ([2.0, 0.0], [1.0, 0.0])
    assert np.isnan(b.x[0])
    assert b.x[1] == 2.0
    assert set(a.y).isdisjoint(b.y)


def test_weeks_are_taken_by_four_and_a_rest_is_left_out() -> None:
    frame = pd.DataFrame(
        {
            "plan": "a",
            "week": range(1, 7),
            "plan_mean": [1.0, 2, 3, 6, 10, 20],
            "difference": [0.0, 0, 4, 0, 1, 3],
        }
    )
    assert in_fours(frame).to_numpy().tolist() == [["a", 4, 3.0, 1.0]]


def test_every_panel_answers_whatever_its_controls_say(server: Server) -> None:
    study = server.study(None)
    cases = [(panel, {}) for panel in PAGE.panels]
    for control in PAGE.controls:
        options = [value for value, _ in control.options(study)]
        assert len(options) > 1, control.name
        follows = PANELS["weekly" if control.name == "counted" else "groups"]
        cases += [(follows, {control.name: value}) for value in options]
    for panel, values in cases:
        drawn = draw(server, PAGE, panel, "ways", values, False)
        if values == {"told": "change_hours"}:
            assert "Choose localities" in str(drawn.body)
            continue
        assert "problem" not in str(drawn.body), (panel.name, values, drawn.body)
        assert len(drawn.frame), (panel.name, values)
        assert drawn.said, (panel.name, values)
    assert chosen(PAGE.controls[0], study, {"counted": "no such"}) in FOLLOWED
    hours = draw(server, PAGE, PANELS["groups"], "ways", {"by": "locality", "told": "change_hours"}, False)
    assert "problem" not in str(hours.body)
    assert len(hours.figure.data) == 3


def test_numbers_on_the_page_are_those_of_the_command(server: Server, changed: Path) -> None:
    rows = written(changed, "change")
    for name, measures in {
        "ahead": ("point_years",),
        "timing": ("lowest_point_years", "break_even_week", "broke_even"),
        "disruption": ("disruption_weeks",),
        "people": ("children_helped", "children_harmed"),
        "cost": ("pounds_change", "pounds"),
    }.items():
        drawn = draw(server, PAGE, PANELS[name], "ways", {}, False)
        for measure in measures:
            for row in rows[rows["measure"] == measure].to_dict("records"):
                assert told(row) in str(drawn.body)  # the small table under the figure
                assert told(row).startswith(cell(MEASURES[measure], row).split("\n")[0])
    weekly = written(changed, "change_by_week")
    drawn = draw(server, PAGE, PANELS["ahead"], "ways", {}, False)
    lines = {t.name: np.array(t.y) for t in drawn.figure.data if t.name}
    assert set(lines) == {"stay put", "big bang", "parallel"}
    assert (lines["stay put"] == 0).all()
    for plan, title in (("big_bang", "big bang"), ("parallel", "parallel")):
        own = weekly[(weekly["plan"] == plan) & (weekly["measure"] == "point_years")]
        np.testing.assert_array_equal(lines[title], own["difference"])
        end = rows[(rows["plan"] == plan) & (rows["measure"] == "point_years")].iloc[0]["mean"]
        assert lines[title][-1] == pytest.approx(end)


def test_groups_are_those_of_the_table_and_staying_put_is_nought(server: Server, changed: Path) -> None:
    rows = written(changed, "change_by_group")
    for by in ("imd_quintile", "locality"):
        drawn = draw(server, PAGE, PANELS["groups"], "ways", {"by": by, "told": "harmed_share"}, False)
        put, *ways = drawn.figure.data
        assert not np.any(put.y)
        for plan, trace in zip(("big_bang", "parallel"), ways, strict=True):
            own = rows[
                (rows["plan"] == plan) & (rows["grouping"] == by) & (rows["measure"] == "harmed_share")
            ]
            np.testing.assert_array_equal(trace.y, own["mean"])
    assert BY_GROUP["harmed_share"][0] == "share"


def test_what_is_stayed_in_is_called_so_and_plans_by_their_names(server: Server) -> None:
    assert plan_titles(server.study(None)) == {
        "none": "stay put",
        "big_bang": "big bang",
        "parallel": "parallel",
    }


def test_results_without_a_change_say_which_command_makes_one(server: Server, results: Path) -> None:
    assert lacking(server.study(None)) == []
    assert any(COMMAND in text for text in lacking(read_study("small", results)))


def test_a_table_that_cannot_be_read_is_a_message_and_the_other_panels_go_on(
    changed: Path, tmp_path: Path
) -> None:
    broken = tmp_path / "broken"
    shutil.copytree(changed, broken)
    (broken / "change_by_group.parquet").write_bytes(b"no table")
    written(changed, "change").drop(columns=["low"]).to_parquet(broken / "change.parquet")
    server = Server(Settings((broken,)))
    assert "cannot be read" in str(draw(server, PAGE, PANELS["groups"], "broken", {}, False).body)
    assert "columns are missing (low)" in str(draw(server, PAGE, PANELS["cost"], "broken", {}, False).body)
    assert len(draw(server, PAGE, PANELS["weekly"], "broken", {}, False).frame)


def test_what_weeks_of_disruption_come_of_is_said_and_whom_the_measure_favours(server: Server) -> None:
    study = server.comparison("ways")
    rows = change_table(study, "change")
    titles = plan_titles(study)
    only = rows[rows["measure"].str.startswith("disruption_weeks_")].copy()
    only["mean"] = (only["measure"] == "disruption_weeks_contacts") * 12.0
    told = mostly(only, titles)
    assert told.count("most by contacts (12)") == len(titles) - 1
    assert "first contact cannot be worse" not in told
    only.loc[only["measure"] == "disruption_weeks_list_over_18_weeks", "mean"] = 30.0
    assert "first contact cannot be worse" in mostly(only, titles)
    only["mean"] = float("nan")
    assert mostly(only, titles) == ""
