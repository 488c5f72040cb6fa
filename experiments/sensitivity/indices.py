"""Which of many unknown numbers matter: first a screening, then who is behind how much of the spread.

*Screening* (Morris 1991; Campolongo, Cariboni and Saltelli 2007, Environmental Modelling and Software 22:1509-1518)
moves one factor at a time from many places. ``mu_star`` is the mean size of what that changes, over the whole range
of the factor; ``sigma`` says how much it depends on where one stands: a bent line, or a factor that acts with others.

*Sobol's indices* divide the variance of the answer: ``s1`` is the share that would go if a factor were known, ``st``
the share that would stay if everything else were known; ``st - s1`` is what it does together with others. Indices are
estimates: with their intervals, and meant for factors that screening has left.

SALib does the arithmetic. It takes an undefined number for nought in silence, so nothing undefined ever reaches it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from experiments.sweeps.designs import morris_trajectories
from experiments.sweeps.stored import Stored, output_values, outputs
from sim.errors import InputError
from sim.measures import LABELS

if TYPE_CHECKING:
    import pandas as pd

#: Redraws behind an interval.
REDRAWS = 500


def finite(values: np.ndarray) -> np.ndarray:
    """The values, if each of them is a number.

    Raises:
        ValueError: one is not: SALib would answer nought.
    """
    if not np.isfinite(values).all():
        raise ValueError(f"{int((~np.isfinite(values)).sum())} of {values.size} values are not defined")
    return values


def screening_frame(stored: Stored, measure: str) -> pd.DataFrame:
    """Morris' measures of every factor, largest ``mu_star`` first, for each plan and each difference between plans.

    Columns: ``output``, ``measure``, ``rank``, ``factor``, ``key``, ``base``, ``grade``, ``unit``, ``source``,
    ``mu_star`` with its 95 % interval ``mu_star_low``, ``mu_star_high`` (redrawn trajectories), ``mu`` (signed),
    ``sigma``; all in the measure's stored unit for a move over the whole range. ``n_trajectories``, and ``left_out``:
    those with a value missing.

    Raises:
        InputError: it is no Morris sweep, or a value is missing.
    """
    from SALib.analyze import morris

    _must_be(stored, "morris")
    n = len(stored.factors)
    values, whole = stored.usable(measure, group=n + 1)
    levels = stored.manifest.get("levels") or 4
    shares = morris_trajectories(len(values) // (n + 1), n, levels, stored.manifest["design_seed"])
    problem = _problem(stored)

    def analysis(y: np.ndarray) -> list[dict[str, Any]]:
        found = morris.analyze(
            problem, shares[whole], finite(y), num_resamples=REDRAWS, num_levels=levels, seed=1
        )
        return [
            {
                "mu_star": float(found["mu_star"][i]),
                "mu_star_low": float(found["mu_star"][i] - found["mu_star_conf"][i]),
                "mu_star_high": float(found["mu_star"][i] + found["mu_star_conf"][i]),
                "mu": float(found["mu"][i]),
                "sigma": float(found["sigma"][i]),
                "n_trajectories": int(whole.sum()) // (n + 1),
                "left_out": int((~whole).sum()) // (n + 1),
            }
            for i in range(n)
        ]

    return _frame(stored, measure, values[whole], analysis, "mu_star")


def indices_frame(stored: Stored, measure: str) -> pd.DataFrame:
    """Sobol's indices of every factor, largest ``st`` first, for each plan and each difference between plans.

    Columns: ``output``, ``measure``, ``rank``, ``factor``, ``key``, ``base``, ``grade``, ``unit``, ``source``, ``s1``
    and ``st`` with 95 % intervals (``s1_low`` ...; redrawn blocks), the ``variance`` that is divided, ``n_blocks``,
    and ``left_out``: blocks with a value missing. Where the answer does not vary at all, the indices are empty.

    Raises:
        InputError: it is no Saltelli sweep, or a value is missing.
    """
    from SALib.analyze import sobol

    _must_be(stored, "saltelli")
    n = len(stored.factors)
    values, whole = stored.usable(measure, group=n + 2)
    problem = _problem(stored)

    def analysis(y: np.ndarray) -> list[dict[str, Any]]:
        variance = float(np.var(finite(y)))
        facts = {
            "variance": variance,
            "n_blocks": len(y) // (n + 2),
            "left_out": int((~whole).sum()) // (n + 2),
        }
        if variance <= 1e-20 * max(1.0, float(np.abs(y).max()) ** 2):
            empty = dict.fromkeys(("s1", "s1_low", "s1_high", "st", "st_low", "st_high"), float("nan"))
            return [{**empty, **facts, "variance": 0.0}] * n
        found = sobol.analyze(problem, y, calc_second_order=False, num_resamples=REDRAWS, seed=1)
        return [
            {
                **{
                    f"{name.lower()}{end}": float(found[name][i] + sign * found[f"{name}_conf"][i])
                    for name in ("S1", "ST")
                    for end, sign in (("", 0), ("_low", -1), ("_high", 1))
                },
                **facts,
            }
            for i in range(n)
        ]

    return _frame(stored, measure, values[whole], analysis, "st")


def screening_words(frame: pd.DataFrame, measure: str) -> list[str]:
    """What the screening of one output says, in sentences."""
    about = LABELS[measure]
    largest = float(frame["mu_star"].max())
    if not largest > 0:
        return [f"{about.label}: no factor changes it at all"]
    idle = int((frame["mu_star"] < 0.05 * largest).sum())
    first = ", ".join(
        f"{row['factor']} ({about.difference_text(row['mu_star']).removeprefix('+')}"
        f"{', ' + row['grade'] if row['grade'] else ''})"
        for row in frame.head(3).to_dict("records")
    )
    out = [
        f"{about.label}: most is moved by {first}; {idle} of {len(frame)} factors move it less than a twentieth "
        "of what the first one does"
    ]
    return out + _left_out(frame, "trajectories")


def indices_words(frame: pd.DataFrame, measure: str) -> list[str]:
    """What the indices of one output say, in sentences."""
    about = LABELS[measure]
    if frame["st"].isna().all():
        return [f"{about.label}: no factor changes it at all"]
    first = frame.iloc[0]
    alone = float(frame["s1"].sum())
    out = [
        f"{about.label}: {first['factor']} is behind {first['st']:.0%} of the variance [{first['st_low']:.0%} to "
        f"{first['st_high']:.0%}], {first['s1']:.0%} by itself; all factors one by one explain {min(alone, 1.0):.0%}, "
        "the rest comes from factors acting together"
    ]
    if (frame["st_high"] - frame["st_low"]).max() > 0.2:
        out.append("Some of these intervals are wide: a sweep with more points= would tell more")
    return out + _left_out(frame, "blocks")


def _left_out(frame: pd.DataFrame, what: str) -> list[str]:
    missing = int(frame["left_out"].max())
    if not missing:
        return []
    return [
        f"{missing:,} {what} with a failed run or a value missing are left out; if failures are not by chance, "
        "neither is what is left"
    ]


def _must_be(stored: Stored, design: str) -> None:
    if stored.design != design:
        raise InputError(
            f"{stored.folder}: this analysis is of design={design}, found design={stored.design}"
        )


def _problem(stored: Stored) -> dict[str, Any]:
    n = len(stored.factors)
    return {"num_vars": n, "names": [f"x{i}" for i in range(n)], "bounds": [[0.0, 1.0]] * n}


def _frame(stored: Stored, measure: str, values: np.ndarray, analysis: Any, order: str) -> pd.DataFrame:
    """Rows of every output, each ordered by one column."""
    import pandas as pd

    parts = []
    for name, reference, plan in outputs(stored.plans):
        y = output_values(values, reference, plan).mean(axis=1)
        rows = [{**stored.about(key), **row} for key, row in zip(stored.factors, analysis(y), strict=True)]
        part = pd.DataFrame(rows).sort_values(order, ascending=False, kind="stable", ignore_index=True)
        part.insert(0, "output", name)
        part.insert(1, "measure", measure)
        part.insert(2, "rank", np.arange(1, len(part) + 1))
        parts.append(part)
    return pd.concat(parts, ignore_index=True)
