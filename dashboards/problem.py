"""What stands on a page in place of something that cannot be shown: what is the matter, and what to do."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dashboards.page import Page

MISTAKE = (
    "This cannot be shown: a mistake in the program. Everything else goes on working. What happened is in the "
    "window in which the dashboard was started; please report it."
)


def problem(sentences: Sequence[str]) -> Any:
    """Sentences about something that went wrong."""
    from dash import html

    return html.Div([html.P(s) for s in sentences], className="problem", role="alert")


def problem_page(page: Page, sentences: Sequence[str]) -> Any:
    """A page whose results cannot be shown."""
    from dash import html

    return html.Div([html.H1(page.title, id="title", tabIndex="-1"), problem(sentences)])


def not_found(path: str) -> Any:
    """A page for an address that there is not."""
    from dash import dcc, html

    return html.Div(
        [
            html.H1("There is no such page", id="title", tabIndex="-1"),
            html.P(f"Nothing is at {path}."),
            dcc.Link("Go to the overview", href="/"),
        ]
    )
