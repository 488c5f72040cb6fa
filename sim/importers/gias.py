"""The register of establishments (Get Information about Schools): which schools are open, and nurseries by
name.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from sim.importers.tables import Column, read_table


@dataclass(frozen=True)
class Register:
    """Establishments of one authority that are open or about to close."""

    names: dict[int, str]
    """URN -> name."""
    phases: dict[int, str]
    """URN -> phase of the register ('Primary', 'Nursery', 'Not applicable' ...)."""


def read_gias(path: str | Path, la_name: str) -> Register:
    """Open establishments of ``la_name`` from a file with urn, name, la_name, phase and status.

    An authority without rows gives an empty register. Raises InputError with all problems.
    """
    frame = read_table(
        path,
        [
            Column("urn", "integer", unique=True, low=1),
            Column("name"),
            Column("la_name"),
            Column("phase", blank=True),
            Column("status"),
        ],
        exempt=("name", "postcode"),
    )
    here = frame[(frame["la_name"] == la_name) & frame["status"].str.startswith("Open")]
    urns = here["urn"].tolist()
    return Register(
        names=dict(zip(urns, here["name"], strict=True)),
        phases=dict(zip(urns, here["phase"].fillna("Not applicable"), strict=True)),
    )
