"""What an analysis of a sweep tells, as marks with whiskers, and as a map of which plan is preferred where."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from dashboards.theme import MARKERS, figure, theme

if TYPE_CHECKING:
    import pandas as pd

LABEL_LETTERS = 22


def whiskers_figure(frame: pd.DataFrame, series: Mapping[str, str], axis: str, dark: bool) -> Any:
    """One row per thing, one mark with its interval per series.

    Args:
        frame: columns ``what``, ``series``, ``mean``, ``low``, ``high`` (NaN: no interval); with ``wide_low`` and
            ``wide_high`` a second, thinner interval. Rows stand in the order in which things come first.
        series: names in ``frame`` and what they are called, in order.
        axis: title of the axis; nought on it is marked.
    """
    t = theme(dark)
    things = list(dict.fromkeys(frame["what"]))
    fig = figure(dark, 96 + len(things) * (18 + 18 * len(series)))
    fig.add_vline(x=0, line={"color": t.muted, "width": 2, "dash": "dash"})
    for i, (name, title) in enumerate(series.items()):
        rows = frame[frame["series"] == name].set_index("what").reindex(things)
        colour = t.systems[(i + 1) % len(t.systems)]
        y = [row + 0.3 * (i - (len(series) - 1) / 2) for row in range(len(things))]
        if "wide_low" in frame:
            fig.add_scatter(
                x=rows["mean"], y=y, mode="markers", marker={"size": 1, "color": colour}, hoverinfo="skip",
                error_x=_bars(rows, "wide_low", "wide_high", colour, 1), showlegend=False,
            )  # fmt: skip
        fig.add_scatter(
            x=rows["mean"],
            y=y,
            mode="markers",
            name=title,
            marker={"symbol": MARKERS[(i + 1) % len(MARKERS)], "size": 11, "color": colour},
            error_x=_bars(rows, "low", "high", colour, 3),
            text=things,
            hovertemplate=f"%{{text}}, {title}: %{{x:.4g}}<extra></extra>",
            showlegend=len(series) > 1,
        )
    fig.update_yaxes(
        tickvals=list(range(len(things))),
        ticktext=["<br>".join(textwrap.wrap(str(thing), LABEL_LETTERS)) for thing in things],
        range=[len(things) - 0.5, -0.5],
        rangemode="normal",
        zeroline=False,
    )
    fig.update_xaxes(
        title_text="<br>".join(textwrap.wrap(axis, 30)), showgrid=True, nticks=6, rangemode="tozero"
    )
    return fig


def _bars(rows: pd.DataFrame, low: str, high: str, colour: str, thickness: int) -> dict[str, Any]:
    return {
        "type": "data",
        "array": np.nan_to_num((rows[high] - rows["mean"]).to_numpy(float)),
        "arrayminus": np.nan_to_num((rows["mean"] - rows[low]).to_numpy(float)),
        "thickness": thickness,
        "width": 4,
        "color": colour,
    }


def plans_map(
    cells: pd.DataFrame, frontier: pd.DataFrame, plans: Sequence[str], axes: tuple[str, str], dark: bool
) -> Any:
    """Which plan is preferred at each cell of a grid over two numbers; the line between them where it changes.

    Args:
        cells: columns ``x, y, preferred, clear`` (see :func:`experiments.sensitivity.preference_map.map_frames`).
        frontier: two rows per ``segment`` with ``x, y``. plans: names, in the order of their marks. axes: titles.
    """
    t = theme(dark)
    fig = figure(dark, 480)
    for i, plan in enumerate(plans):
        symbol = MARKERS[i % len(MARKERS)]
        for clear in (True, False):
            rows = cells[(cells["preferred"] == plan) & (cells["clear"].astype(bool) == clear)]
            if rows.empty:
                continue
            fig.add_scatter(
                x=rows["x"],
                y=rows["y"],
                mode="markers",
                name=plan if clear else f"{plan}, not clear",
                marker={
                    "symbol": symbol if clear else f"{symbol}-open",
                    "size": 18,
                    "color": t.systems[i % len(t.systems)],
                    "line": {"width": 0 if clear else 3},
                },
                hovertemplate=f"{plan}: %{{x:.4g}}, %{{y:.4g}}<extra></extra>",
            )
    unknown = cells[cells["preferred"] == ""]
    if len(unknown):
        marker = {"symbol": "line-ew-open", "size": 14, "color": t.muted}
        fig.add_scatter(x=unknown["x"], y=unknown["y"], mode="markers", name="not known", marker=marker)
    x, y = [], []
    for _, ends in frontier.groupby("segment", sort=False):
        x += [*ends["x"], None]
        y += [*ends["y"], None]
    if x:
        line = {"color": t.text, "width": 4}
        fig.add_scatter(x=x, y=y, mode="lines", name="preference changes", line=line, hoverinfo="skip")
    fig.update_xaxes(title_text=axes[0], rangemode="normal", zeroline=False)
    fig.update_yaxes(title_text=axes[1], rangemode="normal", zeroline=False)
    return fig
