"""Sliders on Getting there: move a condition for success or a cost of the change, and the engine answers at once.

A slider that is let go starts a run in the background that belongs to the tab and takes the place of the one before.
The first replication answers, each further one makes it surer. What has been moved stands in the address.
"""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from dashboards.background import live
from dashboards.background.work import Order
from dashboards.figures.change import course_figure
from dashboards.page import Control, Page, attributes, control_of, table
from dashboards.problem import problem
from dashboards.studies.changes import change_table, plan_titles
from dashboards.studies.study import Study
from experiments.certainty.statistics import Estimate
from experiments.comparing.change_page import cell
from sim.errors import InputError
from sim.measures.change import MEASURES
from sim.transition import NoChange

if TYPE_CHECKING:
    import pandas as pd

    from dashboards.background.jobs import Job
    from dashboards.server import Server

#: Milliseconds between two looks at a run that answers a slider.
LOOK_EVERY = 300
#: An interval that goes on.
ON = -1
#: The axis of cumulative impact.
AHEAD = "point-years ahead of staying put"
REPLICATIONS = ("10", "5", "20", "1")

WAY = Control(
    "way",
    "Way to change",
    lambda study: [
        (name, plan_titles(study)[name])
        for name, config in study.configs.items()
        if name != study.reference and not isinstance(config.transition, NoChange)
    ],
)
TIMES = Control("times", "Replications, at most", lambda study: [(n, n) for n in REPLICATIONS])
SET = Control("set", "What has been moved", typed=True)


def section(page: Page, study: Study, asked: dict[str, str]) -> Any:
    """The place for sliders and answer; nothing if no way to change leads away from the reference."""
    from dash import dcc, html

    if not WAY.options(study):
        return None
    return html.Section(
        [
            html.H2(
                "What if the conditions were others, or the change cost more or less?", id="live-question"
            ),
            html.P(
                "Move a slider and let go: the model itself is run again with that setting (no estimate in between) and "
                "as loaded, both with the same children and the same luck."
            ),
            html.Div(
                [control_of(page, WAY, study, asked), control_of(page, TIMES, study, asked)],
                className="controls",
                role="group",
                **attributes(aria_label="Choose"),
            ),
            html.Div(control_of(page, SET, study, asked), hidden=True),
            html.Div(
                [
                    html.Div(
                        [
                            html.Div(id="live-status", **attributes(aria_live="polite")),
                            html.Div(
                                "…",
                                id="live-answer",
                                className="answer",
                            ),
                        ],
                        className="live-answer",
                    ),
                    html.Div(id="live-form", **attributes(data_set=asked.get("set", ""))),
                ],
                className="live",
            ),
            dcc.Store(id="live-study", data=study.key),
            dcc.Store(id="live-key"),
            dcc.Store(id="live-shown"),
            dcc.Interval(id="live-tick", interval=LOOK_EVERY, max_intervals=0),
        ],
        className="panel wide",
        **attributes(aria_labelledby="live-question"),
    )


def fields(study: Study, plan: str) -> list[dict[str, Any]]:
    """What the browser builds the sliders from: groups of settings."""
    groups: dict[str, list[dict[str, Any]]] = {}
    for setting in live.settings(study.configs[plan]):
        groups.setdefault(setting.group, []).append({**asdict(setting), "step": setting.step})
    return [{"title": title, "fields": found} for title, found in groups.items()]


def register(made: tuple[Any, Server]) -> None:
    """What happens when a slider is let go, and while the engine answers."""
    from dash import Input, Output, State, ctx, no_update

    app, server = made
    on_page = {name: {"type": "control", "page": "change", "name": name} for name in ("way", "times", "set")}

    @app.callback(
        Output("live-form", "data-fields"), Input(on_page["way"], "value"), State("live-study", "data")
    )
    def show_sliders(way: str | None, key: str) -> Any:
        try:
            study = server.comparison(key)
            return json.dumps(fields(study, way or ""), ensure_ascii=False) if way in study.configs else "[]"
        except InputError:
            return "[]"

    @app.callback(
        Output("live-key", "data"),
        Output("live-tick", "max_intervals"),
        Output("live-status", "children"),
        Output("live-answer", "children"),
        Output("live-answer", "className"),
        Input(on_page["set"], "value"),
        Input(on_page["way"], "value"),
        Input(on_page["times"], "value"),
        Input("token", "data"),
        Input("dark", "data"),
        Input("revision", "data"),
        State("live-study", "data"),
    )
    def let_go(
        text: str | None,
        way: str | None,
        times: str | None,
        token: str | None,
        dark: bool | None,
        _: str | None,
        key: str,
    ) -> Any:
        if not token or not way:
            return no_update, no_update, no_update, no_update, no_update
        try:
            study = server.comparison(key)
            if way not in study.configs:
                raise InputError(f"{way}: these results hold no such way to change.")
            values = live.read_settings(text or "", study.configs[way])
            if values and {t["prop_id"] for t in ctx.triggered} <= {"dark.data", "revision.data"}:
                return no_update, no_update, no_update, no_update, no_update  # nothing else is asked
            server.jobs.end_quiet(token)
            if not values:
                return None, 0, None, unmoved(study, way, bool(dark)), "answer"
            settings = server.settings
            order = live.order(study, way, values, int(times or "1"), settings.workers, settings.slow_down)
            found = server.kept.of(order)
            known = frozenset((part.system, part.replication) for part in found)
            job = server.jobs.start(replace(order, known=known), f"Sliders: {way}", token, True, found)
            return job, ON, "Live engine: simulating with the new settings …", no_update, "answer old"
        except InputError as e:
            return None, 0, problem(e.problems), no_update, "answer old"

    @app.callback(
        Output("live-status", "children", allow_duplicate=True),
        Output("live-answer", "children", allow_duplicate=True),
        Output("live-answer", "className", allow_duplicate=True),
        Output("live-tick", "max_intervals", allow_duplicate=True),
        Output("live-shown", "data"),
        Input("live-tick", "n_intervals"),
        Input("dark", "data"),
        State("live-key", "data"),
        State("live-shown", "data"),
        State("live-study", "data"),
        State("token", "data"),
        prevent_initial_call=True,
        # an answer that comes after the next question is thrown away: no second look while one goes on
        running=[(Output("live-tick", "disabled"), True, False)],
    )
    def look(_: int, dark: bool | None, key: str | None, shown: str | None, study: str, token: str) -> Any:
        job = server.jobs.look(key) if key else None
        if job is None or job.owner != token or not isinstance(job.order, Order):
            return no_update, no_update, no_update, no_update, no_update
        parts = list(job.parts.values())
        server.kept.add(job.order, parts)
        revision = f"{key} {len(parts)} {job.state} {bool(dark)}"
        if revision == shown:
            return no_update, no_update, no_update, no_update, no_update
        found = live.answer(job.order, parts, job.began)
        body = (
            no_update if found is None else answered(server.comparison(study), job.order, found, bool(dark))
        )
        return (
            status(job, found),
            body,
            no_update if found is None else "answer",
            ON if job.running else 0,
            revision,
        )

    @app.callback(
        Output("live-tick", "max_intervals", allow_duplicate=True),
        Output("live-status", "children", allow_duplicate=True),
        Input("live-stop", "n_clicks"),
        State("token", "data"),
        prevent_initial_call=True,
    )
    def stop(clicks: int | None, token: str | None) -> Any:
        if not clicks or not token:
            return no_update, no_update
        server.jobs.end_quiet(token)
        return 0, "Live engine: stopped. What is shown rests on the replications that were done."


def status(job: Job, found: live.Answer | None) -> Any:
    """Which engine answers, how many replications there are, and how long the first took."""
    import dash_mantine_components as dmc
    from dash import html

    total = job.order.replications if isinstance(job.order, Order) else 0
    if job.state == "failed":
        return f"Live engine: failed. {' '.join(job.problems or job.failures[:3])}"
    if found is None:
        text = "Live engine: simulating with the new settings; the answer comes with the first replication."
    else:
        first = "were at hand" if found.seconds < 0.05 else f"after {found.seconds:.1f} s"
        text = f"Live engine, {found.n} of {total} replications; first results {first}."
        if job.running and found.paired < found.n:
            text += " For the difference, the settings of the results are simulated with the same seeds."
    if not job.running:
        return text
    stop = dmc.Button("Stop", id="live-stop", size="compact-md", variant="default")
    return html.Div([html.Span(text), stop], className="strip")


def answered(study: Study, order: Order, found: live.Answer, dark: bool) -> Any:
    """Sentence, figure, table and file of an answer."""
    from dash import dcc, html

    _, moved, plan = order.configs
    shown, numbers = frames(found)
    fig = course_figure(*course(study, plan, moved, found), AHEAD, dark)
    return [
        html.P(sentence(plan_titles(study)[plan], found), className="said"),
        dcc.Graph(
            id="live-figure",
            figure=fig,
            responsive=True,
            config={"displaylogo": False, "displayModeBar": False, "scrollZoom": False},
            style={"height": f"{fig.layout.height}px"},
        ),
        html.Div(
            table(shown),
            className="scroll whole stacked",
            role="region",
            tabIndex="0",
            **attributes(aria_label="Answer"),
        ),
        html.Details(
            [
                html.Summary("What am I looking at?"),
                html.P(
                    "Every number is a difference from staying put, with its 95 % interval and n, the replications behind "
                    "it. 'As loaded' and 'with these settings' are both simulated now, in the same replications: those of "
                    "the results above, from the first on, and more if more are asked for. 'What the settings change' "
                    "compares the two replication by replication, so that their common luck drops out. Intervals cover "
                    "luck only, not what is unknown about the numbers themselves."
                ),
                html.P(["On the command line, in full: ", html.Code(command(study, live.moved_in(order)))]),
            ]
        ),
        html.A(
            "Download the numbers (CSV)",
            href=f"data:text/csv;charset=utf-8,{quote(numbers.to_csv(index=False))}",
            download="opendoor-change-sliders.csv",
            className="download",
        ),
    ]


def unmoved(study: Study, plan: str, dark: bool) -> Any:
    """What stands in place of an answer as long as nothing is moved: the way as it is loaded."""
    from dash import dcc, html

    if study.n == 0:
        return "Nothing is moved. The first simulations of these results are going on."
    titles = plan_titles(study)
    rows = _of_plan(study, plan)
    fig = course_figure(
        _with_reference(study, rows),
        {study.reference: titles[study.reference], plan: f"{titles[plan]}, as loaded"},
        AHEAD,
        dark,
    )
    return [
        html.P("Nothing is moved: what stands above holds. A slider that is let go adds its own line here."),
        dcc.Graph(
            id="live-loaded",
            figure=fig,
            responsive=True,
            config={"displaylogo": False, "displayModeBar": False, "scrollZoom": False},
            style={"height": f"{fig.layout.height}px"},
        ),
    ]


def _of_plan(study: Study, plan: str) -> pd.DataFrame:
    """Cumulative impact of a way to change as it is loaded, with its interval."""
    rows = change_table(study, "change_by_week")
    rows = rows[(rows["measure"] == "point_years") & (rows["plan"] == plan)]
    return rows.rename(columns={"difference": "value"})[["plan", "week", "value", "low", "high", "n"]]


def _with_reference(study: Study, rows: pd.DataFrame) -> pd.DataFrame:
    """The same with what it is set against, which is nought."""
    import pandas as pd

    put = pd.DataFrame({"plan": study.reference, "week": rows["week"], "value": 0.0, "low": 0.0, "high": 0.0})
    return pd.concat([put, rows.drop(columns="n")], ignore_index=True)


def frames(found: live.Answer) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The answer as a table for people, and as numbers for a file."""
    import pandas as pd

    shown, numbers = [], []
    for row in found.rows:
        m = MEASURES[row.measure]
        label = m.label.split(":")[0] if row.measure == "break_even_week" else m.label
        shown.append(
            (
                label if m.unit in ("%", "£") else f"{label} ({m.unit})",
                f"{_cell(row.measure, row.loaded)}, n = {row.loaded.n}" if found.paired else "–",
                f"{_cell(row.measure, row.moved)}, n = {row.moved.n}",
                _difference(row),
                live.in_words(row) if found.paired else "as loaded is being simulated",
            )
        )
        numbers.append(
            {
                "measure": row.measure,
                "label": m.label,
                "unit": m.stored_unit,
                **{
                    f"{which}_{k}": getattr(getattr(row, which), k)
                    for which in ("loaded", "moved", "difference")
                    for k in ("mean", "low", "high", "n")
                },
                "in_words": live.in_words(row),
            }
        )
    heads = [
        "Against staying put",
        "As loaded",
        "With these settings",
        "What the settings change",
        "In words",
    ]
    return pd.DataFrame(shown, columns=heads), pd.DataFrame(numbers)


def _cell(measure: str, e: Estimate) -> str:
    if e.n == 0:
        return "not in any replication"
    row = {"measure": measure, "mean": e.mean, "low": e.low, "high": e.high, "n": e.n, "in_words": ""}
    first, *rest = cell(MEASURES[measure], {**row, "replications": e.n}).split("\n")
    return f"{first} ({', '.join(rest)})" if rest else first


def _difference(row: live.Row) -> str:
    m, e = MEASURES[row.measure], row.difference
    if e.n == 0:
        return "–"
    text = m.difference_text(e.mean)
    if e.n > 1:
        text += f" ({m.difference_text(e.low)} to {m.difference_text(e.high)})"
    return f"{text}, n = {e.n}"


def sentence(title: str, found: live.Answer) -> str:
    """The answer for function gained, in words."""
    row = next(r for r in found.rows if r.measure == "point_years")
    text = f"With these settings, {title} ends at {_cell('point_years', row.moved)} point-years against staying put"
    if not found.paired:
        return f"{text} (n = {row.moved.n}). As loaded it is being simulated with the same children and the same luck."
    text += f"; as loaded at {_cell('point_years', row.loaded)} (n = {row.moved.n} of both)"
    if row.difference.n:
        text += f". The settings make a difference of {_difference(row)}: {live.in_words(row)}"
    return text + "."


def course(study: Study, plan: str, moved: str, found: live.Answer) -> tuple[pd.DataFrame, dict[str, str]]:
    """Cumulative impact as loaded and as moved, and what the lines are called."""
    import pandas as pd

    rows = _of_plan(study, plan)
    n = int(rows["n"].max())
    every = pd.concat([_with_reference(study, rows), found.course.assign(plan=moved)], ignore_index=True)
    titles = {
        study.reference: plan_titles(study)[study.reference],
        plan: f"as loaded (n = {n})",
        moved: f"with these settings (n = {found.n})",
    }
    return every, titles


def command(study: Study, values: dict[str, float]) -> str:
    """The command of the results with the settings added; of a run in the background only the settings."""
    import shlex

    words = ["..."]
    if study.folder is not None:
        facts = json.loads((study.folder / "provenance.json").read_text(encoding="utf-8"))
        words = [w for w in facts["command"][1:] if not w.startswith("output=")]
    return " ".join(["opendoor", *map(shlex.quote, [*words, *live.as_words(values)])])
