"""Pick and mix: what each part of a change does by itself, what the parts do together, and what half of it does.

In a factorial design every part is off in half of the points and on in the other half. The *effect* of a part is the
mean with it minus the mean without it; the *interaction* of two parts is half of how far the effect of one differs
with and without the other, and so on for more (Box, Hunter and Hunter, Statistics for Experimenters, 2nd ed., chapter
5). Each is worked out inside every replication, where all points share their luck, and has its interval from how far
the replications differ.

Three questions are answered in words. *Is it more than the sum of its parts?* Everything on, against what the parts
bring one by one. *Is half a change worse than none?* All parts half on, against none of them. *Could something be left
out?* Everything, against everything but one part.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from experiments.certainty.simultaneous import bonferroni_quantile
from experiments.certainty.statistics import estimate
from experiments.sensitivity.preference import known, worth
from experiments.sweeps.stored import Stored
from sim.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

#: Parts that act together, at most, in the table of a full factorial.
MOST_TOGETHER = 5


#: In the order of the table.
KINDS = (
    *("effect", "whole", "sum_of_parts", "synergy", "half", "curvature", "alone", "left_out"),
    "interaction",
)


def coded(settings: np.ndarray) -> np.ndarray:
    """Settings as -1 (low), 1 (high) and 0 (between), same shape ``(n_points, n_factors)``."""
    low, high = settings.min(axis=0), settings.max(axis=0)
    return np.where(settings == high, 1.0, np.where(settings == low, -1.0, 0.0))


def contrasts(signs: np.ndarray, names: Sequence[str]) -> dict[tuple[str, ...], np.ndarray]:
    """Signs of every effect that the corners can tell, shape ``(n_corners,)`` each.

    Effects that a fraction cannot tell apart are named together, single parts first: the value is that of the sum of
    them. Effects that it cannot tell from the mean are left out.
    """
    found: dict[bytes, list[str]] = {}
    columns: dict[bytes, np.ndarray] = {}
    most = min(len(names), MOST_TOGETHER)
    for order in range(1, most + 1):
        for which in itertools.combinations(range(len(names)), order):
            column = signs[:, which].prod(axis=1)
            if abs(column.sum()) == len(column):
                continue
            # a column and its mirror image are the same effect but for the sign: the first name decides
            key = (column * column[0]).tobytes()
            found.setdefault(key, []).append(" x ".join(names[i] for i in which))
            columns.setdefault(key, column)
    return {tuple(found[key]): columns[key] for key in found}


def effects_frame(stored: Stored, measure: str) -> pd.DataFrame:
    """Every effect of a factorial sweep on one measure, one row each, in the measure's stored unit.

    Columns: ``plan``, ``measure``, ``kind`` (see below), ``what``, ``mean`` with its 95 % interval ``low``, ``high`` over
    ``n`` replications, ``all_low`` and ``all_high`` (effects and interactions: intervals that hold together),
    ``includes_no_difference``, ``worth`` (the mean, such that larger is better; empty if the measure is neither).

    Kinds: ``effect`` and ``interaction`` of the corners; ``alone``: this part only, against none; ``left_out``: everything,
    against everything but this; ``whole``: everything, against none; ``sum_of_parts``: of all ``alone``; ``synergy``:
    ``whole - sum_of_parts``; ``half``: the centre, against none; ``curvature``: the centre, against the middle between
    none and everything.

    Raises:
        InputError: it is not a factorial sweep, or a value is missing.
    """
    import pandas as pd

    if stored.design != "factorial":
        raise InputError(
            f"{stored.folder}: effects are told from design=factorial, found design={stored.design}"
        )
    if (problems := stored.troubles(measure)) and not stored.without_failed:
        raise InputError(problems)
    names = [str(stored.about(key)["factor"]) for key in stored.factors]
    signs = coded(stored.settings)
    rows: list[dict[str, Any]] = []
    for p, plan in enumerate(stored.plans):
        values = stored.values(measure)[:, p]
        values = values[:, np.isfinite(values).all(axis=0)]
        if values.shape[1] < 1:
            raise InputError(
                [*problems, f"{stored.folder}: no replication has {measure} at every point of {plan}"]
            )
        rows += [{"plan": plan, "measure": measure, **row} for row in effects(values, signs, names)]
    frame = pd.DataFrame(rows)
    try:
        frame["worth"] = _worth(measure, frame["mean"].to_numpy())
    except InputError:
        frame["worth"] = np.nan
    return frame


def effects(values: np.ndarray, signs: np.ndarray, names: Sequence[str]) -> list[dict[str, Any]]:
    """Rows of :func:`effects_frame` for one plan.

    Args:
        values: shape ``(n_points, n_replications)``, no NaN.
        signs: as :func:`coded` gives them, shape ``(n_points, n_factors)``.
        names: of the factors.
    """
    corner = (signs != 0).all(axis=1)
    at = {tuple(row): values[i] for i, row in enumerate(signs.tolist())}
    n = len(names)
    rows: list[dict[str, Any]] = []
    told = contrasts(signs[corner], names)
    for aliases, column in told.items():
        kind = "interaction" if " x " in aliases[0] else "effect"
        found = 2 * (column @ values[corner]) / corner.sum()
        rows.append(_row(kind, " = ".join(aliases), found, len(told)))
    off, on = at.get((-1.0,) * n), at.get((1.0,) * n)
    centre = at.get((0.0,) * n)
    only = [at.get(tuple(1.0 if j == i else -1.0 for j in range(n))) for i in range(n)]
    without = [at.get(tuple(-1.0 if j == i else 1.0 for j in range(n))) for i in range(n)]
    for name, one in zip(names, only, strict=True):
        if off is not None and one is not None:
            rows.append(_row("alone", name, one - off))
    for name, rest in zip(names, without, strict=True):
        if on is not None and rest is not None:
            rows.append(_row("left_out", name, on - rest))
    if on is not None and off is not None:
        rows.append(_row("whole", "everything", on - off))
        if all(one is not None for one in only):
            parts = np.sum([one - off for one in only if one is not None], axis=0)
            rows.append(_row("sum_of_parts", "everything", parts))
            rows.append(_row("synergy", "everything", on - off - parts))
        if centre is not None:
            rows.append(_row("half", "everything", centre - off))
            rows.append(_row("curvature", "everything", centre - (on + off) / 2))
    return sorted(rows, key=lambda row: KINDS.index(row["kind"]))


def _row(kind: str, what: str, values: np.ndarray, family: int = 0) -> dict[str, Any]:
    found = estimate(values)
    half = np.nan
    if family and found.n > 1:
        half = bonferroni_quantile(family, found.n) * found.sd / np.sqrt(found.n)
    return {
        "kind": kind,
        "what": what,
        "mean": found.mean,
        "low": found.low,
        "high": found.high,
        "n": found.n,
        "all_low": found.mean - half,
        "all_high": found.mean + half,
        "includes_no_difference": found.includes_zero,
    }


def _worth(measure: str, differences: np.ndarray) -> np.ndarray:
    """Differences such that larger is better."""
    if known(measure).group == "equity":  # what is better depends on where one starts
        raise InputError(f"measure={measure}: a difference in a gap is better or worse only with the gap")
    return worth(measure, differences)


def in_words(frame: pd.DataFrame, measure: str) -> list[str]:
    """The three answers for one plan's rows of :func:`effects_frame`, in sentences."""
    about = known(measure)
    at = {(row["kind"], row["what"]): row for row in frame.to_dict("records")}
    out: list[str] = []
    if synergy := at.get(("synergy", "everything")):
        whole, parts = at["whole", "everything"], at["sum_of_parts", "everything"]
        numbers = (
            f"everything together {_text(about, whole)}, the parts one by one {_text(about, parts)}, "
            f"difference {_text(about, synergy)}"
        )
        out.append(f"{_sum_in_words(synergy)} ({about.label}: {numbers}).")
    if half := at.get(("half", "everything")):
        curvature = at["curvature", "everything"]
        out.append(
            f"{_half_in_words(half)} ({about.label}: half of everything against none {_text(about, half)}; against the "
            f"middle between none and everything {_text(about, curvature)})."
        )
    if not out:
        out.append(
            f"{about.label}: whether the whole is more than the sum of its parts cannot be told from a fraction of the "
            "combinations; sweep without resolution="
        )
    last = [row for row in frame.to_dict("records") if row["kind"] == "left_out"]
    spare = [str(row["what"]) for row in last if row["includes_no_difference"] or _nothing(about, row)]
    harm = [
        f"{row['what']} (with it {_text(about, row)})"
        for row in last
        if row["what"] not in spare and row["worth"] < 0
    ]
    if spare:
        out.append(f"No clear loss if left out of everything: {', '.join(spare)} ({about.label})")
    if harm:
        out.append(f"Everything is better without: {', '.join(harm)} ({about.label})")
    if (frame["n"] < 2).any():
        out.append("One replication gives no interval: nothing of this is certain.")
    return out


def _nothing(about: Any, row: Any) -> bool:
    """Whether a difference is nought as far as it is shown, with all of its interval."""
    return {about.difference_text(row[name]) for name in ("mean", "low", "high")} == {
        about.difference_text(0.0)
    }


def _text(about: Any, row: Any) -> str:
    low, high = about.difference_text(row["low"]).removesuffix(" pp"), about.difference_text(row["high"])
    return f"{about.difference_text(row['mean'])} [{low} to {high}]"


def _sum_in_words(row: Any) -> str:
    if row["includes_no_difference"]:
        return "No clear difference between the whole and the sum of its parts"
    if np.isnan(row["worth"]):
        return "The whole is " + ("larger" if row["mean"] > 0 else "smaller") + " than the sum of its parts"
    return (
        "More than the sum of its parts"
        if row["worth"] > 0
        else "Less than the sum of its parts: they stand in for each other or compete"
    )


def _half_in_words(row: Any) -> str:
    if row["includes_no_difference"]:
        return "No clear difference between half a change and none"
    if np.isnan(row["worth"]):
        return "Half a change gives " + ("more" if row["mean"] > 0 else "less") + " than none"
    return "Half a change is better than none" if row["worth"] > 0 else "Half a change is worse than none"
