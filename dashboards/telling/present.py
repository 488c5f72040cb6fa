"""Present mode: a story told screen by screen to a room, with the numbers of the results that are shown.

One screen at a time is asked for and drawn. Which one stands in the address, so a presenter who loads the page again,
or passes it on, is where they were. If the results are of no ways to change, the page says which command makes some,
and can run it here.
"""

from __future__ import annotations

import logging
import threading
import traceback
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from dashboards.background.work import Order
from dashboards.page import attributes
from dashboards.problem import MISTAKE, problem
from dashboards.studies.changes import lacking
from dashboards.telling.slides import Screen, child_on, slide
from dashboards.telling.storyboard import JourneyStep, Story, held
from sim.errors import InputError

if TYPE_CHECKING:
    from dashboards.server import Server
    from dashboards.studies.study import Study

log = logging.getLogger("opendoor.dashboard")


def frame(story: Story) -> Any:
    """The empty page: a place for a screen, and what moves on from it. The browser says which screen it wants."""
    from dash import dcc, html

    def button(what: str, words: str, key: str) -> Any:
        return html.Button(
            words,
            className="present-button",
            type="button",
            **attributes(data_present=what, aria_keyshortcuts=key),
        )

    return html.Div(
        [
            dcc.Store(id="present-at"),
            html.Div(id="present-said", className="unseen", **attributes(aria_live="polite")),
            html.Div(
                [html.H1(story.title, id="title", tabIndex="-1"), html.P("The screen is being made ready …")],
                id="present-slide",
            ),
            html.Nav(
                [
                    button("back", "◂ Back", "ArrowLeft"),
                    html.Span("…", id="present-progress", className="present-progress"),
                    button("next", "Next ▸", "ArrowRight"),
                    html.Span(className="present-gap"),
                    button("notes", "Notes", "n"),
                    button("full", "Full screen", "f"),
                    dcc.Link("Leave", href="/change", id="present-leave", className="present-button"),
                ],
                className="present-bar",
                **attributes(aria_label="Screens"),
            ),
        ],
        id="present",
        className="present-empty",
        **attributes(data_of=str(len(story.steps))),
    )


def register(app: Any, server: Server, story: Callable[[], Story]) -> None:
    """What the page asks for: a screen, and a run that makes results for the story."""
    from dash import ALL, Input, Output, State, ctx, no_update

    @app.callback(
        Output("present-slide", "children"),
        Output("present", "className"),
        Output("present-said", "children"),
        Input("revision", "data"),
        Input("dark", "data"),
        Input("present-at", "data"),
        State("results", "value"),
    )
    def show(_: str | None, dark: bool | None, at: dict[str, Any] | None, key: str | None) -> Any:
        if not key or not at:
            return no_update, no_update, no_update
        return shown(server, story(), key, int(at.get("step") or 1), bool(dark), bool(at.get("narrow")))

    @app.callback(
        Output("present-run-said", "children"),
        Output("started", "data", allow_duplicate=True),
        Output("results", "value", allow_duplicate=True),
        Input({"type": "present-run", "how": ALL}, "n_clicks"),
        State("token", "data"),
        prevent_initial_call=True,
    )
    def start(clicks: list[int | None], token: str | None) -> Any:
        if not any(clicks) or not isinstance(ctx.triggered_id, dict):
            return no_update, no_update, no_update
        try:
            order = ordered(server, story(), ctx.triggered_id["how"] == "quick")
            key = server.jobs.start(order, story().title, token or "nobody")
        except InputError as e:
            return problem(e.problems), no_update, no_update
        return "Started.", key, key


def ordered(server: Server, story: Story, quick: bool) -> Order:
    """The run that makes results for the story.

    Raises:
        InputError: the story's words cannot be run.
    """
    from experiments.comparing.change import with_gains
    from experiments.composing.compose import load_plans

    configs = with_gains(load_plans([*story.run, *(story.quick if quick else ())]))
    first = next(iter(configs.values()))
    return Order(configs, first.replications, first.seed, server.settings.workers, server.settings.slow_down)


def shown(
    server: Server, story: Story, key: str, number: int, dark: bool, narrow: bool
) -> tuple[Any, str, str]:
    """A screen, how the page looks with it, and what is read out; whatever goes wrong is said on it."""
    number = min(max(number, 1), len(story.steps))
    try:
        study = server.comparison(key)
        ways = held(story, study.configs)
        if (missing := lacking(study)) or len(ways) < 2:
            return _offer(story, missing, study), "present-empty", ""
        if study.n == 0:
            return _wait(story, study), "present-empty", ""
        screen = Screen(study, story, ways, dark, narrow)
        _make_ready(server, screen)
        content = slide(screen, number)
    except InputError as e:
        return _note(story, e.problems), "present-empty", ""
    except Exception:
        log.error("step %d of the story cannot be drawn:\n%s", number, traceback.format_exc())
        return _note(story, [MISTAKE]), "present-empty", ""
    return content, "presenting", f"Screen {number} of {len(story.steps)}"


def _note(story: Story, sentences: list[str]) -> Any:
    from dash import html

    words = html.Div([html.P(text) for text in sentences], className="problem", role="alert")
    return html.Div([html.H1(story.title, id="title", tabIndex="-1"), words])


def _wait(story: Story, study: Study) -> Any:
    from dash import html

    if study.finished:
        text = "The run was ended before its first replication was done. Start it again, or choose other results above."
        return html.Div(
            [html.H1(story.title, id="title", tabIndex="-1"), html.P(text), *_buttons(story, study)]
        )
    text = (
        "The first simulations are going on. The story begins as soon as every way has been simulated once."
    )
    return html.Div([html.H1(story.title, id="title", tabIndex="-1"), html.P(text, role="status")])


def _offer(story: Story, missing: list[str], study: Study) -> Any:
    """What makes results that this story can be told with; to be typed, or run here."""
    from dash import html

    named = ", ".join(way.title.lower() for way in story.ways.values())
    reason = (
        f"{study.title} holds no ways to change: its systems have been in place from the start."
        if missing
        else f"{study.title} holds fewer than two of the ways this story tells of: {named}."
    )
    return html.Div(
        [
            html.H1(story.title, id="title", tabIndex="-1"),
            html.P(
                "A story for a board, one idea on each screen, with numbers of the results that are shown.",
                className="lead",
            ),
            html.Div(
                [
                    html.P(reason),
                    html.P(["Results for it are made by ", html.Code(story.command), "."]),
                    html.P("Open the folder it names with opendoor dashboard FOLDER. Or have it run here:"),
                    *_buttons(story, study),
                ],
                className="note",
            ),
        ]
    )


def _buttons(story: Story, study: Study) -> list[Any]:
    import dash_mantine_components as dmc
    from dash import html

    def button(label: str, how: str, variant: str) -> Any:
        return dmc.Button(label, id={"type": "present-run", "how": how}, variant=variant)

    quick = [button("A quick look", "quick", "default")] if story.quick else []
    words = f" A quick look is with {' '.join(story.quick)}." if story.quick else ""
    return [
        html.Div([button("Run it here", "whole", "filled"), *quick], className="controls"),
        html.P(
            "It goes on in the background and ends when you cancel it or close this tab; numbers appear with the first "
            f"replication, and intervals get narrower with each further one.{words}"
        ),
        html.Div(id="present-run-said", **attributes(aria_live="polite")),
    ]


def _make_ready(server: Server, screen: Screen) -> None:
    """Simulate what screens about single children need before somebody stands in front of them; once for each study."""
    if screen.study.key in server.made_ready:
        return
    server.made_ready.add(screen.study.key)
    steps = [step for step in screen.story.steps if isinstance(step, JourneyStep)]
    threading.Thread(target=_look_up, args=(screen, steps), daemon=True).start()


def _look_up(screen: Screen, steps: list[JourneyStep]) -> None:
    for step in steps:
        with suppress(InputError):  # the screen itself says why
            child_on(screen, step)
