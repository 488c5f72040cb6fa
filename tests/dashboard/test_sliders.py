"""Sliders on Getting there: what can be moved, what it does, and that an answer is the engine's own, paired by seed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from conftest import Served
from test_browser import opened, settled, violations
from test_jobs import wait_until

from dashboards.background import live
from dashboards.background.jobs import Jobs
from dashboards.background.work import Order, Part
from dashboards.sliders import frames
from dashboards.studies.study import Study, read_study
from experiments.comparing.change import with_gains
from experiments.composing.compose import load_plans
from experiments.running.replicate import replication_seed
from sim.conditions import CONDITIONS
from sim.errors import InputError
from sim.measures.change import change_of
from sim.measures.course import course_of
from sim.measures.impact import significant_step
from sim.run import simulate

MOVED = {"condition:practitioners": 0.2, "row:transition_productivity_dip_share": 0.3}


@pytest.fixture(scope="module")
def study(changed: Path) -> Study:
    return read_study("ways", changed)


@pytest.fixture(scope="module")
def order(study: Study) -> Order:
    return live.order(study, "parallel", MOVED, 2, 1, 0.0)


@pytest.fixture(scope="module")
def parts(order: Order) -> list[Part]:
    return [
        Part(name, r, {}, {}, course_of(simulate(config, replication_seed(order.seed, r))), 10.0 + r)
        for r in range(order.replications)
        for name, config in order.configs.items()
    ]


def test_what_can_be_moved_are_the_conditions_and_the_open_numbers_of_that_way_to_change(
    study: Study,
) -> None:
    found = {s.key: s for s in live.settings(study.configs["parallel"])}
    assert [f"condition:{name}" for name in CONDITIONS] == list(found)[: len(CONDITIONS)]
    minutes = found["row:transition_switching_minutes"]
    row = study.configs["parallel"].evidence["transition_switching_minutes"]
    assert (minutes.value, minutes.low, minutes.high, minutes.grade) == (
        row.value,
        row.low,
        row.high,
        row.grade,
    )
    assert minutes.source == row.source
    assert all(s.low <= s.value <= s.high and s.step <= (s.high - s.low) / 19 for s in found.values())
    assert "row:transition_switching_minutes" not in {s.key for s in live.settings(study.configs["big_bang"])}
    assert live.settings(study.configs["none"]) == []


def test_settings_in_an_address_are_read_and_every_wrong_one_is_told(study: Study) -> None:
    config = study.configs["parallel"]
    text = "practitioners:0.2,transition_productivity_dip_share:0.3,families:1"
    assert live.read_settings(text, config) == MOVED
    with pytest.raises(InputError) as caught:
        live.read_settings("families:2,nonsense:1,transition_dip_weeks:many", config)
    assert len(caught.value.problems) == 3
    assert "0 to 1" in caught.value.problems[0]


def test_the_answer_is_what_the_command_line_gives_for_the_same_settings_and_seeds(
    order: Order, parts: list[Part], changed: Path
) -> None:
    found = live.answer(order, parts, 9.0)
    assert found is not None
    words = ["area=example_small", "history_years=1", "horizon_years=2", "transition=none,parallel"]
    typed = with_gains(load_plans([*words, *live.as_words(live.moved_in(order))]))
    numbers = []
    for r in range(2):
        stay, plan = (
            course_of(simulate(typed[name], replication_seed(1, r))) for name in ("none", "parallel")
        )
        numbers.append(change_of(stay, plan, significant_step(typed["none"])).numbers)
    loaded = pd.read_parquet(changed / "change.parquet").set_index(["plan", "measure"]).loc["parallel"]
    for row in found.rows:
        values = [n[row.measure] for n in numbers]
        if np.isfinite(values).all():
            assert row.moved.mean == pytest.approx(np.mean(values)), row.measure
            if loaded.loc[row.measure, "n"] == 2:
                # the results loaded have the same two seeds, so the difference is from exactly what they say
                apart = np.mean(values) - loaded.loc[row.measure, "mean"]
                assert row.difference.mean == pytest.approx(apart), row.measure
    gained = next(row for row in found.rows if row.measure == "point_years")
    assert gained.difference.mean < 0, "reluctant practitioners and a deep dip cost nothing"
    assert found.course["value"].iloc[-1] == pytest.approx(gained.moved.mean)
    assert found.seconds == pytest.approx(1.0)
    shown, numbers_of_file = frames(found)
    assert len(shown) == len(numbers_of_file) == len(live.TOLD)
    for row in found.rows:
        if {row.moved.n, row.loaded.n, row.difference.n} == {2}:
            assert row.moved.mean - row.loaded.mean == pytest.approx(row.difference.mean), row.measure


def test_one_replication_answers_without_claiming_an_interval(order: Order, parts: list[Part]) -> None:
    stay, moved, _ = order.configs
    assert live.answer(order, [p for p in parts if p.system == moved], 9.0) is None
    found = live.answer(order, [p for p in parts if p.replication == 0 and p.system in (stay, moved)], 9.0)
    assert found is not None
    assert (found.n, found.paired) == (1, 0)
    assert all(
        np.isnan(row.moved.low) and live.in_words(row) == "not defined with both" for row in found.rows
    )


def test_simulations_at_hand_are_not_made_again(order: Order, parts: list[Part], study: Study) -> None:
    kept = live.Kept()
    kept.add(order, parts)
    assert len(kept.of(order)) == 6
    other = live.order(study, "parallel", {"condition:families": 0.5}, 3, 1, 0.0)
    assert {(p.system, p.replication) for p in kept.of(other)} == {
        (name, r) for name in ("none", "parallel") for r in range(2)
    }


def test_a_slider_s_run_gives_way_to_the_next_and_is_no_results_to_choose(
    order: Order, parts: list[Part]
) -> None:
    from dataclasses import replace

    jobs = Jobs()
    try:
        slow = replace(order, replications=200, slow_down=0.05)
        first = jobs.start(slow, "first", "ann", quiet=True)
        process = jobs.look(first).process
        second = jobs.start(
            replace(order, known=frozenset((p.system, p.replication) for p in parts)),
            "second",
            "ann",
            True,
            parts,
        )
        assert jobs.look(first).state == "cancelled"
        assert not process.is_alive()
        assert jobs.of("ann") == []
        wait_until(lambda: not jobs.look(second).running)
        assert jobs.look(second).state == "done"
        assert len(jobs.look(second).parts) == 6
    finally:
        jobs.close()


def test_a_slider_that_is_let_go_is_answered_stands_in_the_address_and_can_be_put_back(
    dashboard_of_ways: Served, browser: Any
) -> None:
    with opened(browser, dashboard_of_ways.url + "/change?way=parallel&times=1") as tab:
        settled(tab)
        slider = tab.locator("#slide-operational_planning")
        slider.focus()
        for _ in range(3):
            tab.keyboard.press("ArrowLeft")
        tab.wait_for_selector("#live-figure .main-svg")
        tab.wait_for_selector("text=Live engine, 1 of 1 replications; first results")
        assert "operational_planning%3A0.97" in tab.url
        tab.wait_for_selector("#live-answer :text('one replication: cannot tell')")
        assert violations(tab) == []
        tab.locator("#live-reset").click()
        tab.wait_for_selector("text=Nothing is moved")
        assert "operational_planning" not in tab.url
        assert tab.locator("#slide-operational_planning").input_value() == "1"
