"""Many points of a sweep at once: each a line through its numbers, or a mark where two measures meet.

Both say in the figure's ``meta`` which columns they show between which ends, so that a box drawn in them can be told
as a condition (:mod:`dashboards.studies.where`). Points that are not shown stay as faint grey marks: what is left out
is seen, too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from dashboards.theme import MARKERS, figure, see_through, theme

if TYPE_CHECKING:
    import pandas as pd

    from dashboards.studies.where import Where

#: Lines drawn of the points that are shown, and of the others; more would be one blot.
MOST_LINES, MOST_OTHERS = 300, 150
#: Pixels of one row of the parallel coordinates.
ROW = 84
#: Marks drawn in a scatter, of the points that are shown and of the others.
MOST_MARKS, MOST_OTHER_MARKS = 2000, 500
#: Points of a front that have their intervals drawn.
MOST_WHISKERS = 40


def evenly(numbers: np.ndarray, most: int) -> np.ndarray:
    """At most so many of some numbers, evenly picked, the same each time."""
    if len(numbers) <= most:
        return numbers
    return numbers[np.linspace(0, len(numbers) - 1, most).round().astype(int)]


def lines_figure(
    frame: pd.DataFrame,
    titles: Mapping[str, str],
    shown: np.ndarray,
    best: np.ndarray,
    best_title: str,
    pinned: Sequence[int],
    where: Where,
    dark: bool,
) -> Any:
    """Parallel coordinates: one row per column from its least value (left) to its greatest, one line per point.

    Args:
        frame: one row per point, numbers or words. titles: of the columns to show, in order from the top.
        shown: whether each point is, shape ``(n_points,)``. best: whether it is one of those drawn thick, and what these
            are called. pinned: numbers of points. where: conditions, drawn as bars.
    """
    t = theme(dark)
    names = list(titles)
    fig = figure(dark, 60 + ROW * len(names))
    at, ends = _placed(frame, names)
    first, rest = shown & best, shown & ~best
    groups = (
        ("not shown", evenly(np.flatnonzero(~shown), MOST_OTHERS), t.grid, 1.0),
        ("the others", evenly(np.flatnonzero(rest), MOST_LINES), t.systems[1], _faint(int(rest.sum()))),
        (best_title, evenly(np.flatnonzero(first), MOST_LINES), t.systems[2], _faint(int(first.sum()) // 2)),
    )
    for name, numbers, colour, alpha in groups:
        x, y = _threads(at[numbers])
        fig.add_scatter(
            x=x,
            y=y,
            mode="lines",
            name=name,
            line={"color": see_through(colour, alpha), "width": 2.5 if name == best_title else 1.2},
            hoverinfo="skip",
            showlegend=bool(len(numbers)),
        )
    for k, number in enumerate(pinned):
        fig.add_scatter(
            x=at[number],
            y=np.arange(len(names)),
            mode="lines+markers",
            name=f"point {number}",
            line={"color": t.systems[2 + k % 4], "width": 3, "dash": "solid" if k % 2 == 0 else "dash"},
            marker={"symbol": MARKERS[(k + 1) % len(MARKERS)], "size": 11},
            hovertemplate=f"point {number}<extra></extra>",
        )
    annotations, shapes = [], []
    for row, name in enumerate(names):
        shapes.append(_bar(row, 0.0, 1.0, t.muted, 1))
        bounds = _bounds(where, name, ends[name])
        if bounds is not None:
            shapes.append(_bar(row, bounds[0], bounds[1], t.text, 7))
        low, high = ends[name]["told"]
        text = _wrapped(f"{titles[name]}: {low} to {high}", 46)
        annotations.append(_words(text, row, t.text, see_through(t.ground, 0.85)))
    fig.update_xaxes(visible=False, range=[-0.02, 1.02], fixedrange=True)
    fig.update_yaxes(visible=False, range=[len(names) - 0.7, -0.75], fixedrange=True, rangemode="normal")
    fig.update_layout(
        annotations=annotations,
        shapes=shapes,
        dragmode="select",
        meta={
            "rows": [{"name": name, **{k: v for k, v in ends[name].items() if k != "told"}} for name in names]
        },
    )
    return fig


def _placed(frame: pd.DataFrame, names: Sequence[str]) -> tuple[np.ndarray, dict[str, dict[str, Any]]]:
    """Values between 0 and 1, shape ``(n_points, n_columns)``, and between which ends each column lies."""
    import pandas as pd

    out = np.full((len(frame), len(names)), np.nan)
    ends: dict[str, dict[str, Any]] = {}
    for i, name in enumerate(names):
        column = frame[name]
        if pd.api.types.is_numeric_dtype(column):
            values = column.to_numpy(dtype=float, na_value=np.nan)
            known = values[np.isfinite(values)]
            low, high = (float(known.min()), float(known.max())) if len(known) else (0.0, 0.0)
            ends[name] = {"low": low, "high": high, "told": (_told(low), _told(high))}
        else:
            words = sorted(set(column.astype(str)))
            values = np.array([words.index(str(v)) for v in column], dtype=float)
            low, high = 0.0, float(len(words) - 1)
            ends[name] = {"low": low, "high": high, "words": words, "told": (words[0], words[-1])}
        out[:, i] = (values - low) / (high - low) if high > low else 0.5
    return out, ends


def _faint(lines: int) -> float:
    """How much of a line is seen: many together are not to become one blot."""
    return float(np.clip(40 / max(min(lines, MOST_LINES), 1), 0.15, 0.8))


def _told(value: float) -> str:
    return f"{value:.4g}".replace("-", "−")


def _threads(at: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Lines one after the other, parted by gaps."""
    n, k = at.shape
    x = np.hstack([at, np.full((n, 1), np.nan)]).ravel()
    y = np.tile(np.append(np.arange(k, dtype=float), np.nan), n)
    return x, y


def _bounds(where: Where, name: str, ends: Mapping[str, Any]) -> tuple[float, float] | None:
    condition = where.get(name)
    if condition is None:
        return None
    low, high = ends["low"], ends["high"]
    if condition.words:
        known = [word.casefold() for word in ends["words"]]
        at = [known.index(w.casefold()) for w in condition.words if w.casefold() in known]
        first, last = (min(at), max(at)) if at else (low, low)
    else:
        first, last = max(condition.low, low), min(condition.high, high)
    if high <= low:
        return 0.45, 0.55
    a, b = (min(max((v - low) / (high - low), 0.0), 1.0) for v in (first, last))
    return (a, b) if b - a > 0.01 else (max(a - 0.01, 0.0), min(b + 0.01, 1.0))


def _bar(row: int, low: float, high: float, colour: str, width: int) -> dict[str, Any]:
    line = {"color": colour, "width": width}
    return {"type": "line", "x0": low, "x1": high, "y0": row, "y1": row, "line": line, "layer": "below"}


def _words(text: str, row: int, colour: str, ground: str) -> dict[str, Any]:
    return {
        "text": text,
        "x": 0.0,
        "y": row,
        "xanchor": "left",
        "yanchor": "bottom",
        "yshift": 4,
        "showarrow": False,
        "font": {"size": 14, "color": colour},
        "align": "left",
        "bgcolor": ground,
        "borderpad": 1,
    }


def scatter_figure(
    frame: pd.DataFrame,
    first: str,
    second: str,
    titles: tuple[str, str],
    shown: np.ndarray,
    pinned: Sequence[int],
    front: np.ndarray | None,
    where: Where,
    dark: bool,
) -> Any:
    """Each point where its means in two measures meet; the points that no other beats joined by a line.

    Args:
        frame: columns ``point``, both measures and their ``_low`` and ``_high``, in the unit told.
        titles: of the axes. shown: whether each point is. pinned: numbers of points. front: whether each point is one
            that no other beats; None if that cannot be said. where: conditions; those on the two measures are drawn.
    """
    t = theme(dark)
    fig = figure(dark, 520)
    x, y = frame[first].to_numpy(float), frame[second].to_numpy(float)
    numbers = frame["point"].to_numpy()

    def marks(at: np.ndarray, name: str, marker: dict[str, Any], **more: Any) -> None:
        fig.add_scatter(
            x=x[at],
            y=y[at],
            name=name,
            marker=marker,
            customdata=numbers[at],
            hovertemplate="point %{customdata}: %{x:.4g}, %{y:.4g}<extra></extra>",
            **{"mode": "markers", **more},
        )

    many = len(frame) > 500
    rest = evenly(np.flatnonzero(~shown), MOST_OTHER_MARKS)
    if len(rest):
        marks(rest, "not shown", {"symbol": "circle-open", "size": 5 if many else 7, "color": t.grid})
    plain = {"symbol": "circle", "size": 5 if many else 8, "color": see_through(t.systems[1], 0.6)}
    marks(evenly(np.flatnonzero(shown), MOST_MARKS), "points", plain)
    if front is not None and front.any():
        at = np.flatnonzero(front)
        at = at[np.argsort(x[at], kind="stable")]
        bars = {}
        if len(at) <= MOST_WHISKERS:
            bars = {
                f"error_{axis}": {
                    "type": "data",
                    "array": frame[f"{name}_high"].to_numpy()[at] - frame[name].to_numpy()[at],
                    "arrayminus": frame[name].to_numpy()[at] - frame[f"{name}_low"].to_numpy()[at],
                    "thickness": 1,
                    "width": 3,
                    "color": t.text,
                }
                for axis, name in (("x", first), ("y", second))
            }
        marker = {"symbol": "diamond", "size": 10, "color": t.text}
        line = {"color": t.text, "width": 2, "dash": "dot"}
        marks(at, "beaten by none", marker, mode="lines+markers", line=line, **bars)
    marks(
        np.array([0]),
        "point 0",
        {"symbol": "square-open", "size": 13, "color": t.text, "line": {"width": 3}},
    )
    for k, number in enumerate(p for p in pinned if p):
        symbol = MARKERS[2 + k % (len(MARKERS) - 2)]
        marks(
            np.array([number]),
            f"point {number}",
            {"symbol": symbol, "size": 15, "color": t.systems[2 + k % 4]},
        )
    for name, axis in ((first, "x"), (second, "y")):
        if name in where:
            condition = where[name]
            for value in (condition.low, condition.high):
                if np.isfinite(value):
                    add = fig.add_vline if axis == "x" else fig.add_hline
                    add(**{axis: value}, line={"color": t.text, "width": 2, "dash": "dash"})
    fig.update_xaxes(title_text=_wrapped(titles[0]), rangemode="normal", showgrid=True)
    fig.update_yaxes(title_text=_wrapped(titles[1]), rangemode="normal")
    fig.update_layout(dragmode="select", meta={"x": first, "y": second})
    return fig


def _wrapped(text: str, letters: int = 40) -> str:
    import textwrap

    return "<br>".join(textwrap.wrap(text, letters))
