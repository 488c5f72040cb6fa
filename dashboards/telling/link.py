"""The way from a page to the story that is presented."""

from __future__ import annotations

from typing import Any

PATH = "/present"


def link() -> Any:
    """A line with the link, for the top of a page."""
    from dash import dcc, html

    return html.P(dcc.Link("Present it step by step ▸", href=PATH), className="present-link")
