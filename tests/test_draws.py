"""Random numbers: uniform, without relation to each other, and the same for the same child everywhere."""

from __future__ import annotations

import numpy as np
import pytest
from build import make_config
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from sim import draws, simulate
from sim.draws import days_after, exponential, normal, poisson, triangular, uniform

N = 20_000
WHO = np.arange(N)

#: (seed, who, purpose, occasion) -> value. Frozen: a change here changes every result that anybody has kept.
FROZEN: dict[tuple[int, int, int, int], float] = {
    (0, 0, 1, 0): 0.2583518057722501,
    (1, 1, 1, 0): 0.6836168822514552,
    (1, 64, 14, 0): 0.7257922999796584,
    (1, 64, 14, 1): 0.5086384331714078,
    (2, 64, 14, 0): 0.4396377128946595,
    (9223372036854775807, 4160005, 24, 1000000): 0.9291024124217631,
    (7, 3, 33, 2): 0.4308456022456795,
    (123456789, 987654321, 38, 17): 0.9025715673969277,
}


@pytest.fixture(autouse=True)
def _wrap_around():
    """Without compilation numpy would warn of the overflow that the generator is made of."""
    with np.errstate(over="ignore"):
        yield


def many(seed: int = 1, purpose: int = draws.SEEKS, occasion: int = 0) -> np.ndarray:
    return np.array([uniform(np.uint64(seed), int(w), purpose, occasion) for w in WHO])


@pytest.mark.parametrize("key", FROZEN, ids=str)
def test_a_draw_is_what_it_has_always_been(key):
    seed, *rest = key
    assert uniform(np.uint64(seed), *rest) == FROZEN[key]


@given(st.integers(0, 2**64 - 1), st.integers(0, 2**62), st.integers(0, 63), st.integers(0, 10**8))
@settings(max_examples=200)
def test_a_draw_lies_strictly_between_zero_and_one(seed, who, purpose, occasion):
    u = uniform(np.uint64(seed), who, purpose, occasion)
    assert 0.0 < u < 1.0
    assert u == uniform(np.uint64(seed), who, purpose, occasion)


def test_purposes_have_numbers_of_their_own():
    purposes = {
        k: v for k, v in vars(draws).items() if k.isupper() and not k.startswith("_") and isinstance(v, int)
    }
    assert len(purposes) >= 38
    assert len(set(purposes.values())) == len(purposes)


@pytest.mark.parametrize(
    "along",
    ["who", "keys of needs", "occasion", "purpose and who", "seed"],
)
def test_draws_are_uniform_along_every_part_of_the_key(along):
    """Kolmogorov-Smirnov, and chi-square over 64 cells in two dimensions of successive draws."""
    one = np.uint64(1)
    u = {
        "who": lambda: many(),
        "keys of needs": lambda: np.array([uniform(one, int(w) * 64 + 3, draws.SEEKS, 0) for w in WHO]),
        "occasion": lambda: np.array([uniform(one, 7, draws.NOT_BROUGHT, int(w)) for w in WHO]),
        "purpose and who": lambda: np.array([uniform(one, int(w) // 40, int(w) % 40, 0) for w in WHO]),
        "seed": lambda: np.array([uniform(np.uint64(w), 5, draws.BIRTHDAY, 0) for w in WHO]),
    }[along]()
    assert stats.kstest(u, "uniform").pvalue > 0.001
    cells = np.bincount((u[:-1] * 8).astype(int) * 8 + (u[1:] * 8).astype(int), minlength=64)
    assert stats.chisquare(cells).pvalue > 0.001
    assert len(np.unique(u)) == N


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ({"purpose": draws.SEEKS}, {"purpose": draws.NOT_BROUGHT}),
        ({"purpose": draws.NOTICED}, {"purpose": draws.NOTICED_GAP}),
        ({"occasion": 0}, {"occasion": 1}),
        ({"occasion": 1}, {"occasion": 2}),
        ({"seed": 1}, {"seed": 2}),
        ({"seed": 1}, {"seed": 2**63}),
    ],
)
def test_draws_of_one_child_for_two_things_are_unrelated(a, b):
    """Correlation within four standard errors of nothing, of the draws and of their distance from a half."""
    x, y = many(**a), many(**b)
    for f in (lambda v: v, lambda v: np.abs(v - 0.5)):
        assert abs(np.corrcoef(f(x), f(y))[0, 1]) < 4 / np.sqrt(N)
    assert not np.isin(x, y).any()


def test_exponential_normal_and_triangular_follow_their_distributions():
    u = many()
    variates = {
        "expon": (np.array([exponential(3.0, v) for v in u]), (0, 3.0)),
        "norm": (np.array([normal(2.0, 0.5, v) for v in u]), (2.0, 0.5)),
        "triang": (np.array([triangular(1.0, 2.0, 5.0, v) for v in u]), (0.25, 1.0, 4.0)),
    }
    for name, (values, arguments) in variates.items():
        assert stats.kstest(values, name, args=arguments).pvalue > 0.001, name


def test_a_triangle_without_width_is_its_only_value():
    assert triangular(2.0, 2.0, 2.0, 0.3) == 2.0
    assert triangular(1.0, 1.0, 3.0, 1e-12) == pytest.approx(1.0, abs=1e-5)
    assert triangular(1.0, 3.0, 3.0, 1 - 1e-12) == pytest.approx(3.0, abs=1e-5)


def test_a_delay_in_days_is_the_exponential_rounded_up_and_at_least_one():
    """P(days > k) = exp(-k / mean) for whole k, so the mean is 1 / (1 - exp(-1 / mean))."""
    days = np.array([days_after(10.0, u) for u in many()])
    assert days.min() == 1
    expected = 1.0 / (1.0 - np.exp(-0.1))
    assert abs(days.mean() - expected) < 4 * days.std() / np.sqrt(N)
    assert abs((days > 7).mean() - np.exp(-0.7)) < 4 * np.sqrt(0.25 / N)


@pytest.mark.parametrize("mean", [0.3, 4.0, 60.0, 480.0, 1_300.0])
def test_counts_of_a_stream_are_poisson(mean):
    """Mean and variance; above 500 the count is put together from parts."""
    n = 4_000
    x = np.array([poisson(mean, np.uint64(1), w, draws.ARRIVALS) for w in range(n)])
    assert abs(x.mean() - mean) < 4 * np.sqrt(mean / n)
    assert abs(x.var() / mean - 1.0) < 4 * np.sqrt((2.0 + 1.0 / mean) / n)


@pytest.mark.parametrize("mean", [0.7, 6.0])
def test_small_counts_have_poisson_probabilities(mean):
    x = np.array([poisson(mean, np.uint64(1), w, draws.ARRIVALS) for w in range(N)])
    most = int(stats.poisson.ppf(0.995, mean))
    seen = np.bincount(np.minimum(x, most), minlength=most + 1)
    expected = N * np.append(stats.poisson.pmf(np.arange(most), mean), stats.poisson.sf(most - 1, mean))
    assert stats.chisquare(seen, expected).pvalue > 0.001


def test_no_stream_has_no_referrals():
    assert poisson(0.0, np.uint64(1), 3, draws.ARRIVALS) == 0


def test_the_same_child_has_the_same_luck_in_every_system():
    """Children, needs, and chance that lies with the child: noticed on the same day where nobody visits."""
    systems = ("no_service", "gatekept", "balanced")
    changes = {"horizon_years": 2.0, "needs.capability.notices": 1.0}
    runs = {
        s: simulate(
            make_config(
                s,
                changes
                | ({"system.offers.link_visit.visit.finds_per_visit": 0} if s != "no_service" else {}),
            ),
            seed=5,
        )
        for s in systems
    }
    first = runs["no_service"].tables
    for s in systems[1:]:
        other = runs[s].tables
        for name, column in first["children"].items():
            assert (column == other["children"][name]).all(), (s, name)
        for name in (
            "need_id",
            "kind",
            "onset_day",
            "out_day",
            "score_start",
            "score_no_service",
            "potential",
            "place",
        ):
            assert (first["needs"][name] == other["needs"][name]).all(), (s, name)
    # a child's other needs are noticed at a contact, so only children with one need are alike to the day
    alone = np.bincount(first["needs"]["child_row"])[first["needs"]["child_row"]] == 1
    days = [runs[s].tables["needs"]["identified_day"][alone] for s in systems]
    assert (days[0] == days[1]).all()
    in_range = first["needs"]["score_no_service"][alone] < 4.0
    assert (days[0][in_range] == days[2][in_range]).mean() > 0.97  # support elsewhere keeps no need hidden
    assert (days[0] >= 0).sum() > 50


def test_another_seed_is_another_draw_of_children():
    a, b = (simulate(make_config("no_service"), seed=s).tables["needs"] for s in (1, 2))
    assert len(a["need_id"]) != len(b["need_id"]) or (a["need_id"] != b["need_id"]).any()
    assert len(np.intersect1d(a["score_start"], b["score_start"])) < 0.05 * len(a["score_start"])
