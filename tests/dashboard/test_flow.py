"""Needs that move through a system are neither lost nor made on the way."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from conftest import Served
from test_browser import choose, opened

from dashboards.studies.flow import (
    NOT_BEGUN,
    OUTSIDE_OFFERS,
    TOO_OLD,
    Flow,
    Where,
    counted,
    flow_frame,
    followed,
    for_the_browser,
)
from experiments.composing.compose import load_config
from sim.config import Config
from sim.kernel.state import WEEKLY_MEASURES
from sim.run import simulate

WORDS = ["area=example_small", "history_years=1", "horizon_years=0.5"]


def configs() -> dict[str, Config]:
    return {
        "gatekept": load_config(["system=gatekept", *WORDS]),
        "parallel": load_config(["transition=parallel", *WORDS]),
    }


@pytest.fixture(scope="module")
def flows() -> dict[str, tuple[Config, Flow]]:
    return {name: (config, counted(*followed(config, 11))) for name, config in configs().items()}


def test_what_leaves_a_place_enters_another(flows: dict[str, tuple[Config, Flow]]) -> None:
    for _, flow in flows.values():
        assert len(flow.moves) == len(flow.weeks) - 1 == 26
        for i, moves in enumerate(flow.moves):
            out = np.bincount(moves[:, 0], moves[:, 2], len(flow.places))
            into = np.bincount(moves[:, 1], moves[:, 2], len(flow.places))
            assert out.sum() == into.sum()
            np.testing.assert_array_equal(flow.stock[i] - out + into, flow.stock[i + 1])
        assert len(set(flow.stock.sum(axis=1))) == 1
        assert sum(len(moves) for moves in flow.moves) > 50


def test_nobody_begins_twice_and_nobody_grows_young_again(flows: dict[str, tuple[Config, Flow]]) -> None:
    for _, flow in flows.values():
        for moves in flow.moves:
            assert not (moves[:, 1] == NOT_BEGUN).any()
            assert not (moves[:, 0] == TOO_OLD).any()


def test_places_hold_as_many_as_a_run_that_nobody_looks_at_counts(
    flows: dict[str, tuple[Config, Flow]],
) -> None:
    for config, flow in flows.values():
        run = simulate(config, 11)
        t = run.tables["weekly"]
        first = -(-run.decision_day // 7)

        def by_week(measure: str, t: object = t, first: int = first, n: int = len(flow.weeks)) -> np.ndarray:
            rows = t["measure"] == WEEKLY_MEASURES.index(measure)  # type: ignore[index]
            sums = np.bincount(t["week"][rows], t["value"][rows], first + n)  # type: ignore[index]
            return sums[first - 1 : first - 1 + n]

        np.testing.assert_array_equal(flow.in_services, by_week("in_contact"))
        began = [moves[moves[:, 0] == NOT_BEGUN][:, 2].sum() for moves in flow.moves]
        np.testing.assert_array_equal(began, by_week("onsets")[1:])
        waiting = run.tables["waiting"]
        lists = np.bincount(waiting["week"], waiting["size"], first + len(flow.weeks))
        ours = flow.stock[:, [place.column == 2 for place in flow.places]].sum(axis=1)
        assert (ours <= lists[first - 1 : first - 1 + len(flow.weeks)]).all()  # some needs are on two lists
        assert ours.max() > 0


def test_where_two_systems_have_an_offer_of_one_title_it_is_said_whose_it_is(
    flows: dict[str, tuple[Config, Flow]],
) -> None:
    for _, flow in flows.values():
        used = [place for place, n in zip(flow.places, flow.stock.sum(axis=0), strict=True) if n]
        assert len(set(used)) == len(used)
    titles = [place.title for place in flows["parallel"][1].places]
    assert any(title.endswith("(new system)") for title in titles)
    assert not any(title.endswith("system)") for title in (p.title for p in flows["gatekept"][1].places))


def test_four_weeks_are_four_times_a_week() -> None:
    places = (Where("a", 0), Where("b", 2), Where("c", 4))
    at = np.array([[0, 0, 1], [1, 0, 1], [1, 0, 2], [0, 0, 2], [0, 1, 2]])
    flow = counted((*OUTSIDE_OFFERS, *places), at + 10, every=2)
    assert flow.weeks.tolist() == [0, 2, 4]
    assert flow.stock[:, 10:].tolist() == [[2, 1, 0], [1, 1, 1], [1, 1, 1]]
    assert [moves.tolist() for moves in flow.moves] == [
        [[10, 11, 1], [11, 12, 1]],
        [[10, 11, 1], [11, 10, 1]],
    ]
    assert flow_frame(flow).to_numpy().tolist()[0] == [0, 2, "a", "Waiting: b", 1]
    shown = for_the_browser(flow)
    assert [place["title"] for place in shown["places"]] == ["a", "b", "c"]
    assert shown["moves"][1] == [[0, 1, 1], [1, 0, 1]]


def test_needs_are_moved_step_by_step_played_and_paused_and_stand_still_for_who_wants_no_motion(
    dashboard: Served, browser: Any
) -> None:
    with opened(browser, dashboard.url + "/journeys?system=gatekept") as tab:
        tab.wait_for_selector(".flow-place")
        assert tab.locator(".flow-when").inner_text() == "When counting begins"
        numbers = "[...document.querySelectorAll('.flow-count')].map(e => e.textContent).join()"
        before = tab.evaluate(numbers)
        tab.get_by_role("button", name="One step on").click()
        assert tab.locator(".flow-when").inner_text() == "Weeks 1 to 4 counted"
        assert tab.evaluate(numbers) != before
        assert "needs move" in tab.locator(".flow-said").inner_text()
        tab.locator(".flow-slider").focus()
        tab.keyboard.press("End")
        assert "101 to 104" in tab.locator(".flow-when").inner_text()
        tab.keyboard.press("Home")
        assert tab.evaluate(numbers) == before
        tab.get_by_role("button", name="Play").click()
        tab.wait_for_function("document.querySelectorAll('.flow-dots circle').length > 0")
        tab.get_by_role("button", name="Pause").click()
        assert tab.locator(".flow-dots circle").count() == 0
        tab.emulate_media(reduced_motion="reduce")
        choose(tab, "journeys", "system", "Balanced System")
        tab.wait_for_function("document.querySelector('.flow').textContent.includes('Drop-in')")
        assert not tab.get_by_role("button", name="Play").is_visible()
        tab.get_by_role("button", name="One step on").click()
        assert "Weeks 1 to 4" in tab.locator(".flow-when").inner_text()
