"""Single children of a study: found by what they are like, and followed under every system.

The first replication is simulated again for it, since results hold no story of every child. What was found is kept,
so the next child of the same study comes quickly.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import TYPE_CHECKING, TypeVar

from dashboards.studies.study import Study
from sim.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

    from dashboards.studies.flow import Flow
    from sim.journey import Journeys

#: Children aged 0-19 above which a simulation takes too long for a page.
MOST_CHILDREN = 400_000
MOST_KEPT = 24
#: Weeks from one look at a flow to the next that can be chosen.
STEPS = (4, 1)

Found = TypeVar("Found")
_kept: OrderedDict[Hashable, object] = OrderedDict()
_lock = threading.Lock()


def _once(key: Hashable, make: Callable[[], Found]) -> Found:
    """Made once and kept; one at a time, so that two readers do not simulate the same."""
    with _lock:
        if key not in _kept:
            _kept[key] = make()
            while len(_kept) > MOST_KEPT:
                _kept.popitem(last=False)
        _kept.move_to_end(key)
        return _kept[key]  # type: ignore[return-value]


def _identity(study: Study) -> tuple[str, ...]:
    from sim.config import config_hash

    return tuple(config_hash(config) for config in study.configs.values())


def _seed(study: Study) -> int:
    from experiments.running.replicate import replication_seed

    return replication_seed(study.configs[study.reference].seed, 0)


def _small_enough(study: Study) -> None:
    children = int(study.area.children.sum())
    if children > MOST_CHILDREN:
        raise InputError(
            f"{study.area.name} has {children:,} children; single journeys are shown for up to {MOST_CHILDREN:,}. "
            "Use the command opendoor journey, or a smaller area."
        )


def all_children(study: Study) -> pd.DataFrame:
    """One row per child with a need, see :func:`sim.journey.compare_children`.

    Raises:
        InputError: an area that is too large for a page; systems that do not have the same children.
    """
    from experiments.running.compiling import one_at_a_time
    from sim.journey_choice import compare_children
    from sim.run import simulate

    _small_enough(study)

    def make() -> pd.DataFrame:
        with one_at_a_time():
            runs = {name: simulate(config, _seed(study)) for name, config in study.configs.items()}
        return compare_children(runs)

    return _once(("children", _identity(study)), make)


def flow(study: Study, system: str, every: int) -> Flow:
    """How needs move through one of the systems, looked at every so many weeks.

    Raises:
        InputError: an area that is too large for a page.
    """
    from dashboards.studies.flow import counted, followed
    from experiments.running.compiling import one_at_a_time
    from sim.config import config_hash

    _small_enough(study)
    config = study.configs[system]

    def make() -> dict[int, Flow]:
        with one_at_a_time():
            places, at = followed(config, _seed(study))
        return {weeks: counted(places, at, weeks) for weeks in STEPS}

    return _once(("flow", config_hash(config)), make)[every]


def story(study: Study, child: int) -> Journeys:
    """One child under every system.

    Raises:
        InputError: an id that no child has.
    """
    from experiments.running.compiling import one_at_a_time
    from sim.journey import journeys

    _small_enough(study)

    def make() -> Journeys:
        with one_at_a_time():
            return journeys(list(study.configs.items()), _seed(study), [child])

    return _once(("story", _identity(study), child), make)
