"""Two systems that are the same differ by nothing, for any child; and the same run is the same anywhere."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from build import SHIPPED, fingerprints, in_plain_python, make_config
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from experiments.composing.compose import compose
from experiments.running.replicate import replicate, replication_seed
from sim import simulate
from sim.kernel.state import NEVER
from sim.run import Run

HERE = Path(__file__).resolve().parent
WEEK = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
DIALS = ("impact", "easy_access", "place_based", "continuum", "information")


def difference(a: Run, b: Run) -> dict[str, float]:
    """Largest absolute difference in each column of the needs; both runs have the same needs in order."""
    ours, theirs = a.tables["needs"], b.tables["needs"]
    assert (ours["need_id"] == theirs["need_id"]).all()
    return {name: float(np.abs(ours[name].astype(float) - theirs[name].astype(float)).max()) for name in ours}


@pytest.mark.parametrize("system", ["balanced", "blend"])
@pytest.mark.parametrize("seed", [1, 2**62])
def test_the_balanced_system_with_every_dial_at_0_is_the_gatekept_one(system, seed):
    off = {f"system.dials.{d}": 0.0 for d in DIALS}
    one = simulate(make_config("gatekept", {"event_log": True}), seed)
    other = simulate(make_config(system, {"event_log": True, **off}), seed)
    assert fingerprints(one) == fingerprints(other)
    assert set(difference(one, other).values()) == {0.0}


def test_the_blend_with_every_dial_at_1_is_the_balanced_system():
    on = {f"system.dials.{d}": 1.0 for d in DIALS}
    assert fingerprints(simulate(make_config("blend", on), 3)) == fingerprints(
        simulate(make_config("balanced"), 3)
    )


def at_end(raw: object, end: str) -> object:
    """A part of a system with every quantity that a dial moves replaced by what it is at one end."""
    if isinstance(raw, dict) and "dial" in raw:
        return raw[end]
    if isinstance(raw, dict) and "base" in raw and end == "old":
        return raw["base"]
    if isinstance(raw, dict):
        return {k: at_end(v, end) for k, v in raw.items()}
    return [at_end(v, end) for v in raw] if isinstance(raw, list) else raw


@pytest.mark.parametrize(("system", "end"), [("gatekept", "old"), ("balanced", "new")])
def test_a_system_at_the_end_of_its_dials_is_the_one_without_dials(system, end):
    """To the bit: nothing of the other practice is left in it by rounding."""
    base = make_config(system)
    bare = at_end(compose([f"system={system}"])["system"], end)
    assert isinstance(bare, dict)
    parts = {f"system.{key}": bare[key] for key in ("doors", "offers", "job_plan", "staff_by_need")}
    assert "'dial'" not in str(parts)
    assert fingerprints(simulate(base, 3)) == fingerprints(simulate(make_config(system, parts), 3))


@pytest.mark.parametrize("dial", DIALS)
def test_each_dial_by_itself_changes_something(dial):
    """Otherwise the null test above would prove nothing about it."""
    base = simulate(make_config("gatekept"), 3)
    turned = simulate(make_config("blend", {f"system.dials.{dial}": 1.0}), 3)
    assert fingerprints(base) != fingerprints(turned)
    assert (base.tables["needs"]["need_id"] == turned.tables["needs"]["need_id"]).all()


@pytest.mark.parametrize("system", SHIPPED)
def test_a_copy_under_another_name_makes_no_difference_to_any_child(system):
    one = simulate(make_config(system), 7)
    copy = simulate(make_config(system, {"system.name": "copy", "system.title": "The same again"}), 7)
    assert set(difference(one, copy).values()) == {0.0}
    assert fingerprints(one) == fingerprints(copy)
    ours, theirs = one.summary(), copy.summary()
    assert ours.keys() == theirs.keys()
    assert all(ours[k] == theirs[k] or (np.isnan(ours[k]) and np.isnan(theirs[k])) for k in ours)


@settings(max_examples=8, phases=[Phase.generate])
@given(
    seed=st.integers(0, 2**62),
    history=st.sampled_from([0.0, 0.4, 1.0]),
    escalation=st.floats(0, 1),
    low=st.floats(-0.5, 1.5),
)
def test_without_services_every_need_meets_its_counterfactual_to_the_bit(seed, history, escalation, low):
    changes = {"history_years": history, "needs.escalation.per_year": escalation}
    run = simulate(make_config("no_service", changes, {"late_talker_drift_preschool": low}), seed)
    t = run.tables["needs"]
    assert len(t["need_id"]) > 100
    assert (t["score_end"] == t["score_no_service"]).all()
    assert (t["score_years"] == t["score_years_no_service"]).all()
    assert (t["contacts"] == 0).all()
    assert (t["first_useful_day"] == NEVER).all()
    assert (
        len(run.tables["ledger"]["minutes"]) == 0
        or (run.tables["ledger"]["line"] == run.lines.index("unused")).all()
    )


def test_a_service_whose_support_has_no_effect_has_no_impact():
    """All effects and all coaching at zero: thousands of contacts, and not a point gained."""
    nothing = {
        name: 0.0
        for name in (
            "routine_therapy_effect_sd",
            "advice_effect_sd",
            "school_programme_effect_sd",
            "targeted_group_10_sessions_effect_sd",
            "capability_gain_per_hour",
        )
    }
    for system in ("gatekept", "balanced"):
        run = simulate(make_config(system, evidence=nothing), 5)
        t = run.tables["needs"]
        assert t["contacts"].sum() > 100
        assert np.abs(t["score_end"] - t["score_no_service"]).max() < 1e-9
        assert np.abs(t["score_years"] - t["score_years_no_service"]).max() < 1e-9


# ------------------------------------------------------------------------------------------- same bits

HASHES = """
from build import fingerprints, make_config
from sim import simulate
out = {{s: fingerprints(simulate(make_config(s, {changes!r}), {seed})) for s in {systems!r}}}
"""


def test_compiled_and_plain_python_give_the_same_bits():
    """Every column of every table, the event log included, in four systems."""
    changes = {"history_years": 0.2, "horizon_years": 0.4, "event_log": True}
    systems = ("no_service", "gatekept", "balanced", "single_list")
    plain = in_plain_python(HASHES.format(systems=systems, changes=changes, seed=4))
    for system in systems:
        run = simulate(make_config(system, changes), 4)
        assert len(run.tables["events"]["day"]) > 100
        assert fingerprints(run) == plain[system], system


@pytest.mark.parametrize("system", SHIPPED)
def test_the_same_seed_gives_the_same_bits_and_another_seed_others(system):
    changes = {"event_log": True}
    one, same, other = (simulate(make_config(system, changes), s) for s in (8, 8, 9))
    assert fingerprints(one) == fingerprints(same)
    assert fingerprints(one) != fingerprints(other)


def test_one_worker_and_two_give_the_same_bits(tmp_path):
    configs = {s: make_config(s, {"event_log": True}) for s in ("gatekept", "balanced")}
    results = {
        workers: replicate(configs, 3, seed=12, workers=workers, folder=tmp_path / str(workers), keep="all")
        for workers in (1, 2)
    }
    one, two = results[1], results[2]
    assert not one.failures
    assert not two.failures
    for system, columns in one.summaries.items():
        for name, values in columns.items():
            assert values.tobytes() == two.summaries[system][name].tobytes(), (system, name)
    files = sorted(p.relative_to(tmp_path / "1") for p in (tmp_path / "1").rglob("*.parquet"))
    assert len(files) >= 2 * 3 * 5
    for path in files:
        assert pq.read_table(tmp_path / "1" / path).equals(pq.read_table(tmp_path / "2" / path)), path


def test_the_log_and_the_length_of_the_horizon_change_nothing_that_went_before():
    """Watching is free; and looking further ahead does not change the past."""
    # without holidays, because minutes a day follow from the share of working days in the whole run
    even = {"calendar.working_days": list(WEEK), "calendar.bank_holidays": False}
    short = simulate(make_config("balanced", even), 6)
    logged = fingerprints(simulate(make_config("balanced", {**even, "event_log": True}), 6))
    assert {k: v for k, v in logged.items() if not k.startswith("events.")} == fingerprints(short)
    long = simulate(make_config("balanced", {**even, "horizon_years": 2.0}), 6)
    for table in ("waiting", "ledger", "available"):
        a, b = short.tables[table], long.tables[table]
        weeks = short.end_day // 7
        for name in a:
            assert (a[name] == b[name][b["week"] < weeks]).all(), (table, name)
    assert replication_seed(1, 0) != replication_seed(1, 1)
