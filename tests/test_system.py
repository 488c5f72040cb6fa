"""A system that could not work is refused, with a sentence for each reason; the shipped ones rest on evidence."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
import yaml
from configurations import configuration, problems
from pydantic import BaseModel

from sim.area_building import build_area
from sim.checking import check
from sim.compile import compile_config
from sim.needs import Needs
from sim.quantities import quantities_in_use
from sim.quantity import Blend, Product, Shift, Use
from sim.system import LEDGER_LINES, OUTCOMES, LedgerLine, Outcome, System
from sim.tables.staff import SLOT_MINUTES
from sim.workforce import Workforce

THERAPY = "system.offers.therapy"
PLAIN = ("area=referral_stream", "needs=plain", "workforce=one_team", "calendar=every_day")
LIST = ("system=single_list", *PLAIN)


# ----------------------------------------------------------------------------- names, routes, who is rostered


@pytest.mark.parametrize(
    ("key", "value", "sentence"),
    [
        (
            f"{THERAPY}.routes.1.to.0.to",
            "therpy",
            f"{THERAPY}.routes[1].to[0].to = 'therpy': no offer of that name; did you mean 'therapy'?",
        ),
        (
            "system.doors.referral.to.0.to",
            "nowhere",
            "system.doors.referral.to[0].to = 'nowhere': no offer of that name; known: assessment, ",
        ),
        (
            f"{THERAPY}.kinds",
            ["spech"],
            f"{THERAPY}.kinds = 'spech': no kind of need of that name; did you mean 'speech'?",
        ),
        (
            "system.offers.assessment.queue.kind_weights",
            {"dl": 1},
            "system.offers.assessment.queue.kind_weights = 'dl': no kind of need of that name; did you mean 'dld'?",
        ),
        (
            f"{THERAPY}.queue.priority.0.kinds",
            ["dlld"],
            f"{THERAPY}.queue.priority[0].kinds = 'dlld': no kind of need of that name; did you mean 'dld'?",
        ),
        (
            f"{THERAPY}.indirect",
            {"therapists": 5},
            f"{THERAPY}.indirect = 'therapists': no staff group of that name; did you mean 'therapist'?",
        ),
        (
            f"{THERAPY}.upkeep.minutes_per_chaser",
            {"amdin": 5},
            f"{THERAPY}.upkeep.minutes_per_chaser = 'amdin': no staff group of that name; did you mean 'admin'?",
        ),
        (
            "system.queue_work",
            {"admin": "admin_b33"},
            "system.queue_work.admin = 'admin_b33': no role in the workforce of that name; did you mean 'admin_b3'?",
        ),
        (
            "system.job_plan.admin_b3.offers",
            {"triag": 0.5},
            "system.job_plan.admin_b3.offers = 'triag': no offer of that name; did you mean 'triage'?",
        ),
    ],
)
def test_an_unknown_name_is_told_with_the_nearest_one(key, value, sentence):
    assert any(found.startswith(sentence) for found in problems((key, value)))


def test_a_job_plan_for_a_role_nobody_has_is_refused():
    plan = {"offers": {"therapy": 0.1}}
    assert problems(("system.job_plan.therapist_b8", plan)) == [
        "system.job_plan.therapist_b8 = 'therapist_b8': no role in the workforce of that name; "
        "did you mean 'therapist_b7'?"
    ]


def test_an_offer_that_no_door_or_route_leads_to_is_refused_with_all_that_hang_on_it():
    offer = {"strand": "intervention", "level": "targeted", "access": "queue", "staff": {"therapist": 30}}
    onward = {**offer, "routes": [{"when": ["done"], "to": [{"to": "island_two"}]}]}
    found = problems(("system.offers.island", onward), ("system.offers.island_two", offer))
    assert "system.offers.island: no door or route leads here; nobody can ever receive it" in found
    assert "system.offers.island_two: no door or route leads here; nobody can ever receive it" in found


def test_an_offer_that_nobody_is_rostered_for_is_refused_for_each_group_it_needs():
    change = ("system.offers.assessment.staff", {"therapist": 45, "assistant": 10})
    assert problems(change) == [
        "system.offers.assessment: needs assistant time, but nobody of that group has a share for it in a job plan"
    ]


def test_an_offer_that_the_dials_leave_empty_needs_no_roster():
    # at the gatekept end no therapist is rostered for drop-ins, and none is needed
    assert check(configuration()).system.dials.easy_access == 0
    change = ("system.dials.easy_access", 1)
    assert check(configuration(change, ("system.dials.place_based", 1)))


def test_a_job_plan_over_100_percent_is_refused_role_by_role():
    found = problems(
        ("system.job_plan.admin_b3.overheads", {"indirect": 0.8}),
        ("system.job_plan.assistant_b4.overheads", {"indirect": 0.7}),
    )
    assert [re.sub(r"[\d.]+%", "N%", sentence) for sentence in found] == [
        f"system.job_plan.{role}: shares add up to N% of the role's time; at most 100 %"
        for role in ("assistant_b4", "admin_b3")
    ]


def test_shares_that_do_not_sum_are_refused():
    assert problems(("system.doors.referral.to", [{"to": "triage", "share": 0.9}])) == [
        "system.doors.referral.to: shares add up to 0.900; they must add up to 1"
    ]
    two = [{"to": "therapy", "share": 0.7}, {"to": "leave", "share": 0.4}]
    assert problems(("system.offers.assessment.routes.4.to", two)) == [
        "system.offers.assessment.routes[4].to: shares add up to 1.100; at most 1"
    ]


def test_a_door_cannot_lead_to_the_doors_again():
    found = problems(("system.doors.referral.to.0.to", "door"))
    assert (
        "system.doors.referral.to[0].to = 'door': a door cannot lead to the doors again; name an offer"
        in found
    )


def test_what_runs_besides_must_be_an_offer():
    found = problems((f"{THERAPY}.routes.1.also", [{"to": "leave"}]))
    assert f"{THERAPY}.routes[1].also[0].to = 'leave': 'also' starts offers, not 'leave'" in found


@pytest.mark.parametrize("name", ["door", "leave"])
def test_an_offer_may_not_have_the_name_of_a_way_out(name):
    offer = {"strand": "intervention", "level": "targeted", "access": "queue", "staff": {"therapist": 30}}
    assert f"system.offers.{name}: the name '{name}' is taken; choose another" in problems(
        (f"system.offers.{name}", offer)
    )


def test_more_than_60_offers_are_refused():
    offer = {"strand": "intervention", "level": "targeted", "access": "queue"}
    names = [f"offer_{i}" for i in range(61)]
    door = {"to": [{"to": name, "share": 1 / 61} for name in names]}
    offers = ("system.offers", {name: offer for name in names})
    assert problems(offers, ("system.doors.referral", door), words=LIST) == [
        "system.offers: 61 offers; at most 60"
    ]
    door = {"to": [{"to": name, "share": 1 / 60} for name in names[:60]]}
    offers = ("system.offers", {name: offer for name in names[:60]})
    assert len(check(configuration(offers, ("system.doors.referral", door), words=LIST)).system.offers) == 60


def test_more_than_60_kinds_of_need_are_refused():
    kind = configuration(words=LIST)["needs"]["kinds"]["referral"]
    (found,) = problems(("needs.kinds", {f"kind_{i}": kind for i in range(61)}), words=LIST)
    assert found == "needs.kinds: has 61 entries; at most 60"


# ---------------------------------------------------------------------------- parts that do not fit each other


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ([(f"{THERAPY}.course.contacts", 0)], f"{THERAPY}.course.contacts = 0: at least 1"),
        ([(f"{THERAPY}.course.review_every", 0.4)], f"{THERAPY}.course.review_every = 0.4: at least 1"),
        (
            [("system.offers.targeted_group.group.smallest", 9)],
            "system.offers.targeted_group.group.smallest = 9: larger than the group's size of 5",
        ),
        (
            [("system.offers.targeted_group.group.size", 0)],
            "system.offers.targeted_group.group: size 0 and smallest 3; at least 1",
        ),
        (
            [(f"{THERAPY}.queue.carve_out", {"share": 0.2}), (f"{THERAPY}.queue.priority", [])],
            f"{THERAPY}.queue.carve_out: keeps appointments for the first class, but queue.priority names none",
        ),
        (
            [("system.offers.assessment.queue.kind_weights.dld", 0)],
            "system.offers.assessment.queue.kind_weights.dld = 0: must be above 0",
        ),
        (
            [("system.offers.link_visit.visit.minutes", 20)],
            "system.offers.link_visit.visit: 60% of 20 minutes leaves no room to see a child (30 minutes)",
        ),
        (
            [("system.offers.home_practice.effect.lasts_days", 0)],
            "system.offers.home_practice.effect.lasts_days: says how long the support runs; must be above 0",
        ),
        ([(f"{THERAPY}.effect.gap", 0)], f"{THERAPY}.effect: gap and over_days must be above 0"),
        (
            [("system.offers.link_visit.visit", None)],
            "system.offers.link_visit.visit: an offer with access 'visit' must",
        ),
        ([(f"{THERAPY}.visit", {"minutes": 60})], f"{THERAPY}.visit: only for access 'visit', found 'queue'"),
        (
            [(f"{THERAPY}.walk_in", {"gives_up_when_full": 0.2})],
            f"{THERAPY}.walk_in: only for access 'walk_in', found 'queue'",
        ),
        (
            [("system.offers.drop_in.queue", {"pool": "area"})],
            "system.offers.drop_in.queue.pool: only for access 'queue', found 'walk_in'",
        ),
        (
            [("system.offers.drop_in.requests", {"per_year": 1})],
            "system.offers.drop_in.requests: only for access 'queue', found 'walk_in'",
        ),
        (
            [("system.offers.drop_in.course", {"contacts": 3})],
            "system.offers.drop_in.serves = 'child': only possible for single contacts, not for courses or groups",
        ),
        (
            [("system.offers.home_practice.course", {"contacts": 3})],
            "system.offers.home_practice.course: an offer with access 'population' has no contacts; say effect.lasts_days",
        ),
        (
            [(f"{THERAPY}.staff", {})],
            f"{THERAPY}.staff: needs staff minutes (only 'population' offers run without)",
        ),
        (
            [("system.offers.triage.attendance", {"not_brought": 0.1})],
            "system.offers.triage.gate: at a gate nobody is seen; it takes neither attendance nor a course",
        ),
        (
            [(f"{THERAPY}.routes.0.when", ["accepted"])],
            f"{THERAPY}.routes[0].when = 'accepted': only a gate accepts or rejects, and this offer has none",
        ),
        (
            [(f"{THERAPY}.routes.0.when", ["not_served"])],
            f"{THERAPY}.routes[0].when[0] = 'not_served': did you mean 'not_in_need'? allowed is 'accepted', ",
        ),
    ],
)
def test_parts_that_do_not_fit_each_other_are_refused(changes, sentence):
    assert any(found.startswith(sentence) for found in problems(*changes))


def test_a_visit_for_coaching_alone_needs_no_room_for_children():
    changes = [
        ("system.offers.link_visit.visit.minutes", 20),
        ("system.offers.link_visit.visit.children_share", 0),
    ]
    assert check(configuration(*changes))


@pytest.mark.parametrize(
    ("key", "value", "sentence"),
    [
        (
            "needs.kinds.dld.onset_age",
            {"low": 5, "mode": 4, "high": 6},
            "needs.kinds.dld.onset_age: low, mode and high must rise, found 5, 4, 6",
        ),
        (
            "needs.kinds.dld.specialist_below",
            4.9,
            "needs.kinds.dld: specialist_below, targeted_below and normal_range must rise, found 4.9, ",
        ),
        (
            "needs.deprivation",
            [0, 0, 0, 0, 0],
            "needs.deprivation: all five multipliers are 0; at least one must be above 0",
        ),
        ("needs.school_age", 12, "needs.school_age: must be below needs.secondary_age"),
        (
            "needs.kinds.dld.drift",
            [{"from_age": 2, "per_year": 0}],
            "needs.kinds.dld.drift: ages must start at 0 and rise, found 2",
        ),
        (
            "needs.kinds.dld.noticed",
            [
                {"from_age": 0, "per_year": 0},
                {"from_age": "school_age_years", "per_year": 1},
                {"from_age": 4, "per_year": 2},
            ],
            "needs.kinds.dld.noticed: ages must start at 0 and rise, found 0, 4, 4",
        ),
    ],
)
def test_needs_out_of_order_are_refused(key, value, sentence):
    (found,) = problems((key, value))
    assert found.startswith(sentence)


def test_a_stream_of_referrals_must_fit_the_needs_and_the_staff():
    (found,) = problems(words=("system=single_list", *(w for w in PLAIN if not w.startswith("needs"))))
    assert found == (
        "area.mix.kinds.referral: no kind of need of that name in needs; "
        "known: speech, language, dld, fluency, social, feeding"
    )
    size = {"wte_per_100k": 20, "hours_per_year": 1500, "pounds_per_hour": 40}
    role = ("workforce.roles.clinician", {"title": "Clinician", "group": "clinician", **size})
    staff = ("system.offers.appointment.staff", {"clinician": 60})
    plan = ("system.job_plan", {"clinician": {"offers": {"appointment": 1}}})
    (found,) = problems(role, staff, plan, ("system.slots_per_week", None), words=LIST)
    assert found.startswith(
        "workforce.roles: wte_per_100k of clinician, but a stream of referrals has no children to count"
    )


def test_all_problems_of_a_system_are_told_at_once():
    found = problems(
        (f"{THERAPY}.routes.1.to.0.to", "therpy"),
        (f"{THERAPY}.staff.therapist", "therapy_contact_minuts"),
        ("system.offers.drop_in.queue", {"pool": "area"}),
        ("system.doors.referral.kinds", ["spech"]),
        ("system.queue_work", {"admni": "admin_b3"}),
    )
    assert len(found) == 5
    assert len(set(found)) == 5


# ---------------------------------------------------------------- every shipped number refers to its evidence

#: Plain numbers other than the neutral 0 and 1 that the shipped files may hold: what a service decides for itself.
CHOICES = (
    r"system/pathways: (doors|offers)\.\w+\.ages\.\d",  # who it is for, like the days of the week it is open
    r"system/single_list: slots_per_week",  # what the user of a plain list comes to set
)
#: The same for what the schema says of a field that no file writes.
STRUCTURE = {"Course.every_days": 7.0}  # a week

FOLDERS = ("system", "needs", "workforce")
CONFIGS = Path(__file__).resolve().parent.parent / "configs"
#: The worked examples are invented, and say so; every other file is meant to be believed.
BELIEVED = sorted(
    str(path.relative_to(CONFIGS).with_suffix(""))
    for folder in FOLDERS
    for path in (CONFIGS / folder).glob("*.yaml")
    if not path.stem.startswith("example_")
)


def numbers(tree: Any, key: str = "") -> Iterator[tuple[str, float]]:
    """Every plain number in a file, with its dotted key."""
    if isinstance(tree, dict):
        for name, inside in tree.items():
            yield from numbers(inside, f"{key}.{name}")
    elif isinstance(tree, list):
        for i, inside in enumerate(tree):
            yield from numbers(inside, f"{key}.{i}")
    elif isinstance(tree, int | float) and not isinstance(tree, bool):
        yield key.removeprefix("."), tree


@pytest.mark.parametrize("name", BELIEVED)
def test_every_number_about_the_world_in_a_shipped_file_refers_to_an_evidence_row(name):
    tree = yaml.safe_load((CONFIGS / f"{name}.yaml").read_text(encoding="utf-8"))
    by_hand = {f"{name}: {key}" for key, number in numbers(tree) if number not in (0, 1)}
    assert {key for key in by_hand if not any(re.fullmatch(choice, key) for choice in CHOICES)} == set()


def test_the_files_that_are_looked_at_are_those_a_user_runs():
    assert {"system/pathways", "system/gatekept", "needs/speech_language", "workforce/generic"} <= set(
        BELIEVED
    )
    found = dict(numbers({"a": [{"b": 2.5}, True, "x"], "c": {"old": 3, "new": "row"}}))
    assert found == {"a.0.b": 2.5, "c.old": 3}


def models(model: type[BaseModel]) -> Iterator[type[BaseModel]]:
    """A model and every model inside it."""
    yield model
    for field in model.model_fields.values():
        yield from _models_in(field.annotation)


def _models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        if annotation not in (Product, Blend, Shift):
            yield from models(annotation)
        return
    for part in get_args(annotation):
        yield from _models_in(part)


def test_no_number_about_the_world_stands_in_the_schema():
    """A field that no file writes is switched off, or neutral: nothing is assumed behind a user's back."""
    seen, assumed = set(), {}
    for part in (System, Needs, Workforce):
        for model in models(part):
            for name, field in model.model_fields.items():
                default = field.get_default()
                seen.add(f"{model.__name__}.{name}")
                if isinstance(default, int | float) and default not in (0, 1):
                    assumed[f"{model.__name__}.{name}"] = default
    assert assumed == STRUCTURE
    assert {
        "Course.most_contacts",
        "Attendance.most",
        "Group.smallest",
        "Kind.gradient",
        "Role.vacancy",
    } <= seen


def written(raw: Any, key: str) -> bool:
    """Whether a shipped file says anything at a dotted key (with ``[i]`` for elements of lists)."""
    at = raw
    for part in re.findall(r"[^.\[\]]+", key):
        if isinstance(at, list):
            at = at[int(part)]
        elif isinstance(at, dict) and part in at:
            at = at[part]
        else:
            return False
    return True


def literals(use: Use) -> Iterator[float]:
    """Plain numbers in a quantity."""
    for end in use.ends():
        for part in end.product if isinstance(end, Product) else [end]:
            if not isinstance(part, str):
                yield float(part)


SHIPPED = [("system=gatekept",), ("system=balanced",), ("system=blend",), LIST]


@pytest.mark.parametrize("words", SHIPPED)
def test_composed_systems_rest_on_evidence_rows_only(words):
    raw = configuration(words=words)
    config = check(raw)
    by_hand = {
        use.key
        for use in quantities_in_use(config)
        for number in literals(use)
        if number not in (0.0, 1.0) and written(raw, use.key)
    }
    assert by_hand == set()
    assert {row for use in quantities_in_use(config) for row in use.rows()} <= set(config.evidence)


@pytest.mark.parametrize("system", ["gatekept", "balanced"])
def test_every_course_that_can_end_by_its_goal_names_the_row_of_the_goal(system):
    config = check(configuration(words=(f"system={system}",)))
    value = config.resolver()
    courses = {
        name: offer.course.goal_points
        for name, offer in config.system.offers.items()
        if value(offer.course.contacts) > 1 or value(offer.course.goal_led) > 0
    }
    assert courses == dict.fromkeys(("school_programme", "targeted_group", "therapy"), "goal_points")


@pytest.mark.parametrize("words", SHIPPED)
def test_the_week_between_contacts_is_written_wherever_there_are_several(words):
    raw = configuration(words=words)
    config = check(raw)
    value = config.resolver()
    for name, offer in config.system.offers.items():
        several = value(offer.course.contacts) > 1 or value(offer.course.goal_led) > 0
        assert not several or written(raw, f"system.offers.{name}.course.every_days")


def test_weekdays_and_ages_are_the_only_other_choices_in_a_shipped_system():
    offers = configuration()["system"]["offers"]
    assert {name: offer["weekdays"] for name, offer in offers.items() if "weekdays" in offer} == {
        "drop_in": ["tue", "thu"]
    }


def test_appointments_a_week_are_those_of_each_locality():
    words = (
        "area=example_small",
        "needs=plain",
        "workforce=one_team",
        "calendar=every_day",
        "system=single_list",
    )
    demand = {"mode": "referrals", "referrals_per_week": 40}
    config = check(configuration(("system.slots_per_week", 14), ("area.demand", demand), words=words))
    per_day = compile_config(config, build_area(config.area), 1).rules.minutes_per_day
    assert (per_day / SLOT_MINUTES).tolist() == [[[2.0], [2.0]]]


# ------------------------------------------------------------------------------------ what a left-out field means


def compiled_offer(change: tuple[str, Any]) -> Any:
    """The engine's record of the plain list's one offer, after a change."""
    config = check(configuration(change, words=LIST))
    return compile_config(config, build_area(config.area), 1).rules.offers[0]


def test_a_course_without_a_goal_ends_early_in_the_normal_range_only():
    offer = compiled_offer(("system.offers.appointment.course", {"contacts": 6}))
    assert (offer["goal_points"], offer["every"]) == (float("inf"), 7)


def test_a_course_led_by_its_goal_must_say_when_it_ends_at_the_latest():
    course = "system.offers.appointment.course"
    assert problems((course, {"goal_led": 0.5}), words=LIST) == [
        f"{course}.most_contacts: missing; a course led by its goal must end some day"
    ]
    assert compiled_offer((course, {"goal_led": 0.5, "most_contacts": 9}))["most_contacts"] == 9


def test_a_group_without_a_longest_wait_waits_until_there_are_enough_children():
    offer = compiled_offer(("system.offers.appointment.group", {"size": 6, "smallest": 3}))
    assert offer["group_wait"] > 365 * 100
    offer = compiled_offer(("system.offers.appointment.group", {"size": 6}))
    assert offer["group_smallest"] == 1


def test_a_request_without_a_deadline_is_never_late():
    offer = compiled_offer(("system.offers.appointment.requests", {"per_year": 1}))
    assert offer["request_deadline"] > 365 * 100
    requests = {"per_year": 1, "deadline_weeks": 6}
    assert compiled_offer(("system.offers.appointment.requests", requests))["request_deadline"] == 42


def test_names_of_outcomes_and_ledger_lines_are_written_once():
    assert get_args(Outcome) == OUTCOMES
    assert "not_served" not in OUTCOMES  # a reason to leave, not an outcome that a route could follow
    assert get_args(LedgerLine) == LEDGER_LINES
