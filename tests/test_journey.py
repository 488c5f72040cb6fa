"""One child's journey: the same numbers as the run, the same child in every system, words for everything."""

from __future__ import annotations

import datetime as dt
import re
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from build import make_config, record
from hypothesis import given
from hypothesis import strategies as st

from experiments.cli import COMMANDS, main
from experiments.completion import candidates
from experiments.composing.compose import load_plans
from experiments.journeys.page import headings, journey_page, picture
from experiments.journeys.search import listing_page
from experiments.journeys.story import age, day_words, storyline
from experiments.journeys.waits import WAITS, Seen
from experiments.running.replicate import replication_seed
from experiments.screen import as_text
from sim.area_building import build_area
from sim.calendar import lay_out
from sim.dictionary import LEFT_REASONS
from sim.errors import InputError
from sim.function import advance
from sim.journey import Journeys, journeys
from sim.journey_choice import compare_children, narrow, representative
from sim.journey_rules import NO_SERVICE, PICKS
from sim.journey_words import REASONS, SENTENCES, duration, lower_first
from sim.kernel.state import EVENTS
from sim.run import Run, simulate
from sim.system import LEVELS

SEED = 5
SYSTEMS = ("gatekept", "balanced")


@cache
def run_of(system: str) -> Run:
    return simulate(make_config(system, {"event_log": True}), SEED)


@cache
def everybody() -> Journeys:
    """The journeys of every fourth child with a need, under both systems."""
    ids = run_of("gatekept").tables["children"]["child_id"][::4]
    return journeys([(s, make_config(s)) for s in SYSTEMS], SEED, ids.tolist())


@cache
def compared() -> pd.DataFrame:
    return compare_children({s: run_of(s) for s in SYSTEMS})


def one(child: int) -> Journeys:
    return Journeys(*(frame[frame["child"] == child].reset_index(drop=True) for frame in everybody()))


# ------------------------------------------------------------------------------------------- the numbers


@pytest.mark.parametrize("system", SYSTEMS)
def test_a_journey_ends_with_the_score_that_the_run_reports(system):
    told, needs = everybody(), run_of(system).needs.set_index("need_id")
    for name, column in ((system, "score_end"), (NO_SERVICE, "score_no_service")):
        last = told.trajectory[told.trajectory["system"] == name].groupby("need")["score"].last()
        assert len(last) > 100
        assert np.max(np.abs(last - needs.loc[last.index, column])) <= 1e-9


@pytest.mark.parametrize("system", SYSTEMS)
def test_at_the_decision_day_the_path_without_service_is_where_the_run_says(system):
    told, run = everybody(), run_of(system)
    needs = run.needs.set_index("need_id")
    alone = told.trajectory[(told.trajectory["system"] == NO_SERVICE)]
    then = alone[alone["day"] == run.decision_day].set_index("need")["score"]
    assert len(then) > 100
    assert np.max(np.abs(then - needs.loc[then.index, "score_start"])) <= 1e-9


def test_between_two_days_with_the_same_support_the_score_follows_the_closed_form():
    """The capability of places is taken out of it, so that drift and support are all there is."""
    config = make_config("balanced", evidence={"universal_effect_points_per_year": 0.0})
    supports: list[np.ndarray] = []
    worked = record(config, SEED, lambda engine, day: supports.append(engine.people.needs.support.copy()), 1)
    support, rules, people = np.array(supports), worked.engine.rules, worked.engine.people
    helped = np.flatnonzero((support > 0).any(axis=0))[:60]
    ids = np.unique(people.children.id[people.needs.child[helped]])
    told = journeys([("balanced", config)], SEED, ids.tolist())
    checked = supported = 0
    for row in helped:
        need = people.needs[row]
        kind = int(need.kind)
        path = told.trajectory[
            (told.trajectory["need"] == need.key) & (told.trajectory["system"] == "balanced")
        ]
        days, scores = path["day"].to_numpy(), path["score"].to_numpy()
        for a, b, y, y_then in zip(days[:-1], days[1:], scores[:-1], scores[1:], strict=True):
            rates = support[a:b, row] if a >= 0 else np.zeros(1)  # services begin on day 0
            if a <= need.worsens < b or np.any(rates != rates[0]):
                continue
            expected, _ = advance(
                y,
                int(a),
                int(b),
                int(people.children.birth[need.child]),
                rules.band_from[kind],
                rules.band_drift[kind],
                float(need.deviation),
                float(rates[0]),
                float(need.potential),
            )
            assert y_then == pytest.approx(expected, abs=1e-9)
            checked += 1
            supported += rates[0] > 0
    assert checked > 1000
    assert supported > 100


def test_the_score_is_exact_on_every_day_with_an_event_and_never_more_than_a_week_apart():
    told = everybody()
    known = set(zip(told.trajectory["need"], told.trajectory["system"], told.trajectory["day"], strict=True))
    for event in told.events.itertuples():
        assert (event.need, event.system, event.day) in known
    gaps = told.trajectory.groupby(["need", "system"])["day"].diff().dropna()
    assert gaps.min() >= 1
    assert gaps.max() <= 7


def test_a_step_down_is_seen_the_day_after_it():
    told = everybody()
    scores = told.trajectory.set_index(["need", "system", "day"])["score"]
    worse = told.events[told.events["event"] == "worsens"]
    config = make_config("gatekept")
    step = config.resolver()(config.needs.escalation.points)
    assert len(worse) > 5
    for event in worse.itertuples():
        before, after = (scores[event.need, event.system, event.day + i] for i in (0, 1))
        assert after == pytest.approx(max(0.0, before - step), abs=0.01)  # and a day's drift


@pytest.mark.parametrize("system", SYSTEMS)
def test_following_children_changes_nothing_in_the_run(system):
    """What the followed run says of each need is what an unobserved run says, to the bit."""
    table = run_of(system).tables["needs"]
    mine = everybody().needs
    mine = mine[mine["system"] == system].set_index("need")
    rows = np.flatnonzero(np.isin(table["need_id"], mine.index))
    for column in ("score_end", "score_years", "contacts", "minutes", "not_brought", "open"):
        assert np.array_equal(mine.loc[table["need_id"][rows], column].to_numpy(), table[column][rows])


@pytest.mark.parametrize("system", SYSTEMS)
def test_every_event_of_the_log_is_told_once_and_on_its_day(system):
    told, run = everybody(), run_of(system)
    mine = told.events[told.events["system"] == system]
    log = run.events[run.events["child_id"].isin(told.children["child"])]

    def counts(frame: pd.DataFrame, need: str) -> pd.Series:
        frame = frame[~frame["event"].isin(["need_begins", "noticed"])]
        keys = [
            frame[need],
            frame["day"],
            frame["event"].astype(str),
            frame["offer"].astype(object).fillna(""),
        ]
        return frame.groupby([k.to_numpy() for k in keys]).size()

    assert counts(mine, "need").equals(counts(log, "need_id"))
    begins = mine[mine["event"] == "need_begins"].set_index("need")["day"]
    assert begins.equals(
        run.needs.set_index("need_id").loc[begins.index, "onset_day"].rename("day").astype("int64")
    )


def test_a_need_older_than_the_run_begins_and_is_noticed_when_it_was():
    run, told = run_of("gatekept"), everybody()
    old = run.needs[(run.needs["onset_day"] < 0) & (run.needs["identified_day"] < 0)]
    noticed = told.events[(told.events["system"] == "gatekept") & (told.events["event"] == "noticed")]
    noticed = noticed.set_index("need")["day"]
    mine = old[old["need_id"].isin(told.needs["need"])].set_index("need_id")["identified_day"]
    assert len(mine) > 5
    assert (noticed.loc[mine.index] == mine.astype("int64")).all()


def test_without_any_service_a_journey_is_the_path_without_service_to_the_bit():
    run = simulate(make_config("no_service"), SEED)
    ids = run.tables["children"]["child_id"][::9].tolist()
    told = journeys([("nothing", make_config("no_service"))], SEED, ids)
    paths = {name: rows["score"].to_numpy() for name, rows in told.trajectory.groupby("system")}
    assert np.array_equal(paths["nothing"], paths[NO_SERVICE])


def test_one_system_under_two_names_gives_one_journey_and_helps_or_harms_nobody():
    config = make_config("balanced")
    child = int(compared()["child"].iloc[40])
    told = journeys([("a", config), ("b", config)], SEED, [child])
    for frame, columns in (
        (told.events, ["need", "day", "sentence"]),
        (told.trajectory, ["need", "day", "score"]),
    ):
        a, b = (frame.loc[frame["system"] == s, columns].reset_index(drop=True) for s in "ab")
        assert len(a)
        assert a.equals(b)
    children = compare_children({"a": run_of("balanced"), "b": run_of("balanced")})
    assert (children["difference"] == 0).all()
    for pick in ("helped_most", "harmed_most"):
        with pytest.raises(InputError, match="applies to none of these"):
            representative(children, pick)


def test_waits_in_the_sentences_are_the_days_between_joining_and_being_seen():
    told = everybody()
    seen = told.events[(told.events["event"] == "contact") & told.events["wait_days"].notna()]
    assert len(seen) > 30
    for event in seen.itertuples():
        before = told.events[
            (told.events["need"] == event.need)
            & (told.events["system"] == event.system)
            & (told.events["offer"] == event.offer)
            & (told.events["event"] == "joins_list")
            & (told.events["day"] <= event.day)
        ]
        joined = int(before["day"].iloc[-1])
        # who stood on the list before the run has waited longer than the log knows
        assert event.wait_days == event.day - joined or (joined == 0 and event.wait_days > event.day)
        assert (f"after a wait of {duration(event.wait_days)}" in event.sentence) == (event.wait_days > 0)


# ------------------------------------------------------------------------------------------- choosing


def test_the_difference_is_what_the_runs_say_of_the_childs_needs():
    a, b = (run_of(s).needs.groupby("child_id")["score_years"].sum() for s in SYSTEMS)
    children = compared().set_index("child")
    expected = (b - a).loc[children.index]
    assert np.max(np.abs(children["difference"] - expected)) < 1e-12
    assert children["difference"].max() > 0.1


def test_alone_a_system_is_compared_with_no_service():
    children = compare_children({"balanced": run_of("balanced")}).set_index("child")
    needs = run_of("balanced").needs
    gain = (needs["score_years"] - needs["score_years_no_service"]).groupby(needs["child_id"]).sum()
    assert np.max(np.abs(children["difference"] - gain.loc[children.index])) < 1e-12


def test_each_rule_chooses_the_child_that_its_words_describe():
    children = compared()
    by_id = children.set_index("child")
    chosen = {pick: by_id.loc[representative(children, pick)] for pick in PICKS}
    assert chosen["helped_most"]["difference"] == children["difference"].max() > 0
    assert chosen["harmed_most"]["difference"] == children["difference"].min() < 0
    for pick, who in (
        ("median", children["seen"]),
        ("deprived", children["seen"] & (children["imd_quintile"] == 1)),
        ("several_needs", children["seen"] & (children["needs"] >= 2)),
    ):
        group = children[who]
        assert chosen[pick].name in set(group["child"])
        below = (group["difference"] < chosen[pick]["difference"]).sum()
        above = (group["difference"] > chosen[pick]["difference"]).sum()
        assert max(below, above) <= len(group) / 2


CHILDREN = st.lists(
    st.tuples(
        st.integers(0, 10**6),
        st.integers(1, 5),
        st.integers(1, 3),
        st.booleans(),
        st.sampled_from([-1.0, -0.5, 0.0, 0.5, 1.0]),
    ),
    min_size=1,
    max_size=20,
    unique_by=lambda row: row[0],
)


@given(CHILDREN, st.sampled_from(sorted(PICKS)), st.randoms(use_true_random=False))
def test_the_choice_does_not_depend_on_the_order_of_the_children_and_ties_go_to_the_lower_id(
    rows, pick, random
):
    columns = ["child", "imd_quintile", "needs", "seen", "difference"]
    children = pd.DataFrame(rows, columns=columns)
    shuffled = pd.DataFrame(random.sample(rows, len(rows)), columns=columns)
    try:
        child = representative(children, pick)
    except InputError:
        with pytest.raises(InputError):
            representative(shuffled, pick)
        return
    assert representative(shuffled, pick) == child
    if pick in ("helped_most", "harmed_most"):
        own = children.loc[children["child"] == child, "difference"].iloc[0]
        assert child == children.loc[children["difference"] == own, "child"].min()


def test_an_unknown_rule_is_refused_with_those_there_are():
    with pytest.raises(InputError, match="pick=best: no such rule; one of median, helped_most"):
        representative(compared(), "best")


def test_a_search_keeps_those_to_whom_all_of_it_applies():
    children = pd.DataFrame(
        {
            "child": [1, 2, 3, 4],
            "age_years": [3.2, 3.9, 4.0, -0.5],
            "locality": ["North", "North", "South", "South"],
            "imd_quintile": [1, 2, 1, 1],
            "needs": [1, 2, 2, 1],
            "kinds": ["speech", "speech,dld", "speech,dld", "dld"],
            "levels": ["targeted", "targeted,specialist", "specialist,targeted", "specialist"],
        }
    )

    def found(**wanted: Any) -> list[int]:
        return narrow(children, **wanted)["child"].tolist()

    assert found() == [1, 2, 3, 4]
    assert found(kind="dld") == [2, 3, 4]
    assert found(kind="dld", level="specialist") == [2, 4]  # one need that is both, not one each
    assert found(level="targeted", quintile=1) == [1, 3]
    assert found(locality="North", needs_at_least=2) == [2]
    assert found(age=3) == [1, 2]
    assert found(age=3, locality="South") == []


def test_unknown_children_are_all_told_at_once():
    with pytest.raises(InputError) as caught:
        journeys([("gatekept", make_config("gatekept"))], SEED, [10**9, 10**9 + 1])
    assert [p.split(":")[0] for p in caught.value.problems] == ["child=1000000000", "child=1000000001"]
    assert "no such child among the" in caught.value.problems[0]


def test_plans_with_other_children_are_refused():
    longer = make_config("balanced", {"horizon_years": 2.0})
    with pytest.raises(InputError, match="longer: does not have the same children as gatekept"):
        compare_children({"gatekept": run_of("gatekept"), "longer": simulate(longer, SEED)})
    milder = make_config("balanced", evidence={"speech_drift_preschool": 0.9})
    with pytest.raises(InputError, match="milder: does not have the same children as balanced"):
        compare_children({"balanced": run_of("balanced"), "milder": simulate(milder, SEED)})
    speech = int(compared().query("kinds == 'speech'")["child"].iloc[0])
    with pytest.raises(InputError, match="milder: does not have the same children as balanced"):
        journeys([("balanced", make_config("balanced")), ("milder", milder)], SEED, [speech])


# ------------------------------------------------------------------------------------------- words

GOLDEN = {
    "need_begins": "A need begins: stammering.",
    "worsens": "The need gets worse by a step.",
    "moves_place": "Moves on to Elm Primary.",
    "leaves_with_age": "Too old now for these services.",
    "noticed": "Somebody notices the need.",
    "does_not_seek": "The family does not ask for help.",
    "seeks": "The family sets out to ask for help.",
    "wrong_door": "Comes to the wrong place, and is sent on.",
    "arrives": "Asks for help in the right place.",
    "joins_list": "Therapy: joins the waiting list.",
    "joins_list:walk_in": "Therapy: can come to the next session.",
    "joins_list:visit": "Therapy: is put down for the next visit.",
    "support_starts": "Therapy: support begins.",
    "support_ends": "Therapy: support ends.",
    "accepted": "Therapy: accepted.",
    "rejected": "Therapy: not accepted.",
    "more_information": "Therapy: more information is asked for.",
    "contact": "Therapy: seen after a wait of 14 weeks.",
    "contact:gate": "Therapy: the papers are read after a wait of 14 weeks.",
    "contact:course": "Therapy: session 3 after a wait of 14 weeks.",
    "not_brought": "Therapy: not brought to the appointment.",
    "turned_away": "Therapy: full today, turned away.",
    "gives_up": "Therapy: the family gives up after 14 weeks.",
    "sent_away": "Therapy: sent away after a missed appointment.",
    "course_ends": "Therapy: the course ends.",
    "leaves": "Leaves the services: the goal is reached.",
    "found_at_visit": "Therapy: the need is found at a visit, before anybody asked.",
    "request": "Therapy: asked for by right.",
    "invited": "Therapy: the list closes, and the family is asked in through the new door.",
    "called_off": "Therapy: rung up about the list, and needs nothing more.",
    "gives_back_place": "Therapy: the place is given back, as the other system has helped.",
    "finds_door_shut": "The new door is overrun and shut for now: sent to the old one.",
}


def test_no_event_of_the_log_and_no_reason_for_leaving_lacks_words():
    assert {name.partition(":")[0] for name in SENTENCES} == set(EVENTS)
    assert set(EVENTS) <= set(SENTENCES)
    assert tuple(REASONS) == LEFT_REASONS


def test_the_sentences_read_as_agreed():
    written = {
        name: sentence.format(
            kind="stammering",
            place="Elm Primary",
            offer="Therapy",
            number=3,
            wait=" after a wait of 14 weeks",
            after=" after 14 weeks",
            reason=REASONS["goal_met"],
        )
        for name, sentence in SENTENCES.items()
    }
    assert written == GOLDEN


def test_sentences_of_real_journeys_are_whole():
    sentences = everybody().events["sentence"].unique()
    assert len(sentences) > 50
    for sentence in sentences:
        assert re.fullmatch(r"[A-Z].*[^.]\.", sentence), sentence
        assert not re.search(r"[{}]|None|nan|NaT|_|  ", sentence), sentence


DAY = {
    name: pd.Timestamp(day) for name, day in (("x", "2023-03-01"), ("y", "2023-06-07"), ("old", "2021-03-01"))
}
SEEN = Seen(dt.date(2022, 9, 1), dt.date(2025, 9, 1), dt.date(2030, 9, 1))


def told_row(**given: Any) -> dict[str, Any]:
    """One need under one system; nothing has happened but what is given."""
    days = ("identified", "concern", "referred", "first_contact", "first_useful", "specialist_start", "left")
    return {
        **{f"{name}_date": pd.NaT for name in days},
        "open": False,
        "left_reason": "not_left",
        "contacts": 0,
        "minutes": 0,
        "not_brought": 0,
        **given,
    }


def test_a_family_that_gave_up_is_told_with_the_weeks_after_which_it_did():
    row = told_row(concern_date=DAY["x"], identified_date=DAY["x"], left_date=DAY["y"], left_reason="gave_up")
    assert WAITS["From there to the first contact"](row, SEEN) == "none: gave up after 14 weeks"
    assert WAITS["Left the services"](row, SEEN) == "7 Jun 2023: the family gave up"
    # one that came back and waits still has not
    waits_again = {**row, "open": True}
    assert WAITS["From there to the first contact"](waits_again, SEEN) == "none in 7 years 26 weeks"


def test_a_concern_known_before_the_simulation_is_not_one_that_was_never_raised():
    known = told_row(identified_date=DAY["old"], first_contact_date=DAY["y"])
    assert WAITS["Concern first raised"](known, SEEN) == "before 1 Sep 2022, when the simulation begins"
    assert WAITS["From there to the first contact"](known, SEEN) == "seen 7 Jun 2023, known since before"
    assert WAITS["... to specialist support"](known, SEEN) == "none in the run, and not on any list"
    again = {**known, "referred_date": DAY["x"]}
    assert WAITS["Concern first raised"](again, SEEN).endswith("; again 1 Mar 2023")
    assert WAITS["From there to the first contact"](again, SEEN) == "14 weeks"
    noticed_later = told_row(identified_date=DAY["x"])
    assert WAITS["Concern first raised"](noticed_later, SEEN) == "never"
    assert WAITS["From there to the first contact"](noticed_later, SEEN) == "–"
    raised = told_row(identified_date=DAY["x"], concern_date=DAY["x"])
    assert WAITS["Concern first raised"](raised, SEEN) == "1 Mar 2023, before the years counted"
    assert WAITS["Concern first raised"](raised, SEEN._replace(decision=SEEN.first)) == "1 Mar 2023"


def test_in_real_journeys_every_need_known_before_the_run_is_told_as_such():
    needs = everybody().needs
    known = needs[needs["identified_date"].notna() & (needs["identified_date"] < pd.Timestamp(SEEN.first))]
    told = [WAITS["Concern first raised"](row, SEEN) for row in known.to_dict("records")]
    assert len(told) > 20
    assert "never" not in told
    gave_up = needs[(needs["left_reason"] == "gave_up") & ~needs["open"] & needs["first_contact_date"].isna()]
    assert len(gave_up) > 0
    for row in gave_up.to_dict("records"):
        assert WAITS["From there to the first contact"](row, SEEN).startswith("none: gave up")


@pytest.mark.parametrize(
    ("days", "words"),
    [
        (1, "1 day"),
        (13, "13 days"),
        (14, "2 weeks"),
        (27, "3 weeks"),
        (727, "103 weeks"),
        (731, "2 years"),
        (740, "2 years 1 week"),
        (1200, "3 years 14 weeks"),
    ],
)
def test_durations_are_said_as_people_say_them(days, words):
    assert duration(days) == words


def test_dates_and_ages_are_british():
    assert day_words(pd.Timestamp("2026-03-03")) == "Tue 3 Mar 2026"
    birth = dt.date(2022, 10, 31)
    assert age(birth, dt.date(2026, 3, 3)) == "3 years 4 months"
    assert age(birth, dt.date(2026, 2, 28)) == "3 years 3 months"
    assert age(birth, dt.date(2023, 10, 30)) == "11 months"
    assert age(birth, dt.date(2023, 11, 30)) == "1 year"
    assert age(birth, dt.date(2022, 11, 3)) == "birth"


@given(st.dates(dt.date(2000, 1, 1), dt.date(2030, 1, 1)), st.integers(0, 7000))
def test_an_age_in_words_never_runs_ahead_of_the_calendar(birth, days):
    day = birth + dt.timedelta(days=days)
    found = re.findall(r"(\d+) (year|month)", age(birth, day))
    months = sum(int(n) * (12 if unit == "year" else 1) for n, unit in found)
    assert months * 30.4369 - 3 <= days <= (months + 1) * 30.4369 + 3


def test_abbreviations_keep_their_capitals():
    assert lower_first("Speech sounds") == "speech sounds"
    assert lower_first("DLD") == "DLD"


# ------------------------------------------------------------------------------------------- the page


def busiest(system: str = "balanced") -> Journeys:
    """The journey with most sessions."""
    told = everybody()
    sessions = told.events[(told.events["system"] == system) & (told.events["event"] == "contact")]
    return one(int(sessions.groupby("child").size().sort_values(kind="stable").index[-1]))


@pytest.mark.parametrize("system", SYSTEMS)
def test_sessions_of_a_course_become_one_line_and_none_is_lost(system):
    told = busiest(system)
    expected = told.events[
        (told.events["system"] == system) & told.events["sentence"].str.contains(r"session \d")
    ]
    assert len(expected) > 4
    lines = [text for _, text in storyline(told, system)]
    singles = sum(len(re.findall(r"session \d+", text)) for text in lines)
    ranges = [re.search(r"sessions (\d+) to (\d+).*; the last on ", text) for text in lines]
    counted = singles + sum(int(m.group(2)) - int(m.group(1)) + 1 for m in ranges if m)
    # a line for several needs at once stands for a session of each
    assert counted <= len(expected)
    assert any(ranges)
    if told.needs["need"].nunique() == 1:
        assert counted == len(expected)


def test_a_story_is_in_the_order_of_its_dates_and_says_nothing_twice():
    told = everybody()
    for child in told.children["child"][:60]:
        for system in SYSTEMS:
            story = storyline(one(child), system)
            assert [day for day, _ in story] == sorted(day for day, _ in story)
            assert len(set(story)) == len(story)


def test_needs_are_named_when_a_child_has_several_and_only_then():
    told = everybody()
    several = told.needs.groupby("child")["need"].nunique()
    both = [one(int(several[several > 1].index[0])), one(int(several[several == 1].index[0]))]
    stories = [[text for _, text in storyline(journey, "gatekept")] for journey in both]
    titles = both[0].needs["title"].map(lower_first).unique()
    assert any(f"({title})." in text for title in titles for text in stories[0])
    assert not any(text.endswith(").") for text in stories[1])


@cache
def page(width: int) -> str:
    told, configs = busiest(), {s: make_config(s) for s in SYSTEMS}
    return as_text(journey_page(told, "", configs, build_area(configs["balanced"].area), width))


def test_columns_of_ways_to_change_from_one_system_bear_different_headings():
    assert headings(load_plans(["transition=none,big_bang", "area=example_small"])) == {
        "none": "none",
        "big_bang": "big_bang",
    }
    assert headings(load_plans(["system=gatekept,balanced", "area=example_small"])) == {
        "gatekept": "Gatekept referral",
        "balanced": "Balanced System",
    }


def test_a_wide_page_has_a_column_for_each_system_and_a_narrow_one_a_table():
    titles = [make_config(s).system.title for s in SYSTEMS]
    heads = {width: [line for line in page(width).splitlines() if "Date, age" in line] for width in (110, 80)}
    assert [all(title in line for title in titles) for line in heads[110]] == [True]
    assert [[title in line for title in titles] for line in heads[80]] == [[True, False], [False, True]]


def test_the_page_says_that_nobody_is_real_states_waits_and_shows_every_path():
    text = page(110)
    assert text.startswith("A simulated child: nobody real.")
    for words in ("Concern first raised", "to the first useful support", "to specialist support"):
        assert words in text
    for path in ("no service", *SYSTEMS):
        assert re.search(rf"^ {path} +[▁▂▃▄▅▆▇█]{{24}} ", text, re.M)
    assert "From here on the years are counted." in text


def test_the_picture_of_a_score_is_low_where_it_is_low():
    path = pd.DataFrame({"day": [0, 100], "score": [1.0, 3.0]})
    drawn = picture(path, 0, 100, 1.0, 3.0)
    assert (drawn[0], drawn[-1]) == ("▁", "█")
    assert list(drawn) == sorted(drawn)
    assert set(picture(path.assign(score=2.0), 0, 100, 2.0, 2.0)) == {"▁"}


def test_a_list_of_children_is_spread_from_most_harmed_to_most_helped():
    children = compared()
    area = build_area(make_config("balanced").area)
    text = as_text(listing_page(children, children, area, SYSTEMS, {"needs_at_least": "1"}))
    ids = [int(m) for m in re.findall(r"^ *(\d+) +(?:[\d.]+|unborn) +[1-5] ", text, re.M)]
    differences = children.set_index("child").loc[ids, "difference"].tolist()
    assert len(ids) == 15
    assert differences == sorted(differences)
    assert (differences[0], differences[-1]) == (children["difference"].min(), children["difference"].max())
    assert "nobody real" in text


# ------------------------------------------------------------------------------------------- the command

SHORT = ["area=example_small", "history_years=0.5", "horizon_years=1"]


def say(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, list[str]]:
    status = main(["journey", *words])
    out, err = capsys.readouterr()
    return status, out, err.splitlines()


def test_the_command_prints_a_story_on_the_output_and_its_progress_on_the_error_output(capsys):
    status, out, err = say(capsys, "pick=helped_most", *SHORT)
    assert status == 0
    assert out.startswith("A simulated child: nobody real.")
    assert "Chosen by the rule pick=helped_most" in out
    assert "ties go to the lower child id" in out
    assert err[0] == "Simulating: 4 to do"
    (child,) = re.findall(r"nobody real. Child (\d+)", out)
    again = say(capsys, f"child={child}", *SHORT)[1]
    assert out[out.index("What happens") :] == again[again.index("What happens") :]


def test_the_children_are_those_of_the_first_replication_of_compare(capsys):
    ids = simulate(make_config("gatekept"), replication_seed(1, 0)).tables["children"]["child_id"]
    status, out, _ = say(capsys, f"child={ids[3]}", "system=gatekept", *SHORT)
    assert status == 0
    assert f"Child {ids[3]}," in out


def test_a_search_lists_children_and_an_empty_one_is_told(capsys):
    status, out, _ = say(capsys, "kind=speech", "quintile=1", *SHORT)
    assert status == 0
    assert "children with kind=speech quintile=1" in out
    assert re.search(r"Next: opendoor journey child=\d+", out)
    status, out, err = say(capsys, "age=24", *SHORT)
    assert (status, out) == (2, "")
    assert err[-1].startswith("opendoor: age=24: none of the ")


@pytest.mark.parametrize(
    ("words", "sentences"),
    [
        (
            ["pick=helpd_most", "level=special", "quintile=6", "kind=speach"],
            [
                "quintile=6: must be a whole number, 1 to 5",
                "pick=helpd_most: no such rule; did you mean 'helped_most'?",
                "level=special: no such level; did you mean 'specialist'?",
                "kind=speach: no such kind of need; did you mean 'speech'?",
            ],
        ),
        (["child=1", "pick=median"], ["child=1: one child is named already; leave out pick"]),
        (["child=first"], ["child=first: must be an id, as a listing shows them"]),
        (["child=1", "child=2"], ["child: given more than once"]),
        (["pick="], ["pick: needs a value: pick=..."]),
        (["locality=Atlantis"], ["locality=Atlantis: no such locality; one of "]),
        (
            ["pick=best", "seeed=1"],
            ["pick=best: no such rule; one of median", "seeed: unknown key; did you mean 'seed"],
        ),
        (["system=gatekept,gatekept"], ["system=gatekept,gatekept: gatekept is named more than once"]),
    ],
)
def test_bad_words_get_one_line_each_and_status_2(capsys, words, sentences):
    status, out, err = say(capsys, *words, "area=example_small")
    assert (status, out) == (2, "")
    assert len(err) == len(sentences)
    for line, sentence in zip(err, sentences, strict=True):
        assert line.startswith(f"opendoor: {sentence}")


def test_an_unknown_child_gets_one_line_and_status_2(capsys):
    status, out, err = say(capsys, "child=999999999", "system=gatekept", *SHORT)
    assert (status, out) == (2, "")
    (complaint,) = [line for line in err if line.startswith("opendoor: ")]
    assert complaint.startswith("opendoor: child=999999999: no such child among the ")


def test_the_tables_can_be_kept_and_an_existing_folder_is_refused_before_any_work(capsys, tmp_path):
    folder = tmp_path / "mine"
    status, out, _ = say(capsys, "pick=median", f"output={folder}", *SHORT)
    assert status == 0
    names = ("children", "events", "needs", "trajectory")
    assert {p.name for p in folder.iterdir()} == {
        "journey.txt",
        "provenance.json",
        *(f"{n}.{ending}" for n in names for ending in ("csv", "parquet")),
    }
    assert (folder / "journey.txt").read_text().splitlines()[0] == out.splitlines()[0].rstrip()
    kept = pd.read_parquet(folder / "trajectory.parquet")
    assert list(kept.columns) == ["child", "need", "system", "date", "day", "score"]
    status, _, err = say(capsys, "pick=median", f"output={folder}", *SHORT)
    assert status == 2
    assert len(err) == 1


def test_the_words_that_tab_offers_are_those_that_the_command_takes():
    words = COMMANDS["journey"].words
    assert words["pick"] == tuple(PICKS)
    assert words["level"] == LEVELS
    assert candidates("opendoor journey pi") == ["pick="]
    assert candidates("opendoor journey pick=h") == ["pick=helped_most", "pick=harmed_most"]
    assert "pick=" in candidates("opendoor journey ")
    assert "area=" in candidates("opendoor journey ")
    assert candidates("opendoor journey area=old") == ["area=oldham"]
    assert "pick=" not in candidates("opendoor compare ")


def test_the_decision_date_of_a_journey_is_that_of_the_run():
    run, told = run_of("balanced"), everybody()
    first = lay_out(run.config.calendar, 1).first_day
    assert (told.children["decision_date"] == pd.Timestamp(first + dt.timedelta(days=run.decision_day))).all()
    assert (told.children["end_date"] == pd.Timestamp(first + dt.timedelta(days=run.end_day))).all()


def test_the_journey_in_the_readme_has_the_shape_of_the_present_page():
    readme = (Path(__file__).resolve().parent.parent / "README.md").read_text(encoding="utf-8")
    example = readme[readme.index("A simulated child: nobody real.") :]
    example = example[: example.index("```")]
    for label in WAITS:
        assert f"\n {label}" in example
    assert re.search(r"Left the services +.*\d{4}: ", example), "with the reason"
    assert all(len(line) <= 110 for line in example.splitlines())
