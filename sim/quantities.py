"""Which numbers a configuration is made of, and where in it each stands."""

from __future__ import annotations

from sim.conditions_acting import acts_in_use
from sim.config import Config
from sim.quantity import Use, uses
from sim.transition import NoChange


def quantities_written(config: Config) -> list[Use]:
    """Every quantity of the world that a configuration says something of."""
    out: list[Use] = []
    for part in ("system", "needs", "workforce", "transition", "erosion"):
        out += uses(getattr(config, part), part)
    for key, act in acts_in_use(config):
        out += uses(act, key)
    return out


def quantities_in_use(config: Config) -> list[Use]:
    """Those of them that matter: where nothing changes there is nothing new for erosion to wear down."""
    stays = isinstance(config.transition, NoChange)
    return [use for use in quantities_written(config) if not (stays and use.key.startswith("erosion."))]
