"""Journeys: one simulated child under each system, side by side."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dashboards.page import Control, Drawn, Look, Options, Page, Panel, attributes, systems, table
from dashboards.pages.waits import titles
from dashboards.studies.children import all_children, flow, story
from dashboards.studies.study import Study
from dashboards.theme import DASHES, figure, theme
from sim.errors import InputError
from sim.journey_rules import DIFFERENCE, NO_SERVICE, PICKS
from sim.system import LEVELS

ANY = "any"
#: Lines of systems: dots are those of no service.
SYSTEM_DASHES = [dash for dash in DASHES if dash != "dot"]


def found(look: Look) -> Any:
    """The children to whom the search applies."""
    from sim.journey_choice import narrow

    study, v = look.study, look.values
    children = narrow(
        all_children(study),
        kind=None if v["kind"] == ANY else v["kind"],
        level=None if v["level"] == ANY else v["level"],
        quintile=None if v["fifth"] == ANY else int(v["fifth"]),
    )
    if children.empty:
        raise InputError("No child is like that; choose 'any' for the kind, the level or the fifth.")
    return children


def child_of(look: Look) -> int:
    """The child that was typed, or the one the rule chooses."""
    from sim.journey_choice import representative

    typed = look.values["child"].strip()
    if typed:
        if not (typed.isascii() and typed.isdigit()):
            raise InputError(
                f"Child {typed}: must be an id, as the table of children at the bottom shows them."
            )
        return int(typed)
    return representative(found(look), look.values["pick"])


def _sides(study: Study) -> dict[str, str]:
    names = study.systems
    return {
        "reference": study.system_title(names[0]) if len(names) > 1 else "no service",
        "other": study.system_title(names[-1]),
    }


def told(look: Look) -> Drawn:
    """What happens, in sentences with dates, one column per system."""
    import pandas as pd
    from dash import html

    from experiments.journeys.page import who
    from experiments.journeys.story import age, day_words, storyline

    study, child = look.study, child_of(look)
    journey = story(study, child)
    birth = journey.children["birth_date"].iloc[0]
    columns, records = [], []
    for name, title in titles(study).items():
        lines = storyline(journey, name)
        records += [(title, day.isoformat(), text) for day, text in lines]
        items = [
            html.Li([html.Span(f"{day_words(day)}, aged {age(birth, day)}", className="when"), text])
            for day, text in lines
        ]
        columns.append(html.Div([html.H3(title), html.Ol(items, className="story")]))
    if look.values["child"].strip():
        why = "Chosen by its id."
    else:
        why = f"Chosen by a rule: {PICKS[look.values['pick']].format(**_sides(study))}."
    said = f"A simulated child, nobody real. Child {child}. {who(journey)} {why}"
    frame = pd.DataFrame(records, columns=["System", "Date", "What happens"])
    body = html.Div(
        html.Div(columns, className="side"),
        className="scroll stories",
        role="region",
        tabIndex="0",
        **attributes(aria_label="What happens to this child"),
    )
    return Drawn(said, frame, body=body)


def telling_need(journey: Any, systems: Sequence[str]) -> Any:
    """Of a child's needs the one in which the last system differs most from the first (from no service, if there is one
    system): the need that the child's difference comes from. Of equal ones the first."""
    needs = journey.needs
    last = needs[needs["system"] == systems[-1]].set_index("need")
    if len(systems) > 1:
        before = needs[needs["system"] == systems[0]].set_index("need")["score_years"]
    else:
        before = last["score_years_no_service"]
    return (last["score_years"] - before).abs().idxmax()


#: Points of function that the axis of a child's scores shows at least: a fall that matters is half a point.
LEAST_SHOWN = 1.5


def score_range(scores: Any) -> tuple[float, float]:
    """The part of the scale from 0 to 5 in which some scores lie, with room around them."""
    low, high = float(scores.min()) - 0.2, float(scores.max()) + 0.2
    more = max(0.0, LEAST_SHOWN - (high - low)) / 2
    low, high = low - more, high + more
    low, high = low - max(0.0, high - 5.05), high - min(0.0, low + 0.05)
    return max(low, -0.05), min(high, 5.05)


def trajectory_figure(journey: Any, titles: dict[str, str], dark: bool) -> Any:
    """The functional score of the need that tells most, a line for each system of ``titles`` and one for no service."""
    t = theme(dark)
    rows = journey.trajectory[journey.trajectory["need"] == telling_need(journey, list(titles))]
    fig = figure(dark, 400)
    # dots last: over another line they can be seen, under one they cannot
    places = {name: i for i, name in enumerate(titles)}
    names = {name: title for name, title in titles.items() if name != NO_SERVICE} | {NO_SERVICE: "No service"}
    for name in (name for name in names if name in set(rows["system"])):
        own, i = rows[rows["system"] == name], places.get(name, 0)
        colour = t.text if name == NO_SERVICE else t.systems[i % len(t.systems)]
        fig.add_scatter(
            x=own["date"],
            y=own["score"],
            mode="lines",
            name=names[name],
            line={
                "color": colour,
                "width": 2 if name == NO_SERVICE else 3,
                "dash": "dot" if name == NO_SERVICE else SYSTEM_DASHES[i % len(SYSTEM_DASHES)],
            },
            hovertemplate=f"{names[name]}: %{{y:.2f}}<extra></extra>",
        )
    fig.update_layout(hovermode="x")
    low, high = score_range(rows["score"])
    part = "" if low < 0 and high > 5 else " (part of the scale 0 to 5)"
    fig.update_yaxes(range=[low, high], rangemode="normal", title_text=f"functional score{part}", nticks=6)
    return fig


def trajectory(look: Look) -> Drawn:
    """The functional score of each need under each system and with none."""
    study = look.study
    journey = story(study, child_of(look))
    need = telling_need(journey, study.systems)
    about = journey.needs[journey.needs["need"] == need]
    fig = trajectory_figure(journey, titles(study), look.dark)
    names = {NO_SERVICE: "No service", **titles(study)}
    gains = {r["system"]: r["score_years"] - r["score_years_no_service"] for r in about.to_dict("records")}
    child = journey.children["child"].iloc[0]
    said = (
        f"A simulated child, nobody real: child {child}. {about['title'].iloc[0]}: gain over no service, added up over "
        "the years counted: "
        + "; ".join(f"{names[name]} {gain:+.2f} point-years" for name, gain in gains.items())
    )
    more = journey.needs["need"].nunique() - 1
    if more:
        said += (
            f". The child has {more} more {'need' if more == 1 else 'needs'}: drawn is the one in which the systems differ "
            "most, and all are in the download"
        )
    frame = journey.trajectory[["need", "system", "date", "score"]].copy()
    frame["date"] = frame["date"].dt.date
    frame.columns = ["Need", "System", "Date", "Score"]
    return Drawn(said + ".", frame, fig)


def waits(look: Look) -> Drawn:
    """Waits and contacts of the child under each system."""
    import pandas as pd
    from dash import html

    from experiments.journeys.waits import WAITS, days_seen

    study = look.study
    journey = story(study, child_of(look))
    records = []
    for need, rows in journey.needs.groupby("need", sort=False):
        by_system = {r["system"]: r for r in rows.to_dict("records")}
        seen = days_seen(journey, need)
        for label, words in WAITS.items():
            records.append(
                {
                    "Need": next(iter(by_system.values()))["title"],
                    "What": label.replace("... to", "From there to"),
                    **{title: words(by_system[name], seen) for name, title in titles(study).items()},
                }
            )
    frame = pd.DataFrame(records)
    shown = frame if journey.needs["need"].nunique() > 1 else frame.drop(columns="Need")
    body = html.Div(
        table(shown),
        className="scroll stacked",
        tabIndex="0",
        role="region",
        **attributes(aria_label="Waits"),
    )
    return Drawn("", frame, body=body)


def everybody(look: Look) -> Drawn:
    """How all children's differences lie, so that one child is not taken for all."""
    from experiments.journeys.search import spread_sentence

    study = look.study
    children = all_children(study)
    t = theme(look.dark)
    fig = figure(look.dark, 320)
    d = children["difference"]
    limit = max(abs(float(d.quantile(0.005))), abs(float(d.quantile(0.995))), 0.1)
    fig.add_histogram(
        x=d[d.abs() > 1e-9].clip(-limit, limit),
        nbinsx=61,
        marker={"color": t.systems[1], "line": {"width": 1, "color": t.ground}},
        hovertemplate="%{x}: %{y} children<extra></extra>",
        showlegend=False,
    )
    fig.add_vline(x=0, line={"dash": "dash", "width": 2, "color": t.text})
    sides = _sides(study)
    child = child_of(look)
    own = children.loc[children["child"] == child, "difference"]
    here = ""
    if len(own):
        at = min(max(float(own.iloc[0]), -limit), limit)
        fig.add_scatter(
            x=[at],
            y=[0],
            mode="markers",
            marker={
                "symbol": "triangle-up",
                "size": 18,
                "color": t.worse,
                "line": {"width": 1, "color": t.text},
            },
            name=f"child {child}",
            hovertemplate=f"child {child}: {own.iloc[0]:+.2f}<extra></extra>",
            cliponaxis=False,
            showlegend=True,
        )
        here = (
            f"Child {child} ({own.iloc[0]:+.2f} point-years) does better than {(d < own.iloc[0]).mean():.0%} of them and "
            f"worse than {(d > own.iloc[0]).mean():.0%}. "
        )
    fig.update_xaxes(title_text=f"point-years: {sides['other']} less {sides['reference']}")
    fig.update_yaxes(title_text="children")
    listed = found(look).sort_values(["difference", "child"], ascending=[False, True])
    frame = listed[
        ["child", "age_years", "imd_quintile", "locality", "kinds", "levels", "seen", "difference"]
    ].copy()
    frame["age_years"] = frame["age_years"].round(1)
    frame["difference"] = frame["difference"].round(3)
    frame.columns = [
        "Child",
        "Age",
        "Fifth",
        "Locality",
        "Needs",
        "Levels",
        "Seen",
        "Difference (point-years)",
    ]
    spread = spread_sentence(children, [study.system_title(n) for n in study.systems])
    said = f"{here}{spread} {DIFFERENCE.format(**sides)}"
    return Drawn(said, frame, fig)


def moving(look: Look) -> Drawn:
    """How needs move through doors, lists and help under one system; the browser draws it."""
    import json

    from dash import html

    from dashboards.studies.flow import HELPED, NOT_BEGUN, UNHELPED, flow_frame, for_the_browser

    study, system, every = look.study, look.values["system"], int(look.values["step"])
    seen = flow(study, system, every)
    title = study.system_title(system)
    content = json.dumps(for_the_browser(seen), ensure_ascii=False)
    into = [sum(int(m[m[:, 1] == place][:, 2].sum()) for m in seen.moves) for place in (HELPED, UNHELPED)]
    began = int(seen.stock[0, NOT_BEGUN] - seen.stock[-1, NOT_BEGUN])
    said = (
        f"{title}, first replication, over the {int(seen.weeks[-1])} weeks counted: {began:,} needs begin. In the "
        f"services are {int(seen.in_services[0]):,} needs at the start and {int(seen.in_services[-1]):,} at the end; "
        f"{into[0]:,} times one has left because help has ended, {into[1]:,} times for another reason."
    )
    body = html.Div(
        html.Div(className="flow", **attributes(data_flow=content)),
        role="group",
        **attributes(aria_label="Needs moving through the system"),
    )
    return Drawn(said, flow_frame(seen), body=body)


def _kinds(study: Study) -> Options:
    kinds = study.configs[study.reference].needs.kinds
    return [(ANY, "any kind"), *((name, kind.title) for name, kind in kinds.items())]


def _picks(study: Study) -> Options:
    words = {
        "median": "The middle one",
        "helped_most": "Helped most",
        "harmed_most": "Harmed most",
        "deprived": "Middle one of the most deprived fifth",
        "several_needs": "Middle one with several needs",
    }
    return [(name, words[name]) for name in PICKS]


#: What tells which child is followed.
OF_CHILD = ("pick", "child", "kind", "level", "fifth")

PAGE = Page(
    "/journeys",
    "Journeys",
    "Therapy leads",
    "The same child, with the same needs and the same luck, under each system. One child shows how a difference comes "
    "about; how large it is on average stands in the overview.",
    [
        Panel(
            "trajectory",
            "How well does the child function, and when?",
            "The functional score (0 to 5, higher is better) under each system and had there been no service at all; of "
            "several needs the one in which the last system differs most from the first. Only the part of the scale in "
            "which the lines lie is drawn. Where they are together the systems make no difference to this child.",
            trajectory,
            uses=OF_CHILD,
        ),
        Panel(
            "told",
            "What happens to this child?",
            "What the model's log says of the child, in sentences. Sessions that follow each other are one line.",
            told,
            uses=OF_CHILD,
        ),
        Panel(
            "waits",
            "How long are the child's waits?",
            "Times from the day on which a concern was first raised, and what the child got.",
            waits,
            uses=OF_CHILD,
        ),
        Panel(
            "everybody",
            "Is this child typical?",
            "Every child with a need in the years counted, by how much better or worse it does under the last system than "
            "under the first. Children for whom there is no difference are not drawn; the triangle is the child above. The "
            "table lists children to whom the choices above apply, most helped first; type an id above to follow one.",
            everybody,
            uses=OF_CHILD,
        ),
        Panel(
            "moving",
            "How do needs move through doors, lists and help?",
            "Where every need of the area's children is at the end of a week, and how many have gone from one place to "
            "another since the last look: one simulation, the first replication. Numbers are needs; a child may have "
            "several. A need in two places counts where it is furthest on. Nobody is lost: what leaves one box has "
            "entered another. Nothing moves until you press Play or take a step.",
            moving,
            uses=("system", "step"),
        ),
    ],
    (
        Control("pick", "Choose by rule", _picks),
        Control("child", "or type a child's id", typed=True),
        Control("kind", "Kind of need", _kinds),
        Control("level", "Level", lambda study: [(ANY, "any level"), *((x, x) for x in LEVELS)]),
        Control(
            "fifth",
            "Deprivation fifth",
            lambda study: [
                (ANY, "any"),
                ("1", "1 (most deprived)"),
                *((str(q), str(q)) for q in (2, 3, 4)),
                ("5", "5 (least)"),
            ],
        ),
        Control("system", "System", systems),
        Control("step", "Each step", lambda study: [("4", "four weeks"), ("1", "one week")]),
    ),
)
