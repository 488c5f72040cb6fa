"""Who works where, and the minutes they have.

The same people work in every system; only the job plan differs. A role's minutes in a week are its
whole-time equivalents in post (establishment less vacancies) times the hours they are at work net of
leave, sickness and study, spread over the working days of the year, so a week with a bank holiday has
fewer. Minutes are whole numbers from here on: every one of them ends in exactly one ledger line.
"""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Literal

import numpy as np
from pydantic import Field, field_validator, model_validator

from sim.quantity import HoursPerYear, Multiplier, PoundsPerHour, Resolver, Share, Strict, WtePer100k


class Role(Strict):
    """One pay band or kind of staff."""

    title: str
    group: str  # staff group that offers ask for: therapist, assistant, school_staff, admin ...
    wte_per_100k: WtePer100k | None = None  # establishment per 100,000 children aged 0-17
    wte: Annotated[float, Field(ge=0)] | None = None  # or as a number for the whole area
    vacancy: Share = 0.0
    hours_per_year: HoursPerYear  # at work per WTE, net of leave, sickness, study
    pounds_per_hour: PoundsPerHour
    competence: Multiplier = 1.0  # effect of support this role delivers, against a therapist
    in_place: bool = False  # works in the place itself: quality depends on the place's capability

    @model_validator(mode="after")
    def _one_size(self) -> Role:
        if (self.wte is None) == (self.wte_per_100k is None):
            raise ValueError("give either wte or wte_per_100k, not both and not neither")
        return self


class Workforce(Strict):
    """All roles, and how they are spread over the localities when staff are placed as they always were."""

    name: str
    roles: dict[str, Role] = Field(min_length=1)
    historic_spread: list[
        Annotated[float, Field(gt=0)]
    ] = []  # staff per child by locality, repeated; empty: even


class Calendar(Strict):
    """Working days, bank holidays and school terms."""

    name: str
    start: str = "2022-09-01"  # first day of the history, ISO date
    working_days: list[Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]] = Field(min_length=1)
    bank_holidays: bool = True  # England
    school_holiday_weeks: list[Annotated[int, Field(ge=1, le=53)]] = []  # ISO week numbers

    @field_validator("start")
    @classmethod
    def _is_a_date(cls, start: str) -> str:
        try:
            dt.date.fromisoformat(start)
        except ValueError as e:
            raise ValueError(f"{start!r} is not a date of the form 2026-09-01") from e
        return start


def establishment(
    workforce: Workforce, children_0_17: np.ndarray, need_0_17: np.ndarray, by_need: float, resolve: Resolver
) -> np.ndarray:
    """Whole-time equivalents in post, shape (n_localities, n_roles).

    ``children_0_17`` and ``need_0_17`` have shape (n_localities,): children, and children expected to have a need.
    ``by_need`` moves the spread from historic (0) to proportional to need (1).
    """
    n = len(children_0_17)
    total_children = float(children_0_17.sum())
    spread = (
        np.array([workforce.historic_spread[i % len(workforce.historic_spread)] for i in range(n)])
        if workforce.historic_spread
        else np.ones(n)
    )
    historic = children_0_17 * spread
    # a plain stream of referrals has no population: its staff are spread evenly
    historic = historic / historic.sum() if historic.sum() > 0 else np.full(n, 1.0 / n)
    wanted = need_0_17 / need_0_17.sum() if need_0_17.sum() > 0 else historic
    share = (1.0 - by_need) * historic + by_need * wanted
    out = np.zeros((n, len(workforce.roles)))
    for j, role in enumerate(workforce.roles.values()):
        total = (
            role.wte
            if role.wte is not None
            else resolve(role.wte_per_100k or 0.0, "wte_per_100k") * total_children / 100_000.0
        )
        out[:, j] = total * (1.0 - resolve(role.vacancy)) * share
    return out
