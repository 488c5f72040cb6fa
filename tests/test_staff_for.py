"""The least staff for a target is found where it is known, with an interval that holds the truth as often as it says."""

from __future__ import annotations

import json
import math

import numpy as np
import pandas as pd
import pytest
from configurations import composed
from hypothesis import given
from hypothesis import strategies as st
from stand_ins import SMALL, pretend

from experiments.cli import main
from experiments.planning.evaluations import Asked, evaluations
from experiments.planning.staff_for import values_for
from experiments.planning.staffing import cut_band_by_band, least_staff, scaled
from experiments.sweeps.ledger import read_runs
from experiments.sweeps.points import Point, config_of
from sim.area_building import build_area
from sim.checking import check
from sim.errors import InputError
from sim.workforce import establishment


def rising(noise: np.ndarray, slope: float = 1.0):
    """A measure whose mean is the logarithm of the staff, with the same luck at every number of staff."""
    return lambda multiple: slope * math.log(multiple) + noise


@pytest.mark.parametrize(("target", "answer"), [(0.0, 1.0), (0.7, math.exp(0.7)), (-1.0, math.exp(-1.0))])
def test_the_answer_is_where_the_measure_meets_the_target(target, answer):
    found = least_staff(rising(np.array([-0.1, 0.1, 0.0])), target, True, 0.25, 8.0, 0.01)
    assert answer <= found.multiple <= answer * 1.0101
    assert found.low < answer < found.high
    assert found.rises


def test_a_target_from_above_is_the_same_question_turned_round():
    noise = np.array([-0.1, 0.2, 0.0, 0.05])
    up = least_staff(rising(noise), 0.7, True, 0.25, 8.0, 0.01)
    down = least_staff(rising(-noise, -1.0), -0.7, False, 0.25, 8.0, 0.01)
    assert (up.multiple, up.low, up.high) == (down.multiple, down.low, down.high)


def test_the_interval_holds_the_true_answer_as_often_as_it_says():
    random = np.random.default_rng(3)
    held = 0
    for _ in range(600):
        found = least_staff(rising(random.normal(0, 0.3, 8)), 0.5, True, 0.1, 30.0, 0.002)
        held += found.low <= math.exp(0.5) * 1.001 and found.high >= math.exp(0.5)
    assert held / 600 == pytest.approx(0.95, abs=0.03)  # three standard errors are 0.027


@given(st.lists(st.floats(0.01, 2.0), min_size=1, max_size=4), st.floats(0.2, 3.0))
def test_cut_band_by_band_nobody_is_left_to_spare(weights, start):
    """Each band brings so much per multiple of it; the target is just what all of them bring at the start."""
    names = [f"band_{i}" for i in range(len(weights))]
    noise = np.array([-0.1, 0.1, 0.0])

    def measure(multiples):
        return sum(w * multiples[n] for w, n in zip(weights, names, strict=True)) + noise

    target, least, precision = 0.9 * start * sum(weights), 0.1, 0.01
    mix = cut_band_by_band(measure, names, start, target, True, least, precision)
    assert mix.measure.mean >= target
    for name, multiple in mix.multiples.items():
        assert least <= multiple <= start
        fewer = {**mix.multiples, name: multiple / (1 + 2 * precision)}
        assert multiple == least or measure(fewer).mean() < target + 1e-9


def test_a_band_that_brings_nothing_is_cut_to_the_least_that_is_tried():
    def measure(multiples):
        return multiples["useful"] + np.array([-0.1, 0.1])

    mix = cut_band_by_band(measure, ["idle", "useful"], 2.0, 1.5, True, 0.25, 0.01)
    assert mix.multiples["idle"] == 0.25
    assert 1.5 <= mix.multiples["useful"] <= 1.5 * 1.01


def test_what_is_out_of_reach_or_there_already_is_said():
    flat = rising(np.array([-0.01, 0.01]), 0.0)
    assert math.isinf(least_staff(flat, 1.0, True, 0.5, 2.0, 0.01).multiple)
    there = least_staff(flat, -1.0, True, 0.5, 2.0, 0.01)
    assert there.multiple == there.low == there.high == 0.5
    with pytest.raises(ValueError, match="defined in 1 replications"):
        least_staff(lambda m: np.array([1.0, np.nan]), 1.0, True, 0.5, 2.0, 0.01)


def test_a_measure_that_does_not_follow_the_staff_is_told():
    found = least_staff(lambda m: math.sin(3 * m) + np.array([-0.01, 0.01]), 0.99, True, 0.1, 4.0, 0.01)
    assert not found.rises


@pytest.mark.parametrize(
    ("quantity", "doubled"),
    [
        (3.0, 6.0),
        ("a", {"product": ["a", 2.0]}),
        ({"product": ["a", "b"]}, {"product": ["a", "b", 2.0]}),
        (
            {"old": 1.0, "new": "a", "dial": "impact"},
            {"old": 2.0, "new": {"product": ["a", 2.0]}, "dial": "impact"},
        ),
        (
            {"base": 1.0, "plus": {"impact": 0.5}, "minus": {}},
            {"base": 2.0, "plus": {"impact": 1.0}, "minus": {}},
        ),
    ],
)
def test_a_quantity_of_any_form_can_be_multiplied(quantity, doubled):
    assert scaled(quantity, 2.0) == doubled


def test_the_posts_of_a_configuration_are_multiplied_and_nothing_else():
    raw = composed(("system=balanced", "area=example_small"))
    config = check(raw)
    roles = [name for name, role in config.workforce.roles.items() if not role.in_place]
    tree = config.model_dump(mode="json")
    more = check(config_of(Point(0, (), values_for(config, dict.fromkeys(roles, 1.5)), ""), {(): tree}))
    children = build_area(config.area).children[:, :18, :].sum(axis=(1, 2))

    def posts(c):
        return establishment(c.workforce, children, children, 0.0, c.resolver()).sum(axis=0)

    own = np.array([name in roles for name in config.workforce.roles])
    assert posts(more)[own] == pytest.approx(1.5 * posts(config)[own], rel=1e-12)
    assert posts(more)[~own] == pytest.approx(posts(config)[~own])
    assert values_for(config, dict.fromkeys(roles, 1.0)) == {}


def test_the_command_answers_for_each_system_and_again_from_memory(tmp_path, capsys):
    words = [*SMALL, "system=gatekept,balanced", "replications=3", f"output={tmp_path / 'out'}"]
    question = ["target=first_useful_within_18_weeks_all_needs_share", "at_least=0.3"]
    question += ["multiple=0.5..4", "precision=0.2", "by=band"]
    status = main(["staff-for", *question, *words])
    out = capsys.readouterr().out
    assert status in (0, 1)
    staff = pd.read_parquet(tmp_path / "out/staff.parquet")
    assert set(staff["system"]) == {"gatekept", "balanced"}
    assert (staff["wte_needed"] / staff["wte_now"]).to_numpy() == pytest.approx(staff["multiple"].to_numpy())
    tried = pd.read_parquet(tmp_path / "out/tried.parquet")
    for system, part in tried.groupby("system"):
        multiple = staff.loc[staff["system"] == system, "multiple"].iloc[0]
        meets = part[part["mean"] >= 0.3]["multiple"]
        assert multiple == (meets.min() if len(meets) else math.inf)
        if status == 0:
            cut = staff.loc[staff["system"] == system]
            assert (cut["multiple_cut"] <= cut["multiple"]).all()
            assert cut["multiple_cut"].min() < multiple
    runs = read_runs(tmp_path / "out")
    assert len(runs.point) >= 3 * len(tried)
    assert len({*zip(runs.point.tolist(), runs.replication.tolist(), strict=True)}) == len(runs.point), (
        "every number of staff was simulated once"
    )
    assert not runs.failed.any()
    before = (tmp_path / "out/points.jsonl").read_text()
    assert main(["staff-for", *question, *words]) == status
    assert capsys.readouterr().out == out
    assert (tmp_path / "out/points.jsonl").read_text() == before
    assert main(["results", "describe", str(tmp_path / "out")]) == 0
    assert "Target: " in capsys.readouterr().out
    assert main(["staff-for", *question[:1], "at_least=0.4", *question[2:], *words]) == 2
    assert "value: 0.3 in the first, 0.4 in the second" in capsys.readouterr().err


def test_a_search_that_was_stopped_keeps_what_it_has(tmp_path, capsys):
    config = check(composed(("system=gatekept", "area=example_small")))
    asked = [Asked("gatekept", {"system.dials.easy_access": v}) for v in (0.25, 0.5)]

    def ask(which):
        with evaluations(
            tmp_path / "s", {"gatekept": config}, {"command": "x"}, ["x"], function=pretend
        ) as at:
            return at(which, range(3))["reach_share"]

    one = ask(asked[:1])
    with (tmp_path / "s/points.jsonl").open("a") as file:
        file.write('["gatekept", {"sys')  # killed while it wrote
    both = ask(asked)
    assert (both[0] == one[0]).all()
    assert both[1] - both[0] == pytest.approx(0.25)
    assert len(read_runs(tmp_path / "s").point) == 6
    assert main(["results", "list", str(tmp_path)]) == 0
    assert "6 runs so far" in capsys.readouterr().out
    lines = (tmp_path / "s/points.jsonl").read_text().splitlines()
    assert [json.loads(line)[1]["system.dials.easy_access"] for line in lines] == [0.25, 0.5]
    with (
        pytest.raises(InputError, match="holds another search"),
        evaluations(tmp_path / "s", {"gatekept": config}, {"command": "y"}, ["x"]),
    ):
        pass
    assert main(["results", "delete", str(tmp_path / "s"), "--yes"]) == 0
    assert not (tmp_path / "s").exists()


@pytest.mark.parametrize(
    ("words", "sentences"),
    [
        ([], ["needs target=MEASURE", "found neither"]),
        (
            ["target=reach_shar", "at_least=x"],
            ["did you mean 'reach_share'?", "at_least=x: must be a number"],
        ),
        (["target=reach_share", "at_least=80"], ["write 0.8 for 80 %"]),
        (
            ["target=reach_share", "at_least=0.8", "multiple=2..1", "roles=slt", "replications=1"],
            [
                "multiple=2..1: must be LOW..HIGH",
                "no band 'slt'",
                "replications=1: an interval needs at least 2",
            ],
        ),
    ],
)
def test_a_question_that_cannot_be_answered_is_refused_with_all_its_problems(capsys, words, sentences):
    assert main(["staff-for", "area=example_small", *words]) == 2
    err = capsys.readouterr().err
    for sentence in sentences:
        assert sentence in err
