"""Why one way of changing is better or worse than another: the difference, split over what can be switched off.

A plan that runs two systems side by side differs from a change on one day in several ways at once: families who go
to both doors, concerns sent to the old door by habit, minutes that the two systems do not share, lists that still
have to be looked after, staff who switch and meet. Each of these can be switched off, in both plans where both have
it. Simulated with every combination of them on and off, the difference is shared out between them; what is left with
all of them off is there because minutes and families are divided between the systems, and is told under that name.
The parts add up to the whole.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import combinations
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from experiments.certainty.statistics import estimate
from experiments.composing.compose import BEFORE_A_CHANGE, load_config
from experiments.composing.data import read_data
from experiments.results.output import chosen_folder, results_folder, write_frame, write_json
from experiments.results.provenance import provenance
from experiments.running.progress import NOTHING_KEPT, if_stopped
from experiments.running.replicate import replicate, replication_seed
from sim.config import config_hash
from sim.errors import InputError
from sim.transition import BigBang, Change, NoChange

if TYPE_CHECKING:
    import pandas as pd

    from sim.config import Config

Order = Literal["shapley", "in_turn"]
Changes = Mapping[str, float]
On = frozenset[str]

#: What can be switched off, by the keys of a plan that do it.
MECHANISMS: dict[str, Changes] = {
    "families at both doors": {"both_doors": 0.0},
    "which door: habit, trust and finding the way": {"habit": 0.0, "trust": 1.0, "new_doors_navigation": 1.0},
    "minutes not pooled": {"pooled": 1.0},
    "work for the old lists": {"old_upkeep": 0.0},
    "switching and meetings": {"switching_minutes": 0.0, "coordination_minutes": 0.0},
    "training, closed clinics and the dip": {"training_hours": 0.0, "closed_weeks": 0.0, "dip": 0.0},
}
DIVIDED = "minutes and families divided between the systems"
WHOLE = "the whole difference"
MEASURES = (
    "impact_mean_change_points",
    "first_useful_mean_weeks_of_first_52",
    "first_useful_within_18_weeks_all_needs_share",
)


def run(overrides: Sequence[str], config_dir: str | None = None) -> int:
    """The command: the plan that the words compose against the same change on one day, in words and as a table.

    Raises:
        InputError: the words compose no configuration, or one without a change of system; the output folder.
    """
    started = datetime.now().astimezone()
    keys = {word.partition("=")[0] for word in overrides}
    usual = {"system": BEFORE_A_CHANGE, "transition": "parallel"}
    words = [*overrides, *(f"{key}={name}" for key, name in usual.items() if key not in keys)]
    config = load_config(words, config_dir)
    if isinstance(config.transition, NoChange):
        raise InputError("attribution needs a change of system, found transition=none")
    if config.transition.name == "big_bang":
        raise InputError(
            "attribution sets a plan against the same change on one day, which transition=big_bang is itself; "
            "choose another, for example transition=parallel"
        )
    area = read_data(config, config.output)
    path = chosen_folder(config.output, "attribution", area.name, started)
    with if_stopped(NOTHING_KEPT), results_folder(path) as folder:
        frame = attribution(config, on_one_day(config), config.replications, config.seed, config.workers)
        text = text_of(frame, config.transition.name)
        seeds = [replication_seed(config.seed, r) for r in range(config.replications)]
        configs: dict[str, Config] = {config.transition.name: config}
        facts = provenance(["attribution", *overrides], configs, seeds, started, datetime.now().astimezone())
        write_json(facts, folder / "provenance.json")
        (folder / "attribution.txt").write_text(text + "\n", encoding="utf-8")
        write_frame(frame, folder / "attribution")
    print(text)
    print(f"\nResults: {path}")
    return 0


def on_one_day(config: Config) -> Config:
    """The same change, of all places and of all minutes on its first day."""
    plan = config.transition
    if isinstance(plan, NoChange):
        raise ValueError("no change of system")
    common: dict[str, Any] = {name: getattr(plan, name) for name in Change.model_fields}
    return config.model_copy(update={"transition": BigBang(name="big_bang", **common)})


def without(config: Config, off: Sequence[str], mechanisms: Mapping[str, Changes] = MECHANISMS) -> Config:
    """The configuration with some mechanisms switched off, as far as its plan has them."""
    fields = type(config.transition).model_fields
    changes = {k: v for name in off for k, v in mechanisms[name].items() if k in fields}
    return config.model_copy(update={"transition": config.transition.model_copy(update=changes)})


def attribution(
    config: Config,
    reference: Config,
    replications: int,
    seed: int,
    workers: int = 1,
    measures: Sequence[str] = MEASURES,
    mechanisms: Mapping[str, Changes] | None = None,
    order: Order = "shapley",
) -> pd.DataFrame:
    """The difference ``config`` less ``reference``, by mechanism.

    With ``shapley`` each mechanism gets the mean of what it adds, over all orders in which they could be switched on
    (Shapley 1953, "A value for n-person games"): 2^k plans are simulated for k mechanisms. With ``in_turn`` they are
    switched off one after the other in the order given: k + 1 plans, and the parts depend on that order.

    Args:
        mechanisms: those of :data:`MECHANISMS` by default that change one of the two plans at all.

    Returns:
        One row per measure and mechanism, then what is left, then the whole: measure, mechanism, effect (mean over
        replications), low and high (95 % interval), n, includes_no_difference.
    """
    import pandas as pd

    given = MECHANISMS if mechanisms is None else mechanisms
    names = [name for name in given if _matters(config, name, given) or _matters(reference, name, given)]
    subsets = _subsets(names, order)
    plans: dict[str, Config] = {}
    of: dict[On, tuple[str, str]] = {}
    for on in subsets:
        off = [name for name in names if name not in on]
        pair = [without(c, off, given) for c in (config, reference)]
        keys = [config_hash(c) for c in pair]
        plans.update(zip(keys, pair, strict=True))
        of[on] = (keys[0], keys[1])
    done = replicate(plans, replications, seed, workers, what="Switching mechanisms on and off")
    rows: list[dict[str, Any]] = []
    for measure in measures:
        apart = {
            on: done.summaries[one][measure] - done.summaries[other][measure]
            for on, (one, other) in of.items()
        }
        for mechanism, values in parts(apart, names, order).items():
            found = estimate(values)
            rows.append(
                {
                    "measure": measure,
                    "mechanism": mechanism,
                    "effect": found.mean,
                    "low": found.low,
                    "high": found.high,
                    "n": found.n,
                    "includes_no_difference": found.includes_zero,
                }
            )
    return pd.DataFrame(rows)


def _matters(config: Config, name: str, mechanisms: Mapping[str, Changes]) -> bool:
    """Whether a mechanism is on in a plan: switching it off changes a number."""
    value, plan = config.resolver(), config.transition
    return any(
        k in type(plan).model_fields and value(getattr(plan, k)) != v for k, v in mechanisms[name].items()
    )


def _subsets(names: Sequence[str], order: Order) -> list[On]:
    """Which mechanisms are on in the plans that are simulated."""
    if order == "in_turn":
        return [frozenset(names[i:]) for i in range(len(names) + 1)]
    return [frozenset(c) for size in range(len(names) + 1) for c in combinations(names, size)]


def parts(
    apart: Mapping[On, np.ndarray], names: Sequence[str], order: Order = "shapley"
) -> dict[str, np.ndarray]:
    """A difference split over mechanisms; the parts and what is left add up to the whole.

    Args:
        apart: the difference with just these mechanisms on, each of shape (n_replications,).

    Returns:
        By mechanism, then :data:`DIVIDED` (with none of them) and :data:`WHOLE`; shape (n_replications,) each.
    """
    k = len(names)
    out: dict[str, np.ndarray] = {}
    for i, name in enumerate(names):
        if order == "in_turn":
            out[name] = apart[frozenset(names[i:])] - apart[frozenset(names[i + 1 :])]
            continue
        others = [n for n in names if n != name]
        total = np.zeros_like(apart[frozenset()])
        for size in range(k):
            weight = math.factorial(size) * math.factorial(k - size - 1) / math.factorial(k)
            for chosen in combinations(others, size):
                total = total + weight * (apart[frozenset((*chosen, name))] - apart[frozenset(chosen)])
        out[name] = total
    return {**out, DIVIDED: apart[frozenset()], WHOLE: apart[frozenset(names)]}


def text_of(frame: pd.DataFrame, plan: str) -> str:
    """The frame as lines for somebody who does not read frames."""
    from sim.measures import LABELS

    lines: list[str] = []
    for name, rows in frame.groupby("measure", sort=False):
        measure = LABELS[str(name)]
        unit = "" if measure.unit in ("%", "£") else f" ({measure.unit})"
        lines += [f"{measure.label}{unit}: {plan} less the same change on one day"]
        for row in rows.to_dict("records"):
            low, high = (measure.difference_text(row[end]) for end in ("low", "high"))
            between = f"{low.removesuffix(' pp')} to {high}" if row["n"] > 1 else "one replication"
            unclear = (
                ", which includes no difference" if row["n"] > 1 and row["includes_no_difference"] else ""
            )
            lines.append(
                f"  {row['mechanism']:<50}{measure.difference_text(row['effect']):>10}  ({between}{unclear}; "
                f"n = {row['n']})"
            )
    return "\n".join(lines)
