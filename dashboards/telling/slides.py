"""One screen of a story: a heading, one idea in large type, where its numbers come from, and the speaker's notes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from dashboards.page import attributes
from dashboards.studies.changes import plan_titles
from dashboards.telling.pictures import ON_A_PHONE, ON_A_WALL, enlarge, picture
from dashboards.telling.say import NOT_HERE, Speaker
from dashboards.telling.storyboard import (
    CardsStep,
    FigureStep,
    JourneyStep,
    LimitsStep,
    Story,
    TitleStep,
    WordsStep,
)
from sim.errors import InputError
from sim.measures import LABELS
from sim.measures.change import MEASURES

if TYPE_CHECKING:
    import pandas as pd

    from dashboards.studies.study import Study
    from sim.journey import Journeys

ROUGH = "* reaches below nought, where nothing can be: with so few replications the interval is only rough."
#: Signs that say better or worse without colour.
SIGNS = {"better": "▲", "more equal": "▲", "worse": "▼", "less equal": "▼"}
#: Letters on a screen up to which its type can be larger still, and from which on it must be smaller to fit a projector.
FEW_LETTERS, MANY_LETTERS = 420, 540
#: What is said of a child's waits on a screen; the rest is on the page.
WAIT_SHOWN = "... to the first useful support"


@dataclass(frozen=True)
class Screen:
    """What a screen is made of. ``narrow``: it is shown on a phone."""

    study: Study
    story: Story
    ways: Mapping[str, str]
    dark: bool
    narrow: bool


def slide(screen: Screen, number: int) -> Any:
    """Step ``number`` (from 1) of the story as components; what the results do not hold is said on it."""
    from dash import html

    step = screen.story.steps[number - 1]
    speaker = Speaker(screen.study, screen.story, screen.ways)
    try:
        body, more = BODIES[step.kind](screen, step, speaker)
    except InputError as e:
        body = html.Div([html.P(text) for text in e.problems], className="problem", role="status")
        more = ""
    title = speaker.text(step.title)
    text = speaker.text(getattr(step, "text", "")).strip()
    notes = speaker.text(step.notes)
    absent = [f"Not in these results: {', '.join(speaker.absent).lower()}."] if speaker.absent else []
    missing = [*absent, *speaker.missing, *([ROUGH] if speaker.rough else [])]
    note = [html.P(" ".join(missing), className="missing")] if missing else []
    return html.Section(
        [
            html.Div(
                [
                    html.H1(title, id="title", tabIndex="-1"),
                    *([html.P(text, className="slide-text")] if text else []),
                    body,
                    *note,
                ],
                className="slide-main",
            ),
            html.P(foot(screen), className="slide-foot"),
            html.Aside(
                [
                    html.H2("Notes"),
                    *([html.P(notes)] if notes else [html.P("No notes for this screen.")]),
                    *([html.P(more)] if more else []),
                ],
                className="slide-notes",
                id="present-notes",
                **attributes(aria_label="Speaker notes"),
            ),
        ],
        className=f"slide slide-{step.kind}",
        **attributes(data_step=str(number), data_of=str(len(screen.story.steps))),
    )


def foot(screen: Screen) -> str:
    """Where the numbers come from, and how sure they are: under every screen."""
    from experiments.words import standing

    study = screen.study
    n = "1 replication: luck alone may explain anything" if study.n == 1 else f"{study.n} replications"
    if not study.finished:
        n += f" so far, {study.planned} planned"
    return (
        f"{study.area.name}, simulated; {n}. Brackets, bars and bands: 95 % intervals, for luck only. "
        f"{standing(study.configs)}"
    )


def _title(screen: Screen, step: TitleStep, speaker: Speaker) -> tuple[Any, str]:
    return None, ""


def _words(screen: Screen, step: WordsStep, speaker: Speaker) -> tuple[Any, str]:
    from dash import html

    points = [speaker.text(point) for point in step.points if speaker.holds(point)]
    letters = sum(map(len, [*points, *speaker.missing]))
    size = "large" if letters <= FEW_LETTERS else "small" if letters > MANY_LETTERS else ""
    return html.Ul([html.Li(point) for point in points], className=f"slide-points {size}".strip()), ""


def _limits(screen: Screen, step: LimitsStep, speaker: Speaker) -> tuple[Any, str]:
    from dash import html

    from experiments.words import cautions

    points = [
        f"Service parameters are generic, not {screen.study.area.name}'s own.",
        *cautions(screen.study.configs),
    ]
    return html.Ul([html.Li(text) for text in points], className="slide-points small"), ""


def _figure(screen: Screen, step: FigureStep, speaker: Speaker) -> tuple[Any, str]:
    drawn = picture(screen.study, step.figure, step.values, _titles(screen), screen.dark, screen.narrow)
    return _graph(drawn.figure), f"In full: {drawn.said}"


def _cards(screen: Screen, step: CardsStep, speaker: Speaker) -> tuple[Any, str]:
    """A table: a row for each way, a column for each measure, each number with its interval."""
    from dash import html

    ways = step.ways or [
        way for way in screen.story.ways if screen.ways.get(way) != _reference_of(screen, step)
    ]
    rows = []
    for way in ways:
        if not all(speaker.holds(f"{{{name}:{way}}}") for name in step.measures):
            continue
        cells = []
        for name in step.measures:
            text = speaker.number(f"{name}:{way}")
            cells.append(_number_cell(text, _verdict(speaker, name, way), _label(name)))
        rows.append(
            html.Tr([html.Th(screen.story.ways[way].title, scope="row"), *(html.Td(cell) for cell in cells)])
        )
    head = html.Thead(
        html.Tr([html.Th("Way to change"), *(html.Th(_label(name), scope="col") for name in step.measures)])
    )
    table = html.Table([head, html.Tbody(rows)], className="slide-table")
    return html.Div(
        table, className="scroll", role="region", tabIndex="0", **attributes(aria_label="Numbers")
    ), ""


def _reference_of(screen: Screen, step: CardsStep) -> str | None:
    """What has no row of its own: the reference, where all measures are differences from it."""
    return screen.study.reference if all(name in MEASURES for name in step.measures) else None


def _label(name: str) -> str:
    m = MEASURES.get(name) or LABELS[name]
    label = m.label.removeprefix("... ")
    label = f"{label[:1].upper()}{label[1:]}"
    beside = ("%", "£", "pp", "percentage points", "children", "weeks", "contacts")
    return label if m.unit in beside else f"{label} ({m.unit})"


def _verdict(speaker: Speaker, name: str, way: str) -> str:
    try:
        row = speaker.row(name, way)
    except InputError:
        return ""
    return "" if row["n"] == 0 else str(row.get("in_words", ""))


def _number_cell(text: str, verdict: str, label: str) -> list[Any]:
    """A number in large type, its interval and the comparison's own word below."""
    from dash import html

    big, _, rest = text.partition(" (")
    if text == NOT_HERE:
        return [html.Span(text, className="absent")]
    sign = SIGNS.get(verdict, "●")
    return [
        html.Span(label, className="cell-label", **attributes(aria_hidden="true")),
        html.Span(big, className="big"),
        *([html.Span(rest.removesuffix(")"), className="interval")] if rest else []),
        *([html.Span(f"{sign} {verdict}", className="verdict")] if verdict else []),
    ]


def child_on(screen: Screen, step: JourneyStep) -> tuple[pd.DataFrame, int, Journeys]:
    """The child of a screen, chosen by its rule among all, and what happens to it under the two ways.

    Raises:
        InputError: a way that the results do not hold, a rule that applies to nobody, an area too large for a page.
    """
    from dashboards.studies.children import all_children, story
    from sim.journey_choice import representative

    for way in step.between:
        if way not in screen.ways:
            raise InputError(
                f"These results hold no {screen.story.ways[way].title.lower()}, so no child can be followed in it."
            )
    study = two_ways(screen.study, [screen.ways[way] for way in step.between])
    children = all_children(study)
    child = representative(children, step.pick)
    return children, child, story(study, child)


def _journey(screen: Screen, step: JourneyStep, speaker: Speaker) -> tuple[Any, str]:
    """One child under two ways: its function as a picture, its waits in words."""
    from dash import html

    from dashboards.pages.journeys import telling_need, trajectory_figure
    from experiments.journeys.page import who
    from experiments.journeys.search import spread_sentence
    from experiments.journeys.waits import WAITS, days_seen
    from sim.journey_rules import PICKS

    children, child, told = child_on(screen, step)
    titles = {screen.ways[way]: screen.story.ways[way].title for way in step.between}
    figure = trajectory_figure(told, titles, screen.dark)
    enlarge(figure, ON_A_PHONE if screen.narrow else ON_A_WALL)
    need = telling_need(told, list(titles))
    seen = days_seen(told, need)
    rows = {row["system"]: row for row in told.needs[told.needs["need"] == need].to_dict("records")}
    points = []
    for name, title in titles.items():
        wait, contacts = WAITS[WAIT_SHOWN](rows[name], seen), int(rows[name]["contacts"])
        said = f"Concern to first useful support: {wait}. {contacts} contact{'' if contacts == 1 else 's'} in all."
        points.append(html.Li([html.Strong(f"{title}. "), said]))
    sides = dict(zip(("reference", "other"), titles.values(), strict=True))
    rule = PICKS[step.pick].format(**sides)
    more = f"Child {child}. {who(told)} Chosen by a rule: {rule}. {spread_sentence(children, list(titles.values()))}"
    return html.Div(
        [_graph(figure), html.Ul(points, className="slide-points small")], className="slide-journey"
    ), more


def two_ways(study: Study, names: list[str]) -> Study:
    """A study of two of the ways alone."""
    return replace(study, configs={name: study.configs[name] for name in names}, tables_of_change={})


def _titles(screen: Screen) -> dict[str, str]:
    """What the story calls the ways, by what the pages call them."""
    pages = plan_titles(screen.study)
    out: dict[str, str] = {}
    for way, name in screen.ways.items():
        title = screen.story.ways[way].title
        out |= {pages[name]: title, name: title}
    return out


def _graph(figure: Any) -> Any:
    """A figure that fills what the screen leaves it; on a phone it is as high as it is made."""
    from dash import dcc, html

    height = figure.layout.height
    figure.update_layout(height=None, autosize=True)
    return html.Div(
        dcc.Graph(
            figure=figure,
            responsive=True,
            config={"displaylogo": False, "displayModeBar": False, "scrollZoom": False},
            style={"height": "100%"},
        ),
        className="slide-picture",
        style={"--height": f"{height}px"},
    )


BODIES: dict[str, Any] = {
    "title": _title,
    "words": _words,
    "figure": _figure,
    "cards": _cards,
    "journey": _journey,
    "limits": _limits,
}
