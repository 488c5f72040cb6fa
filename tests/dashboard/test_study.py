"""What the dashboard shows is what the commands wrote: read back, grown, and told in words."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from dashboards.app import draw
from dashboards.background.scenario import Scenario, as_yaml, configs, every_row
from dashboards.command import run
from dashboards.navigation import PAGES
from dashboards.page import Drawn, Look, cell, chosen
from dashboards.pages.equity import ON_MAP
from dashboards.pages.impact import scorecard
from dashboards.pages.overview import pair, pairs
from dashboards.server import Server, Settings
from dashboards.studies.study import Study, read_study
from dashboards.studies.words import cards
from experiments.cli import main
from experiments.composing.compose import load_plans
from sim.errors import InputError
from sim.measures import LABELS, summary
from sim.measures.views import views
from sim.run import simulate


@pytest.fixture(scope="module")
def server(results: Path) -> Server:
    return Server(Settings((results,)))


def test_numbers_are_those_of_the_comparison_the_command_wrote(results: Path) -> None:
    pd.testing.assert_frame_equal(
        read_study("x", results).comparison, pd.read_parquet(results / "comparison.parquet")
    )


def test_cards_and_scorecard_tell_the_numbers_of_the_command(server: Server, results: Path) -> None:
    written = pd.read_parquet(results / "comparison.parquet").set_index("measure")
    study = server.study(None)
    found = cards(study, "gatekept", "balanced")
    assert {c.measure for c in found} >= {"impact_significant_share", "reach_share"}
    for c in found:
        m, row = LABELS[c.measure], written.loc[c.measure]
        means = [
            m.text(row[which]).removesuffix("%").removesuffix(" pp")
            for which in ("reference_mean", "other_mean")
        ]
        assert [c.before, c.after] == means
        assert all(mean in c.sentence for mean in means if mean != "–")
        if row["n"] > 1:
            assert f"{m.difference_text(row['low']).removesuffix(' pp')} to " in c.interval
        elif row["n"] == 1:
            assert "one replication of 3" in c.interval
        if row["n"]:
            assert c.verdict[2:].lower() == row["in_words"]
        else:
            assert m.undefined in c.sentence
            assert c.verdict == "● Cannot be compared"
    undefined = [c for c in found if "–" in (c.before, c.after)]
    for c in undefined:
        has, lacks = (c.before, 1) if c.after == "–" else (c.after, 0)
        assert has in c.big[lacks], "the number stands in the other system's place"
        assert LABELS[c.measure].undefined in c.big[1 - lacks]
    page = next(p for p in PAGES if p.name == "impact")
    panel = next(p for p in page.panels if p.name == "scorecard")
    frame = draw(server, page, panel, "small", {}, False).frame
    shown = frame[frame["Measure"] == LABELS["reach_share"].label].iloc[0]
    assert shown["Difference"] == LABELS["reach_share"].difference_text(
        written.loc["reach_share", "difference"]
    )
    assert shown["In words"] == written.loc["reach_share", "in_words"]


def test_of_three_systems_each_pair_has_its_own_numbers_and_no_service_is_not_what_others_are_first_set_against(
    server: Server, results: Path
) -> None:
    two = server.study(None)
    assert isinstance(two, Study)
    gate, open_ = (two.done.summaries[name] for name in ("gatekept", "balanced"))
    nothing = {name: 0.0 * values for name, values in gate.items()}
    done = replace(two.done, summaries={"nothing": nothing, "gatekept": gate, "balanced": open_})
    alone = two.configs["gatekept"].model_copy(
        update={
            "system": two.configs["gatekept"].system.model_copy(
                update={"name": "no_service", "title": "None"}
            )
        }
    )
    three = replace(two, configs={"nothing": alone, **two.configs}, done=done)
    assert [value for value, _ in pairs(three)] == ["gatekept:balanced", "gatekept", "balanced"]
    assert pair(three, "gatekept:balanced") == ("gatekept", "balanced")
    assert pair(three, "balanced") == ("nothing", "balanced")
    assert cards(three, "gatekept", "balanced") == cards(two, "gatekept", "balanced")
    reach = next(c for c in cards(three, "nothing", "balanced") if c.measure == "reach_share")
    assert reach.before == "0.0"
    frame = scorecard(Look(three, {}, False)).frame
    shown = frame[frame["Measure"] == LABELS["reach_share"].label].iloc[0]
    m, title = LABELS["reach_share"], three.system_title("balanced")
    assert shown[f"Difference: {title}"] == m.difference_text(float(open_["reach_share"].mean()))


def test_small_tables_are_those_of_every_replication_and_of_a_folder_without_them_worked_out_again(
    results: Path, tmp_path: Path
) -> None:
    from dashboards.studies.stored import read_run

    study = read_study("x", results)
    facts = json.loads((results / "provenance.json").read_text())
    seeds, n_places = facts["replication_seeds"], len(study.area.place_name)
    assert len(seeds) == 3
    for name, config in study.configs.items():
        for replication, seed in enumerate(seeds):
            run_now = simulate(config, seed)
            for table, columns in views(run_now, n_places).items():
                if table == "places":
                    continue  # see test_views.py
                kept = study.view(table, [name])
                rows = kept[kept["replication"] == replication].drop(columns=["system", "replication"])
                pd.testing.assert_frame_equal(
                    rows.reset_index(drop=True), pd.DataFrame(columns), check_dtype=False
                )
        first = simulate(config, seeds[0])
        stored = read_run(results / "runs" / name / "replication-000", config, study.area)
        assert summary(stored) == pytest.approx(first.summary(), nan_ok=True)
    old = tmp_path / "old"
    shutil.copytree(results, old)
    shutil.rmtree(old / "views")
    again = read_study("old", old)
    for table in ("lists", "waited", "outcomes", "quintiles", "ledger_lines"):
        kept, found = study.view(table), again.view(table)
        expected = kept[kept["replication"] == 0].reset_index(drop=True)
        pd.testing.assert_frame_equal(found, expected, check_dtype=False)


def test_pictures_show_how_far_the_replications_of_a_folder_lie_apart(server: Server) -> None:
    def frame(page_name: str, panel_name: str, **values: str) -> pd.DataFrame:
        page = next(p for p in PAGES if p.name == page_name)
        panel = next(p for p in page.panels if p.name == panel_name)
        return draw(server, page, panel, "small", values, False).frame

    lists = frame("waits", "lists")
    assert (lists["Replications"] == 3).all()
    assert (lists["High (95 %)"] > lists["Low (5 %)"]).any()
    fifths = frame("equity", "quintiles")
    assert (fifths["Replications"] == 3).all()
    assert (fifths["High (95 %)"] > fifths["Mean (share)"]).any()


def test_the_map_follows_measure_and_week(server: Server) -> None:
    page = next(p for p in PAGES if p.name == "equity")
    panel = next(p for p in page.panels if p.name == "map")
    study = server.study(None)
    last = int(study.view("places")["week"].max())

    def drawn(**values: str) -> Drawn:
        return draw(server, page, panel, "small", values, False)

    early, late = drawn(week="4"), drawn(week=str(last))
    assert "at the end of week 4:" in early.said
    assert f"at the end of week {last}:" in drawn().said, "the end is shown first"
    assert early.frame["Useful support"].sum() < late.frame["Useful support"].sum()
    places = study.view("places", [study.systems[-1]])
    rows = places[places["week"] == last]
    assert f"{rows['useful'].sum() / rows['needs'].sum():.0%} of needs" in late.said
    for shown in ON_MAP:
        found = drawn(shown=shown, week="30")
        assert found.figure is not None, found.body
        values = [v for trace in found.figure.data for v in trace.customdata[:, 1]]
        whole = [v for trace in found.figure.data for v in trace.customdata[:, 0]]
        expected = places[places["week"] == (30 if not ON_MAP[shown].at_end else last)]
        part = expected[ON_MAP[shown].part].sum()
        assert float(np.dot(values, whole)) == pytest.approx(part), shown


def test_every_panel_of_every_page_answers_with_numbers_and_without_a_problem(server: Server) -> None:
    study = server.study(None)
    for page in (p for p in PAGES if p.of == "comparison"):
        if page.lacks is not None:
            continue  # these results are none of ways to change; see test_change_page.py
        for panel in page.panels:
            if page.name == "journeys":
                continue  # simulates; looked at in the browser
            for dark in (False, True):
                drawn = draw(server, page, panel, "small", {}, dark)
                assert "problem" not in str(drawn.body), (page.name, panel.name, drawn.body)
                assert len(drawn.frame), (page.name, panel.name)
                if drawn.figure is not None:
                    assert len(drawn.figure.data), (page.name, panel.name)
        for control in page.controls:
            assert control.typed or chosen(control, study, {control.name: "no such"}), control.name


def test_a_control_changes_what_a_panel_shows(server: Server) -> None:
    page = next(p for p in PAGES if p.name == "waits")
    panel = page.panels[0]
    useful = draw(server, page, panel, "small", {"wait": "useful"}, False)
    recorded = draw(server, page, panel, "small", {"wait": "recorded"}, False)
    assert not useful.frame.equals(recorded.frame)


def test_results_without_full_tables_still_show_headlines_and_say_what_is_missing(
    results: Path, tmp_path: Path
) -> None:
    thin = tmp_path / "thin"
    shutil.copytree(results, thin)
    for kept in ("runs", "views"):
        shutil.rmtree(thin / kept)
    server = Server(Settings((thin,)))
    overview, waits = (next(p for p in PAGES if p.name == n) for n in ("overview", "waits"))
    assert len(draw(server, overview, overview.panels[0], "thin", {}, False).frame)
    assert "full tables" in str(draw(server, waits, waits.panels[0], "thin", {}, False).body)


def test_results_of_another_version_are_refused_with_what_to_do(results: Path, tmp_path: Path) -> None:
    old = tmp_path / "old"
    shutil.copytree(results, old)
    frame = pd.read_parquet(old / "summaries.parquet").drop(columns=["reach_share"])
    frame.to_parquet(old / "summaries.parquet")
    with pytest.raises(InputError, match=r"another version.*reach_share.*run its command again"):
        read_study("old", old)


def test_results_that_are_not_there_are_told_with_what_to_do(server: Server) -> None:
    with pytest.raises(InputError, match="Choose other results"):
        server.study("run-000000000000")


@pytest.mark.parametrize(
    ("folders", "port", "said"),
    [
        (["nowhere"], None, "nowhere: there is no such folder"),
        (["."], None, "holds no results"),
        ([], "eighty", "--port eighty: must be a whole number"),
    ],
)
def test_the_command_refuses_what_it_cannot_open(
    folders: list[str], port: str | None, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match=said):
        run(folders, port)


def test_a_what_if_is_each_system_as_it_is_and_as_changed_and_nothing_else_differs() -> None:
    scenario = Scenario(
        ("gatekept", "balanced"), {"area": "example_small", "replications": "2"}, {"vacancy_share": 0.3}
    )
    found = configs(scenario)
    assert list(found) == ["gatekept", "gatekept, changed", "balanced", "balanced, changed"]
    for name in ("gatekept", "balanced"):
        before, after = found[name].model_dump(), found[f"{name}, changed"].model_dump()
        assert after["evidence"]["vacancy_share"].pop("value") == 0.3
        assert before["evidence"]["vacancy_share"].pop("value") != 0.3
        assert before == after


def test_a_what_if_saved_as_a_file_is_what_the_command_line_runs(tmp_path: Path) -> None:
    scenario = Scenario(
        ("gatekept", "balanced"),
        {"area": "example_small", "replications": "4", "horizon_years": "1.5", "seed": "7"},
        {"vacancy_share": 0.3},
    )
    (tmp_path / "experiment").mkdir()
    (tmp_path / "experiment" / "mine.yaml").write_text(as_yaml(scenario, "mine"))
    typed, shown = load_plans(["experiment=mine"], tmp_path), configs(scenario)
    assert list(typed) == ["gatekept", "gatekept_changed", "balanced", "balanced_changed"]
    assert list(typed.values()) == list(shown.values())


def test_ways_to_change_saved_as_a_file_are_accepted_and_are_what_was_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    scenario = Scenario(
        ("gatekept", "blend"),
        {"area": "example_small", "replications": "2", "conditions": "typical", "erosion": "typical"},
        {"transition_dip_weeks": 30.0},
        {"impact": 1.0},
        ways=("phased", "parallel"),
        levels={"families": 0.25},
        choices={"waiting": "invite", "groups": 3.0},
    )
    shown = configs(scenario)
    assert list(shown) == ["none", "phased", "parallel"]
    assert shown["none"].transition.name == "none"
    phased = shown["phased"]
    assert (phased.transition.groups, phased.transition.waiting) == (3, "invite")
    assert (phased.transition.to.dials.impact, phased.system.dials.impact) == (1.0, 0.0)
    assert (phased.conditions.families, phased.conditions.practitioners) == (0.25, 0.6)
    assert shown["parallel"].erosion.name == "typical"
    assert shown["parallel"].evidence["transition_dip_weeks"].value == 30.0
    (tmp_path / "experiment").mkdir()
    (tmp_path / "experiment" / "mine.yaml").write_text(as_yaml(scenario, "mine"))
    assert load_plans(["experiment=mine"], tmp_path) == shown
    assert main(["validate", "--config-dir", str(tmp_path), "experiment=mine"]) == 0
    assert capsys.readouterr().out.startswith("OK")


def test_a_change_needs_two_systems_and_its_choices_a_way_that_has_them() -> None:
    with pytest.raises(InputError) as caught:
        configs(Scenario(("gatekept",), {"replications": "2"}, ways=("big_bang",), choices={"groups": 50.0}))
    told = "\n".join(caught.value.problems)
    for part in ("choose two systems", "only phased has it", "allowed here is 2 to 20"):
        assert part in told
    with pytest.raises(InputError, match="act on a change only"):
        configs(Scenario(("gatekept", "balanced"), {"replications": "2"}, levels={"families": 0.5}))


def test_what_a_what_if_cannot_do_is_told_all_at_once() -> None:
    row = every_row()["vacancy_share"]
    with pytest.raises(InputError) as caught:
        configs(Scenario((), {"replications": "many"}, {"vacancy_share": row.high + 1}, {"impact": 2.0}))
    told = "\n".join(caught.value.problems)
    for part in ("at least one system", "whole number from 1", "its evidence allows", "from 0 to 1"):
        assert part in told
    with pytest.raises(InputError, match="letters, digits"):
        as_yaml(Scenario(("gatekept",), {}), "../up")


@pytest.mark.parametrize(
    ("value", "text"), [(-0.0001, "0"), (-0.5, "−0.5"), (-1234.0, "−1,234"), (float("nan"), "–"), (-3, "−3")]
)
def test_numbers_in_tables_have_a_minus_and_nought_has_none(value: float, text: str) -> None:
    assert cell(value) == text
