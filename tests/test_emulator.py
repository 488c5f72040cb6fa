"""An emulator foretells what was not simulated, knows how well it does, and does not speak of what it has not seen."""

from __future__ import annotations

import math
import time
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import qmc
from stand_ins import EASY, plan, pretend

from experiments.cli import main
from experiments.sensitivity.emulator import Emulator, from_sweep, train
from experiments.sweeps.sweep import run_sweep
from sim.errors import InputError
from sim.measures import LABELS

RANGES = {"a": (0.0, 2.0), "b": (-1.0, 1.0), "idle": (5.0, 6.0)}


def surface(a: float, b: float) -> float:
    return math.sin(1.5 * a) + a * b


def sample(n: int, seed: int = 1) -> list[dict[str, float]]:
    shares = qmc.LatinHypercube(3, rng=np.random.default_rng(seed)).random(n)
    ends = np.array(list(RANGES.values()))
    return [
        dict(zip(RANGES, row, strict=True))
        for row in (ends[:, 0] + shares * (ends[:, 1] - ends[:, 0])).tolist()
    ]


def learned(noise: float = 0.0, n: int = 60, measure: str = "reach_share") -> Emulator:
    rows = sample(n)
    luck = np.random.default_rng(2).normal(0, noise, n)
    return train(rows, measure, np.array([surface(r["a"], r["b"]) for r in rows]) + luck)


@pytest.fixture(scope="module")
def exact() -> Emulator:
    return learned()


def test_an_analytic_surface_is_foretold_between_its_points(exact):
    rows = [r for r in sample(300, 7) if not exact.box.problems(r)]
    assert len(rows) > 200
    truth = np.array([surface(r["a"], r["b"]) for r in rows])
    assert np.abs(exact.many(rows)[0] - truth).max() < 0.05
    assert exact.held_out.r2 > 0.999
    assert exact(rows[0])[0] == pytest.approx(exact.many(rows)[0][0])


def test_the_error_on_points_held_out_is_that_on_new_points():
    noisy = learned(noise=0.2)
    rows = [r for r in sample(2000, 9) if not noisy.box.problems(r)]
    truth = np.array([surface(r["a"], r["b"]) for r in rows])
    fresh = truth + np.random.default_rng(5).normal(0, 0.2, len(rows))
    mean, low, high = noisy.many(rows)
    assert noisy.held_out.rmse == pytest.approx(np.sqrt(np.mean((mean - fresh) ** 2)), rel=0.35)
    assert 0.85 <= noisy.held_out.covered <= 1
    # the interval is that of the surface, not of what one more simulation would give
    assert np.mean((low <= truth) & (truth <= high)) > 0.8
    assert np.mean((low <= fresh) & (fresh <= high)) < 0.7


def test_nothing_is_learned_where_there_is_nothing_to_learn():
    rows = sample(40)
    only_luck = train(rows, "reach_share", np.random.default_rng(3).normal(0, 1, 40))
    assert only_luck.held_out.r2 < 0.2


def test_waits_are_learned_in_their_logarithm_and_never_come_out_below_nought():
    rows = sample(40)
    waits = np.array([math.exp(3 * (r["a"] - 1)) for r in rows])
    found = train(rows, "recorded_wait_mean_weeks", waits)
    mean, low, _ = found.many(rows)
    assert (low > 0).all()
    assert mean == pytest.approx(waits, rel=0.05)
    plain = train(rows, "reach_share", waits)
    assert found.held_out.rmse < plain.held_out.rmse


@pytest.mark.parametrize(
    ("values", "sentences"),
    [
        ({"a": 2.5, "b": 0.0, "idle": 5.5}, ["a = 2.5: outside what was simulated"]),
        ({"a": 1.0, "b": -1.2, "idle": 7.0}, ["b = -1.2: outside", "idle = 7: outside"]),
        ({"a": 1.0, "b": 0.0}, ["idle: missing; the sweep covers"]),
        (
            {"a": math.nan, "b": True, "idle": 5.5},
            ["a = nan: must be a number", "b = True: must be a number"],
        ),
        ({"a": 1.0, "b": 0.0, "idle": 5.5, "c": 1}, ["c: not varied in this sweep; varied are a, b, idle"]),
    ],
)
def test_nothing_is_said_about_what_lies_outside(exact, values, sentences):
    with pytest.raises(InputError) as caught:
        exact(values)
    assert len(caught.value.problems) == len(sentences)
    assert all(s in p for s, p in zip(sentences, caught.value.problems, strict=True))
    with pytest.raises(InputError, match="row 1: "):
        exact.many([{"a": 1.0, "b": 0.0, "idle": 5.5}, values])


def test_too_little_or_undefined_is_refused():
    with pytest.raises(InputError, match="5 points; an emulator needs at least 12"):
        train(sample(5), "reach_share", np.zeros(5))
    with pytest.raises(InputError, match="not defined at 1 of 20 points"):
        train(sample(20), "reach_share", np.array([math.nan, *range(19)]))
    with pytest.raises(InputError, match="nothing varies"):
        train([{"a": 1.0}] * 20, "reach_share", np.zeros(20))


@pytest.fixture(scope="module")
def swept(tmp_path_factory) -> Path:
    """Pretended measures are luck plus the value drawn; luck is the same at every point."""
    folder = tmp_path_factory.mktemp("swept") / "sweep"
    words = ["system=gatekept,balanced", f"{EASY}=0..1", "replications=2"]
    run_sweep(plan(*words, design="lhs", points="16"), folder, 2, function=pretend)
    return folder


def test_a_stored_sweep_is_learned_with_its_choices_and_without_its_bases(swept):
    found = from_sweep(swept, "reach_share")
    assert found.held_out.n == 32
    assert found.box.choices == {"system": ("gatekept", "balanced")}
    one, other = (found({"system": "balanced", EASY: v})[0] for v in (0.3, 0.6))
    assert other - one == pytest.approx(0.3, abs=0.01)
    assert found.held_out.r2 > 0.99
    assert "points held out in turn" in found.held_out.sentence("reach_share")
    with pytest.raises(InputError, match="system = 'blend': not in the sweep; there are gatekept, balanced"):
        found({"system": "blend", EASY: 0.5})
    began = time.perf_counter()
    found({"system": "gatekept", EASY: 0.5})
    assert time.perf_counter() - began < 0.1, "about a millisecond measured"


def test_the_command_answers_with_its_error_and_refuses_what_was_not_covered(swept, capsys):
    assert main(["emulate", str(swept), f"{EASY}=0.4", "system=balanced", "measure=reach_share"]) == 0
    out = capsys.readouterr().out
    mean = from_sweep(swept, "reach_share")({EASY: 0.4, "system": "balanced"})[0]
    assert LABELS["reach_share"].text(mean) in out
    assert "not simulated" in out
    assert "held out" in out
    assert main(["emulate", str(swept), f"{EASY}=1.4", "sede=1", "measure=reach_share"]) == 2
    err = capsys.readouterr().err
    assert "outside what was simulated" in err
    assert "sede: not varied in this sweep" in err
    assert main(["emulate", f"{EASY}=0.4"]) == 2
    assert "one folder of a sweep, found 0" in capsys.readouterr().err
