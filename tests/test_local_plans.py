"""Job plans of localities: nothing where they say what everybody does, all their own minutes where they do not."""

from __future__ import annotations

from typing import Any

import pytest
from build import fingerprints, make_config
from configurations import problems
from test_laws import hold_every_law
from test_transition import changing

from experiments.composing.data import read_data
from sim import simulate
from sim.errors import InputError
from sim.run import Run

ROLE = "therapist_b5"


def run_of(plans: dict[str, Any], area: str = "oldham", system: str = "balanced") -> Run:
    return simulate(make_config(system, {"system.local_plans": plans}, area=area), 5)


def minutes(run: Run, offer_line: str) -> dict[str, float]:
    """Minutes of the role on a ledger line, by locality."""
    ledger = run.ledger
    mine = ledger[(ledger["role"] == ROLE) & (ledger["line"] == offer_line)]
    return mine.groupby("locality", observed=True)["minutes"].sum().to_dict()


def test_a_locality_whose_plan_says_what_everybody_does_changes_nothing():
    usual = make_config("balanced", area="oldham")
    plan = {name: usual.resolver()(share) for name, share in usual.system.job_plan[ROLE].offers.items()}
    locality = simulate(usual, 5).localities[0]
    assert fingerprints(run_of({locality: {ROLE: plan}})) == fingerprints(run_of({}))


def test_minutes_move_in_the_locality_that_moves_them_and_nowhere_else():
    base = run_of({})
    here, *others = base.localities
    moved = run_of({here: {ROLE: {"drop_in": 0.0, "therapy": 0.395}}})
    before, after = minutes(base, "drop_in"), minutes(moved, "drop_in")
    assert before[here] > 0
    assert after.get(here, 0) == 0
    assert minutes(moved, "direct_contact")[here] > 1.5 * minutes(base, "direct_contact")[here]
    for name in others:
        assert after[name] == pytest.approx(before[name], rel=0.1)
    assert (moved.tables["available"]["minutes"] == base.tables["available"]["minutes"]).all()


def test_every_law_of_minutes_holds_with_plans_of_localities():
    plans = {"Smallbridge East": {ROLE: {"drop_in": 0.39, "therapy": 0.0}}}
    hold_every_law(make_config("balanced", {"system.local_plans": plans, "event_log": True}), 3)


def test_a_change_to_a_system_with_plans_of_localities_leaves_the_past_as_it_is():
    """And a role whose plan differs in one locality only is divided between the systems like any other."""
    plans = {"Smallbridge East": {ROLE: {"triage": 0.03}}}
    same = changing("gatekept", "gatekept", {"transition.to.local_plans": plans}, start_week=4.0)
    other = changing("gatekept", "gatekept", {"transition.to.local_plans": {}}, start_week=4.0)
    one, two = (fingerprints(simulate(config, 5)) for config in (same, other))
    del one["needs.system_at_entry"], two["needs.system_at_entry"]
    assert one == two


def test_plans_of_localities_that_make_no_sense_are_refused_with_what_is_allowed():
    found = problems(
        ("system.local_plans", {"Oldham": {"therapist_b9": {"triage": 0.1}, ROLE: {"triag": 0.1}}}),
    )
    assert any("no role with a job plan of that name" in p for p in found)
    assert any("no offer of that name; did you mean 'triage'?" in p for p in found)
    over = problems(("system.local_plans", {"Oldham": {ROLE: {"triage": 0.9}}}))
    assert over == [p for p in over if p.startswith("system.local_plans.Oldham.therapist_b5: with the rest")]
    config = make_config("balanced", {"system.local_plans": {"Smallbridge Est": {ROLE: {"drop_in": 0.1}}}})
    with pytest.raises(InputError, match="did you mean 'Smallbridge East'"):
        read_data(config)
    with pytest.raises(InputError, match="did you mean 'Smallbridge East'"):
        simulate(config, 1)
