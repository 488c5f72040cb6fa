"""Two assumptions at once: a map of which plan is preferred where, and the frontier between them.

The points of a grid over two numbers are the cells of the map. Where neighbouring cells prefer different plans, the
frontier runs between them; the place is found on a straight line between the two, by how far one plan is ahead of the
other at each. The frontier is kept as short segments, one across each square of four cells, ready to be drawn.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from experiments.sensitivity.preference import worth
from experiments.sensitivity.preferred import complete, preferred
from experiments.sweeps.statistics import by_point
from experiments.sweeps.stored import NOT_FACTORS, Stored
from sim.errors import InputError
from sim.measures import LABELS

if TYPE_CHECKING:
    import pandas as pd


def map_frames(stored: Stored, measure: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The map of a grid over two numbers and several plans.

    Returns:
        One row per cell: ``measure``, ``x_key``, ``y_key``, ``x``, ``y``, ``preferred`` (empty: not known, since a
        run failed or has no value), ``next``, ``ahead`` with its 95 % interval ``low``, ``high`` (worth: larger is
        better, stored unit), ``n``, ``clear`` (the interval excludes no difference).

        And the frontier, two rows per segment: ``measure``, ``segment``, ``x``, ``y``, ``between``.

    Raises:
        InputError: it is no grid over two numbers and a choice of plans.
    """
    import pandas as pd

    plan_keys, axes = _keys(stored)
    points = stored.points
    names = points[plan_keys].astype(str).agg(", ".join, axis=1)
    plans = list(dict.fromkeys(names))
    x, y = (sorted(set(points[axis].astype(float))) for axis in axes)
    everything = by_point(stored.runs, len(points), stored.manifest["replications"])
    values = worth(measure, everything[:, stored.runs.measures.index(measure)])
    cells = np.full((len(x), len(y), len(plans), values.shape[1]), np.nan)
    for row, name in zip(points.to_dict("records"), names, strict=True):
        at = x.index(float(row[axes[0]])), y.index(float(row[axes[1]])), plans.index(name)
        cells[at] = values[row["point"]]
    rows: list[dict[str, Any]] = []
    for i, j in itertools.product(range(len(x)), range(len(y))):
        found = preferred(cells[i, j])
        ahead = found.ahead if found else None
        rows.append(
            {
                "measure": measure,
                "x_key": axes[0],
                "y_key": axes[1],
                "x": x[i],
                "y": y[j],
                "preferred": plans[found.plan] if found else "",
                "next": plans[found.next] if found else "",
                "ahead": ahead.mean if ahead else float("nan"),
                "low": ahead.low if ahead else float("nan"),
                "high": ahead.high if ahead else float("nan"),
                "n": ahead.n if ahead else 0,
                "clear": bool(found and found.clear),
            }
        )
    segments = frontier(np.array(x), np.array(y), cells, plans)
    columns = ["measure", "segment", "x", "y", "between"]
    return pd.DataFrame(rows), pd.DataFrame([{"measure": measure, **s} for s in segments], columns=columns)


def _keys(stored: Stored) -> tuple[list[str], list[str]]:
    """The keys by which plans are chosen, and the two that are the axes."""
    chosen = {key for one in stored.manifest["identity"]["configurations"] for key in one["choices"]}
    keys = [str(name) for name in stored.points if name not in NOT_FACTORS]
    plan_keys, axes = [k for k in keys if k in chosen], [k for k in keys if k not in chosen]
    problem = ""
    if stored.design != "grid":
        problem = f"found design={stored.design}"
    elif not plan_keys:
        problem = "no system or transition is varied, so there is nothing to prefer"
    elif len(axes) != 2:
        problem = f"found {len(axes)} ({', '.join(axes) or 'none'})"
    elif any(not np.issubdtype(stored.points[axis].to_numpy().dtype, np.number) for axis in axes):
        problem = "one of them has values that are not numbers"
    if problem:
        raise InputError(
            f"{stored.folder}: a map is of design=grid with several plans (system=gatekept,balanced) and two "
            f"numbers: {problem}"
        )
    return plan_keys, axes


def frontier(x: np.ndarray, y: np.ndarray, cells: np.ndarray, plans: list[str]) -> list[dict[str, Any]]:
    """Segments between cells that prefer different plans, two rows each.

    Args:
        x, y: where the cells are, ascending, shapes ``(n_x,)`` and ``(n_y,)``.
        cells: worth, shape ``(n_x, n_y, n_plans, n_replications)``. Squares with an unknown cell have no segment.
        plans: names.
    """
    best: Mapping[tuple[int, int], int | None] = {
        (i, j): (found.plan if (found := preferred(cells[i, j])) else None)
        for i, j in itertools.product(range(len(x)), range(len(y)))
    }
    out: list[dict[str, Any]] = []
    number = 0
    for i, j in itertools.product(range(len(x) - 1), range(len(y) - 1)):
        corners = [(i, j), (i + 1, j), (i + 1, j + 1), (i, j + 1)]
        if any(best[corner] is None for corner in corners):
            continue
        hits = [
            (_between(x, y, cells, one, other, best), frozenset((best[one], best[other])))
            for one, other in zip(corners, [*corners[1:], corners[0]], strict=True)
            if best[one] != best[other]
        ]
        for pair in _joined(hits, x[i : i + 2].mean(), y[j : j + 2].mean()):
            for (px, py), sides in pair:
                between = " | ".join(plans[p] for p in sorted(s for s in sides if s is not None))
                out.append({"segment": number, "x": px, "y": py, "between": between})
            number += 1
    return out


Hit = tuple[tuple[float, float], frozenset[int | None]]


def _joined(hits: list[Hit], middle_x: float, middle_y: float) -> list[tuple[Hit, Hit]]:
    """Places on the rim of a square as segments across it: two make one; of more, each leads to the middle."""
    if len(hits) == 2:
        return [(hits[0], hits[1])]
    return [(hit, ((float(middle_x), float(middle_y)), hit[1])) for hit in hits]


def _between(
    x: np.ndarray,
    y: np.ndarray,
    cells: np.ndarray,
    one: tuple[int, int],
    other: tuple[int, int],
    best: Mapping[tuple[int, int], int | None],
) -> tuple[float, float]:
    """Where on the line between two neighbouring cells their two plans are level."""
    a, b = best[one], best[other]

    def ahead(cell: tuple[int, int]) -> float:
        known = complete(cells[cell])
        return float((known[b] - known[a]).mean())

    here, there = ahead(one), ahead(other)
    share = here / (here - there) if here < 0 < there else 0.5
    px = x[one[0]] + share * (x[other[0]] - x[one[0]])
    return float(px), float(y[one[1]] + share * (y[other[1]] - y[one[1]]))


def in_words(frame: pd.DataFrame, measure: str) -> list[str]:
    """What the map says, in sentences."""
    known = frame[frame["preferred"] != ""]
    shares = known["preferred"].value_counts()
    parts = ", ".join(f"{name} in {count} of {len(frame)} cells" for name, count in shares.items())
    unclear = int((~known["clear"].astype(bool)).sum())
    out = [f"{LABELS[measure].label}: preferred is {parts}" if parts else "No cell is known"]
    if unclear:
        out.append(f"In {unclear} cells it is not clear: the interval includes no difference")
    if missing := len(frame) - len(known):
        out.append(
            f"{missing} cells are not known, because runs failed or have no value; the frontier leaves them out"
        )
    return out
