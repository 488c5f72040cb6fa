"""Which pages there are, and for whom each is listed."""

from __future__ import annotations

from dashboards.page import READERS, Page
from dashboards.pages import change, equity, evidence, impact, journeys, overview, pick, sweeps, waits, whatif

PAGES: tuple[Page, ...] = (
    overview.PAGE,
    change.PAGE,
    waits.PAGE,
    impact.PAGE,
    equity.PAGE,
    journeys.PAGE,
    sweeps.PAGE,
    pick.PAGE,
    whatif.PAGE,
    evidence.PAGE,
)


def page_at(path: str | None) -> Page | None:
    """The page of an address."""
    wanted = "/" + (path or "/").strip("/")
    return next((page for page in PAGES if page.path == wanted), None)


def grouped() -> dict[str, list[Page]]:
    """Pages by their readers, in the order in which readers are named; groups without a page are left out."""
    found = {readers: [page for page in PAGES if page.readers == readers] for readers in READERS}
    return {readers: pages for readers, pages in found.items() if pages}
