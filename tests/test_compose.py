"""What a user types becomes one configuration, and each slip of the pen one sentence."""

from __future__ import annotations

import inspect
import subprocess
import sys
from pathlib import Path

import pytest
from omegaconf import OmegaConf

from experiments.compose import (
    SHIPPED,
    _c_loader,
    compose,
    load_config,
    load_systems,
    options,
    top_level_keys,
)
from sim.errors import InputError

FILES = {
    "system/tiny.yaml": """
name: tiny
title: A tiny system
dials: {impact: 0.0, easy_access: 0.25, place_based: 0.0, continuum: 0.0, information: 0.0}
doors:
  clinic: {to: [{to: help}]}
offers:
  help: {strand: intervention, level: targeted, access: queue, staff: {therapist: session_minutes}}
job_plan:
  therapist: {offers: {help: 0.8}}
""",
    "system/other.yaml": """
defaults: [tiny, _self_]
name: other
title: Another tiny system
job_plan:
  therapist: {offers: {help: 0.5}}
""",
    "needs/tiny.yaml": """
name: tiny
kinds:
  speech:
    title: Speech
    ever: 0.05
    onset_age: {low: 1.0, mode: 2.0, high: 4.0}
    score_at_onset: 2.5
    score_sd: 0.5
    drift: [{from_age: 0, per_year: 0.1}]
    drift_sd: 0.1
    potential: 4.5
    potential_sd: 0.3
    normal_range: 4.0
    targeted_below: 3.5
    specialist_below: 2.0
    noticed: [{from_age: 0, per_year: 0.5}]
deprivation: [1.5, 1.2, 1.0, 0.8, 0.6]
escalation: {per_year: 0.05, points: 0.5}
capability: {per_hour_per_100_children: 0.01, half_life_years: 2.0, drift_points_per_year: 0.05,
             notices: 1.5, fidelity_floor: 0.3}
start: {waiting_weeks: 10, returns_per_year: 0.1}
leaves_at_age: 18
school_age: 5
secondary_age: 11
special_school: 0.02
significant_points: 0.5
""",
    "workforce/tiny.yaml": """
name: tiny
roles:
  therapist: {title: Therapist, group: therapist, wte: 2.0, hours_per_year: 1500, pounds_per_hour: 40}
""",
    "calendar/tiny.yaml": "{name: tiny, start: '2024-09-02', working_days: [mon, tue, wed, thu, fri]}",
    "transition/tiny.yaml": "{name: none}",
    "evidence/tiny.yaml": """
session_minutes: {value: 45, low: 30, high: 60, unit: minutes, distribution: uniform, grade: assumed,
                  mark: b-L, source: made up}
""",
    "experiment/busy.yaml": """
# @package _global_
defaults: [{override /system: other}]
seed: 99
""",
}
CHOICES = ["area=example_small", *(f"{group}=tiny" for group in ("system", "needs", "workforce", "calendar"))]
CHOICES += ["transition=tiny", "evidence=tiny", "calibration=none"]


@pytest.fixture
def own(tmp_path: Path) -> Path:
    folder = tmp_path / "it's my own, folder"
    for name, text in FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text.lstrip())
    return folder


def problems(own: Path, *overrides: str) -> list[str]:
    with pytest.raises(InputError) as caught:
        load_config([*CHOICES, *overrides], own)
    return caught.value.problems


def test_files_of_the_users_own_folder_stand_beside_the_shipped_ones(own):
    config = load_config(CHOICES, own)
    assert config.system.title == "A tiny system"
    assert config.area.name == "Smallbridge"
    assert "tiny" in options(own)["system"]
    assert "example_small" in options(own)["area"]


def test_a_file_of_the_user_may_build_on_another(own):
    config = load_config([*CHOICES, "system=other"], own)
    assert config.system.title == "Another tiny system"
    assert config.system.job_plan["therapist"].offers == {"help": 0.5}
    assert "clinic" in config.system.doors


def test_an_experiment_changes_several_things_at_once(own):
    choices = [c for c in CHOICES if not c.startswith("system=")]
    config = load_config([*choices, "experiment=busy"], own)
    assert (config.seed, config.system.name) == (99, "other")


def test_numbers_can_be_changed_from_the_command_line(own):
    config = load_config([*CHOICES, "seed=7", "system.dials.impact=0.5", "horizon_years=1.5"], own)
    assert (config.seed, config.system.dials.impact, config.horizon_years) == (7, 0.5, 1.5)


def test_a_key_that_no_file_writes_can_be_set_if_the_model_has_it(own):
    config = load_config(
        [
            *CHOICES,
            "system.offers.help.queue.patience_weeks=30",
            "system.offers.help.indirect.therapist=10",
            "system.staff_by_need=1",
        ],
        own,
    )
    offer = config.system.offers["help"]
    assert (offer.queue.patience_weeks, offer.indirect, config.system.staff_by_need) == (
        30,
        {"therapist": 10},
        1,
    )


@pytest.mark.parametrize(
    ("override", "sentence"),
    [
        ("sede=7", "sede: unknown key; did you mean 'seed'?"),
        ("sytem=tiny", "sytem: unknown key; did you mean 'system'?"),
        (
            "system.dials.easy_acces=1",
            "system.dials.easy_acces: unknown key; did you mean 'system.dials.easy_access'?",
        ),
        (
            "system.offers.hlep.title=x",
            "system.offers.hlep.title: unknown key; did you mean 'system.offers.help.title'?",
        ),
        (
            "system.offers.help.queue.patience=3",
            "system.offers.help.queue.patience: unknown key; did you mean "
            "'system.offers.help.queue.patience_weeks'?",
        ),
        (
            "evidence.sesion_minutes.value=50",
            "evidence.sesion_minutes.value: unknown key; did you mean 'evidence.session_minutes.value'?",
        ),
        ("seed.more=1", "seed.more: unknown key; seed has no keys inside it"),
        ("system.name.first=1", "system.name.first: unknown key; system.name has no keys inside it"),
        (
            "area=exmple_small",
            "area=exmple_small: no such choice; did you mean 'example_small'? available:",
        ),
        ("balanced", "balanced: not understood; write key=value, for example replications=5"),
        ("seed=(", "seed=(: cannot be read as key=value; quote a value with spaces or signs"),
        ("seed=1,2", "seed=1,2: several values; this takes one"),
        ("~sede", "sede: unknown key; did you mean 'seed'?"),
    ],
)
def test_a_slip_gets_one_sentence_with_the_nearest_name(own, override, sentence):
    found = problems(own, override)
    assert len(found) == 1
    assert found[0].startswith(sentence)


def test_advice_that_would_make_it_worse_is_not_given(own):
    assert "+" not in " ".join(problems(own, "sede=7", "system.dials.x=1"))


def test_a_key_added_with_plus_is_checked_all_the_same(own):
    assert problems(own, "+sede=7") == ["sede: unknown key; did you mean 'seed'?"]


def test_all_slips_are_told_at_once(own):
    found = problems(own, "sede=7", "area=nowhere", "balanced", "system.dials.impakt=1", "area.sort=1")
    assert [f.split(":")[0] for f in found] == ["area=nowhere", "balanced", "sede", "system.dials.impakt"]


@pytest.mark.parametrize(
    ("override", "words"),
    [
        ("replications=four", "replications"),
        ("replications=0", "replications"),
        ("seed=-1", "seed"),
        ("horizon_years=0", "horizon_years"),
        ("system.dials.impact=1.5", "system.dials.impact"),
        ("workforce.roles.therapist.wte=-2", "workforce.roles.therapist.wte"),
        ("system.job_plan.therapist.offers.help=1.2", "system.job_plan.therapist.offers.help"),
        ("calendar.start=12/05/2026", "12/05/2026"),
        ("system.doors.clinic.share=2", "system.doors.clinic.share"),
        ("system.offers.help.access=walkin", "system.offers.help.access"),
    ],
)
def test_a_wrong_value_is_told_with_its_key(own, override, words):
    assert any(words in p for p in problems(own, override))


def test_yaml_that_cannot_be_read_is_told_with_its_place(own):
    (own / "system/broken.yaml").write_text("name: broken\n  title: [unclosed\n")
    found = problems(own, "system=broken")
    assert len(found) == 1
    assert "broken.yaml" in found[0]
    assert "line 2" in found[0]
    assert "\n" not in found[0]


def test_a_key_written_twice_in_a_file_is_told(own):
    (own / "system/twice.yaml").write_text("name: a\nname: b\n")
    assert "found duplicate key name" in problems(own, "system=twice")[0]


def test_a_file_that_is_not_text_is_told(own):
    (own / "system/binary.yaml").write_bytes(b"name: \xff\xfe\n")
    assert len(problems(own, "system=binary")) == 1


def test_a_folder_that_does_not_exist_is_told(tmp_path):
    with pytest.raises(InputError, match="there is no such folder"):
        compose([], tmp_path / "nowhere")


def test_the_c_parser_reads_the_shipped_files_as_omegaconf_does():
    import yaml
    from omegaconf import _utils

    loader = _c_loader(_utils.get_yaml_loader)
    for file in SHIPPED.rglob("*.yaml"):
        text = file.read_text(encoding="utf-8")
        assert yaml.load(text, Loader=loader) == yaml.load(text, Loader=_utils.get_yaml_loader())
    for odd in ("a: 1e3", "a: 1_000", "a: 2026-01-02", "a: 010", "a: no", "a: .inf", "a: 12:30:45"):
        assert repr(yaml.load(odd, Loader=loader)) == repr(yaml.load(odd, Loader=_utils.get_yaml_loader()))


def test_omegaconf_is_left_as_it_was(own):
    from omegaconf import _utils

    compose(CHOICES, own)
    assert inspect.getmodule(_utils.get_yaml_loader) is _utils
    assert OmegaConf.create("a: 1e3").a == 1000.0


def test_systems_to_compare_share_everything_else(own):
    rest = [c for c in CHOICES if not c.startswith("system=")]
    configs = load_systems(["system=tiny,other", "seed=5", *rest], own)
    assert list(configs) == ["tiny", "other"]
    assert configs["tiny"].area == configs["other"].area
    assert {c.seed for c in configs.values()} == {5}


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("system=tiny", "compare needs two or more systems, found system=tiny"),
        ("system=tiny,other,tiny", "tiny is named more than once"),
        ("seed=1", "compare needs two or more systems, none given"),
    ],
)
def test_a_comparison_of_nothing_is_refused(own, text, sentence):
    rest = [c for c in CHOICES if not c.startswith("system=")]
    with pytest.raises(InputError, match=sentence):
        load_systems([text, *rest], own)


def test_problems_of_both_systems_are_told_once(own):
    rest = [c for c in CHOICES if not c.startswith("system=")]
    with pytest.raises(InputError) as caught:
        load_systems(["system=tiny,othr", "sede=1", *rest], own)
    found = caught.value.problems
    assert len(found) == 2
    assert found[0] == "sede: unknown key; did you mean 'seed'?"
    assert found[1].startswith("system=othr: no such choice; did you mean 'other'?")


def test_a_folder_named_configs_in_the_working_directory_is_not_taken_for_ours(own, tmp_path):
    trap = tmp_path / "trap" / "configs"
    trap.mkdir(parents=True)
    (trap / "__init__.py").touch()
    (trap / "config.yaml").write_text("seed: 666\n")
    code = (
        "from experiments.compose import compose; import sys\n"
        f"print(compose({CHOICES!r}, {str(own)!r})['seed'])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=trap.parent, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "1"


def test_top_level_keys_are_those_of_the_run():
    assert top_level_keys()[:4] == ["history_years", "horizon_years", "replications", "seed"]
