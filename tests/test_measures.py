"""Measures against tables small enough to be worked out by hand, and the laws they must always obey."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.dictionary import BANDS, TABLES
from sim.kernel.state import BEFORE_START, NEVER, WEEKLY_MEASURES
from sim.measures import (
    GROUPS,
    LABELS,
    by_locality,
    by_quintile,
    chosen,
    fifteen_outcomes,
    summary,
    weeks_bands,
)
from sim.measures.counting import (
    day_counts,
    mean_day,
    mean_days_up_to,
    median_days,
    quantile,
    slope_index,
    still_waiting,
)
from sim.measures.selection import FIRST, FIRST_OF_A_STREAM, OF_A_STREAM
from sim.quantity import Resolver
from sim.system import LEDGER_LINES, LEVELS, STRANDS, Branch, Door, Offer, Route, System
from sim.transition import NoChange

DECISION, END = 700, 2100  # whole weeks: 100 to 299, the horizon has 200
WEEK = 7


def offer(**given: Any) -> Offer:
    return Offer.model_validate({"strand": "intervention", "level": "specialist", "access": "queue", **given})


OFFERS = {
    "triage": offer(contact=False),
    "assessment": offer(strand="identification", level="targeted"),
    "therapy": offer(clock=False),
    "drop_in": offer(strand="family_support", level="universal", access="walk_in"),
}
ROLES = {"therapist": "senior_hour", "assistant": 30.0}
EVIDENCE: dict[str, Any] = {
    name: SimpleNamespace(value=value, unit=unit)
    for name, value, unit in (
        ("normal", 4.0, "points"),
        ("clinically_significant", 0.5, "points"),
        ("senior_hour", 60.0, "pounds_per_hour"),
    )
}


def config(offers: dict[str, Offer]) -> Any:
    """The parts of a configuration that measures read, with the real offers and the real resolver."""
    return SimpleNamespace(
        system=System(
            name="by hand",
            title="By hand",
            doors={f"to {name}": Door(to=[Branch(to=name)]) for name in offers},
            offers=offers,
        ),
        transition=NoChange(),
        evidence=EVIDENCE,
        needs=SimpleNamespace(
            significant_points="clinically_significant",
            kinds={
                "speech": SimpleNamespace(normal_range="normal"),
                "fluency": SimpleNamespace(normal_range=3.0),
            },
        ),
        workforce=SimpleNamespace(
            roles={name: SimpleNamespace(pounds_per_hour=rate, group=name) for name, rate in ROLES.items()}
        ),
        resolver=lambda: Resolver(EVIDENCE, {}),
    )


@dataclass(frozen=True)
class HandMadeRun:
    """A run whose tables were written by hand."""

    tables: dict[str, dict[str, np.ndarray]]
    population: np.ndarray
    config: Any = field(default_factory=lambda: config(OFFERS))
    decision_day: int = DECISION
    end_day: int = END
    kinds: tuple[str, ...] = ("speech", "fluency")
    offers: tuple[str, ...] = tuple(OFFERS)
    roles: tuple[str, ...] = tuple(ROLES)
    localities: tuple[str, ...] = ("north", "south")
    lines: tuple[str, ...] = LEDGER_LINES


NEED = {
    "kind": 0,
    "level": 0,
    "onset_day": 600,
    "out_day": END + 1000,
    "left_reason": 0,
    "score_start": 2.0,
    "score_end": 2.0,
    "score_no_service": 2.0,
    "potential": 5.0,
    "score_years": 8.0,
    "score_years_no_service": 8.0,
    "contacts": 0,
    "minutes": 0,
    "not_brought": 0,
    "system_at_entry": 0,
    "place": 0,
    "locality": 0,
    "imd_quintile": 1,
    "aged_out": False,
    "open": False,
}


def table(
    name: str, rows: list[dict[str, Any]], defaults: dict[str, Any] | None = None
) -> dict[str, np.ndarray]:
    """Plain columns of the declared types from rows; days not given never happened."""
    out: dict[str, np.ndarray] = {}
    for c in TABLES[name]:
        missing = NEVER if c.name.endswith("_day") else 0
        values = [r.get(c.name, (defaults or {}).get(c.name, missing)) for r in rows]
        out[c.name] = np.array(values, dtype=c.stored)
    return out


def needs_table(rows: list[dict[str, Any]]) -> dict[str, np.ndarray]:
    numbered = [{"need_id": i, "child_id": i, "child_row": i, **r} for i, r in enumerate(rows)]
    return table("needs", numbered, NEED)


def run_of(
    needs: list[dict[str, Any]] | None = None,
    waiting: list[dict[str, Any]] | None = None,
    weekly: list[dict[str, Any]] | None = None,
    ledger: list[dict[str, Any]] | None = None,
    offer_totals: list[dict[str, Any]] | None = None,
    **others: Any,
) -> HandMadeRun:
    """A run with these rows, 2,000 children, and nothing else."""
    tables = {
        "needs": needs_table(needs or []),
        "waiting": table("waiting", waiting or []),
        "weekly": table("weekly", weekly or []),
        "ledger": table("ledger", ledger or []),
        "offers": table("offers", offer_totals or []),
    }
    population = np.array([[300, 200, 200, 200, 100], [100, 200, 200, 200, 300]], dtype=np.int64)
    return HandMadeRun(tables, **{"population": population, **others})


def known(concern: int, **others: Any) -> dict[str, Any]:
    """A need whose concern was raised on this day."""
    return {"identified_day": concern, "concern_day": concern, "onset_day": concern - 50, **others}


# ---- the names ------------------------------------------------------------------------------------


def test_every_measure_of_the_summary_has_a_label_and_every_label_a_measure() -> None:
    assert list(summary(run_of([known(800)]))) == list(LABELS)


def test_impact_comes_first_and_groups_stay_together() -> None:
    groups = list(dict.fromkeys(m.group for m in LABELS.values()))
    in_order = [m.group for m in LABELS.values()]
    assert tuple(groups) == GROUPS
    assert in_order == sorted(in_order, key=GROUPS.index)


def test_labels_are_all_different_and_every_group_has_a_headline() -> None:
    assert len({m.label for m in LABELS.values()}) == len(LABELS)
    assert {m.group for m in LABELS.values() if m.headline} == set(GROUPS)


def test_shares_are_told_in_per_cent_and_differ_in_percentage_points() -> None:
    reach = LABELS["reach_share"]
    assert (reach.text(0.4321), reach.difference_text(-0.021)) == ("43.2%", "−2.1 pp")
    assert reach.difference_text(0.021) == "+2.1 pp"


def test_money_and_missing_values_read_as_a_manager_writes_them() -> None:
    cost = LABELS["pounds_per_child_reached"]
    assert (cost.text(1234.4), cost.difference_text(-1234.4), cost.text(math.nan)) == (
        "£1,234",
        "−£1,234",
        "–",
    )
    assert cost.difference_text(math.nan) == "–"


def test_a_difference_that_rounds_to_nought_has_no_sign() -> None:
    weeks = LABELS["recorded_wait_median_weeks"]
    assert (weeks.difference_text(-0.01), weeks.text(-0.01)) == ("0.0", "0.0")


# ---- nothing to divide by -------------------------------------------------------------------------


def test_a_run_without_anybody_has_no_measures_rather_than_noughts() -> None:
    empty = run_of(population=np.zeros((2, 5), dtype=np.int64))
    defined = {name for name, value in summary(empty).items() if not math.isnan(value)}
    assert defined == set()


def test_a_horizon_too_short_to_follow_anybody_up_leaves_timely_support_undefined() -> None:
    out = summary(run_of([known(705, first_useful_day=706)], end_day=DECISION + 17 * WEEK))
    assert math.isnan(out["first_useful_within_18_weeks_share"])
    assert out["first_useful_median_weeks"] == pytest.approx(1 / 7)


def test_without_a_list_there_is_no_list_size_but_with_an_empty_list_it_is_nought() -> None:
    weeks = [{"week": w, "offer": 0, "locality": 0} for w in range(100, 300)]
    only_drop_in = {"drop_in": OFFERS["drop_in"]}
    without = run_of(waiting=weeks, config=config(only_drop_in), offers=("drop_in",))
    assert math.isnan(summary(without)["list_size_per_1000_children"])
    assert math.isnan(summary(without)["list_size_at_end"])
    empty = summary(run_of(waiting=[{**w, "offer": 1} for w in weeks]))
    assert empty["list_size_per_1000_children"] == 0.0
    assert math.isnan(empty["list_over_52_weeks_share"])


def test_a_list_that_only_those_seen_before_can_join_is_no_list_for_a_first_contact() -> None:
    """Everybody comes to the drop-in first: the list behind it is undefined, not of length nought."""
    weeks = [{"week": w, "offer": 1, "locality": 0} for w in range(100, 300)]
    onward = Route(when=["done"], to=[Branch(to="assessment")])

    def in_words(**drop_in: Any) -> float:
        offers = {
            "drop_in": offer(access="walk_in", routes=[onward], **drop_in),
            "assessment": OFFERS["assessment"],
        }
        system = System(name="o", title="O", offers=offers, doors={"d": Door(to=[Branch(to="drop_in")])})
        made = config(offers)
        made.system = system
        run = run_of(waiting=weeks, config=made, offers=tuple(offers))
        return summary(run)["list_size_per_1000_children"]

    assert math.isnan(in_words())
    # where coming in is not being seen, or some give up and go on unseen, there is one, and it is empty
    assert in_words(contact=False) == 0.0
    onward = Route(when=["gave_up"], to=[Branch(to="assessment")])
    assert in_words() == 0.0
    onward = Route(when=["gave_up"], to=[Branch(to="assessment", share=0.0)])
    assert math.isnan(in_words())


# ---- which are shown ------------------------------------------------------------------------------


def test_the_first_screen_holds_a_dozen_measures_impact_first_for_and_against() -> None:
    for stream in (False, True):
        names = [name for members in chosen(stream).values() for name in members]
        assert 8 <= len(names) <= 12
        everything = [name for members in chosen(stream, everything=True).values() for name in members]
        assert set(names) <= set(everything) <= set(LABELS)
    assert list(chosen()) == ["impact", "waits", "reach", "equity", "staff time"]
    assert {name for members in chosen().values() for name in members} == set(FIRST)
    assert all(LABELS[name].headline for name in FIRST)


def test_a_plain_stream_leads_with_its_list_and_leaves_out_what_needs_a_population() -> None:
    assert next(iter(chosen(stream=True).values()))[0] == "list_size"
    assert set(FIRST_OF_A_STREAM) <= set(OF_A_STREAM)
    for name in OF_A_STREAM:
        assert LABELS[name].group in ("waits", "staff time", "quality")
        assert "children" not in name
        assert "concern" not in LABELS[name].label


def test_amounts_and_shares_know_their_limits() -> None:
    assert LABELS["reach_share"].limits == (0.0, 1.0)
    assert LABELS["reach_share_gap"].limits == (-1.0, 1.0)
    assert LABELS["recorded_wait_median_weeks"].limits == (0.0, math.inf)
    assert LABELS["impact_mean_change_points"].limits == (-math.inf, math.inf)


# ---- impact ---------------------------------------------------------------------------------------


def test_impact_is_change_against_no_service_over_all_needs_present() -> None:
    out = summary(
        run_of(
            [
                {"score_end": 3.0, "score_no_service": 2.0, "level": 2, "score_years": 10.0},  # +1.0
                {
                    "score_end": 2.5,
                    "score_no_service": 2.0,
                    "level": 1,
                    "score_years": 9.0,
                },  # +0.5: significant
                {"score_end": 2.4, "score_no_service": 2.0, "level": 1},  # +0.4
                {"score_end": 1.9, "score_no_service": 2.0},  # worse off
            ]
        )
    )
    assert out["impact_mean_change_points"] == pytest.approx((1.0 + 0.5 + 0.4 - 0.1) / 4)
    assert out["impact_significant_share"] == 0.5
    assert out["impact_worse_off_share"] == 0.25
    assert out["impact_mean_change_points_targeted"] == pytest.approx(0.45)
    assert out["impact_significant_share_targeted"] == 0.5
    assert out["impact_significant_share_specialist"] == 1.0
    # 2 + 1 point-years among 2,000 children
    assert out["impact_function_years_per_1000_children"] == pytest.approx(1.5)


def test_natural_recovery_is_credited_to_nobody() -> None:
    out = summary(run_of([{"score_start": 2.0, "score_end": 4.5, "score_no_service": 4.5}]))
    assert (out["impact_mean_change_points"], out["impact_significant_share"]) == (0.0, 0.0)


def test_needs_outside_the_window_are_not_counted() -> None:
    out = summary(
        run_of(
            [
                {"score_end": 3.0},
                {"onset_day": END, "score_end": 9.0},
                {"out_day": DECISION, "score_end": 9.0},  # left with age before the window
                {"onset_day": 900, "out_day": 900, "score_end": 9.0},  # would have begun after leaving
            ]
        )
    )
    assert out["impact_mean_change_points"] == 1.0


# ---- waits ----------------------------------------------------------------------------------------


def referred(start: int, seen: int) -> dict[str, Any]:
    return known(start, referred_day=start, first_contact_day=seen)


def test_recorded_waits_are_those_completed_in_the_window() -> None:
    out = summary(
        run_of(
            [
                referred(800, 800 + 70),
                referred(800, 800 + 126),
                referred(800, 800 + 127),
                referred(600, 705),  # 105 days, begun before the window
                referred(500, 699),  # ended before the window
                known(800, first_contact_day=801),  # drop-in: no clock
                known(
                    800, first_contact_day=801, referred_day=850
                ),  # the clock started after the first contact
            ]
        )
    )
    waited = np.array([70, 126, 127, 105]) / 7
    assert out["recorded_wait_mean_weeks"] == pytest.approx(waited.mean())
    assert out["recorded_wait_median_weeks"] == pytest.approx(np.median(waited))
    assert out["recorded_wait_p92_weeks"] == pytest.approx(np.percentile(waited, 92))
    assert out["recorded_wait_within_18_weeks_share"] == 0.75


def test_concerns_count_once_they_can_be_followed_for_18_weeks() -> None:
    out = summary(
        run_of(
            [
                known(800, first_useful_day=800 + 126),  # in time
                known(
                    800, first_useful_day=790
                ),  # a link visit helped before anybody raised a concern: in time
                known(800, first_useful_day=800 + 127),  # late
                known(800),  # never
                known(699, first_useful_day=701),  # known before the window
                known(END - 126, first_useful_day=END - 126),  # followed for a day less than 18 weeks
                known(END - 127),  # followed for just long enough
                known(800, out_day=850),  # left with age before 18 weeks
                known(800, left_day=850),  # gave up: still without useful support
                {"onset_day": 900},  # nobody ever noticed
                {"onset_day": END - 126},  # nor this one, but not for 18 weeks yet
                {"identified_day": -900, "left_reason": BEFORE_START},  # dealt with before the history
            ]
        )
    )
    assert out["first_useful_within_18_weeks_share"] == pytest.approx(2 / 6)
    assert out["first_useful_within_18_weeks_all_needs_share"] == pytest.approx(2 / 7)


def test_second_contact_and_specialist_start_are_counted_from_the_concern() -> None:
    out = summary(
        run_of(
            [
                known(800, second_contact_day=800 + 182, level=2, specialist_start_day=800 + 364),
                known(800, second_contact_day=800 + 183, level=2, specialist_start_day=800 + 365),
                known(800, level=1, specialist_start_day=900),
                known(END - 200, level=2),  # followed for 26 weeks, not for 52
            ]
        )
    )
    assert out["second_contact_within_26_weeks_share"] == 0.25
    assert out["specialist_start_within_52_weeks_share"] == 0.5


def test_the_median_wait_for_useful_support_counts_those_still_waiting() -> None:
    # helped after 7, 21 and 35 days; one left with age after 14 days, one is without to the end.
    # Kaplan-Meier: 4/5, then 4/5 * 2/3, then 4/5 * 2/3 * 1/2 = 0.267
    rows = [
        known(800, first_useful_day=807),
        known(800, first_useful_day=821),
        known(800, first_useful_day=835),
        known(800, out_day=815),
        known(800),
    ]
    out = summary(run_of(rows))
    assert out["first_useful_median_weeks"] == pytest.approx(5.0)
    expected = (7 * 1 + 14 * 4 / 5 + 14 * 8 / 15 + (364 - 35) * 4 / 15) / 7
    assert out["first_useful_mean_weeks_of_first_52"] == pytest.approx(expected)


def test_the_median_is_undefined_when_more_than_half_never_get_support() -> None:
    out = summary(run_of([known(800), known(800), known(800, first_useful_day=810)]))
    assert math.isnan(out["first_useful_median_weeks"])
    assert out["first_useful_mean_weeks_of_first_52"] == pytest.approx((10 * 3 + 354 * 2) / 3 / 7)


def banded(week: int, offer: int = 1, locality: int = 0, **bands: int) -> dict[str, Any]:
    return {"week": week, "offer": offer, "locality": locality, "size": sum(bands.values()), **bands}


def test_the_list_is_the_average_of_the_last_26_weeks_over_lists_where_the_first_contact_is_awaited() -> None:
    waiting = [banded(w, w0_1=10, w12_18=30, w18_52=50, w52_plus=10) for w in range(274, 299)]
    waiting.append(banded(299, w0_1=126, w52_plus=74))
    waiting += [banded(273, w52_plus=9999), banded(300, w52_plus=9999)]  # before and after
    waiting += [banded(280, o, w52_plus=9999) for o in (0, 2, 3)]  # triage, therapy without clock, drop-in
    out = summary(run_of(waiting=waiting))
    total = 25 * 100 + 200
    assert out["list_size_per_1000_children"] == pytest.approx(total / 26 / 2000 * 1000)
    assert out["list_within_18_weeks_share"] == pytest.approx((25 * 40 + 126) / total)
    assert out["list_18_to_52_weeks_share"] == pytest.approx(25 * 50 / total)
    assert out["list_over_52_weeks_share"] == pytest.approx((25 * 10 + 74) / total)
    assert out["list_size_at_end"] == 200
    assert out["list_size"] == pytest.approx(total / 26)
    assert out["list_over_18_weeks_share"] == pytest.approx((25 * 60 + 74) / total)
    everything = total + 3 * 9999
    assert out["all_lists_per_1000_children"] == pytest.approx(everything / 26 / 2000 * 1000)
    assert out["all_lists_over_52_weeks_share"] == pytest.approx((25 * 10 + 74 + 3 * 9999) / everything)


def test_families_turned_away_and_giving_up_are_counted_in_the_window_only() -> None:
    def weekly(week: int, what: str, value: int) -> dict[str, Any]:
        return {"week": week, "measure": WEEKLY_MEASURES.index(what), "value": value, "imd_quintile": 1}

    out = summary(
        run_of(
            weekly=[
                weekly(99, "turned_away", 1000),
                weekly(100, "turned_away", 20),
                weekly(299, "turned_away", 10),
                weekly(300, "turned_away", 1000),
                weekly(150, "gave_up", 6),
                weekly(99, "referred", 1000),
                weekly(100, "referred", 40),
                weekly(299, "first_contacts", 30),
            ]
        )
    )
    child_years = 2000 * 1400 / 365.25
    assert out["turned_away_per_1000_children_per_year"] == pytest.approx(1000 * 30 / child_years)
    assert out["gave_up_per_1000_children_per_year"] == pytest.approx(1000 * 6 / child_years)
    assert out["gave_up_per_100_referred"] == pytest.approx(100 * 6 / 40)
    assert (out["referred_per_week"], out["first_contacts_per_week"]) == (40 / 200, 30 / 200)


# ---- reach ----------------------------------------------------------------------------------------


def test_every_need_is_in_one_of_four_boxes() -> None:
    out = summary(
        run_of(
            [
                {},  # never noticed
                known(800),  # noticed, never seen
                known(800, first_contact_day=810),  # once
                known(800, first_contact_day=810, second_contact_day=820, imd_quintile=5, level=2),
            ]
        )
    )
    assert out["reach_share"] == 0.5
    assert out["never_identified_share"] == 0.25
    assert out["identified_never_seen_share"] == 0.25
    assert out["seen_once_only_share"] == 0.25
    assert (out["reach_share_quintile_1"], out["reach_share_quintile_5"]) == (pytest.approx(1 / 3), 1.0)
    assert (out["reach_share_universal"], out["reach_share_specialist"]) == (pytest.approx(1 / 3), 1.0)
    assert math.isnan(out["reach_share_quintile_3"])
    assert math.isnan(out["reach_share_targeted"])


def test_recovery_nobody_saw_is_not_unmet_need_but_success_stays_in_reach() -> None:
    out = summary(
        run_of(
            [
                {"score_start": 4.0},  # back in the normal range before the window, unseen: no need
                {"score_start": 4.0, "first_contact_day": 800},  # the same, looked at later: still no need
                {"score_start": 4.0, "first_contact_day": 650},  # put right before the window: reached
                {"score_start": 3.5, "kind": 1},  # the normal range of this kind begins at 3
                {"score_start": 3.9},  # a need, unseen
                {"identified_day": -900, "left_reason": BEFORE_START},  # what was done is not on record
            ]
        )
    )
    assert out["reach_share"] == 0.5


# ---- equity ---------------------------------------------------------------------------------------


def test_gap_and_slope_are_positive_when_the_most_deprived_get_more() -> None:
    rows: list[dict[str, Any]] = []
    for q, seen in zip((1, 2, 3, 4, 5), (5, 4, 3, 2, 1), strict=True):
        rows += [{"imd_quintile": q, "first_contact_day": 800}] * seen + [{"imd_quintile": q}] * (5 - seen)
    out = summary(run_of(rows))
    assert out["reach_share_gap"] == pytest.approx(0.8)
    # equal fifths: values fall by 0.2 from one midpoint to the next, which are 0.2 apart: a slope of 1
    assert out["reach_share_slope_index"] == pytest.approx(1.0)
    assert out["impact_mean_change_points_slope_index"] == 0.0
    assert math.isnan(out["first_useful_within_18_weeks_share_gap"])


def test_slope_index_is_the_weighted_regression_of_the_values_on_the_rank() -> None:
    values, weights = np.array([0.3, 0.5, 0.2, 0.6, 0.4]), np.array([50.0, 10.0, 20.0, 40.0, 30.0])
    rank = (np.cumsum(weights) - weights / 2) / weights.sum()
    slope = np.polyfit(rank, values, 1, w=np.sqrt(weights))[0]  # polyfit squares its weights
    assert slope_index(values, weights) == pytest.approx(-slope)


# ---- staff time, cost, quality --------------------------------------------------------------------


def minutes(week: int, role: int, line: str, value: int, locality: int = 0) -> dict[str, Any]:
    return {
        "week": week,
        "role": role,
        "line": LEDGER_LINES.index(line),
        "minutes": value,
        "locality": locality,
    }


LEDGER = [
    minutes(100, 0, "direct_contact", 6000),
    minutes(299, 1, "drop_in", 3000, locality=1),
    minutes(200, 0, "unused", 3000),
    minutes(99, 0, "travel", 99999),
    minutes(300, 0, "travel", 99999),
]


def test_staff_time_is_shared_out_over_the_ledger_lines_of_the_window() -> None:
    out = summary(run_of(ledger=LEDGER))
    assert out["time_share_direct_contact"] == 0.5
    assert (out["time_share_drop_in"], out["time_share_unused"], out["time_share_travel"]) == (
        0.25,
        0.25,
        0.0,
    )
    assert out["staff_hours_per_1000_children_per_year"] == pytest.approx(200 / 2 / (1400 / 365.25))


def test_time_not_used_is_told_for_each_staff_group_as_a_share_of_its_own_time() -> None:
    out = summary(run_of(ledger=LEDGER))
    assert out["unused_share_therapist"] == pytest.approx(3000 / 9000)
    assert out["unused_share_assistant"] == 0.0
    assert math.isnan(out["unused_share_school_staff"])
    assert math.isnan(out["unused_share_other"])
    somebody = config(OFFERS)
    somebody.workforce.roles["assistant"].group = "volunteer"
    out = summary(run_of(ledger=LEDGER, config=somebody))
    assert out["unused_share_other"] == 0.0
    assert math.isnan(out["unused_share_assistant"])


def test_to_have_spare_time_is_neither_good_nor_bad_and_the_sum_over_all_staff_is_no_headline() -> None:
    unused = [name for name in LABELS if name == "time_share_unused" or name.startswith("unused_share_")]
    assert {LABELS[name].better for name in unused} == {"neither"}
    assert not LABELS["time_share_unused"].headline


def test_pounds_are_paid_for_every_minute_and_divided_by_children_not_needs() -> None:
    seen = {"first_contact_day": 800, "child_row": 0}
    out = summary(run_of([seen, seen, {"child_row": 1}], ledger=LEDGER))
    pounds = 150 * 60 + 50 * 30
    assert out["pounds_per_child_reached"] == pytest.approx(pounds)
    assert out["pounds_per_child_per_year"] == pytest.approx(pounds / 2000 / (1400 / 365.25))
    assert math.isnan(out["pounds_per_significant_change"])
    better = {"score_end": 2.5}
    assert summary(run_of([better, better], ledger=LEDGER))["pounds_per_significant_change"] == pounds / 2


def test_quality_counts_missed_appointments_timely_advice_and_contacts() -> None:
    values = {"contacts": 90, "not_brought": 10, "statutory_requests": 8, "statutory_on_time": 6}
    weekly = [{"week": 150, "measure": WEEKLY_MEASURES.index(k), "value": v} for k, v in values.items()]
    out = summary(run_of([{"first_contact_day": 800, "contacts": 5}, {"contacts": 0}], weekly=weekly))
    assert out["not_brought_share"] == 0.1
    assert out["statutory_on_time_share"] == 0.75
    assert out["contacts_per_need_seen"] == 5.0


def test_advice_asked_for_before_the_window_never_makes_more_than_all_of_it_timely() -> None:
    values = {"statutory_requests": 8, "statutory_on_time": 9}
    weekly = [{"week": 150, "measure": WEEKLY_MEASURES.index(k), "value": v} for k, v in values.items()]
    assert summary(run_of(weekly=weekly))["statutory_on_time_share"] == 1.0


# ---- breakdowns -----------------------------------------------------------------------------------


def test_the_fifteen_outcomes_are_always_fifteen_and_add_up() -> None:
    totals = [
        {"offer": 0, "strand": 4, "level": 2, "minutes": 600, "contacts": 7, "needs_reached": 3},
        {"offer": 1, "strand": 4, "level": 2, "minutes": 60, "contacts": 1, "needs_reached": 1},
        {"offer": 2, "strand": 0, "level": 0, "minutes": 120, "contacts": 9, "needs_reached": 8},
    ]
    first, last = 1, 1 << 14  # family support, universal; intervention, specialist
    needs = [
        {"outcomes": first | last, "child_row": 0, "score_end": 3.0, "score_no_service": 2.0},
        {"outcomes": last, "child_row": 0, "score_end": 2.5, "score_no_service": 2.5},
        {"outcomes": last, "child_row": 1, "score_end": 2.5, "score_no_service": 2.3},
        {"outcomes": 0, "child_row": 2, "score_end": 4.0, "score_no_service": 1.0},
    ]
    out = fifteen_outcomes(run_of(needs, offer_totals=totals))
    columns = ("hours", "contacts", "needs_reached", "children_reached", "change_mean_points")
    rows = zip(*(out[k] for k in ("strand", "level", *columns)), strict=True)
    cells = {(s, v): rest for s, v, *rest in rows}
    assert len(cells) == 15
    assert cells["intervention", "specialist"] == pytest.approx([11.0, 8, 3, 2, 0.4])
    assert cells["family_support", "universal"] == pytest.approx([2.0, 9, 1, 1, 1.0])
    nobody = cells["environment", "targeted"]
    assert nobody[:4] == [0.0, 0, 0, 0]
    assert math.isnan(nobody[4])
    assert out["hours"].sum() == 13.0
    assert list(out["strand"][:4]) == [STRANDS[0]] * 3 + [STRANDS[1]]
    assert list(out["level"][:3]) == list(LEVELS)


def test_breakdowns_by_quintile_use_the_names_and_values_of_the_headline_measures() -> None:
    rows = [
        known(800, first_contact_day=810, first_useful_day=810, referred_day=803, score_end=3.0),
        known(800),
        known(800, imd_quintile=5, first_useful_day=814, first_contact_day=814, referred_day=800),
    ]
    out = by_quintile(run_of(rows))
    assert out["children"].tolist() == [400, 400, 400, 400, 400]
    assert out["needs"].tolist() == [2, 0, 0, 0, 1]
    assert out["reach_share"][[0, 4]].tolist() == [0.5, 1.0]
    assert np.isnan(out["reach_share"][1:4]).all()
    assert out["impact_mean_change_points"][0] == 0.5
    assert out["recorded_wait_median_weeks"][[0, 4]].tolist() == [1.0, 2.0]
    assert out["first_useful_median_weeks"][4] == 2.0
    assert set(out) - {"imd_quintile", "children", "needs"} <= set(LABELS)


def test_breakdowns_by_locality_add_lists_and_staff() -> None:
    waiting = [banded(w, locality=1, w2_4=30) for w in range(200, 300)]
    run = run_of([{"locality": 1}], waiting=waiting, ledger=LEDGER)
    out = by_locality(run)
    assert list(out["locality"]) == ["north", "south"]
    assert out["list_size_per_1000_children"].tolist() == [0.0, 30.0]
    hours = out["staff_hours_per_1000_children_per_year"]
    assert hours.tolist() == pytest.approx([150 / (1400 / 365.25), 50 / (1400 / 365.25)])
    assert set(out) - {"locality", "children", "needs"} <= set(LABELS)


def test_a_list_shared_by_the_whole_area_belongs_to_no_locality() -> None:
    out = by_locality(run_of(waiting=[banded(w, locality=-1, w2_4=30) for w in range(200, 300)]))
    assert np.isnan(out["list_size_per_1000_children"]).all()


def test_the_bands_of_every_week_are_added_up_over_localities() -> None:
    waiting = [
        banded(5, w0_1=1, w52_plus=2),
        banded(5, locality=1, w0_1=10),
        banded(6),
        banded(6, offer=3, w0_1=7),
    ]
    out = weeks_bands(run_of(waiting=waiting))
    assert out["week"].tolist() == [5, 6]
    assert list(out["offer"]) == ["assessment", "assessment"]
    assert out["size"].tolist() == [13, 0]
    assert (out["w0_1"].tolist(), out["w52_plus"].tolist()) == ([11, 0], [2, 0])


# ---- laws -----------------------------------------------------------------------------------------

DAYS = st.lists(st.integers(0, 600), min_size=1, max_size=60)


@given(DAYS, st.floats(0.0, 1.0))
def test_percentiles_from_counts_are_those_of_the_waits_themselves(days: list[int], q: float) -> None:
    counts = day_counts(np.array(days))
    assert quantile(counts, q)[0] == pytest.approx(np.quantile(days, q))
    assert mean_day(counts)[0] == pytest.approx(np.mean(days))


@given(DAYS)
def test_kaplan_meier_without_censoring_is_the_empirical_median_and_mean(days: list[int]) -> None:
    counts = day_counts(np.array(days))
    still = still_waiting(counts, np.zeros_like(counts))
    assert median_days(still)[0] == np.quantile(days, 0.5, method="inverted_cdf")
    assert mean_days_up_to(still, 601)[0] == pytest.approx(np.mean(days))
    assert mean_days_up_to(still, 52)[0] == pytest.approx(np.minimum(days, 52).mean())


@given(DAYS, st.integers(0, 60))
def test_cutting_waits_short_leaves_the_curve_before_the_cut_as_it_was(days: list[int], cut: int) -> None:
    waits = np.array(days)
    longest = int(waits.max()) + 1
    full = still_waiting(np.bincount(waits, minlength=longest)[None].astype(float), np.zeros((1, longest)))
    early, seen = waits <= cut, np.minimum(waits, cut)
    events = np.bincount(seen[early], minlength=longest)[None].astype(float)
    censored = np.bincount(seen[~early], minlength=longest)[None].astype(float)
    n = min(cut, longest)
    assert still_waiting(events, censored)[0, :n] == pytest.approx(full[0, :n])


def test_groups_with_different_follow_up_do_not_lend_each_other_time() -> None:
    # group 0: one cut short after 3 days; group 1: one helped after 400 days
    events = day_counts(np.array([400]), np.array([1]), 2)
    censored = np.zeros_like(events)
    censored[0, 3] = 1.0
    out = mean_days_up_to(still_waiting(events, censored), 364)
    assert math.isnan(out[0])
    assert out[1] == 364.0


@given(st.floats(-5, 5), st.lists(st.integers(1, 1000), min_size=5, max_size=5))
def test_slope_index_is_nought_when_all_groups_are_equal(value: float, weights: list[int]) -> None:
    assert slope_index(np.full(5, value), np.array(weights, float)) == pytest.approx(0.0, abs=1e-9)


@given(st.lists(st.integers(0, 100), min_size=5, max_size=5), st.floats(0.1, 3.0))
def test_slope_index_of_a_straight_line_is_its_fall_from_end_to_end(weights: list[int], fall: float) -> None:
    w = np.array(weights, float)
    if np.count_nonzero(w) < 2:
        assert math.isnan(slope_index(np.zeros(5), w))
        return
    rank = (np.cumsum(w) - w / 2) / w.sum()
    assert slope_index(1.0 - fall * rank, w) == pytest.approx(fall)


@st.composite
def random_needs(draw: st.DrawFn) -> list[dict[str, Any]]:
    def day() -> st.SearchStrategy[int]:
        return st.one_of(st.just(NEVER), st.integers(400, END + 200))

    rows = []
    for _ in range(draw(st.integers(0, 12))):
        onset = draw(st.integers(-500, END + 50))
        concern = draw(day())
        first = draw(day())
        rows.append(
            {
                "onset_day": onset,
                "identified_day": concern,
                "concern_day": concern,
                "referred_day": draw(day()),
                "first_contact_day": first,
                "second_contact_day": NEVER if first == NEVER else first + draw(st.integers(0, 300)),
                "first_useful_day": draw(day()),
                "specialist_start_day": draw(day()),
                "out_day": draw(st.integers(0, END + 800)),
                "left_day": draw(day()),
                "left_reason": draw(st.integers(0, 12)),
                "level": draw(st.integers(0, 2)),
                "kind": draw(st.integers(0, 1)),
                "imd_quintile": draw(st.integers(1, 5)),
                "locality": draw(st.integers(0, 1)),
                "score_start": draw(st.floats(0, 5)),
                "score_end": draw(st.floats(0, 5)),
                "score_no_service": draw(st.floats(0, 5)),
            }
        )
    return rows


@given(random_needs())
def test_shares_lie_between_nought_and_one_and_the_four_boxes_hold_everybody(
    rows: list[dict[str, Any]],
) -> None:
    run = run_of(rows, ledger=LEDGER)
    out = summary(run)
    for name, value in out.items():
        if LABELS[name].unit == "%" and not math.isnan(value):
            assert 0.0 <= value <= 1.0, name
        if name.endswith("_weeks") and not math.isnan(value):
            assert value >= 0.0, name
    assert sum(out[f"time_share_{line}"] for line in LEDGER_LINES) == pytest.approx(1.0)
    if not math.isnan(out["reach_share"]):
        boxes = out["never_identified_share"] + out["identified_never_seen_share"] + out["reach_share"]
        assert boxes == pytest.approx(1.0)
        assert out["seen_once_only_share"] <= out["reach_share"] + 1e-12


@given(random_needs())
def test_groups_add_up_to_the_whole(rows: list[dict[str, Any]]) -> None:
    run = run_of(rows)
    whole, quintiles, localities = summary(run), by_quintile(run), by_locality(run)
    for parts in (quintiles, localities):
        needs = parts["needs"]
        if needs.sum():
            reached = np.nansum(parts["reach_share"] * needs) / needs.sum()
            assert reached == pytest.approx(whole["reach_share"])
        started = parts["specialist_start_within_52_weeks_share"]
        overall = whole["specialist_start_within_52_weeks_share"]
        if np.isfinite(started).any():
            assert np.nanmin(started) - 1e-12 <= overall <= np.nanmax(started) + 1e-12
        else:
            assert math.isnan(overall)
        years = np.nansum(parts["impact_function_years_per_1000_children"] * parts["children"])
        assert years / 2000 == pytest.approx(np.nan_to_num(whole["impact_function_years_per_1000_children"]))


@given(st.lists(st.tuples(st.integers(0, 299), *[st.integers(0, 50)] * 7), max_size=30))
def test_bands_add_up_to_the_size_of_the_list(rows: list[tuple[int, ...]]) -> None:
    waiting = [banded(w, **dict(zip(BANDS, counts, strict=True))) for w, *counts in rows]
    run = run_of(waiting=waiting)
    out = weeks_bands(run)
    assert out["size"].sum() == run.tables["waiting"]["size"].sum()
    assert np.array_equal(np.sum([out[b] for b in BANDS], axis=0), out["size"])
    shares = [summary(run)[f"list_{b}_weeks_share"] for b in ("within_18", "18_to_52", "over_52")]
    assert math.isnan(sum(shares)) or sum(shares) == pytest.approx(1.0)
