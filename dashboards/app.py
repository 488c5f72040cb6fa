"""The dashboard as one application: a shell with navigation, and pages that fill in as results arrive.

The shell is there at once. What a page shows comes panel by panel, each on its own, so one that cannot be drawn
says why and leaves the others alone. What was chosen stands in the address, so a page can be passed on as a link.
"""

from __future__ import annotations

import logging
import re
import traceback
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import parse_qs, quote

from dashboards.compressed import pack_answers
from dashboards.layout import shell, status_strip, study_line
from dashboards.navigation import PAGES, page_at
from dashboards.page import Drawn, Look, Page, Panel, build, chosen, graph, missing, part, table, unbroken
from dashboards.problem import MISTAKE, not_found, problem, problem_page
from dashboards.server import Server
from dashboards.telling import present
from dashboards.telling.link import PATH as PRESENT
from dashboards.telling.storyboard import Story, shipped_story
from sim.errors import InputError

if TYPE_CHECKING:
    from dashboards.studies.study import Study

log = logging.getLogger("opendoor.dashboard")
ASSETS = Path(__file__).resolve().parent / "assets"
PLOTLY = "/_dash-component-suites/plotly/package_data/plotly.min.js"


def create_app(server: Server, story: Story | None = None) -> Any:
    """The Dash application of a server; nothing in it is shared with another one made by this function.

    Args:
        story: what is presented; None for the shipped one, which is read when it is first asked for.
    """
    import dash_ag_grid  # noqa: F401  (its scripts are known to the page only if it is loaded before)
    import plotly.io as pio
    from dash import Dash

    pio.templates.default = "none"
    app = Dash(
        "dashboards",
        title="OpenDoor",
        update_title="",
        serve_locally=True,
        assets_folder=str(ASSETS),
        suppress_callback_exceptions=True,
        add_log_handler=False,
        on_error=_mistake,
    )
    app.index_string = app.index_string.replace("<html>", '<html lang="en-GB">')
    app.layout = lambda: shell(server.settings.beat_seconds)
    tell = shipped_story if story is None else lambda: story
    _register(app, server, tell)
    present.register(app, server, tell)
    for page in PAGES:
        for panel in page.panels:
            _register_panel(app, server, page, panel)
        if page.extra is not None:
            page.extra((app, server))
    _routes(app, server)
    pack_answers(app.server)
    return app


def make_ready(app: Any, server: Server) -> None:
    """Do once, before somebody waits for it, what the first page needs: it is built, its scripts are packed and, of results
    that are there, its panels are drawn."""
    first, key = PAGES[0], server.first_key
    with suppress(InputError):  # told when it is looked at
        build(first, server.study(key), {})
    client = app.server.test_client()
    packed = {"Accept-Encoding": "gzip"}
    page = client.get("/").get_data(as_text=True)
    for script in (*re.findall(r'src="(/_dash[^"]+)"', page), PLOTLY, "/_dash-layout", "/_dash-dependencies"):
        client.get(script, headers=packed).close()
    if server.kind(key) == first.of and server.example is None:
        for panel in first.panels:
            draw(server, first, panel, key, {}, False)


def _mistake(error: Exception) -> None:
    """What went wrong in a callback is said on the page; nothing that is shown changes."""
    from dash import set_props

    log.error("A callback failed:\n%s", "".join(traceback.format_exception(error)))
    set_props("mistake", {"children": problem([MISTAKE])})


def asked_for(search: str | None) -> dict[str, str]:
    """What an address asks for: ``?results=x&other=balanced``."""
    return {name: values[-1] for name, values in parse_qs((search or "").lstrip("?")).items()}


def _register(app: Any, server: Server, story: Callable[[], Story]) -> None:
    from dash import ALL, ClientsideFunction, Input, Output, State, no_update, set_props

    @app.callback(
        Output("content", "children"),
        Output("links", "data"),
        Output("results", "value", allow_duplicate=True),
        Input("url", "pathname"),
        Input("results", "value"),
        State("url", "search"),
        State("links", "data"),
        State("token", "data"),
        prevent_initial_call="initial_duplicate",
    )
    def show_page(
        path: str, key: str | None, search: str | None, shown: str | None, token: str | None
    ) -> tuple[Any, Any, Any]:
        set_props("mistake", {"children": None})
        if (path or "").rstrip("/") == PRESENT:
            if shown == PRESENT:
                return no_update, no_update, no_update
            return present.frame(story()), PRESENT, no_update
        page = page_at(path)
        if page is None:
            return not_found(path), f"{path} ", no_update
        asked = asked_for(search)
        key = key or asked.get("results") or server.first_key
        showing = f"{page.path} {key}"
        if showing == shown:  # rendered again, a page would lose what was typed and where the reader was
            return no_update, no_update, no_update
        try:
            fits, study = server.fitting(page, key, token)
            if fits != key:  # a comparison was shown, and this page is about sweeps, or the other way round
                return build(page, study, asked), f"{page.path} {fits}", fits
            return build(page, study, asked, arriving=shown is None), showing, no_update
        except InputError as e:
            return problem_page(page, e.problems), showing, no_update
        except Exception:
            log.error("%s cannot be shown:\n%s", page.path, traceback.format_exc())
            return problem_page(page, [MISTAKE]), showing, no_update

    @app.callback(
        Output("results", "data"),
        Output("results", "value"),
        Input("token", "data"),
        Input("revision", "data"),
        State("results", "value"),
        State("results", "data"),
        State("url", "search"),
    )
    def list_results(
        token: str | None, _: str | None, value: str | None, known: Any, search: str | None
    ) -> tuple[Any, Any]:
        wanted = value or asked_for(search).get("results") or server.first_key
        keys = server.keys(token)
        if wanted not in dict(keys):  # somebody else's, by a link; or gone, which the page then says
            job = server.jobs.look(wanted)
            keys.append((wanted, job.title if job is not None else "not here any more"))
        data = [{"value": key, "label": title} for key, title in keys]
        return (data if data != known else no_update), (wanted if wanted != value else no_update)

    @app.callback(
        Output("revision", "data"),
        Output("tick", "disabled"),
        Output("strip", "children"),
        Output("study-line", "children"),
        Input("tick", "n_intervals"),
        Input("results", "value"),
        Input("started", "data"),
        State("token", "data"),
        State("revision", "data"),
    )
    def look_again(
        _: int, key: str | None, started: Any, token: str | None, known: str | None
    ) -> tuple[Any, ...]:
        mine = server.jobs.of(token) if token else []
        for job in mine:
            server.look_at(job.key)
        going = any(job.running for job in mine)
        try:
            line = study_line(server.study(key))
        except InputError as e:
            line = " ".join(e.problems)
        growing = server.growing(key)
        revision = server.revision(key)
        return (
            # until the results are chosen nobody could draw anything, and would not be asked again
            revision if key and revision != known else no_update,
            not (going or growing),
            status_strip(mine[-1] if mine else None),
            line,
        )

    @app.callback(
        Output("started", "data", allow_duplicate=True),
        Input({"type": "cancel", "key": ALL}, "n_clicks"),
        State("token", "data"),
        prevent_initial_call=True,
    )
    def cancel(clicks: list[int | None], token: str | None) -> Any:
        from dash import ctx

        if not any(clicks) or not token or not isinstance(ctx.triggered_id, dict):
            return no_update
        server.jobs.cancel(ctx.triggered_id["key"], token)
        return f"cancelled {ctx.triggered_id['key']}"

    @app.callback(
        Output("results", "value", allow_duplicate=True),
        Output("go", "data"),
        Input({"type": "show-run", "key": ALL}, "n_clicks"),
        prevent_initial_call=True,
    )
    def show_run(clicks: list[int | None]) -> Any:
        from dash import ctx

        if not any(clicks) or not isinstance(ctx.triggered_id, dict):
            return no_update, no_update
        key = ctx.triggered_id["key"]
        return key, "/pick-and-mix" if server.kind(key) == "sweep" else "/"

    for name, outputs, inputs in (
        ("theme", [Output("dark", "data")], [Input("theme", "checked")]),
        ("token", [Output("token", "data")], [Input("start", "n_intervals")]),
        ("startTheme", [Output("theme", "checked")], [Input("start", "n_intervals")]),
        ("navigation", [Output("navigated", "data")], [Input("links", "data")]),
        ("go", [Output("gone", "data")], [Input("go", "data")]),
        (
            "address",
            [Output("addressed", "data")],
            [
                Input({"type": "control", "page": ALL, "name": ALL}, "value"),
                Input("results", "value"),
                State({"type": "control", "page": ALL, "name": ALL}, "id"),
            ],
        ),
        ("burger", [Output("app", "navbar")], [Input("burger", "opened"), Input("links", "data")]),
    ):
        app.clientside_callback(ClientsideFunction("opendoor", name), *outputs, *inputs)


def _register_panel(app: Any, server: Server, page: Page, panel: Panel) -> None:
    """One callback for one panel: the controls of its page in, its answer out."""
    from dash import Input, Output, State, no_update, set_props

    outputs = [
        Output(part(page, panel, "said"), "children"),
        Output(part(page, panel, "picture"), "children"),
        Output(part(page, panel, "body"), "children"),
        Output(part(page, panel, "table"), "children"),
        Output(part(page, panel, "download"), "href"),
    ]
    used = [c for c in page.controls if panel.uses is None or c.name in panel.uses]
    controls = [Input({"type": "control", "page": page.name, "name": c.name}, "value") for c in used]

    @app.callback(
        outputs, Input("revision", "data"), Input("dark", "data"), State("results", "value"), *controls
    )
    def answer(_: str | None, dark: bool | None, key: str | None, *given: str | int | None) -> Any:
        if not key or server.kind(key) != page.of:  # the results that fit the page are on their way
            return [no_update] * len(outputs)
        values = {c.name: str(value or "") for c, value in zip(used, given, strict=True)}
        drawn = draw(server, page, panel, key, values, bool(dark))
        if drawn.pending:
            set_props("tick", {"disabled": False})
        query = "&".join(f"{name}={quote(value)}" for name, value in {"results": key, **values}.items())
        return (
            unbroken(drawn.said),
            graph(page, panel, drawn.figure) if drawn.figure is not None else None,
            drawn.body,
            table(drawn.frame),
            f"/download/{page.name}/{panel.name}.csv?{query}",
        )


def draw(server: Server, page: Page, panel: Panel, key: str, values: dict[str, str], dark: bool) -> Drawn:
    """A panel's answer; whatever goes wrong becomes a message on the page with what to do."""
    import pandas as pd

    try:
        study = cast("Study", server.study(key))  # a page of sweeps takes it for what it is
        if why := missing(page, study):
            return Drawn(" ".join(why), pd.DataFrame())
        if study.n == 0:
            text = "The first simulation is still going on; numbers appear here as soon as it is done."
            return Drawn(text, pd.DataFrame())
        values = {c.name: chosen(c, study, values) for c in page.controls}
        return panel.draw(Look(study, values, dark, server.known, lambda: server.beside(key)))
    except InputError as e:
        return Drawn("", pd.DataFrame(), body=problem(e.problems))
    except Exception:
        log.error("%s/%s cannot be drawn:\n%s", page.name, panel.name, traceback.format_exc())
        return Drawn(
            "",
            pd.DataFrame(),
            body=problem([MISTAKE]),
        )


def _routes(app: Any, server: Server) -> None:
    """Addresses besides the page itself: a tab's sign of life, and downloads."""
    from flask import Response, abort, request

    @app.server.post("/heartbeat")
    def heartbeat() -> Any:
        if token := request.get_data(as_text=True)[:64]:
            server.jobs.heard(token)
        return "", 204

    @app.server.post("/goodbye")
    def goodbye() -> Any:
        if token := request.get_data(as_text=True)[:64]:
            server.jobs.goodbye(token)
        return "", 204

    @app.server.get("/download/<name>/<panel_name>.csv")
    def download(name: str, panel_name: str) -> Any:
        page = next((p for p in PAGES if p.name == name), None)
        panel = next((p for p in (page.panels if page else ()) if p.name == panel_name), None)
        if page is None or panel is None:
            abort(404)
        values = {key: value for key, value in request.args.items() if key != "results"}
        drawn = draw(server, page, panel, request.args.get("results", ""), values, False)
        text = drawn.frame.to_csv(index=False)
        head = {"Content-Disposition": f'attachment; filename="opendoor-{name}-{panel_name}.csv"'}
        return Response("﻿" + text, mimetype="text/csv", headers=head)
