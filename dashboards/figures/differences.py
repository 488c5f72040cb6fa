"""How far two systems are apart in each replication, and on average with its interval."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from dashboards.theme import figure, theme

if TYPE_CHECKING:
    import pandas as pd


def paired(reference: np.ndarray, other: np.ndarray, replications: list[int], scale: float) -> pd.DataFrame:
    """One row per replication: both values and their difference, in the unit shown."""
    import pandas as pd

    a, b = np.asarray(reference) * scale, np.asarray(other) * scale
    return pd.DataFrame({"replication": replications, "reference": a, "other": b, "difference": b - a})


def difference_figure(
    frame: pd.DataFrame, mean: float, low: float, high: float, unit: str, dark: bool
) -> Any:
    """Dots: the difference in each replication. Diamond and bar: the mean and its 95 % interval."""
    t = theme(dark)
    fig = figure(dark, 220)
    fig.add_scatter(
        x=frame["difference"],
        y=["each replication"] * len(frame),
        mode="markers",
        name="one replication",
        marker={"symbol": "circle-open", "size": 11, "color": t.systems[1], "line": {"width": 2}},
        customdata=frame["replication"],
        hovertemplate="replication %{customdata}: %{x:.2f}<extra></extra>",
        showlegend=False,
    )
    bar = np.isfinite(low) and np.isfinite(high)
    fig.add_scatter(
        x=[mean],
        y=["mean, 95 % interval"],
        mode="markers",
        name="mean with 95 % interval",
        marker={"symbol": "diamond", "size": 14, "color": t.text},
        error_x={
            "type": "data",
            "array": [high - mean],
            "arrayminus": [mean - low],
            "thickness": 3,
            "width": 8,
        }
        if bar
        else None,
        hovertemplate="%{x:.2f}<extra></extra>",
        showlegend=False,
    )
    fig.add_vline(x=0, line={"color": t.muted, "width": 2, "dash": "dash"})
    fig.update_xaxes(title_text=f"difference, {unit}<br>(dashed: no difference)", rangemode="tozero")
    fig.update_yaxes(rangemode="normal", range=[-0.6, 1.6])
    return fig
