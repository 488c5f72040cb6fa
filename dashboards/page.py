"""A page is a few questions; each is answered by one picture, in words, and by the numbers behind it.

A page module declares its controls and its panels. Everything else is the same for all: where a panel's sentence,
picture, table and download stand, what happens when something goes wrong, and how the state of the controls gets
into the address.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, cast

if TYPE_CHECKING:
    import pandas as pd

    from dashboards.background.dependence import Known
    from dashboards.studies.study import Study
    from dashboards.studies.swept import Swept

Kind = Literal["comparison", "sweep"]

Options = list[tuple[str, str]]

#: Rows of a table that are shown on the page; all are in the download.
SHOWN_ROWS = 200


class Look(NamedTuple):
    """What a panel is drawn from: the study, the controls' values, the ground, and what is known of how much the answer
    depends on single numbers, and other results that are open."""

    study: Study
    values: dict[str, str]
    dark: bool
    known: Known | None = None
    beside: Callable[[], list[Study]] | None = None


@dataclass
class Drawn:
    """A panel's answer.

    Attributes:
        said: the finding in a sentence or two. figure: a Plotly figure, or None. frame: the numbers behind it, with
        headings for people. body: something other than a figure (cards, a table), as Dash components. pending: more
        is being worked out, and the page asks again.
    """

    said: str
    frame: pd.DataFrame
    figure: Any = None
    body: Any = None
    pending: bool = False


@dataclass(frozen=True)
class Panel:
    """One question. ``explain``: what am I looking at; ``draw`` answers it; ``uses``: controls that it depends on (None:
    all); ``place``: what stands in the panel from the start and fills itself; ``evidence``: words by which the numbers
    that it rests on most are found (none: all that are in use)."""

    name: str
    question: str
    explain: str
    draw: Callable[[Look], Drawn]
    wide: bool = True
    uses: tuple[str, ...] | None = None
    place: Callable[[], Any] | None = None
    evidence: str = ""


@dataclass(frozen=True)
class Control:
    """Something to choose. ``options`` gives (value, label) for a study; the first is chosen at the start.

    ``typed``: words are typed instead, ``hint`` shows how. ``slider``: the values are whole numbers, one after the other,
    that are slid through.
    """

    name: str
    label: str
    options: Callable[[Study], Options] = lambda study: []
    typed: bool = False
    most: int = 0
    hint: str = ""
    slider: bool = False


@dataclass(frozen=True)
class Page:
    """One page. ``readers``: for whom it is listed; ``lead``: what it is about, in a sentence; ``lacks``: sentences on
    what a study lacks for all of the page, which then stand in place of its panels; ``after_first``: what stands after
    the first panel; its callbacks are ``extra``'s; ``of``: what it shows; ``offer``: what can be started from here, at
    the end of the page; ``without``: what is said if there is no such thing to show."""

    path: str
    title: str
    readers: str
    lead: str
    panels: Sequence[Panel]
    controls: Sequence[Control] = ()
    extra: Callable[[Any], None] | None = field(default=None)
    top: Callable[[], Any] | None = None
    lacks: Callable[[Study], list[str]] | None = None
    after_first: Callable[[Page, Study, dict[str, str]], Any] | None = None
    of: Kind = "comparison"
    offer: Callable[[], Any] | None = None
    without: Sequence[str] = ()

    @property
    def name(self) -> str:
        return self.path.strip("/") or "overview"


def missing(page: Page, study: Study | Swept) -> list[str]:
    """Why a page cannot show a study, in sentences; none if it can."""
    if study.kind != page.of:
        return list(page.without or WRONG_KIND[page.of])
    return page.lacks(cast("Study", study)) if page.lacks is not None else []


WRONG_KIND: dict[Kind, tuple[str, ...]] = {
    "comparison": (
        "These results are a sweep, and this page shows systems side by side.",
        "Look at the sweep under Sweeps. For this page: opendoor compare system=gatekept,balanced, then opendoor "
        "dashboard with both folders.",
    ),
    "sweep": (
        "This page shows a sweep: many settings, each simulated with the same luck. None was named when the dashboard "
        "was started.",
        "To make one: opendoor sweep experiment=small_grid, then opendoor dashboard FOLDER with the folder that it names "
        "(several folders can be named).",
    ),
}


def attributes(**words: Any) -> dict[str, Any]:
    """Attributes with a hyphen, which Python cannot name: ``aria_label`` is ``aria-label``."""
    return {name.replace("_", "-"): value for name, value in words.items()}


READERS = ("Board members", "Therapy leads", "Analysts")


def build(page: Page, study: Study | Swept | None, asked: dict[str, str], arriving: bool = False) -> Any:
    """The page's frame: heading, controls as the address asks for them, and a place for each answer.

    Args:
        arriving: the reader comes by this address, and is told what in it cannot be followed.
    """
    from dash import html

    if study is not None and (why := missing(page, study)):
        note = html.Div([html.P(text) for text in why], className="note", role="status")
        return html.Div([*_heading(page), note, *([page.offer()] if page.offer else [])])
    made = {c.name: control_of(page, c, cast("Study", study), asked) for c in page.controls} if study else {}
    places = [
        _place(page, panel, [made.pop(name) for name in own_controls(page, panel)] if made else [])
        for panel in page.panels
    ]
    if study is not None and page.after_first is not None:
        places.insert(1, page.after_first(page, cast("Study", study), asked))
    heading = [*_heading(page), *([page.top()] if page.top else []), *_contents(page)]
    body = html.Div(
        [
            _group(list(made.values()), "Choose"),
            html.Div(places, className="panels"),
            *([page.offer()] if page.offer else []),
        ]
    )
    if arriving and study is not None and (notes := _not_followed(page, cast("Study", study), asked, body)):
        heading.append(html.Div([html.P(text) for text in notes], className="note", role="status"))
    return html.Div([*heading, body])


def _heading(page: Page) -> list[Any]:
    from dash import html

    return [html.H1(page.title, id="title", tabIndex="-1"), html.P(page.lead, className="lead")]


def _contents(page: Page) -> list[Any]:
    """The questions of a long page, each leading to its answer."""
    from dash import html

    if len(page.panels) < LONG:
        return []
    links = [html.Li(html.A(p.question, href=f"#{part(page, p, 'question')}")) for p in page.panels]
    return [
        html.Nav(
            html.Details([html.Summary("On this page"), html.Ul(links)]),
            **attributes(aria_label="Questions on this page"),
        )
    ]


#: Answers on a page from which on it has a list of them.
LONG = 5
#: What an address says of more than one page.
EVERYWHERE = ("results", "step", "notes")


def _not_followed(page: Page, study: Study, asked: dict[str, str], body: Any) -> list[str]:
    """What the address asks for and there is not, and what is shown instead."""
    there = {i["name"] for i in body if isinstance(i, dict) and i.get("type") == "control"}
    out = [
        f"The address says {name}=…, which {page.title} does not know; it is left out."
        for name in asked
        if name not in there and name not in EVERYWHERE
    ]
    for control in page.controls:
        wanted = asked.get(control.name, "")
        options = {} if control.typed or not wanted else dict(control.options(study))
        if options and wanted not in options:
            first = next(iter(options.values()))
            out.append(
                f"The address asks for {control.name}={wanted}, which these results do not hold. Shown is {first}; "
                "choose another below, or other results at the top."
            )
    return out


def _group(controls: list[Any], label: str) -> Any:
    """Controls beside each other; nothing to be seen if there are none."""
    from dash import html

    return html.Div(
        controls, className="controls", role="group", hidden=not controls, **attributes(aria_label=label)
    )


def chosen(control: Control, study: Study, asked: dict[str, str]) -> str:
    """The value of a control: what the address asks for if it can be chosen, else the first."""
    if control.typed:
        return asked.get(control.name, "")
    values = [value for value, _ in control.options(study)]
    wanted = asked.get(control.name)
    return wanted if wanted in values else (values[0] if values else "")


def control_of(page: Page, control: Control, study: Study, asked: dict[str, str]) -> Any:
    """A control as a component; what it is set to gets into the address."""
    import dash_mantine_components as dmc

    ident = {"type": "control", "page": page.name, "name": control.name}
    value = chosen(control, study, asked)
    if control.typed:
        return dmc.TextInput(
            id=ident,
            label=control.label,
            value=value,
            placeholder=control.hint,
            debounce=400,
            className="control typed",
        )
    if control.slider:
        return _slider(control, ident, value, [int(v) for v, _ in control.options(study)])
    longest = max((len(label) for _, label in control.options(study)), default=0)
    return dmc.Select(
        id=ident,
        label=control.label,
        value=value,
        data=[{"value": v, "label": label} for v, label in control.options(study)],
        allowDeselect=False,
        searchable=len(control.options(study)) > 12,
        comboboxProps={"withinPortal": False},
        className="control",
        style={"flexBasis": f"{min(max(14, 5 + longest // 2), 36)}rem"},
    )


#: Marks under a slider.
MARKS = 6


def _slider(control: Control, ident: dict[str, str], value: str, values: list[int]) -> Any:
    """A slider over whole numbers, with its name above and a few of the numbers below."""
    import dash_mantine_components as dmc
    from dash import html

    low, high = min(values), max(values)
    step = max(round((high - low) / (MARKS - 1)), 1)
    at = [*range(low, high - step // 2, step), high]
    return html.Div(
        [
            html.Span(control.label, className="slider-name"),
            dmc.Slider(
                id=ident,
                value=int(value),
                min=low,
                max=high,
                marks=[{"value": v, "label": str(v)} for v in dict.fromkeys(at)],
                thumbLabel=control.label,
            ),
        ],
        className="control slid",
    )


def part(page: Page, panel: Panel, what: str) -> str:
    """Id of one part of a panel."""
    return f"{page.name}-{panel.name}-{what}"


def own_controls(page: Page, panel: Panel) -> list[str]:
    """Controls that this panel alone depends on: they stand in it, beside what they change; all others head the page."""
    others = [p for p in page.panels if p is not panel]
    if panel.uses is None or not others or any(p.uses is None for p in others):
        return []
    return [name for name in panel.uses if not any(name in (p.uses or ()) for p in others)]


def _place(page: Page, panel: Panel, controls: Sequence[Any] = ()) -> Any:
    from dash import html

    def ident(what: str) -> str:
        return part(page, panel, what)

    return html.Section(
        [
            html.H2(panel.question, id=ident("question")),
            *([_group(list(controls), f"Choose: {panel.question}")] if controls else []),
            html.P("…", id=ident("said"), className="said", **attributes(aria_live="polite")),
            *([panel.place()] if panel.place else []),
            html.Div(id=ident("picture"), className="picture"),
            html.Div(id=ident("body")),
            html.Details([html.Summary("What am I looking at?"), html.P(panel.explain)]),
            html.Details(
                [
                    html.Summary("The numbers as a table"),
                    html.Div(
                        id=ident("table"),
                        className="scroll",
                        role="region",
                        tabIndex="0",
                        **attributes(aria_label=f"Table: {panel.question}"),
                    ),
                ]
            ),
            html.Div(
                [
                    html.A(
                        "Download the numbers (CSV)", id=ident("download"), href="#", className="download"
                    ),
                    *([] if page.path == EVIDENCE else [_evidence(panel)]),
                ],
                className="under",
            ),
        ],
        className="panel wide" if panel.wide else "panel",
        **attributes(aria_labelledby=ident("question")),
    )


#: Where every number is, with its source.
EVIDENCE = "/evidence"


def _evidence(panel: Panel) -> Any:
    """From an answer to the numbers that it rests on."""
    from urllib.parse import urlencode

    from dash import dcc

    query = f"?{urlencode({'words': panel.evidence})}" if panel.evidence else ""
    what = f"Evidence behind this: {panel.question}"
    return dcc.Link("Evidence behind this", href=f"{EVIDENCE}{query}", className="download", title=what)


def graph(page: Page, panel: Panel, figure: Any) -> Any:
    """A figure as a component; its height is the figure's, its width whatever there is."""
    from dash import dcc

    return dcc.Graph(
        id=part(page, panel, "figure"),
        figure=figure,
        responsive=True,
        config={"displaylogo": False, "displayModeBar": False, "scrollZoom": False},
        style={"height": f"{figure.layout.height}px"},
    )


def table(frame: pd.DataFrame, most: int = SHOWN_ROWS, sortable: bool = False) -> Any:
    """A frame as a table: headings (that sort it, if it is ``sortable``), numbers to the right.

    The browser builds it from plain text (``opendoor.js``): thousands of cells as components would take seconds.
    """
    import json

    from dash import html

    if frame.empty:
        return html.P("No rows.")
    shown = frame.head(most)
    rest = len(frame) - len(shown)
    content = {
        "columns": [str(c) for c in frame.columns],
        "numeric": [str(dtype)[:3] in ("int", "flo", "Int") for dtype in frame.dtypes],
        "sortable": sortable,
        "rows": [[cell(v) for v in row] for row in shown.itertuples(index=False, name=None)],
        "more": f"{rest:,} more rows are in the download." if rest else "",
    }
    return html.Div(className="table", **attributes(data_table=json.dumps(content, ensure_ascii=False)))


def unbroken(text: str) -> str:
    """A text in which no line ends between a minus and its amount, or a number and its per cent."""
    return re.sub(r"(?<=\d) %", "\u00a0%", text.replace("−£", "−\u2060£"))


def cell(value: Any) -> str:
    """A value as it stands in a table."""
    if value is None or (isinstance(value, float) and value != value):
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        text = f"{value:,.3f}".rstrip("0").rstrip(".") if abs(value) < 1000 else f"{value:,.0f}"
        return "0" if text == "-0" else text.replace("-", "−")
    if isinstance(value, int):
        return f"{value:,}".replace("-", "−")
    return str(value)


def others(study: Study) -> Options:
    """Systems that can be set against the reference."""
    return [(name, study.system_title(name)) for name in study.others] or systems(study)


def systems(study: Study) -> Options:
    """All systems of a study, the last first: the one that is most likely asked about."""
    return [(name, study.system_title(name)) for name in reversed(study.systems)]
