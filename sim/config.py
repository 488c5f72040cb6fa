"""Everything one run depends on, as a frozen configuration. :mod:`sim.checking` makes it from plain mappings."""

from __future__ import annotations

import hashlib
import json
from typing import Annotated

from pydantic import Field

from sim.area_config import AreaConfig
from sim.conditions import Conditions
from sim.erosion import Erosion
from sim.evidence import EvidenceRow
from sim.needs import Needs
from sim.quantity import Resolver, Strict
from sim.system import System
from sim.transition import NoChange, Transition
from sim.workforce import Calendar, Workforce


class Config(Strict):
    """Everything one run depends on."""

    area: AreaConfig
    system: System
    needs: Needs
    workforce: Workforce
    calendar: Calendar
    transition: Transition = NoChange()
    conditions: Conditions = Conditions()
    erosion: Erosion = Erosion()
    evidence: dict[str, EvidenceRow]
    history_years: Annotated[float, Field(ge=0, le=50)] = 3.0
    horizon_years: Annotated[float, Field(gt=0, le=50)] = 5.0
    replications: Annotated[int, Field(ge=1, le=1_000_000)] = 10
    seed: Annotated[int, Field(ge=0, lt=2**63)] = 1
    workers: Annotated[int, Field(ge=1, le=1024)] = 2
    event_log: bool = False
    gains_every_weeks: Annotated[int, Field(ge=0, le=520)] = 0  # 0: not looked at
    output: str | None = None

    def resolver(self) -> Resolver:
        """Numbers behind the quantities of this configuration."""
        return Resolver(self.evidence, self.system.dials.model_dump())


def config_hash(config: Config) -> str:
    """Hash of everything that can change the results (not where they go, nor how many workers make them)."""
    data = config.model_dump(mode="json", exclude={"output", "workers", "event_log", "gains_every_weeks"})
    return hashlib.blake2b(json.dumps(data, sort_keys=True).encode(), digest_size=10).hexdigest()


def systems_by_key(config: Config) -> dict[str, System]:
    """The systems of a run by the keys under which they stand: the one at the start, and the one a change leads to."""
    if isinstance(config.transition, NoChange):
        return {"system": config.system}
    return {"system": config.system, "transition.to": config.transition.to}
