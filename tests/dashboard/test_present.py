"""A story is told with the numbers of the results that are shown, and one that cannot be told is refused whole."""

from __future__ import annotations

from pathlib import Path
from threading import Thread
from typing import Any

import numpy as np
import pandas as pd
import pytest
from conftest import SMALL, Served, serving
from test_browser import opened, violations

from dashboards.app import draw
from dashboards.background.jobs import Job
from dashboards.background.work import Order, Task, read_parts, simulate_part
from dashboards.pages.change import PAGE as CHANGE
from dashboards.server import Server, Settings, grown
from dashboards.studies.changes import change_table, lacking, told
from dashboards.telling.present import ordered, shown
from dashboards.telling.say import NOT_HERE, Speaker
from dashboards.telling.storyboard import SHIPPED, held, placeholders, read_story, shipped_story, texts
from experiments.cli import main
from experiments.comparing.change import with_gains
from experiments.composing.compose import load_plans
from experiments.running.replicate import replication_seed
from sim.errors import InputError
from sim.measures import LABELS

STORY = """\
title: A story
run: ["transition=none,big_bang", area=example_small, history_years=1, horizon_years=1, replications=1, workers=1]
ways:
  put: {title: Stay put, names: [none]}
  day: {title: One day, names: [big_bang]}
  slow: {title: Place by place, names: [phased]}
steps:
  - {kind: title, title: Begin, text: "{area}"}
  - {kind: cards, title: Numbers, measures: [children_helped, reach_share]}
  - {kind: words, title: Words, points: ["{children_harmed:slow}", "{evidence:adoption_fidelity_share}"]}
"""


@pytest.fixture(scope="module")
def server(changed: Path) -> Server:
    return Server(Settings((changed,)))


def written(tmp_path: Path, text: str) -> Path:
    file = tmp_path / "story.yaml"
    file.write_text(text, encoding="utf-8")
    return file


def words_of(component: Any) -> str:
    """All text of components, in order, parted by blanks."""
    if component is None:
        return ""
    if isinstance(component, str | int | float):
        return str(component)
    if isinstance(component, list | tuple):
        return " ".join(words_of(part) for part in component)
    return words_of(getattr(component, "children", None))


def test_every_screen_of_the_shipped_story_is_drawn_and_every_number_is_filled_in(server: Server) -> None:
    story = shipped_story()
    for number, step in enumerate(story.steps, start=1):
        screen, look, said = shown(server, shipped_story(), "ways", number, dark=False, narrow=False)
        text = words_of(screen)
        assert look == "presenting", text
        assert said == f"Screen {number} of {len(story.steps)}"
        assert not placeholders(text)
        assert "95 % intervals, for luck only" in text
        assert "2 replications" in text
        assert step.notes[:20] in text
        gone = sum("phased" in t or "two_years" in t for _, t in texts(step)) + (step.kind == "cards")
        assert NOT_HERE not in text, "a way that is not there is left out, not read aloud"
        told_once = text.count("Not in these results: place by place, side by side for two years.")
        assert told_once == bool(gone), (number, text)
        assert not any(name in text for name in ("parallel_then_new", "phased")), (
            "a name of the program on a screen"
        )
    kinds = [step.kind for step in story.steps]
    assert kinds[0] == "title"
    assert kinds[-1] == "limits"
    assert {"figure", "cards", "journey"} <= set(kinds)


def test_no_number_about_the_world_stands_in_the_shipped_story() -> None:
    allowed = {"18 weeks", "(0 to 5)", "week 0"}  # names of measures and of the scale
    for step in shipped_story().steps:
        for _, text in texts(step):
            for inside in placeholders(text):
                text = text.replace(f"{{{inside}}}", "")
            for words in allowed:
                text = text.replace(words, "")
            assert not any(c.isdigit() for c in text), text


def test_numbers_on_screens_are_those_of_the_command(server: Server, changed: Path) -> None:
    rows = pd.read_parquet(changed / "change.parquet")
    study, story = server.study("ways"), shipped_story()
    ways = held(story, study.configs)
    assert ways == {"stay_put": "none", "big_bang": "big_bang", "parallel_for_good": "parallel"}
    speaker = Speaker(study, story, ways)
    for way in ("big_bang", "parallel_for_good"):
        for name in ("children_helped", "children_harmed", "disruption_weeks", "pounds_change"):
            row = rows[(rows["plan"] == ways[way]) & (rows["measure"] == name)].iloc[0]
            assert speaker.number(f"{name}:{way}") == told(dict(row))
            assert speaker.number(f"{name}:{way}:words") in (row["in_words"], told(dict(row)))
    reach = pd.read_parquet(changed / "comparison.parquet")
    reach = reach[
        (reach["measure"] == "reach_share") & (reach["reference"] == "none") & (reach["other"] == "big_bang")
    ]
    m, row = LABELS["reach_share"], reach.iloc[0]
    assert speaker.number("reach_share:big_bang") == (
        f"{m.text(row['other_mean'])} ({m.difference_text(row['difference'])} against stay put, "
        f"{m.difference_text(row['low'])} to {m.difference_text(row['high'])})"
    )
    assert speaker.number("reach_share:stay_put").startswith(m.text(row["reference_mean"]))
    row = study.configs["big_bang"].evidence["adoption_fidelity_share"]
    assert speaker.number("evidence:adoption_fidelity_share") == (
        f"{100 * row.value:g}% ({100 * row.low:g}% to {100 * row.high:g}%, {row.grade})"
    )
    assert speaker.missing == []


def test_what_the_results_do_not_hold_is_told_on_the_screen(server: Server, tmp_path: Path) -> None:
    story = read_story(written(tmp_path, STORY))
    study = server.study("ways")
    speaker = Speaker(study, story, held(story, study.configs))
    text = "Before. All on one day: {children_harmed:day}; place by place: {children_harmed:slow}; after. Once more {years}."
    said = speaker.text(text)
    assert said == f"Before. All on one day: {speaker.number('children_harmed:day')}; after. Once more 2."
    assert speaker.text("Before; {children_harmed:slow} at last.") == "Before."
    assert speaker.absent == ["Place by place"]
    assert speaker.missing == []
    assert speaker.number("children_harmed:put") == NOT_HERE
    assert len(speaker.missing) == 1


def test_a_story_that_cannot_be_told_is_refused_with_everything_that_is_wrong(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bad = STORY.replace("children_helped, reach_share", "children_healed") + (
        '  - {kind: figure, title: T, figure: change/nothing, values: {x: "1"}}\n'
        '  - {kind: figure, title: T, figure: change/groups, values: {told: luck, y: "1"}}\n'
        "  - {kind: journey, title: T, pick: prettiest, between: [put, never]}\n"
        '  - {kind: words, title: "{weeks:day} {x", points: ["{children_harmed:nobody:loud} {evidence:zeal}"]}\n'
    )
    file = written(tmp_path, bad)
    with pytest.raises(InputError) as found:
        read_story(file)
    problems = found.value.problems
    for step, words in (
        ("step 2 (cards)", "'children_healed'; allowed: children_helped"),
        ("step 4 (figure)", "figure: found 'change/nothing'; allowed: change/ahead"),
        ("step 5 (figure)", "values.told: found 'luck'; allowed: point_years_per_1000_children"),
        ("step 5 (figure)", "values.y: unknown key; allowed: counted, by, told"),
        ("step 6 (journey)", "pick: found 'prettiest'; allowed: median"),
        ("step 6 (journey)", "between: found 'never'; allowed: put, day, slow"),
        ("step 7 (words), title", "a brace without its other half"),
        ("step 7 (words), title", "{weeks:day}: unknown; allowed: area"),
        ("step 7 (words), points, line 1", "found 'nobody' after the colon; allowed: put, day, slow"),
        ("step 7 (words), points, line 1", "found 'loud' at the end; allowed: words"),
        ("step 7 (words), points, line 1", "{evidence:zeal}: no such row"),
    ):
        assert any(p.startswith(f"{file}: {step}") and words in p for p in problems), (words, problems)
    assert len(problems) == 11
    assert main(["dashboard", str(tmp_path / "none"), "--story", str(file)]) == 2
    printed = capsys.readouterr().err
    assert "there is no such folder" in printed
    assert all(problem in printed for problem in problems)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            "title: T\nsteps: []\nextra: 1\n",
            ("run: missing", "ways: missing", "extra: unknown key", "at least 1"),
        ),
        (
            STORY.replace("kind: title", "kind: song"),
            ("step 1: kind: found 'song'; allowed: title, words, figure",),
        ),
        (STORY.replace("text:", "txt:"), ("step 1 (title), txt: unknown key; allowed: title, notes, kind",)),
        (
            STORY.replace("title: Begin", f"title: {'x' * 91}"),
            ("step 1 (title), title: has 91 letters; at most 90",),
        ),
        (STORY.replace("names: [phased]", "names: [none]"), ("none stands for more than one",)),
        (STORY.replace("title: A story", "title: A\ntitle: B"), ("'title' stands there twice",)),
        (
            STORY.replace('"transition=none,big_bang"', "transition=none,big_bang"),
            ("run: found 'big_bang'; must be",),
        ),
        ("- a list\n", ("has the keys title, run, quick, ways, steps",)),
        ("a: [\n", ("cannot be read as YAML",)),
    ],
)
def test_a_file_of_another_form_is_refused_by_step_and_key(
    text: str, words: tuple[str, ...], tmp_path: Path
) -> None:
    with pytest.raises(InputError) as found:
        read_story(written(tmp_path, text))
    for part in words:
        assert any(part in problem for problem in found.value.problems), (part, found.value.problems)


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="No such file"):
        read_story(tmp_path / "no.yaml")
    assert SHIPPED.is_file()


def test_ways_to_change_that_are_run_live_are_told_with_the_numbers_of_the_command(
    changed: Path, tmp_path: Path
) -> None:
    words = [w for w in SMALL if w.split("=")[0] not in ("system", "replications")]
    configs = with_gains(load_plans([*words, "transition=none,big_bang,parallel", "replications=2"]))
    order = Order(configs, 2, next(iter(configs.values())).seed)
    job = Job("run-1", "tab", "Ways", order, tmp_path, None, Thread(), 0.0, state="done")
    for replication in range(2):
        for name, config in configs.items():
            seed = replication_seed(order.seed, replication)
            simulate_part(Task(tmp_path, name, config, replication, seed, 0.0, True))
    assert grown(job, {}, {}).n == 0
    read_parts(tmp_path, job.parts, job.gathered)
    study = grown(job, job.parts, job.gathered.frames())
    assert set(study.view("lists")["system"]) == set(configs)
    assert lacking(study) == []
    for name in ("change", "change_by_week", "change_by_group"):
        ours, theirs = change_table(study, name), pd.read_parquet(changed / f"{name}.parquet")
        pd.testing.assert_frame_equal(ours, theirs, check_dtype=False, check_categorical=False)
    assert np.isfinite(ours["mean"]).any()


def test_results_without_ways_to_change_say_which_command_makes_some(results: Path) -> None:
    server = Server(Settings((results,)))
    screen, look, _ = shown(server, shipped_story(), "small", 1, False, False)
    assert "opendoor compare experiment=big_bang_vs_parallel" in words_of(screen)
    assert look == "present-empty"


def test_a_picture_on_a_screen_is_that_of_its_page_in_larger_type(server: Server) -> None:
    number = next(i for i, step in enumerate(shipped_story().steps, start=1) if step.kind == "figure")
    screen, _, _ = shown(server, shipped_story(), "ways", number, dark=True, narrow=False)
    figure = screen.children[0].children[2].children.figure
    page = draw(server, CHANGE, CHANGE.panels[0], "ways", {}, True).figure
    assert [list(t.y) for t in figure.data] == [list(t.y) for t in page.data]
    assert figure.layout.font.size > page.layout.font.size
    assert [t.name for t in figure.data if t.name] == ["Stay put", "All on one day", "Side by side for good"]


def test_a_story_is_presented_with_keys_and_buttons_and_where_it_stands_is_in_the_address(
    dashboard_of_ways: Served, browser: Any
) -> None:
    steps = len(shipped_story().steps)

    def at(tab: Any, n: int) -> None:
        tab.wait_for_selector(f".slide[data-step='{n}']")
        assert tab.locator("#present-progress").inner_text() == f"{n} of {steps}"
        assert f"step={n}" in tab.url or n == 1

    with opened(browser, dashboard_of_ways.url + "/present") as tab:
        at(tab, 1)
        for key, n in (
            ("PageDown", 2),
            (" ", 3),
            ("ArrowLeft", 2),
            ("End", steps),
            ("Home", 1),
            ("ArrowRight", 2),
        ):
            tab.keyboard.press(key)
            at(tab, n)
        tab.get_by_role("button", name="Next").click()
        at(tab, 3)
        tab.wait_for_selector(".slide .main-svg")
        assert not tab.locator(".slide-notes").is_visible()
        tab.keyboard.press("n")
        tab.wait_for_selector(".slide-notes", state="visible")
        assert violations(tab) == []
        assert not tab.locator("header").first.is_visible()
        tab.reload()
        at(tab, 3)
        tab.wait_for_selector(".slide-notes", state="visible")
        tab.keyboard.press("Escape")
        tab.get_by_role("link", name="Present it step by step").wait_for()
        assert "/change" in tab.url
        assert tab.locator("header").first.is_visible()
    with opened(browser, dashboard_of_ways.url + "/present?step=4", 390, dark=True) as tab:
        at(tab, 4)
        tab.wait_for_selector(".slide-notes", state="visible")
        assert not tab.evaluate("document.documentElement.scrollWidth > window.innerWidth")
        assert violations(tab) == []


def test_ways_to_change_are_run_from_the_page_and_the_story_begins(
    results: Path, browser: Any, tmp_path: Path
) -> None:
    file = written(tmp_path, STORY)
    order = ordered(Server(Settings((results,))), read_story(file), quick=False)
    assert list(order.configs) == ["none", "big_bang"]
    assert all(config.gains_every_weeks for config in order.configs.values())
    with serving(results, story=file) as dashboard, opened(browser, dashboard.url + "/present") as tab:
        tab.wait_for_selector(".note code")
        assert violations(tab) == []
        tab.get_by_role("button", name="Run it here").click()
        tab.wait_for_selector(".slide[data-step='1']", timeout=60_000)
        tab.keyboard.press("ArrowRight")
        tab.wait_for_selector(".slide[data-step='2'] .big")
        assert "One day" in tab.locator(".slide-table").inner_text()
        assert "1 replication" in tab.locator(".slide-foot").inner_text()
