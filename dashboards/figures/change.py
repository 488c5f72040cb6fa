"""Pictures of a change: what it makes of each week, and how far each way to change is from staying put."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from dashboards.theme import DASHES, MARKERS, figure, see_through, theme

if TYPE_CHECKING:
    import pandas as pd

#: Letters of a label beside an axis before it is broken: more would leave no room for the picture on a phone.
LABEL_LETTERS = 18
#: Letters of a line below an axis, for the same reason.
TITLE_LETTERS = 32


def course_figure(frame: pd.DataFrame, titles: Mapping[str, str], unit: str, dark: bool) -> Any:
    """Lines by week since the decision; with a band where an interval is known.

    Args:
        frame: columns ``plan, week, value, low, high``. titles: of the plans, the reference first.
    """
    t = theme(dark)
    fig = figure(dark, 400)
    for i, (plan, title) in enumerate(titles.items()):
        rows = frame[frame["plan"] == plan]
        colour = t.systems[i % len(t.systems)]
        known = rows[rows["high"] > rows["low"]]
        if len(known):
            fig.add_scatter(
                x=[*known["week"], *reversed(list(known["week"]))],
                y=[*known["high"], *reversed(list(known["low"]))],
                fill="toself",
                fillcolor=see_through(colour, 0.2),
                line={"width": 0},
                hoverinfo="skip",
                showlegend=False,
            )
        fig.add_scatter(
            x=rows["week"],
            y=rows["value"],
            mode="lines",
            name=title,
            line={"color": colour, "width": 3, "dash": DASHES[i % len(DASHES)]},
            hovertemplate=f"{title}: %{{y:,.1f}}<extra></extra>",
        )
    fig.update_layout(hovermode="x")
    fig.update_xaxes(title_text="weeks after the decision", rangemode="tozero")
    fig.update_yaxes(title_text=unit, tickformat=",")
    return fig


def ways_figure(
    frame: pd.DataFrame, labels: Mapping[str, str], titles: Mapping[str, str], axis: str, dark: bool
) -> Any:
    """Measures under each other, a mark with its 95 % interval for each plan; those not defined have no mark.

    Args:
        frame: columns ``plan, measure, mean, low, high``. labels: of the measures, in order. titles: of the plans,
        the reference first; it has no marks, for everything is told against it.
    """
    t = theme(dark)
    plans = list(titles)[1:]
    fig = figure(dark, 90 + len(labels) * (30 + 20 * len(plans)))
    fig.add_vline(x=0, line={"color": t.muted, "width": 2, "dash": "dash"})
    for i, plan in enumerate(plans, start=1):
        rows = frame[frame["plan"] == plan].set_index("measure").reindex(list(labels))
        colour = t.systems[i % len(t.systems)]
        sure = (rows["high"] > rows["low"]).to_numpy()
        fig.add_scatter(
            x=rows["mean"],
            y=[row + 0.2 * (i - (len(plans) + 1) / 2) for row in range(len(labels))],
            mode="markers",
            name=titles[plan],
            marker={"symbol": MARKERS[i % len(MARKERS)], "size": 12, "color": colour},
            error_x={
                "type": "data",
                "array": (rows["high"] - rows["mean"]).where(sure, 0.0),
                "arrayminus": (rows["mean"] - rows["low"]).where(sure, 0.0),
                "thickness": 2,
                "color": colour,
            }
            if sure.any()
            else None,
            text=list(labels.values()),
            hovertemplate=f"{titles[plan]}, %{{text}}: %{{x:,.1f}}<extra></extra>",
        )
    fig.update_yaxes(
        tickvals=list(range(len(labels))),
        ticktext=["<br>".join(textwrap.wrap(label, LABEL_LETTERS)) for label in labels.values()],
        range=[len(labels) - 0.5, -0.5],
        rangemode="normal",
        zeroline=False,
    )
    title = "<br>".join(textwrap.wrap(axis, TITLE_LETTERS))
    fig.update_xaxes(title_text=title, tickformat=",", tickangle=0, showgrid=True, nticks=5)
    return fig
