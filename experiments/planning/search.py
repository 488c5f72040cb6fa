"""The best compromises between several aims, found by trying, under limits that must be kept.

There is seldom one best plan: one does more for impact, another for waits. What is looked for is the *front*: the plans
of which none is beaten by another in every aim at once. They are bred generation by generation (NSGA-II, Deb and others
2002, IEEE Transactions on Evolutionary Computation 6:182-197, as in Optuna): plans that keep the limits and are not
beaten have offspring. The search is a function of its seed and of what the plans give, so it can be gone through again.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

#: Plans in a generation.
GENERATION = 16


@dataclass(frozen=True)
class Tried:
    """One plan tried.

    Attributes:
        x: what was turned, each between 0 and 1. worth: of each aim, larger is better; NaN if it could not be judged.
        over: by how much each limit is broken; nought or less is kept.
    """

    x: tuple[float, ...]
    worth: tuple[float, ...]
    over: tuple[float, ...]

    @property
    def allowed(self) -> bool:
        """Whether it could be judged and keeps every limit."""
        return bool(np.isfinite([*self.worth, *self.over]).all()) and all(o <= 0 for o in self.over)


#: Judges a generation: for each plan, the worth of each aim and by how much each limit is broken.
Judge = Callable[[Sequence[tuple[float, ...]]], Sequence[tuple[Sequence[float], Sequence[float]]]]


def search(
    judge: Judge, n_turned: int, n_aims: int, trials: int, seed: int, first: Sequence[Sequence[float]] = ()
) -> list[Tried]:
    """Try plans, generation by generation.

    Args:
        judge: see :data:`Judge`; a worth of NaN is a plan that failed, and has no offspring.
        n_turned: numbers between 0 and 1 that make a plan. n_aims: aims. trials: plans in all. seed: of the search.
        first: plans to begin with, such as the present one.
    """
    import warnings

    import optuna

    logging.getLogger("optuna").setLevel(logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # limits are called experimental, or old, depending on the version
        sampler = optuna.samplers.NSGAIISampler(
            population_size=GENERATION, seed=seed, constraints_func=lambda trial: trial.user_attrs["over"]
        )
    study = optuna.create_study(directions=["maximize"] * n_aims, sampler=sampler)
    names = [f"x{i}" for i in range(n_turned)]
    for plan in first:
        study.enqueue_trial(dict(zip(names, plan, strict=True)))
    out: list[Tried] = []
    while len(out) < trials:
        asked = [study.ask() for _ in range(min(GENERATION, trials - len(out)))]
        plans = [tuple(trial.suggest_float(name, 0.0, 1.0) for name in names) for trial in asked]
        for trial, plan, (worth, over) in zip(asked, plans, judge(plans), strict=True):
            tried = Tried(plan, tuple(map(float, worth)), tuple(map(float, over)))
            out.append(tried)
            if np.isfinite([*tried.worth, *tried.over]).all():
                trial.set_user_attr("over", list(tried.over))
                study.tell(trial, list(tried.worth))
            else:
                study.tell(trial, state=optuna.trial.TrialState.FAIL)
    return out


def front(tried: Sequence[Tried]) -> list[int]:
    """Indices of the allowed plans that no other allowed plan beats: is as good in every aim, and better in one."""
    allowed = [i for i, one in enumerate(tried) if one.allowed]
    worth = {i: np.array(tried[i].worth) for i in allowed}
    out: list[int] = []
    for i in allowed:
        beaten = any((worth[j] >= worth[i]).all() and (worth[j] > worth[i]).any() for j in allowed)
        if not beaten and not any((worth[j] == worth[i]).all() for j in out):
            out.append(i)
    return out
