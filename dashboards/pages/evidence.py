"""Evidence: every number behind the results, how good it is, and where it comes from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dashboards.ends import MEASURE, OTHER, register, section
from dashboards.page import Control, Drawn, Look, Page, Panel, attributes, table
from dashboards.studies.study import Study
from dashboards.theme import figure, theme
from experiments.numbers import BY_HAND, GRADES, grade_counts, rows_used, set_by_hand
from experiments.words import GRADE_WORDS
from sim.measures import LABELS

if TYPE_CHECKING:
    import pandas as pd


def rows(study: Study) -> pd.DataFrame:
    """Evidence rows that any system of the study uses: name, value, range, unit, grade, shape, source, note; then what is
    set by hand, which has no range, by its key in the configuration."""
    import pandas as pd

    used = rows_used(study.configs.values())
    known: dict[str, Any] = {}
    for config in study.configs.values():
        known |= {name: row for name, row in config.evidence.items() if name in used and name not in known}
    by_hand: dict[tuple[str, float, str], list[str]] = {}
    for system, config in study.configs.items():
        for number in set_by_hand(config):
            by_hand.setdefault((number.key, number.value, number.unit), []).append(study.system_title(system))
    return pd.DataFrame(
        [
            {
                "Number": name,
                "Value": row.value,
                "Low": row.low,
                "High": row.high,
                "Unit": row.unit,
                "Grade": row.grade,
                "Shape": row.distribution,
                "Source": row.source,
                "Note": row.note or "",
            }
            for name, row in known.items()
        ]
        + [
            {
                "Number": key,
                "Value": value,
                "Unit": unit,
                "Grade": BY_HAND,
                "Shape": "fixed",
                "Source": f"Set in the configuration: {', '.join(systems)}",
                "Note": "",
            }
            for (key, value, unit), systems in by_hand.items()
        ]
    )


def grades(look: Look) -> Drawn:
    """How many numbers have which grade."""
    import pandas as pd

    counts = grade_counts(look.study.configs.values())
    words = {**GRADE_WORDS, BY_HAND: "set by hand"}
    t = theme(look.dark)
    fig = figure(look.dark, 260)
    names = [*GRADES, BY_HAND]
    fig.add_bar(
        y=[words[n] for n in names],
        x=[counts[n] for n in names],
        orientation="h",
        marker={"color": t.systems[1]},
        text=[str(counts[n]) for n in names],
        textposition="outside",
        cliponaxis=False,
        hoverinfo="skip",
        showlegend=False,
    )
    fig.update_yaxes(autorange="reversed", rangemode="normal")
    fig.update_xaxes(title_text="numbers in use", range=[0, 1.2 * max(1, *counts.values())])
    total = sum(counts[g] for g in GRADES)
    said = (
        f"{total} rows of the evidence table are in use: {counts['assumed']} of them are assumed and "
        f"{counts['measured'] + counts['published']} measured or published. {counts[BY_HAND]} more are set by hand."
    )
    frame = pd.DataFrame({"Grade": [words[n] for n in names], "Numbers": [counts[n] for n in names]})
    return Drawn(said, frame, fig)


def every(look: Look) -> Drawn:
    """The table, narrowed to what is searched for."""
    from dash import html

    frame = rows(look.study)
    total = len(frame)
    if look.values["grade"] != "all":
        frame = frame[frame["Grade"] == look.values["grade"]]
    wanted = look.values["words"].casefold().split()
    if wanted:
        text = frame.map(str).agg(" ".join, axis=1).str.casefold().str.replace("_", " ")
        frame = frame[[all(w.replace("_", " ") in line for w in wanted) for line in text]]
    shown = frame.drop(columns=["Shape"]).assign(Number=frame["Number"].str.replace("_", " "))
    measure = look.values["measure"]
    found = (
        look.known.of(look.study, look.values["other"], measure) if look.known and look.study.others else {}
    )
    swing = {row: d.swing * LABELS[measure].scale for row, d in found.items()}
    shown.insert(4, "The answer moves by", frame["Number"].map(swing).astype(float))
    body = html.Div(
        table(shown, most=400, sortable=True),
        className="scroll stacked",
        tabIndex="0",
        role="region",
        **attributes(aria_label="Numbers in use"),
    )
    said = f"{len(frame)} of {total} numbers." + (
        "" if len(frame) else " Nothing fits these words; try fewer of them."
    )
    if look.study.others:
        known = int(shown["The answer moves by"].notna().sum())
        said += (
            f" How far the answer ({LABELS[measure].label}, difference from the reference) moves between the ends of its "
            f"range is known for {known} of them. A heading sorts the table."
        )
    return Drawn(said, shown, body=body)


PAGE = Page(
    "/evidence",
    "Evidence",
    "Analysts",
    "Every number the results rest on, with its range, its grade and its source. Most are not measured: that is why every "
    "result reads 'if these hold, then'.",
    [
        Panel(
            "grades",
            "How good is the evidence behind these results?",
            "Measured: official counts. Published: a study or survey. Expert: judgement of people who do the work. Assumed: "
            "nobody knows; a plausible range is given. Numbers set by hand in a file have no range.",
            grades,
        ),
        Panel(
            "numbers",
            "Which numbers are these, and who says so?",
            "The evidence rows that the systems shown use, then what is set by hand in their configuration. Low and high "
            "are the ends of the plausible range. The answer moves by: the largest distance between the difference from the "
            "reference with the number at its low end, as it is, and at its high end; worked out above, or read from a "
            "sweep (opendoor sweep design=one_at_a_time) of the same systems, area and years that was opened with these "
            "results. –: not known.",
            every,
        ),
    ],
    (
        Control("words", "Search", typed=True),
        Control(
            "grade",
            "Grade",
            lambda study: [
                ("all", "all grades"),
                *((g, GRADE_WORDS[g]) for g in GRADES),
                (BY_HAND, "set by hand"),
            ],
        ),
        OTHER,
        MEASURE,
    ),
    extra=register,
    after_first=section,
)
