"""What the pages of sweeps show is what the sweep's own tables and analyses say; conditions mean what they say."""

from __future__ import annotations

import io
import json
import shutil
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from made_up import IMPACT, REACH

from dashboards.app import create_app, draw
from dashboards.background.work import SweepOrder
from dashboards.figures.effects import plans_map, whiskers_figure
from dashboards.figures.points import MOST_LINES, evenly, lines_figure, scatter_figure
from dashboards.navigation import page_at
from dashboards.page import WRONG_KIND, Drawn, Look, missing
from dashboards.pages import pick
from dashboards.pages.pick import words_of
from dashboards.pages.sweeps_grid import content
from dashboards.server import Server, Settings
from dashboards.studies.study import folder_problems, read_study
from dashboards.studies.swept import AGAIN, Cached, not_beaten, read_swept, short_names
from dashboards.studies.where import Condition, filter_model, holds, read_pins, read_where
from experiments.certainty.statistics import paired_difference
from experiments.sensitivity.analyse import analyse
from experiments.sweeps.stored import stored_sweep
from sim.errors import InputError
from sim.measures import LABELS

DIAL = "system.dials.easy_access"
NUMERIC = {"reach_share": True, "easy_access": True, "system": False}
PANELS = [(path, panel) for path in ("/sweeps", "/pick-and-mix") for panel in page_at(path).panels]


@pytest.fixture(scope="module")
def server(results: Path, mapped: Path, mixed: Path) -> Server:
    made = Server(Settings((results, mapped, mixed)))
    for key in ("mapped", "mixed"):
        made.study(key).analysis(IMPACT)
    return made


def answer(server: Server, path: str, name: str, key: str, **values: str) -> Drawn:
    """A panel's answer, once the analysis behind it is there."""
    page = page_at(path)
    panel = next(p for p in page.panels if p.name == name)
    swept = server.study(key)
    for going in [v for k, v in swept._kept.items() if k[0] == "analysis"]:
        going.exception(60)
    found = draw(server, page, panel, key, values, False)
    if found.pending:
        return answer(server, path, name, key, **values)
    assert found.body is None, found.body
    return found


# --------------------------------------------------------------------------------------------- conditions


def test_conditions_are_read_and_hold_for_what_they_say() -> None:
    where = read_where("reach_share 0.2..0.5; easy_access>=0.5 ; system = balanced|blend;", NUMERIC)
    assert where == {
        "reach_share": Condition(0.2, 0.5),
        "easy_access": Condition(low=0.5),
        "system": Condition(words=("balanced", "blend")),
    }
    frame = pd.DataFrame(
        {
            "reach_share": [0.2, 0.5, 0.51, np.nan, 0.3, 0.3],
            "easy_access": [0.5, 1.0, 1.0, 1.0, 0.4, 1.0],
            "system": ["balanced", "Blend", "blend", "blend", "blend", "gatekept"],
        }
    )
    assert holds(where, frame).tolist() == [True, True, False, False, False, False]
    assert holds({}, frame).all()
    assert read_where("easy_access 0.1..1; easy_access <= 0.4", NUMERIC) == {
        "easy_access": Condition(0.1, 0.4)
    }
    assert read_where("easy_access = −2", NUMERIC)["easy_access"] == Condition(-2.0, -2.0)


def test_conditions_are_the_filters_of_the_grid() -> None:
    model = filter_model(read_where("reach_share 0.2..; easy_access ..1; system = balanced", NUMERIC))
    assert model["reach_share"] == {"filterType": "number", "type": "greaterThanOrEqual", "filter": 0.2}
    assert model["easy_access"]["type"] == "lessThanOrEqual"
    assert model["system"] == {"filterType": "text", "type": "equals", "filter": "balanced"}


def test_all_conditions_that_cannot_be_read_are_told_at_once() -> None:
    with pytest.raises(InputError) as caught:
        read_where("reachshare > 3; reach_shar 1..2; reach_share a..b; system balanced; x", NUMERIC)
    text = "\n".join(caught.value.problems)
    assert len(caught.value.problems) == 5
    assert "did you mean 'reach_share'?" in text
    assert "a number or a range" in text


def test_pins_are_numbers_of_points() -> None:
    assert read_pins("3, 1;3", 4) == [3, 1]
    with pytest.raises(InputError, match="'4' is no point"):
        read_pins("4, 1", 4)


# --------------------------------------------------------------------------------------------- the sweep


def test_the_table_holds_the_numbers_that_the_sweep_wrote(mapped: Path) -> None:
    swept = read_swept("x", mapped)
    written = pd.read_parquet(mapped / "statistics.parquet").set_index(["measure", "point"])
    table = swept.table(IMPACT, REACH)
    for name in (IMPACT, REACH):
        rows, scale = written.loc[name], LABELS[name].scale
        np.testing.assert_allclose(table[name], rows["mean"] * scale)
        np.testing.assert_allclose(table[f"{name}_low"], rows["low"] * scale)
        assert table[f"{name}_n"].tolist() == rows["n"].tolist()
    assert table["failed"].tolist() == written.loc[IMPACT, "failed"].tolist()
    assert table.columns[:4].tolist() == ["point", "system", "easy_access", "continuum"]
    assert swept.finished


def test_a_point_that_leaves_a_number_as_it_is_has_the_one_of_the_configuration(
    mapped: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "s"
    shutil.copytree(mapped, folder)
    points = pd.read_parquet(folder / "points.parquet")
    points.loc[4, "system.dials.easy_access"] = np.nan
    points.to_parquet(folder / "points.parquet")
    swept = read_swept("x", folder)
    assert swept.points["easy_access"].iloc[4] == swept.stored.base("system.dials.easy_access")


def test_a_sweep_is_read_once_and_again_only_when_its_book_has_changed(mapped: Path, tmp_path: Path) -> None:
    from experiments.sweeps.ledger import Ledger

    folder = tmp_path / "s"
    shutil.copytree(mapped, folder)
    now = [0.0]
    cached = Cached("x", folder, lambda: now[0])
    first = cached.get()
    now[0] = AGAIN + 1
    assert cached.get() is first
    assert first.table(IMPACT, REACH) is first.table(IMPACT, REACH)
    assert content(first, IMPACT, REACH) is first.kept(("grid", IMPACT, REACH), str)
    ledger = Ledger(folder)
    assert ledger.forget_failures() == 3
    ledger.close()
    assert cached.get() is first, "not looked at again so soon"
    now[0] = 2 * AGAIN + 2
    again = cached.get()
    assert again is not first
    assert again.revision != first.revision
    assert (int(again.failed.sum()), again.finished) == (0, False)


def test_folders_that_are_no_results_are_refused_and_sweeps_are_not(mapped: Path, tmp_path: Path) -> None:
    assert folder_problems(mapped) == []
    assert "holds no results" in folder_problems(tmp_path)[0]
    with pytest.raises(InputError, match="holds a sweep and no comparison"):
        read_study("x", mapped)
    folder = tmp_path / "s"
    shutil.copytree(mapped, folder)
    (folder / "runs.sqlite").write_bytes(b"nothing")
    with pytest.raises(InputError, match="cannot be read"):
        read_swept("x", folder)


def test_names_are_short_where_that_says_enough() -> None:
    keys = ["evidence.vacancy_share.value", "a.b.same", "a.c.same", "x.reach_share"]
    assert list(short_names(keys).values()) == ["vacancy_share", "a.b.same", "a.c.same", "x.reach_share"]


def test_the_front_holds_exactly_the_points_that_no_other_beats() -> None:
    random = np.random.default_rng(1)
    for _ in range(20):
        pair = random.integers(0, 6, (2, 30)).astype(float)
        pair[0, 3] = np.nan
        expected = [
            not np.isnan(pair[:, i]).any()
            and not any(
                (pair[:, j] >= pair[:, i]).all() and (pair[:, j] > pair[:, i]).any() for j in range(30)
            )
            for i in range(30)
        ]
        assert not_beaten(pair).tolist() == expected


def test_a_page_takes_the_first_results_that_it_can_show(server: Server) -> None:
    assert server.fitting(page_at("/sweeps"), "small", None)[0] == "mapped"
    assert server.fitting(page_at("/pick-and-mix"), "mapped", None)[0] == "mixed"
    assert server.fitting(page_at("/waits"), "mixed", None)[0] == "small"
    assert server.fitting(page_at("/sweeps"), "mixed", None)[0] == "mixed"
    assert [title for _, title in server.keys(None)] == ["small", "mapped (sweep)", "mixed (sweep)"]


def test_a_page_without_fitting_results_says_which_command_makes_them(server: Server) -> None:
    assert missing(page_at("/sweeps"), server.study("small")) == list(WRONG_KIND["sweep"])
    assert "opendoor sweep experiment=pick_and_mix" in " ".join(
        missing(page_at("/pick-and-mix"), server.study("mapped"))
    )
    assert "opendoor sweep experiment=pick_and_mix" in " ".join(
        missing(page_at("/pick-and-mix"), server.study("small"))
    )
    assert missing(page_at("/"), server.study("mixed")) == list(WRONG_KIND["comparison"])


# --------------------------------------------------------------------------------------------- the panels


@pytest.mark.parametrize("key", ["mapped", "mixed"])
def test_every_panel_answers_and_none_is_a_mistake(server: Server, key: str) -> None:
    for path, panel in PANELS:
        if path == "/pick-and-mix" and key == "mapped":
            continue
        assert answer(server, path, panel.name, key).said, panel.name


def test_the_words_are_those_of_the_analysis_and_the_map_its_cells(
    server: Server, mapped: Path, mixed: Path
) -> None:
    whole = answer(server, "/pick-and-mix", "whole", "mixed")
    half = answer(server, "/pick-and-mix", "half", "mixed")
    words = analyse(stored_sweep(mixed), [IMPACT]).words
    assert whole.said in words
    assert half.said in words
    assert "More than the sum of its parts" in whole.said
    assert "Half a change is worse than none" in half.said
    found = analyse(stored_sweep(mapped, without_failed=True), [IMPACT])
    drawn = answer(server, "/sweeps", "elsewhere", "mapped")
    pd.testing.assert_frame_equal(drawn.frame, found.tables["map"])
    assert all(line in drawn.said for line in found.words)


def test_two_pinned_points_are_set_against_each_other_within_replications(
    server: Server, mapped: Path
) -> None:
    drawn = answer(server, "/sweeps", "pair", "mapped", pins="2, 3")
    kpis = pd.read_parquet(mapped / "kpis.parquet").pivot(index="replication", columns="point", values=IMPACT)
    expected = paired_difference(kpis[2].to_numpy(), kpis[3].to_numpy())
    assert expected.n == 2, "two of its four runs failed"
    m = LABELS[IMPACT]
    row = drawn.frame[drawn.frame["Measure"].str.startswith(m.label)].iloc[0]
    assert row["Difference"] == m.difference_text(expected.mean)
    assert row["High (95 %)"] == m.difference_text(expected.high)
    assert row["Replications"] == 2
    np.testing.assert_allclose(drawn.figure.data[0].x, (kpis[3] - kpis[2]).dropna())


def test_failures_are_counted_with_their_reasons(server: Server) -> None:
    drawn = answer(server, "/sweeps", "failed", "mapped")
    assert "3 of 72 runs failed, for 2 reasons" in drawn.said
    assert drawn.frame.iloc[0].tolist()[:4] == ["TooMany: of something", 2, 1, 3]


def test_a_wrong_condition_is_a_message_on_the_page(server: Server) -> None:
    page = page_at("/sweeps")
    drawn = draw(server, page, page.panels[0], "mapped", {"where": "nothing > 3"}, False)
    assert "there is no column" in json.dumps(drawn.body.to_plotly_json(), default=str)


def test_the_download_holds_the_points_that_are_shown(results: Path, mapped: Path) -> None:
    server = Server(Settings((mapped,)))
    app = create_app(server)
    try:
        text = app.server.test_client().get(
            "/download/sweeps/points.csv?results=mapped&where=easy_access+%3E%3D+0.5%3B+system+%3D+balanced"
        )
        rows = pd.read_csv(io.StringIO(text.get_data(as_text=True).removeprefix("﻿")))
        assert len(rows) == 6
        assert set(rows["system"]) == {"balanced"}
    finally:
        server.close()


# --------------------------------------------------------------------------------------------- the figures


def points() -> pd.DataFrame:
    frame = pd.DataFrame(
        {"point": [0, 1, 2], "a": [1.0, 2.0, 3.0], "kind": ["y", "x", "y"], "m": [10.0, 20.0, 15.0]}
    )
    return frame.assign(m_low=frame["m"] - 1, m_high=frame["m"] + 2, a_low=frame["a"], a_high=frame["a"])


def test_lines_go_from_value_to_value_and_the_figure_says_between_which_ends() -> None:
    shown, best = np.array([True, True, False]), np.array([False, True, False])
    where = {"a": Condition(1.5, 2.0)}
    fig = lines_figure(points(), {"a": "A", "kind": "Kind", "m": "M"}, shown, best, "best", [2], where, False)
    out, rest, top, pin = fig.data
    assert list(top.x)[:3] == [0.5, 0.0, 1.0]
    assert list(rest.x)[:3] == [0.0, 1.0, 0.0]
    assert list(out.x)[:3] == list(pin.x) == [1.0, 1.0, 0.5]
    assert fig.layout.meta["rows"][0] == {"name": "a", "low": 1.0, "high": 3.0}
    assert fig.layout.meta["rows"][1]["words"] == ["x", "y"]
    assert (fig.layout.shapes[1].x0, fig.layout.shapes[1].x1) == (0.25, 0.5)


def test_of_very_many_points_few_are_drawn_evenly_picked() -> None:
    picked = evenly(np.arange(10_000), MOST_LINES)
    assert (len(picked), picked[0], picked[-1]) == (MOST_LINES, 0, 9999)
    assert np.ptp(np.diff(picked)) <= 1


def test_the_scatter_marks_the_front_with_its_intervals_and_the_pins() -> None:
    shown, front = np.array([True, False, True]), np.array([False, True, True])
    fig = scatter_figure(points(), "a", "m", ("A", "M"), shown, [1], front, {"m": Condition(low=12.0)}, False)
    by = {trace.name: trace for trace in fig.data}
    assert by["points"].customdata.tolist() == [0, 2]
    assert by["not shown"].customdata.tolist() == [1]
    assert by["beaten by none"].x.tolist() == [2.0, 3.0]
    assert by["beaten by none"].error_y.array.tolist() == [2.0, 2.0]
    assert (by["point 1"].x[0], by["point 1"].y[0]) == (2.0, 20.0)
    assert len({trace.marker.symbol for trace in fig.data}) == len(fig.data), "never by colour alone"
    assert fig.layout.meta == {"x": "a", "y": "m"}


def test_whiskers_are_the_intervals() -> None:
    frame = pd.DataFrame(
        {"what": ["p", "q"], "series": "s", "mean": [1.0, 2.0], "low": [0.5, np.nan], "high": [2.5, np.nan]}
    )
    (trace,) = whiskers_figure(frame, {"s": "S"}, "axis", False).data
    assert trace.error_x.array.tolist() == [1.5, 0.0]
    assert trace.error_x.arrayminus.tolist() == [0.5, 0.0]
    assert trace.text == ("p", "q")


def test_the_map_shows_unclear_cells_by_their_shape() -> None:
    cells = pd.DataFrame(
        {"x": [0.0, 1.0, 2.0], "y": 0.0, "preferred": ["a", "a", ""], "clear": [True, False, False]}
    )
    frontier = pd.DataFrame({"segment": [0, 0], "x": [0.5, 0.5], "y": [0.0, 1.0]})
    fig = plans_map(cells, frontier, ["a", "b"], ("X", "Y"), False)
    assert [trace.name for trace in fig.data] == ["a", "a, not clear", "not known", "preference changes"]
    assert fig.data[1].marker.symbol == f"{fig.data[0].marker.symbol}-open"


# --------------------------------------------------------------------------------------------- a sweep made here


def test_a_sweep_made_in_the_background_can_be_looked_at_when_it_is_complete(results: Path) -> None:
    words = ("system=blend", f"{DIAL}=0,1", "area=example_small", "history_years=0.5", "horizon_years=1")
    server = Server(Settings((results,), workers=1))
    try:
        key = server.jobs.start(SweepOrder((*words, "replications=2"), 1), "Run 1", "ann")
        assert server.kind(key) == "sweep"
        with pytest.raises(InputError, match="when all of its runs are done"):
            server.study(key)
        assert [k for k, _ in server.keys("ann")] == ["small"]
        end = time.monotonic() + 240
        while (job := server.jobs.look(key)).running and time.monotonic() < end:
            time.sleep(0.05)
        assert (job.state, job.done, job.total, job.problems) == ("done", 4, 4, [])
        swept = server.study(key)
        assert (swept.n, swept.replications, swept.title) == (2, 2, "Run 1")
        assert dict(server.keys("ann"))[key] == "Run 1"
        assert server.fitting(page_at("/sweeps"), "small", "ann")[0] == key
        assert not server.growing(key)
    finally:
        server.close()
    assert not job.folder.exists()


def test_a_sweep_that_is_cancelled_or_cannot_be_made_leaves_nothing_behind(results: Path) -> None:
    server = Server(Settings((results,), workers=1))
    try:
        wrong = server.jobs.start(SweepOrder(("area=nowhere",)), "wrong", "bob")
        long = server.jobs.start(SweepOrder(words_of("oldham", "20", "10"), 1), "long", "ann")
        assert server.jobs.cancel(long, "ann")
        job = server.jobs.look(long)
        assert job.state == "cancelled"
        assert not job.process.is_alive()
        assert not job.folder.exists()
        end = time.monotonic() + 60
        while (job := server.jobs.look(wrong)).running and time.monotonic() < end:
            time.sleep(0.05)
        assert job.state == "failed"
        with pytest.raises(InputError, match="nowhere"):
            server.study(wrong)
        assert not server.growing(wrong)
    finally:
        server.close()


def test_what_is_filled_in_wrong_is_told_at_once() -> None:
    assert words_of("oldham", "4", "2")[:2] == ("experiment=pick_and_mix", "area=oldham")
    with pytest.raises(InputError) as caught:
        words_of("files", "many", "11")
    assert len(caught.value.problems) == 3


def test_pairs_that_act_together_are_counted_by_the_intervals_that_hold_for_all_of_them(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = page_at("/pick-and-mix")
    panel = next(panel for panel in page.panels if panel.name == "effects")
    assert "Of 10 pairs, 1 do clearly" in draw(server, page, panel, "mixed", {"measure": IMPACT}, False).said
    rows = pick._rows

    def wide(look: Look) -> Any:
        found, frame = rows(look)
        return found, frame.assign(all_low=-1.0, all_high=1.0)

    monkeypatch.setattr(pick, "_rows", wide)
    assert "Of 10 pairs, 0 do clearly" in draw(server, page, panel, "mixed", {"measure": IMPACT}, False).said
