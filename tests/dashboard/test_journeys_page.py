"""The page about one child draws the need that the child's difference comes from, near enough to see it."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from conftest import Served
from test_browser import choose, opened, settled

from dashboards.page import Look
from dashboards.pages.journeys import score_range, telling_need, trajectory
from dashboards.server import Server, Settings
from dashboards.studies.children import all_children, story
from sim.journey_choice import representative
from sim.journey_rules import NO_SERVICE


def told(rows: list[tuple[str, str, float, float]]) -> SimpleNamespace:
    columns = ["need", "system", "score_years", "score_years_no_service"]
    return SimpleNamespace(needs=pd.DataFrame(rows, columns=columns))


def test_of_several_needs_the_one_with_the_greatest_difference_is_drawn() -> None:
    both = told([("a", "x", 9.0, 1.0), ("a", "y", 9.1, 1.0), ("b", "x", 5.0, 5.0), ("b", "y", 4.0, 5.0)])
    assert telling_need(both, ["x", "y"]) == "b"
    alone = told([("a", "x", 9.0, 1.0), ("b", "x", 5.0, 5.0)])
    assert telling_need(alone, ["x"]) == "a"
    assert telling_need(told([("a", "x", 1.0, 1.0), ("b", "x", 2.0, 2.0)]), ["x"]) == "a"


@pytest.mark.parametrize("scores", [[2.4, 2.5], [0.0, 0.01], [5.0, 4.99], [0.0, 5.0], [1.0, 4.0]])
def test_the_part_of_the_scale_that_is_drawn_holds_all_scores_and_is_never_narrow(
    scores: list[float],
) -> None:
    low, high = score_range(pd.Series(scores))
    assert -0.05 <= low < min(scores)
    assert max(scores) < high <= 5.05
    assert high - low >= min(1.5, 5.1) - 1e-9


def test_the_child_who_is_harmed_most_is_seen_to_be_harmed(changed: Path) -> None:
    study = Server(Settings((changed,))).comparison("ways")
    child = representative(all_children(study), "harmed_most")
    journey = story(study, child)
    difference = all_children(study).set_index("child").loc[child, "difference"]
    values = {"pick": "harmed_most", "child": "", "kind": "any", "level": "any", "fifth": "any"}
    drawn = trajectory(Look(study, values, False))
    need = telling_need(journey, study.systems)
    own = journey.needs[journey.needs["need"] == need].set_index("system")["score_years"]
    lost = own[study.systems[-1]] - own[study.systems[0]]
    assert difference < 0
    assert lost <= difference / journey.needs["need"].nunique()  # at least its share of the child's loss
    lines = {trace.name: np.array(trace.y, float) for trace in drawn.figure.data}
    assert list(lines)[-1] == "No service"
    assert any(not np.array_equal(y, lines["No service"]) for y in lines.values())
    path = journey.trajectory[
        (journey.trajectory["need"] == need) & (journey.trajectory["system"] == NO_SERVICE)
    ]
    np.testing.assert_array_equal(lines["No service"], path["score"])


def test_a_child_is_chosen_followed_and_taken_away_as_a_file(dashboard: Served, browser: object) -> None:
    with opened(browser, dashboard.url + "/journeys") as tab:
        settled(tab)
        tab.wait_for_selector("#journeys-trajectory-figure .main-svg")
        read = "document.querySelector('#journeys-trajectory-figure .js-plotly-plot').calcdata.map(t => t.map(p => p.y))"
        before = tab.evaluate(read)
        choose(tab, "journeys", "pick", "Helped most")
        tab.wait_for_function(f"before => JSON.stringify({read}) !== JSON.stringify(before)", arg=before)
        settled(tab)
        assert "pick=helped_most" in tab.url
        scores = tab.evaluate(read)
        with tab.expect_download() as waiting:
            tab.locator("#journeys-trajectory-download").click()
        rows = pd.read_csv(waiting.value.path(), encoding="utf-8-sig")
        assert {round(y, 6) for line in scores for y in line} <= set(rows["Score"].round(6))
        marked = tab.locator("#journeys-everybody-said").inner_text()
        assert "does better than 100% of them" in marked or "does better than 99% of them" in marked
