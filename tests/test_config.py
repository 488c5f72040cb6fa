"""What is wrong with a configuration is told at once, in sentences: key, what was found, what is allowed."""

from __future__ import annotations

import copy
import pickle

import pytest
from configurations import configuration, problems
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.checking import check
from sim.config import config_hash
from sim.errors import InputError
from sim.quantity import Resolver

THERAPY = "system.offers.therapy"


# ------------------------------------------------------------------------------------------- did you mean


@pytest.mark.parametrize(
    ("key", "value", "sentence"),
    [
        ("sede", 1, "sede: unknown key; did you mean 'seed'?"),
        (
            "evidence.vacancy_share",
            0.7,
            "evidence.vacancy_share = 0.7: a row has several fields; to set its value write "
            "evidence.vacancy_share.value=0.7",
        ),
        (f"{THERAPY}.quene", {}, f"{THERAPY}.quene: unknown key; did you mean 'queue'?"),
        (
            f"{THERAPY}.queue.patience",
            3,
            f"{THERAPY}.queue.patience: unknown key; did you mean 'patience_weeks'?",
        ),
        (f"{THERAPY}.routes.0.whne", [], f"{THERAPY}.routes[0].whne: unknown key; did you mean 'when'?"),
        (
            f"{THERAPY}.routes.0.to.0.shar",
            1,
            f"{THERAPY}.routes[0].to[0].shar: unknown key; did you mean 'share'?",
        ),
        (
            f"{THERAPY}.queue.priority.0.level",
            [],
            f"{THERAPY}.queue.priority[0].level: unknown key; did you mean 'levels'?",
        ),
        ("system.doors.referral.seek", 1, "system.doors.referral.seek: unknown key; did you mean 'seeks'?"),
        ("system.dials.impct", 1, "system.dials.impct: unknown key; did you mean 'impact'?"),
        (
            "needs.kinds.dld.drift.0.per_yaer",
            1,
            "needs.kinds.dld.drift[0].per_yaer: unknown key; did you mean 'per_year'?",
        ),
        (
            "workforce.roles.admin_b3.vacany",
            0,
            "workforce.roles.admin_b3.vacany: unknown key; did you mean 'vacancy'?",
        ),
        (
            "area.localities.0.setings",
            {},
            "area.localities[0].setings: unknown key; did you mean 'settings'?",
        ),
        (
            "area.demand.growth_per_yr",
            0,
            "area.demand.growth_per_yr: unknown key; did you mean 'growth_per_year'?",
        ),
        ("evidence.week_days.vlue", 1, "evidence.week_days.vlue: unknown key; did you mean 'value'?"),
        ("calendar.workingdays", [], "calendar.workingdays: unknown key; did you mean 'working_days'?"),
        (
            f"{THERAPY}.effect.fit",
            {"speciallist": 1},
            f"{THERAPY}.effect.fit.speciallist: unknown key; did you mean 'specialist'?",
        ),
        (
            "system.job_plan.admin_b3.overheads.travl",
            0.1,
            "system.job_plan.admin_b3.overheads.travl: unknown key; did you mean 'travel'?",
        ),
    ],
)
def test_an_unknown_key_is_told_with_the_nearest_one_at_its_place(key, value, sentence):
    assert problems((key, value)) == [sentence]


def test_an_unknown_key_without_a_near_one_is_told_with_all_that_are_known():
    (sentence,) = problems(("system.dials.zebra", 1))
    assert sentence == (
        "system.dials.zebra: unknown key; known keys: impact, easy_access, place_based, continuum, information"
    )


def test_a_slip_inside_what_a_dial_moves_is_told_once():
    found = problems((f"{THERAPY}.staff.therapist", {"old": 30, "nwe": 40, "dial": "impact"}))
    assert found == [
        f"{THERAPY}.staff.therapist.new: missing",
        f"{THERAPY}.staff.therapist.nwe: unknown key; did you mean 'new'?",
    ]
    found = problems((f"{THERAPY}.staff.therapist", {"base": 30, "plus": {"impct": 40}}))
    assert found == [f"{THERAPY}.staff.therapist.plus.impct: unknown key; did you mean 'impact'?"]


# ------------------------------------------------------------------------------------------- wrong values


@pytest.mark.parametrize(
    ("value", "shown"), [(True, "true"), (None, "null"), ([1], "[1]"), ({"a": 1}, "{'a': 1}"), ({}, "{}")]
)
def test_what_is_no_quantity_is_refused_in_one_sentence(value, shown):
    (sentence,) = problems((f"{THERAPY}.staff.therapist", value))
    assert sentence.startswith(f"{THERAPY}.staff.therapist = {shown}: not a quantity; allowed is a number, ")


@pytest.mark.parametrize(
    ("key", "value", "sentence"),
    [
        ("seed", -1, "seed = -1: should be greater than or equal to 0"),
        ("replications", 0, "replications = 0: should be greater than or equal to 1"),
        ("replications", "many", "replications = 'many': must be a whole number"),
        ("replications", 1.5, "replications = 1.5: must be a whole number"),
        ("replications", None, "replications = null: must be a whole number"),
        ("event_log", "maybe", "event_log = 'maybe': must be true or false"),
        ("system.title", 3, "system.title = 3: must be text"),
        ("system.offers", None, "system.offers = null: must be a group of keys"),
        ("system.offers.therapy", 7, "system.offers.therapy = 7: must be a group of keys"),
        ("needs.deprivation", [1, 2], "needs.deprivation: has 2 entries; at least 5"),
        ("needs.deprivation", [1] * 6, "needs.deprivation: has 6 entries; at most 5"),
        ("needs.deprivation", "even", "needs.deprivation = 'even': must be a list"),
        ("area.demand.month_weights", [1, 1], "area.demand.month_weights: has 2 entries; at least 12"),
        ("area.demand.referrals_per_week", "x", "area.demand.referrals_per_week = 'x': must be a number"),
        ("horizon_years", 0, "horizon_years = 0: should be greater than 0"),
        ("horizon_years", float("nan"), "horizon_years = nan: must be a finite number"),
        ("history_years", 51, "history_years = 51: should be less than or equal to 50"),
        ("workers", 0, "workers = 0: should be greater than or equal to 1"),
        ("system.dials.impact", 1.5, "system.dials.impact = 1.5: should be less than or equal to 1"),
        ("system.slots_per_week", -1, "system.slots_per_week = -1: should be greater than or equal to 0"),
        (
            "system.spare_time",
            "shard",
            "system.spare_time = 'shard': did you mean 'shared'? allowed is 'shared' or 'lost'",
        ),
        (f"{THERAPY}.access", "que", f"{THERAPY}.access = 'que': did you mean 'queue'? allowed is 'queue', "),
        (f"{THERAPY}.kinds", "speech", f"{THERAPY}.kinds = 'speech': allowed is 'all' or a list of names"),
        (f"{THERAPY}.weekdays", [], f"{THERAPY}.weekdays: an offer must run on at least one weekday"),
        (
            f"{THERAPY}.weekdays",
            ["mon", "tus"],
            f"{THERAPY}.weekdays[1] = 'tus': did you mean 'tue'? allowed is 'mon', ",
        ),
        (
            f"{THERAPY}.ages",
            [5, 2],
            f"{THERAPY}.ages: from 5 to 2 years; allowed is a range that rises, between 0 and 25",
        ),
        (
            "system.doors.referral.ages",
            [0, 30],
            "system.doors.referral.ages: from 0 to 30 years; allowed is a range",
        ),
        ("system.doors.referral.to", [], "system.doors.referral.to: has 0 entries; at least 1"),
        (
            "area.kind",
            "agregates",
            "area.kind = 'agregates': allowed are 'aggregates', 'files', 'referral_stream'",
        ),
        ("calendar.start", "2022-9-1", "calendar.start: '2022-9-1' is not a date of the form 2026-09-01"),
        (
            "calendar.start",
            "2195-09-01",
            "calendar.start = '2195-09-01' with 3 years of history and 5 of horizon: allowed",
        ),
        (
            "calendar.working_days",
            ["sat"],
            "system.offers.drop_in.weekdays = tue, thu: none of them is a working day",
        ),
        (
            "workforce.roles.admin_b3.vacancy",
            1.5,
            "workforce.roles.admin_b3.vacancy = 1.5: allowed is 0 to 1 (share)",
        ),
    ],
)
def test_a_wrong_value_is_told_with_its_key_what_was_found_and_what_is_allowed(key, value, sentence):
    (found,) = problems((key, value))
    assert found.startswith(sentence)


def test_no_sentence_speaks_of_python():
    found = problems(
        ("seed", None),
        ("system.doors", [1]),
        ("area.localities", {"a": 1}),
        ("calendar.working_days", "mon"),
        ("system.offers.therapy.ages", [1]),
        ("system.offers.therapy.routes", {"when": "done"}),
        ("needs.kinds.dld.title", 3),
        ("system.offers.triage.gate.accept", [0.5]),
    )
    assert len(found) >= 8
    for word in ("dict", "tuple", "None", "parse", "valid ", "validation", "instance", "str"):
        assert [sentence for sentence in found if word in sentence.replace("stream", "")] == []


def test_staff_below_nothing_are_refused():
    role = "workforce.roles.therapist_b6"
    assert problems((f"{role}.wte", -2), (f"{role}.wte_per_100k", None)) == [
        f"{role}.wte = -2: should be greater than or equal to 0"
    ]
    assert problems((f"{role}.wte_per_100k", -3)) == [
        f"{role}.wte_per_100k = -3: allowed is 0 to 10000 (wte_per_100k)"
    ]
    assert problems((f"{role}.wte", 2)) == [
        f"{role}: give either wte or wte_per_100k, not both and not neither"
    ]


@pytest.mark.parametrize("part", ["area", "system", "needs", "workforce", "calendar", "evidence"])
def test_a_part_that_is_missing_is_named(part):
    raw = configuration()
    del raw[part]
    with pytest.raises(InputError) as caught:
        check(raw)
    assert caught.value.problems == [f"{part}: missing"]


# --------------------------------------------------------------------------------------------- quantities


def test_an_unknown_evidence_row_is_told_with_the_nearest_one():
    assert problems((f"{THERAPY}.staff.therapist", "therapy_contact_minuts")) == [
        f"{THERAPY}.staff.therapist = 'therapy_contact_minuts': no evidence row of that name; "
        "did you mean 'therapy_contact_minutes'?"
    ]


@pytest.mark.parametrize(
    "quantity",
    [
        "vacancy_share",
        {"old": "vacancy_share", "new": 30, "dial": "impact"},
        {"old": 30, "new": "vacancy_share", "dial": "impact"},
        {"base": 30, "plus": {"impact": "vacancy_share"}},
        {"product": ["vacancy_share", 3]},
    ],
)
def test_a_row_in_another_unit_is_refused_wherever_it_stands(quantity):
    (sentence,) = problems((f"{THERAPY}.staff.therapist", quantity))
    assert (
        sentence
        == f"{THERAPY}.staff.therapist = 'vacancy_share': the row is in share, this field takes minutes"
    )


def test_minutes_times_minutes_are_refused():
    rows = ["therapy_contact_minutes", "assessment_contact_minutes"]
    (sentence,) = problems((f"{THERAPY}.staff.therapist", {"product": rows}))
    assert sentence == (
        f"{THERAPY}.staff.therapist: factors after the first must be shares or multipliers; "
        "'assessment_contact_minutes' is in minutes"
    )


@pytest.mark.parametrize(
    ("quantity", "shown"),
    [
        (1.2, "1.2"),
        (-0.1, "-0.1"),
        ({"old": 0.5, "new": 2, "dial": "impact"}, "2"),
        ({"base": 0.2, "minus": {"impact": -3}}, "-3"),
        ({"product": ["vacancy_share", 100]}, None),
    ],
)
def test_a_share_outside_nothing_and_everything_is_refused_at_any_end_of_any_dial(quantity, shown):
    (sentence,) = problems((f"{THERAPY}.attendance.discharge", quantity))
    assert sentence.startswith(f"{THERAPY}.attendance.discharge = {shown or ''}")
    assert sentence.endswith(": allowed is 0 to 1 (share)")


def test_dials_that_together_take_more_than_there_is_are_refused_where_they_stand():
    taken = {"base": 0.4, "minus": {"impact": 0.3, "continuum": 0.3}}
    change = (f"{THERAPY}.attendance.discharge", taken)
    assert check(configuration(change)).system.dials.impact == 0
    assert problems(change, ("system.dials.impact", 1), ("system.dials.continuum", 1)) == [
        f"{THERAPY}.attendance.discharge: base, plus and minus come to -0.2 at these dials; "
        "allowed is 0 to 1 (share)"
    ]


@given(
    old=st.floats(0, 1),
    new=st.floats(0, 1),
    amounts=st.tuples(st.floats(0, 0.5), st.floats(0, 0.5)),
    dials=st.tuples(st.floats(0, 1), st.floats(0, 1)),
)
@settings(max_examples=60)
def test_blends_shifts_and_products_are_what_they_say(old, new, amounts, dials):
    config = check(
        configuration(
            (f"{THERAPY}.attendance.discharge", {"old": old, "new": new, "dial": "impact"}),
            (
                "system.offers.statutory_advice.requests.per_year",
                {"base": 1, "plus": {"impact": amounts[0]}, "minus": {"continuum": amounts[1]}},
            ),
            (f"{THERAPY}.staff.therapist", {"product": ["therapy_contact_minutes", 0.5, "vacancy_share"]}),
        )
    )
    value = Resolver(config.evidence, {"impact": dials[0], "continuum": dials[1]})
    offers = config.system.offers
    blend = value(offers["therapy"].attendance.discharge)
    assert blend == pytest.approx(old + dials[0] * (new - old), abs=1e-12)
    assert min(old, new) - 1e-12 <= blend <= max(old, new) + 1e-12
    shift = value(offers["statutory_advice"].requests.per_year)
    assert shift == pytest.approx(1 + dials[0] * amounts[0] - dials[1] * amounts[1])
    rows = config.evidence
    expected = rows["therapy_contact_minutes"].value * 0.5 * rows["vacancy_share"].value
    assert value(offers["therapy"].staff["therapist"]) == pytest.approx(expected)


@pytest.mark.parametrize(("dial", "end"), [(0.0, "old"), (1.0, "new")])
def test_a_dial_at_its_end_is_the_pure_system_to_the_bit(dial, end):
    ends = {"old": 0.1 + 0.2, "new": 0.7 / 3}
    config = check(configuration((f"{THERAPY}.attendance.discharge", {**ends, "dial": "impact"})))
    value = Resolver(config.evidence, {"impact": dial})
    assert value(config.system.offers["therapy"].attendance.discharge) == ends[end]


def test_weeks_and_years_become_days_where_days_are_wanted():
    config = check(configuration())
    value, rows = config.resolver(), config.evidence
    assert rows["gap_between_blocks_weeks"].unit == "weeks"
    assert value("gap_between_blocks_weeks", "days") == 7 * rows["gap_between_blocks_weeks"].value
    assert value("universal_training_half_life_years", "weeks") == pytest.approx(
        rows["universal_training_half_life_years"].value * 365.25 / 7
    )


# ------------------------------------------------------------------------------------------------ at once


def test_all_problems_are_told_at_once_whatever_their_sort():
    found = problems(
        ("seed", -1),
        (f"{THERAPY}.quene", {}),
        (f"{THERAPY}.staff.therapist", [1]),
        (f"{THERAPY}.effect.gain", "routine_therapy_efect_sd"),
        ("needs.kinds.dld.ever", 3),
        ("workforce.roles.admin_b3.vacancy", "vacancy_sharre"),
        ("area.localitys", []),
    )
    keys = sorted(sentence.split(":")[0].split(" = ")[0] for sentence in found)
    assert keys == [
        "area.localitys",
        "needs.kinds.dld.ever",
        "seed",
        f"{THERAPY}.effect.gain",
        f"{THERAPY}.quene",
        f"{THERAPY}.staff.therapist",
        "workforce.roles.admin_b3.vacancy",
    ]


def test_a_mistake_of_one_sort_hides_none_of_another_sort():
    """A wrong type, a row outside its range, a quantity out of range, an arrow to nowhere, sums above 100 %."""
    therapi = [{"when": ["done"], "to": [{"to": "therapi", "share": 0.4}]}]
    found = problems(
        ("replications", 0),
        ("calendar.start", "soon"),
        ("evidence.vacancy_share.value", 7),
        ("system.offers.therapy.queue.patience_weeks", -1),
        ("system.offers.assessment.routes", therapi),
        ("system.job_plan.therapist_b6.offers.therapy", 0.99),
        ("system.doors.referral.to", [{"to": "triage", "share": 0.7}]),
        ("needs.kinds.dld.normal_range", 0.1),
    )
    assert [sentence.split(" = ")[0].split(": ")[0] for sentence in found] == [
        "calendar.start",
        "evidence.vacancy_share",
        "replications",
        "system.offers.therapy.queue.patience_weeks",
        "system.offers.assessment.routes[0].to[0].to",
        "system.offers.school_programme",
        "system.job_plan.therapist_b6",
        "system.doors.referral.to",
        "needs.kinds.dld",
    ]


@pytest.mark.parametrize(
    "change",
    [
        (f"{THERAPY}.title", None),
        ("system.dials.easy_access", 2),
        ("system.job_plan.therapist_b6.offers.therapy", "no_row_of_this_name"),
        ("system.job_plan.therapist_b6", 3),
        ("workforce.roles.therapist_b6.group", 3),
        ("workforce.roles.therapist_b6", None),
        ("needs.kinds.dld", None),
        (f"{THERAPY}.rutes", []),
        ("evidence.therapy_contact_minutes.unit", "hour"),
    ],
)
def test_what_hangs_on_a_mistake_is_not_told_as_another_one(change):
    key, _ = change
    assert {sentence.split(" = ")[0].split(": ")[0].startswith(key) for sentence in problems(change)} == {
        True
    }


def test_taking_out_what_is_wrong_raises_no_false_alarm():
    # without its staff the offer would look as if nobody were rostered for it; the door, as if it led nowhere
    assert len(problems((f"{THERAPY}.staff", 3))) == 1
    assert len(problems(("system.doors.referral.to.0.to", 5))) == 1
    assert len(problems(("system.offers.assessment", 7))) == 1


def test_an_input_error_survives_the_trip_from_a_worker():
    error = InputError(["one", "two"])
    assert pickle.loads(pickle.dumps(error)).problems == ["one", "two"]


def test_the_check_leaves_what_it_was_given_alone():
    raw = configuration(("seed", -1), (f"{THERAPY}.quene", {}))
    before = copy.deepcopy(raw)
    with pytest.raises(InputError):
        check(raw)
    assert raw == before


def test_the_hash_changes_with_what_changes_results_and_with_nothing_else():
    base = config_hash(check(configuration()))
    same = [("workers", 7), ("output", "elsewhere"), ("event_log", True)]
    assert config_hash(check(configuration(*same))) == base
    for change in (("seed", 2), (f"{THERAPY}.term_only", True), ("evidence.vacancy_share.value", 0.11)):
        raw = configuration()
        if change[0].startswith("evidence"):
            raw["evidence"]["vacancy_share"]["value"] += 1e-6
        else:
            raw = configuration(change)
        assert config_hash(check(raw)) != base
