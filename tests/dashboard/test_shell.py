"""What stands around the pages: addresses, tabs, menus, a folder that goes away, and every screen of the story."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from conftest import Served, serving
from test_browser import LOOKS, choose, opened, settled, violations

from dashboards.navigation import page_at
from dashboards.telling.storyboard import shipped_story


def test_an_address_that_cannot_be_followed_says_what_is_shown_instead(
    dashboard: Served, browser: Any
) -> None:
    with opened(browser, f"{dashboard.url}/?other=foo&colour=red") as tab:
        settled(tab)
        note = tab.locator(".note").inner_text()
        assert "colour=…, which Overview does not know" in note
        assert "other=foo, which these results do not hold" in note
        assert "Shown is Balanced System instead of Gatekept referral" in note
        assert violations(tab) == []
        assert "colour" not in tab.url
        tab.get_by_role("link", name="Waits", exact=True).click()
        tab.wait_for_function("document.querySelector('h1')?.textContent === 'Waits'")
        settled(tab)
        assert tab.locator(".note").count() == 0


def test_a_folder_that_goes_away_is_told_on_each_page_and_comes_back(
    changed: Path, tmp_path: Path, browser: Any
) -> None:
    folder = tmp_path / "ways"
    shutil.copytree(changed, folder)
    with serving(folder) as served, opened(browser, served.url) as tab:
        settled(tab)
        tab.wait_for_selector(".card")
        folder.rename(tmp_path / "away")
        for name in ("Getting there", "Waits", "Journeys"):
            tab.get_by_role("link", name=name, exact=True).click()
            tab.wait_for_function(f"document.querySelector('h1')?.textContent === '{name}'")
            tab.wait_for_selector("[role=alert]:has-text('not there any more')")
            assert "Put it back" in tab.locator("[role=alert]").first.inner_text()
        assert violations(tab) == []
        (tmp_path / "away").rename(folder)
        tab.reload()
        settled(tab)
        tab.wait_for_selector("#journeys-trajectory-figure .main-svg")


def test_two_tabs_choose_for_themselves(dashboard: Served, browser: Any) -> None:
    value = 'input[id*=\'"name":"measure","page":"overview"\']'
    with opened(browser, dashboard.url) as one, opened(browser, dashboard.url) as two:
        settled(one)
        settled(two)
        before = two.locator("#overview-apart-said").inner_text()
        choose(one, "overview", "measure", "Reach: Estimated need that has been seen")
        one.wait_for_selector("#overview-apart-said:has-text('Estimated need that has been seen')")
        assert two.locator("#overview-apart-said").inner_text() == before
        assert two.locator(value).first.input_value() != one.locator(value).first.input_value()
        assert "measure=reach_share" in one.url
        assert "reach_share" not in two.url


@pytest.mark.parametrize("look", LOOKS)
def test_menus_are_clean_when_they_are_open(look: str, dashboard: Served, browser: Any) -> None:
    width, dark = LOOKS[look]
    with opened(browser, dashboard.url, width, dark) as tab:
        settled(tab)
        if width < 600:
            link = tab.get_by_role("link", name="Getting there", exact=True)
            for _ in range(5):  # closed, it is not on the way of who goes by keyboard
                tab.keyboard.press("Tab")
                assert tab.evaluate("document.activeElement.getBoundingClientRect().right > 0")
            tab.locator("#burger").focus()
            tab.keyboard.press("Enter")
            link.wait_for()
            assert tab.locator("#burger").get_attribute("aria-expanded") == "true"
            assert violations(tab) == []
            link.focus()
            tab.keyboard.press("Escape")
            link.wait_for(state="hidden")
            assert tab.evaluate("document.activeElement.id") == "burger"
        tab.locator("#results").click()
        tab.get_by_role("option", name="small", exact=True).wait_for()
        assert violations(tab) == []
        tab.keyboard.press("Escape")
        for summary in tab.locator("details > summary:visible").all():
            summary.click()
        tab.wait_for_selector("#overview-headlines-table table")
        assert violations(tab) == []
        assert not tab.evaluate("document.documentElement.scrollWidth > window.innerWidth")


@pytest.mark.parametrize("look", LOOKS)
def test_every_screen_of_the_story_fits_and_is_clean(
    look: str, dashboard_of_ways: Served, browser: Any
) -> None:
    width, dark = LOOKS[look]
    seen = set()
    with opened(browser, f"{dashboard_of_ways.url}/present", width, dark) as tab:
        if width > 600:
            tab.set_viewport_size({"width": 1280, "height": 720})  # a projector
        for number, step in enumerate(shipped_story().steps, start=1):
            tab.wait_for_selector(f".slide[data-step='{number}']")
            if step.kind in ("figure", "journey"):
                tab.wait_for_selector(".slide .main-svg")
            assert tab.locator(".slide .problem").count() == 0, number
            assert not tab.evaluate("document.documentElement.scrollWidth > window.innerWidth"), number
            if width > 600:
                room = "document.querySelector('.slide-main')"
                assert tab.evaluate(f"{room}.scrollHeight <= {room}.clientHeight + 1"), number
            if step.kind not in seen:
                assert violations(tab) == [], number
            seen.add(step.kind)
            tab.keyboard.press("PageDown")


def test_a_long_page_leads_to_each_of_its_answers(dashboard_of_ways: Served, browser: Any) -> None:
    with opened(browser, dashboard_of_ways.url + "/change") as tab:
        settled(tab)
        contents = tab.get_by_role("navigation", name="Questions on this page")
        contents.get_by_text("On this page").click()
        questions = contents.get_by_role("link").all_inner_texts()
        assert questions == [panel.question for panel in page_at("/change").panels]
        assert violations(tab) == []
        contents.get_by_role("link", name=questions[-1]).click()
        tab.wait_for_function("window.scrollY > 1000")
        heading = tab.get_by_role("heading", name=questions[-1])
        box = heading.bounding_box()
        assert box is not None
        assert 64 <= box["y"] < tab.viewport_size["height"], "the header hides it, or it is not in view"
        assert tab.locator("#title").inner_text() == "Getting there"
    with opened(browser, dashboard_of_ways.url + "/impact?results=ways") as tab:
        settled(tab)
        assert tab.get_by_text("On this page").count() == 0
