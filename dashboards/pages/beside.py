"""Side by side: the results chosen at the top and every other folder that was opened, in one measure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dashboards.figures.beside import levels_figure
from dashboards.page import Control, Drawn, Look, Page, Panel, attributes, table
from dashboards.pages.overview import measures
from dashboards.studies.beside import TELL, Apart, apart, asked, levels, pairs
from dashboards.studies.changes import plan_titles
from dashboards.studies.study import Study
from sim.measures import LABELS

if TYPE_CHECKING:
    import pandas as pd

ALONE = "Only one set of results is open. Name several: opendoor dashboard FOLDER_A FOLDER_B."


def studies(look: Look) -> list[Study]:
    """The results chosen, then all others that are open."""
    return [look.study, *(look.beside() if look.beside is not None else [])]


def each(look: Look) -> Drawn:
    """Every system of every set, with its own interval."""
    found, name = studies(look), look.values["measure"]
    m = LABELS[name]
    frame = levels(found, name)
    titles = {study.title: _titles(study, found[0]) for study in found}
    frame["system"] = [
        titles[at][system] for at, system in zip(frame["results"], frame["system"], strict=True)
    ]
    for column in ("mean", "low", "high"):
        frame[column] = frame[column] * m.scale
    unit = m.unit
    fig = levels_figure(frame, f"{m.label} ({unit})" if unit != "%" else f"{m.label}, %", look.dark)
    said = "; ".join(
        f"{study.title}, {study.n} replications: "
        + ", ".join(
            f"{titles[study.title][s]} {m.text(float(study.done.summaries[s][name].mean()))}"
            for s in study.systems
        )
        for study in found
    )
    frame.columns = [
        "Results",
        "System",
        f"Mean ({unit})",
        "Low (95 %)",
        "High (95 %)",
        "Replications",
        "Area",
        "Seed",
        "Years (before + counted)",
    ]
    return Drawn(f"{m.label}: {said}." + ("" if len(found) > 1 else f" {ALONE}"), frame, fig)


def how_far(look: Look) -> Drawn:
    """Differences where they may be taken, and why not where they may not."""
    import pandas as pd
    from dash import html

    found, name = studies(look), look.values["measure"]
    if len(found) == 1:
        return Drawn(ALONE, pd.DataFrame({"To bear in mind": [ALONE]}))
    first, others = found[0], found[1:]
    rows = apart(first, others, name)
    frame = pd.DataFrame([_told(row, first, name) for row in rows])
    paired = sum(not row.why for row in rows)
    said = (
        f"{paired} of {len(rows)} pairs met the same children with the same luck, so that a difference from "
        f"{first.title} has an interval."
        if rows
        else f"Nothing in the other results is a system of {first.title}, so nothing is set against it."
    )
    about: list[Any] = []
    for other in others:
        told = list(asked(first, other))
        more = [f"and {len(told) - TELL} more"] if len(told) > TELL else []
        about.append(html.H3(f"{other.title} against {first.title}"))
        about.append(html.P("What was asked differs in:" if told else "What was asked is the same."))
        about.append(html.Ul([html.Li(text) for text in told[:TELL] + more]))
    body = html.Div(
        [
            *([_differences(frame)] if rows else []),
            *about,
        ]
    )
    return Drawn(said, frame, body=body)


def _titles(study: Study, first: Study) -> dict[str, str]:
    """What the systems of a set of results are called: as in the first, if it has the same ones."""
    return plan_titles(study) | {
        b: plan_titles(first)[a] for a, b in pairs(first, study) if study is not first
    }


def _differences(frame: pd.DataFrame) -> Any:
    from dash import html

    return html.Div(
        table(frame),
        className="scroll",
        role="region",
        tabIndex="0",
        **attributes(aria_label="Differences between results"),
    )


def _told(row: Apart, first: Study, name: str) -> dict[str, str]:
    m, titles = LABELS[name], plan_titles(first)
    e = row.difference
    interval = (
        f"{m.difference_text(e.low)} to {m.difference_text(e.high)}, n = {e.n}" if e.n > 1 else f"n = {e.n}"
    )
    return {
        "System": titles[row.item.partition(" / ")[0]],
        first.title: m.text(row.means[0]),
        "Set against it": row.other,
        "There": m.text(row.means[1]),
        "Difference": m.difference_text(e.mean) if e.n else "–",
        "95 % interval": interval if not row.why else "none: not paired",
        "In words": row.words if not row.why else f"No interval of a difference: {', '.join(row.why)}.",
    }


PAGE = Page(
    "/side-by-side",
    "Side by side",
    "Analysts",
    "Several sets of results on one page: the one chosen at the top, and every other folder that was opened with it.",
    [
        Panel(
            "each",
            "What does each set of results say?",
            "Every system (or way to change) of every set, its mean over its own replications and the 95 % interval of that "
            "mean. Intervals that do not overlap are apart; of those that do, nothing can be said from this picture: look "
            "at the paired differences below.",
            each,
        ),
        Panel(
            "how_far",
            "How far are they apart, and may that be said?",
            "The same systems (by name, by what they are, or one system each) are set against each other. With the same "
            "area, needs, calendar, years and seed both met the same children with the same luck, and the difference is "
            "taken replication by replication. Otherwise other children, other years or other luck are part of what "
            "differs; then there is no interval, and the reason is told. Intervals cover luck only.",
            how_far,
        ),
    ],
    (Control("measure", "Measure", measures),),
)
