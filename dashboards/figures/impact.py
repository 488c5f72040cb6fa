"""Pictures of impact: what is gained by whom, the fifteen outcomes, and where staff time went."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from dashboards.theme import bar_marker, figure, theme
from sim.system import LEVELS, STRANDS

if TYPE_CHECKING:
    import pandas as pd


def changes_figure(frame: pd.DataFrame, titles: Mapping[str, str], dark: bool) -> Any:
    """Needs in 100 by points gained; columns ``system, points, share``. The bar of no change is not drawn: it is told."""
    t = theme(dark)
    fig = figure(dark, 360)
    shown = frame[frame["points"] != 0]
    for i, (system, title) in enumerate(titles.items()):
        rows = shown[shown["system"] == system]
        fig.add_bar(
            x=rows["points"],
            y=rows["share"],
            name=title,
            marker=bar_marker(t, i),
            hovertemplate=f"{title}: %{{y:.1%}} gain about %{{x}} points<extra></extra>",
        )
    fig.update_xaxes(title_text="points gained against no service (scale 0 to 5)", dtick=0.5)
    fig.update_yaxes(tickformat=".0%", title_text="share of all needs")
    return fig


def fifteen_figure(frame: pd.DataFrame, value: str, words: str, dark: bool) -> Any:
    """Five strands by three levels; the number stands in each cell, so the colour carries nothing alone.

    Args:
        frame: columns ``strand, level`` and ``value``.
    """
    t = theme(dark)
    grid = frame.set_index(["strand", "level"])[value].unstack()
    grid = grid.reindex(index=list(STRANDS), columns=list(LEVELS))
    z = np.where(grid == 0, np.nan, grid.to_numpy(float))  # nothing is not a little: it has no colour
    largest = float(np.nanmax(np.abs(z))) if np.isfinite(z).any() else 0.0
    top, form = largest or 1.0, ",.2f" if largest < 10 else ",.0f"
    fig = figure(dark, 380)
    steps = [[i / (len(t.scale) - 1), colour] for i, colour in enumerate(t.scale)]
    fig.add_heatmap(
        z=z,
        x=list(LEVELS),
        y=[s.replace("_", " ") for s in STRANDS],
        colorscale=steps,
        zmin=0,
        zmax=top,
        showscale=False,
        xgap=3,
        ygap=3,
        hovertemplate=f"%{{y}}, %{{x}}: %{{z:{form}}} {words}<extra></extra>",
    )
    for i, strand in enumerate(STRANDS):
        for j, level in enumerate(LEVELS):
            strong = z[i, j] > 0.45 * top
            empty = not np.isfinite(z[i, j])
            fig.add_annotation(
                x=level,
                y=strand.replace("_", " "),
                text="–" if empty else format(z[i, j], form),
                showarrow=False,
                font={"size": 15, "color": ("#ffffff" if not dark else "#10181d") if strong else t.text},
            )
    fig.update_yaxes(autorange="reversed", rangemode="normal")
    fig.update_xaxes(side="top")
    return fig


def shares_figure(
    frame: pd.DataFrame, lines: Sequence[str], titles: Mapping[str, str], words: Mapping[str, str], dark: bool
) -> Any:
    """Bars side by side for each line, its name above them; columns ``system, line, share``."""
    t = theme(dark)
    bar, gap = 18, 30  # pixels
    fig = figure(dark, 90 + max(len(lines), 1) * (gap + bar * len(titles)))
    for i, (system, title) in enumerate(titles.items()):
        rows = frame[frame["system"] == system].set_index("line").reindex(list(lines))
        fig.add_bar(
            y=[words[line] for line in lines],
            x=rows["share"],
            orientation="h",
            name=title,
            marker=bar_marker(t, i),
            hovertemplate=f"{title}, %{{y}}: %{{x:.1%}}<extra></extra>",
        )
    for line in lines:
        fig.add_annotation(
            text=words[line],
            x=0,
            y=words[line],
            xanchor="left",
            yanchor="bottom",
            yshift=bar * len(titles) / 2,
            showarrow=False,
            align="left",
        )
    fig.update_layout(bargap=gap / (gap + bar * len(titles)))
    fig.update_xaxes(tickformat=".0%", showgrid=True, title_text="share of all staff time", nticks=6)
    fig.update_yaxes(range=[len(lines) - 0.5, -0.8], showticklabels=False, rangemode="normal")
    return fig
