"""What if the conditions for success were others, or the change cost more or less: answered by the engine itself.

The way to change that is asked about is simulated with the settings moved, beside staying put and beside the settings
that the results have, in the same replications: same children, same luck. So the answer comes with the first
replication, gets surer with each further one, and what the settings do is a paired difference. Simulations that
somebody has waited for already are not made again.
"""

from __future__ import annotations

import math
import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from dashboards.background.scenario import CHANGED
from dashboards.background.work import Order, Part
from experiments.certainty.statistics import Estimate, estimate, estimates
from experiments.numbers import BY_HAND, GRADES
from experiments.running.replicate import replication_seed
from sim.checking import check
from sim.conditions import CONDITIONS
from sim.conditions_acting import effects
from sim.config import Config, config_hash
from sim.errors import InputError
from sim.measures.change import MEASURES
from sim.quantities import quantities_in_use
from sim.transition import NoChange

if TYPE_CHECKING:
    import pandas as pd

    from dashboards.studies.study import Study
    from experiments.comparing.change import Changes

CONDITION, ROW = "condition", "row"
MOST_REPLICATIONS = 20

#: Simulations that are kept for the next question, over everybody.
MOST_KEPT = 90

#: What is told, most important first.
TOLD = (
    "point_years",
    "lowest_point_years",
    "break_even_week",
    "broke_even",
    "disruption_weeks",
    "children_helped",
    "children_harmed",
    "pounds_change",
)

GROUPS = (
    "Conditions for success",
    "What the change costs",
    "Two systems side by side",
    "Choices of the plan",
)
_SIDE_BY_SIDE = {
    "transition_switching_minutes",
    "transition_coordination_minutes",
    "transition_both_doors_share",
    "transition_both_doors_navigation_odds",
    "transition_withdraws_share",
    "transition_habit_share",
    "transition_pooled_share",
}
_CHOICES = {"transition_parallel_share", "transition_gap_weeks", "transition_run_off_share"}
#: Rows that act only with one way to treat those who wait already.
_ONLY_WITH = {"transition_call_": "triage_call", "transition_blitz_": "blitz"}


@dataclass(frozen=True)
class Setting:
    """Something that can be moved: a condition, or a number of the change.

    Attributes:
        key: ``condition:families`` or ``row:transition_dip_weeks``. value: in the loaded results. step: of a slider.
        about: what it acts on, or what its evidence row notes.
    """

    key: str
    label: str
    group: str
    value: float
    low: float
    high: float
    unit: str
    grade: str
    source: str
    about: str

    @property
    def step(self) -> float:
        """A round number, at least twenty of which go into the range."""
        return float(10.0 ** math.floor(math.log10((self.high - self.low) / 20.0) + 1e-9))


def settings(config: Config) -> list[Setting]:
    """Everything that can be moved in a way to change, conditions first; nothing if nothing changes."""
    if isinstance(config.transition, NoChange):
        return []
    return [*_conditions(config), *_numbers(config)]


def _conditions(config: Config) -> list[Setting]:
    from sim.quantity import uses

    absent = config.model_copy(
        update={"conditions": config.conditions.model_copy(update=dict.fromkeys(CONDITIONS, 0.0))}
    )
    touched: dict[str, list[str]] = {}
    for effect in effects(absent):
        if effect.now != effect.value:
            last = effect.key.rsplit(".", 1)[-1].replace("_", " ")
            touched.setdefault(effect.condition, []).append(last)
    out = []
    for name in CONDITIONS:
        rows = {
            row
            for act in config.conditions.acts.get(name, [])
            for use in uses(act, "act")
            for row in use.rows()
            if row in config.evidence
        }
        grade = max((config.evidence[row].grade for row in rows), key=GRADES.index, default=BY_HAND)
        acts = ", ".join(dict.fromkeys(touched.get(name, [])))
        out.append(
            Setting(
                f"{CONDITION}:{name}",
                name.replace("_", " ").capitalize(),
                GROUPS[0],
                config.conditions.level(name),
                0.0,
                1.0,
                "0 absent, 1 in place",
                grade,
                "; ".join(dict.fromkeys(config.evidence[row].source for row in sorted(rows))),
                f"Acts on: {acts}." if acts else "Acts on nothing in this way to change.",
            )
        )
    return out


def _numbers(config: Config) -> list[Setting]:
    rows = dict.fromkeys(
        row
        for use in quantities_in_use(config)
        if use.key.startswith("transition.") and not use.key.startswith("transition.to.")
        for row in use.rows()
    )
    waiting = getattr(config.transition, "waiting", "")
    out = []
    for name in rows:
        row = config.evidence[name]
        idle = any(name.startswith(prefix) and waiting != way for prefix, way in _ONLY_WITH.items())
        if idle or not row.low < row.high:
            continue
        choice = name in _CHOICES or any(name.startswith(prefix) for prefix in _ONLY_WITH)
        group = GROUPS[2] if name in _SIDE_BY_SIDE else GROUPS[3] if choice else GROUPS[1]
        label = name.removeprefix("transition_").replace("_", " ").replace(" wte", " WTE")
        out.append(
            Setting(
                f"{ROW}:{name}",
                label[:1].upper() + label[1:],
                group,
                row.value,
                row.low,
                row.high,
                row.unit.replace("_", " "),
                row.grade,
                row.source,
                row.note or "",
            )
        )
    return sorted(out, key=lambda s: GROUPS.index(s.group))


def read_settings(text: str, config: Config) -> dict[str, float]:
    """What an address says has been moved: ``families:0.4,transition_dip_weeks:30``; what is as loaded is left out.

    Raises:
        InputError: one sentence for each word that cannot be used.
    """
    known = {s.key.partition(":")[2]: s for s in settings(config)}
    out: dict[str, float] = {}
    problems = []
    for word in filter(None, (part.strip() for part in text.split(","))):
        name, _, number = word.partition(":")
        setting = known.get(name)
        try:
            value = float(number)
        except ValueError:
            value = math.nan
        if setting is None:
            problems.append(f"{name.replace('_', ' ')}: cannot be moved in this way to change.")
        elif not setting.low <= value <= setting.high:
            problems.append(
                f"{setting.label} = {number or 'nothing'}: allowed is {setting.low:g} to {setting.high:g} ({setting.unit})."
            )
        elif value != setting.value:
            out[setting.key] = value
    if problems:
        raise InputError(problems)
    return out


def with_settings(config: Config, values: Mapping[str, float]) -> Config:
    """A configuration with some settings moved, checked anew.

    Raises:
        InputError: settings that do not go together with the rest.
    """
    tree = config.model_dump(mode="json")
    for key, value in values.items():
        kind, _, name = key.partition(":")
        if kind == CONDITION:
            tree["conditions"][name] = value
        else:
            tree["evidence"][name]["value"] = value
    return check(tree)


def moved_in(order: Order) -> dict[str, float]:
    """What is moved in an order: key of the setting -> its value."""
    _, moved, loaded = order.configs.values()
    levels = {
        f"{CONDITION}:{name}": moved.conditions.level(name)
        for name in CONDITIONS
        if moved.conditions.level(name) != loaded.conditions.level(name)
    }
    return levels | {
        f"{ROW}:{name}": row.value
        for name, row in moved.evidence.items()
        if row.value != loaded.evidence[name].value
    }


def as_words(values: Mapping[str, float]) -> list[str]:
    """The same settings as the command line writes them."""
    kinds = {CONDITION: "conditions.{}={:g}", ROW: "evidence.{}.value={:g}"}
    return [
        kinds[key.partition(":")[0]].format(key.partition(":")[2], value) for key, value in values.items()
    ]


def order(
    study: Study, plan: str, values: Mapping[str, float], replications: int, workers: int, slow_down: float
) -> Order:
    """What has to be simulated: staying put, the plan with the settings moved, and the plan as it is loaded; in this
    order in each replication, so that the first answer comes first.

    Raises:
        InputError: settings that do not go together.
    """
    from experiments.comparing.change import with_gains

    loaded = study.configs[plan]
    moved = {
        study.reference: study.configs[study.reference],
        plan + CHANGED: with_settings(loaded, values),
        plan: loaded,
    }
    seed = study.configs[study.reference].seed
    return Order(with_gains(moved), replications, seed, workers, slow_down, with_views=False)


class Kept:
    """Simulations that are at hand, by configuration and seed: a slider moved back costs nothing."""

    def __init__(self) -> None:
        self._parts: OrderedDict[tuple[str, int], Part] = OrderedDict()
        self._lock = threading.Lock()

    def of(self, order: Order) -> list[Part]:
        """Parts of an order that are at hand."""
        from dataclasses import replace

        out = []
        with self._lock:
            for name, config in order.configs.items():
                digest = _digest(config)
                for r in range(order.replications):
                    part = self._parts.get((digest, replication_seed(order.seed, r)))
                    if part is not None:
                        out.append(replace(part, system=name, replication=r))
        return out

    def add(self, order: Order, parts: Sequence[Part]) -> None:
        """Keep what has been simulated."""
        digests = {name: _digest(config) for name, config in order.configs.items()}
        with self._lock:
            for part in parts:
                key = digests[part.system], replication_seed(order.seed, part.replication)
                self._parts[key] = part
                self._parts.move_to_end(key)
            while len(self._parts) > MOST_KEPT:
                self._parts.popitem(last=False)


def _digest(config: Config) -> str:
    return f"{config_hash(config)}/{config.gains_every_weeks}"


@dataclass(frozen=True)
class Row:
    """One measure against staying put, with the settings moved and as they are loaded, and the paired difference of the
    two; all from the same replications, so that they add up. Before any has both, what is known with the settings moved."""

    measure: str
    moved: Estimate
    loaded: Estimate
    difference: Estimate


@dataclass(frozen=True)
class Answer:
    """What is known by now.

    Attributes:
        n: replications with the settings moved. paired: those simulated as loaded, too. rows: see :class:`Row`.
        course: columns ``week, value, low, high``: cumulative impact with the settings moved. seconds: until the first
        replication was there.
    """

    n: int
    paired: int
    rows: list[Row]
    course: pd.DataFrame
    seconds: float


def answer(order: Order, parts: Sequence[Part], began: float) -> Answer | None:
    """What the simulations that have ended say; None before the first replication is there.

    Args:
        began: when the run was asked for, seconds since the epoch.
    """
    import pandas as pd

    stay, moved, loaded = order.configs
    at = {(part.system, part.replication): part for part in parts}
    now, before = _changes(order, at, stay, moved), _changes(order, at, stay, loaded)
    if not now.replications:
        return None
    both = [r for r in now.replications if r in set(before.replications)]
    rows = []
    for name in TOLD:
        with_moved = np.array([now.pairs[moved][r].numbers[name] for r in both or now.replications])
        as_loaded = np.array([before.pairs[loaded][r].numbers[name] for r in both])
        apart = with_moved - as_loaded if both else as_loaded
        rows.append(Row(name, estimate(with_moved), estimate(as_loaded), estimate(apart)))
    ahead = estimates(
        np.array(
            [
                now.weekly[moved][r]["point_years"] - now.weekly[stay][r]["point_years"]
                for r in now.replications
            ]
        )
    )
    course = pd.DataFrame(
        {"week": now.weeks["point_years"], "value": ahead.mean, "low": ahead.low, "high": ahead.high}
    )
    ready = min(max(at[stay, r].ready, at[moved, r].ready) for r in now.replications)
    return Answer(
        len(now.replications),
        len(both),
        rows,
        course,
        max(0.0, ready - began),
    )


def _changes(order: Order, at: Mapping[tuple[str, int], Part], stay: str, plan: str) -> Changes:
    """A plan against staying put, in the replications in which both are there."""
    from experiments.comparing.change import Changes

    found = Changes({name: order.configs[name] for name in (stay, plan)})
    for r in range(order.replications):
        parts = [at.get((name, r)) for name in (stay, plan)]
        for part in parts:
            if all(p is not None for p in parts) and part is not None and part.course is not None:
                found.take(part.system, r, part.course)
    return found


def in_words(row: Row) -> str:
    """What the settings do to a measure, for somebody who does not read intervals."""
    from experiments.comparing.change import verdict

    measure, found = MEASURES[row.measure], row.difference
    return verdict(measure, found, ("later", "earlier")) if found.n else "not defined with both"
