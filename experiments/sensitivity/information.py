"""With everything uncertain at once: how likely each plan is to be the best, and what it would be worth to know more.

Every number of the evidence is drawn from its own distribution, many times over, and every plan meets every draw
(probabilistic analysis). The share of draws in which a plan is the best is how sure we can be of it, given the
evidence.

Acting on the plan that is best on average, we shall sometimes be wrong. The *expected value of perfect information*
(EVPI) is what is lost by that on average: the most that any study could be worth. The value of knowing one number
only (EVPPI) says which study to do first. It takes the average of the best plan *given* that number, which is found
by a smooth curve through the draws (one penalised cubic spline per number, its stiffness chosen by generalised
cross-validation: the regression method of Strong, Oakley and Brennan 2014, Medical Decision Making 34:311-326, with a
spline for one number).

A curve through scattered points always finds something, and among many numbers some find more than others. So the same
is done with the draws shuffled, where there is nothing to find; only what is above the largest of all numbers in 95 of
100 shuffles counts as found. And since a plan can look best in a draw
by the luck of the simulation, the EVPI is also given with plans chosen in one half of the replications and valued in
the other, which errs on the low side.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist
from typing import TYPE_CHECKING, Any

import numpy as np

from experiments.certainty.statistics import CONFIDENCE
from experiments.sensitivity.preference import worth
from experiments.sweeps.stored import Stored
from sim.errors import InputError
from sim.measures import LABELS

if TYPE_CHECKING:
    import pandas as pd

#: Draws needed before anything is said.
LEAST = 30

SEGMENTS = 8  # of a curve
STIFFNESS = 10.0 ** np.arange(-4.0, 7.0)
SHUFFLES = 200


# ------------------------------------------------------------------------------------------ arithmetic


def probability_best(values: np.ndarray) -> np.ndarray:
    """Share of draws in which each plan is the best; plans that tie share a draw.

    Args:
        values: worth of each plan in each draw, shape ``(n_draws, n_plans)``, larger is better.
    """
    best = values == values.max(axis=1, keepdims=True)
    shares: np.ndarray = (best / best.sum(axis=1, keepdims=True)).mean(axis=0)
    return shares


def wilson(share: float, n: int) -> tuple[float, float]:
    """95 % interval of a share of ``n`` (Wilson 1927, Journal of the American Statistical Association 22:209-212)."""
    z = NormalDist().inv_cdf(0.5 + CONFIDENCE / 2)
    middle = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    return max(0.0, middle - half), min(1.0, middle + half)


def evpi(values: np.ndarray) -> tuple[float, float]:
    """Expected value of perfect information and its standard error, from worth of shape ``(n_draws, n_plans)``."""
    chosen = values.mean(axis=0).argmax()
    lost = values.max(axis=1) - values[:, chosen]
    return float(lost.mean()), float(lost.std(ddof=1) / math.sqrt(len(lost)))


def evpi_halves(values: np.ndarray) -> float:
    """EVPI with the plan of each draw chosen in one half of the replications and valued in the other, both ways.

    Args:
        values: worth, shape ``(n_draws, n_plans, n_replications)``.

    Returns:
        NaN with one replication. Never below nought: knowing more cannot be worth less than nothing.
    """
    n = values.shape[2]
    if n < 2:
        return math.nan
    one, other = values[:, :, : n // 2].mean(axis=2), values[:, :, n // 2 : 2 * (n // 2)].mean(axis=2)
    always = values.mean(axis=(0, 2)).argmax()
    draws = np.arange(len(values))
    gains = [
        valued[draws, chosen.argmax(axis=1)] - valued[:, always]
        for chosen, valued in ((one, other), (other, one))
    ]
    return max(0.0, float(np.mean(gains)))


@dataclass(frozen=True)
class Curve:
    """Smooth curves over one number, ready for many responses: orthonormal columns ``basis``, shape ``(n, k)``, and how
    strongly each of them is held back, shape ``(k,)`` (Demmler and Reinsch 1975)."""

    basis: np.ndarray
    penalty: np.ndarray


def curve(x: np.ndarray) -> Curve:
    """Curves over ``x`` (shape ``(n,)``): cubic B-splines over its ranks, bending held back (Eilers and Marx 1996)."""
    from scipy.interpolate import BSpline
    from scipy.stats import rankdata

    u = (rankdata(x) - 0.5) / len(x)
    knots = np.arange(-3, SEGMENTS + 4) / SEGMENTS
    splines = BSpline.design_matrix(u, knots, 3).toarray()
    bend = np.diff(np.eye(splines.shape[1]), n=2, axis=0)
    gram = splines.T @ splines
    gram += 1e-8 * np.trace(gram) / len(gram) * np.eye(len(gram))
    root = np.linalg.inv(np.linalg.cholesky(gram)).T
    penalty, axes = np.linalg.eigh(root.T @ (bend.T @ bend) @ root)
    return Curve(splines @ root @ axes, np.maximum(penalty, 0.0) * len(x))


def smooth(found: Curve, y: np.ndarray) -> np.ndarray:
    """The curve through each column of ``y``, shape ``(n, m)``, with the stiffness that generalised cross-validation
    prefers (Craven and Wahba 1979); same shape."""
    n = len(y)
    weights = found.basis.T @ y
    total = (y * y).sum(axis=0)
    shrink = 1 / (1 + STIFFNESS[:, None] * found.penalty)
    left = total - 2 * shrink @ weights**2 + shrink**2 @ weights**2
    score = left / (n - shrink.sum(axis=1, keepdims=True)) ** 2
    chosen = shrink[score.argmin(axis=0)]
    fitted: np.ndarray = found.basis @ (chosen.T * weights)
    return fitted


def evppi(
    x: np.ndarray, values: np.ndarray, shuffles: int = SHUFFLES, seed: int = 1
) -> tuple[float, np.ndarray]:
    """Expected value of knowing one number, and what the same arithmetic finds where there is nothing to find.

    Args:
        x: the number in each draw, shape ``(n_draws,)``.
        values: worth of each plan in each draw, shape ``(n_draws, n_plans)``.
        shuffles: of the draws.
        seed: of the shuffles; the same seed shuffles the draws in the same way, whatever the number.

    Returns:
        The EVPPI, and that of each shuffle, shape ``(shuffles,)``.
    """
    ahead = values[:, 1:] - values[:, :1]
    n, m = ahead.shape
    found = curve(x)
    middle = ahead.mean(axis=0)
    random = np.random.default_rng([seed, n])
    orders = [np.arange(n), *(random.permutation(n) for _ in range(shuffles))]
    centred = np.concatenate([(ahead - middle)[order] for order in orders], axis=1)
    fitted = smooth(found, centred).reshape(n, len(orders), m) + middle
    # the plan subtracted is always at nought
    gains = np.maximum(fitted.max(axis=2), 0.0).mean(axis=0) - np.maximum(
        fitted.mean(axis=0).max(axis=1), 0.0
    )
    gains = np.maximum(gains, 0.0)
    return float(gains[0]), gains[1:]


# ---------------------------------------------------------------------------------------------- tables


def _worths(stored: Stored, measure: str) -> tuple[np.ndarray, np.ndarray, int]:
    """Worth (n_draws, n_plans, n_replications), settings of those draws, and draws left out.

    Raises:
        InputError: not a probabilistic sweep over several plans, too few draws, or values missing.
    """
    if stored.design not in ("psa", "lhs", "sobol"):
        raise InputError(
            f"{stored.folder}: a probabilistic analysis is of design=psa, found design={stored.design}"
        )
    if len(stored.plans) < 2:
        raise InputError(
            f"{stored.folder}: there is one plan only; sweep several, for example system=gatekept,balanced"
        )
    values, whole = stored.usable(measure, of_possible=True)
    if whole.sum() < LEAST:
        raise InputError(f"{stored.folder}: {int(whole.sum())} draws are too few; at least {LEAST}")
    return worth(measure, values[whole]), stored.settings[1:][whole], int((~whole).sum())


def plans_frame(stored: Stored, measure: str) -> pd.DataFrame:
    """One row per plan: how it does over all draws.

    Columns: ``measure``, ``plan``, ``mean``, ``low``, ``high`` (2.5 and 97.5 % of the draws: what the evidence leaves
    open, not an interval of the mean; stored unit), ``probability_best`` with ``probability_low``,
    ``probability_high`` (95 %, from the number of draws), ``best_on_average``, ``n_draws``, ``impossible`` (draws
    whose numbers contradict each other), ``left_out`` (other draws with a value missing).

    Raises:
        InputError: it is no such sweep, values are missing, or no plan can be best in this measure.
    """
    import pandas as pd

    values, _, left_out = _worths(stored, measure)
    impossible = int(stored.impossible[1:].sum())
    per_draw = values.mean(axis=2)
    shares = probability_best(per_draw)
    told = stored.usable(measure, of_possible=True)
    plain = told[0][told[1]].mean(axis=2)
    n = len(plain)
    rows = []
    for i, plan in enumerate(stored.plans):
        low, high = np.quantile(plain[:, i], [0.025, 0.975])
        less, more = wilson(float(shares[i]), n)
        rows.append(
            {
                "measure": measure,
                "plan": plan,
                "mean": float(plain[:, i].mean()),
                "low": float(low),
                "high": float(high),
                "probability_best": float(shares[i]),
                "probability_low": less,
                "probability_high": more,
                "best_on_average": bool(i == per_draw.mean(axis=0).argmax()),
                "n_draws": n,
                "impossible": impossible,
                "left_out": left_out - impossible,
            }
        )
    return pd.DataFrame(rows)


def information_frame(stored: Stored, measure: str) -> pd.DataFrame:
    """What it would be worth to know more, in the measure's stored unit: a row for everything, then one for each factor,
    the most valuable first.

    Columns: ``measure``, ``what`` (``everything`` or ``one number``), ``rank``, ``factor``, ``key``, ``base``,
    ``grade``, ``unit``, ``source``, ``value`` (EVPI or EVPPI), ``share_of_everything``; for everything its
    ``standard_error`` and ``value_halves`` (see the module's last paragraph); for one number the ``noise`` level (95 %
    of its own shuffles are below), ``noise_of_all`` (of the largest of all numbers) and whether it is
    ``above_noise`` in that sense; ``n_draws``.

    Raises:
        InputError: as :func:`plans_frame`.
    """
    import pandas as pd

    values, settings, _ = _worths(stored, measure)
    per_draw = values.mean(axis=2)
    total, error = evpi(per_draw)
    rows: list[dict[str, Any]] = []
    found = [evppi(settings[:, i], per_draw) for i in range(len(stored.factors))]
    # many numbers are looked at: by luck alone, how large is the largest of all of them?
    level = float(np.quantile(np.max([shuffled for _, shuffled in found], axis=0), CONFIDENCE))
    for key, (value, shuffled) in zip(stored.factors, found, strict=True):
        rows.append(
            {
                "what": "one number",
                **stored.about(key),
                "value": value,
                "share_of_everything": value / total if total > 0 else 0.0,
                "noise": float(np.quantile(shuffled, CONFIDENCE)),
                "noise_of_all": level,
                "above_noise": value > level,
            }
        )
    rows.sort(key=lambda row: (not row["above_noise"], -row["value"]))
    head = {
        "what": "everything",
        **dict.fromkeys(("factor", "key", "grade", "unit", "source"), ""),
        "value": total,
        "share_of_everything": 1.0,
        "standard_error": error,
        "value_halves": evpi_halves(values),
        "above_noise": total > 0,
    }
    frame = pd.DataFrame([head, *rows])
    frame.insert(0, "measure", measure)
    frame.insert(2, "rank", np.arange(len(frame)))
    frame["n_draws"] = len(per_draw)
    return frame


def in_words(plans: pd.DataFrame, information: pd.DataFrame, measure: str) -> list[str]:
    """How sure, how much it would be worth to know more, and what to measure first, in sentences."""
    about = LABELS[measure]

    def told(value: float) -> str:
        digits = f"{value * about.scale:.2g}"
        return f"{digits} percentage points" if about.scale != 1.0 else f"{digits} ({about.unit})"

    out = []
    best = plans.iloc[int(plans["probability_best"].to_numpy().argmax())]
    out.append(
        f"{about.label}: {best['plan']} is best in {best['probability_best']:.0%} of {best['n_draws']:,} draws of the "
        f"evidence [{best['probability_low']:.0%} to {best['probability_high']:.0%}]"
    )
    everything, numbers = information.iloc[0], information.iloc[1:]
    found = numbers[numbers["above_noise"]]
    if everything["value"] == 0:
        out.append(
            "The choice is the same in every draw: knowing these numbers better would not change it, so none needs to be "
            "measured first for it"
        )
    else:
        halves = everything["value_halves"]
        out.append(
            f"Knowing everything would be worth {told(everything['value'])} on average"
            + (f"; {told(halves)} if luck is allowed for" if halves == halves else "")
        )
    if len(found):
        first = ", then ".join(
            f"{row['factor']} ({told(row['value'])}{', ' + row['grade'] if row['grade'] else ''})"
            for row in found.head(3).to_dict("records")
        )
        out.append(f"Measure first: {first}")
    elif everything["value"] > 0:
        out.append(
            "No single number is worth more than chance would show with this many draws: nothing to measure first, or "
            "too few draws to tell"
        )
    if impossible := int(plans["impossible"].max()):
        out.append(
            f"Left out: {impossible:,} draws that cannot be, since their numbers contradict each other (column error of "
            "kpis.csv says how)"
        )
    if left_out := int(plans["left_out"].max()):
        out.append(
            f"{left_out:,} draws with a failed run or a value missing are left out; if failures are not by chance, "
            "neither is what is left"
        )
    return out
