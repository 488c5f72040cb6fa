"""What is timed is what is said to be timed."""

from __future__ import annotations

import json
from statistics import fmean

import pytest

from experiments import benchmark
from experiments.benchmark import HERE, Size, enlarged
from experiments.cli import main
from experiments.composing.compose import load_config
from experiments.rivals import PLAIN_PATHWAY, simpy_lean
from sim import simulate
from sim.area_building import build_area


def test_the_pathway_timed_is_the_rivals_pathway():
    config = benchmark._plain(31.25)
    system, rivals = config.system, PLAIN_PATHWAY
    accepted, turned_away = system.doors["referral"].to
    assert (accepted.share, accepted.after_days, accepted.spread) == (
        rivals.accepted,
        rivals.triage_days,
        "fixed",
    )
    assert turned_away.to == "leave"
    (goes_on,) = system.offers["assessment"].routes[0].to
    assert (goes_on.to, goes_on.share) == ("block", rivals.goes_on_to_block)
    for offer in system.offers.values():
        assert offer.queue.priority[0].share == rivals.urgent
        assert offer.queue.patience_weeks == rivals.patience_weeks
    course = system.offers["block"].course
    assert (course.contacts, course.every_days) == (rivals.sessions_in_block, rivals.days_between_sessions)
    assert system.slots_per_week == rivals.slots_per_week(31.25)
    assert round(config.history_years * 365.25 / 7) == rivals.warm_up_weeks
    assert round(config.horizon_years * 365.25 / 7) == rivals.follow_up_weeks


def test_the_appointments_are_divided_so_that_both_lists_wait_equally_long():
    plan = load_config(
        ["area=referral_stream", "system=plain_pathway", "needs=plain", "workforce=one_team"], HERE
    ).system.job_plan["clinician"]
    p = PLAIN_PATHWAY
    supply = p.clinicians_per_weekly_referral * p.slots_per_clinician_week
    block = p.accepted * p.goes_on_to_block * p.sessions_in_block
    outlast = (-p.accepted + (p.accepted**2 + 4 * block * supply) ** 0.5) / (2 * block)
    assert plan.offers["assessment"] == pytest.approx(p.accepted * outlast / supply, abs=5e-4)
    assert sum(plan.offers.values()) == pytest.approx(1.0)


def test_our_engine_and_the_rival_arrive_at_the_same_wait():
    ours = fmean(
        7 * simulate(benchmark._plain(62.5), seed).summary()["recorded_wait_mean_weeks"] for seed in (1, 2, 3)
    )
    theirs = fmean(
        simpy_lean.simulate(62.5, PLAIN_PATHWAY.weeks, seed).mean_wait_to_assessment_days
        for seed in (1, 2, 3)
    )
    # whole days against continuous time, two lists against one: near, not identical
    assert ours == pytest.approx(theirs, rel=0.15)


def test_ten_times_the_children_are_exactly_ten_times_in_every_cell():
    config = load_config(["area=oldham", "system=single_list", "needs=plain", "workforce=one_team"])
    once, ten = build_area(config.area), build_area(enlarged(config.area, 10))
    assert (ten.children.sum(axis=1) == 10 * once.children.sum(axis=1)).all()
    assert ten.localities == once.localities
    for kind in range(5):
        before, after = (area.place_kind == kind for area in (once, ten))
        assert after.sum() == pytest.approx(10 * before.sum(), rel=0.05)


def test_the_command_gives_ratios_and_writes_them_down(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(benchmark, "QUICK", Size(referrals=2_000, rival_cpu_seconds=5.0, times=1))
    assert main(["benchmark", "--quick", "--json", str(tmp_path / "b.json")]) == 0
    out = capsys.readouterr().out
    report = json.loads((tmp_path / "b.json").read_text())
    rows = {row["name"]: row for row in report["plain_pathway"]}
    ours = rows["opendoor"]["cpu_microseconds_per_referral"]
    for name in ("simpy_resources", "simpy_lean"):
        assert rows[name]["times_ours"] == pytest.approx(rows[name]["cpu_microseconds_per_referral"] / ours)
    assert {row["system"] for row in report["shipped_area"]} == {"gatekept", "balanced"}
    assert report["growth"]["needs_ratio"] == pytest.approx(10, rel=0.1)
    assert "times ours" in out


def test_a_run_that_was_cut_gives_a_lower_bound_and_says_so(monkeypatch, capsys):
    rows = benchmark.plain_pathway(Size(referrals=20_000, rival_cpu_seconds=0.2, times=1))
    cut = [row for row in rows if row["cut"]]
    assert {"simpy_resources"} <= {row["name"] for row in cut}
    out = capsys.readouterr().out
    assert out.count("at least") >= 3
    assert all(row["mean_wait_days"] != row["mean_wait_days"] for row in cut), (
        "a cut run has no comparable wait"
    )


def test_figures_are_not_written_over(tmp_path, capsys):
    (tmp_path / "b.json").touch()
    assert main(["benchmark", "--json", str(tmp_path / "b.json")]) == 2
    assert "exists already" in capsys.readouterr().err
