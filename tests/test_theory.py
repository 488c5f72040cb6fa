"""The formulas behind the validation: every published number, the laws between the pieces, the exact solvers.

V0, V1, V2 name the validation cases of the evidence page: V0 standard queue theory, V1 Fong et al. (2022) and
the package NHSRwaitinglist, V2 NHS England South West's community_waits. Numbers are to the digits printed.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from exact import bulk_service as exact
from hypothesis import given, settings
from hypothesis import strategies as st

from sim import theory
from sim.errors import InputError

rates = st.floats(0.01, 50)
loads = st.floats(0.05, 0.98)


# --- V1: Fong et al. 2022, the ENT P4 list: 30 referrals, 27 seen a week, 1,200 waiting, target 52 weeks ----


def test_ent_list_is_overloaded_by_a_ninth() -> None:
    assert round(theory.queue_load(30, 27), 4) == 1.1111
    assert round(theory.queue_load(35, 27), 4) == 1.2963


def test_ent_target_list_is_390_children_at_a_mean_wait_of_13_weeks() -> None:
    assert theory.target_mean_wait(52) == 13
    assert theory.target_queue_size(30, 52) == 390
    assert theory.target_queue_size(30, 50) == 375
    assert theory.target_queue_size(30, 50, 6) == 250


def test_a_mean_of_a_quarter_or_a_sixth_of_the_target_misses_it_for_1_8_or_0_25_percent() -> None:
    assert round(theory.probability_of_missing_target(13, 52), 3) == 0.018
    assert round(theory.probability_of_missing_target(theory.target_mean_wait(52, 6), 52), 4) == 0.0025


def test_ent_list_is_over_three_times_its_target_and_so_needs_relief() -> None:
    ratio = theory.queue_size_ratio(1200, 390)
    assert round(ratio, 2) == 3.08
    assert ratio > 2


def test_relief_capacity_matches_the_package() -> None:
    assert round(theory.relief_capacity(30, 1200, 390, 26), 2) == 61.15
    assert theory.relief_capacity(33, 800, 200, 30) == 53
    assert theory.relief_capacity(35, 250, 100, 15) == 45


def test_waiting_list_pressure_matches_the_package() -> None:
    assert round(theory.waiting_list_pressure(63, 52), 4) == 2.4231
    assert theory.waiting_list_pressure(24, 4) == 12
    assert theory.waiting_list_pressure(42, 24) == 3.5
    assert theory.waiting_list_pressure(55, 50) == 2.2


def test_target_capacity_matches_the_package() -> None:
    assert round(theory.target_capacity(30, 52), 3) == 30.077
    assert round(theory.target_capacity(30, 52, factor=3, cv_demand=1.1, cv_capacity=1.2), 4) == 30.0764
    # the vignette's two, which pass a variability factor where the package now expects the wait factor
    assert round(theory.target_capacity(30, 52, factor=1), 5) == 30.01923
    assert round(theory.target_capacity(30, 52, factor=6.58), 5) == 30.12654


# --- V2: community_waits --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("target_weeks", "share", "mean_wait"), [(18, 0.92, 7.13), (18, 0.80, 11.18), (52, 0.99, 11.29)]
)
def test_mean_wait_for_a_share_within_target(target_weeks: float, share: float, mean_wait: float) -> None:
    factor = theory.factor_for_share(share)
    assert round(theory.target_mean_wait(target_weeks, factor), 2) == mean_wait


def test_factors_for_92_and_99_percent() -> None:
    assert round(theory.factor_for_share(0.92), 4) == 2.5257
    assert round(theory.factor_for_share(0.99), 4) == 4.6052


def test_removals_close_the_account_of_a_list() -> None:
    assert theory.removals(previous_list=1000, referrals=130, current_list=1030) == 100


# --- V0: queues with a closed form ----------------------------------------------------------------------


@pytest.mark.parametrize(("servers", "wait"), [(3, 14.0449), (4, 2.1324), (5, 0.5215), (6, 0.1356)])
def test_one_list_for_several_clinicians_waits_as_published(servers: int, wait: float) -> None:
    assert round(theory.mmc_mean_wait(0.25, 0.1, servers), 4) == wait


def test_four_clinicians_at_load_0_625_keep_32_percent_waiting() -> None:
    assert theory.queue_load(0.25, 4 * 0.1) == 0.625
    assert round(theory.mmc_probability_of_waiting(0.25, 0.1, 4), 4) == 0.3199
    # V5 quotes the mean list of the same queue
    assert round(theory.littles_list_size(0.25, theory.mmc_mean_wait(0.25, 0.1, 4)), 3) == 0.533


@pytest.mark.parametrize(("cv", "wait"), [(0, 4.5), (0.5, 5.625), (1, 9.0), (1.5, 14.625), (2, 22.5)])
def test_variable_appointments_lengthen_waits(cv: float, wait: float) -> None:
    assert theory.mg1_mean_wait(0.9, 1, cv) == pytest.approx(wait, rel=1e-12)


def test_statutory_work_first_makes_routine_children_wait_ten_times_as_long() -> None:
    statutory, routine = theory.priority_mean_waits([0.3, 0.6], [1, 1], [1, 1])
    assert round(statutory, 4) == 1.2857
    assert round(routine, 3) == 12.857
    assert routine / statutory == pytest.approx(10)
    assert theory.mg1_mean_wait(0.9, 1, 1) == pytest.approx(9.0)


@pytest.mark.parametrize(
    ("patience", "list_size", "wait"), [(26, 78, 2.60), (52, 156, 5.20), (104, 312, 10.40)]
)
def test_patience_lengthens_the_list_and_saves_nobody(patience: float, list_size: float, wait: float) -> None:
    fluid = theory.erlang_a_fluid(30, 27, 1 / patience)
    assert fluid.list_size == pytest.approx(list_size, rel=1e-12)
    assert round(fluid.mean_wait, 2) == wait
    assert fluid.abandonment_share == pytest.approx(0.10, rel=1e-12)
    chance = theory.erlang_a(30, 1, 27, 1 / patience)
    assert round(chance.list_size) == list_size
    assert round(chance.abandonment_share, 3) == 0.100


def test_overload_adds_a_child_a_week_for_221_weeks() -> None:
    assert theory.overload_list_size(0, 10, 9, 221) == 221


def test_below_capacity_the_fluid_list_is_empty_and_a_backlog_stops_at_zero() -> None:
    assert theory.erlang_a_fluid(20, 27, 0.1) == (0, 0, 0, 0)
    assert theory.overload_list_size(50, 9, 10, 40) == 10
    assert theory.overload_list_size(50, 9, 10, 80) == 0


# --- V11 and the derived constants ----------------------------------------------------------------------


def test_weibull_age_of_the_national_speech_and_language_list() -> None:
    age = theory.WeibullAge(shape=0.78, scale=18.0)
    # shape and scale are printed rounded, so the 36.7 % comes back as e^-1 = 36.8 %
    assert age.share_over(18) == pytest.approx(0.367, abs=0.001)
    assert round(age.share_over(52), 3) == 0.102
    assert round(age.mean, 1) == 20.8
    assert age.median == pytest.approx(11.2, abs=0.06)


def test_weibull_fit_of_may_2025_gives_the_published_shape_and_scale() -> None:
    total, over_18, over_52 = 68_185, 25_055, 6_923  # NHS England, May 2025
    fitted = theory.fit_weibull_age(18, over_18 / total, 52, over_52 / total)
    assert round(fitted.shape, 2) == 0.78
    assert round(fitted.scale, 1) == 18.0


def test_an_exponential_through_the_18_week_point_halves_the_year_long_waits() -> None:
    exponential = theory.WeibullAge(shape=1, scale=-18 / math.log(0.367))
    assert round(exponential.share_over(52), 3) == 0.055


@given(shape=st.floats(0.3, 3), scale=rates, age=st.floats(0.5, 5))
def test_weibull_fit_recovers_what_generated_its_points(shape: float, scale: float, age: float) -> None:
    truth = theory.WeibullAge(shape, scale)
    first, second = age * scale / 5, age * scale / 2
    fitted = theory.fit_weibull_age(first, truth.share_over(first), second, truth.share_over(second))
    assert fitted == pytest.approx(truth, rel=1e-6)


@pytest.mark.parametrize(("months", "share"), [(3, 0.158), (6, 0.240), (12, 0.473)])
def test_non_attendance_grows_with_months_waited(months: float, share: float) -> None:
    assert round(theory.probability_after_odds_growth(0.10, 1.19, months), 3) == share


@given(annual=st.floats(0.001, 0.99))
def test_a_year_of_the_weekly_hazard_gives_the_annual_probability_back(annual: float) -> None:
    weekly = theory.hazard_from_probability(annual, 52)
    assert 1 - math.exp(-52 * weekly) == pytest.approx(annual)


# --- laws between the formulas --------------------------------------------------------------------------


@given(load=loads, servers=st.integers(1, 40), service_rate=rates)
def test_another_clinician_always_shortens_the_wait(load: float, servers: int, service_rate: float) -> None:
    arrivals = load * servers * service_rate
    fewer = theory.mmc_mean_wait(arrivals, service_rate, servers)
    assert 0 < theory.mmc_mean_wait(arrivals, service_rate, servers + 1) < fewer


@given(load=loads, servers=st.integers(1, 20), service_rate=rates)
def test_pooling_two_equal_teams_shortens_the_wait(load: float, servers: int, service_rate: float) -> None:
    arrivals = load * servers * service_rate
    apart = theory.mmc_mean_wait(arrivals, service_rate, servers)
    assert theory.mmc_mean_wait(2 * arrivals, service_rate, 2 * servers) < apart


@given(load=loads, service_mean=rates)
def test_one_clinician_is_the_same_queue_in_three_formulas(load: float, service_mean: float) -> None:
    arrivals = load / service_mean
    single = theory.mmc_mean_wait(arrivals, 1 / service_mean, 1)
    assert theory.mg1_mean_wait(arrivals, service_mean, 1) == pytest.approx(single, rel=1e-9)
    assert theory.priority_mean_waits([arrivals], [service_mean], [1])[0] == pytest.approx(single, rel=1e-9)


@given(
    total=loads,
    weights=st.lists(st.floats(0.05, 1), min_size=2, max_size=5),
    service_mean=rates,
    cv=st.floats(0, 2),
)
def test_priority_moves_waiting_between_classes_and_removes_none(
    total: float, weights: list[float], service_mean: float, cv: float
) -> None:
    arrivals = [total * weight / sum(weights) / service_mean for weight in weights]
    n = len(arrivals)
    waits = theory.priority_mean_waits(arrivals, [service_mean] * n, [cv] * n)
    assert list(waits) == sorted(waits)
    shared = theory.mg1_mean_wait(sum(arrivals), service_mean, cv)
    lists = [theory.littles_list_size(rate, wait) for rate, wait in zip(arrivals, waits, strict=True)]
    # Kleinrock's conservation law, for classes that need the same time
    assert sum(lists) == pytest.approx(theory.littles_list_size(sum(arrivals), shared), rel=1e-9)


@given(demand=st.just(0.0) | st.floats(1e-6, 100), target_wait=st.floats(1, 104), factor=st.floats(1, 8))
def test_target_list_at_target_demand_waits_the_target_mean(
    demand: float, target_wait: float, factor: float
) -> None:
    size = theory.target_queue_size(demand, target_wait, factor)
    if demand > 0:
        mean = theory.target_mean_wait(target_wait, factor)
        assert theory.littles_mean_wait(size, demand) == pytest.approx(mean)
        assert theory.probability_of_missing_target(mean, target_wait) == pytest.approx(math.exp(-factor))
    else:
        assert size == 0


@given(demand=st.floats(0.1, 100), excess=st.floats(1, 5000), weeks=st.floats(1, 104))
def test_relief_capacity_reaches_the_target_on_the_day(demand: float, excess: float, weeks: float) -> None:
    relief = theory.relief_capacity(demand, 100 + excess, 100, weeks)
    assert theory.overload_list_size(100 + excess, demand, relief, weeks) == pytest.approx(100)


@given(demand=st.floats(0.5, 60), target_wait=st.floats(2, 104), factor=st.floats(1, 8))
def test_target_capacity_of_a_purely_random_list_gives_the_target_mean_wait_to_the_end_of_service(
    demand: float, target_wait: float, factor: float
) -> None:
    capacity = theory.target_capacity(demand, target_wait, factor)
    until_seen = theory.mmc_mean_wait(demand, capacity, 1) + 1 / capacity
    assert until_seen == pytest.approx(theory.target_mean_wait(target_wait, factor), rel=1e-6)


@given(share=st.floats(0.01, 0.999), target_wait=st.floats(1, 104))
def test_the_mean_wait_for_a_share_gives_that_share(share: float, target_wait: float) -> None:
    mean = theory.target_mean_wait(target_wait, theory.factor_for_share(share))
    assert theory.probability_of_missing_target(mean, target_wait) == pytest.approx(1 - share, rel=1e-9)


@settings(max_examples=50)
@given(
    load=st.floats(0.2, 1.8),
    servers=st.integers(1, 30),
    service_rate=st.floats(0.2, 5),
    patience=st.floats(0.1, 60),
)
def test_with_reneging_those_who_join_are_seen_or_leave_and_the_fluid_list_is_a_floor(
    load: float, servers: int, service_rate: float, patience: float
) -> None:
    arrivals = load * servers * service_rate
    queue = theory.erlang_a(arrivals, service_rate, servers, 1 / patience)
    assert theory.littles_list_size(arrivals, queue.mean_wait) == pytest.approx(queue.list_size)
    # clinicians cannot see more than their capacity, and nobody is lost while one of them is free
    assert arrivals * (1 - queue.abandonment_share) <= servers * service_rate * (1 + 1e-9)
    assert 0 <= queue.abandonment_share <= queue.waiting_share <= 1 + 1e-12
    assert queue.list_size >= theory.erlang_a_fluid(
        arrivals, servers * service_rate, 1 / patience
    ).list_size * (1 - 1e-9)
    assert theory.erlang_a(arrivals, service_rate, servers, 2 / patience).list_size < queue.list_size


def test_endless_patience_is_the_queue_without_reneging() -> None:
    patient = theory.erlang_a(0.25, 0.1, 4, 1e-7)
    assert patient.mean_wait == pytest.approx(theory.mmc_mean_wait(0.25, 0.1, 4), rel=1e-5)
    assert patient.waiting_share == pytest.approx(theory.mmc_probability_of_waiting(0.25, 0.1, 4), rel=1e-5)


def test_patience_equal_to_one_service_makes_the_number_present_poisson() -> None:
    # with theta = mu everybody leaves at rate mu, so the number present is that of M/M/infinity
    queue = theory.erlang_a(6, 1, 5, 1)
    present = [math.exp(-6) * 6**n / math.factorial(n) for n in range(80)]
    assert queue.list_size == pytest.approx(sum(max(n - 5, 0) * p for n, p in enumerate(present)))
    assert queue.waiting_share == pytest.approx(1 - sum(present[:5]))


# --- refusals -------------------------------------------------------------------------------------------


def test_every_problem_is_named_at_once() -> None:
    with pytest.raises(InputError) as refusal:
        theory.relief_capacity(-1, math.nan, 390, 0)
    assert [problem.split(":")[0] for problem in refusal.value.problems] == [
        "demand",
        "queue_size",
        "time_to_target",
    ]


@pytest.mark.parametrize(
    "ask",
    [
        lambda: theory.mmc_mean_wait(0.4, 0.1, 4),
        lambda: theory.mg1_mean_wait(2, 0.5, 1),
        lambda: theory.priority_mean_waits([0.5, 0.6], [1, 1], [1, 1]),
    ],
)
def test_a_list_that_never_settles_has_no_mean_wait(ask: Callable[[], object]) -> None:
    with pytest.raises(InputError, match="must be below 1"):
        ask()


def test_impossible_questions_are_refused_in_words() -> None:
    with pytest.raises(InputError, match="servers: found nan"):
        theory.mmc_mean_wait(1, 1, math.nan)
    with pytest.raises(InputError, match=r"servers: found 2\.5"):
        theory.mmc_mean_wait(1, 1, 2.5)
    with pytest.raises(InputError, match="neither of them included"):
        theory.factor_for_share(1.0)
    with pytest.raises(InputError, match="one value for each priority class"):
        theory.priority_mean_waits([0.1, 0.2], [1], [1, 1])
    with pytest.raises(InputError, match="at least one"):
        theory.priority_mean_waits([], [], [])
    with pytest.raises(InputError, match="below share_over_age") as refusal:
        theory.fit_weibull_age(52, 0.1, 18, 0.37)
    assert len(refusal.value.problems) == 2
    with pytest.raises(InputError, match="erlang_a_fluid"):
        theory.erlang_a(30, 1, 27, 1e-9)


# --- the exact daily clinic -----------------------------------------------------------------------------

SETTINGS = [(load, slots) for load in (0.05, 0.5, 0.8, 0.9, 0.95, 0.98) for slots in (1, 2, 3, 7, 13, 20)]


@pytest.mark.parametrize(("load", "slots"), SETTINGS)
def test_chain_and_generating_function_agree_on_the_mean_list(load: float, slots: int) -> None:
    chain = exact.stationary_by_chain(load * slots, slots)
    roots = exact.mean_list_after_by_roots(load * slots, slots)
    assert chain.mean_list_after == pytest.approx(roots, rel=1e-10, abs=1e-12)


@settings(max_examples=40)
@given(load=st.floats(0.01, 0.98), slots=st.integers(1, 20))
def test_the_exact_list_obeys_its_own_day(load: float, slots: int) -> None:
    arrivals = load * slots
    solved = exact.bulk_service(arrivals, slots)
    list_after = solved.list_after
    assert list_after.sum() == pytest.approx(1)
    assert solved.mean_list_before == pytest.approx(solved.mean_list_after + arrivals)
    assert arrivals * solved.mean_wait_days == pytest.approx(solved.mean_list_after)
    # one more day of joining and seeing leaves the distribution as it was, by plain convolution
    joined = np.exp(-arrivals + np.arange(160) * np.log(arrivals) - [math.lgamma(k + 1) for k in range(160)])
    before = np.convolve(list_after, joined)
    after = np.concatenate([[before[: slots + 1].sum()], before[slots + 1 :]])[: list_after.size]
    np.testing.assert_allclose(after, list_after, atol=1e-12)
    # slots used a day equal arrivals a day
    assert before @ np.minimum(np.arange(before.size), slots) == pytest.approx(arrivals)
    # Kingman's bounds on the mean and on the tail
    assert solved.mean_list_after <= arrivals / (2 * (slots - arrivals)) * (1 + 1e-9) + 1e-12
    tail = 1 - np.cumsum(list_after)[:-1]
    bound = exact.tail_ratio(arrivals, slots) ** -np.arange(1.0, list_after.size)
    assert (tail <= bound * (1 + 1e-6) + 1e-12).all()


def test_one_slot_a_day_is_the_queue_with_constant_service() -> None:
    # Pollaczek-Khinchine with fixed length: its number waiting equals the list left after a one-slot clinic
    for load in (0.2, 0.7, 0.95):
        waiting = theory.littles_list_size(load, theory.mg1_mean_wait(load, 1, 0))
        assert exact.bulk_service(load, 1).mean_list_after == pytest.approx(waiting, rel=1e-10)


def test_the_roots_solve_their_equation_inside_the_disc_and_the_tail_root_outside() -> None:
    for load, slots in SETTINGS:
        z = exact.generating_function_roots(load * slots, slots)
        assert z.size == slots - 1
        assert (np.abs(z) < 1).all()
        np.testing.assert_allclose(z**slots, np.exp(load * slots * (z - 1)), rtol=1e-9, atol=1e-14)
        outside = exact.tail_ratio(load * slots, slots)
        assert outside > 1
        assert slots * math.log(outside) == pytest.approx(load * slots * (outside - 1), rel=1e-9)


def test_a_clinic_with_slots_to_spare_sees_everybody_the_same_day() -> None:
    assert exact.bulk_service(1.0, 20).mean_wait_days == pytest.approx(0, abs=1e-12)


@given(load=loads, slots=st.integers(1, 10))
@settings(max_examples=25)
def test_pooling_two_daily_clinics_shortens_the_wait(load: float, slots: int) -> None:
    apart = exact.bulk_service(load * slots, slots).mean_wait_days
    assert exact.bulk_service(2 * load * slots, 2 * slots).mean_wait_days < apart


@given(load=loads, slots=st.integers(1, 20), part=st.floats(0.05, 0.95))
@settings(max_examples=25)
def test_priority_keeps_the_list_and_moves_the_wait_to_the_second_class(
    load: float, slots: int, part: float
) -> None:
    first, second = load * slots * part, load * slots * (1 - part)
    shared = exact.bulk_service(first + second, slots)
    classes = exact.priority_bulk_service(first, second, slots)
    assert classes.mean_list_after_first + classes.mean_list_after_second == pytest.approx(
        shared.mean_list_after, abs=1e-12
    )
    assert classes.mean_wait_days_first <= shared.mean_wait_days + 1e-12
    assert classes.mean_wait_days_second >= shared.mean_wait_days - 1e-12


def _batch_standard_error(values: np.ndarray, batches: int = 40) -> float:
    means = values[: values.size // batches * batches].reshape(batches, -1).mean(axis=1)
    return float(means.std(ddof=1) / math.sqrt(batches))


@pytest.mark.parametrize(("arrivals_per_day", "slots"), [(0.8, 1), (5.4, 6)])
def test_a_small_simulation_of_the_daily_clinic_agrees(arrivals_per_day: float, slots: int) -> None:
    plan = exact.run_length(arrivals_per_day, slots, relative_se=0.01)
    joined = np.random.default_rng(20_260_301).poisson(arrivals_per_day, plan.warm_up_days + plan.days)
    listed = exact.list_path(joined, slots)[plan.warm_up_days :]
    solved = exact.bulk_service(arrivals_per_day, slots)
    planned_error = math.sqrt(plan.asymptotic_variance / plan.days)
    assert planned_error == pytest.approx(0.01 * solved.mean_list_after, rel=1e-3)
    assert abs(listed.mean() - solved.mean_list_after) < 3 * planned_error
    # the planned error is the one seen: 40 batches know their own to about 11 %
    assert _batch_standard_error(listed) == pytest.approx(planned_error, rel=0.4)


def _waits_child_by_child(first: np.ndarray, second: np.ndarray, slots: int) -> tuple[list[int], list[int]]:
    """Days waited by every child seen, keeping the two queues as lists of joining days."""
    queues: tuple[list[int], list[int]] = ([], [])
    waits: tuple[list[int], list[int]] = ([], [])
    for day in range(first.size):
        queues[0].extend([day] * int(first[day]))
        queues[1].extend([day] * int(second[day]))
        left = slots
        for queue, waited in zip(queues, waits, strict=True):
            seen, queue[:] = queue[:left], queue[left:]
            waited.extend(day - joined for joined in seen)
            left -= len(seen)
    return waits


def test_waits_counted_child_by_child_agree_in_both_classes() -> None:
    first_rate, second_rate, slots, days = 0.9, 1.5, 3, 60_000
    rng = np.random.default_rng(7)
    first, second = rng.poisson(first_rate, days), rng.poisson(second_rate, days)
    waits = _waits_child_by_child(first, second, slots)
    solved = exact.priority_bulk_service(first_rate, second_rate, slots)
    for waited, expected in zip(
        waits, (solved.mean_wait_days_first, solved.mean_wait_days_second), strict=True
    ):
        observed = np.array(waited, dtype=float)
        assert abs(observed.mean() - expected) < 3 * _batch_standard_error(observed)


def test_first_come_first_served_waits_counted_child_by_child_agree() -> None:
    days = 60_000
    joined = np.random.default_rng(11).poisson(1.7, days)
    waited = np.array(_waits_child_by_child(joined, np.zeros_like(joined), 2)[0], dtype=float)
    expected = exact.bulk_service(1.7, 2).mean_wait_days
    assert abs(waited.mean() - expected) < 3 * _batch_standard_error(waited)


@given(
    arrivals=st.lists(st.integers(0, 12), min_size=1, max_size=60),
    slots=st.integers(1, 8),
    start=st.integers(0, 30),
)
def test_the_list_for_given_arrivals_is_the_day_by_day_rule(
    arrivals: list[int], slots: int, start: int
) -> None:
    listed, expected = start, []
    for joined in arrivals:
        listed = max(listed + joined - slots, 0)
        expected.append(listed)
    assert exact.list_path(np.array(arrivals), slots, start).tolist() == expected


@pytest.mark.parametrize("slots", [1, 5])
def test_run_length_approaches_heavy_traffic_theory_as_load_approaches_one(slots: int) -> None:
    # reflected Brownian motion with drift -d and variance v: days = 2 v / (d² e²), relaxation = 2 v / d²
    excess = []
    for load in (0.98, 0.99, 0.995):
        arrivals, drift = load * slots, (1 - load) * slots
        plan = exact.run_length(arrivals, slots, relative_se=0.05)
        excess.append(plan.days * (drift * 0.05) ** 2 / (2 * arrivals) - 1)
        assert plan.relaxation_days == pytest.approx(2 * arrivals / drift**2, rel=0.01)
    # the difference is of first order in the slack 1 - load: it halves with it
    assert excess[0] / excess[1] == pytest.approx(2, abs=0.1)
    assert excess[1] / excess[2] == pytest.approx(2, abs=0.1)
    assert 0 < excess[2] < 0.04


def test_halving_the_standard_error_takes_four_times_the_days() -> None:
    coarse, fine = (exact.run_length(2.7, 3, error) for error in (0.02, 0.01))
    assert fine.days == pytest.approx(4 * coarse.days, rel=1e-4)


# --- the daily clinic with reneging ---------------------------------------------------------------------


def test_fluid_list_with_reneging_is_surplus_times_patience() -> None:
    fluid = exact.reneging_fluid(6, 5, 30)
    assert fluid.mean_list_after == 30
    assert fluid.abandonment_share == pytest.approx(1 / 6)
    continuous = theory.erlang_a_fluid(6, 5, 1 / 30)
    assert fluid == pytest.approx((continuous.list_size, continuous.mean_wait, continuous.abandonment_share))


def test_looking_at_patience_once_a_day_lengthens_the_list_by_half_a_day_of_surplus() -> None:
    for patience in (20, 60, 365):
        fluid = exact.reneging_fluid(6, 5, patience).mean_list_after
        daily = exact.reneging_fluid_whole_days(6, 5, patience).mean_list_after
        assert daily - fluid == pytest.approx(0.5, abs=0.01)


@pytest.mark.parametrize(("arrivals", "slots", "patience"), [(6, 5, 60), (30, 27, 26), (3, 2, 90)])
def test_the_exact_overloaded_list_approaches_the_whole_day_fluid_limit(
    arrivals: float, slots: int, patience: float
) -> None:
    solved = exact.reneging_chain(arrivals, slots, patience)
    fluid = exact.reneging_fluid_whole_days(arrivals, slots, patience)
    assert solved.mean_list_after == pytest.approx(fluid.mean_list_after, rel=0.002)
    assert solved.abandonment_share == pytest.approx(fluid.abandonment_share, rel=0.002)
    assert solved.mean_list_after >= fluid.mean_list_after


def test_endless_patience_leaves_the_daily_clinic_without_reneging() -> None:
    patient = exact.reneging_chain(2.4, 3, 1e7)
    assert patient.mean_list_after == pytest.approx(exact.bulk_service(2.4, 3).mean_list_after, rel=1e-4)


def test_the_exact_list_with_reneging_agrees_with_patience_drawn_child_by_child() -> None:
    arrivals, slots, patience, days = 2.2, 2, 12.0, 40_000
    rng = np.random.default_rng(5)
    joined = rng.poisson(arrivals, days)
    waiting: list[int] = []  # the day on which each child's patience is found to have run out
    listed, lost = np.empty(days), 0
    for day in range(days):
        staying = [gives_up for gives_up in waiting if gives_up > day]
        lost += len(waiting) - len(staying)
        staying.extend(day + np.ceil(rng.exponential(patience, joined[day])).astype(int))
        waiting = staying[slots:]
        listed[day] = len(waiting)
    solved = exact.reneging_chain(arrivals, slots, patience)
    assert abs(listed.mean() - solved.mean_list_after) < 3 * _batch_standard_error(listed)
    assert lost / joined.sum() == pytest.approx(solved.abandonment_share, rel=0.05)


def test_the_exact_solvers_refuse_what_never_settles() -> None:
    with pytest.raises(ValueError, match="below the slots per day"):
        exact.bulk_service(3.0, 3)
    with pytest.raises(ValueError, match="whole number"):
        exact.bulk_service(1.0, 2.5)
    with pytest.raises(ValueError, match="4000 states"):
        exact.reneging_chain(60, 5, 100)
    with pytest.raises(ValueError, match="arrivals above slots"):
        exact.reneging_fluid(4, 5, 30)
    with pytest.raises(ValueError, match="share between 0 and 1"):
        exact.run_length(1, 2, 1.5)
