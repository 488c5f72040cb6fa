"""Each worked example runs with the command in its first lines, and shows what it is about.

Arms of a comparison share their children and their luck, so a difference is the field's doing. Every example
is run for two years, after one year of history.
"""

from __future__ import annotations

import re
import shlex
from functools import cache
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from experiments.cli import main
from sim import load_config, simulate
from sim.config import Config
from sim.dictionary import LEFT_REASONS
from sim.draws import PRIORITY, uniform
from sim.kernel.state import EVENTS, NEVER, WEEKLY_MEASURES
from sim.run import Run

FOLDER = Path(__file__).resolve().parent.parent / "configs" / "system"
EXAMPLES = sorted(path.stem for path in FOLDER.glob("example_*.yaml"))
SEEDS = (1, 2, 3)
SHORT = ("history_years=1", "horizon_years=2")
EVENT = {name: i for i, name in enumerate(EVENTS)}

# --------------------------------------------------------------------------------------- the files themselves


def head(name: str) -> list[str]:
    """The comment at the top of an example, line by line."""
    lines = (FOLDER / f"{name}.yaml").read_text(encoding="utf-8").splitlines()
    return [line[1:] for line in lines[: next(i for i, x in enumerate(lines) if not x.startswith("#"))]]


def command(name: str) -> list[str]:
    """The words after ``opendoor run`` in the head comment."""
    (line,) = [x for x in head(name) if x.startswith("   opendoor run ")]
    return shlex.split(line)[2:]


def suggestions(name: str) -> list[list[str]]:
    """The changes that the head comment suggests: ``what it does: key=value key=value``."""
    found = []
    for line in head(name):
        try:
            words = shlex.split(line.rpartition(": ")[2])
        except ValueError:  # an apostrophe: a sentence
            continue
        if words and all(re.match(r"~?(system|workforce|area)\.[\w.]+(=|$)", word) for word in words):
            found.append(words)
    return found


def test_there_is_an_example_of_every_field():
    assert {name.removeprefix("example_") for name in EXAMPLES} == {
        "until_goal_met",
        "group",
        "link_visit",
        "drop_in",
        "statutory",
        "carve_out",
        "pooled",
        "two_clinics",
        "notice",
        "non_attendance",
        "patience",
        "triage",
        "queue_management",
        "priority",
        "lists_by_kind",
        "multi_need",
        "own_pathway",
    }


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_command_in_the_head_comment_is_valid_as_it_stands(name, capsys):
    assert main(["validate", *command(name)]) == 0, capsys.readouterr().err
    assert capsys.readouterr().out.splitlines()[0] == "OK"
    assert load_config(command(name)).system.name == name


def test_the_command_in_a_head_comment_gives_results(tmp_path, capsys):
    short = ["replications=2", "workers=1", "history_years=0.5", "horizon_years=0.5"]
    results = tmp_path / "results"
    status = main(["run", *command("example_own_pathway"), *short, f"output={results}"])
    assert status == 0, capsys.readouterr().err
    assert (results / "summary.json").exists()


@pytest.mark.parametrize("name", [name for name in EXAMPLES if name != "example_own_pathway"])
def test_the_changes_that_the_head_comment_suggests_make_a_difference(name):
    changes = suggestions(name)
    assert changes
    for change in changes:
        before, after = arm(name)[0], arm(name, *change)[0]
        seen = [run.tables["needs"]["first_contact_day"] for run in (before, after)]
        spent = [run.tables["ledger"]["minutes"] for run in (before, after)]
        assert not (np.array_equal(*seen) and np.array_equal(*spent)), change


@pytest.mark.parametrize("name", EXAMPLES)
def test_every_minute_of_an_example_is_in_the_ledger(name):
    for run in arm(name):
        ledger, available = run.tables["ledger"], run.tables["available"]
        assert ledger["minutes"].sum() == available["minutes"].sum() > 0
        assert ledger["minutes"].min() >= 0


@pytest.mark.parametrize("name", EXAMPLES)
def test_a_fifth_more_staff_never_lengthens_the_total_of_waits_of_an_example(name):
    config = _config((*command(name), *SHORT))
    if config.system.slots_per_week is not None:
        more = [f"system.slots_per_week={1.2 * config.system.slots_per_week}"]
    else:
        more = [f"workforce.roles.{key}.wte={1.2 * role.wte}" for key, role in config.workforce.roles.items()]
    for before, after in zip(arm(name), arm(name, *more), strict=True):
        assert total_wait(after) < total_wait(before)


# ------------------------------------------------------------------------------------------------- helpers


def total_wait(run: Run) -> int:
    """Child-weeks on all waiting lists of the horizon."""
    waiting = run.tables["waiting"]
    return int(waiting["size"][waiting["week"] * 7 >= run.decision_day].sum())


@cache
def _config(words: tuple[str, ...]) -> Config:
    return load_config(list(words))


@cache
def _run(words: tuple[str, ...], seed: int) -> Run:
    return simulate(_config(words), seed)


def arm(name: str, *changes: str, seeds: tuple[int, ...] = SEEDS, events: bool = False) -> list[Run]:
    """An example, changed or not, once per seed."""
    words = (*command(name), *SHORT, *changes, *(("event_log=true",) if events else ()))
    return [_run(words, seed) for seed in seeds]


def total(runs: list[Run], measure: str) -> int:
    """A weekly measure, added up over the horizon and the runs."""
    out = 0
    for run in runs:
        weekly = run.tables["weekly"]
        keep = (weekly["measure"] == WEEKLY_MEASURES.index(measure)) & (
            weekly["week"] * 7 >= run.decision_day
        )
        out += int(weekly["value"][keep].sum())
    return out


def minutes(runs: list[Run], line: str) -> int:
    """Staff minutes of a ledger line, over the horizon and the runs."""
    out = 0
    for run in runs:
        ledger = run.tables["ledger"]
        keep = (ledger["line"] == run.lines.index(line)) & (ledger["week"] * 7 >= run.decision_day)
        out += int(ledger["minutes"][keep].sum())
    return out


def waits(runs: list[Run], who: list[np.ndarray] | None = None) -> np.ndarray:
    """Days from referral to first contact of all who had one; ``who``: masks over the needs, one per run."""
    out = []
    for i, run in enumerate(runs):
        needs = run.tables["needs"]
        keep = (needs["first_contact_day"] != NEVER) & (needs["referred_day"] >= 0)
        if who is not None:
            keep &= who[i]
        out.append((needs["first_contact_day"] - needs["referred_day"])[keep])
    return np.concatenate(out)


def sizes(run: Run, offer: str) -> np.ndarray:
    """Length of an offer's lists at the end of each week, all localities together."""
    waiting = run.tables["waiting"]
    keep = waiting["offer"] == run.offers.index(offer)
    return np.bincount(waiting["week"][keep], waiting["size"][keep], run.end_day // 7)


def marked(run: Run, share: float) -> np.ndarray:
    """Needs that a priority rule with this share marks when they join their first list: a draw of their own."""
    needs = run.tables["needs"]
    keys = needs["child_id"] * 64 + needs["kind"]
    with np.errstate(over="ignore"):
        return np.array([uniform(np.uint64(run.seed), key, PRIORITY, 0) < share for key in keys])


def log(run: Run) -> list[tuple[int, int, int, str]]:
    """The events of a run as (need, day, offer, event), need by need, in the order in which they happened."""
    events = run.tables["events"]
    order = np.argsort(events["need_id"], kind="stable")
    names = ("need_id", "day", "offer", "event")
    return [
        (int(n), int(d), int(o), EVENTS[e])
        for n, d, o, e in zip(*(events[c][order] for c in names), strict=True)
    ]


# -------------------------------------------------------------------------------------------------- claims


def course_lengths(runs: list[Run]) -> set[int]:
    """Numbers of contacts of the courses that came to their end."""
    out: set[int] = set()
    for run in runs:
        contacts = 0
        for _, _, _, event in log(run):
            if event == "joins_list":
                contacts = 0
            elif event == "contact":
                contacts += 1
            elif event == "course_ends":
                out.add(contacts)
    return out


def test_a_package_has_its_length_and_a_goal_led_course_the_length_that_the_goal_takes():
    package = arm("example_until_goal_met", "system.offers.therapy.course.goal_led=0", events=True)
    goal = arm("example_until_goal_met", events=True)
    assert course_lengths(package) == {12}
    assert course_lengths(goal) <= {3, 6, 9, 12, 15, 18}
    assert len(course_lengths(goal)) >= 3
    reasons = np.concatenate([run.tables["needs"]["left_reason"] for run in goal])
    assert (reasons == LEFT_REASONS.index("goal_met")).sum() > 20
    assert (reasons == LEFT_REASONS.index("stalled")).sum() > 5
    # the same people are free sooner for whoever is next
    assert waits(goal).mean() < waits(package).mean()


def test_a_group_reaches_several_times_as_many_children_as_the_same_time_one_to_one():
    group, alone = arm("example_group"), arm("example_group", "system.offers.course.group=null")
    assert total(group, "first_contacts") > 4 * total(alone, "first_contacts")
    assert waits(group).mean() < 14 < 200 < waits(alone).mean()
    # a session of 90 minutes and 15 of preparation is shared by three to six
    needs = group[0].tables["needs"]
    done = needs["contacts"] == 6
    assert done.sum() > 500
    assert needs["minutes"][done].min() >= 6 * (105 // 6)
    assert needs["minutes"][done].mean() < 105 * 6 / 4


def test_a_link_therapist_finds_needs_nobody_knew_and_spends_the_rest_of_the_visit_on_coaching():
    finds = arm("example_link_visit")
    none = arm("example_link_visit", "system.offers.visit.visit.finds_per_visit=0")
    assert total(finds, "identified") > 1.1 * total(none, "identified")
    assert total(finds, "first_contacts") > 1.1 * total(none, "first_contacts")
    # at most six tenths of a visit go to children
    assert minutes(finds, "coaching") >= 0.4 * (minutes(finds, "coaching") + minutes(finds, "link_visit"))
    assert minutes(finds, "link_visit") > 0


def test_a_drop_in_has_a_capacity_and_those_it_turns_away_come_again_or_give_up():
    small = arm("example_drop_in", "system.job_plan.clinician.offers.drop_in=0.5")
    usual, large = arm("example_drop_in"), arm("example_drop_in", *suggestions("example_drop_in")[0])
    assert total(small, "turned_away") > 2 * total(usual, "turned_away") > 4 * total(large, "turned_away") > 0
    assert total(small, "gave_up") == pytest.approx(0.2 * total(small, "turned_away"), rel=0.1)
    assert total(small, "contacts") < total(usual, "contacts") < total(large, "contacts")
    seen = usual[0].tables["needs"]["first_contact_day"]
    weekday = (seen[seen != NEVER] + usual[0].first_day.weekday()) % 7
    assert set(weekday) == {1, 3}


def test_statutory_requests_go_first_and_lengthen_everybody_elses_wait():
    requests = arm("example_statutory")
    none = arm("example_statutory", "system.offers.statutory_advice.requests.per_year=0")
    assert waits(requests).mean() > waits(none).mean() + 28
    assert total(requests, "statutory_on_time") > 0.85 * total(requests, "statutory_requests") > 0
    assert minutes(none, "statutory") == 0


def test_long_waits_raise_the_number_of_statutory_requests():
    hurried, quiet = "workforce.roles.therapist.wte=0.1", "workforce.roles.therapist.wte=3"
    alike = "system.offers.statutory_advice.requests.waiting_hazard=1"
    few, many = (total(arm("example_statutory", x), "statutory_requests") for x in (quiet, hurried))
    assert many > few
    few, many = (total(arm("example_statutory", x, alike), "statutory_requests") for x in (quiet, hurried))
    assert many == few  # where waiting makes nobody ask more often, it does not


def test_carved_out_slots_keep_the_urgent_wait_short_and_lengthen_the_routine_one():
    lost_change, fair_change = suggestions("example_carve_out")
    carved, lost, fair = (arm("example_carve_out", *c) for c in ((), lost_change, fair_change))
    urgent = [marked(run, 0.125) for run in carved]
    routine = [~u for u in urgent]
    assert waits(carved, urgent).mean() < 2 < waits(fair, urgent).mean()
    assert waits(carved, routine).mean() > waits(fair, routine).mean()
    # released on the day they cost nothing; lost, they cost the others dear
    assert [sizes(run, "appointment")[-1] for run in carved] == [
        sizes(run, "appointment")[-1] for run in fair
    ]
    assert minutes(lost, "unused") > 5 * minutes(carved, "unused")
    assert waits(lost, routine).mean() > 2 * waits(carved, routine).mean()


def test_pooling_shortens_the_longest_list():
    split, uneven = suggestions("example_pooled")
    pooled, apart = arm("example_pooled"), arm("example_pooled", *split)
    assert waits(pooled).mean() < waits(apart).mean()
    # where staff are not where the children are, a pool does not feel it and a team of its own does
    pooled, apart = arm("example_pooled", *uneven), arm("example_pooled", *uneven, *split)
    waiting = apart[0].tables["waiting"]
    by_team = [waiting["size"][waiting["locality"] == i][-1] for i in range(2)]
    assert by_team[1] > 100 > by_team[0]
    assert sizes(pooled[0], "appointment").max() < by_team[1]


def test_clinics_with_the_wrong_shares_of_demand_have_one_long_list_and_empty_rooms():
    moved, shared = suggestions("example_two_clinics")
    usual = arm("example_two_clinics")
    for run in usual:
        north = np.mean([c == run.offers.index("north") for c in run.tables["waiting"]["offer"]])
        assert north == 0.5
        assert sizes(run, "north")[-1] > 150 > 20 > sizes(run, "south")[-1]
    assert minutes(usual, "unused") > 0.05 * sum(
        minutes(usual, line) for line in ("direct_contact", "unused")
    )
    for change in (moved, shared):
        assert waits(arm("example_two_clinics", *change)).mean() < 0.2 * waits(usual).mean()
    # two families in five go to the southern clinic
    offers = arm("example_two_clinics", *shared)[0].tables["offers"]
    seen = dict(zip(offers["offer"], offers["contacts"], strict=True))
    assert seen[1] / (seen[0] + seen[1]) == pytest.approx(0.4, abs=0.03)


def test_notice_adds_its_days_where_there_are_appointments_to_spare():
    none = waits(arm("example_notice", "system.offers.appointment.queue.notice_days=0"))
    two_weeks = waits(arm("example_notice"))
    four_weeks = waits(arm("example_notice", "system.offers.appointment.queue.notice_days=28"))
    assert two_weeks.min() == 14
    assert two_weeks.mean() - none.mean() == pytest.approx(14, abs=0.2)
    assert four_weeks.mean() - two_weeks.mean() == pytest.approx(14, abs=0.2)


def missed_share(runs: list[Run]) -> float:
    missed = total(runs, "not_brought")
    return missed / (missed + total(runs, "contacts"))


def test_the_longer_the_wait_the_more_appointments_are_missed():
    usual = arm("example_non_attendance")
    quick = arm("example_non_attendance", "system.slots_per_week=60")
    assert waits(usual).mean() > waits(quick).mean() + 28
    assert missed_share(usual) > missed_share(quick) + 0.015
    flat = "system.offers.appointment.attendance.odds_per_month=1"
    same = [
        arm("example_non_attendance", flat),
        arm("example_non_attendance", flat, "system.slots_per_week=60"),
    ]
    assert missed_share(same[0]) == pytest.approx(missed_share(same[1]), abs=0.01)


def test_missed_appointments_cost_time_and_are_rebooked_or_end_in_discharge():
    runs = arm("example_non_attendance", events=True)
    everybody = arm("example_non_attendance", *suggestions("example_non_attendance")[0])
    assert minutes(runs, "lost_to_non_attendance") > 0 == minutes(everybody, "lost_to_non_attendance")
    assert waits(runs).mean() > 2 * waits(everybody).mean()
    missed = away = back = 0
    for run in runs:
        events = log(run)
        for (need, day, _, event), (other, later, _, following) in pairwise(events):
            if event == "not_brought" and need == other:
                missed += 1
                away += following == "sent_away"
                if following in ("contact", "not_brought"):
                    assert later - day >= 14
            back += event == "leaves" and following == "arrives" and need == other
    assert away / missed == pytest.approx(0.3, abs=0.05)
    assert 0 < back < away


def test_patience_makes_a_list_settle_where_as_many_give_up_as_appointments_are_missing():
    patient, usual = arm("example_patience", *suggestions("example_patience")[0]), arm("example_patience")
    # ten referrals a week more than appointments: the list that loses a 26th of itself each week settles at 260
    settled = np.mean([sizes(run, "appointment")[-52:].mean() for run in usual])
    assert settled == pytest.approx(260, rel=0.12)
    weeks = usual[0].end_day / 7
    assert np.mean([sizes(run, "appointment")[-1] for run in patient]) == pytest.approx(10 * weeks, rel=0.1)
    assert total(patient, "gave_up") == 0


def test_a_gate_rejects_the_milder_needs_and_some_of_the_rejected_try_again():
    gate, wide = (
        arm("example_triage", events=True),
        arm("example_triage", *suggestions("example_triage")[0], events=True),
    )
    asked = rejected = again = 0
    for run in gate:
        before = ""
        for _, _, _, event in log(run):
            rejected += event == "rejected"
            asked += event == "more_information"
            again += event == "arrives" and before == "leaves"
            before = event
    assert rejected > 20
    assert 0 < again < rejected
    assert asked > 0
    assert not any(event == "rejected" for run in wide for _, _, _, event in log(run))
    assert total(wide, "first_contacts") > total(gate, "first_contacts")


def test_asking_for_more_information_adds_to_the_wait_of_those_who_are_asked():
    wide = suggestions("example_triage")[0]
    never, always = (
        arm("example_triage", *wide, f"system.offers.triage.gate.more_information={x}") for x in (0, 1)
    )
    assert waits(always).mean() - waits(never).mean() == pytest.approx(21, abs=6)


def test_a_list_eats_the_time_of_those_who_would_shorten_it():
    usual, free = (
        arm("example_queue_management"),
        arm("example_queue_management", "~system.offers.appointment.upkeep"),
    )
    assert minutes(usual, "queue_management") > 0 == minutes(free, "queue_management")
    assert total(usual, "first_contacts") < total(free, "first_contacts")
    longer = arm("example_queue_management", "area.referrals_per_week=36")
    assert minutes(longer, "queue_management") > 2 * minutes(usual, "queue_management")
    # twice a year everybody on the list is asked: the administrator's minutes that week show it
    rounds = np.array([52, 78, 104, 130])
    asked = before = 0.0
    for run in usual:
        ledger = run.tables["ledger"]
        keep = (ledger["line"] == run.lines.index("queue_management")) & (
            ledger["role"] == run.roles.index("admin")
        )
        by_week = np.bincount(ledger["week"][keep], ledger["minutes"][keep], run.end_day // 7)
        asked, before = asked + by_week[rounds].sum(), before + by_week[rounds - 1].sum()
    assert asked > 2 * before


def test_priority_moves_the_wait_and_takes_none_of_it_away():
    usual, fair = arm("example_priority"), arm("example_priority", *suggestions("example_priority")[0])
    urgent = [marked(run, 0.2) for run in usual]
    routine = [~u for u in urgent]
    assert waits(usual, urgent).mean() < 0.2 * waits(fair, urgent).mean()
    assert waits(usual, routine).mean() > 1.1 * waits(fair, routine).mean()
    for a, b in zip(usual, fair, strict=True):
        assert np.array_equal(sizes(a, "appointment"), sizes(b, "appointment"))


def kinds(runs: list[Run], *names: str) -> list[np.ndarray]:
    return [np.isin(run.tables["needs"]["kind"], [run.kinds.index(n) for n in names]) for run in runs]


def test_on_lists_by_kind_the_weighted_kind_waits_less_and_the_others_longer():
    usual, one = (
        arm("example_lists_by_kind"),
        arm("example_lists_by_kind", *suggestions("example_lists_by_kind")[0]),
    )
    others = ("speech", "language", "social")
    assert waits(usual, kinds(usual, "dld")).mean() < 0.8 * waits(one, kinds(one, "dld")).mean()
    assert waits(usual, kinds(usual, *others)).mean() > waits(one, kinds(one, *others)).mean()
    for a, b in zip(usual, one, strict=True):
        assert np.array_equal(sizes(a, "assessment"), sizes(b, "assessment"))  # the same number are seen


def test_more_turns_for_a_kind_shorten_its_wait_at_the_cost_of_the_others():
    weights = "system.offers.assessment.queue.kind_weights"
    few, many = (
        arm("example_lists_by_kind", f"{weights}.dld=0.5"),
        arm("example_lists_by_kind", f"{weights}.dld=8"),
    )
    others = ("speech", "language", "social")
    assert waits(many, kinds(many, "dld")).mean() < 0.8 * waits(few, kinds(few, "dld")).mean()
    assert waits(many, kinds(many, *others)).mean() > waits(few, kinds(few, *others)).mean()


def test_one_appointment_for_all_of_a_childs_needs_sees_them_on_the_same_day_and_saves_time():
    child, need = arm("example_multi_need"), arm("example_multi_need", *suggestions("example_multi_need")[0])

    def together(runs: list[Run]) -> tuple[int, int]:
        same = several = 0
        for run in runs:
            needs = run.tables["needs"]
            seen = needs["first_contact_day"] != NEVER
            for c in np.unique(needs["child_row"]):
                days = needs["first_contact_day"][seen & (needs["child_row"] == c)]
                several += len(days) > 1
                same += len(days) > 1 and len(set(days)) == 1
        return same, several

    same, several = together(child)
    assert several > 10
    assert same > 0.7 * several
    same, several = together(need)
    assert same < 0.3 * several

    def minutes_per_contact(runs: list[Run]) -> float:
        return minutes(runs, "direct_contact") / total(runs, "contacts")

    assert minutes_per_contact(child) < 0.97 * minutes_per_contact(need)
    assert waits(child).mean() < waits(need).mean()


def test_a_pathway_of_ones_own_uses_every_part_of_it():
    runs = arm("example_own_pathway")
    for run in runs:
        offers = run.tables["offers"]
        assert dict(zip((run.offers[i] for i in offers["offer"]), offers["contacts"] > 0, strict=True)) == {
            "advice_line": True,
            "home_practice": True,
            "workshop": True,
            "therapy": True,
        }
    assert minutes(runs, "group") > 0
    assert minutes(runs, "drop_in") > 0
    assert total(runs, "specialist_starts") > 0
    scores = [run.tables["needs"] for run in runs]
    assert all((n["score_end"] - n["score_no_service"]).mean() > 0 for n in scores)
