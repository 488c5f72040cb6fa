"""Overview: the same children and the same staff under two systems, in the words of a board paper."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from dashboards.ends import hangs_on
from dashboards.page import Control, Drawn, Look, Options, Page, Panel, attributes, systems, unbroken
from dashboards.studies.changes import plan_titles
from dashboards.studies.settled import warnings
from dashboards.studies.study import Study
from dashboards.studies.words import NONE, Card, cards
from dashboards.telling.link import link
from experiments.comparing.measures_table import TITLES
from sim.errors import InputError
from sim.journey_rules import NO_SERVICE
from sim.measures import LABELS

#: Replications without which an interval says nothing.
FEWEST = 2


def headlines(look: Look) -> Drawn:
    """Cards: what changes for children, with the paired interval."""
    import pandas as pd
    from dash import html

    study = look.study
    if not study.others:
        raise InputError(
            "These results hold one system only, so there is nothing to compare. "
            "Run opendoor compare system=gatekept,balanced and open its folder, or use What if."
        )
    reference, other = pair(study, look.values["other"])
    titles = plan_titles(study)
    found = cards(study, reference, other)
    body = html.Div(
        [
            html.Article(
                [
                    html.H3(c.label),
                    html.P(c.verdict, className="verdict"),
                    html.P(
                        [unbroken(c.big[0]), html.Span(f" {unbroken(c.big[1])}", className="was")],
                        className="big words" if c.after == NONE else "big",
                        **attributes(aria_hidden="true"),
                    ),
                    html.P(unbroken(c.sentence)),
                    html.P(unbroken(c.interval), className="small"),
                ],
                className=f"card {c.tone}",
            )
            for c in found
        ],
        className="cards",
    )
    said = (
        f"{titles[other]} instead of {titles[reference]}, with the same children, the same staff and the same luck: of "
        f"these {len(found)} measures {in_all(found)}."
    )
    said = f"{said[:1].upper()}{said[1:]}"
    frame = pd.DataFrame([(c.label, c.verdict[2:], c.sentence, c.interval) for c in found])
    frame.columns = pd.Index(["Measure", "In words", "Finding", "How sure"])
    return Drawn(said, frame, body=body)


def in_all(found: Sequence[Card]) -> str:
    """How many cards say what, in words; what none says is left out."""
    counts = Counter(
        "neither for sure" if not c.tone and c.compared else c.verdict[2:].lower() for c in found
    )
    words = {
        "better": "better",
        "more equal": "more equal between deprived and other children",
        "worse": "worse",
        "less equal": "less equal between deprived and other children",
        "neither for sure": "neither for sure",
        "cannot be compared": "cannot be compared",
    }
    told = [
        f"{counts[key]} {'' if key.startswith('cannot') else 'is ' if counts[key] == 1 else 'are '}{text}"
        for key, text in words.items()
        if counts[key]
    ]
    return " and ".join([", ".join(told[:-1]), told[-1]] if len(told) > 1 else told)


def apart(look: Look) -> Drawn:
    """One measure: the difference in every replication."""
    from dashboards.figures.differences import difference_figure, paired

    study, name = look.study, look.values["measure"]
    if not study.others:
        raise InputError("These results hold one system only, so there is no difference to show.")
    reference, other = pair(study, look.values["other"])
    titles = plan_titles(study)
    m = LABELS[name]
    row = study.against(reference, other)[name]
    values = study.done.summaries
    frame = paired(values[reference][name], values[other][name], study.done.replications, m.scale)
    unit = "percentage points" if m.unit == "%" else m.unit
    mean, low, high = (float(row[c]) * m.scale for c in ("difference", "low", "high"))
    fig = difference_figure(frame, mean, low, high, unit, look.dark)
    frame.columns = [
        "Replication",
        f"{titles[reference]} ({m.unit})",
        f"{titles[other]} ({m.unit})",
        f"Difference ({unit})",
    ]
    above = int((frame.iloc[:, 3] > 0).sum())
    said = (
        f"{m.label}: {m.text(row['reference_mean'])} under {titles[reference]}, {m.text(row['other_mean'])} under "
        f"{titles[other]}; the difference is above nought in {above} of {len(frame)} replications. "
        f"{could_be_luck(row)}"
    )
    return Drawn(said, frame, fig)


def could_be_luck(row: Mapping[str, Any]) -> str:
    """The answer to the question above the figure."""
    if row["n"] < FEWEST:
        return f"With {row['n']} replications in which both have a number nobody can tell whether it is luck."
    if row["includes_no_difference"]:
        return "The 95 % interval includes no difference: it could be luck alone."
    return f"The 95 % interval leaves no difference out: luck alone is an unlikely reason. In words: {row['in_words']}."


def unknown(look: Look) -> Drawn:
    """What has to be borne in mind, as under every table of the command."""
    import pandas as pd
    from dash import dcc, html

    from experiments.words import caveats

    study = look.study
    reference, other = pair(study, look.values["other"])
    found = [*warnings(study), *caveats(study.area.name, study.configs)]
    if reference == study.reference:  # against another one nobody has asked
        found += hangs_on(study, look.known, other, look.values["measure"])
    body = html.Div(
        [
            html.Ul([html.Li(text) for text in found]),
            dcc.Link("Every number with its source", href="/evidence"),
        ]
    )
    return Drawn("", pd.DataFrame({"To bear in mind": found}), body=body)


def pairs(study: Study) -> Options:
    """What can be set against what. Pairs with no service come last: that anything is better than nothing is seldom
    the question."""
    titles = plan_titles(study)
    found = []
    for i, reference in enumerate(study.systems):
        for other in study.systems[i + 1 :]:
            value = other if reference == study.reference else f"{reference}:{other}"
            found.append((value, f"{titles[other]} instead of {titles[reference]}"))
    found.sort(key=lambda option: study.configs[pair(study, option[0])[0]].system.name == NO_SERVICE)
    return [(value, f"{words[:1].upper()}{words[1:]}") for value, words in found] or systems(study)


def pair(study: Study, value: str) -> tuple[str, str]:
    """The two systems of an option of :func:`pairs`: what the other is set against, and the other."""
    reference, colon, other = value.partition(":")
    return (reference, other) if colon else (study.reference, value)


def measures(study: Study) -> list[tuple[str, str]]:
    """Headline measures that are defined, impact first."""
    rows = study.comparison
    defined = {r["measure"] for r in rows.to_dict("records") if r["n"] > 0} if len(rows) else set(LABELS)
    return [
        (name, f"{TITLES[m.group]}: {m.label}")
        for name, m in LABELS.items()
        if m.headline and name in defined and not name.startswith("time_share_")
    ]


PAGE = Page(
    "/",
    "Overview",
    "Board members",
    "The same children and the same staff under each system. What would be different for children, how sure is it, "
    "and what is not known?",
    [
        Panel(
            "headlines",
            "What changes for children?",
            "Each card compares two systems that have both been in place from the start (or, if the results are of ways "
            "to change, two of those: see Getting there), with the same children, staff and luck. The number is the "
            "average over all simulated replications. The interval is where the difference would lie in 95 of 100 "
            "repetitions of the whole experiment; if it includes nought, luck alone may explain what is seen. ▲ is "
            "better, ▼ is worse, ● is neither for sure, or cannot be compared.",
            headlines,
            uses=("other",),
        ),
        Panel(
            "apart",
            "How far apart are the systems, and could it be luck?",
            "Each circle is one replication: the same children with the same luck under both systems, so the luck they "
            "share drops out of the difference. The diamond is the mean and the bar its 95 % interval. The dashed line "
            "is no difference.",
            apart,
            uses=("other", "measure"),
        ),
        Panel(
            "unknown",
            "What is not known?",
            "Most of these sentences stand under every result of this program. They say what the numbers cannot show. The "
            "first warns if waiting lists were still changing when counting began; the last names the assumed numbers on "
            "which the measure chosen above hangs, as far as that has been worked out.",
            unknown,
            uses=("other", "measure"),
        ),
    ],
    (
        Control("other", "Compare", pairs),
        Control("measure", "Measure", measures),
    ),
    top=link,
)
