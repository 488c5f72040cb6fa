"""Tables of the needs: what the population is drawn from, and what the kernel reads of each kind."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from sim.config import Config
from sim.function import DAYS_PER_YEAR
from sim.needs import Siblings
from sim.population import NeedRules
from sim.quantity import Resolver
from sim.siblings import SiblingRules
from sim.system import System
from sim.tables.numbers import FAR


def need_multipliers(config: Config, v: Resolver) -> np.ndarray:
    """Need by deprivation quintile relative to the average of five equal quintiles, shape (5,)."""
    m = np.array([v(q) for q in config.needs.deprivation])
    return m / m.mean()


def need_rules(config: Config, v: Resolver, multipliers: np.ndarray, september: np.ndarray) -> NeedRules:
    """What the population is drawn from."""
    needs = config.needs
    kinds = list(needs.kinds.values())
    tables = need_tables(config, v, (config.system,))
    worsens = np.full(5, v(needs.escalation.per_year) / DAYS_PER_YEAR)
    worsens[0] *= v(needs.escalation.deprived)

    def per_kind(get: str, scale: float = 1.0) -> np.ndarray:
        return np.array([v(getattr(k, get)) * scale for k in kinds])

    ever = np.array([[v(k.ever) * (1.0 + v(k.gradient) * (m - 1.0)) for m in multipliers] for k in kinds])
    return NeedRules(
        ever=np.clip(ever, 0.0, 1.0),
        second_need=v(needs.second_need),
        onset_low=np.array([v(k.onset_age.low, "years") for k in kinds]),
        onset_mode=np.array([v(k.onset_age.mode, "years") for k in kinds]),
        onset_high=np.array([v(k.onset_age.high, "years") for k in kinds]),
        score=per_kind("score_at_onset"),
        score_sd=per_kind("score_sd"),
        drift_sd=per_kind("drift_sd", 1.0 / DAYS_PER_YEAR),
        potential=per_kind("potential"),
        potential_sd=per_kind("potential_sd"),
        normal=tables["normal"],
        targeted=tables["targeted"],
        special=tables["special"],
        band_from=tables["band_from"],
        band_drift=tables["band_drift"],
        noticed_from=tables["noticed_from"],
        noticed_rate=tables["noticed_rate"][0],
        noticed_fastest=tables["noticed_fastest"][0],
        worsens=worsens,
        worsen_points=v(needs.escalation.points),
        special_school=v(needs.special_school),
        leaves_at=math.floor(v(needs.leaves_at_age) * DAYS_PER_YEAR),
        school_age=math.floor(v(needs.school_age) * DAYS_PER_YEAR),
        secondary_age=math.floor(v(needs.secondary_age) * DAYS_PER_YEAR),
        september=september,
        siblings=_sibling_rules(needs.siblings, v),
    )


def _sibling_rules(found: Siblings | None, v: Resolver) -> SiblingRules:
    if found is None:
        return SiblingRules(0.0, 1.0, 1.0, 1.0)
    gap = found.years_between
    return SiblingRules(v(found.elder), *(v(q, "years") for q in (gap.low, gap.mode, gap.high)))


def need_tables(config: Config, v: Resolver, systems: Sequence[System]) -> dict:
    needs = config.needs
    kinds = list(needs.kinds.values())

    def table(bands: list[list[tuple[float, float]]], scale: float) -> tuple[np.ndarray, np.ndarray]:
        width = max(len(b) for b in bands)
        start = np.full((len(bands), width), FAR, np.int32)
        value = np.zeros((len(bands), width))
        for i, row in enumerate(bands):
            for j, (age, per_year) in enumerate(row):
                start[i, j] = math.floor(age * DAYS_PER_YEAR)
                value[i, j] = per_year * scale
            value[i, len(row) :] = value[i, len(row) - 1]
        return start, value

    drift = table(
        [[(v(b.from_age, "years"), v(b.per_year)) for b in k.drift] for k in kinds], 1.0 / DAYS_PER_YEAR
    )
    noticed = [
        table(
            [[(v(b.from_age, "years"), v(b.per_year)) for b in k.noticed] for k in kinds],
            v(s.find_rate) / DAYS_PER_YEAR,
        )
        for s in systems
    ]
    rates = np.array([rate for _, rate in noticed])
    half_life = v(needs.capability.half_life_years, "years") * DAYS_PER_YEAR / 7.0
    return {
        "band_from": drift[0],
        "band_drift": drift[1],
        "noticed_from": noticed[0][0],
        "noticed_rate": rates,
        "noticed_fastest": rates.max(axis=2) * max(1.0, v(needs.capability.notices)),
        "normal": np.array([v(k.normal_range) for k in kinds]),
        "targeted": np.array([v(k.targeted_below) for k in kinds]),
        "special": np.array([v(k.specialist_below) for k in kinds]),
        "worsen_points": v(needs.escalation.points),
        "start_waiting": math.floor(v(needs.start.waiting_weeks, "weeks") * 7),
        "start_returns": v(needs.start.returns_per_year) / DAYS_PER_YEAR,
        "capability_drift": v(needs.capability.drift_points_per_year) / DAYS_PER_YEAR,
        "capability_notices": v(needs.capability.notices),
        "capability_gain": v(needs.capability.per_hour_per_100_children),
        "capability_keep": 0.5 ** (1.0 / half_life) if half_life > 0 else 0.0,
        "fidelity_floor": v(needs.capability.fidelity_floor),
    }
