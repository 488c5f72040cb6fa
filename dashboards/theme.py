"""Colours, lines and type, for light and dark: readable by everybody, and never colour alone.

Blue and orange differ for the colour-blind; each system has a line style and a marker of its own besides. The
contrast of every text colour against its ground is at least 4.5 to 1, of every line at least 3 to 1.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

FONT = "Arial, 'Liberation Sans', 'DejaVu Sans', sans-serif"


@dataclass(frozen=True)
class Theme:
    """Colours of one ground; ``systems`` in the order in which systems are named, the reference first."""

    ground: str
    text: str
    muted: str
    grid: str
    neutral: str
    systems: tuple[str, ...]
    better: str
    worse: str
    scale: tuple[str, ...]


LIGHT = Theme(
    ground="#ffffff",
    text="#212b32",
    muted="#425563",
    grid="#d8dde0",
    neutral="#5b6b75",
    systems=("#425563", "#005eb8", "#c24e00", "#7c2855", "#00703c", "#8a6d00"),
    better="#005eb8",
    worse="#c24e00",
    scale=("#e8f1fa", "#9fc5e8", "#4a90d0", "#005eb8", "#003068"),
)
DARK = Theme(
    ground="#1f2428",
    text="#f0f4f5",
    muted="#c9d1d6",
    grid="#3b444b",
    neutral="#aeb7bd",
    systems=("#aeb7bd", "#41b6e6", "#ffb81c", "#e39ac4", "#78be20", "#fae100"),
    better="#41b6e6",
    worse="#ffb81c",
    scale=("#123049", "#1d5f8f", "#2f8fc4", "#41b6e6", "#c2ebff"),
)
DASHES = ("dash", "solid", "dot", "longdash", "dashdot", "longdashdot")
MARKERS = ("square", "circle", "triangle-up", "diamond", "cross", "x")
PATTERNS = ("/", "", ".", "x", "-", "+")


def theme(dark: bool) -> Theme:
    """The colours for a light or dark ground."""
    return DARK if dark else LIGHT


def see_through(colour: str, alpha: float) -> str:
    """A hex colour with an alpha, as Plotly reads it."""
    r, g, b = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return f"rgba({r},{g},{b},{alpha})"


def figure(dark: bool, height: int = 380) -> Any:
    """An empty Plotly figure in the colours of the ground, with room for direct labels and no decoration.

    Entries of its legend are wide enough for the longest of the dashes.
    """
    import plotly.graph_objects as go

    t = theme(dark)
    axis: dict[str, Any] = {
        "gridcolor": t.grid,
        "zerolinecolor": t.muted,
        "linecolor": t.muted,
        "tickfont": {"size": 14, "color": t.text},
        "title": {"font": {"size": 14, "color": t.muted}, "standoff": 10},
        "automargin": True,
        "exponentformat": "none",
        "ticklabelstandoff": 4,
    }
    return go.Figure(
        layout={
            "template": None,
            "height": height,
            "paper_bgcolor": "rgba(0,0,0,0)",
            "plot_bgcolor": "rgba(0,0,0,0)",
            "font": {"family": FONT, "size": 14, "color": t.text},
            "margin": {"l": 8, "r": 12, "t": 8, "b": 8},
            "xaxis": {**axis, "showgrid": False},
            "yaxis": {**axis, "rangemode": "tozero"},
            "legend": {
                "orientation": "h",
                "yanchor": "bottom",
                "y": 1.02,
                "x": 0,
                "font": {"size": 14},
                "itemwidth": 46,
            },
            "hoverlabel": {"font": {"family": FONT, "size": 14}},
            "colorway": list(t.systems),
            "barmode": "group",
        }
    )


def bar_marker(t: Theme, i: int) -> dict[str, Any]:
    """The look of the ``i``-th system's bars: its colour, and a pattern of its own."""
    return {
        "color": t.systems[i % len(t.systems)],
        "pattern": {
            "shape": PATTERNS[i % len(PATTERNS)],
            "fillmode": "overlay",
            "fgcolor": t.ground,
            "fgopacity": 0.7,
            "size": 7,
            "solidity": 0.25,
        },
    }


def palette() -> dict[str, Any]:
    """The Mantine theme: NHS blue, the same shade on both grounds."""
    blue = [
        "#e8f1fa",
        "#cfe2f4",
        "#9fc5e8",
        "#6fa8dc",
        "#4a90d0",
        "#1f74c4",
        "#005eb8",
        "#004c97",
        "#003a75",
        "#002853",
    ]
    return {
        "primaryColor": "nhs",
        "primaryShade": {"light": 6, "dark": 6},
        "colors": {"nhs": blue},
        "fontFamily": FONT,
        "headings": {"fontFamily": FONT},
        "fontSizes": {"sm": "1rem", "xs": "0.9375rem"},
        "respectReducedMotion": True,
        # the list itself scrolls (.mantine-Select-options) and can be reached by keyboard; a box around it could not
        "components": {
            name: {"defaultProps": {"withScrollArea": False, "attributes": {"options": {"tabIndex": 0}}}}
            for name in ("Select", "MultiSelect")
        },
    }
