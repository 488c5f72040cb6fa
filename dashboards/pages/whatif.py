"""What if: change numbers within their ranges, run it at once, and keep it as a file for the command line."""

from __future__ import annotations

import json
import threading
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from dashboards.background.scenario import (
    CHOICES,
    MOST_REPLICATIONS,
    STAY,
    WAITING,
    Field,
    Scenario,
    as_yaml,
    configs,
    fields,
)
from dashboards.background.work import Order
from dashboards.page import Page, attributes
from dashboards.problem import problem
from experiments.comparing.change import are_ways_to_change, with_gains
from sim.conditions import CONDITIONS
from sim.errors import InputError
from sim.quantity import DIALS

if TYPE_CHECKING:
    from dashboards.server import Server

#: Seconds after the start at which the form of numbers is made ready.
FORM_AFTER = 5.0
FIRST_SYSTEMS = ["gatekept", "balanced"]
GROUP_TITLES = {
    "change": "What a change costs",
    "conditions": "What a condition that is not met does",
    "erosion": "What wears a change down",
    "demand": "Need and demand",
    "effects": "What help does",
    "gatekept": "The gatekept pathway",
    "natural_history": "How function changes by itself",
    "open_access": "Open access",
    "places": "Places",
    "population": "Population",
    "statutory": "Statutory work",
    "waiting": "Waiting",
    "workforce": "Workforce",
    "model": "Choices of the model",
    "domain": "The domain",
}
WAYS = {
    "big_bang": "All places on one day (big_bang)",
    "phased": "Place by place (phased)",
    "parallel": "Both systems side by side (parallel)",
    "pilot": "Some places first, then all or none (pilot)",
}
WAITERS = {
    "honour": "keep their place, some minutes stay with them (honour)",
    "invite": "are asked in through the new door (invite)",
    "triage_call": "are rung up first (triage_call)",
    "blitz": "keep their place, with staff brought in (blitz)",
}
DIAL_WORDS = {
    "impact": "Impact: help ends when it has worked",
    "easy_access": "Easy access: doors that need no referral",
    "place_based": "Place-based: help where children are",
    "continuum": "Continuum: universal and targeted work as well as specialist",
    "information": "Information: families and settings know what to do",
}


#: What is chosen is still there on coming back to the page.
KEPT: dict[str, Any] = {"persistence": True, "persistence_type": "session"}


def form() -> Any:
    """The form: what to simulate, and every number with unit, range, grade and source."""
    import dash_mantine_components as dmc
    from dash import dcc, html

    from experiments.composing.compose import options

    known = options()
    runnable = [s for s in known["system"] if s not in ("pathways", "single_list", "example_own_pathway")]
    return html.Div(
        [
            html.Section(
                [
                    html.H2("What is simulated?"),
                    html.Div(
                        [
                            html.Div(
                                dmc.MultiSelect(
                                    id="whatif-systems",
                                    label="Systems, the reference first",
                                    data=runnable,
                                    value=FIRST_SYSTEMS,
                                    maxValues=4,
                                    comboboxProps={"withinPortal": False},
                                    **KEPT,
                                ),
                                className="control",
                            ),
                            dmc.Select(
                                id="whatif-area",
                                label="Area",
                                data=[a for a in known["area"] if a not in ("files", "referral_stream")],
                                value="oldham",
                                allowDeselect=False,
                                comboboxProps={"withinPortal": False},
                                className="control",
                                **KEPT,
                            ),
                            *(
                                dmc.TextInput(
                                    id=f"whatif-{name}",
                                    label=label,
                                    value=value,
                                    className="control",
                                    **KEPT,
                                )
                                for name, label, value in (
                                    ("replications", f"Replications (1 to {MOST_REPLICATIONS})", "5"),
                                    ("horizon", "Years counted", "5"),
                                    ("seed", "Seed of the luck", "1"),
                                )
                            ),
                        ],
                        className="controls",
                    ),
                    dmc.Checkbox(
                        id="whatif-beside",
                        label="Also each system as it is, to see what changed numbers do (not with ways to change)",
                        checked=True,
                    ),
                    html.H3("Getting from the first system to the second"),
                    html.P(
                        "With no way to change chosen, every system has always been in place. With one or more, each is set "
                        "against staying put, and Getting there shows what it does week by week."
                    ),
                    html.Div(
                        [
                            html.Div(
                                dmc.MultiSelect(
                                    id="whatif-ways",
                                    label="Ways to change",
                                    data=[{"value": key, "label": label} for key, label in WAYS.items()],
                                    value=[],
                                    placeholder="none",
                                    comboboxProps={"withinPortal": False},
                                    **KEPT,
                                ),
                                className="control",
                            ),
                            *(
                                dmc.Select(
                                    id=f"whatif-{ident}",
                                    label=label,
                                    data=data,
                                    value=first,
                                    allowDeselect=False,
                                    comboboxProps={"withinPortal": False},
                                    className="control",
                                    **KEPT,
                                )
                                for ident, label, data, first in (
                                    (
                                        "conditions",
                                        "Conditions for success",
                                        known["conditions"],
                                        "all_in_place",
                                    ),
                                    ("erosion", "What wears a change down", known["erosion"], "none"),
                                    (
                                        "waiting",
                                        "Those who wait already ...",
                                        [{"value": key, "label": label} for key, label in WAITERS.items()],
                                        "honour",
                                    ),
                                )
                            ),
                        ],
                        className="controls",
                    ),
                ],
                className="panel wide",
            ),
            html.Section(
                [
                    html.H2("Which numbers are different?"),
                    html.P(
                        "An empty field means: as it is. Each number can be moved within the range that its evidence "
                        "leaves open. Most are assumed: that is what a what-if is for."
                    ),
                    dcc.Store(id="whatif-numbers", data={}),
                    html.Div(
                        id="whatif-form", **attributes(data_fields=json.dumps(groups(), ensure_ascii=False))
                    ),
                ],
                className="panel wide",
            ),
            html.Section(
                [
                    html.H2("Run it, or keep it", id="whatif-go"),
                    html.Div(
                        [
                            dmc.Button("Run", id="whatif-run"),
                            dmc.TextInput(
                                id="whatif-name",
                                label="Name to save it under",
                                value="my_scenario",
                                className="name-of-file",
                            ),
                            dmc.Button("Save as YAML", id="whatif-save", variant="default"),
                        ],
                        className="controls",
                    ),
                    html.Div(id="whatif-said", **attributes(aria_live="polite")),
                    dcc.Download(id="whatif-file"),
                ],
                className="panel wide run-bar",
                **attributes(aria_labelledby="whatif-go"),
            ),
        ],
        className="panels",
    )


@lru_cache(maxsize=1)
def groups() -> list[dict[str, Any]]:
    """What the browser builds the form of numbers from: groups of fields, the five principles first."""
    from experiments.composing.compose import load_named, load_plans

    dials = [
        _plain(
            f"dial:{name}",
            name,
            (0.0, 1.0),
            f"{DIAL_WORDS[name]}. From 0 to 1; only for systems that have dials (balanced, blend); with ways to change, of "
            "the system changed to.",
        )
        for name in DIALS
    ]
    levels = [
        _plain(
            f"level:{name}",
            name,
            (0.0, 1.0),
            "0 absent, 1 in place; empty: as the conditions chosen above have it. What each acts on: opendoor show "
            "conditions transition=big_bang; what it is worth is assumed.",
        )
        for name in CONDITIONS
    ]
    choices = [
        _plain(
            f"choice:{key}",
            key,
            (choice.low, choice.high),
            f"{choice.unit}: {choice.words}; {choice.low:g} to {choice.high:g}. A choice of {', '.join(choice.ways)}, not "
            "a finding; empty: as its file has it.",
        )
        for key, choice in CHOICES.items()
    ]
    ways = load_named(
        {way: [f"transition={way}"] for way in WAYS},
        [f"system={FIRST_SYSTEMS[0]}", "erosion=typical", *(f"conditions.{name}=0" for name in CONDITIONS)],
    )
    found: dict[str, list[dict[str, Any]]] = {}
    for row in fields({**load_plans([f"system={','.join(FIRST_SYSTEMS)}"]), **ways}):
        found.setdefault(row.group, []).append(_field(row))
    named = [
        {"title": GROUP_TITLES.get(group, group.replace("_", " ").capitalize()), "fields": rows}
        for group, rows in found.items()
    ]
    return [
        {"title": "The five principles", "fields": dials},
        {"title": "Conditions for success (with a way to change)", "fields": levels},
        {"title": "Choices of the plan (with a way to change)", "fields": choices},
        *named,
    ]


def _plain(key: str, name: str, ends: tuple[float, float], about: str) -> dict[str, Any]:
    """A field that is no row of the evidence."""
    low, high = ends
    return {
        "key": key,
        "label": name.replace("_", " "),
        "low": low,
        "high": high,
        "now": "",
        "about": about,
        "note": "",
    }


def _field(row: Field) -> dict[str, Any]:
    return {
        "key": f"row:{row.name}",
        "label": row.name.replace("_", " "),
        "low": row.low,
        "high": row.high,
        "now": f"{row.value:g}",
        "about": f"{row.unit.replace('_', ' ')}; now {row.value:g}, range {row.low:g} to {row.high:g}; {row.grade}. "
        f"Source: {row.source}",
        "note": row.note,
    }


def register(made: tuple[Any, Server]) -> None:
    """The form's buttons."""
    from dash import Input, Output, State, ctx, no_update

    app, server = made
    later = threading.Timer(
        FORM_AFTER, groups
    )  # it takes seconds to make, once, and the first page comes first
    later.daemon = True
    later.start()
    given = (
        State("whatif-systems", "value"),
        State("whatif-area", "value"),
        State("whatif-replications", "value"),
        State("whatif-horizon", "value"),
        State("whatif-seed", "value"),
        State("whatif-beside", "checked"),
        State("whatif-numbers", "data"),
        State("whatif-ways", "value"),
        State("whatif-conditions", "value"),
        State("whatif-erosion", "value"),
        State("whatif-waiting", "value"),
    )

    @app.callback(
        Output("whatif-said", "children"),
        Output("started", "data", allow_duplicate=True),
        Output("whatif-file", "data"),
        Input("whatif-run", "n_clicks"),
        Input("whatif-save", "n_clicks"),
        State("token", "data"),
        State("whatif-name", "value"),
        *given,
        prevent_initial_call=True,
    )
    def act(run: int | None, save: int | None, token: str | None, name: str | None, *values: Any) -> Any:
        if not (run or save):
            return no_update, no_update, no_update
        try:
            scenario = read(*values)
            found = configs(scenario)
            if ctx.triggered_id == "whatif-save":
                text = as_yaml(scenario, (name or "").strip())
                said = f"Saved as {name}.yaml. How the command line runs it stands in the file's first lines."
                return said, no_update, {"content": text, "filename": f"{name}.yaml", "type": "text/yaml"}
            if are_ways_to_change(found):
                found = with_gains(found)
            first = next(iter(found.values()))
            order = Order(
                found, first.replications, first.seed, server.settings.workers, server.settings.slow_down
            )
            key = server.jobs.start(
                order, title(scenario, len(server.jobs.of(token or "")) + 1), token or "nobody"
            )
            return (
                "Started. You can move to other pages: how far it is stands at the top of each.",
                key,
                no_update,
            )
        except InputError as e:
            return problem(e.problems), no_update, no_update


def read(
    systems: list[str] | None,
    area: str,
    replications: str,
    horizon: str,
    seed: str,
    beside: bool,
    numbers: dict[str, float] | None,
    ways: list[str] | None = None,
    conditions: str | None = None,
    erosion: str | None = None,
    waiting: str | None = None,
) -> Scenario:
    """The form's values as a scenario; ``numbers`` as the browser keeps them: ``row:NAME``, ``dial:NAME``, ``level:NAME``
    or ``choice:NAME`` -> value."""
    of: dict[str, dict[str, float]] = {"row": {}, "dial": {}, "level": {}, "choice": {}}
    for key, value in (numbers or {}).items():
        kind, _, name = key.partition(":")
        of[kind][name] = float(value)
    changing = [way for way in ways or () if way != STAY]
    general = {"conditions": conditions or "", "erosion": erosion or ""} if changing else {}
    choices: dict[str, float | str] = dict(of["choice"])
    if changing and waiting:
        choices = {WAITING: waiting, **choices}
    return Scenario(
        tuple(systems or ()),
        {
            "area": area or "",
            "replications": str(replications or "").strip(),
            "horizon_years": str(horizon or "").strip(),
            "seed": str(seed or "").strip(),
            **general,
        },
        of["row"],
        of["dial"],
        bool(beside),
        tuple(changing),
        of["level"],
        choices,
    )


def title(scenario: Scenario, number: int) -> str:
    """What the run is called in the list of results."""
    numbers = {**scenario.changes, **scenario.dials, **scenario.levels}
    changes = [f"{row.replace('_', ' ')} {value:g}" for row, value in numbers.items()]
    if scenario.changing:
        changes = [" against ".join(way.replace("_", " ") for way in scenario.changing), *changes]
    what = ", ".join(changes[:2]) + (f" and {len(changes) - 2} more" if len(changes) > 2 else "")
    return f"Run {number}: {what or ' against '.join(scenario.systems)}"


PAGE = Page(
    "/what-if",
    "What if",
    "Analysts",
    "Change what is assumed, and see what it does to children's impact and waits. A run goes on in the background; it ends "
    "when you cancel it or close this tab.",
    [],
    extra=register,
    top=form,
)
