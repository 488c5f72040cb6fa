"""The benchmark's rivals are fair: they simulate the same pathway, correctly, and stop when told.

A speed ratio against a program that simulates something else would mean nothing. The two SimPy programs are
compared child for child, Ciw by its mean wait, and all with a limit worked out on paper.
"""

from __future__ import annotations

import math
import random
import sys
from dataclasses import replace
from statistics import fmean
from types import ModuleType
from typing import Any

import pytest
from scipy.optimize import brentq

from experiments.rivals import (
    PLAIN_PATHWAY,
    PlainPathway,
    RivalResult,
    ciw_network,
    simpy_lean,
    simpy_resources,
)
from experiments.rivals.stopwatch import Stopwatch, TimeUp
from sim.errors import InputError

RIVALS = [
    pytest.param(simpy_resources, id="simpy_resources"),
    pytest.param(ciw_network, id="ciw_network"),
    pytest.param(simpy_lean, id="simpy_lean"),
]

# Half the staff and little patience: waits settle within a year and vary by about 4 % between runs of 25
# referrals a week, so that a few short runs tell a right program from a wrong one.
SHORT_OF_STAFF = PlainPathway(clinicians_per_weekly_referral=0.08, patience_weeks=10.0, follow_up_weeks=208)


def limit_of_mean_wait_days(pathway: PlainPathway) -> float:
    """Long-run mean wait to assessment, over the assessed, when the service is large and short of staff.

    By the fluid argument: urgent children and owed sessions wait no time; each routine child waits w both
    times, and is still there with probability x = exp(-w / patience). Slots used then equal slots there are:

        accepted * [urgent * (1 + b) + (1 - urgent) * (x + b * x * x)] = slots per referral,

    where b = share that goes on * sessions in a block.
    """
    block_slots = pathway.goes_on_to_block * pathway.sessions_in_block
    slots = pathway.clinicians_per_weekly_referral * pathway.slots_per_clinician_week
    routine = 1 - pathway.urgent

    def slots_short(x: float) -> float:
        used = pathway.urgent * (1 + block_slots) + routine * (x + block_slots * x * x)
        return pathway.accepted * used - slots

    still_there = brentq(slots_short, 0.0, 1.0)
    wait = -math.log(still_there) * pathway.patience_days
    return wait * routine * still_there / (pathway.urgent + routine * still_there)


def without_clock(result: RivalResult) -> RivalResult:
    return replace(result, cpu_seconds=0.0)


@pytest.mark.parametrize(("referrals_per_week", "seed"), [(10.0, 1), (12.5, 2), (31.0, 3)])
def test_both_simpy_programs_give_the_same_mean_wait_to_the_bit(referrals_per_week: float, seed: int) -> None:
    usual, lean = (
        simpy.simulate(referrals_per_week, PLAIN_PATHWAY.weeks, seed)
        for simpy in (simpy_resources, simpy_lean)
    )
    assert without_clock(usual) == without_clock(lean)
    assert usual.mean_wait_to_assessment_days > 1  # a list has formed, so order and giving up matter


@pytest.mark.parametrize(
    "pathway",
    [
        SHORT_OF_STAFF,
        PlainPathway(
            accepted=1.0,
            urgent=0.2,
            goes_on_to_block=0.3,
            sessions_in_block=3,
            clinicians_per_weekly_referral=0.05,
            patience_weeks=10.0,
            follow_up_weeks=208,
        ),
        replace(SHORT_OF_STAFF, days_between_sessions=14.0, slots_per_clinician_week=10, triage_days=0.0),
    ],
)
def test_the_mean_wait_of_a_large_service_is_the_limit_worked_out_on_paper(pathway: PlainPathway) -> None:
    waits = [
        simpy_lean.simulate(100.0, pathway.weeks, seed, pathway=pathway).mean_wait_to_assessment_days
        for seed in range(3)
    ]
    assert fmean(waits) == pytest.approx(limit_of_mean_wait_days(pathway), rel=0.03)


def test_ciw_agrees_with_simpy_and_with_the_limit_within_monte_carlo_error() -> None:
    pathway = SHORT_OF_STAFF

    def mean_waits(rival: ModuleType, seeds: range) -> list[float]:
        runs = [rival.simulate(25.0, pathway.weeks, seed, pathway=pathway) for seed in seeds]
        return [run.mean_wait_to_assessment_days for run in runs]

    pytest.importorskip("ciw", reason="Ciw is an optional extra: pip install 'opendoor[bench]'")
    in_simpy, in_ciw = mean_waits(simpy_lean, range(12)), mean_waits(ciw_network, range(3))
    # One run varies with a standard deviation of 4 %; the means are over 12 and 3 runs.
    three_errors = 3 * 0.04 * math.sqrt(1 / 12 + 1 / 3)
    assert fmean(in_ciw) == pytest.approx(fmean(in_simpy), rel=three_errors)
    assert fmean(in_ciw) == pytest.approx(limit_of_mean_wait_days(pathway), rel=3 * 0.04 / math.sqrt(3))


@pytest.mark.parametrize("rival", RIVALS)
@pytest.mark.parametrize(
    "edge",
    [
        {"urgent": 0.0},
        {"urgent": 1.0},
        {"sessions_in_block": 1},
        {"goes_on_to_block": 1.0, "accepted": 1.0},
        {"goes_on_to_block": 0.0, "triage_days": 0.0},
    ],
)
def test_with_ample_staff_nobody_waits_at_any_edge_of_the_pathway(
    rival: ModuleType, edge: dict[str, Any]
) -> None:
    skip_without_ciw(rival)
    pathway = PlainPathway(
        clinicians_per_weekly_referral=1.5,
        slots_per_clinician_week=20,
        warm_up_weeks=10,
        follow_up_weeks=20,
        **edge,
    )
    result = rival.simulate(10.0, 30, 5, pathway=pathway)
    assert 230 < result.referrals < 370  # 300 expected, standard deviation 17
    assert 0 <= result.mean_wait_to_assessment_days < 0.01 * pathway.slot_days
    assert not result.stopped_early


@pytest.mark.parametrize("rival", RIVALS)
def test_when_triage_accepts_nobody_there_is_no_wait_to_report(rival: ModuleType) -> None:
    skip_without_ciw(rival)
    result = rival.simulate(10.0, 60, 5, pathway=PlainPathway(accepted=0.0))
    assert result.referrals > 0
    assert math.isnan(result.mean_wait_to_assessment_days)


@pytest.mark.parametrize("rival", RIVALS)
def test_a_seed_fixes_the_run_and_a_generous_allowance_changes_nothing(rival: ModuleType) -> None:
    skip_without_ciw(rival)
    first = rival.simulate(10.0, 80, 4)
    assert without_clock(rival.simulate(10.0, 80, 4, max_cpu_seconds=1e6)) == without_clock(first)
    assert without_clock(rival.simulate(10.0, 80, 5)) != without_clock(first)
    assert first.cpu_microseconds_per_referral == pytest.approx(1e6 * first.cpu_seconds / first.referrals)


@pytest.mark.parametrize("rival", RIVALS)
def test_a_run_that_takes_too_long_is_cut_and_says_so(rival: ModuleType) -> None:
    skip_without_ciw(rival)
    result = rival.simulate(312.5, PLAIN_PATHWAY.weeks, 1, max_cpu_seconds=0.2)
    assert result.stopped_early
    assert result.cpu_seconds > 0.2
    assert 0 < result.referrals < 0.5 * 312.5 * PLAIN_PATHWAY.weeks
    assert result.referrals % Stopwatch.LOOK_EVERY == 0
    assert result.cpu_microseconds_per_referral > 0


def test_the_stopwatch_passes_on_errors_that_are_not_its_own() -> None:
    stopwatch = Stopwatch(max_cpu_seconds=1e6)
    with pytest.raises(ZeroDivisionError), stopwatch:
        _ = 1 / stopwatch.referrals
    assert not stopwatch.stopped_early
    with Stopwatch() as stopwatch:
        raise TimeUp
    assert stopwatch.stopped_early


def test_cost_per_referral_of_a_run_without_referrals_is_not_a_number() -> None:
    assert math.isnan(RivalResult(0, 0.5, math.nan, True).cpu_microseconds_per_referral)


@pytest.mark.parametrize("rival", RIVALS)
def test_every_argument_that_makes_no_sense_is_named_at_once(rival: ModuleType) -> None:
    with pytest.raises(InputError) as caught:
        rival.simulate(float("nan"), 52, -1, max_cpu_seconds=0.0)
    assert [problem.split(":")[0] for problem in caught.value.problems] == [
        "referrals_per_week",
        "weeks",
        "seed",
        "max_cpu_seconds",
    ]
    assert "found 52, must be a whole number above the 52 weeks of warm-up" in caught.value.problems[1]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("accepted", 1.01),
        ("urgent", -0.1),
        ("goes_on_to_block", float("nan")),
        ("patience_weeks", 0.0),
        ("clinicians_per_weekly_referral", float("inf")),
        ("sessions_in_block", 0),
        ("slots_per_clinician_week", 2.5),
        ("warm_up_weeks", -1),
        ("follow_up_weeks", True),
        ("triage_days", -1.0),
        ("days_between_sessions", 0.3),
    ],
)
def test_a_pathway_that_makes_no_sense_names_the_field_and_what_was_found(field: str, value: Any) -> None:
    with pytest.raises(InputError) as caught:
        PlainPathway(**{field: value})
    assert len(caught.value.problems) == 1
    assert caught.value.problems[0].startswith(f"PlainPathway.{field}: found {value!r}, must be ")


def test_a_pathway_names_all_its_problems_at_once() -> None:
    with pytest.raises(InputError) as caught:
        PlainPathway(accepted=2.0, patience_weeks=-1.0, sessions_in_block=0, triage_days=-1.0)
    assert len(caught.value.problems) == 4


def test_staff_grow_with_the_stream_and_are_never_nobody() -> None:
    assert [PLAIN_PATHWAY.clinicians(rate) for rate in (0.1, 12.5, 31.25, 312.5)] == [1, 2, 5, 50]
    assert PLAIN_PATHWAY.slots_per_week(312.5) == 1000
    assert PLAIN_PATHWAY.weeks == 312


def test_without_ciw_the_message_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ciw", None)  # what an import of an absent package looks like
    with pytest.raises(InputError, match=r"pip install 'opendoor\[bench\]'"):
        ciw_network.simulate(10.0, 60, 1)


def test_ciw_leaves_the_shared_random_numbers_as_it_found_them() -> None:
    pytest.importorskip("ciw", reason="Ciw is an optional extra: pip install 'opendoor[bench]'")
    before = random.getstate()
    ciw_network.simulate(5.0, 60, 1)
    assert random.getstate() == before


def skip_without_ciw(rival: ModuleType) -> None:
    if rival is ciw_network:
        pytest.importorskip("ciw", reason="Ciw is an optional extra: pip install 'opendoor[bench]'")
