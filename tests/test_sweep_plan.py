"""A sweep is put together and checked as a whole before anything runs; every mistake is told at once."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from experiments.cli import main
from experiments.composing.compose import compose_experiment, load_config, options
from experiments.sweeps.plan import Plan, plan_sweep
from experiments.sweeps.points import Point, checked_config, config_of
from sim.checking import check
from sim.config import Config, config_hash
from sim.errors import InputError

SMALL = ["area=example_small", "history_years=0.5", "horizon_years=0.5", "replications=2"]
EASY = "system.dials.easy_access"
VACANT = "evidence.vacancy_share.value"


def plan(*overrides: str, **words: str) -> Plan:
    return plan_sweep([*SMALL, *overrides], words)


def config(sweep: Plan, index: int):
    return check(config_of(sweep.points[index], sweep.configurations))


def test_a_point_is_the_configuration_that_the_same_words_give_to_a_run():
    sweep = plan("system=gatekept,balanced", f"{EASY}=0,0.5", f"{VACANT}=0.1,0.2")
    assert len(sweep.points) == 8
    last = config(sweep, 7)
    run = load_config([*SMALL, "system=balanced", f"{EASY}=0.5", f"{VACANT}=0.2"])
    assert config_hash(last) == config_hash(run)
    assert sweep.points[7].label == "system=balanced, easy_access=0.5, vacancy_share=0.2"
    assert config_hash(config(sweep, 0)) == config_hash(
        load_config([*SMALL, "system=gatekept", f"{EASY}=0", f"{VACANT}=0.1"])
    )


def test_a_sweep_over_ways_to_change_begins_with_the_gatekept_system():
    sweep = plan("transition=none,big_bang")
    assert [config(sweep, i).system.name for i in range(2)] == ["gatekept", "gatekept"]
    assert config(plan("transition=big_bang", f"{EASY}=0,1", "system=blend"), 0).system.name == "blend"


CHANGES = [
    {},
    {EASY: 0.25, VACANT: 0.2},
    {"area.hubs_per_locality": 2, "horizon_years": 0.75},
    {"needs.kinds.dld.ever": 0.05},
    {"system.offers.specialist.queue.lists": "locality"},
    {"evidence.vacancy_share.value": 0.3, "calendar.start": "2025-09-01"},
]
WRONG = [
    {EASY: 1.5},
    {VACANT: 2.0},
    {VACANT: "many"},
    {"evidence.latent_demand_uplift.value": 2.0},
    {"system.offers.nowhere.staff": {}},
    {"system.dials.easy": 1.0, "horizon_years": -1},
    {"area.kind": "square"},
    {"calendar.start": "soon"},
]


def checked_in_two_ways(sweep: Plan, values: dict) -> tuple:
    """A configuration, or what is wrong with it: checked from the beginning, and from the base."""
    point = Point(1, (), values, "")
    base = Config.model_validate(sweep.configurations[()])
    found = []
    for way in (
        lambda: check(config_of(point, sweep.configurations)),
        lambda: checked_config(point, base, sweep.configurations),
    ):
        try:
            found.append(way().model_dump_json())
        except InputError as e:
            found.append(e.problems)
    return tuple(found)


@pytest.mark.parametrize("system", ["gatekept", "balanced"])
def test_checking_what_a_point_changes_finds_what_a_full_check_finds(system):
    sweep = plan(f"system={system}", f"{EASY}=0,1")
    for values in CHANGES + WRONG:
        whole, changed = checked_in_two_ways(sweep, values)
        assert whole == changed, values
    assert any(isinstance(checked_in_two_ways(sweep, v)[0], str) for v in CHANGES[1:])
    assert all(isinstance(checked_in_two_ways(sweep, v)[0], list) for v in WRONG[:3])


def test_checking_a_point_costs_little_beside_a_short_run():
    # a run of 0.2 s has 6 ms for all of the sweep's machinery (3 %); 3 ms measured for this part, and 0.3 ms if
    # the point is known to be sound
    sweep = plan("system=balanced", f"{VACANT}=0.1,0.2,0.3")
    base = Config.model_validate(sweep.configurations[()])

    def milliseconds(known: bool) -> float:
        best = float("inf")
        for _ in range(5):
            began = time.process_time()
            for point in sweep.points:
                checked_config(point, base, sweep.configurations, known)
            best = min(best, (time.process_time() - began) / len(sweep.points))
        return 1000 * best

    assert milliseconds(known=True) < 3
    assert milliseconds(known=False) < 12


def test_setting_one_point_does_not_change_another():
    sweep = plan(f"{EASY}=0,1", f"{VACANT}=0.1,0.3")
    before = [config_hash(config(sweep, i)) for i in range(4)]
    assert len(set(before)) == 4
    assert [config_hash(config(sweep, i)) for i in reversed(range(4))] == before[::-1]


def test_draws_from_ranges_are_crossed_with_listed_values_and_follow_the_base():
    sweep = plan("system=gatekept,balanced", f"{VACANT}=..", f"{EASY}=0..1", design="sobol", points="4")
    assert len(sweep.points) == (1 + 4) * 2
    assert dict(sweep.points[0].values) == {}
    assert [dict(p.choices)["system"] for p in sweep.points] == ["gatekept", "balanced"] * 5
    for one, other in zip(sweep.points[2::2], sweep.points[3::2], strict=True):
        assert one.values == other.values, "both systems are simulated at each draw"
    assert all(0.1 <= p.values[VACANT] <= 0.36 and 0 <= p.values[EASY] <= 1 for p in sweep.points[2:])


def test_one_at_a_time_takes_every_row_in_use_to_its_ends():
    sweep = plan("system=gatekept", design="one_at_a_time")
    from experiments.numbers import rows_used

    base = load_config([*SMALL, "system=gatekept"])
    rows = [r for r in rows_used([base]) if base.evidence[r].low < base.evidence[r].high]
    varied = [r for r in rows if base.evidence[r].distribution != "fixed"]
    assert len(varied) > 50
    assert len(sweep.points) == 1 + 2 * len(varied)
    for i, name in enumerate(varied):
        low, high = sweep.points[1 + 2 * i], sweep.points[2 + 2 * i]
        key = f"evidence.{name}.value"
        assert dict(low.values) == {key: base.evidence[name].low}
        assert dict(high.values) == {key: base.evidence[name].high}


def test_rows_of_the_evidence_are_taken_by_grade():
    def grades(*named: str) -> set[str]:
        sweep = plan(design="one_at_a_time", **({"grades": ",".join(named)} if named else {}))
        assert all(f.row is not None for f in sweep.factors)
        return {f.row.grade for f in sweep.factors if f.row}

    assert grades() >= {"published", "assumed"}
    assert grades("published") == {"published"}
    both = plan(design="one_at_a_time", grades="published,assumed").factors
    apart = [plan(design="one_at_a_time", grades=g).factors for g in ("published", "assumed")]
    assert {f.key for f in both} == {f.key for factors in apart for f in factors}


def test_a_list_can_be_a_factor():
    key = "system.offers.drop_in.weekdays"
    sweep = plan("system=balanced", f"{key}=[tue],[tue,thu]", "replications=1")
    assert [dict(p.values) for p in sweep.points] == [{key: ["tue"]}, {key: ["tue", "thu"]}]
    assert [config(sweep, i).system.offers["drop_in"].weekdays for i in (0, 1)] == [["tue"], ["tue", "thu"]]


def test_of_an_experiment_that_there_is_not_only_that_is_told(capsys):
    assert len(complaints(capsys, "experiment=pick_and_mx")) == 1


def test_a_list_is_read_row_by_row(tmp_path):
    file = tmp_path / "points.csv"
    file.write_text(f"system,{EASY}\ngatekept,0\nbalanced,0.25\n\n")
    sweep = plan(design="list", file=str(file), columns=f"system,{EASY}")
    assert [dict(p.choices)["system"] for p in sweep.points] == ["gatekept", "balanced"]
    assert config(sweep, 1).system.dials.easy_access == 0.25


def test_an_experiment_file_says_what_the_command_line_would_and_gives_way_to_it(tmp_path):
    (tmp_path / "experiment").mkdir()
    (tmp_path / "experiment/mine.yaml").write_text(
        "# @package _global_\nhorizon_years: 0.25\n"
        f"sweep:\n  design: lhs\n  points: 3\n  factors:\n    {EASY}: 0..1\n    {VACANT}: '..'\n"
    )
    words = ["experiment=mine", "area=example_small"]
    as_written = plan_sweep(words, {}, tmp_path)
    assert len(as_written.points) == 4
    assert as_written.base.horizon_years == 0.25
    assert [f.key for f in as_written.factors] == [EASY, VACANT]
    changed = plan_sweep([*words, f"{EASY}=0.5"], {"points": "5"}, tmp_path)
    assert [f.key for f in changed.factors] == [VACANT]
    assert changed.base.system.dials.easy_access == 0.5
    assert len(changed.points) == 6
    grid = plan_sweep([*words, f"{EASY}=0,1", f"{VACANT}=0.2"], {"design": "grid"}, tmp_path)
    assert len(grid.points) == 2
    assert load_config(words, tmp_path).horizon_years == 0.25, "a run takes all but the sweep from it"


SWEEPS = [
    name for name in options()["experiment"] if compose_experiment([f"experiment={name}"])[1] is not None
]


@pytest.mark.parametrize("name", SWEEPS)
def test_a_shipped_sweep_is_sound(name):
    sweep = plan_sweep([f"experiment={name}"], {})
    assert len(sweep.points) > 1
    assert sweep.settings.title


def test_the_same_words_are_the_same_sweep_whatever_does_not_change_a_number():
    one = plan(f"{EASY}=0,1")
    assert plan(f"{EASY}=0,1", "workers=1", "output=there", "replications=9").hash == one.hash
    for other in ([f"{EASY}=0,0.5"], [f"{EASY}=0,1", "seed=2"], [f"{EASY}=0,1", "horizon_years=0.6"]):
        assert plan(*other).hash != one.hash
    assert plan(f"{EASY}=0,1", required="reach_share").hash != one.hash


# ---------------------------------------------------------------------------------------------- bad input


def complaints(capsys: pytest.CaptureFixture[str], *words: str) -> list[str]:
    status = main(["sweep", *SMALL, *words])
    lines = capsys.readouterr().err.splitlines()
    assert status == 2
    assert all(line.startswith("opendoor: ") for line in lines)
    return [line.removeprefix("opendoor: ") for line in lines]


def test_what_is_wrong_with_values_that_are_not_varied_is_told_with_the_rest():
    with pytest.raises(InputError) as found:
        plan_sweep(
            ["system.dials.easy_access=0,1", "replications=0", "system.dials.information="], {"points": "x"}
        )
    told = " ".join(found.value.problems)
    for part in ("points=x: must be a whole number", "replications = 0", "system.dials.information = ''"):
        assert part in told


def test_all_mistakes_of_a_sweep_are_told_at_once(capsys):
    found = complaints(
        capsys,
        "design=gird",
        "systen=gatekept",
        f"{EASY}=1..0",
        "seed=1,2",
        "system=gatekept,balancd",
        "points=many",
        "required=reach_shar",
    )
    for sentence in (
        "systen: unknown key; did you mean 'system'?",
        "design=gird: no such design; did you mean 'grid'?",
        "points=many: must be a whole number",
        f"{EASY}=1..0: its low end must be below its high end",
        "seed=1,2: cannot be varied within a sweep",
        "system=balancd: no such choice; did you mean 'balanced'?",
        "required=reach_shar: no such measure; did you mean 'reach_share'?",
    ):
        assert any(line.startswith(sentence) for line in found), (sentence, found)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ([], "design=grid: nothing is varied"),
        (["system.dials.easy_acces=0,1"], "unknown key; did you mean 'system.dials.easy_access'?"),
        (["evidence.vacancy_shar.value=0.1,0.2"], "did you mean 'evidence.vacancy_share.value'?"),
        (
            ["evidence.triage_rejection_share.value=0.1,0.2", "system=no_service"],
            "varying it changes nothing",
        ),
        ([f"{EASY}=0..1"], "design=grid needs values, not a range"),
        (["design=lhs", f"{EASY}=0..1"], "needs points=NUMBER"),
        (["design=lhs", "points=4", "system=gatekept,balanced"], "no range to draw from"),
        (["design=sobol", "points=100", f"{EASY}=0..1"], "nearest are 64 and 128"),
        (["design=morris", "levels=5", f"{EASY}=0..1"], "levels=5: must be even"),
        (
            [f"{EASY}=0,1", "points=5"],
            "points=5: is for design=lhs or sobol or saltelli or psa, found design=grid",
        ),
        ([f"{EASY}=0,2"], "(point 1: easy_access=2)"),
        ([f"{EASY}=0,1", "required=reach_shar"], "did you mean 'reach_share'?"),
        ([f"{EASY}=0,1", "time_limit=0"], "time_limit=0: "),
        (["system=0..1"], "system: is chosen by name"),
        ([f"{EASY}=0-1"], f"a range is written with two dots: {EASY}=0..1"),
        (["design=psa", "points=4", "grades=guess"], "grades=guess: no such grade; allowed are measured,"),
        (
            ["design=psa", "points=4", "grades=assumed", f"{VACANT}=.."],
            "leave out evidence.vacancy_share.val",
        ),
        (["grades=assumed", f"{EASY}=0,1"], "grades=assumed: is for design=one_at_a_time or morris or"),
        (["design=list"], "needs file=FILE.csv"),
        (["design=list", "file=nowhere.csv"], "file=nowhere.csv: cannot be read: no such file"),
        ([f"{EASY}=0..1:steps=9999", f"{VACANT}=0.1..0.3:steps=9999"], "at most 1,000,000"),
    ],
)
def test_a_sweep_that_cannot_be_is_refused_in_words(capsys, words, sentence):
    found = complaints(capsys, *words)
    assert any(sentence in line for line in found), found


def test_everything_that_is_wrong_with_a_file_of_points_is_told(capsys, tmp_path: Path):
    file = tmp_path / "points.csv"
    file.write_text(f"system,{EASY},{EASY},seed\nnobody,0,1,2\ngatekept,0\ngatekept,,1,3\n")
    found = "\n".join(complaints(capsys, "design=list", f"file={file}", f"columns={VACANT}"))
    for sentence in (
        f"column '{VACANT}' is missing",
        f"column '{EASY}' is there more than once",
        "column 'seed' cannot be varied",
        "row 2, column 'system': 'nobody' is no such choice",
        "row 3 has 2 cells, the heading has 4",
        f"row 4, column '{EASY}' is empty",
    ):
        assert sentence in found


def test_staying_put_is_a_point_beside_changes_that_the_words_or_an_experiment_describe():
    found = plan_sweep(["transition=none,big_bang", "experiment=staying_put", "transition.dip=0.2"], {})
    plans = {dict(choices)["transition"]: c["transition"] for choices, c in found.configurations.items()}
    assert plans["none"] == {"name": "none"}
    assert (plans["big_bang"]["to"]["name"], plans["big_bang"]["dip"]) == ("targeted_offer", 0.2)
