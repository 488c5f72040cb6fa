"""Pictures of waiting: the list over time, who is still waiting after how long, and how long waits were."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from dashboards.theme import DASHES, MARKERS, bar_marker, figure, see_through, theme
from sim.dictionary import BANDS

if TYPE_CHECKING:
    import pandas as pd

BAND_WORDS = dict(
    zip(
        BANDS,
        ("up to 1 week", "1 to 2", "2 to 4", "4 to 12", "12 to 18", "18 to 52", "over 52 weeks"),
        strict=True,
    )
)

#: The same on an axis, short enough to stand side by side on a phone.
BAND_TICKS = ("0 to<br>1", "1 to<br>2", "2 to<br>4", "4 to<br>12", "12 to<br>18", "18 to<br>52", "over<br>52")


def fan(frame: pd.DataFrame, at: str, value: str) -> pd.DataFrame:
    """Over replications: median, and the ranges in which half and nine tenths of the replications lie.

    Args:
        frame: columns ``system, replication``, ``at`` and ``value``.

    Returns:
        One row per system and ``at``: median, low50, high50, low90, high90, replications.
    """
    import pandas as pd

    parts = []
    for system, rows in frame.groupby("system", sort=False):
        weeks, position = np.unique(rows[at].to_numpy(), return_inverse=True)
        numbers, column = np.unique(rows["replication"].to_numpy(), return_inverse=True)
        table = np.full((len(weeks), len(numbers)), np.nan)
        table[position, column] = rows[value].to_numpy(float)
        q = _quantiles(table, QUANTILES)
        parts.append(
            pd.DataFrame(
                {
                    "system": system,
                    at: weeks,
                    **dict(zip(("low90", "low50", "median", "high50", "high90"), q, strict=True)),
                    "replications": np.isfinite(table).sum(axis=1),
                }
            )
        )
    return pd.concat(parts, ignore_index=True).sort_values(["system", at], kind="stable", ignore_index=True)


QUANTILES = np.array([0.05, 0.25, 0.5, 0.75, 0.95])


def _quantiles(table: np.ndarray, q: np.ndarray) -> np.ndarray:
    """Quantiles of each row without its missing values; shape ``(len(q), n_rows)``."""
    ordered = np.sort(table, axis=1)  # what is missing comes last
    n = np.isfinite(table).sum(axis=1)
    at = q[:, None] * (n - 1)
    low = np.floor(at).astype(np.int64)
    high = np.minimum(low + 1, n - 1)
    rows = np.arange(len(table))
    below, above = ordered[rows, low], ordered[rows, high]
    return below + (above - below) * (at - low)


def fan_figure(
    bands: pd.DataFrame,
    at: str,
    titles: Mapping[str, str],
    first_day: dt.date | None,
    axis: str,
    dark: bool,
    percent: bool = False,
    x_title: str = "",
) -> Any:
    """Lines of medians with bands; ``titles`` in the order of the systems. ``first_day``: weeks become dates."""
    t = theme(dark)
    fig = figure(dark, 400)
    for i, (system, title) in enumerate(titles.items()):
        rows = bands[bands["system"] == system]
        colour = t.systems[i % len(t.systems)]
        x = _dates(rows[at], first_day)
        for low, high, alpha in (("low90", "high90", 0.18), ("low50", "high50", 0.35)):
            if len(rows) and rows["replications"].max() > 1:
                fig.add_scatter(
                    x=[*x, *reversed(x)],
                    y=[*rows[high], *reversed(list(rows[low]))],
                    fill="toself",
                    fillcolor=see_through(colour, alpha),
                    line={"width": 0},
                    hoverinfo="skip",
                    showlegend=False,
                )
        fig.add_scatter(
            x=x,
            y=rows["median"],
            mode="lines",
            name=title,
            line={"color": colour, "width": 3, "dash": DASHES[i % len(DASHES)]},
            hovertemplate=f"{title}: %{{y:{'.0%' if percent else ',.0f'}}}<extra></extra>",
        )
    fig.update_layout(hovermode="x")
    fig.update_yaxes(title_text=axis, tickformat=".0%" if percent else ",")
    fig.update_xaxes(title_text=x_title)
    return fig


def _dates(weeks: Any, first_day: dt.date | None) -> list[Any]:
    if first_day is None:
        return list(weeks)
    return [first_day + dt.timedelta(days=7 * int(w)) for w in weeks]


def bands_figure(frame: pd.DataFrame, titles: Mapping[str, str], dark: bool) -> Any:
    """Shares of a group in each band of weeks, one bar per system; columns ``system, band, share``."""
    t = theme(dark)
    fig = figure(dark, 360)
    for i, (system, title) in enumerate(titles.items()):
        rows = frame[frame["system"] == system].set_index("band").reindex(list(BANDS))
        fig.add_bar(
            x=BAND_TICKS,
            y=rows["share"],
            name=title,
            marker=bar_marker(t, i),
            text=[BAND_WORDS[b] for b in BANDS],
            textposition="none",
            hovertemplate=f"{title}, %{{text}}: %{{y:.0%}}<extra></extra>",
        )
    fig.update_yaxes(tickformat=".0%", title_text="share of these waits")
    fig.update_xaxes(title_text="weeks waited", tickangle=0)
    return fig


#: What a signal means, by whether more of what is counted is better: words, and which of a theme's colours.
MEANING: dict[tuple[str, str], tuple[str, str]] = {
    ("higher", "high"): ("improvement (high)", "better"),
    ("higher", "low"): ("concern (low)", "worse"),
    ("lower", "high"): ("concern (high)", "worse"),
    ("lower", "low"): ("improvement (low)", "better"),
    ("neither", "high"): ("special cause (high)", "special"),
    ("neither", "low"): ("special cause (low)", "special"),
}


def xmr_figure(frame: pd.DataFrame, x: list[Any], unit: str, better: str, dark: bool) -> Any:
    """A process chart: points with their signal as shape and colour, mean and limits; see :mod:`dashboards.figures.xmr`.

    Args:
        better: ``higher``, ``lower`` or ``neither``: blue is improvement, orange concern, purple neither, as in NHS
        reports; triangles point up for high and down for low.
    """
    t = theme(dark)
    fig = figure(dark, 400)
    fig.add_scatter(
        x=x,
        y=frame["value"],
        mode="lines",
        line={"color": t.neutral, "width": 1.5},
        hoverinfo="skip",
        showlegend=False,
    )
    colours = {"better": t.better, "worse": t.worse, "special": t.systems[3]}
    looks = {"": ("common cause", t.neutral, MARKERS[1])}
    for signal, symbol in (("high", "triangle-up"), ("low", "triangle-down")):
        words, colour = MEANING[better, signal]
        looks[signal] = (words, colours[colour], symbol)
    for signal, (words, colour, symbol) in looks.items():
        rows = frame["signal"] == signal
        if rows.any():
            fig.add_scatter(
                x=[d for d, keep in zip(x, rows, strict=True) if keep],
                y=frame.loc[rows, "value"],
                mode="markers",
                name=words,
                marker={
                    "symbol": symbol,
                    "size": 12 if signal else 9,
                    "color": colour,
                    "line": {"width": 1, "color": t.text},
                },
                customdata=frame.loc[rows, "rule"],
                hovertemplate="%{x}: %{y:,.0f} %{customdata}<extra></extra>",
            )
    for name, dash in (("mean", "solid"), ("lower", "dash"), ("upper", "dash")):
        fig.add_scatter(
            x=[x[0], x[-1]],
            y=[frame[name].iloc[0]] * 2,
            mode="lines",
            line={"color": t.text, "width": 2, "dash": dash},
            name={"mean": "mean", "lower": "usual range (limits at three sigma)", "upper": ""}[name],
            showlegend=name != "upper",
            hoverinfo="skip",
        )
    fig.update_yaxes(title_text=unit, tickformat=",")
    return fig
