"""What is handed over: files that say nothing of where they were made, and a README whose commands work."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import configs
import dashboards
import experiments
import sim
from experiments.cli import main

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
OPENDOOR = Path(sys.executable).with_name("opendoor")

# written in pieces, so that this file does not find itself
FORBIDDEN = {
    "a package registry": "|".join(
        (r"python" + r"hosted", r"pypi" + r"\.org", r"registry\.np" + r"mjs", r"(extra-)?index" + r"-url")
    ),
    "a folder of one machine": r"(?<![\w.~])/(?:"
    + "|".join(("wo" + "rk", "ro" + "ot", "ho" + "me/[a-z]"))
    + r")/",
    "two versions of one line": r"(?m:^(?:<{7}|>{7}) )",
    "how it was made": r"\b(?:chat" + r"gpt|large language" + r" model|lang" + r"chain)\b",
}
HOME_FOLDERS_ARE_THE_SUBJECT = {"experiments/results/provenance.py", "tests/test_output.py"}


def files() -> list[Path]:
    """Files that belong to the project: tracked ones, and new ones that git does not ignore."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    if listed.returncode != 0:
        pytest.skip("not a git checkout")
    return [ROOT / name for name in listed.stdout.splitlines() if (ROOT / name).is_file()]


@pytest.mark.parametrize("what", FORBIDDEN)
def test_no_file_names(what):
    found = []
    for path in files():
        if what == "a folder of one machine" and str(path.relative_to(ROOT)) in HOME_FOLDERS_ARE_THE_SUBJECT:
            continue
        text = path.read_text(encoding="utf-8", errors="ignore")
        found += [f"{path.relative_to(ROOT)}: {m.group(0)}" for m in re.finditer(FORBIDDEN[what], text, re.I)]
    assert found == []


def test_the_lock_file_pins_everything_and_names_no_address():
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    assert all(re.match(r"^[a-z0-9._-]+==[^\s/]+( ; .+)?$", line) for line in lines)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = [*project["dependencies"], *(d for e in project["optional-dependencies"].values() for d in e)]
    names = {re.split(r"[<>=\[ ]", dependency)[0].lower() for dependency in wanted}
    assert names <= {line.split("==")[0] for line in lines}


def test_no_lock_file_with_addresses_is_kept():
    names = {path.name for path in files()}
    assert names.isdisjoint({"uv.lock", "pylock.toml", "poetry.lock"})


def test_the_four_packages_are_ours_and_stand_side_by_side():
    # the names are general: another installed package of the same name would be taken in silence
    places = {Path(package.__file__).parent.parent for package in (sim, configs, experiments, dashboards)}
    assert places == {ROOT}


def test_every_shipped_yaml_file_explains_itself():
    for path in (ROOT / "configs").rglob("*.yaml"):
        assert path.read_text(encoding="utf-8").startswith("#"), (
            f"{path.relative_to(ROOT)} opens without a comment"
        )


# ------------------------------------------------------------------------------------------- README


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", README, re.M | re.S)


def commands() -> list[str]:
    lines = [line.split("  #")[0].strip() for block in blocks("bash") for line in block.splitlines()]
    return [line for line in lines if line]


#: Commands that are given to a shell's program; test_cli.py has more of those.
PROCESSES = (
    "opendoor compare system=gatekept,balanced",
    "opendoor validate --config-dir mine system=ours",
)

#: What makes a command of the README quick enough for a test, without changing what it does.
QUICK = {"area": "example_small", "replications": "2", "history_years": "0.5", "horizon_years": "1"}


def quick(words: list[str]) -> list[str]:
    if words[0] not in ("run", "compare", "attribution", "journey"):
        return words
    given = {word.partition("=")[0] for word in words}
    changes = {k: v for k, v in QUICK.items() if not (k == "area" and "area" in given)}
    if words[0] == "journey":
        del changes["replications"]
    if "needs_at_least" in given:
        del changes["area"]  # there is nobody like that in a small one
    if "experiment=big_bang_vs_parallel" in words:
        changes["horizon_years"] = "2.2"  # one of its plans takes two years
    return [w for w in words if w.partition("=")[0] not in changes] + [f"{k}={v}" for k, v in changes.items()]


@pytest.fixture(scope="module")
def workplace(tmp_path_factory) -> Path:
    """A folder in which a reader of the README has made the files it tells them to make."""
    folder = tmp_path_factory.mktemp("reader")
    for block in blocks("yaml"):
        first = block.splitlines()[0]
        assert first.startswith("# ")
        path = folder / first.removeprefix("# ")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(block, encoding="utf-8")
    return folder


@pytest.mark.parametrize("command", [c for c in commands() if c.startswith("opendoor ")])
def test_a_command_of_the_readme_works(command, workplace, monkeypatch, capfd):
    if "benchmark" in command:
        pytest.skip("measured by hand: takes a minute; its parts are tested in test_benchmark.py")
    words = quick(shlex.split(command)[1:])
    monkeypatch.chdir(workplace)
    before = set(ROOT.glob("results/*"))
    # main is what the program named opendoor calls: the model need not be loaded again for each command
    done = subprocess.run([OPENDOOR, *words], timeout=900) if command in PROCESSES else None
    status = done.returncode if done else main(words)
    out, err = capfd.readouterr()
    assert status == 0, err
    assert out.strip()
    assert set(ROOT.glob("results/*")) == before, "everything is written where the reader is"


def test_the_journey_in_the_readme_is_what_its_command_prints(workplace, monkeypatch, capfd):
    (command,) = re.findall(r"^opendoor (.*?) +# printed below$", README, re.M)
    (shown,) = re.findall(r"^```\n(A simulated child: .*?)^```", README, re.M | re.S)
    monkeypatch.chdir(workplace)
    assert main(command.split()) == 0
    printed = capfd.readouterr().out.rstrip().splitlines()
    assert [line.rstrip() for line in printed] == shown.rstrip().splitlines()


@pytest.mark.parametrize("command", [c for c in commands() if c.startswith("make ")])
def test_a_make_target_of_the_readme_exists(command):
    done = subprocess.run(
        [*command.split(), "--dry-run"], cwd=ROOT, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr


def test_every_command_of_the_readme_is_of_a_kind_that_is_tested():
    kinds = ("opendoor ", "make ", 'eval "$(opendoor completion bash)"')  # the last: tests/test_cli.py
    assert [c for c in commands() if not c.startswith(kinds)] == []
    assert len(commands()) >= 15


def test_the_python_of_the_readme_works(workplace):
    (code,) = blocks("python")
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=workplace, capture_output=True, text=True, timeout=600
    )
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) >= 6


def test_ci_runs_the_tests_and_the_linters():
    text = (ROOT / ".ci/run").read_text()
    assert "set -euo pipefail" in text
    assert "make test" in text
    assert "make lint" in text
    assert (ROOT / ".ci/run").stat().st_mode & 0o111


def test_make_says_which_python_it_needs(tmp_path):
    """On a machine whose only Python is too old."""
    (tmp_path / "bin").mkdir()
    for tool in ("sh", "make", "head", "touch", "dirname"):
        found = subprocess.run(["which", tool], capture_output=True, text=True).stdout.strip()
        (tmp_path / "bin" / tool).symlink_to(found)
    old = tmp_path / "bin/python3"
    old.write_text('#!/bin/sh\ntest "$1" = --version && echo "Python 3.9.2" && exit 0\nexit 1\n')
    old.chmod(0o755)
    for name in ("Makefile", "pyproject.toml", "constraints.txt"):
        (tmp_path / name).write_bytes((ROOT / name).read_bytes())
    done = subprocess.run(
        ["make", "run"], cwd=tmp_path, capture_output=True, text=True, env={"PATH": str(tmp_path / "bin")}
    )
    assert done.returncode == 2
    assert "OpenDoor needs Python 3.11, 3.12 or 3.13; this machine's python3 is: Python 3.9.2" in done.stderr
    assert not (tmp_path / ".venv").exists()
