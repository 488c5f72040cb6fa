"""The time of the service's staff, divided between its offers in another way: what an optimiser may turn.

The hours that a band gives to the offers in question stay as they are in sum; how they are divided between those offers
is what varies, and it is divided in the same way in every band that serves at least two of them. So no plan needs more
staff than another, and none is over 100 %.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.errors import InputError

if TYPE_CHECKING:
    from sim.config import Config


def bands(config: Config, offers: Sequence[str]) -> dict[str, dict[str, float]]:
    """For each band that gives time to at least two of the offers: its share of time for each of them, as it is now.

    Raises:
        InputError: fewer than two offers, one that is not in any job plan, or no band that serves two of them.
    """
    value = config.resolver()
    plans = config.system.job_plan
    known = list(dict.fromkeys(name for plan in plans.values() for name in plan.offers))
    problems = [
        f"vary={','.join(offers)}: no job plan of {config.system.name} has time for '{name}'; known: {', '.join(known)}"
        for name in offers
        if name not in known
    ]
    if len(set(offers)) < 2 or len(set(offers)) < len(offers):
        problems.append(f"vary={','.join(offers)}: needs two or more different offers to divide time between")
    out = {}
    for role, plan in plans.items():
        if config.workforce.roles[role].in_place:
            continue
        shares = {name: float(value(plan.offers[name])) for name in offers if name in plan.offers}
        if len(shares) >= 2 and sum(shares.values()) > 0:
            out[role] = shares
    if not problems and not out:
        problems.append(
            f"vary={','.join(offers)}: no band of {config.system.name} has time for two of these offers"
        )
    if problems:
        raise InputError(problems)
    return out


def split_now(now: Mapping[str, Mapping[str, float]], offers: Sequence[str]) -> np.ndarray:
    """How the time is divided between the offers in the bands' plans as they are, shape ``(n_offers,)``, sum 1: that of
    the band that serves most of them."""
    most = max(now.values(), key=len)
    shares = np.array([most.get(name, 0.0) for name in offers])
    return np.asarray(shares / shares.sum())


def values_for(
    now: Mapping[str, Mapping[str, float]], offers: Sequence[str], split: np.ndarray
) -> dict[str, Any]:
    """What a point sets: each band's time for these offers, divided as ``split`` says among those it serves."""
    weight = dict(zip(offers, split.tolist(), strict=True))
    out: dict[str, Any] = {}
    for role, shares in now.items():
        total, among = sum(shares.values()), sum(weight[name] for name in shares)
        for name, share in shares.items():
            # a band that serves none of the offers that get time keeps its plan
            out[f"system.job_plan.{role}.offers.{name}"] = (
                total * weight[name] / among if among > 0 else share
            )
    return out


def values_by_locality(
    now: Mapping[str, Mapping[str, float]], offers: Sequence[str], splits: Mapping[str, np.ndarray]
) -> dict[str, Any]:
    """What a point sets whose time is divided in each locality in its own way; ``splits`` by locality."""
    plans: dict[str, dict[str, dict[str, float]]] = {}
    for locality, split in splits.items():
        local = plans.setdefault(locality, {})
        for key, share in values_for(now, offers, split).items():
            _, _, role, _, offer = key.split(".")
            local.setdefault(role, {})[offer] = share
    return {"system.local_plans": plans}


def even_split(shares: Sequence[float]) -> np.ndarray:
    """Numbers between 0 and 1, one fewer than offers, as a division of time: evenly spread numbers give evenly spread
    divisions (breaking a stick: the first offer takes its part, the next its part of what is left)."""
    out, left = [], 1.0
    for i, u in enumerate(shares):
        part = left * (1.0 - (1.0 - min(max(u, 0.0), 1.0)) ** (1.0 / (len(shares) - i)))
        out.append(part)
        left -= part
    return np.array([*out, max(left, 0.0)])


def stick_of(split: np.ndarray) -> list[float]:
    """The numbers that :func:`even_split` turns into ``split``."""
    out, left = [], 1.0
    n = len(split) - 1
    for i, part in enumerate(split[:-1].tolist()):
        rest = min(max(1.0 - part / left, 0.0), 1.0) if left > 0 else 1.0
        out.append(1.0 - math.pow(rest, n - i))
        left -= part
    return out
