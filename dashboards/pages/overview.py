"""Overview: the same children and the same staff under two systems, in the words of a board paper."""

from __future__ import annotations

from dashboards.ends import hangs_on
from dashboards.page import Control, Drawn, Look, Page, Panel, attributes, others
from dashboards.present_link import link
from dashboards.settled import warnings
from dashboards.study import Study
from dashboards.words import cards
from experiments.measures_table import TITLES
from sim.errors import InputError
from sim.measures import LABELS


def headlines(look: Look) -> Drawn:
    """Cards: what changes for children, with the paired interval."""
    import pandas as pd
    from dash import html

    study, other = look.study, look.values["other"]
    if not study.others:
        raise InputError(
            "These results hold one system only, so there is nothing to compare. "
            "Run opendoor compare system=gatekept,balanced and open its folder, or use What if."
        )
    found = cards(study, other)
    body = html.Div(
        [
            html.Article(
                [
                    html.H3(c.label),
                    html.P(c.verdict, className="verdict"),
                    html.P(c.sentence.split(" ", 1)[0], className="big", **attributes(aria_hidden="true")),
                    html.P(c.sentence),
                    html.P(c.interval, className="small"),
                ],
                className=f"card {c.tone}",
            )
            for c in found
        ],
        className="cards",
    )
    better = sum(c.tone == "better" for c in found)
    worse = sum(c.tone == "worse" for c in found)
    said = (
        f"{study.system_title(other)} instead of {study.system_title(study.reference)}, with the same children, "
        f"the same staff and the same luck: of these {len(found)} measures {better} are better, {worse} worse, and "
        f"{len(found) - better - worse} not clearly either."
    )
    frame = pd.DataFrame([(c.label, c.verdict[2:], c.sentence, c.interval) for c in found])
    frame.columns = pd.Index(["Measure", "In words", "Finding", "How sure"])
    return Drawn(said, frame, body=body)


def apart(look: Look) -> Drawn:
    """One measure: the difference in every replication."""
    from dashboards.figures.differences import difference_figure, paired

    study, other, name = look.study, look.values["other"], look.values["measure"]
    if not study.others:
        raise InputError("These results hold one system only, so there is no difference to show.")
    m = LABELS[name]
    rows = study.comparison
    row = rows[(rows["other"] == other) & (rows["measure"] == name)].iloc[0]
    values = study.done.summaries
    frame = paired(values[study.reference][name], values[other][name], study.done.replications, m.scale)
    unit = "percentage points" if m.unit == "%" else m.unit
    mean, low, high = (float(row[c]) * m.scale for c in ("difference", "low", "high"))
    fig = difference_figure(frame, mean, low, high, unit, look.dark)
    frame.columns = [
        "Replication",
        f"{study.reference} ({m.unit})",
        f"{other} ({m.unit})",
        f"Difference ({unit})",
    ]
    above = int((frame.iloc[:, 3] > 0).sum())
    said = (
        f"{m.label}: {m.text(row['reference_mean'])} under {study.reference}, {m.text(row['other_mean'])} under "
        f"{other}; the difference is above nought in {above} of {len(frame)} replications. In words: {row['in_words']}."
    )
    return Drawn(said, frame, fig)


def unknown(look: Look) -> Drawn:
    """What has to be borne in mind, as under every table of the command."""
    import pandas as pd
    from dash import dcc, html

    from experiments.words import caveats

    found = [
        *warnings(look.study),
        *caveats(look.study.area.name, look.study.configs),
        *hangs_on(look.study, look.known, look.values["other"], look.values["measure"]),
    ]
    body = html.Div(
        [
            html.Ul([html.Li(text) for text in found]),
            dcc.Link("Every number with its source", href="/evidence"),
        ]
    )
    return Drawn("", pd.DataFrame({"To bear in mind": found}), body=body)


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
            "better, ▼ is worse, ● is neither for sure.",
            headlines,
        ),
        Panel(
            "apart",
            "How far apart are the systems, and could it be luck?",
            "Each circle is one replication: the same children with the same luck under both systems, so the luck they "
            "share drops out of the difference. The diamond is the mean and the bar its 95 % interval. The dashed line "
            "is no difference.",
            apart,
        ),
        Panel(
            "unknown",
            "What is not known?",
            "Most of these sentences stand under every result of this program. They say what the numbers cannot show. The "
            "first warns if waiting lists were still changing when counting began; the last names the assumed numbers on "
            "which the measure chosen above hangs, as far as that has been worked out.",
            unknown,
        ),
    ],
    (
        Control("other", "Compare with the reference", others),
        Control("measure", "Measure shown in full", measures),
    ),
    top=link,
)
