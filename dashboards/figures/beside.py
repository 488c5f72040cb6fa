"""Pictures of several sets of results: every system of every set, each with its own interval."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dashboards.theme import MARKERS, figure, theme

if TYPE_CHECKING:
    import pandas as pd


def levels_figure(frame: pd.DataFrame, axis: str, dark: bool) -> Any:
    """One line per system, a mark with its 95 % interval for each set of results.

    Args:
        frame: columns ``results, system, mean, low, high``, in the unit shown.
    """
    t = theme(dark)
    systems, results = list(dict.fromkeys(frame["system"])), list(dict.fromkeys(frame["results"]))
    fig = figure(dark, 100 + len(systems) * (28 + 22 * len(results)))
    for i, title in enumerate(results):
        rows = frame[frame["results"] == title]
        colour = t.systems[(i + 1) % len(t.systems)]
        sure = (rows["high"] > rows["low"]).to_numpy()
        fig.add_scatter(
            x=rows["mean"],
            y=[systems.index(s) + 0.25 * (i - (len(results) - 1) / 2) for s in rows["system"]],
            mode="markers",
            name=title,
            marker={"symbol": MARKERS[(i + 1) % len(MARKERS)], "size": 12, "color": colour},
            error_x={
                "type": "data",
                "array": (rows["high"] - rows["mean"]).where(sure, 0.0),
                "arrayminus": (rows["mean"] - rows["low"]).where(sure, 0.0),
                "thickness": 2,
                "color": colour,
            }
            if sure.any()
            else None,
            text=rows["system"],
            hovertemplate=f"{title}, %{{text}}: %{{x:,.2f}}<extra></extra>",
        )
    fig.update_yaxes(
        tickvals=list(range(len(systems))),
        ticktext=systems,
        range=[len(systems) - 0.5, -0.5],
        rangemode="normal",
        zeroline=False,
    )
    fig.update_xaxes(title_text=axis, rangemode="tozero", showgrid=True, nticks=6)
    return fig
