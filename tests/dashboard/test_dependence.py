"""How much the answer depends on a number: worked out here as by a sweep, and told with what is not known."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from conftest import SMALL, Served
from processes import wait_until
from test_browser import opened, settled, violations

from dashboards.app import draw
from dashboards.background import dependence
from dashboards.background.dependence import Known
from dashboards.background.jobs import Jobs
from dashboards.background.work import ENDS, EndsOrder, Part, end_name
from dashboards.ends import hangs_on, text_of
from dashboards.navigation import PAGES
from dashboards.page import EVIDENCE, build, missing
from dashboards.server import Server, Settings
from dashboards.studies.settled import warnings
from dashboards.studies.study import Study, read_study
from experiments.certainty.spin_up import spin_up_frame
from experiments.comparing.compare import warnings_told_once
from experiments.running.replicate import replication_seed
from sim.checking import check
from sim.errors import InputError
from sim.measures import LABELS
from sim.run import simulate

OTHER, MEASURE = "balanced", "reach_share"


@pytest.fixture(scope="module")
def study(results: Path) -> Study:
    return read_study("small", results)


@pytest.fixture(scope="module")
def row(study: Study) -> str:
    """An assumed number with a range that both systems use."""
    found = dependence.rows_with_a_range(study)
    return next(name for name in found if study.configs[OTHER].evidence[name].grade == "assumed")


def simulated(study: Study, row: str, replications: int) -> tuple[EndsOrder, list[Part]]:
    """An order about one number, and its parts as they are without the process that makes them."""
    order = dependence.order(study, OTHER, [row], replications, 1)
    parts = []
    for plan, config in enumerate(order.configs.values()):
        for end in ("", *ENDS):
            tree = config.model_dump(mode="json")
            if end:
                tree["evidence"][row]["value"] = order.ends[row][ENDS.index(end)]
            parts += [
                Part(end_name(plan, row if end else "", end), r, simulate(check(tree), seed).summary(), {})
                for r in range(replications)
                for seed in [replication_seed(order.seed, r)]
            ]
    return order, parts


def known_here(study: Study, row: str, replications: int) -> Known:
    known = Known(())
    known.add(*simulated(study, row, replications))
    return known


def test_both_ends_worked_out_here_are_those_of_a_sweep_of_one_number_at_a_time(
    study: Study, row: str, tmp_path: Path
) -> None:
    from experiments.cli import main

    here = known_here(study, row, 2).of(study, OTHER, MEASURE)[row]
    low, high = dependence.rows_with_a_range(study)[row]
    folder = tmp_path / "one"
    few = [word for word in SMALL if not word.startswith("replications")]
    asked = ["design=one_at_a_time", f"evidence.{row}.value={low!r}..{high!r}", "replications=2"]
    assert main(["sweep", *few, *asked, f"output={folder}"]) == 0
    swept = Known((folder,)).of(study, OTHER, MEASURE)
    assert list(swept) == [row]
    for a, b in ((here.low, swept[row].low), (here.high, swept[row].high)):
        assert (a.mean, a.low, a.high, a.n) == pytest.approx((b.mean, b.low, b.high, b.n))
    assert (swept[row].ends, here.ends) == ((low, high), (low, high))
    assert swept[row].swing == pytest.approx(here.swing)
    other_years = study.configs[OTHER].model_copy(update={"horizon_years": 1.0})
    elsewhere = Study("x", "x", study.area, {**study.configs, OTHER: other_years}, study.done, {}, 3)
    assert Known((folder,)).of(elsewhere, OTHER, MEASURE) == {}, (
        "a sweep of other years was taken for an answer"
    )


def test_what_was_worked_out_stands_in_the_table_and_among_what_is_not_known(
    study: Study, row: str, results: Path
) -> None:
    server = Server(Settings((results,)))
    before = hangs_on(study, server.known, OTHER, MEASURE)
    assert "has not been worked out" in before[0]
    order, parts = simulated(study, row, 1)
    server.known.add(order, parts)
    found = server.known.of(study, OTHER, MEASURE)[row]
    assert found.low.n == 1
    assert "none of these clearly moves" in hangs_on(study, server.known, OTHER, MEASURE)[0]
    page = next(page for page in PAGES if page.path == EVIDENCE)
    panel = next(panel for panel in page.panels if panel.name == "numbers")
    drawn = draw(server, page, panel, "small", {"measure": MEASURE}, False)
    shown = drawn.frame.set_index("Number")["The answer moves by"]
    swing = found.swing * LABELS[MEASURE].scale
    assert shown[row.replace("_", " ")] == pytest.approx(swing)
    assert shown.notna().sum() == 1
    more = [p for p in simulated(study, row, 3)[1] if p.replication > 0]
    at_high = {end_name(1, row, "high"): 0.1}
    server.known.add(
        order, [replace(p, summary=p.summary | {MEASURE: at_high.get(p.system, 0.0)}) for p in more]
    )
    server.known.add(order, [replace(p, summary=p.summary | {MEASURE: 0.0}) for p in parts])
    assert server.known.of(study, OTHER, MEASURE)[row].high.n == 3, "replications that were there were lost"
    assert server.known.of(study, OTHER, MEASURE)[row].low.mean == found.low.mean / 3, (
        "what was simulated was put in the place of what was there"
    )


def test_an_answer_hangs_on_an_assumed_number_that_clearly_moves_it(study: Study, row: str) -> None:
    order, parts = simulated(study, row, 3)
    moved = [
        replace(
            p,
            summary=p.summary
            | {MEASURE: 0.1 * (p.system == end_name(1, row, "low")) + 0.001 * p.replication},
        )
        for p in parts
    ]
    known = Known(())
    known.add(order, moved)
    told = hangs_on(study, known, OTHER, MEASURE)[0]
    assert "hangs on assumed numbers" in told
    assert row.replace("_", " ") in told
    assert text_of(MEASURE, known.of(study, OTHER, MEASURE)[row].low) in told


def test_many_numbers_worked_out_in_the_background_are_those_worked_out_one_by_one(
    study: Study, row: str
) -> None:
    rows = [row, next(name for name in dependence.rows_with_a_range(study) if name != row)]
    jobs, known = Jobs(), Known(())
    try:
        first = dependence.order(study, OTHER, rows[:1], 2, 1)
        known.add(*simulated(study, row, 1))
        held = known.parts(first)
        assert len(held) == 6
        order = replace(
            dependence.order(study, OTHER, rows, 2, 2),
            known=frozenset((p.system, p.replication) for p in held),
        )
        key = jobs.start(order, "All", "tab", known=held)
        wait_until(lambda: not jobs.look(key).running)
        job = jobs.look(key)
        assert (job.state, job.failures, job.done, job.total) == ("done", [], 20, 20)
        assert not job.can_be_shown
        known.add(order, job.parts.values())
        found = known.of(study, OTHER, MEASURE)
        assert set(found) == set(rows)
        assert found[row] == known_here(study, row, 2).of(study, OTHER, MEASURE)[row]
    finally:
        jobs.close()


def test_a_number_that_is_not_used_cannot_be_asked_for(study: Study) -> None:
    with pytest.raises(InputError, match="no such number"):
        dependence.order(study, OTHER, ["nonsense"], 3, 1)


def test_the_warning_about_the_history_is_the_command_s_in_a_folder_and_in_a_run(
    study: Study, results: Path, tmp_path: Path
) -> None:
    short = {name: c.model_copy(update={"history_years": 0.5}) for name, c in study.configs.items()}
    frame = spin_up_frame(results / "runs", short)
    told = warnings_told_once(frame)
    assert len(told) == 1
    assert "too short to tell" in told[0]
    assert warnings(study) == []
    running = Study("x", "x", study.area, short, study.done, study.views, 3)
    titled = [told[0].replace("gatekept, balanced: ", "Gatekept referral, Balanced System: ")]
    assert titled != told
    assert warnings(running) == titled
    folder = tmp_path / "short"
    shutil.copytree(results, folder)
    frame.to_parquet(folder / "spin_up.parquet")
    panel = next(panel for panel in PAGES[0].panels if panel.name == "unknown")
    said = draw(Server(Settings((folder,))), PAGES[0], panel, "short", {}, False).frame["To bear in mind"]
    assert list(said)[:1] == titled


def test_from_every_answer_it_is_one_click_to_its_evidence(study: Study) -> None:
    for page in PAGES:
        if page.path == EVIDENCE or not page.panels or missing(page, study):
            continue
        shown = str(build(page, study, {}).to_plotly_json())
        assert shown.count("'Evidence behind this'") == len(page.panels), page.name


def test_a_number_is_worked_out_in_the_background_and_its_table_can_be_sorted(
    dashboard: Served, browser: Any
) -> None:
    with opened(browser, dashboard.url + "/evidence?times=3") as tab:
        settled(tab)
        tab.get_by_role("button", name="Work it out").click()
        tab.wait_for_selector("#ends-figure .main-svg")
        tab.wait_for_selector("text=18 of 18 simulations done; worked out")
        settled(tab)  # the table is drawn again with the answer, and its headings move
        first = "document.querySelector('#evidence-numbers-body tbody td').textContent"
        before = tab.evaluate(first)
        tab.locator("#evidence-numbers-body").get_by_role("button", name="Number", exact=True).click()
        tab.wait_for_function(f"before => {first} !== before", arg=before)
        assert tab.locator("#evidence-numbers-body th[aria-sort=ascending]").count() == 1
        assert violations(tab) == []


def test_all_numbers_are_worked_out_one_after_the_other_and_what_is_complete_outlives_a_cancel(
    dashboard: Served, browser: Any
) -> None:
    with opened(browser, dashboard.url + "/evidence?times=3") as tab:
        settled(tab)
        tab.get_by_role("button", name="Work out all").click()
        tab.wait_for_function(
            "/Known for [1-9]/.test(document.querySelector('#ends-answer')?.textContent)", timeout=60_000
        )
        tab.get_by_role("link", name="Overview", exact=True).click()
        tab.wait_for_selector("text=at either end: ")  # it goes on, and can be cancelled, on every page
        tab.get_by_role("button", name="Cancel").click()
        tab.wait_for_selector("text=nothing goes on")
        tab.wait_for_selector("text=have been put at either end of it")
        tab.get_by_role("link", name="Evidence", exact=True).click()
        settled(tab)
        tab.wait_for_function("/Known for [1-9]/.test(document.querySelector('#ends-answer')?.textContent)")
        assert violations(tab) == []
