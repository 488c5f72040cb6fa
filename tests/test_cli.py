"""The command does what its help says, and tells a user's mistakes in one line each."""

from __future__ import annotations

import json
import os
import re
import resource
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest
from processes import as_in_a_terminal, wait_until

from experiments.cli import COMMANDS, main
from experiments.completion import candidates
from experiments.composing.compose import load_config
from experiments.running.compiling import compile_model
from experiments.showing.area import _word
from experiments.words import heading
from sim.measures import LABELS

ROOT = Path(__file__).resolve().parent.parent
DATA = Path(os.environ.get("OPENDOOR_DATA", ROOT.parent / "shared" / "data"))
OPENDOOR = Path(sys.executable).with_name("opendoor")
PLAIN = ["area=referral_stream", "needs=plain", "workforce=one_team", "calendar=every_day"]
SHORT = ["history_years=0.5", "horizon_years=1", "replications=3"]


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """A user's own folder: the shipped list with more appointments, and the same under another name."""
    (tmp_path / "mine/system").mkdir(parents=True)
    for name, slots in (("quick_list", 33), ("same_list", 27)):
        (tmp_path / f"mine/system/{name}.yaml").write_text(
            f"defaults: [single_list, _self_]\nname: {name}\nslots_per_week: {slots}\n"
        )
    return tmp_path / "mine"


def say(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, list[str]]:
    """Exit status, standard output and lines of the error output of one command."""
    status = main(list(words))
    out, err = capsys.readouterr()
    return status, out, err.splitlines()


def complaints(lines: list[str]) -> list[str]:
    return [line for line in lines if line.startswith("opendoor: ")]


# ------------------------------------------------------------------------------------------------ help


@pytest.mark.parametrize("words", [[], ["help"], ["--help"], ["-h"]])
def test_help_names_every_command_and_gives_examples(capsys, words):
    status, out, err = say(capsys, *words)
    assert (status, err) == (0, [])
    assert all(f"\n  {name}" in out for name in COMMANDS)
    assert out.count("\n  opendoor ") >= 3
    assert "README" in out


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(capsys, command):
    status, out, err = say(capsys, "help", command)
    assert (status, err) == (0, [])
    assert "usage:" in out
    assert say(capsys, command, "--help")[1] == out
    for option in (*COMMANDS[command].flags, *COMMANDS[command].valued):
        assert option in out or option == "--line"


def test_help_fits_a_screen(capsys):
    for command in COMMANDS:
        assert max(map(len, say(capsys, "help", command)[1].splitlines())) <= 108


def test_help_and_names_of_files_load_nothing_heavy():
    code = (
        "import sys; from experiments.cli import main; main(['--help']); main(['--version'])\n"
        "main(['completion', 'bash', '--line', 'opendoor run area='])\n"
        "heavy = 'numpy', 'numba', 'pandas', 'scipy', 'plotly', 'hydra', 'pydantic'\n"
        "print([name for name in heavy if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


def test_the_version_is_that_of_the_package(capsys):
    from importlib.metadata import version

    assert say(capsys, "--version")[1] == f"opendoor {version('opendoor')}\n"


# ------------------------------------------------------------------------------------------- bad input


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["compere"], "compere: no such command; did you mean 'compare'?"),
        (["frobnicate"], "frobnicate: no such command; commands: compare, run"),
        (["help", "rum"], "rum: no such command; did you mean 'run'?"),
        (
            ["run", "--replications=5"],
            "--replications=5: no such option of opendoor run; write replications=VALUE",
        ),
        (
            ["run", "--config-dri", "x"],
            "--config-dri: no such option of opendoor run; did you mean --config-dir?",
        ),
        (["run", "--config-dir"], "--config-dir: needs a value: --config-dir DIR"),
        (["run", "--config-dir", "/nowhere/at/all"], "--config-dir /nowhere/at/all: there is no such folder"),
        (
            ["show"],
            "opendoor show must be followed by system or area or conditions or evidence, found nothing",
        ),
        (
            ["show", "sistem"],
            "opendoor show must be followed by system or area or conditions or evidence, found 'sistem'",
        ),
        (["show", "evidence", "--grade", "good"], "--grade good: no such grade; one of measured, published"),
        (
            ["show", "area", "--unused"],
            "--find, --grade and --unused belong to opendoor show evidence, not to show area",
        ),
        (
            ["show", "evidence", "--find", "dip"],
            "--find dip: no row in use mentions it; 3 not in use would: add",
        ),
        (
            ["show", "evidence", "--find", "sesion_minutes"],
            "--find sesion_minutes: no row in use mentions it; did you mean drop_in_session_minutes?",
        ),
        (["area", "build", "x"], "x: opendoor area takes no such word"),
        (["benchmark", "--fast"], "--fast: no such option of opendoor benchmark"),
        (["compare", "system=single_list"], "compare needs two or more systems, found system=single_list"),
        (["run", "--system", "gatekept"], "--system: no such option of opendoor run; write system=VALUE"),
        (
            ["attribution", "transition=big_bang"],
            "attribution sets a plan against the same change on one day, which transition=big_bang is itself",
        ),
        (["analyse", "/nowhere/at/all"], "/nowhere/at/all: there is no such folder"),
        (["run", "area=oldam"], "area=oldam: no such choice; did you mean 'oldham'?"),
    ],
)
def test_a_wrong_word_gets_one_line_and_status_2(capsys, words, sentence):
    status, out, err = say(capsys, *words)
    assert (status, out) == (2, "")
    assert len(err) == 1
    assert err[0].startswith(f"opendoor: {sentence}")


def test_all_missing_options_are_told_at_once(capsys):
    status, _, err = say(capsys, "area", "build", "--localities", "none")
    assert status == 2
    assert [line.split()[1].rstrip(":") for line in err] == [
        "--name",
        "--population",
        "--deprivation",
        "--schools",
        "--output",
        "--localities",
    ]


def test_all_problems_of_a_configuration_are_told_at_once(capsys):
    status, _, err = say(
        capsys, "validate", *PLAIN, "system=single_list", "replications=0", "seed=x", "horizon_years=-1"
    )
    assert status == 2
    assert [line.split()[1] for line in err] == ["horizon_years", "replications", "seed"]


def test_an_existing_output_is_refused_before_any_work(capsys, tmp_path):
    words = ["run", *PLAIN, "system=single_list", *SHORT, f"output={tmp_path}"]
    status, out, err = say(capsys, *words)
    assert (status, out) == (2, "")
    assert err == [
        f"opendoor: output {tmp_path}: exists already; choose another folder or remove it "
        "(nothing is overwritten)"
    ]


@pytest.mark.parametrize("also", [[], ["replications=0"]])
def test_configuration_area_output_and_the_words_of_the_command_are_all_told_at_once(capsys, tmp_path, also):
    words = [
        "area=example_small",
        "area.localities=[]",
        f"output={tmp_path}",
        "precision.measure=reach",
        *also,
    ]
    status, out, err = say(capsys, "compare", "system=gatekept,balanced", *words)
    assert (status, out) == (2, "")
    for told in (
        "is empty",
        "exists already",
        "precision.measure=reach: no such",
        "add precision.half_width",
    ):
        assert sum(told in line for line in err) == 1, told
    assert len(err) == 4 + len(also)


def test_validate_reads_the_referrals_too(capsys, tmp_path):
    path = tmp_path / "referrals.csv"
    path.write_text("referral_date\n2024-09-05\n2024-10-03\n1999-01-01\n")
    years = ["calendar.start=2024-09-01", "history_years=0", "horizon_years=0.25"]
    words = ["validate", *PLAIN, "system=single_list", f"area.csv={path}", *years]
    status, out, _ = say(capsys, *words)
    assert status == 0
    assert f"2 of {path} fall into the run" in out
    path.write_text("date\n2024-09-05\n")
    status, _, err = say(capsys, *words)
    assert status == 2
    assert "referral_date" in err[0]


def test_validate_says_what_is_to_change_and_that_a_system_cannot_change_to_itself(capsys):
    words = ["validate", "area=example_small", "transition=big_bang", "transition.waiting=blitz"]
    status, out, _ = say(capsys, *words, "erosion=typical")
    assert status == 0
    assert "change     big_bang, to Balanced System; old lists: blitz" in out
    assert "erosion    typical" in out
    assert "that is the same system" in say(capsys, *words, "system=balanced")[1]
    assert "change  " not in say(capsys, "validate", "area=example_small")[1]


def test_the_first_line_of_a_result_names_the_change_where_one_plan_stands_alone():
    plan = load_config(["transition=pilot", "area=example_small"])
    assert heading("Smallbridge", {"gatekept": plan}, 2).startswith(
        "Smallbridge: gatekept with transition=pilot. 2"
    )
    both = {"none": load_config(["area=example_small"]), "pilot": plan}
    assert heading("Smallbridge", both, 2).startswith("Smallbridge: none against pilot. 2 replications")


def test_an_area_without_children_is_refused(capsys):
    status, _, err = say(
        capsys, "validate", "needs=plain", "workforce=one_team", "system=single_list", "area=example_small",
        "area.localities=[]",
    )  # fmt: skip
    assert status == 2
    assert "empty" in err[0]
    assert len(err) == 1


def test_a_mistake_in_the_program_is_not_dressed_up_as_the_users(monkeypatch):
    def wrong(**options: object) -> int:
        raise ValueError("a bug")

    monkeypatch.setattr("experiments.showing.validate.run", wrong)
    with pytest.raises(ValueError, match="a bug"):
        main(["validate"])


# ------------------------------------------------------------------------------- running, for real


def opendoor(*words: str, cwd: Path, **more: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run([OPENDOOR, *words], cwd=cwd, capture_output=True, text=True, timeout=600, **more)  # type: ignore[call-overload,no-any-return]


def test_a_run_leaves_a_complete_folder_and_says_where(tmp_path):
    done = opendoor("run", *PLAIN, "system=single_list", *SHORT, "event_log=true", "output=r/x", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert re.fullmatch(r"Results: r/x \(\d+\.\d MB\)", done.stdout.splitlines()[-1])
    folder = tmp_path / "r/x"
    assert {p.name for p in folder.iterdir()} == {
        "provenance.json",
        "summary.json",
        "runs",
        "views",
        *(
            f"{name}.{end}"
            for name in ("summaries", "population", "dictionary")
            for end in ("csv", "parquet")
        ),
    }
    tables = folder / "runs/single_list/replication-000"
    names = {"children", "needs", "waiting", "weekly", "ledger", "available", "offers", "events"}
    assert {p.name for p in tables.iterdir()} == {f"{n}.{end}" for n in names for end in ("csv", "parquet")}
    dictionary = pd.read_csv(folder / "dictionary.csv")
    for name in names:
        declared = dictionary.loc[dictionary["table"] == name, "column"].tolist()
        assert pd.read_parquet(tables / f"{name}.parquet").columns.tolist() == declared
        assert pd.read_csv(tables / f"{name}.csv", nrows=1).columns.tolist() == declared
    for path in (folder / "views").iterdir():
        declared = dictionary.loc[dictionary["table"] == f"views/{path.stem}", "column"].tolist()
        assert pd.read_parquet(path).columns.tolist() == declared
    assert sorted(p.name for p in tmp_path.iterdir()) == ["r"]


def done_here(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    """What a command prints that this process does itself; it must end well."""
    status, out, err = say(capsys, *words)
    assert status == 0, err
    return out


def test_provenance_is_enough_to_get_the_same_numbers_again(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    done_here(capsys, "run", *PLAIN, "system=single_list", *SHORT, "seed=11", "output=a")
    facts = json.loads((tmp_path / "a/provenance.json").read_text())
    from sim import check, simulate
    from sim.config import config_hash

    config = check(facts["systems"]["single_list"]["config"])
    assert config_hash(config) == facts["systems"]["single_list"]["config_hash"]
    again = simulate(config, facts["replication_seeds"][1]).summary()
    stored = pd.read_parquet(tmp_path / "a/summaries.parquet").iloc[1]
    for measure, value in again.items():
        assert stored[measure] == value or (pd.isna(stored[measure]) and pd.isna(value))
    text = (tmp_path / "a/provenance.json").read_text()
    assert str(Path.home()) not in text


def test_results_do_not_depend_on_the_number_of_workers(capsys, tmp_path):
    words = ["run", *PLAIN, "system=single_list", *SHORT]
    for workers in (1, 2):
        done_here(capsys, *words, f"workers={workers}", f"output={tmp_path}/w{workers}")
    for table in ("summaries", "runs/single_list/replication-000/needs"):
        one, two = ((tmp_path / f"w{n}/{table}.csv").read_bytes() for n in (1, 2))
        assert one == two


def test_a_comparison_is_paired_told_in_words_and_stored(own, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    words = ["compare", "--config-dir", str(own), "system=single_list,quick_list,same_list"]
    said = done_here(capsys, *words, *PLAIN, *SHORT, "output=c")
    frame = pd.read_csv(tmp_path / "c/comparison.csv").set_index(["other", "measure"])
    assert len(frame) == 3 * len(LABELS)
    frame = frame[frame["reference"] == "single_list"]
    wait = frame.loc[("quick_list", "recorded_wait_median_weeks")]
    assert wait["in_words"] == "better"
    assert wait["low"] <= wait["difference"] <= wait["high"] < 0
    # the same system under another name: the null test, for every measure that is defined
    same = frame.loc["same_list"]
    assert {words for words in same["in_words"] if not words.endswith(": both")} == {"the same"}
    summaries = pd.read_csv(tmp_path / "c/summaries.csv").set_index("system")["recorded_wait_median_weeks"]
    by_hand = (summaries["quick_list"].to_numpy() - summaries["single_list"].to_numpy()).mean()
    assert wait["difference"] == pytest.approx(by_hand)
    found = json.loads((tmp_path / "c/summary.json").read_text())
    assert [(d["reference"], d["other"]) for d in found["differences"]] == [
        ("single_list", "quick_list"),
        ("single_list", "same_list"),
        ("quick_list", "same_list"),
    ]
    assert found["differences"][0]["measures"]["recorded_wait_median_weeks"]["mean"] == pytest.approx(by_hand)
    text = (tmp_path / "c/comparison.txt").read_text()
    for words_needed in (
        "3 replications",
        "generic, not Referral stream's own",
        "transition=none",
        "no controlled evidence",
        "rows of the evidence table are used",
        "95 % interval",
    ):
        assert words_needed in " ".join(text.split())
    assert max(map(len, text.splitlines())) <= 110
    # the screen has the first dozen; the file all headline measures
    screen = " ".join(said.split())
    assert "Staff time: one-to-one" in text
    assert "Staff time: one-to-one" not in screen
    assert "Numbers used:" in screen
    assert screen.index("Numbers used") < screen.index("Measure single_list")
    # full tables in the compact form only, and how large it all is
    tables = tmp_path / "c/runs/quick_list/replication-000"
    assert {p.suffix for p in tables.iterdir()} == {".parquet"}
    assert re.search(r"Results: c \(\d+\.\d MB\)", said)
    out = tmp_path / "needs.csv"
    done_here(capsys, "results", "export", "c", "--table", "quick_list/needs", "--to", str(out))
    assert len(pd.read_csv(out)) == len(pd.read_parquet(tables / "needs.parquet")) > 0


def test_a_disk_that_refuses_leaves_nothing_and_is_told(tmp_path):
    def small_files_only() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))

    words = ["run", *PLAIN, "system=single_list", *SHORT, "output=r"]
    compile_model()  # what is compiled is kept on disk, too
    done = opendoor(*words, cwd=tmp_path, preexec_fn=small_files_only)
    assert done.returncode == 2, done.stderr
    assert len(complaints(done.stderr.splitlines())) == 1
    assert "could not be written: file too large; nothing was kept" in done.stderr
    assert "Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["ctrl_c", "kill"])
def test_a_stop_is_at_once_leaves_nothing_and_says_so(tmp_path, number):
    parent = subprocess.Popen(
        [OPENDOOR, "run", *PLAIN, "system=single_list", "replications=100000", "output=r"],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=as_in_a_terminal,
    )
    wait_until(lambda: any(tmp_path.iterdir()))
    time.sleep(1)
    (os.killpg if number == signal.SIGINT else os.kill)(parent.pid, number)
    out, err = parent.communicate(timeout=60)
    assert parent.returncode == 130
    assert out == ""
    assert err.splitlines()[-1].startswith("opendoor: stopped: nothing is kept")
    assert "Traceback" not in err
    assert list(tmp_path.iterdir()) == []


def test_a_reader_that_goes_away_is_no_error(tmp_path):
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run(
        [OPENDOOR, "show", "evidence", *PLAIN, "system=single_list"],
        stdout=write,
        stderr=subprocess.PIPE,
        text=True,
        timeout=60,
    )
    os.close(write)
    assert done.stderr == ""
    assert done.returncode == 141


# ------------------------------------------------------------------------------------------- reading


def test_validate_says_what_it_found(capsys):
    status, out, err = say(capsys, "validate", *PLAIN, "system=single_list")
    assert (status, err) == (0, [])
    assert out.splitlines()[0] == "OK"
    for word in ("Referral stream", "One list", "rows of the evidence table", "hash"):
        assert word in out


def test_validate_does_not_simulate(monkeypatch, capsys):
    monkeypatch.setattr("sim.run.simulate", lambda *a: pytest.fail("must not run"))
    assert say(capsys, "validate", *PLAIN, "system=single_list")[0] == 0


def test_show_evidence_filters_by_grade_and_use(capsys):
    words = ["show", "evidence", *PLAIN, "system=single_list"]
    _, used, _ = say(capsys, *words)
    assert "working_hours_per_year" in used
    found = re.search(r"(\d+) of (\d+) rows: in use", used)
    assert found
    in_use, rows = int(found[1]), int(found[2])
    assert 0 < in_use < rows
    _, one, _ = say(capsys, *words, "--find", "Hours_Per_Year")
    assert one.splitlines()[0] == "working_hours_per_year"
    assert "In workforce.roles.clinician.hours_per_year" in one
    assert one.splitlines()[-1].startswith("1 of")
    _, expert, _ = say(capsys, *words, "--grade", "expert")
    assert "working_hours_per_year" in expert
    assert "published" not in expert
    _, unused, _ = say(capsys, *words, "--unused")
    assert "working_hours_per_year" not in unused
    assert f"{rows - in_use} of {rows} rows: not used by this configuration" in unused


def test_show_area_adds_up_and_says_where_it_comes_from(capsys):
    rest = ["needs=plain", "workforce=one_team", "system=single_list", "area=oldham"]
    status, out, _ = say(capsys, "show", "area", *rest)
    assert status == 0
    assert "65,133" in out
    assert "published" in out
    assert "synthetic" in out
    rows = [line.split() for line in out.splitlines() if line.startswith(" Oldham ")]
    totals = [int(row[-1].replace(",", "")) for row in rows]
    assert sum(totals) == 65133


def test_show_system_gives_each_stated_number_with_unit_and_grade(own, capsys):
    (own / "system/shown.yaml").write_text(
        "defaults: [single_list, _self_]\nname: shown\n"
        "offers:\n  appointment:\n    queue: {patience_weeks: 40}\n"
        "    course: {contacts: {old: 2, new: 6, dial: impact}}\n"
        "dials: {impact: 0.5}\n"
    )
    status, out, err = say(capsys, "show", "system", "--config-dir", str(own), *PLAIN, "system=shown")
    assert (status, err) == (0, [])
    lines = {line.split()[0]: line.split() for line in out.splitlines() if line.strip()}
    assert lines["queue.patience_weeks"][1:5] == ["40", "weeks", "set", "by"]
    assert lines["course.contacts"][1:3] == ["4", "count"]
    assert "2 to 6 with impact" in out
    assert "When done or not in need: leave" in out


def test_show_system_says_the_capacity_that_counts_appointments(capsys):
    status, out, _ = say(capsys, "show", "system", *PLAIN, "system=single_list", "system.slots_per_week=31")
    assert status == 0
    assert "31 appointments a week in each locality (slots_per_week" in out
    assert "slots_per_week" not in say(capsys, "show", "system", "system=gatekept")[1]


def test_units_are_shown_in_words(capsys):
    from typing import get_args

    from experiments.words import unit_words
    from sim.evidence import Unit

    assert all("_" not in unit_words(unit) for unit in get_args(Unit))
    out = say(capsys, "show", "system", "system=gatekept")[1]
    assert " odds ratio " in out
    for raw in ("odds_ratio", "per_year", "hazard_ratio"):
        assert not re.search(rf"\s{raw}\s", out)


# ----------------------------------------------------------------------------------------- completion


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("opendoor comp", ["compare", "completion"]),
        ("opendoor show ", ["system", "area", "conditions", "evidence"]),
        ("opendoor show evidence --gr", ["--grade"]),
        ("opendoor show evidence --grade pub", ["published"]),
        ("opendoor run sys", ["system="]),
        ("opendoor run system", ["system=", "system."]),
        ("opendoor run repl", ["replications="]),
        ("opendoor run area=old", ["area=oldham"]),
        ("opendoor compare system=x,single", ["system=x,single_list"]),
        ("opendoor run area=referral_stream area.ref", ["area.referrals_per_week="]),
        ("opendoor run area=referral_stream area.mi", ["area.mix."]),
        ("opendoor benchmark --q", ["--quick"]),
        ("opendoor benchmark x", []),
        ("opendoor nonsense x", []),
    ],
)
def test_tab_offers_what_may_stand_there(line, expected):
    rest = (
        f"{line[:13]}needs=plain workforce=one_team system=single_list {line[13:]}"
        if "area." in line
        else line
    )
    assert candidates(rest) == expected


def test_tab_knows_the_users_own_folder(own):
    assert candidates(f"opendoor run --config-dir {own} system=qui") == ["system=quick_list"]


@pytest.mark.parametrize(
    ("typed", "replies"),
    [("compare sys", ["system="]), ("run area=old", ["oldham"]), ("show ev", ["evidence"])],
)
def test_tab_works_in_bash(typed, replies):
    words = " ".join(typed.replace("=", " = ").split())
    script = f"""
        PATH={OPENDOOR.parent}:$PATH
        eval "$(opendoor completion bash)"
        COMP_LINE="opendoor {typed}"; COMP_POINT=${{#COMP_LINE}}; COMP_WORDS=(opendoor {words})
        COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1))
        _opendoor
        printf '%s\\n' "${{COMPREPLY[@]}}"
        complete -p opendoor
    """
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=True)
    *found, rule = done.stdout.splitlines()
    assert found == replies
    assert rule.endswith("-F _opendoor opendoor")


# ------------------------------------------------------------------------------------------ area build


@pytest.mark.skipif(not DATA.is_dir(), reason=f"open data not at {DATA} (set OPENDOOR_DATA)")
def test_area_build_makes_an_area_that_can_be_used(tmp_path, capsys):
    status, out, err = say(
        capsys, "area", "build", "--name", "Oldham",
        "--population", str(DATA / "population_age0-19_by_lsoa11_priority_areas_mid2020.csv"),
        "--deprivation", str(DATA / "imd2019_idaci_by_lsoa11_england.csv"),
        "--schools", str(DATA / "schools_priority_areas_census_jan2019.csv"),
        "--settings", str(DATA / "gias_open_establishments_priority_areas_2024-06.csv"),
        "--output", str(tmp_path / "oldham"),
    )  # fmt: skip
    assert (status, err) == (0, [])
    # what was made
    made = " ".join(out.split())
    for words_needed in ("About 65,100 children", "5 localities", "primary", "pupil referral units"):
        assert words_needed in made
    # as it tells the user to
    (command,) = [line for line in out.splitlines() if line.startswith("  opendoor ")]
    words = [word for word in shlex.split(command) if word.startswith("area")]
    assert words[0] == "area=files"
    use = [*words, "needs=plain", "workforce=one_team", "system=single_list"]
    status, out, err = say(capsys, "show", "area", *use)
    assert (status, err) == (0, [])
    assert "Oldham: about 65,100 children" in out


def test_help_names_the_columns_of_every_file_of_an_area(capsys):
    import inspect

    from sim.importers import gias, imd, lsoa_population, schools_census

    status, out, _ = say(capsys, "help", "area")
    assert status == 0
    for module in (gias, imd, lsoa_population, schools_census):
        for name in re.findall(r'Column\("(\w+)"', inspect.getsource(module)):
            assert re.search(rf"\b{name}\b", out), name


@pytest.fixture
def area_folder(tmp_path: Path) -> Path:
    """The shipped small area as a folder of files, under a name that needs quotes."""
    from sim import load_config
    from sim.area_building import build_area
    from sim.importers.area_folder import write_area_folder

    area = build_area(load_config(["area=example_small"]).area)
    return write_area_folder(area, tmp_path / "it's ours, 2026")


def test_an_area_of_files_is_named_by_its_folder(area_folder, capsys):
    assert _word(Path("2026")) == shlex.quote("area.folder='2026'")
    word = shlex.split(_word(area_folder))
    assert len(word) == 1
    status, out, err = say(capsys, "validate", "area=files", *word)
    assert (status, err) == (0, [])
    assert "Smallbridge" in out
    plain = area_folder.rename(area_folder.with_name("ours"))
    assert _word(plain) == f"area.folder={plain}"
    status, again, err = say(capsys, "validate", "area=files", _word(plain))
    assert (status, err) == (0, [])
    assert again.splitlines()[:-1] == out.splitlines()[:-1]  # all but the hash


def test_an_area_of_files_without_its_folder_is_told_in_one_line(tmp_path, capsys):
    status, _, err = say(capsys, "validate", "area=files")
    assert status == 2
    assert err == [
        "opendoor: area.folder: missing; the folder that opendoor area build made, "
        "for example area.folder=my_area"
    ]
    status, _, err = say(capsys, "validate", "area=files", f"area.folder={tmp_path}/none")
    assert status == 2
    assert err == [f"opendoor: {tmp_path}/none: no such folder; 'opendoor area build' writes one"]


# -------------------------------------------------------------------------------------------- starting


@pytest.mark.parametrize("words", [["validate"], ["show", "system"], ["show", "evidence", "seed=7"]])
def test_what_only_reads_loads_nothing_that_simulates(words):
    code = (
        f"import sys; from experiments.cli import main; main({words!r})\n"
        "heavy = 'numba', 'pandas', 'scipy', 'plotly', 'hydra', 'omegaconf', 'pyarrow', 'simpy'\n"
        "print([name for name in heavy if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


def test_a_run_loads_nothing_heavy_before_its_workers_begin(tmp_path):
    code = (
        "import sys, experiments.running.replicate\n"
        "def stop(*a, **k):\n"
        "    print([name for name in ('numba', 'pandas', 'hydra', 'scipy', 'pyarrow') if name in sys.modules])\n"
        "    sys.exit()\n"
        "import experiments.comparing.run; experiments.comparing.run.replicate = stop\n"
        "from experiments.cli import main\n"
        "if __name__ == '__main__':\n"
        "    main(['run', 'system=gatekept', 'seed=7', f'output={sys.argv[1]}'])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "out")], capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines()[-1] == "[]"
