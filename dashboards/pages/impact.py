"""Impact: how much better children function than they would with no service at all, and what went in for it."""

from __future__ import annotations

from typing import Any

from dashboards.figures.impact import changes_figure, fifteen_figure, shares_figure
from dashboards.page import Control, Drawn, Look, Page, Panel, attributes, systems, table
from dashboards.pages.waits import titles
from experiments.comparing.measures_table import TITLES
from sim.measures import LABELS
from sim.system import LEDGER_LINES

#: The scorecard's four columns, as groups of measures: input, reach, quality, impact.
SCORECARD = {
    "Impact": ("impact",),
    "Quality": ("quality", "waits"),
    "Reach": ("reach", "equity"),
    "Input": ("staff time", "cost"),
}

SCORECARD_WORDS = {
    "Impact": "what difference does it make to children?",
    "Quality": "how well, and how soon?",
    "Reach": "whom does it reach?",
    "Input": "what goes in?",
}

#: What the cells of the fifteen outcomes can show, and its heading in the table.
CELLS = {
    "hours": "hours in",
    "children_reached": "children reached",
    "change_mean_points": "mean change of those reached (points)",
    "needs_reached": "needs reached",
    "contacts": "contacts",
}


def gains(look: Look) -> Drawn:
    """How the change against no service is spread over needs."""
    study = look.study
    rows = study.view("changes")
    share = rows.groupby(["system", "points"], sort=False)["needs"].sum().reset_index()
    share["share"] = share["needs"] / share.groupby("system")["needs"].transform("sum")
    said = []
    for name, title in titles(study).items():
        own = share[share["system"] == name]
        none = float(own.loc[own["points"] == 0, "share"].sum())
        said.append(f"{title}: {none:.0%} change by less than an eighth of a point (not drawn)")
    frame = share[["system", "points", "needs", "share"]].copy()
    frame.columns = ["System", "Points gained (nearest quarter)", "Needs, all replications at hand", "Share"]
    return Drawn("; ".join(said) + ".", frame, changes_figure(share, titles(study), look.dark))


def scorecard(look: Look) -> Drawn:
    """Input, reach, quality, impact: the numbers of ``opendoor compare``."""
    import pandas as pd

    from experiments.certainty.statistics import estimate

    study = look.study
    records: list[dict[str, Any]] = []
    known = {other: study.against(study.reference, other) for other in study.others}
    for column, groups in SCORECARD.items():
        for name, m in LABELS.items():
            if m.group not in groups or not m.headline or name.startswith("time_share_"):
                continue
            means = {s: estimate(study.done.summaries[s][name]).mean for s in study.systems}
            if all(value != value for value in means.values()):
                continue
            row: dict[str, Any] = {
                "Part": column,
                "Measure": m.label if m.unit in ("%", "£") else f"{m.label} ({m.unit})",
                **{study.system_title(s): m.text(value) for s, value in means.items()},
            }
            for other in study.others:
                found = known[other][name]
                low, high = m.difference_text(found["low"]), m.difference_text(found["high"])
                suffix = "" if len(study.others) == 1 else f": {study.system_title(other)}"
                row[f"Difference{suffix}"] = m.difference_text(found["difference"])
                row[f"95 % interval{suffix}"] = f"{low} to {high}" if found["n"] > 1 else "–"
                row[f"In words{suffix}"] = found["in_words"]
            records.append(row)
    frame = pd.DataFrame(records)
    said = (
        f"Differences are from {study.system_title(study.reference)}, within {study.n} replications."
        if study.others
        else ""
    )
    from dash import html

    parts: list[Any] = []
    for column in SCORECARD:
        rows = frame[frame["Part"] == column].drop(columns="Part")
        if len(rows):
            parts += [html.H3(f"{column}: {SCORECARD_WORDS[column]}"), table(rows)]
    return Drawn(
        said,
        frame,
        body=html.Div(
            parts,
            className="scroll whole stacked scorecard",
            tabIndex="0",
            role="region",
            **attributes(aria_label="Scorecard"),
        ),
    )


def fifteen(look: Look) -> Drawn:
    """Five strands by three levels: the mean over replications."""
    study, system, value = look.study, look.values["system"], look.values["cell"]
    rows = study.view("outcomes", [system])
    mean = rows.groupby(["strand", "level"], sort=False)[list(CELLS)].mean().reset_index()
    title, n = study.system_title(system), rows["replication"].nunique()
    known = mean[mean[value] > 0] if value != "change_mean_points" else mean.dropna(subset=[value])
    if known.empty:
        said = f"{title}: nothing was put in, and nobody was reached."
    else:
        most = known.iloc[int(known[value].to_numpy().argmax())]
        cell = f"{most['strand'].replace('_', ' ')} at {most['level']} level"
        if value == "change_mean_points":
            said = (
                f"{title}: those whom {cell} reached gained most, {most[value]:.2f} points on average against no service. "
                "Who is reached in several cells counts in each, so this tells how those do whom a cell reaches, not what "
                "it alone has done."
            )
        elif value == "children_reached":
            said = (
                f"{title}: {cell} reached most children ({most[value]:,.0f}). A child reached in several cells counts in "
                "each."
            )
        else:
            total = known[value].sum()
            share = most[value] / total
            said = (
                f"{title}: {total:,.0f} {CELLS[value].removesuffix(' in')} in the years counted, {share:.0%} of them in "
                f"{cell}."
            )
            if value == "needs_reached":
                said += " A need reached in several cells counts in each, so there are fewer needs than that."
    said += f" {15 - len(known)} of the fifteen cells have none." if len(known) < 15 and len(known) else ""
    said += f" Mean of {n} replications." if n > 1 else " One replication."
    frame = mean.assign(strand=mean["strand"].str.replace("_", " "))
    frame.columns = ["Strand", "Level", *(words[:1].upper() + words[1:] for words in CELLS.values())]
    return Drawn(said, frame, fifteen_figure(mean, value, CELLS[value], look.dark))


def ledger(look: Look) -> Drawn:
    """Where every staff hour went."""
    study = look.study
    rows = study.view("ledger_lines")
    if look.values["role"] != "all":
        rows = rows[rows["role"] == look.values["role"]]
    hours = rows.groupby(["system", "replication", "line"], sort=False)["hours"].sum().reset_index()
    hours = hours.groupby(["system", "line"], sort=False)["hours"].mean().reset_index()
    hours["share"] = hours["hours"] / hours.groupby("system")["hours"].transform("sum")
    used: list[str] = [line for line in LEDGER_LINES if hours.loc[hours["line"] == line, "hours"].sum() > 0]
    words: dict[str, str] = {
        line: LABELS[f"time_share_{line}"].label.removeprefix("Staff time: ") for line in used
    }
    children = ("direct_contact", "group", "drop_in", "coaching")
    said = []
    for name, title in titles(study).items():
        own = hours[hours["system"] == name].set_index("line")["share"]
        said.append(f"{title} {own[[c for c in children if c in own]].sum():.0%}")
    frame = hours[hours["line"].isin(used)].assign(line=lambda f: f["line"].map(words))
    frame = frame[["system", "line", "hours", "share"]]
    frame.columns = ["System", "What the time went into", "Hours (mean of replications)", "Share"]
    return Drawn(
        f"Time with children or with the people around them (one-to-one, groups, drop-in, coaching): {'; '.join(said)}.",
        frame,
        shares_figure(hours, used, titles(study), words, look.dark),
    )


def _roles(study: Any) -> list[tuple[str, str]]:
    roles = study.configs[study.reference].workforce.roles
    return [("all", "everybody"), *((name, role.title) for name, role in roles.items())]


PAGE = Page(
    "/impact",
    "Impact",
    "Therapy leads",
    "Impact is the difference a service makes: the same children's functional score with it and without any service. "
    "What children would have gained by themselves is credited to nobody.",
    [
        Panel(
            "gains",
            "Who gains how much against no service?",
            "Every need of the area, seen or not, by how much better (or worse) the child functions at the end than with "
            "no service at all. Most change little, because most are never seen or recover by themselves; those are "
            "told in the sentence and not drawn, so that the others can be seen.",
            gains,
            uses=(),
        ),
        Panel(
            "scorecard",
            "What goes in, whom does it reach, how well, and to what effect?",
            "The scorecard of the Balanced System: input, reach, quality, impact, the last first. The numbers are "
            f"those of opendoor compare. Groups: {', '.join(TITLES.values())}.",
            scorecard,
            uses=(),
        ),
        Panel(
            "fifteen",
            "Which of the fifteen outcomes does the work go into?",
            "Five strands by three levels, of the offers that belong there: staff hours put in, children reached (each once "
            "in a cell), and how much better those reached function at the end than with no service at all. Children are "
            "often reached in several cells: their change is not divided among them. Work with the whole population reaches "
            "nobody by name, so its cells have hours and no children. Advice kept up at home is given in contacts of other "
            "offers, so its cell has children and no hours. –: nothing of it, mostly because the system has no offer there.",
            fifteen,
            uses=("system", "cell"),
        ),
        Panel(
            "ledger",
            "Where did every staff hour go?",
            "All minutes that staff were at work in the years counted, by what they went into; the lines add up to "
            "everything, unused time included.",
            ledger,
            uses=("role",),
        ),
    ],
    (
        Control("system", "Fifteen outcomes of", systems),
        Control("cell", "showing", lambda study: list(CELLS.items())),
        Control("role", "Staff time of", _roles),
    ),
)
