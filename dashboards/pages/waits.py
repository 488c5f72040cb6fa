"""Waits: the wait that is recorded, and the wait a family lives through."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Literal

import numpy as np

from dashboards.figures.waits import BAND_WORDS, bands_figure, fan, fan_figure, xmr_figure
from dashboards.figures.xmr import xmr
from dashboards.page import Control, Drawn, Look, Options, Page, Panel, cell
from dashboards.studies.study import Study
from dashboards.theme import theme
from sim.calendar import days_of_run
from sim.dictionary import WEEKLY_MEANING
from sim.errors import InputError
from sim.kernel.state import WEEKLY_MEASURES
from sim.measures import LABELS
from sim.measures.views import LIST_SIZES, PERIOD_WEEKS

if TYPE_CHECKING:
    from sim.config import Config

WAIT_WORDS = {
    "useful": "Concern to first useful support",
    "recorded": "Recorded wait: referral to first contact",
    "second": "Concern to second contact",
    "specialist": "Concern to specialist start (specialist level)",
}

#: Which headline measures say most about each wait.
TOLD = {
    "useful": "first_useful_within_18_weeks_share",
    "recorded": "recorded_wait_within_18_weeks_share",
    "second": "second_contact_within_26_weeks_share",
    "specialist": "specialist_start_within_52_weeks_share",
}

COUNTED = {
    "first_useful": WEEKLY_MEANING["first_useful"],
    "list_size": "needs on the waiting list for a first contact",
    "list_over_18_weeks": "of these, waiting for over 18 weeks",
    **{name: WEEKLY_MEANING[name] for name in WEEKLY_MEASURES if name != "in_contact"},
}

#: Counts of which more is better, and of which less is; of all others neither.
MORE_IS_BETTER = ("first_contacts", "first_useful", "statutory_on_time")
LESS_IS_BETTER = (
    *("list_size", "list_over_18_weeks", "not_brought", "turned_away", "gave_up", "duplicate_contacts"),
)

LISTS = {
    "every_list": "for anything at all",
    "size": "for a first contact",
    "over_18": "for a first contact, over 18 weeks",
    "over_52": "for a first contact, over 52 weeks",
}
OVER = {"over_18": ("w18_52", "w52_plus"), "over_52": ("w52_plus",)}


def first_day(config: Config) -> dt.date:
    """Day 0 of the run, from which weeks are counted."""
    return dt.date.fromisoformat(config.calendar.start)


def titles(study: Study) -> dict[str, str]:
    """Legend titles by system, in order."""
    return {name: study.system_title(name) for name in study.systems}


def curves(look: Look) -> Drawn:
    """Who is still waiting after how many weeks."""
    study, wait = look.study, look.values["wait"]
    rows = study.view("curves")
    rows = rows[(rows["wait"] == wait) & (rows["week"] <= 104)]
    if rows.empty:
        raise InputError(f"Nobody began this wait ({WAIT_WORDS[wait].lower()}) in the years counted.")
    bands = fan(rows, "week", "still")
    fig = fan_figure(
        bands, "week", titles(study), None, "still waiting", look.dark, True, "weeks since the wait began"
    )
    fig.update_yaxes(range=[0, 1.02])
    fig.add_vline(
        x=18,
        line={"dash": "dot", "width": 1.5, "color": theme(look.dark).muted},
        annotation_text="18 weeks",
        annotation_position="top right",
    )
    m = LABELS[TOLD[wait]]
    told = "; ".join(
        f"{study.system_title(name)} {m.text(float(np.nanmean(values[TOLD[wait]])))}"
        for name, values in study.done.summaries.items()
        if np.isfinite(values[TOLD[wait]]).any()
    )
    frame = bands[["system", "week", "median", "low90", "high90", "replications"]].copy()
    frame.columns = ["System", "Week", "Still waiting (median)", "Low (5 %)", "High (95 %)", "Replications"]
    return Drawn(f"{m.label}: {told}." if told else "", frame, fig)


def bands(look: Look) -> Drawn:
    """Completed and incomplete waits in the published bands."""
    study, wait, state = look.study, look.values["wait"], look.values["state"]
    rows = study.view("waited")
    rows = rows[(rows["wait"] == wait) & (rows["state"] == state)]
    people = rows.groupby(["system", "band"], sort=False)["people"].mean().reset_index()
    people["share"] = people["people"] / people.groupby("system")["people"].transform("sum")
    fig = bands_figure(people, titles(study), look.dark)
    said = []
    for name, title in titles(study).items():
        own = people[people["system"] == name].set_index("band")
        total = float(own["people"].sum())
        over = float(own["people"]["w52_plus"])
        said.append(
            f"{title}: {total:,.0f}, of them {cell(round(100 * over / total, 1))}% over 52 weeks"
            if total
            else f"{title}: none"
        )
    what = "ended in the years counted" if state == "completed" else "were going on when the run ended"
    frame = people.assign(band=people["band"].map(BAND_WORDS))[["system", "band", "people", "share"]]
    frame.columns = ["System", "Weeks", "Waits (mean of replications)", "Share"]
    return Drawn(f"Waits that {what}. {'; '.join(said)}.", frame, fig)


def lists(look: Look) -> Drawn:
    """The list, week by week."""
    study, which = look.study, look.values["list"]
    rows = study.view("lists")
    config = study.configs[study.reference]
    if which in OVER:
        rows = rows.assign(**{which: rows[list(OVER[which])].sum(axis=1)})
    bands = fan(rows, "week", which)
    fig = fan_figure(bands, "week", titles(study), first_day(config), "needs waiting", look.dark)
    decision, _ = days_of_run(config.history_years, config.horizon_years)
    start = first_day(config) + dt.timedelta(days=decision)
    mark = start.isoformat()
    line = {"dash": "dot", "width": 1.5, "color": theme(look.dark).muted}
    fig.add_shape(x0=mark, x1=mark, y0=0, y1=1, yref="paper", line=line)
    fig.add_annotation(
        x=mark, y=1, yref="paper", text="counted from here", showarrow=False, xanchor="right", yanchor="top"
    )
    n = int(bands["replications"].max())
    last = bands.groupby("system").tail(1).set_index("system")["median"]
    ends = [f"{title} {last[name]:,.0f}" for name, title in titles(study).items() if name in last]
    said = f"At the end: {'; '.join(ends)}."
    said += (
        f" Dark band: half of the {n} replications; light band: nine tenths."
        if n > 1
        else " One replication's tables are at hand, so there is no band: this is one possible history."
    )
    frame = bands.assign(date=[first_day(config) + dt.timedelta(days=7 * int(w)) for w in bands["week"]])
    frame = frame[["system", "date", "median", "low90", "high90", "replications"]]
    frame.columns = [
        "System",
        "Week beginning",
        "Waiting (median)",
        "Low (5 %)",
        "High (95 %)",
        "Replications",
    ]
    return Drawn(said, frame, fig)


def better_of(counted: str) -> Literal["higher", "lower", "neither"]:
    """Whether more of what a process chart counts is better."""
    if counted in MORE_IS_BETTER:
        return "higher"
    return "lower" if counted in LESS_IS_BETTER else "neither"


def process(look: Look) -> Drawn:
    """An XmR chart of one simulated history, as a service would see its own."""
    study, system, measure = look.study, look.values["system"], look.values["counted"]
    rows = study.view("periods", [system])
    rows = rows[(rows["measure"] == measure) & (rows["replication"] == rows["replication"].min())]
    if len(rows) < 3:
        raise InputError("A process chart needs three periods of four weeks or more; simulate more years.")
    start = first_day(study.configs[system])
    chart = xmr(rows["value"].to_numpy())
    days = [start + dt.timedelta(days=7 * int(w)) for w in rows["week"]]
    fig = xmr_figure(
        chart,
        days,
        "needs" if measure in LIST_SIZES else f"in {PERIOD_WEEKS} weeks",
        better_of(measure),
        look.dark,
    )
    signals = int((chart["signal"] != "").sum())
    said = (
        f"{study.system_title(system)}, {COUNTED[measure]}: mean {chart['mean'].iloc[0]:,.0f}, usual range "
        f"{chart['lower'].iloc[0]:,.0f} to {chart['upper'].iloc[0]:,.0f}; {signals} of {len(chart)} are special cause."
    )
    frame = chart.assign(start=days)[["start", "value", "mean", "lower", "upper", "signal", "rule"]]
    frame.columns = ["Four weeks from", "Value", "Mean", "Lower limit", "Upper limit", "Signal", "Rule"]
    return Drawn(said, frame, fig)


def _fixed(words: dict[str, str]) -> Options:
    return list(words.items())


PAGE = Page(
    "/waits",
    "Waits",
    "Therapy leads",
    "The recorded wait starts with a referral; a family's wait starts with a worry. Both are here, because open access "
    "shortens the first by construction.",
    [
        Panel(
            "curves",
            "How many are still waiting after how many weeks?",
            "The share of those who began this wait in the years counted and are still without what they wait for "
            "(Kaplan-Meier: whoever cannot be followed any longer counts for as long as they could be). A curve that "
            "falls faster is a shorter wait; one that levels off high means that some are never reached. Bands show the "
            "spread between replications.",
            curves,
            uses=("wait",),
        ),
        Panel(
            "bands",
            "How long were the waits, in the bands of the published collection?",
            "Completed waits ended in the years counted. Waits that go on are those of everybody who was still waiting "
            "when the run ended. A service that clears short waits only looks good on the first and bad on the second.",
            bands,
            uses=("wait", "state"),
        ),
        Panel(
            "lists",
            "How does the list change over time?",
            "Needs on the list at the end of every week, the history before the decision day included. The line is the "
            "median over replications.",
            lists,
            uses=("list",),
        ),
        Panel(
            "process",
            "Which four weeks would be news, and which are the usual ups and downs?",
            "An XmR chart as in NHS reporting, of one simulated history (the first replication). Grey circles are common "
            "cause. Triangles are special cause by the rules of Making Data Count: beyond a limit; seven or more on one "
            "side of the mean; seven or more rising or falling all the way; two of three near a limit. Blue is improvement, "
            "orange concern; purple where neither more nor less is better. Limits are those of the whole period.",
            process,
            uses=("system", "counted"),
        ),
    ],
    (
        Control("wait", "Wait", lambda study: _fixed(WAIT_WORDS)),
        Control(
            "state",
            "Bands of",
            lambda study: [("completed", "waits that ended"), ("still waiting", "waits that go on")],
        ),
        Control(
            "list",
            "List",
            lambda study: _fixed(LISTS),
        ),
        Control("system", "Process chart of", lambda study: list(titles(study).items())),
        Control(
            "counted", "counting", lambda study: [(n, w[:1].upper() + w[1:]) for n, w in COUNTED.items()]
        ),
    ),
)
