"""What a user types becomes one configuration, and each slip of the pen one sentence."""

from __future__ import annotations

import inspect
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from omegaconf import OmegaConf

from experiments.composing.compose import compose, load_config, load_plans, options, top_level_keys
from experiments.composing.evidence import Words, complete
from experiments.composing.folders import SHIPPED, read
from experiments.composing.plain import compose_plain
from experiments.composing.values import NotPlain, plain_value
from experiments.composing.with_hydra import compose_with_hydra, yaml_loader
from sim.checking import check
from sim.config import config_hash
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
        ("dials=1", "dials: unknown key; did you mean 'system.dials'?"),
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


def test_every_reader_reads_yaml_as_omegaconf_does(tmp_path):
    import yaml
    from omegaconf import _utils

    theirs, fast = _utils.get_yaml_loader(), yaml_loader(_utils.get_yaml_loader)
    for file in SHIPPED.rglob("*.yaml"):
        text = file.read_text(encoding="utf-8")
        expected = yaml.load(text, Loader=theirs)
        assert yaml.load(text, Loader=fast) == expected
        assert read(file).content == expected
    odd = tmp_path / "odd.yaml"
    for text in (
        *(
            "1e3",
            "1_000",
            "1_000.5",
            "2026-01-02",
            "010",
            "no",
            ".inf",
            "-.INF",
            ".NaN",
            "12:30:45",
            "1:30.5",
        ),
        *(
            "1.",
            ".5",
            ".5e3",
            ".5e+3",
            "+1.5e-3",
            "1e",
            "e5",
            "0x1f",
            "~",
            "Null",
            "[1e3, a: 2]",
            "1.2.3",
            "_1",
        ),
    ):
        odd.write_text(f"a: {text}\nb: {len(text)}\n")  # the size tells one from the next
        expected = repr(yaml.load(odd.read_text(), Loader=theirs))
        assert repr(yaml.load(odd.read_text(), Loader=fast)) == expected
        assert repr(read(odd).content) == expected


def test_omegaconf_is_left_as_it_was(own):
    from omegaconf import _utils

    compose(CHOICES, own)
    assert inspect.getmodule(_utils.get_yaml_loader) is _utils
    assert OmegaConf.create("a: 1e3").a == 1000.0


@pytest.mark.parametrize(
    "word", ["area=3", "conditions=0.5", "erosion=true", "area={}", "area=[1]", "needs=null"]
)
def test_what_cannot_be_the_name_of_a_file_is_told_with_the_names_there_are(word):
    group = word.partition("=")[0]
    with pytest.raises(InputError) as e:
        load_config([word, "replications=0"])
    assert e.value.problems == [
        f"{word}: choose one of {', '.join(options()[group])}",
        "replications = 0: should be greater than or equal to 1",
    ]


def test_names_torn_apart_by_a_blank_are_told_word_by_word():
    with pytest.raises(InputError) as e:
        load_plans(["system=gatekept,", "balanced"])
    assert e.value.problems[0].startswith("balanced: not understood; write key=value")
    assert "found system=gatekept" in e.value.problems[1]


def test_a_change_with_no_system_named_begins_with_the_gatekept_one():
    def before(*words: str) -> str:
        return load_config(["area=example_small", *words]).system.name

    assert before("transition=big_bang") == "gatekept"
    assert before("transition=big_bang", "system=blend") == load_config(["system=blend"]).system.name
    assert before("transition=none") == before() == "balanced"


def test_systems_to_compare_share_everything_else(own):
    rest = [c for c in CHOICES if not c.startswith("system=")]
    configs = load_plans(["system=tiny,other", "seed=5", *rest], own)
    assert list(configs) == ["tiny", "other"]
    assert configs["tiny"].area == configs["other"].area
    assert {c.seed for c in configs.values()} == {5}


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("sytem=tiny,other", "sytem=tiny,other: unknown key; did you mean system=tiny,other?"),
        ("gatekept balanced", "gatekept balanced: not understood; write system=gatekept,balanced"),
        ("system=tiny", "compare needs two or more systems, found system=tiny"),
        ("system=tiny,other,tiny", "tiny is named more than once"),
        ("seed=1", "compare needs two or more systems, none given"),
        (
            "transition=phased",
            "two or more plans, found transition=phased; for example: transition=none,phased",
        ),
    ],
)
def test_a_comparison_of_nothing_is_refused(own, text, sentence):
    rest = [c for c in CHOICES if not c.startswith(("system=", "transition="))]
    with pytest.raises(InputError, match=sentence):
        load_plans([*text.split(), *rest], own)


@pytest.mark.parametrize(
    ("words", "starts"),
    [
        (
            ["replications=0", "system.dials.easy_acess=1"],
            ["system.dials.easy_acess: unknown key; did you mean", "replications = 0:"],
        ),
        (
            ["system=balancd", "system.dials.easy_acess=1", "horizon_years=-1"],
            ["system=balancd: no such choice; did you mean 'balanced'?", "horizon_years = -1:"],
        ),
        (["area=null", "seed=-3"], ["area=null: choose one of", "seed = -3:"]),
        (["area=files", "area.foldr=mine"], ["area.foldr: unknown key; did you mean 'area.folder'?"]),
        (
            ["evidence.session_minuts.value=3", "seed=x"],
            ["evidence.session_minuts.value: unknown key", "seed = 'x': must be a whole number"],
        ),
    ],
)
def test_what_a_key_means_is_judged_even_if_another_word_cannot_be_used(words, starts):
    with pytest.raises(InputError) as e:
        load_config(words)
    found = sorted(e.value.problems)
    assert len(found) == len(starts)
    for problem, start in zip(found, sorted(starts), strict=True):
        assert problem.startswith(start)


def test_a_file_that_cannot_be_used_is_told_with_the_keys_that_cannot(tmp_path):
    (tmp_path / "referrals.csv").write_text("referral_date\n2025-13-40\n")
    (tmp_path / "there").mkdir()
    stream = ["area=referral_stream", "needs=plain", "workforce=one_team", "system=single_list"]
    with pytest.raises(InputError) as e:
        load_config(
            [*stream, f"area.csv={tmp_path}/referrals.csv", f"output={tmp_path}/there", "sede=1", "seed=-1"]
        )
    told = "\n".join(e.value.problems)
    assert len(e.value.problems) == 4
    for part in ("sede: unknown key", "seed = -1", "2025-13-40", "there: exists already"):
        assert part in told


def test_a_slip_that_all_systems_share_is_told_once_and_without_a_name():
    with pytest.raises(InputError) as e:
        load_plans(["system=gatekept,balanced", "replications=0", "system.dials.easy_acess=1"])
    assert sorted(e.value.problems) == [
        "replications = 0: should be greater than or equal to 1",
        "system.dials.easy_acess: unknown key; did you mean 'system.dials.easy_access'?",
    ]


def test_an_unknown_row_of_the_evidence_does_not_list_hundreds():
    with pytest.raises(InputError) as e:
        load_config(["evidence.xyzzy.value=3"])
    assert len(e.value.problems[0]) < 300


def test_problems_of_both_systems_are_told_once(own):
    rest = [c for c in CHOICES if not c.startswith("system=")]
    with pytest.raises(InputError) as caught:
        load_plans(["system=tiny,othr", "sede=1", *rest], own)
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
        "from experiments.composing.compose import compose; import sys\n"
        f"print(compose({CHOICES!r}, {str(own)!r})['seed'])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=trap.parent, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "1"


def test_top_level_keys_are_those_of_the_run():
    assert top_level_keys()[:4] == ["history_years", "horizon_years", "replications", "seed"]


# ------------------------------------------------------------------------------ with Hydra and without it


def both_ways(overrides: list[str], folder: Path | None = None) -> list[dict[str, object]]:
    """The composed configuration put together without Hydra and with it, evidence rows included."""
    slips: list[str] = []
    trees = [compose_plain(overrides, folder), compose_with_hydra(overrides, folder, slips)]
    assert slips == []
    for tree in trees:
        assert tree is not None
        assert complete(tree, Words(), folder) == []
    return trees  # type: ignore[return-value]


def test_each_shipped_file_is_put_together_as_hydra_does_it():
    """One of each group at a time, until each file has been chosen."""
    groups = {g: names for g, names in options().items() if g not in ("evidence", "experiment", "transition")}
    for turn in range(max(map(len, groups.values()))):
        words = [f"{group}={names[turn % len(names)]}" for group, names in groups.items()]
        plain, full = both_ways(words)
        assert plain == full, words


@pytest.mark.parametrize("name", [name for name in options()["transition"] if name != "none"])
def test_a_system_inside_another_group_is_left_to_hydra(name):
    assert compose_plain([f"transition={name}"], None) is None
    assert compose([f"transition={name}"])["transition"]["to"]["name"] == "balanced"


def test_evidence_files_and_keys_are_put_together_as_hydra_does_it(own):
    (own / "evidence/mine.yaml").write_text(
        "defaults: [tiny, _self_]\nvacancy_share: {value: 0.3}\nsession_minutes: {value: 50}\n"
    )
    for words in (
        ["evidence=[domain,model,mine]"],
        ["evidence=domain", "calibration=none"],
        ["evidence=mine", "calibration=none", "seed=3", "system.dials.impact=0.25", "output=results/x-1"],
        ["area=example_small", "system=other", "system.offers.help.queue.patience_weeks=30"],
        ["system=tiny", "system=other", "event_log=true", "horizon_years=1.5e0", "calendar.start=2025-01-06"],
        ["calendar.working_days=[mon, tue]", "area.localities=[]"],
    ):
        plain, full = both_ways(words, own)
        assert plain == full, words
    # the order of the rows, too: it is the order in which they are shown
    plain, full = both_ways(["evidence=[model,mine,domain]"], own)
    assert list(plain["evidence"]) == list(full["evidence"])  # type: ignore[call-overload]


@given(
    st.one_of(
        st.text("0123456789.eE+-_", min_size=1, max_size=8),
        st.text("abnulltrefsNIF./-_019", min_size=1, max_size=8),
        st.lists(st.text("ab1.-", max_size=3), max_size=3).map(lambda parts: f"[{', '.join(parts)}]"),
        st.integers().map(str),
        st.floats(allow_nan=False, allow_infinity=False).map(repr),
        st.sampled_from(
            ["true", "False", "NULL", "null", "nan", "inf", "2026-09-01", "results/x", "../x", ""]
        ),
    )
)
def test_a_value_that_is_read_without_hydra_is_read_as_hydra_reads_it(text):
    from hydra.core.override_parser.overrides_parser import OverridesParser

    try:
        found = plain_value(text)
    except NotPlain:
        return
    assert repr(found) == repr(OverridesParser.create().parse_override(f"key={text}").value())


def test_what_nearly_every_command_asks_for_needs_no_hydra():
    code = (
        "import sys; from experiments.composing.compose import load_config\n"
        "load_config(['system=gatekept', 'seed=7', 'evidence.vacancy_share.value=0.2', 'evidence=[domain,model]',"
        " 'system.dials.impact=0.5', 'area.name=Ours', 'calibration=none', 'output=results/ours'])\n"
        "heavy = 'hydra', 'omegaconf', 'pandas', 'numba', 'scipy', 'pyarrow'\n"
        "print([name for name in heavy if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


# --------------------------------------------------------------------------------------- evidence and words

ROW = "{value: 0.2, low: 0.1, high: 0.3, unit: share, distribution: uniform, grade: assumed, mark: b-L, source: x}"
NO_CALIBRATION = [c for c in CHOICES if not c.startswith("calibration")]


def test_words_come_after_calibration_and_files():
    plain = load_config([])
    assert plain.evidence["slt_wte_per_100k_children"].value == 24.2  # by the shipped calibration
    changed = load_config(["evidence.slt_wte_per_100k_children.value=20", "evidence.vacancy_share.note=ours"])
    assert changed.evidence["slt_wte_per_100k_children"].value == 20
    assert changed.evidence["vacancy_share"].note == "ours"
    assert {n for n in plain.evidence if plain.evidence[n] != changed.evidence[n]} == {
        "slt_wte_per_100k_children",
        "vacancy_share",
    }


@pytest.mark.parametrize("sign", ["", "+", "++"])
def test_a_row_may_be_changed_with_or_without_plus_and_with_values_that_need_quotes(sign):
    config = load_config([f"{sign}evidence.vacancy_share.source='a count, 2026 (ours)'"])
    assert config.evidence["vacancy_share"].source == "a count, 2026 (ours)"


def test_a_row_may_be_added_and_taken_out_on_the_command_line():
    config = load_config([f"+evidence.our_share={ROW}", "~evidence.hubs_per_locality"])
    assert config.evidence["our_share"].value == 0.2
    assert "hubs_per_locality" not in config.evidence
    assert len(config.evidence) == len(load_config([]).evidence)


@pytest.mark.parametrize(
    ("word", "sentence"),
    [
        (
            "evidence.session_minutes.value=90",
            "evidence.session_minutes: value 90 is outside the row's own range, ",
        ),
        ("evidence.session_minutes.value=many", "evidence.session_minutes.value = 'many': "),
        ("evidence.session_minutes.vlue=50", "evidence.session_minutes.vlue: unknown key; did you mean "),
        ("+evidence.session_minutes.vlue=50", "evidence.session_minutes.vlue: unknown key; did you mean"),
        ("evidence.session_minutes.value.more=1", "evidence.session_minutes.value.more: unknown key"),
        ("evidence.session_minutes.value=40,50", "evidence.session_minutes.value=40,50: several values"),
        ("evidence.session_minutes.value=(", "evidence.session_minutes.value=(: cannot be read"),
        ("evidence.session_minutes.value", "evidence.session_minutes.value: not understood; write key=value"),
        ("~evidence.sesion_minutes", "evidence.sesion_minutes: unknown key; did you mean"),
        (
            "~evidence.session_minutes=1",
            "~evidence.session_minutes=1: takes no value; to take a row out write",
        ),
        ("evidence=[tiny,domian]", "evidence=domian: no such choice; did you mean 'domain'?"),
    ],
)
def test_a_slip_about_evidence_gets_one_sentence(own, word, sentence):
    found = problems(own, word)
    assert [f for f in found if f.startswith(sentence)] == found[:1]
    assert len(found) == 1


def test_slips_about_evidence_and_about_the_rest_are_told_together(own):
    found = problems(own, "sede=7", "evidence.sesion_minutes.value=50", "system.dials.impakt=1")
    assert [f.split(":")[0] for f in found] == [
        "sede",
        "system.dials.impakt",
        "evidence.sesion_minutes.value",
    ]


def test_the_users_own_table_may_go_without_the_calibrated_rows(own):
    assert list(load_config(NO_CALIBRATION, own).evidence) == ["session_minutes"]
    assert list(load_config([*NO_CALIBRATION, "experiment=busy"], own).evidence) == ["session_minutes"]


def test_the_users_own_file_may_change_rows_of_the_shipped_ones(own):
    (own / "evidence/local.yaml").write_text(f"vacancy_share: {{value: 0.3}}\nour_share: {ROW}\n")
    config = load_config(["evidence=[domain,model,local]"], own)
    assert config.evidence["vacancy_share"].value == 0.3
    assert config.evidence["vacancy_share"].source == load_config([]).evidence["vacancy_share"].source
    assert config.evidence["our_share"].high == 0.3


def test_the_users_own_file_may_build_on_a_shipped_one(own):
    (own / "evidence/local.yaml").write_text(f"defaults: [domain, model, _self_]\nour_share: {ROW}\n")
    config = load_config(["evidence=local"], own)
    assert len(config.evidence) == len(load_config([]).evidence) + 1


def test_an_experiment_may_choose_evidence_and_change_it(own):
    (own / "experiment/local.yaml").write_text(
        "# @package _global_\ndefaults: [{override /evidence: [domain, model, tiny]}]\n"
        "evidence: {session_minutes: {value: 33}}\n"
    )
    config = load_config(["experiment=local"], own)
    assert config.evidence["session_minutes"].value == 33
    assert config.evidence["session_minutes"].source == "made up"
    changed = compose(["experiment=local", "evidence.session_minutes.value=31"], own)
    assert changed["evidence"]["session_minutes"]["value"] == 31


def test_a_calibration_of_a_row_that_nobody_knows_is_told(own):
    (own / "calibration").mkdir()
    (own / "calibration/ours.yaml").write_text("# @package evidence\nvacancy_shar: {value: 0.2}\n")
    with pytest.raises(InputError) as caught:
        load_config(["calibration=ours"], own)
    assert caught.value.problems == [
        "evidence.vacancy_shar: a file sets a value for this row, which is in no evidence; "
        "did you mean 'vacancy_share'?"
    ]


def test_an_evidence_file_that_is_not_rows_is_told(own):
    (own / "evidence/list.yaml").write_text("- 1\n- 2\n")
    (own / "evidence/twice.yaml").write_text("a: 1\na: 2\n")
    assert len(problems(own, "evidence=list")) == 1
    assert "found duplicate key a" in problems(own, "evidence=twice")[0]


def test_the_hash_does_not_depend_on_how_the_configuration_was_read(own):
    words = ["evidence.vacancy_share.value=0.2", "seed=4"]
    plain = load_config(words)
    full = load_config([*words, "++history_years=3"])  # what is not plain is put together by Hydra
    assert config_hash(plain) == config_hash(full)
    assert config_hash(check(plain.model_dump(mode="json"))) == config_hash(plain)


def test_a_file_that_changes_is_read_again(own):
    file = own / "evidence/tiny.yaml"
    before = load_config(CHOICES, own).evidence["session_minutes"].value
    file.write_text(file.read_text().replace("value: 45", "value: 44.5"))
    assert (before, load_config(CHOICES, own).evidence["session_minutes"].value) == (45, 44.5)


def test_a_composed_configuration_can_be_changed_without_changing_the_next():
    first = compose()
    first["system"]["doors"].clear()
    first["evidence"]["vacancy_share"]["value"] = 9
    first["calendar"]["working_days"].clear()
    again = compose()
    assert again["system"]["doors"]
    assert again["calendar"]["working_days"]
    assert again["evidence"]["vacancy_share"]["value"] != 9


def test_no_file_is_no_choice_and_an_empty_mapping_takes_nothing_away():
    with pytest.raises(InputError) as caught:
        compose(["area=null", "system.offers={}", "needs=", "seed=3"])
    area, needs, offers = caught.value.problems
    assert area.startswith("area=null: choose one of ")
    assert "oldham" in area
    assert needs.startswith("needs=: choose one of plain")
    assert offers == "system.offers={}: takes nothing away; to take one entry out write ~system.offers.NAME"
    assert compose(["transition=none"])["transition"]["name"] == "none"


def test_ways_to_change_are_compared_from_one_system():
    plans = load_plans(["transition=none,big_bang", "seed=4", "area=example_small"])
    assert {name: plan.transition.name for name, plan in plans.items()} == {
        "none": "none",
        "big_bang": "big_bang",
    }
    assert {plan.system.name for plan in plans.values()} == {"gatekept"}
    assert plans["big_bang"].transition.to.name == "balanced"
    plans = load_plans(
        ["transition=none,big_bang", "transition.waiting=invite", "system@transition.to=blend"]
    )
    assert plans["big_bang"].transition.waiting == "invite"
    assert plans["big_bang"].transition.to.name == "blend"
    other = load_plans(["transition=none,parallel", "system=blend"])
    assert {plan.system.name for plan in other.values()} == {"blend"}
    with pytest.raises(InputError, match="one list"):
        load_plans(["transition=none,parallel", "system=blend,gatekept"])


def test_setting_a_number_that_nothing_uses_is_refused():
    unused = "evidence.triage_accept_targeted_share.value=0.7"
    with pytest.raises(InputError, match="nothing in this configuration uses it"):
        load_config(["system=no_service", unused])
    assert load_config(["system=gatekept", unused]).evidence["triage_accept_targeted_share"].value == 0.7
    assert set(load_plans(["system=no_service,gatekept", unused])) == {"no_service", "gatekept"}


def test_configurations_can_be_put_together_by_several_threads_at_once():
    words = ["experiment=staying_put", "area=example_small"]  # a named experiment: Hydra puts it together
    start = threading.Barrier(4)

    def one(_: int) -> str:
        start.wait()
        return str(compose(words))

    with ThreadPoolExecutor(4) as pool:
        assert len(set(pool.map(one, range(4)))) == 1
