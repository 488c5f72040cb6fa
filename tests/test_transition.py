"""A change of system: the past is the same in every plan, nothing changes if the systems are the same, the laws hold."""

from __future__ import annotations

import re
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest
from build import FREE, FREE_SIDE_BY_SIDE, fingerprints, in_plain_python, make_config, plan_to
from configurations import composed
from test_laws import hold_every_law

from sim import load_config, simulate
from sim.area_building import build_area
from sim.both import both_of
from sim.calendar import share_of_working_days
from sim.compile import compile_config
from sim.config import Config
from sim.errors import InputError
from sim.kernel.state import BOTH, EVENTS, NEVER, NEW, OLD, Rules
from sim.run import Run
from sim.transition import Change, SideBySide, Waiting

HERE = Path(__file__).resolve().parent
FOLDER = HERE.parent / "configs"
SHORT = {"history_years": 0.5, "horizon_years": 1.0, "event_log": True}
PLANS: dict[str, dict[str, Any]] = {
    "honoured": {"name": "big_bang", "waiting": "honour"},
    "invited": {"name": "big_bang", "waiting": "invite"},
    "phased": {"name": "phased", "groups": 3, "gap_weeks": 4.0},
    "phased, invited": {"name": "phased", "groups": 3, "gap_weeks": 4.0, "waiting": "invite"},
    "parallel": {"name": "parallel", "to_share": 0.4},
    "parallel, then new": {
        "name": "parallel",
        "from_share": 0.1,
        "to_share": 0.8,
        "ramp_weeks": 10,
        "end_week": 12,
        "waiting": "invite",
    },
    "rung up": {
        "name": "big_bang",
        "waiting": "triage_call",
        "calls": {"role": "therapist_b6", "minutes": 20.0, "most": 0.2, "no_longer": {"universal": 0.4}},
    },
    "blitz": {
        "name": "big_bang",
        "waiting": "blitz",
        "blitz": {"extra": 0.3, "weeks": 6.0, "pay": 1.5},
    },
    "at both doors": {
        "name": "parallel",
        "to_share": 0.5,
        "both_doors": 0.6,
        "withdraws": 0.5,
        "habit": 0.3,
        "pooled": 0.3,
        "old_upkeep": 0.5,
        "end_week": 20.0,
    },
    "at both doors, invited": {
        "name": "parallel",
        "to_share": 0.5,
        "both_doors": 0.6,
        "withdraws": 0.5,
        "habit": 0.3,
        "pooled": 0.0,
        "waiting": "invite",
        "end_week": 20.0,
    },
    "pilot, then all": {
        "name": "pilot",
        "share": 0.4,
        "weeks": 10.0,
        "threshold": 0.0,
        "roll_out_weeks": 3.0,
    },
    "pilot, then back": {"name": "pilot", "share": 0.4, "weeks": 10.0, "threshold": 1000.0},
    "pilot, then back, invited": {
        "name": "pilot",
        "share": 0.4,
        "weeks": 10.0,
        "threshold": 1000.0,
        "waiting": "invite",
    },
    "pilot side by side": {
        "name": "pilot",
        "share": 0.4,
        "weeks": 10.0,
        "threshold": 1000.0,
        "to_share": 0.5,
        "otherwise": "stay",
        "both_doors": 0.5,
    },
}


NAMES = ("big_bang", "phased", "parallel", "pilot")


def changing(
    old: str, new: str, changes: dict[str, Any] | None = None, area: str | None = None, **plan: Any
) -> Config:
    """A change between shipped systems, all its costs at zero unless the plan says so."""
    plan = {"name": "big_bang", **plan}
    free = FREE_SIDE_BY_SIDE if plan["name"] in ("parallel", "pilot") else FREE
    return make_config(old, {**SHORT, **plan_to(new, **{**free, **plan}), **(changes or {})}, area=area)


def staying(system: str, changes: dict[str, Any] | None = None, area: str | None = None) -> Config:
    return make_config(system, {**SHORT, **(changes or {})}, area=area)


@cache
def stays(system: str) -> Run:
    return simulate(staying(system), 5)


# ------------------------------------------------------------------------------------- nothing changes

ENTRY = "needs.system_at_entry"


@pytest.mark.parametrize("plan", PLANS)
@pytest.mark.parametrize("system", ["gatekept", "balanced", "blend"])
def test_a_change_to_an_identical_system_is_no_change_for_anybody(system, plan):
    changes = simulate(changing(system, system, start_week=3, **PLANS[plan]), 5)
    ours, theirs = without(fingerprints(stays(system)), ENTRY), without(fingerprints(changes), ENTRY)
    assert ours == {name: bits for name, bits in theirs.items() if not name.startswith("pilot.")}
    assert changes.tables["needs"]["system_at_entry"].max() == 1


def before(run: Run, table: str, offers: int) -> dict[str, np.ndarray]:
    """What a table says about the time before the decision day; of lists, those of the first so many offers."""
    columns = run.tables[table]
    when = columns["day"] if table == "events" else 7 * columns["week"]
    keep = when < run.decision_day
    if table == "waiting":
        keep &= columns["offer"] < offers
    return {name: values[keep] for name, values in columns.items()}


def assert_same_past(one: Run, other: Run) -> None:
    n = len(one.offers)
    for table in ("events", "waiting", "weekly", "ledger", "available"):
        a, b = before(one, table, n), before(other, table, n)
        assert len(next(iter(a.values()))) > 0
        for name in a:
            assert a[name].dtype == b[name].dtype
            assert (a[name] == b[name]).all(), (table, name)
    a, b = one.tables["needs"], other.tables["needs"]
    assert (a["need_id"] == b["need_id"]).all()
    for name in ("identified_day", "referred_day", "first_contact_day", "first_useful_day", "left_day"):
        for days in ((a[name], b[name]), (b[name], a[name])):
            past = (days[0] != NEVER) & (days[0] < one.decision_day)
            if name != "left_day":  # a need that had left may come back
                assert (days[0][past] == days[1][past]).all(), name


@pytest.mark.parametrize("plan", PLANS)
def test_the_past_is_the_same_in_every_plan_for_every_child_and_week(plan):
    changes = simulate(changing("gatekept", "balanced", **PLANS[plan]), 5)
    assert_same_past(stays("gatekept"), changes)
    assert (stays("gatekept").tables["needs"]["score_end"] != changes.tables["needs"]["score_end"]).any()


SHIPPED_PLANS = sorted(path.stem for path in (FOLDER / "transition").glob("*.yaml") if path.stem != "none")
AS_SHIPPED = ("area=example_small", "history_years=0.8", "horizon_years=1", "event_log=true")


@cache
def stays_as_shipped() -> Run:
    return simulate(load_config([*AS_SHIPPED, "system=gatekept"]), 5)


@pytest.mark.parametrize("waiting", get_args(Waiting))
@pytest.mark.parametrize("plan", SHIPPED_PLANS)
def test_the_past_is_the_same_in_every_shipped_plan_with_all_its_costs(plan, waiting):
    """Whatever becomes of those who wait, with conditions half met and a change that is worn down."""
    more = ("conditions=typical", "erosion=typical", f"transition.waiting={waiting}")
    run = simulate(load_config([*AS_SHIPPED, f"transition={plan}", *more]), 5)
    assert_same_past(stays_as_shipped(), run)
    assert on_line(run, "change").sum() > 0


@pytest.mark.parametrize("plan", SHIPPED_PLANS)
def test_every_shipped_plan_trains_its_staff_before_a_team_changes_over(plan):
    config = load_config([*AS_SHIPPED, f"transition={plan}"])
    rules = compile_config(config, build_area(config.area), 5).rules
    spent, first = rules.change_minutes[:, :, :, 0].sum(axis=2), rules.decision_day // 7
    hours = config.resolver()(config.transition.training_hours)
    changing_over = np.flatnonzero((rules.capacity > 0.0).any(axis=0))  # of a pilot, those with places in it
    assert len(changing_over) > 0
    for team in changing_over:
        switch = int(np.argmax(rules.capacity[:, team] > 0.0))
        there = on_staff(config, rules)[team]
        assert switch - first >= 8
        assert spent[switch - 8 : switch, team].sum() == np.floor(60.0 * hours * there).sum() > 0
        assert (spent[switch - 8 : switch, team] > 0).all()
        assert spent[: switch - 8, team].sum() == 0


def on_staff(config: Config, rules: Rules) -> np.ndarray:
    """Whole-time equivalents of the roles whose job plan changes: (teams, roles)."""
    hours = [config.resolver()(role.hours_per_year) for role in config.workforce.roles.values()]
    a_year = share_of_working_days(config.calendar) * 365.25
    return (rules.minutes_per_day[0] * a_year / (np.array(hours) * 60))[:, ~rules.undivided]


def test_no_shipped_plan_has_better_numbers_than_another_for_what_they_have_in_common():
    """Nothing favours a plan by construction: what a change costs, and what becomes of those who wait, is one row of the
    evidence for all."""
    told = {name: composed((f"transition={name}",))["transition"] for name in SHIPPED_PLANS}
    assert set(told) == set(NAMES)
    for plans, keys in ((NAMES, Change.model_fields), (("parallel", "pilot"), SideBySide.model_fields)):
        for key in keys:
            assert all(told[name][key] == told[plans[0]][key] for name in plans), key


# ------------------------------------------------------------------------------------ two in one table


def test_offers_that_are_the_same_in_both_systems_are_one_offer():
    both = both_of(changing("gatekept", "balanced"))
    of = dict(zip(both.names, both.of, strict=True))
    assert of["home_practice"] == of["statutory_advice"] == of["universal_work"] == BOTH
    assert of["assessment"] == OLD
    assert of["balanced: assessment"] == NEW
    assert both.names[: len(both.systems[0].offers)] == tuple(both.systems[0].offers)
    assert len(both.names) == len(set(both.names)) == len(both.offers)


def test_an_offer_that_leads_to_a_different_one_is_itself_different():
    """Only therapy differs; what sends children there differs with it, and what does not, does not."""
    config = changing("gatekept", "gatekept")
    plan = plan_to("gatekept", **PLANS["honoured"])
    plan["transition"]["to"]["offers"]["therapy"]["course"]["contacts"] = 3
    config = make_config("gatekept", {**SHORT, **plan})
    both = both_of(config)
    differ = {name.partition(": ")[2] for name, of in zip(both.names, both.of, strict=True) if of == NEW}
    assert {"therapy", "assessment", "triage"} <= differ
    assert not {"home_practice", "statutory_advice", "universal_work"} & differ


# ------------------------------------------------------------------------------------------- the switch


def test_after_a_big_bang_every_family_goes_through_the_new_doors():
    run = simulate(changing("gatekept", "balanced", area="oldham", start_week=10), 5)
    switch = run.decision_day + 70
    needs, events = run.tables["needs"], run.tables["events"]
    joined = events["event"] == EVENTS.index("joins_list")
    of = np.array(both_of(run.config).of)
    assert not (of[events["offer"][joined & (events["day"] < switch)]] == NEW).any()
    late = joined & (events["day"] > switch) & (events["offer"] == run.offers.index("triage"))
    assert late.sum() == 0 or set(events["need_id"][late]) <= set(
        events["need_id"][(events["day"] <= switch) & (events["offer"] == run.offers.index("triage"))]
    )
    first = np.where(needs["referred_day"] == NEVER, needs["first_contact_day"], needs["referred_day"])
    inside = (first != NEVER) & (needs["identified_day"] > switch)
    assert inside.sum() > 20
    assert (needs["system_at_entry"][inside] == 1).all()
    assert (needs["system_at_entry"][(first != NEVER) & (first < switch)] == 0).all()


def test_old_lists_are_run_off_when_they_are_honoured_and_closed_when_all_are_invited():
    held = {}
    for plan in ("honoured", "invited"):
        run = simulate(changing("gatekept", "balanced", area="oldham", start_week=2, **PLANS[plan]), 5)
        waiting, of = run.tables["waiting"], np.array(both_of(run.config).of)
        old = of[waiting["offer"]] == OLD
        weekly = np.bincount(waiting["week"][old], waiting["size"][old])
        switch = run.decision_day // 7 + 2
        held[plan] = weekly[switch - 1 :]
        assert weekly[switch - 1] > 20
        invited = run.tables["events"]["event"] == EVENTS.index("invited")
        assert invited.any() == (plan == "invited")
        assert (run.tables["events"]["day"][invited] == 7 * switch).all()
    assert held["invited"][1:].max() == 0
    assert held["honoured"][1] > 0
    assert held["honoured"][-1] < held["honoured"][0] / 2


def test_the_recorded_wait_of_those_invited_runs_on():
    run = simulate(changing("gatekept", "balanced", area="oldham", start_week=2, **PLANS["invited"]), 5)
    stays = simulate(staying("gatekept", area="oldham"), 5)
    events = run.tables["events"]
    who = events["need_id"][events["event"] == EVENTS.index("invited")]
    rows = np.isin(run.tables["needs"]["need_id"], who)
    assert rows.sum() > 20
    ours, theirs = run.tables["needs"]["referred_day"][rows], stays.tables["needs"]["referred_day"][rows]
    assert (ours == theirs).all()
    assert (ours < run.decision_day + 14).all()


# --------------------------------------------------------------------------------------------- the laws


#: The day of the switch, with what the configuration must be for it.
DATES: dict[str, dict[str, Any]] = {
    "a bank holiday": {"calendar.start": "2025-11-06", "history_years": 0.5},  # Monday 4 May 2026
    "the summer break": {"calendar.start": "2026-02-02", "history_years": 0.5},
    "day 0 of the horizon": {"history_years": 0.3},
    "the very first day": {"history_years": 0.0},
    "the middle of a week": {"start_week": 4.43},
    "the last day": {"start_week": 25.86, "horizon_years": 0.5},  # of a plan that is over on it
}


@pytest.mark.parametrize("date", DATES)
@pytest.mark.parametrize("plan", ["honoured", "invited"])
def test_every_law_holds_through_a_switch_on(date, plan):
    changes = dict(DATES[date])
    week = changes.pop("start_week", 0)
    config = changing("gatekept", "balanced", changes, start_week=week, **PLANS[plan])
    hold_every_law(config, seed=9)


@pytest.mark.parametrize("plan", sorted({*PLANS} - {"honoured", "invited"}))
def test_every_law_holds_in_plans_of_several_steps(plan):
    hold_every_law(changing("gatekept", "balanced", start_week=4.43, **PLANS[plan]), seed=9)


# -------------------------------------------------------------------------------- phased and side by side


def without(prints: dict[str, str], *names: str) -> dict[str, str]:
    return {k: v for k, v in prints.items() if k not in names}


@pytest.mark.parametrize("waiting", ["honour", "invite"])
@pytest.mark.parametrize("order", ["neediest_first", "random"])
def test_a_phased_plan_with_one_group_is_a_big_bang(order, waiting):
    one = changing(
        "gatekept", "balanced", name="phased", order=order, groups=1, start_week=5, waiting=waiting
    )
    all_at_once = changing("gatekept", "balanced", start_week=5, waiting=waiting)
    assert fingerprints(simulate(one, 6)) == fingerprints(simulate(all_at_once, 6))


@pytest.mark.parametrize("waiting", ["honour", "invite"])
def test_side_by_side_with_all_minutes_in_the_new_system_is_a_big_bang(waiting):
    side = changing("gatekept", "balanced", name="parallel", to_share=1.0, start_week=5.43, waiting=waiting)
    all_at_once = changing("gatekept", "balanced", start_week=5.43, waiting=waiting)
    assert fingerprints(simulate(side, 6)) == fingerprints(simulate(all_at_once, 6))


@pytest.mark.parametrize("ramp", [0, 20])
def test_side_by_side_with_no_minutes_in_the_new_system_is_the_old_one(ramp):
    stays = simulate(staying("gatekept"), 6)
    side = simulate(changing("gatekept", "balanced", name="parallel", to_share=0.0, ramp_weeks=ramp), 6)
    n = len(stays.offers)
    for table, columns in stays.tables.items():
        theirs = side.tables[table]
        keep = theirs["offer"] < n if table in ("waiting", "offers") else slice(None)
        for name, values in columns.items():
            assert (values == theirs[name][keep]).all(), (table, name)
    assert side.tables["waiting"]["size"][side.tables["waiting"]["offer"] >= n].sum() == 0


@pytest.mark.parametrize("families", [None, 0.3])
@pytest.mark.parametrize(
    ("plan", "shares"),
    [
        ({"to_share": 0.4}, [0.4] * 30),  # for good
        ({"to_share": 0.4, "end_week": 20}, [0.4] * 20 + [1.0] * 10),
        ({"from_share": 0.2, "to_share": 0.8, "ramp_weeks": 6}, [0.2, 0.3, 0.4, 0.5, 0.6, 0.7] + [0.8] * 24),
        (
            {"from_share": 1.0, "to_share": 0.0, "ramp_weeks": 4, "end_week": 20},
            [1.0, 0.75, 0.5, 0.25] + [0.0] * 16 + [1.0] * 10,
        ),
    ],
)
def test_side_by_side_the_new_system_has_the_share_of_minutes_and_families_that_the_plan_says_week_by_week(
    plan, shares, families
):
    config = changing(
        "gatekept", "balanced", name="parallel", start_week=2.0, families=families, trust=1.0, **plan
    )
    rules = compile_config(config, build_area(config.area), 1).rules
    first, n = rules.decision_day // 7 + 2, len(shares)
    assert rules.capacity[first : first + n] == pytest.approx(
        np.tile(np.array(shares)[:, None], rules.n_teams)
    )
    assert (rules.capacity[:first] == 0.0).all()
    asked = np.array(shares) if families is None else np.full(n, families)
    if "end_week" in plan:
        asked[20:] = 1.0
    assert rules.demand_share[7 * first : 7 * (first + n) : 7] == pytest.approx(asked)
    assert (rules.demand_share[: 7 * first] == 0.0).all()


def group_days(config: Config) -> np.ndarray:
    """Days from the decision on which each place changes over."""
    area = build_area(config.area)
    tables = compile_config(config, area, 1)
    return tables.rules.switch_day - tables.decision_day


def test_the_neediest_places_change_over_first_and_groups_are_about_equally_large():
    config = changing("gatekept", "balanced", area="oldham", name="phased", groups=4, gap_weeks=10.0)
    days, area = group_days(config), build_area(config.area)
    assert sorted(set(days)) == [0, 70, 140, 210]
    quintile = [area.place_quintile[days == d] for d in (0, 70, 140, 210)]
    assert all(a.max() <= b.min() for a, b in pairwise(quintile))
    sizes = np.array([area.place_size[days == d].sum() for d in (0, 70, 140, 210)])
    assert sizes.max() - sizes.min() < 2 * area.place_size.max()


def test_places_change_over_by_locality_or_as_listed():
    by = changing("gatekept", "balanced", name="phased", order="by_locality", gap_weeks=2.0)
    area = build_area(by.area)
    assert (group_days(by) == 14 * area.place_locality).all()
    names = list(area.localities)
    listed = changing(
        "gatekept", "balanced", name="phased", order="listed", gap_weeks=2.0, listed=[names[1:], names[:1]]
    )
    assert (group_days(listed) == np.where(area.place_locality == 0, 14, 0)).all()


def test_lists_of_groups_that_miss_a_place_or_name_one_twice_are_refused():
    names = list(build_area(staying("gatekept").area).localities)
    wrong = {
        "places are in no group": [names[1:]],
        "is in a group already": [names, names[:1]],
        f"did you mean '{names[0]}'?": [[names[0][:-1]], names[1:]],
    }
    for sentence, listed in wrong.items():
        config = changing("gatekept", "balanced", name="phased", order="listed", listed=listed)
        with pytest.raises(InputError, match=re.escape(sentence)):
            simulate(config, 1)


@pytest.mark.parametrize(
    ("plan", "sentence"),
    [
        ({"start_week": 60}, "transition.start_week = 60: after the horizon; allowed is 0 to below 52 weeks"),
        ({"start_week": -1}, "transition.start_week = -1: allowed is 0 to 1040 (weeks)"),
        ({"run_off": 1.5}, "transition.run_off = 1.5: allowed is 0 to 1 (share)"),
        ({"run_off": 0}, "transition.run_off = 0: courses under way would never be finished"),
        ({"learning_rate": 0}, "transition.learning_rate = 0: allowed is above 0, up to 1"),
        ({"name": "parallel", "to_share": 1.2}, "transition.to_share = 1.2: allowed is 0 to 1 (share)"),
        (
            {"name": "parallel", "ramp_weeks": 80},
            "make a plan of 80 weeks; allowed is below the horizon's 52 weeks",
        ),
        ({"name": "phased", "groups": 9, "gap_weeks": 10}, "make a plan of 80 weeks; allowed is below"),
        ({"name": "phased", "order": "listed"}, "transition.listed: order 'listed' needs at least one group"),
        ({"name": "phased", "listed": [["x"]]}, "transition.listed: only used with order 'listed'"),
        (
            {"name": "bigbang"},
            "transition.name = 'bigbang': allowed are 'none', 'big_bang', 'phased', 'parallel', 'pilot'",
        ),
        ({"waiting": "wait"}, "transition.waiting = 'wait': allowed is"),
    ],
)
def test_a_plan_that_makes_no_sense_is_refused_with_its_key(plan, sentence):
    raw = plan_to("balanced", plan.get("name") if plan.get("name") in NAMES else "big_bang")["transition"]
    with pytest.raises(InputError, match=re.escape(sentence)):
        make_config("gatekept", {**SHORT, "transition": {**raw, **plan}})


def test_the_system_to_go_to_is_checked_like_the_one_at_the_start():
    raw = plan_to("balanced")["transition"]
    raw["to"]["offers"]["therapy"]["routes"][0]["to"][0]["to"] = "leeve"
    with pytest.raises(
        InputError, match=re.escape("transition.to.offers.therapy.routes[0].to[0].to = 'leeve'")
    ):
        make_config("gatekept", {"transition": raw})


# ------------------------------------------------------------------------------------------------ costs


def on_line(run: Run, line: str) -> np.ndarray:
    """Minutes on a ledger line by week from the decision day, over all teams and roles."""
    ledger, first = run.tables["ledger"], run.decision_day // 7
    here = ledger["line"] == run.lines.index(line)
    return np.bincount(ledger["week"][here], ledger["minutes"][here], run.end_day // 7)[first:]


def therapy_minutes(run: Run) -> np.ndarray:
    """Minutes by week of the roles whose job plan changes: (weeks, localities and roles)."""
    tables = compile_config(run.config, run.area, 1)
    table, first = run.tables["available"], run.decision_day // 7
    shape = (run.end_day // 7, len(run.localities), len(run.roles))
    return table["minutes"].reshape(shape)[first:, :, ~tables.rules.undivided].reshape(shape[0] - first, -1)


def test_without_costs_nothing_is_spent_on_change():
    run = simulate(changing("gatekept", "balanced", name="parallel"), 3)
    assert on_line(run, "change").sum() == on_line(run, "coordination").sum() == 0


def test_training_takes_its_hours_in_the_weeks_before_the_change():
    run = simulate(
        changing("gatekept", "balanced", start_week=10, training_hours=20.0, training_weeks=4.0), 3
    )
    spent = on_line(run, "change")
    tables = compile_config(run.config, run.area, 1)
    hours = [run.config.resolver()(r.hours_per_year) for r in run.config.workforce.roles.values()]
    a_year = share_of_working_days(run.config.calendar) * 365.25
    people = tables.rules.minutes_per_day[0] * a_year / (np.array(hours) * 60)
    wanted = np.floor(20 * 60 * people[:, ~tables.rules.undivided]).sum()
    assert spent[6:10].sum() == wanted > 100
    assert spent.sum() == wanted


def test_what_a_change_takes_does_not_depend_on_how_far_somebody_looks_ahead():
    """Nor on whose working days are counted: the average of the calendar is used, not that of the run."""
    taken = []
    for years in (0.5, 0.8):
        config = make_config("gatekept", {**SHORT, "horizon_years": years, **plan_to("balanced", "big_bang")})
        taken.append(compile_config(config, build_area(config.area), 1).rules.change_minutes)
    assert taken[0].sum() > 0
    assert (taken[1][: len(taken[0])] == taken[0]).all()


def test_closed_weeks_take_their_share_of_the_minutes():
    run = simulate(changing("gatekept", "balanced", start_week=3, closed_weeks=2.0, closed_share=0.5), 3)
    spent, there = on_line(run, "change"), therapy_minutes(run)
    assert (spent[3:5] == np.floor(0.5 * there[3:5]).sum(axis=1)).all()
    assert spent.sum() == spent[3:5].sum() > 0


@pytest.mark.parametrize("adoption", [0.0, 0.5, 1.0])
def test_the_dip_follows_the_learning_curve(adoption):
    dip, rate = 0.3, 0.9
    run = simulate(
        changing(
            "gatekept",
            "balanced",
            start_week=2,
            dip=dip,
            dip_weeks=6.0,
            learning_rate=rate,
            adoption=adoption,
        ),
        3,
    )
    spent, there = on_line(run, "change"), therapy_minutes(run)
    slope = -np.log2(rate)
    first_unit = 6.0 / ((1 - dip) ** (-1 / slope) - 1)  # weeks, so that full adoption is back after 6
    for week in range(20):
        lost = max(0.0, 1 - (1 - dip) * (1 + adoption * week / first_unit) ** slope)
        assert spent[2 + week] == np.floor(lost * there[2 + week]).sum()
    assert spent[:2].sum() == 0
    assert (spent[-1] > 0) == (adoption == 0.0)


def test_working_in_two_systems_costs_switching_and_coordination():
    base = {"name": "parallel", "to_share": 0.5, "start_week": 2, "end_week": 10.0}
    costs = {"switching_minutes": 20.0, "coordination_minutes": 60.0}
    spent = {}
    for name in (*costs, "both"):
        given = costs if name == "both" else {name: costs[name]}
        spent[name] = on_line(simulate(changing("gatekept", "balanced", **base, **given), 3), "coordination")
        assert (spent[name][2:12] > 0).all()
        assert spent[name].sum() == spent[name][2:12].sum()
    assert np.abs(spent["both"] - sum(spent[n] for n in costs)).max() <= 20  # whole minutes by team and role


@pytest.mark.parametrize("name", NAMES)
def test_every_law_holds_with_all_shipped_costs(name):
    hold_every_law(make_config("gatekept", {**SHORT, **plan_to("balanced", name)}), seed=9)


# ------------------------------------------------------------------------------------------- same bits

HASHES = """
from build import fingerprints
from sim import simulate
from test_transition import BITS, PLANS, SAME, changing
out = {p: fingerprints(simulate(changing("gatekept", "balanced", BITS, **PLANS[p]), 4)) for p in SAME}
"""
BITS = {"history_years": 0.2, "horizon_years": 0.4}
SAME = ("honoured", "invited", "phased", "phased, invited", "parallel", "parallel, then new")


def test_compiled_and_plain_python_give_the_same_bits_through_a_change():
    plain = in_plain_python(HASHES)
    for plan in SAME:
        run = simulate(changing("gatekept", "balanced", BITS, **PLANS[plan]), 4)
        assert fingerprints(run) == plain[plan], plan
