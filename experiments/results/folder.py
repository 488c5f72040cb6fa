"""Which folders hold results of ours, of which kind, and the names in them that are ours."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from sim.errors import InputError

Kind = Literal["sweep", "run", "search"]

#: Tables that an analysis leaves beside a sweep.
ANALYSES = (
    *("effects", "screening", "indices", "tornado", "plans", "information", "map", "frontier"),
    *("switching", "switching_runs"),
)

#: Names at the top of a results folder, without their ending, by kind. Anything else is not ours.
OURS: dict[Kind, frozenset[str]] = {
    "sweep": frozenset(
        {
            *("sweep", "points", "runs", "provenance", "dictionary", "statistics", "kpis", "traces"),
            *("analysis", *ANALYSES),
        }
    ),
    "run": frozenset(
        {
            *("provenance", "summary", "summaries", "population", "dictionary", "comparison", "runs"),
            *("intervals", "spin_up", "selection", "views"),
            *("change", "change_by_week", "change_by_year", "change_by_group"),
        }
    ),
    "search": frozenset({"search", "points", "runs", "provenance", "front", "staff", "tried", "answer"}),
}

TABLES: dict[Kind, tuple[str, ...]] = {
    "sweep": ("kpis", "statistics", "points", "traces", "dictionary", *ANALYSES),
    "search": ("front", "staff", "tried"),
    "run": ("summaries", "population", "dictionary", "comparison", "intervals", "spin_up", "selection"),
}


@dataclass(frozen=True)
class Found:
    """One results folder: where, of which kind, and its provenance."""

    path: Path
    kind: Kind
    facts: dict[str, Any]


def find(folder: str | Path) -> Found:
    """The results folder at a path.

    Raises:
        InputError: there is none.
    """
    path = Path(folder).expanduser()
    if not path.is_dir():
        raise InputError(f"{folder}: there is no such folder")
    found = look(path)
    if found is None:
        raise InputError(
            f"{folder}: is not a results folder of OpenDoor (no provenance.json with results beside it)"
        )
    return found


def look(path: Path) -> Found | None:
    """The results folder at a path, None if it is not one."""
    try:
        facts = json.loads((path / "provenance.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    if not isinstance(facts, dict) or (facts.get("command") or [""])[0] != "opendoor":
        return None
    if (path / "search.json").is_file() and (path / "runs.sqlite").is_file():
        return Found(path, "search", facts)
    if (path / "sweep.yaml").is_file() and (path / "runs.sqlite").is_file():
        return Found(path, "sweep", facts)
    return Found(path, "run", facts) if (path / "summary.json").is_file() else None
