"""The dashboard in a real browser: every page, its controls, its downloads, a run from beginning to end.

Skipped, with the reason, where there is no browser. On every page: nothing on the console, no request to another
host, no violation that axe-core finds.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pandas as pd
import pytest
from conftest import Served
from made_up import IMPACT
from processes import wait_until

from dashboards.navigation import PAGES
from sim.measures import LABELS
from sim.measures.change import MEASURES

WITH_FIGURES = [
    page
    for page in PAGES
    if page.name not in ("journeys", "what-if") and page.lacks is None and page.of == "comparison"
]


#: Width of the window, and whether the ground is dark.
LOOKS = {"light": (1440, False), "dark, on a phone": (390, True)}


@cache
def window(browser: Any, width: int, dark: bool) -> Any:
    """A window for all tabs of one look: what the first of them has loaded the others need not load again."""
    return browser.new_context(
        viewport={"width": width, "height": 900},
        color_scheme="dark" if dark else "light",
        accept_downloads=True,
    )


@contextmanager
def opened(browser: Any, url: str, width: int = 1440, dark: bool = False) -> Iterator[Any]:
    """A tab that keeps an eye on its console and on where its requests go."""
    page = window(browser, width, dark).new_page()
    told: list[str] = []
    host = urlsplit(url).netloc
    page.on("console", lambda m: told.append(m.text) if m.type in ("error", "warning") else None)
    page.on("pageerror", lambda e: told.append(str(e)))
    page.on(
        "request", lambda r: None if urlsplit(r.url).netloc in (host, "") else told.append(f"asked {r.url}")
    )
    page.on("response", lambda r: told.append(f"{r.status} {r.url}") if r.status >= 400 else None)
    page.set_default_timeout(30_000)
    try:
        page.goto(url)
        page.wait_for_selector("#title")
        yield page
        assert told == []
    finally:
        page.close()


def settled(page: Any) -> None:
    """Every panel has its answer."""
    page.wait_for_function(
        "[...document.querySelectorAll('.said')].every(p => p.textContent !== '…')"
        " && ![...document.querySelectorAll('[data-dash-is-loading=true]')].length"
    )
    page.evaluate("() => new Promise(drawn => requestAnimationFrame(() => requestAnimationFrame(drawn)))")


def violations(page: Any) -> list[str]:
    """What axe-core finds, with where; it comes with a package and not from the network."""
    axe = pytest.importorskip(
        "axe_playwright_python.sync_playwright", reason="axe-playwright-python is not installed"
    )
    found = axe.Axe().run(page).response["violations"]
    return [f"{v['id']}: {node['target']}" for v in found for node in v["nodes"]]


def choose(page: Any, panel_page: str, name: str, label: str) -> None:
    """Choose an option of a control, by keyboard and label."""
    page.locator(f'input[id*=\'"name":"{name}","page":"{panel_page}"\']').first.click()
    page.get_by_role("option", name=label, exact=True).click()


@pytest.mark.parametrize("look", LOOKS)
def test_each_page_is_there_in_light_and_dark_and_on_a_phone(
    look: str, dashboard: Served, browser: Any
) -> None:
    """One page after the other, by the links between them, as a reader goes through them."""
    width, dark = LOOKS[look]
    with opened(browser, dashboard.url, width, dark) as tab:
        for page in PAGES:
            tab.evaluate("path => document.querySelector(`nav a[href='${path}']`).click()", page.path)
            tab.wait_for_function(
                "title => document.querySelector('h1')?.innerText === title", arg=page.title
            )
            settled(tab)
            if page in WITH_FIGURES:
                tab.wait_for_selector(".main-svg")
            assert tab.locator(".problem").count() == 0, page.name
            assert not tab.evaluate("document.documentElement.scrollWidth > window.innerWidth"), page.name
            assert tab.evaluate("document.documentElement.dataset.mantineColorScheme") == (
                "dark" if dark else "light"
            )
            assert violations(tab) == [], page.name


def test_a_control_changes_the_data_of_the_figure_and_the_address(dashboard: Served, browser: Any) -> None:
    with opened(browser, dashboard.url + "/waits") as tab:
        settled(tab)
        tab.wait_for_selector("#waits-curves-figure .main-svg")
        read = "document.querySelector('#waits-curves-figure .js-plotly-plot').calcdata[0].map(p => p.y)"
        before = tab.evaluate(read)
        choose(tab, "waits", "wait", "Recorded wait: referral to first contact")
        tab.wait_for_function(f"before => JSON.stringify({read}) !== JSON.stringify(before)", arg=before)
        assert "wait=recorded" in tab.url
        address, after = tab.url, tab.evaluate(read)
    with opened(browser, address) as tab:
        settled(tab)
        tab.wait_for_selector("#waits-curves-figure .main-svg")
        assert tab.evaluate(read) == after


#: Page, its panel, and a control that moves the panel: its name, and what is chosen.
MOVES = {
    "/waits": [("bands", "state", "waits that go on"), ("lists", "list", "for a first contact")],
    "/impact": [("fifteen", "cell", "children reached"), ("ledger", "role", 1)],
    "/equity": [
        ("quintiles", "measure", 2),
        ("localities", "measure", 3),
        ("map", "shown", "needs seen so far"),
    ],
    "/": [("apart", "measure", 2)],
    "/change": [
        ("weekly", "counted", "Staff hours on the change itself"),
        ("groups", "told", 1),
        ("groups", "by", "locality"),
    ],
    "/pick-and-mix": [
        ("whole", "measure", 1),
        ("half", "measure", 0),
        ("effects", "measure", 1),
        ("alone", "measure", 0),
    ],
}


def name_of(page: str) -> str:
    """What a page is called in the names of its parts."""
    return page.strip("/") or "overview"


def drawn(page: str, panel: str) -> str:
    """Reads the data of a figure: positions, values, colours."""
    figure = f"#{name_of(page)}-{panel}-figure .js-plotly-plot"
    return (
        f"JSON.stringify((document.querySelector('{figure}')?.data || [])"
        ".map(t => [t.x, t.y, t.z, t.marker && t.marker.color]))"
    )


def choose_one(tab: Any, page: str, name: str, option: str | int) -> None:
    """An option of a control, by its label or its place in the menu."""
    if isinstance(option, str):
        choose(tab, name_of(page), name, option)
        return
    tab.locator(f'input[id*=\'"name":"{name}","page":"{name_of(page)}"\']').first.click()
    tab.locator("[role=option]:visible").nth(option).click()


@pytest.mark.parametrize("page", MOVES)
def test_every_control_moves_the_data_of_its_figure_and_its_table_can_be_downloaded(
    page: str, dashboard: Served, dashboard_of_ways: Served, dashboard_of_sweeps: Served, browser: Any
) -> None:
    served = {"/pick-and-mix": dashboard_of_sweeps, "/change": dashboard_of_ways}.get(page, dashboard)
    with opened(browser, served.url + page) as tab:
        settled(tab)
        for panel, name, option in MOVES[page]:
            tab.wait_for_selector(f"#{name_of(page)}-{panel}-figure .main-svg")
            before = tab.evaluate(drawn(page, panel))
            choose_one(tab, page, name, option)
            tab.wait_for_function(f"before => {drawn(page, panel)} !== before", arg=before)
            settled(tab)
            assert f"{name}=" in tab.url
            with tab.expect_download() as waiting:
                tab.locator(f"#{name_of(page)}-{panel}-download").click()
            rows = list(
                csv.DictReader(io.StringIO(Path(waiting.value.path()).read_text(encoding="utf-8-sig")))
            )
            assert rows, panel
            shown_already = tab.locator(f"#{name_of(page)}-{panel}-table").is_visible()
            if not shown_already:
                tab.locator(f"#{name_of(page)}-{panel}-table").locator("xpath=..").locator("summary").click()
            shown = (
                tab.locator(f"#{name_of(page)}-{panel}-table thead")
                .inner_text()
                .replace("\n", "")
                .split("\t")
            )
            assert [heading.strip() for heading in shown] == list(rows[0]), "the table is the download"
            if option == MOVES[page][-1][2]:  # and with the menu open
                tab.locator(f'input[id*=\'"name":"{name}"\']').first.click()
                tab.locator("[role=option]:visible").first.wait_for()
                assert violations(tab) == []


def test_the_map_is_moved_through_the_weeks_by_keyboard_and_an_address_leads_back(
    dashboard: Served, browser: Any
) -> None:
    with opened(browser, dashboard.url + "/equity") as tab:
        settled(tab)
        tab.wait_for_selector("#equity-map-figure .main-svg")
        before = tab.evaluate(drawn("/equity", "map"))
        slider = tab.get_by_role("slider", name="Map at the end of week")
        slider.press("Home")
        tab.wait_for_function(f"before => {drawn('/equity', 'map')} !== before", arg=before)
        tab.wait_for_selector("text=at the end of week 1:")
        for _ in range(3):
            slider.press("ArrowRight")
        tab.wait_for_selector("text=at the end of week 4:")
        tab.wait_for_function("location.search.includes('week=4')")
        settled(tab)
        address, after = tab.url, tab.evaluate(drawn("/equity", "map"))
        assert violations(tab) == []
    with opened(browser, address, 390, dark=True) as tab:
        settled(tab)
        tab.wait_for_selector("text=at the end of week 4:")
        tab.wait_for_selector("#equity-map-figure .main-svg")
        assert json.loads(tab.evaluate(drawn("/equity", "map")))[0][:2] == json.loads(after)[0][:2]


def test_the_numbers_on_screen_are_those_of_the_command(
    dashboard: Served, browser: Any, results: Path
) -> None:
    written = pd.read_parquet(results / "comparison.parquet").set_index("measure")
    with opened(browser, dashboard.url) as tab:
        settled(tab)
        text = tab.locator(".cards").inner_text()
        for name in ("impact_significant_share", "reach_share"):
            m, row = LABELS[name], written.loc[name]
            difference = m.difference_text(row["difference"]).removesuffix(" pp")
            for shown in (
                m.text(row["other_mean"]).removesuffix("%"),
                f"Difference {difference} percentage points",
            ):
                assert shown in text


def test_the_download_holds_the_numbers_of_the_figure(dashboard: Served, browser: Any) -> None:
    with opened(browser, dashboard.url + "/equity") as tab:
        settled(tab)
        with tab.expect_download() as waiting:
            tab.locator("#equity-quintiles-download").click()
        rows = list(csv.DictReader(io.StringIO(Path(waiting.value.path()).read_text(encoding="utf-8-sig"))))
        tab.wait_for_selector("#equity-quintiles-figure .main-svg")
        drawn = tab.evaluate(
            "document.querySelector('#equity-quintiles-figure .js-plotly-plot').calcdata.flatMap(t => t.map(p => p.y))"
        )
        assert [float(row["Mean (share)"]) for row in rows] == pytest.approx(drawn)


def test_the_pages_can_be_reached_by_keyboard_and_the_reader_starts_at_the_heading(
    dashboard: Served, browser: Any
) -> None:
    with opened(browser, dashboard.url) as tab:
        settled(tab)
        tab.keyboard.press("Tab")
        assert tab.evaluate("document.activeElement.textContent") == "Skip to the content"
        link = tab.get_by_role("link", name="Evidence", exact=True)
        link.focus()
        tab.keyboard.press("Enter")
        tab.wait_for_function("document.querySelector('h1')?.textContent === 'Evidence'")
        tab.wait_for_function("document.activeElement.id === 'title'")


def test_a_search_in_the_evidence_narrows_the_table(dashboard: Served, browser: Any) -> None:
    with opened(browser, dashboard.url + "/evidence") as tab:
        settled(tab)
        rows = "document.querySelectorAll('#evidence-numbers-body tbody tr').length"
        tab.wait_for_function(f"{rows} > 50")
        tab.get_by_label("Search").fill("vacancy")
        tab.wait_for_function(f"{rows} > 0 && {rows} < 10")


def test_a_page_that_is_not_there_and_results_that_are_gone_say_what_to_do(
    dashboard: Served, browser: Any
) -> None:
    with opened(browser, dashboard.url + "/nowhere") as tab:
        assert "no such page" in tab.locator("h1").inner_text()
    with opened(browser, dashboard.url + "/waits?results=run-gone") as tab:
        assert "Choose other results" in tab.locator(".problem").first.inner_text()
        assert violations(tab) == []


def test_getting_there_shows_each_way_to_change_and_follows_its_controls(
    dashboard_of_ways: Served, browser: Any, changed: Path
) -> None:
    for width, dark in LOOKS.values():
        with opened(browser, dashboard_of_ways.url + "/change", width, dark) as tab:
            settled(tab)
            tab.wait_for_selector("#change-cost-figure .main-svg")
            assert tab.locator(".problem").count() == 0
            assert not tab.evaluate("document.documentElement.scrollWidth > window.innerWidth")
            assert violations(tab) == []
            if not dark:
                follows_its_controls(tab, changed)


def follows_its_controls(tab: Any, changed: Path) -> None:
    written = pd.read_parquet(changed / "change.parquet").set_index(["plan", "measure"])
    shown = MEASURES["point_years"].difference_text(written.loc[("parallel", "point_years"), "mean"])
    assert shown in tab.locator("#change-ahead-body").inner_text()
    tab.wait_for_selector("#change-weekly-figure .main-svg")
    read = "document.querySelector('#change-weekly-figure .js-plotly-plot').calcdata[0].map(p => p.y)"
    before = tab.evaluate(read)
    choose(tab, "change", "counted", "Staff cost of everything else")
    tab.wait_for_function(f"before => JSON.stringify({read}) !== JSON.stringify(before)", arg=before)
    assert "counted=pounds_running" in tab.url


def test_results_without_ways_to_change_say_which_command_makes_them(dashboard: Served, browser: Any) -> None:
    with opened(browser, dashboard.url + "/change") as tab:
        assert "opendoor compare transition=none,big_bang" in tab.locator(".note").inner_text()
        assert tab.locator(".panel").count() == 0
        assert violations(tab) == []


def start_run(tab: Any, replications: int) -> None:
    """Fill in the form and press Run."""
    tab.wait_for_selector("#whatif-form summary")
    tab.locator("#whatif-area").click()
    tab.get_by_role("option", name="example_small", exact=True).click()
    tab.get_by_label("Replications (1 to 200)").fill(str(replications))
    tab.get_by_label("Years counted").fill("1")
    tab.locator("#whatif-find").fill("vacancy share")
    tab.get_by_label("vacancy share", exact=True).fill("0.3")
    tab.get_by_role("button", name="Run", exact=True).click()


def test_a_what_if_runs_in_the_background_survives_moving_about_and_its_results_can_be_shown(
    dashboard: Served, browser: Any
) -> None:
    with opened(browser, dashboard.url + "/what-if") as tab:
        start_run(tab, 3)
        tab.wait_for_selector("text=Run 1: vacancy share 0.3")
        assert violations(tab) == []
        tab.get_by_role("link", name="Waits", exact=True).click()
        tab.wait_for_selector("text=done, 12 of 12 simulations")
        tab.get_by_role("button", name="Show the results").click()
        tab.wait_for_selector(
            "text=gatekept against gatekept, changed against balanced against balanced, changed"
        )
        settled(tab)
        tab.wait_for_selector(".card")
        assert "results=run-" in tab.url


def test_a_what_if_of_ways_to_change_is_seen_on_every_page_and_shown_under_getting_there(
    dashboard: Served, browser: Any
) -> None:
    with opened(browser, dashboard.url + "/what-if") as tab:
        tab.locator("#whatif-ways").click()
        tab.get_by_role("option", name="Both systems side by side (parallel)", exact=True).click()
        tab.keyboard.press("Escape")
        start_run(tab, 1)
        tab.get_by_role("link", name="Journeys", exact=True).click()
        tab.wait_for_selector("text=done, 2 of 2 simulations")
        tab.get_by_role("button", name="Show the results").click()
        tab.wait_for_selector("text=none against parallel")
        tab.get_by_role("link", name="Getting there", exact=True).click()
        tab.wait_for_selector("#change-ahead-figure .main-svg")
        assert tab.locator(".problem").count() == 0
        tab.get_by_role("link", name="What if", exact=True).click()
        tab.wait_for_selector("#number-vacancy_share")
        assert tab.locator("#number-vacancy_share").input_value() == "0.3"
        assert tab.get_by_label("Years counted").input_value() == "1"
        assert violations(tab) == []


def test_cancelling_a_what_if_stops_it_and_leaves_no_process(dashboard: Served, browser: Any) -> None:
    with opened(browser, dashboard.url + "/what-if") as tab:
        start_run(tab, 100)
        cancel = tab.get_by_role("button", name="Cancel")
        cancel.wait_for()
        job = next(j for j in dashboard.server.jobs._jobs.values() if j.running)
        cancel.click()
        tab.wait_for_selector("text=cancelled after")
        assert not job.process.is_alive()


def test_closing_the_tab_ends_its_run(dashboard: Served, browser: Any) -> None:
    with opened(browser, dashboard.url + "/what-if") as tab:
        start_run(tab, 100)
        tab.get_by_role("button", name="Cancel").wait_for()
        job = next(j for j in dashboard.server.jobs._jobs.values() if j.running)
    wait_until(lambda: not job.running)
    assert job.state == "tab closed"
    assert not job.process.is_alive()


def test_two_people_with_the_same_what_if_at_once_have_their_own_progress_and_results(
    dashboard: Served, browser: Any
) -> None:
    with (
        opened(browser, dashboard.url + "/what-if") as ann,
        opened(browser, dashboard.url + "/what-if", 390) as bob,
    ):
        start_run(ann, 100)
        start_run(bob, 2)
        cancel = ann.get_by_role("button", name="Cancel")
        cancel.wait_for()
        bob.wait_for_selector("text=done, 8 of 8 simulations")
        assert cancel.is_visible(), "another one's run has ended this one"
        cancel.click()
        ann.wait_for_selector("text=of 400 simulations; nothing goes on")
        bob.get_by_role("button", name="Show the results").click()
        bob.wait_for_selector(".card")
        results = bob.url.partition("results=")[2].partition("&")[0]
        listed = "JSON.stringify([...document.querySelectorAll('[role=option]')].map(o => o.getAttribute('value')))"
        ann.locator("#results").click()
        ann.locator("[role=option]:visible").first.wait_for()
        assert results not in ann.evaluate(listed)
        assert not any(j.running for j in dashboard.server.jobs._jobs.values())


def test_a_what_if_that_cannot_be_run_says_why(dashboard: Served, browser: Any) -> None:
    with opened(browser, dashboard.url + "/what-if") as tab:
        tab.wait_for_selector("#whatif-form summary")
        tab.get_by_label("Replications (1 to 200)").fill("many")
        tab.get_by_role("button", name="Run", exact=True).click()
        tab.wait_for_selector("text=a whole number from 1 to 200 is needed")
        assert violations(tab) == []


def test_a_mistake_of_the_program_behind_a_button_is_told_on_the_page(
    dashboard: Served, browser: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any) -> None:
        raise RuntimeError("broken on purpose")

    with opened(browser, dashboard.url + "/what-if") as tab:
        tab.wait_for_selector("#whatif-form summary")
        tab.get_by_label("Replications (1 to 200)").fill("2")
        with monkeypatch.context() as patched:
            patched.setattr(dashboard.server.jobs, "start", broken)
            tab.get_by_role("button", name="Run", exact=True).click()
            tab.wait_for_selector("#mistake .problem")
        assert "a mistake in the program" in tab.locator("#mistake").inner_text()
        assert violations(tab) == []
        tab.get_by_role("link", name="Waits", exact=True).click()
        tab.wait_for_selector("#waits-curves-figure .main-svg")
        assert tab.locator("#mistake .problem").count() == 0


def test_a_what_if_is_saved_as_a_file(dashboard: Served, browser: Any) -> None:
    with opened(browser, dashboard.url + "/what-if") as tab:
        tab.wait_for_selector("#whatif-form summary")
        tab.locator("#whatif-find").fill("vacancy share")
        tab.get_by_label("vacancy share", exact=True).fill("0.3")
        with tab.expect_download() as waiting:
            tab.get_by_role("button", name="Save as YAML").click()
        text = Path(waiting.value.path()).read_text()
        assert "vacancy_share:\n    value: 0.3" in text
        assert waiting.value.suggested_filename == "my_scenario.yaml"


def read_grid(tab: Any) -> list[str]:
    """Numbers of the points that the grid shows, without those that are pinned."""
    rows = tab.locator(".ag-pinned-left-cols-container .ag-row [col-id=point]").all_inner_texts()
    return [text.strip() for text in rows]


def test_a_sweep_is_narrowed_by_box_filter_and_word_alike_and_two_pinned_points_are_compared(
    dashboard_of_sweeps: Served, browser: Any, mapped: Path
) -> None:
    points = pd.read_parquet(mapped / "points.parquet").set_index("point")
    points = points.rename(columns={"system.dials.easy_access": "easy_access"})
    points = points[points["system"] == "balanced"]
    written = (
        pd.read_parquet(mapped / "statistics.parquet").set_index("measure").loc[IMPACT].set_index("point")
    )
    written = written.loc[points.index]
    with opened(
        browser, dashboard_of_sweeps.url + "/sweeps"
    ) as tab:  # the comparison named first has no such page
        settled(tab)
        tab.wait_for_selector("#sweeps-elsewhere-figure .main-svg")
        tab.wait_for_selector(".ag-center-cols-container .ag-row", state="attached")
        assert "results=mapped" in tab.url
        assert violations(tab) == []
        tab.get_by_label("Show only").fill("easy_access >= 0.5; system = balanced")
        tab.wait_for_selector("text=6 of 18 points are shown")
        tab.wait_for_function(
            "document.querySelectorAll('.ag-pinned-left-cols-container .ag-row').length === 6"
        )
        settled(tab)
        plot = tab.locator("#sweeps-scatter-figure .nsewdrag")
        plot.scroll_into_view_if_needed()
        box = plot.bounding_box()
        # balanced gains 1 less where access is easy: the box ends between the two
        middle = written[points["easy_access"] >= 0.5].groupby(points["easy_access"])["mean"].mean().mean()
        axis = "document.querySelector('#sweeps-scatter-figure .js-plotly-plot')._fullLayout.xaxis"
        right = box["x"] + tab.evaluate(f"{axis}.l2p({middle})")
        tab.mouse.move(box["x"] + 3, box["y"] + 3)
        tab.mouse.down()
        for share in (0.3, 0.6, 1.0):
            tab.mouse.move(
                box["x"] + 3 + share * (right - box["x"] - 3), box["y"] + share * (box["height"] - 3)
            )
        tab.mouse.up()
        tab.wait_for_function(
            "document.querySelector('#sweeps-points-said').textContent.startsWith('3 of 18')"
        )
        assert "reach_share" in tab.get_by_label("Show only").input_value()
        tab.wait_for_function(
            "document.querySelectorAll('.ag-pinned-left-cols-container .ag-row').length === 3"
        )
        shown = read_grid(tab)
        for i in (0, 1):
            tab.locator(".ag-pinned-left-cols-container .ag-row .ag-checkbox-input").nth(i).click()
            pinned = "document.querySelectorAll('.ag-floating-top .ag-row [col-id=point]').length"
            tab.wait_for_function(f"{pinned} === {i + 1}")
        assert tab.get_by_label("Pinned points").input_value() == ", ".join(shown[:2])
        tab.wait_for_selector(f"text=point {shown[1]} against point {shown[0]}")
        tab.get_by_role("button", name="Show all points").click()
        tab.wait_for_selector("text=18 of 18 points are shown")
        settled(tab)
        with tab.expect_download() as waiting:
            tab.locator("#sweeps-pair-download").click()
        heading = Path(waiting.value.path()).read_text(encoding="utf-8-sig").splitlines()[0]
        assert f"Point {shown[1]}" in heading
        address = tab.url
    with opened(browser, address, 390, dark=True) as tab:
        settled(tab)
        tab.wait_for_selector(".ag-floating-top .ag-row", state="attached")
        assert not tab.evaluate("document.documentElement.scrollWidth > window.innerWidth")
        assert violations(tab) == []


def test_a_condition_that_cannot_be_read_is_told_in_every_picture_and_can_be_mended(
    dashboard_of_sweeps: Served, browser: Any
) -> None:
    with opened(browser, dashboard_of_sweeps.url + "/sweeps?where=nothing+%3E+3") as tab:
        settled(tab)
        tab.locator(".problem").first.wait_for()
        assert "there is no column" in tab.locator(".problem").first.inner_text()
        assert violations(tab) == []
        tab.get_by_label("Show only").fill("easy_access <= 0.5")
        tab.wait_for_selector("text=12 of 18 points are shown")
        tab.wait_for_function("!document.querySelectorAll('.problem').length")


def test_pick_and_mix_is_shown_for_a_sweep_of_the_principles(
    dashboard_of_sweeps: Served, browser: Any
) -> None:
    with opened(browser, dashboard_of_sweeps.url + "/pick-and-mix", 390, dark=True) as tab:
        tab.wait_for_selector("#pick-and-mix-effects-figure .main-svg")
        settled(tab)
        assert "More than the sum of its parts" in tab.locator("#pick-and-mix-whole-said").inner_text()
        assert "Half a change is worse than none" in tab.locator("#pick-and-mix-half-said").inner_text()
        assert not tab.evaluate("document.documentElement.scrollWidth > window.innerWidth")
        assert violations(tab) == []
        tab.locator("#burger").click()
        tab.get_by_role("link", name="Overview", exact=True).click()  # which shows the comparison again
        tab.wait_for_selector(".card")
        assert "results=small" in tab.url
