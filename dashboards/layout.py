"""What stands around every page: the name, the results that are shown, the navigation, and your own run.

Your run, how far it is and the button that cancels it stand here and not on the page that started it, so moving
between pages loses none of it.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from dashboards.navigation import grouped
from dashboards.page import attributes
from dashboards.server import version
from dashboards.theme import palette

if TYPE_CHECKING:
    from dashboards.background.jobs import Job
    from dashboards.studies.study import Study
    from dashboards.studies.swept import Swept

#: Simulations before a pace can be told; seconds that are not worth telling.
FEWEST_DONE, A_LITTLE = 6, 10

NAVBAR = {"width": 250, "breakpoint": "sm", "collapsed": {"mobile": True}}


def shell(beat_seconds: float) -> Any:
    """The page around the pages."""
    import dash_mantine_components as dmc
    from dash import dcc, html

    stores = [
        dcc.Location(id="url", refresh="callback-nav"),
        *(
            dcc.Store(id=name)
            for name in (
                "token",
                "revision",
                "started",
                "links",
                "navigated",
                "addressed",
                "dark",
                "go",
                "gone",
            )
        ),
        dcc.Interval(id="tick", interval=500),
        dcc.Interval(id="start", interval=1, max_intervals=1),
        html.Div(id="heartbeat", **attributes(data_seconds=str(beat_seconds))),
    ]
    header = dmc.AppShellHeader(
        html.Div(
            [
                dmc.Burger(
                    id="burger", opened=False, hiddenFrom="sm", size="sm", **attributes(aria_label="Pages")
                ),
                html.Span("OpenDoor", className="name"),
                dmc.Select(
                    id="results",
                    className="results",
                    data=[],
                    allowDeselect=False,
                    comboboxProps={"withinPortal": False},
                    **attributes(aria_label="Results shown"),
                ),
                dmc.Switch(id="theme", label="Dark", size="md", className="theme"),
            ],
            className="header",
        )
    )
    main = dmc.AppShellMain(
        [
            html.Div(id="study-line", className="study-line"),
            html.Div(id="strip", **attributes(aria_live="polite")),
            html.Div(id="mistake"),
            html.Div(id="content"),
            html.Footer(
                f"OpenDoor {version()}. A simulation: every result reads 'if these parameters hold, then'. "
                "Nothing on these pages leaves this machine."
            ),
        ],
        id="main",
        tabIndex="-1",
    )
    return dmc.MantineProvider(
        [
            html.A("Skip to the content", href="#main", className="skip"),
            *stores,
            dmc.AppShell(
                [header, _navbar(), main], id="app", header={"height": 64}, navbar=NAVBAR, padding="md"
            ),
        ],
        theme=palette(),
    )


def _navbar() -> Any:
    import dash_mantine_components as dmc
    from dash import html

    groups = []
    for readers, pages in grouped().items():
        ident = f"for-{readers.lower().replace(' ', '-')}"
        groups.append(
            html.Div(
                [
                    html.H2(readers, id=ident),
                    html.Ul(
                        [
                            html.Li(
                                dmc.NavLink(
                                    label=page.title,
                                    href=page.path,
                                    active="exact",
                                    variant="filled",
                                    className="nav-link",
                                )
                            )
                            for page in pages
                        ],
                        **attributes(aria_labelledby=ident),
                    ),
                ]
            )
        )
    return dmc.AppShellNavbar(html.Div(groups, className="navigation"), **attributes(aria_label="Pages"))


def study_line(study: Study | Swept) -> Any:
    """What is shown, in a line: area, systems, how many replications of how many."""
    from experiments.words import heading

    if study.kind == "sweep":
        return study.heading
    if study.n == 0:
        return f"{study.area.name}: {' against '.join(study.configs)}. The first simulations are going on …"
    text = heading(study.area.name, {name.replace("_", " "): c for name, c in study.configs.items()}, study.n)
    if not study.finished:
        text += f" {study.planned - study.n} more replications are being simulated; intervals get narrower."
    if study.n == 1:
        text += " With one replication nothing can be said about luck."
    if study.done.failures:
        text += f" {len(study.done.failures)} simulations failed and are left out."
    return text


def time_left(job: Job) -> str:
    """How long a run will go on at its pace so far; nothing before its first simulations, or for its last seconds."""
    made = job.done - len(getattr(job.order, "known", ()))
    seconds = (time.time() - job.began) / max(made, 1) * (job.total - job.done)
    if made < FEWEST_DONE or seconds < A_LITTLE:
        return ""
    minutes = round(seconds / 60)
    return (
        f", about {minutes} minute{'s' if minutes > 1 else ''} left" if minutes else ", under a minute left"
    )


def status_strip(job: Job | None) -> Any:
    """The tab's last run: how far it is, and what can be done about it."""
    import dash_mantine_components as dmc
    from dash import html

    if job is None:
        return None
    done, total = job.done, job.total
    show = dmc.Button(
        "Show the results", id={"type": "show-run", "key": job.key}, size="compact-md", variant="default"
    )
    if job.running:
        return html.Div(
            [
                html.Span(
                    f"{job.title}: {done:,} of {total:,} simulations done{time_left(job)}."
                    if total
                    else f"{job.title}: being prepared."
                ),
                dmc.Progress(
                    value=100 * done / max(total, 1), className="bar", **attributes(aria_label="Run progress")
                ),
                *([show] if job.can_be_shown else []),
                dmc.Button("Cancel", id={"type": "cancel", "key": job.key}, size="compact-md", color="red.9"),
            ],
            className="strip",
        )
    words = {
        "done": f"{job.title}: done, {done:,} of {total:,} simulations.",
        "cancelled": f"{job.title}: cancelled after {done:,} of {total:,} simulations; nothing goes on.",
        "tab closed": f"{job.title}: ended because the tab was closed, after {done:,} of {total:,} simulations.",
        "failed": f"{job.title}: failed. {' '.join(job.problems or job.failures[:3])}",
    }[job.state]
    return html.Div(
        [html.Span(words), *([show] if job.can_be_shown else [])], className="strip", role="status"
    )
