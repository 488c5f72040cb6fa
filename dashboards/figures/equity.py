"""Pictures of equity and place: by deprivation fifth, by locality, and on a map without a map server."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from dashboards.theme import DASHES, MARKERS, figure, theme

if TYPE_CHECKING:
    import pandas as pd

SYMBOLS = {
    "hub": "star",
    "early_years": "circle",
    "primary": "square",
    "secondary": "triangle-up",
    "special": "diamond",
}


#: Letters in a line under a group; five groups stand beside each other.
TICK_LETTERS = 7


def locality_ticks(names: Sequence[str]) -> list[str]:
    """Names short enough to stand beside each other on a phone: without what is in brackets, if they still differ."""
    short = [name.partition(" (")[0] for name in names]
    shown = short if len(set(short)) == len(names) else list(names)
    return ["<br>".join(textwrap.wrap(name, TICK_LETTERS, break_long_words=False)) for name in shown]


def groups_figure(
    frame: pd.DataFrame,
    group: str,
    names: Sequence[str],
    titles: Mapping[str, str],
    unit: str,
    percent: bool,
    dark: bool,
    join: bool = True,
) -> Any:
    """A measure by group, one line (or points) per system; columns ``system``, ``group``, ``value``, ``low``, ``high``.

    Systems stand a little beside each other, so that one interval does not hide the next.
    """
    t = theme(dark)
    fig = figure(dark, 380)
    bars_of = [name for name in titles if (frame["high"] > frame["low"])[frame["system"] == name].any()]
    apart = min(0.12, 0.6 / max(1, len(bars_of)))
    for i, (system, title) in enumerate(titles.items()):
        rows = frame[frame["system"] == system]
        beside = apart * (bars_of.index(system) - (len(bars_of) - 1) / 2) if system in bars_of else 0.0
        colour = t.systems[i % len(t.systems)]
        bars = None
        if (rows["high"] > rows["low"]).any():
            bars = {
                "type": "data",
                "array": rows["high"] - rows["value"],
                "arrayminus": rows["value"] - rows["low"],
                "thickness": 2,
                "color": colour,
            }
        fig.add_scatter(
            x=[at + beside for at in range(len(names))],
            y=rows["value"],
            mode="lines+markers" if join else "markers",
            name=title,
            line={"color": colour, "width": 3, "dash": DASHES[i % len(DASHES)]},
            marker={"symbol": MARKERS[i % len(MARKERS)], "size": 12, "color": colour},
            error_y=bars,
            text=[name.replace("<br>", " ") for name in names],
            hovertemplate=f"{title}, %{{text}}: %{{y:{'.1%' if percent else ',.2f'}}}<extra></extra>",
        )
    fig.update_xaxes(
        tickvals=list(range(len(names))),
        ticktext=list(names),
        tickangle=0,
        range=[-0.5, len(names) - 0.5],
        rangemode="normal",
        zeroline=False,
    )
    fig.update_yaxes(tickformat="~%" if percent else ",", title_text=unit)
    return fig


#: Marks on a map; of areas with more places, those in a square are drawn as one.
MOST_MARKS = 2_000
#: Kilometres along the side of such a square.
SIDES = (1, 2, 5, 10, 20, 50, 100)


def in_squares(frame: pd.DataFrame) -> tuple[pd.DataFrame, int]:
    """Places put together by squares of the National Grid, so that no more than :data:`MOST_MARKS` are left.

    Args:
        frame: columns ``easting, northing, kind, name, part`` and ``of``.

    Returns:
        The same columns, the first two of a square's middle, the last two added up; and the side of the squares in
        kilometres, 0 if there are few enough places as it is.
    """
    if len(frame) <= MOST_MARKS:
        return frame, 0
    import pandas as pd

    for side in SIDES:
        metres = 1000 * side
        cell = frame[["easting", "northing"]] // metres
        grouped = frame.groupby([cell["easting"], cell["northing"]], sort=True)
        if grouped.ngroups <= MOST_MARKS or side == SIDES[-1]:
            break
    sums = grouped[["part", "of"]].sum()
    at = sums.index.to_frame().to_numpy(float)
    squares = pd.DataFrame(
        {
            "easting": (at[:, 0] + 0.5) * metres,
            "northing": (at[:, 1] + 0.5) * metres,
            "kind": f"all places in a square of {side} km",
            "name": [f"{n:,} places" for n in grouped.size()],
            "part": sums["part"].to_numpy(),
            "of": sums["of"].to_numpy(),
        }
    )
    return squares, side


def map_figure(frame: pd.DataFrame, top: float, words: str, percent: bool, dark: bool) -> Any:
    """Places by their coordinates; the larger, the more needs; the stronger the colour, the higher the measure.

    Args:
        frame: columns ``easting, northing, kind, value, name`` and ``of`` (needs that the value is a share or mean of).
        top: the value with the strongest colour, the same in every system and week so that pictures can be compared.
    """
    t = theme(dark)
    fig = figure(dark, 640)
    steps = [[i / (len(t.scale) - 1), colour] for i, colour in enumerate(t.scale)]
    largest = max(float(frame["of"].max()), 1.0) if len(frame) else 1.0
    for i, (kind, rows) in enumerate(frame.groupby("kind", sort=False)):
        fig.add_scatter(
            x=rows["easting"] / 1000.0,
            y=rows["northing"] / 1000.0,
            mode="markers",
            name=str(kind).replace("_", " "),
            text=rows["name"],
            customdata=np.column_stack([rows["of"], rows["value"]]),
            marker={
                "symbol": SYMBOLS.get(str(kind), "circle"),
                "size": 8 + 26 * np.sqrt(rows["of"] / largest),
                "color": rows["value"],
                "colorscale": steps,
                "cmin": 0,
                "cmax": top,
                "line": {"width": 1, "color": t.text},
                "showscale": i == 0,
                "colorbar": {
                    "tickformat": ".0%" if percent else ".2f",
                    "tickfont": {"size": 14},
                    "nticks": 5,
                    "thickness": 14,
                    "orientation": "h",
                    "len": 0.7,
                    "x": 0,
                    "xanchor": "left",
                    "y": -0.16,
                    "yanchor": "top",
                    "title": {"text": words, "side": "top", "font": {"size": 14}},
                },
            },
            hovertemplate=f"%{{text}}: %{{customdata[1]:{'.0%' if percent else '.2f'}}} {words}, "
            "%{customdata[0]:,.0f} needs<extra></extra>",
        )
    fig.update_layout(legend={"itemsizing": "constant"})
    fig.update_yaxes(
        scaleanchor="x",
        scaleratio=1,
        constrain="domain",
        rangemode="normal",
        title_text="north, km",
        showgrid=False,
    )
    fig.update_xaxes(
        title_text="east, km (National Grid)", constrain="domain", rangemode="normal", showgrid=False
    )
    return fig
