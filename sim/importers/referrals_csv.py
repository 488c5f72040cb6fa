"""Dated referrals: one line per referral received, the form in which any service can hand over its demand.

Only the date is needed. Nothing that identifies a child may be in the file; a reference of the service's own
is allowed so that questions can be traced back.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sim.area import N_AGES, N_QUINTILES
from sim.importers.tables import Column, DateFormat, read_table

if TYPE_CHECKING:
    import pandas as pd

PRIORITIES = ("urgent", "routine")


def read_referrals(
    path: str | Path, *, kinds: tuple[str, ...] = (), date_format: DateFormat = "YYYY-MM-DD"
) -> pd.DataFrame:
    """Referrals in order of date (equal dates in the order of the file).

    Columns returned: ``referral_date`` (datetime64[s]) and those of ``kind`` (str; one of ``kinds`` when
    given), ``age_years`` (0-19), ``imd_quintile`` (1-5), ``priority`` (urgent or routine) and ``referral_id``
    (unique) that the file has; in optional columns cells may be blank, except ``referral_id``. Raises
    InputError with all problems.
    """
    frame = read_table(
        path,
        [
            Column("referral_date", "date"),
            Column("kind", required=False, blank=True, allowed=kinds),
            Column("age_years", "integer", required=False, blank=True, low=0, high=N_AGES - 1),
            Column("imd_quintile", "integer", required=False, blank=True, low=1, high=N_QUINTILES),
            Column("priority", required=False, blank=True, allowed=PRIORITIES),
            Column("referral_id", required=False, unique=True),
        ],
        date_format=date_format,
    )
    return frame.sort_values("referral_date", kind="stable", ignore_index=True)
