"""One number at a time: how far the answer moves when a number of the evidence goes to either end of its range.

Each bar is a paired difference from the base, with the interval that the luck of the simulation leaves. The numbers are
ordered by how far they move the answer, and each is told with its grade: a long bar on an assumed number is where
the answer hangs on a guess.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from experiments.certainty.statistics import Estimate, estimate
from experiments.sweeps.stored import Stored, output_values, outputs
from sim.errors import InputError
from sim.measures import LABELS

if TYPE_CHECKING:
    import pandas as pd


def tornado_frame(stored: Stored, measure: str) -> pd.DataFrame:
    """One row per factor, largest swing first, for each plan and each difference between plans.

    Columns: ``output``, ``measure``, ``rank``, ``factor``, ``key``, ``base``, ``grade``, ``unit``, ``source``; the
    ends ``low_value``, ``high_value``; the ``base_mean`` of the measure; how far it is from there at each end
    (``at_low``, ``at_high``) with 95 % intervals (``at_low_low`` ...) and the replications they rest on
    (``at_low_n``, ``at_high_n``); ``swing``: the larger of the distances between any two of low end, base and high
    end; ``clear``: whether any of the two intervals excludes no difference; ``note``. All in the measure's stored
    unit. A run without a value is left out of its own end only; an end without any has no bar, and its note says so.

    Raises:
        InputError: it is no such sweep, or the base itself has no value.
    """
    import pandas as pd

    if stored.design != "one_at_a_time":
        raise InputError(
            f"{stored.folder}: a tornado is of design=one_at_a_time, found design={stored.design}"
        )
    values = stored.values(measure)
    parts = []
    for name, reference, plan in outputs(stored.plans):
        y = output_values(values, reference, plan)
        base = estimate(y[0])
        if base.n == 0:
            raise InputError(
                [
                    *stored.troubles(measure),
                    f"{stored.folder}: {measure} has no value at the base of {name}: there is nothing to compare with",
                ]
            )
        rows = [_row(stored, i, y, base.mean) for i in range(len(stored.factors))]
        part = pd.DataFrame(rows).sort_values("swing", ascending=False, kind="stable", ignore_index=True)
        part.insert(0, "output", name)
        part.insert(1, "measure", measure)
        part.insert(2, "rank", np.arange(1, len(part) + 1))
        parts.append(part)
    return pd.concat(parts, ignore_index=True)


def _row(stored: Stored, i: int, y: np.ndarray, base: float) -> dict[str, Any]:
    low, high = (estimate(y[1 + 2 * i + end] - y[0]) for end in (0, 1))
    between = float(np.nanmean(y[2 + 2 * i] - y[1 + 2 * i])) if low.n and high.n else float("nan")
    distances = [abs(d) for d in (low.mean, high.mean, between) if d == d]
    missing = [f"{end} end" for end, e in (("low", low), ("high", high)) if e.n == 0]
    return {
        **stored.about(stored.factors[i]),
        "low_value": float(stored.settings[1 + 2 * i, i]),
        "high_value": float(stored.settings[2 + 2 * i, i]),
        "base_mean": base,
        **_end("at_low", low),
        **_end("at_high", high),
        "swing": max(distances, default=float("nan")),
        "clear": any(e.n > 1 and e.sd >= 0 and not e.includes_zero for e in (low, high)),
        "note": f"no value at the {' and the '.join(missing)}" if missing else "",
    }


def _end(name: str, found: Estimate) -> dict[str, Any]:
    return {name: found.mean, f"{name}_low": found.low, f"{name}_high": found.high, f"{name}_n": found.n}


def in_words(frame: pd.DataFrame, measure: str) -> list[str]:
    """What the tornado of one output says, in sentences."""
    about = LABELS[measure]
    clear = frame[frame["clear"]]
    if clear.empty:
        out = [f"{about.label}: no single number moves it clearly within its range"]
    else:
        parts = []
        for row in clear.head(3).to_dict("records"):
            ends = (
                f"{row['low_value']:g}: {about.difference_text(row['at_low'])}, "
                f"{row['high_value']:g}: {about.difference_text(row['at_high'])}"
            )
            parts.append(f"{row['factor']}{' (' + row['grade'] + ')' if row['grade'] else ''}: {ends}")
        out = [f"{about.label} hangs most on {'; '.join(parts)}"]
        grades = clear.head(10)["grade"]
        if (assumed := int((grades == "assumed").sum())) and len(grades) > 3:
            out.append(
                f"Of the {len(grades)} numbers that move it most, {assumed} are assumed and not measured"
            )
    if missing := int((frame["note"] != "").sum()):
        out.append(f"{missing} numbers have no value at one end or both (column note): not known, not nought")
    return out
