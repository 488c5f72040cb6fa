"""On Evidence: ask how much the answer depends on a number, or on each of them; both ends of its range are then simulated.

What was asked for is kept while the dashboard runs, stands in the table of numbers, and says in the overview which
assumed numbers the answer hangs on.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from dashboards.background import dependence
from dashboards.background.dependence import Depends, Known
from dashboards.background.work import ENDS
from dashboards.figures.change import ways_figure
from dashboards.page import Control, Options, Page, attributes, control_of, others, table
from dashboards.problem import problem
from dashboards.sliders import LOOK_EVERY, ON
from dashboards.studies.study import Study
from experiments.certainty.statistics import Estimate
from sim.errors import InputError
from sim.measures import LABELS

if TYPE_CHECKING:
    import pandas as pd

    from dashboards.background.jobs import Job
    from dashboards.server import Server

REPLICATIONS = ("5", "10", "3", "20")
#: Numbers drawn, those on which the answer depends most.
DRAWN = 12
FIRST_MEASURE = "impact_mean_change_points"


def _rows(study: Study) -> Options:
    """Numbers with a range, assumed ones first: there the answer may hang on a guess."""
    found = dependence.rows_with_a_range(study)
    grades = {
        name: config.evidence[name].grade
        for config in study.configs.values()
        for name in found
        if name in config.evidence
    }
    order = sorted(found, key=lambda name: grades[name] != "assumed")
    return [(name, f"{name.replace('_', ' ')} ({grades[name]})") for name in order]


def _measures(study: Study) -> Options:
    names = [FIRST_MEASURE, *(name for name, m in LABELS.items() if m.headline and name != FIRST_MEASURE)]
    return [(name, LABELS[name].label) for name in names]


OTHER = Control("other", "The answer: against the reference", others)
MEASURE = Control("measure", "in", _measures)
ROW = Control("row", "Number", _rows)
TIMES = Control("times", "Replications", lambda study: [(n, n) for n in REPLICATIONS])


def section(page: Page, study: Study, asked: dict[str, str]) -> Any:
    """The place for question and answer; nothing if there is nothing to compare."""
    import dash_mantine_components as dmc
    from dash import dcc, html

    if not study.others:
        return None
    return html.Section(
        [
            html.H2("How much does the answer depend on a number?", id="ends-question"),
            html.P(
                "The answer is how far a system is from the reference. A number is put at either end of its range, the rest "
                "stays as it is, and both are simulated with the same children and the same luck. For all of them that is "
                "done one number after the other, in the background: assumed ones first, each told as soon as it is done."
            ),
            html.Div(
                [
                    *(control_of(page, control, study, asked) for control in (ROW, TIMES)),
                    dmc.Button("Work it out", id="ends-run"),
                    dmc.Button(f"Work out all {len(_rows(study))}", id="ends-all", variant="default"),
                ],
                className="controls",
                role="group",
                **attributes(aria_label="Which number"),
            ),
            html.Div(id="ends-status", **attributes(aria_live="polite")),
            html.Div(id="ends-answer"),
            dcc.Store(id="ends-study", data=study.key),
            dcc.Store(id="ends-key"),
            dcc.Store(id="ends-shown"),
            dcc.Interval(id="ends-tick", interval=LOOK_EVERY, max_intervals=0),
        ],
        className="panel wide",
        **attributes(aria_labelledby="ends-question"),
    )


def register(made: tuple[Any, Server]) -> None:
    """The button, and what is known."""
    from dash import Input, Output, State, no_update, set_props

    app, server = made
    on_page = {
        name: {"type": "control", "page": "evidence", "name": name}
        for name in ("other", "measure", "row", "times")
    }

    @app.callback(
        Output("ends-key", "data"),
        Output("ends-tick", "max_intervals"),
        Output("ends-status", "children"),
        Output("started", "data", allow_duplicate=True),
        Input("ends-run", "n_clicks"),
        Input("ends-all", "n_clicks"),
        State(on_page["other"], "value"),
        State(on_page["row"], "value"),
        State(on_page["times"], "value"),
        State("token", "data"),
        State("ends-study", "data"),
        prevent_initial_call=True,
    )
    def ask(
        one: int | None, every: int | None, other: str, row: str, times: str, token: str | None, key: str
    ) -> Any:
        from dash import ctx

        if not (one or every) or not token:
            return no_update, no_update, no_update, no_update
        try:
            study, settings = server.comparison(key), server.settings
            rows = [name for name, _ in _rows(study)] if ctx.triggered_id == "ends-all" else [row]
            order = dependence.order(study, other, rows, int(times), settings.workers, settings.slow_down)
            found = server.known.parts(order)
            order = replace(order, known=frozenset((part.system, part.replication) for part in found))
            # of one number it is answered here; of all of them it is told, and can be cancelled, on every page
            quiet = len(rows) == 1
            title = f"{_titled(row)} at either end" if quiet else f"All {len(rows)} numbers at either end"
            started = server.jobs.start(order, title, token, quiet, found)
            return started, ON, "Live engine: simulating both ends …", no_update if quiet else started
        except InputError as e:
            return None, 0, problem(e.problems), no_update

    @app.callback(
        Output("ends-status", "children", allow_duplicate=True),
        Output("ends-answer", "children"),
        Output("ends-tick", "max_intervals", allow_duplicate=True),
        Output("ends-shown", "data"),
        Input("ends-tick", "n_intervals"),
        Input("revision", "data"),
        Input("dark", "data"),
        Input(on_page["other"], "value"),
        Input(on_page["measure"], "value"),
        State("ends-key", "data"),
        State("ends-shown", "data"),
        State("ends-study", "data"),
        State("token", "data"),
        prevent_initial_call="initial_duplicate",
        running=[(Output("ends-tick", "disabled"), True, False)],
    )
    def look(
        _: int,
        revision: str | None,
        dark: bool | None,
        other: str,
        measure: str,
        key: str | None,
        shown: Any,
        of: str,
        token: str,
    ) -> Any:
        try:
            study = server.comparison(of)
        except InputError:
            return no_update, no_update, 0, no_update
        job = server.look_at(key) if key else None
        if job is not None and job.owner != token:
            job = None
        found = server.known.of(study, other, measure)
        state = f"{len(found)} {_replications(found)} {other} {measure} {bool(dark)}"
        said = status(job) if job is not None else no_update
        running = ON if job is not None and job.running else 0
        if job is not None and not job.running and (now := server.revision(of)) != revision:
            set_props("revision", {"data": now})  # the table of numbers and the overview tell of it as well
        if state == shown:
            return said, no_update, running, no_update
        return said, answered(study, found, measure, bool(dark)), running, state


def _replications(found: dict[str, Depends]) -> int:
    return sum(depends.low.n + depends.high.n for depends in found.values())


def _titled(row: str) -> str:
    return row.replace("_", " ")


def status(job: Job) -> str:
    """How far the simulations of both ends are, and which could not be made."""
    if job.state == "failed":
        return f"Live engine: failed. {' '.join(job.problems or job.failures[:3])}"
    text = f"Live engine, {job.title[:1].lower()}{job.title[1:]}: {len(job.parts):,} of {job.total:,} simulations done"
    if job.running:
        return f"{text}."
    if job.state != "done":
        return f"{text}; stopped. What is complete is told below."
    lost = f" Not known: {' '.join(job.failures[:3])}" if job.failures else ""
    return f"{text}; worked out.{lost}"


def answered(study: Study, found: dict[str, Depends], measure: str, dark: bool) -> Any:
    """What is known, as a figure and a table."""
    from dash import dcc, html

    if not found:
        return html.P(
            "Not known for any number yet: choose one, or all of them, and work it out; or open a sweep that moves every "
            "number (opendoor sweep design=one_at_a_time ...) beside these results."
        )
    m = LABELS[measure]
    shown = dict(list(found.items())[:DRAWN])
    labels = {row: row.replace("_", " ") for row in shown}
    titles = {"base": "as it is", "low": "at the low end", "high": "at the high end"}
    fig = ways_figure(
        marks(shown, m.scale), labels, titles, f"what it does to the difference ({_unit(measure)})", dark
    )
    return [
        html.P(sentence(study, found, measure), className="said"),
        dcc.Graph(
            id="ends-figure",
            figure=fig,
            responsive=True,
            config={"displaylogo": False, "displayModeBar": False, "scrollZoom": False},
            style={"height": f"{fig.layout.height}px"},
        ),
        html.Details(
            [
                html.Summary("The numbers as a table"),
                html.Div(
                    table(as_table(study, found, measure), sortable=True),
                    className="scroll",
                    role="region",
                    tabIndex="0",
                    **attributes(aria_label="How much the answer depends on single numbers"),
                ),
            ]
        ),
    ]


def _unit(measure: str) -> str:
    m = LABELS[measure]
    return "percentage points" if m.unit == "%" else m.unit


def marks(found: dict[str, Depends], scale: float) -> pd.DataFrame:
    """A mark for either end of each number: columns ``plan`` (the end), ``measure`` (the number), mean, low, high."""
    import pandas as pd

    return pd.DataFrame(
        [
            (end, row, e.mean * scale, e.low * scale, e.high * scale)
            for row, depends in found.items()
            for end, e in zip(ENDS, (depends.low, depends.high), strict=True)
        ],
        columns=["plan", "measure", "mean", "low", "high"],
    )


def text_of(measure: str, e: Estimate) -> str:
    """A change of the answer with its interval and replications."""
    m = LABELS[measure]
    if e.n == 0:
        return "not defined"
    text = m.difference_text(e.mean)
    if e.n > 1:
        text += f" ({m.difference_text(e.low)} to {m.difference_text(e.high)})"
    return f"{text}, n = {e.n}"


def as_table(study: Study, found: dict[str, Depends], measure: str) -> pd.DataFrame:
    """What is known, for people."""
    import pandas as pd

    return pd.DataFrame(
        [
            (
                row.replace("_", " "),
                _grade(study, row),
                d.ends[0],
                text_of(measure, d.low),
                d.ends[1],
                text_of(measure, d.high),
                d.swing * LABELS[measure].scale,
                "yes" if d.clear else "no: luck may explain it",
                d.source,
            )
            for row, d in found.items()
        ],
        columns=[
            "Number",
            "Grade",
            "Low end",
            "Difference then changes by",
            "High end",
            "Difference then changes by ",
            f"Swing ({_unit(measure)})",
            "Clear",
            "From",
        ],
    )


def _grade(study: Study, row: str) -> str:
    return next((c.evidence[row].grade for c in study.configs.values() if row in c.evidence), "")


def sentence(study: Study, found: dict[str, Depends], measure: str) -> str:
    """On which numbers the answer depends most, of those that are known."""
    clear = [(row, d) for row, d in found.items() if d.clear]
    known = f"Known for {len(found)} of {len(dependence.rows_with_a_range(study))} numbers with a range. "
    if not clear:
        return known + "None of them clearly moves the answer from one end of its range to the other."
    if len(found) == 1:
        known += "Whether others move the answer more is not known. "
    most = "; ".join(
        f"{_titled(row)} ({_grade(study, row)}; at {d.ends[0]:g}: {text_of(measure, d.low)}; "
        f"at {d.ends[1]:g}: {text_of(measure, d.high)})"
        for row, d in clear[:3]
    )
    how = "moves with" if len(found) == 1 else "depends, of those, most on"
    return f"{known}The difference in {LABELS[measure].label.lower()} {how} {most}."


def hangs_on(study: Study, known: Known | None, other: str, measure: str) -> list[str]:
    """For "what is not known": the assumed numbers on which the answer depends, as far as that has been worked out."""
    found = known.of(study, other, measure) if known is not None and study.others else {}
    assumed = [row for row in dependence.rows_with_a_range(study) if _grade(study, row) == "assumed"]
    label = LABELS[measure].label.lower()
    looked_at = [row for row in assumed if row in found]
    if not looked_at:
        return [
            f"Which of the {len(assumed)} assumed numbers with a range the difference in {label} hangs on has not been "
            "worked out for these results: Evidence does it, for one number or for all of them."
        ]
    clear = [row for row in found if row in looked_at and found[row].clear]
    if not clear:
        return [
            f"Of {len(assumed)} assumed numbers with a range, {len(looked_at)} have been put at either end of it; none of "
            f"these clearly moves the difference in {label}."
        ]
    told = "; ".join(
        f"{_titled(row)} (at {found[row].ends[0]:g}: {text_of(measure, found[row].low)}; at "
        f"{found[row].ends[1]:g}: {text_of(measure, found[row].high)})"
        for row in clear[:5]
    )
    more = f" and {len(clear) - 5} more" if len(clear) > 5 else ""
    return [
        f"The difference in {label} hangs on assumed numbers, which change it by: {told}{more}. {len(looked_at)} of "
        f"{len(assumed)} assumed numbers with a range have been put at either end of it."
    ]
