"""Pick and mix: what each of the five principles does, alone and with others, and what half of all of them does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dashboards.background.work import SweepOrder
from dashboards.figures.effects import whiskers_figure
from dashboards.page import Control, Drawn, Look, Options, Page, Panel, attributes
from dashboards.pages.sweeps import first_measures
from dashboards.pages.sweeps_tell import LATER, series_of, told
from dashboards.problem import problem
from dashboards.studies.study import Study
from dashboards.studies.swept import measure_title, swept_of
from sim.errors import InputError
from sim.measures import LABELS

if TYPE_CHECKING:
    import pandas as pd

    from dashboards.server import Server
    from experiments.sensitivity.analyse import Analysis

#: What a sweep made from the page can be about: small enough for a machine that others use, too.
AREAS = ("example_small", "oldham")
MOST_REPLICATIONS, MOST_YEARS = 20, 10

HOW_TO = (
    "This page shows the five delivery principles, each switched off or on, in every combination.",
    "To make it: opendoor sweep experiment=pick_and_mix (33 points; begin with area=example_small replications=5), then "
    "opendoor dashboard FOLDER with the folder that it names. Or make a small one here.",
)
#: Interactions of more parts than these are in the table only.
TOGETHER = 2
WHOLE = {
    "whole": "everything",
    "sum_of_parts": "the parts one by one, added up",
    "synergy": "what the whole brings beyond that",
}


def form() -> Any:
    """What is simulated if a small sweep is made from here."""
    import dash_mantine_components as dmc
    from dash import html

    fields = (
        dmc.Select(
            id="pick-area",
            label="Area",
            data=list(AREAS),
            value=AREAS[0],
            allowDeselect=False,
            comboboxProps={"withinPortal": False},
            className="control",
        ),
        dmc.TextInput(
            id="pick-replications",
            label=f"Replications (2 to {MOST_REPLICATIONS})",
            value="4",
            className="control",
        ),
        dmc.TextInput(
            id="pick-years", label=f"Years counted (1 to {MOST_YEARS})", value="2", className="control"
        ),
    )
    return html.Section(
        [
            html.H2("Make one now", id="pick-now"),
            html.P(
                "Every combination of the five principles and the half-way point, 33 settings, simulated in the background. "
                "It can be cancelled, ends when this tab is closed, and can be looked at when it is complete. Few "
                "replications and years make it quick and its intervals wide; opendoor sweep experiment=pick_and_mix keeps "
                "its results and goes on where it was stopped."
            ),
            html.Div([*fields, dmc.Button("Run the sweep", id="pick-run")], className="controls"),
            html.Div(id="pick-said", **attributes(aria_live="polite")),
        ],
        className="panel wide offer",
        **attributes(aria_labelledby="pick-now"),
    )


def register(made: tuple[Any, Server]) -> None:
    """The button of the form."""
    from dash import Input, Output, State, no_update

    app, server = made

    @app.callback(
        Output("pick-said", "children"),
        Output("started", "data", allow_duplicate=True),
        Input("pick-run", "n_clicks"),
        State("pick-area", "value"),
        State("pick-replications", "value"),
        State("pick-years", "value"),
        State("token", "data"),
        prevent_initial_call=True,
    )
    def run(clicks: int | None, area: str, replications: str, years: str, token: str | None) -> Any:
        if not clicks:
            return no_update, no_update
        try:
            words = words_of(area, replications, years)
            order = SweepOrder(words, server.settings.workers)
            number = len(server.jobs.of(token or "")) + 1
            key = server.jobs.start(order, f"Run {number}: pick and mix, {area}", token or "nobody")
        except InputError as e:
            return problem(e.problems), no_update
        return "Started. How far it is stands at the top of each page.", key


def words_of(area: str, replications: str, years: str) -> tuple[str, ...]:
    """The words of ``opendoor sweep`` for the form.

    Raises:
        InputError: what is not allowed.
    """
    problems = [f"Area: {area} is not one of {', '.join(AREAS)}"] if area not in AREAS else []
    for label, text, low, high in (
        ("Replications", replications, 2, MOST_REPLICATIONS),
        ("Years counted", years, 1, MOST_YEARS),
    ):
        if not (text.strip().isascii() and text.strip().isdigit() and low <= int(text) <= high):
            problems.append(
                f"{label}: a whole number from {low} to {high} is needed, found {text or 'nothing'}"
            )
    if problems:
        raise InputError(problems)
    numbers = f"replications={int(replications)}", f"horizon_years={int(years)}"
    return "experiment=pick_and_mix", f"area={area}", *numbers


def lacking(study: Study) -> list[str]:
    """Why a sweep is not one of this page."""
    swept = swept_of(study)
    if swept.design == "factorial":
        return []
    return [f"{swept.title} is a sweep of another design ({swept.design}).", *HOW_TO]


def _rows(look: Look) -> tuple[Analysis | None, pd.DataFrame]:
    """The analysis, and the rows of the last plan; None while it is being worked out."""
    import pandas as pd

    found = swept_of(look.study).analysis(look.values["measure"])
    if found is None:
        return None, pd.DataFrame()
    frame = found.tables["effects"]
    rows = frame[frame["plan"] == frame["plan"].iloc[-1]]
    return found, rows.assign(what=rows["what"].astype(str).str.replace("_", " "))


def _table(rows: pd.DataFrame, measure: str) -> pd.DataFrame:
    about = LABELS[measure]
    unit = "percentage points" if about.scale != 1.0 else about.unit
    shown = rows[
        ["kind", "what", "mean", "low", "high", "all_low", "all_high", "n", "includes_no_difference"]
    ]
    shown = shown.assign(
        kind=shown["kind"].str.replace("_", " "),
        includes_no_difference=shown["includes_no_difference"].map({True: "yes", False: "no"}),
        **{k: shown[k] * about.scale for k in ("mean", "low", "high", "all_low", "all_high")},
    )
    shown.columns = [
        *("Kind", "What", f"Mean ({unit})", "Low (95 %)", "High (95 %)", "Low (all together 95 %)"),
        *("High (all together 95 %)", "Replications", "Includes no difference"),
    ]
    return shown


def effects(look: Look) -> Drawn:
    """Main effects and interactions of two."""
    import pandas as pd

    measure = look.values["measure"]
    found, rows = _rows(look)
    if found is None:
        return Drawn(LATER, pd.DataFrame(), pending=True)
    together = rows["what"].str.count(" x ") + 1
    main = rows[rows["kind"] == "effect"]
    pairs = rows[(rows["kind"] == "interaction") & (together <= TOGETHER)]
    pairs = pairs.reindex(pairs["mean"].abs().sort_values(ascending=False).index)
    shown = pd.concat([main.reindex(main["mean"].abs().sort_values(ascending=False).index), pairs])
    scale = LABELS[measure].scale
    frame = series_of(shown, "what", {"effect": ("mean", "low", "high")}, scale)
    for end in ("low", "high"):
        frame[f"wide_{end}"] = shown[f"all_{end}"].to_numpy(float) * scale
    fig = whiskers_figure(frame, {"effect": "effect"}, told(measure), look.dark)
    about = LABELS[measure]
    parts = [f"{row['what']} {about.difference_text(row['mean'])}" for row in main.to_dict("records")]
    clear = int(((pairs["all_low"] > 0) | (pairs["all_high"] < 0)).sum())
    said = (
        f"{about.label}, each switched on, on average over all combinations of the others: {'; '.join(parts)}. Of "
        f"{len(pairs)} pairs, {clear} do clearly more or less together than one by one (by the wide intervals, which hold "
        "for all of them at once)."
    )
    all_rows = rows[rows["kind"].isin(["effect", "interaction"])]
    return Drawn(said, _table(all_rows, measure), fig)


def whole(look: Look) -> Drawn:
    """The whole against the sum of its parts."""
    import pandas as pd

    measure = look.values["measure"]
    found, rows = _rows(look)
    if found is None:
        return Drawn(LATER, pd.DataFrame(), pending=True)
    shown = rows[rows["kind"].isin(list(WHOLE))]
    words = [line for line in found.words if "sum of its parts" in line]
    if shown.empty:
        return Drawn(" ".join(words), pd.DataFrame())
    frame = series_of(shown.assign(what=shown["kind"].map(WHOLE)), "what", {"on": ("mean", "low", "high")})
    frame[["mean", "low", "high"]] *= LABELS[measure].scale
    fig = whiskers_figure(frame, {"on": "against none"}, told(measure), look.dark)
    return Drawn(" ".join(words), _table(shown, measure), fig)


def half(look: Look) -> Drawn:
    """None, half and all of it."""
    import numpy as np
    import pandas as pd

    from experiments.sweeps.statistics import intervals

    swept, measure = swept_of(look.study), look.values["measure"]
    found, _ = _rows(look)
    if found is None:
        return Drawn(LATER, pd.DataFrame(), pending=True)
    numbers = [name for name, number in swept.varied.items() if number]
    settings = swept.points[numbers].to_numpy(float)
    low, high = settings.min(axis=0), settings.max(axis=0)
    wanted = {"none: all at 0": low, "half: all at 0.5": (low + high) / 2, "everything: all at 1": high}
    at = {name: np.flatnonzero((np.abs(settings - w) < 1e-9).all(axis=1)) for name, w in wanted.items()}
    if any(len(which) == 0 for which in at.values()):
        return Drawn(
            "This sweep has no point with every part half on; sweep with centre=true.", pd.DataFrame()
        )
    about, first = LABELS[measure], swept.values(measure)
    # of several plans the last, as in the other pictures
    values = np.array([first[which[-1]] for which in at.values()])
    differences = intervals(values - values[0])
    means = intervals(values)
    frame = pd.DataFrame(
        {
            "what": list(at),
            "series": "at",
            **{k: getattr(means, k) * about.scale for k in ("mean", "low", "high")},
        }
    )
    fig = whiskers_figure(frame, {"at": measure_title(about)}, measure_title(about), look.dark)
    words = [line for line in found.words if "alf a change" in line]
    if not words:
        words = [f"{about.label}: {about.text(means.mean[0])} with none, {about.text(means.mean[1])} with half of "
                 f"everything, {about.text(means.mean[2])} with everything"]  # fmt: skip
    table = pd.DataFrame(
        {
            "Setting": list(at),
            f"Mean ({about.unit})": means.mean * about.scale,
            "Low (95 %)": means.low * about.scale,
            "High (95 %)": means.high * about.scale,
            "Replications": means.n,
            "Difference from none": [about.difference_text(v) for v in differences.mean],
            "Difference, low (95 %)": [about.difference_text(v) for v in differences.low],
            "Difference, high (95 %)": [about.difference_text(v) for v in differences.high],
        }
    )
    return Drawn(" ".join(words), table, fig)


def alone(look: Look) -> Drawn:
    """Each part by itself, and what is lost without it."""
    import pandas as pd

    measure = look.values["measure"]
    found, rows = _rows(look)
    if found is None:
        return Drawn(LATER, pd.DataFrame(), pending=True)
    shown = rows[rows["kind"].isin(["alone", "left_out"])]
    if shown.empty:
        return Drawn("Told only by a sweep of all combinations, without resolution=.", pd.DataFrame())
    parts = []
    for kind in ("alone", "left_out"):
        part = series_of(shown[shown["kind"] == kind], "what", {kind: ("mean", "low", "high")})
        parts.append(part)
    frame = pd.concat(parts, ignore_index=True)
    frame[["mean", "low", "high"]] *= LABELS[measure].scale
    titles = {"alone": "this alone, against none", "left_out": "everything, against everything but this"}
    fig = whiskers_figure(frame, titles, told(measure), look.dark)
    words = [line for line in found.words if "left out of everything" in line or "better without" in line]
    said = (
        " ".join(f"{line.rstrip('.')}.".replace("_", " ") for line in words)
        or "Leaving out any of them would lose something clearly."
    )
    return Drawn(said, _table(shown, measure), fig)


def _measures(study: Study) -> Options:
    return first_measures(study)


PAGE = Page(
    "/pick-and-mix",
    "Pick and mix",
    "Analysts",
    "The five delivery principles, each off or on in every combination, and all of them half on. Can a service pick some "
    "and leave the rest?",
    [
        Panel(
            "whole",
            "Is the whole more than the sum of its parts?",
            "Everything on against nothing on; each part by itself against nothing, added up; and the difference between "
            "the two. All of it within replications, with the same children and the same luck, so that luck they share "
            "drops out. Bars are 95 % intervals.",
            whole,
        ),
        Panel(
            "half",
            "Is half a change worse than none?",
            "The mean with every principle off, half on and fully on, with its 95 % interval. The answer is told from "
            "differences within replications, whose intervals are much narrower than those of the means drawn here; they "
            "are in the table.",
            half,
        ),
        Panel(
            "effects",
            "What does each principle do, and what do pairs of them do together?",
            "An effect is the mean over all combinations with it on, less the mean with it off; of a pair, half of how far "
            "the effect of one differs with and without the other. Thick bars: 95 % intervals of each by itself. Thin "
            "bars: intervals that hold all together. More than two together are in the table.",
            effects,
        ),
        Panel(
            "alone",
            "What does each bring alone, and what is lost without it?",
            "Circles: this principle alone against none of them. Triangles: everything against everything but "
            "this one. A principle that brings little alone may be missed most when everything else is there.",
            alone,
        ),
    ],
    (Control("measure", "Measure", _measures),),
    extra=register,
    lacks=lacking,
    of="sweep",
    offer=form,
    without=HOW_TO,
)
