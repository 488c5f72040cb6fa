"""What can still be said of a configuration when a part of it is wrong.

All problems are told at once, so the checks go on after the first of them. But each asks only what the mistakes
found so far leave certain: an offer whose routes cannot be read may look as if it led nowhere, and a share that
cannot be read makes no sum. Such things are asked again once the mistake is mended.
"""

from __future__ import annotations

import copy
import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from sim.config import Config
from sim.schema_words import dotted, fields_at, keys_of_location

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

MOST_ROUNDS = 100  # taking something out may uncover the next thing that is wrong

#: Stands for an evidence row that cannot be used; whatever names the row is in doubt.
_STAND_IN = {
    **{"value": 0.0, "low": 0.0, "high": 0.0, "unit": "count", "distribution": "fixed"},
    **{"grade": "assumed", "mark": "b-L", "source": "none"},
}


@dataclass(frozen=True)
class Doubt:
    """Keys of a configuration at which nothing certain stands, and evidence rows without a usable number."""

    keys: frozenset[str] = frozenset()
    rows: frozenset[str] = frozenset()

    def about(self, *keys: str) -> bool:
        """Whether anything at one of these keys, inside it or around it, is in doubt."""
        return any(_inside(a, b) or _inside(b, a) for a in self.keys for b in keys)

    def of_an_entry(self, *keys: str) -> bool:
        """Whether one of these mappings, or a whole entry of it, is in doubt, so that a name may be missing."""
        return any(
            _inside(a, b) and a.count(".") <= b.count(".") + 1 for a in self.keys for b in keys
        ) or any(_inside(b, a) for a in self.keys for b in keys)

    def and_about(self, keys: Iterable[str]) -> Doubt:
        """The same and these keys."""
        return Doubt(self.keys | frozenset(keys), self.rows)

    def seen_from(self, part: str, name: str) -> Doubt:
        """The same for a part of the configuration that is looked at under another name, in place of what has it."""
        others = {key for key in self.keys if not _inside(key, name)}
        moved = {name + key.removeprefix(part) for key in self.keys if _inside(key, part)}
        return Doubt(frozenset(others | moved), self.rows)


NO_DOUBT = Doubt()


def _inside(key: str, other: str) -> bool:
    return key == other or (key.startswith(other) and key[len(other)] in ".[")


def rest_of(raw: Mapping[str, Any], error: ValidationError) -> tuple[Config, Doubt] | None:
    """What is left of a configuration when everything that pydantic refuses is taken out, and what that leaves in
    doubt; None if nothing usable is left."""
    left = copy.deepcopy(dict(raw))
    keys: set[str] = set()
    rows: set[str] = set()
    for _ in range(MOST_ROUNDS):
        gone: list[list[str | int]] = []
        for details in error.errors():
            path = keys_of_location(details["loc"])
            if path[:1] == ["evidence"] and len(path) > 1 and path[1] in (left.get("evidence") or {}):
                left["evidence"][path[1]] = _STAND_IN
                rows.add(str(path[1]))
            elif not any(path[: len(p)] == p for p in gone):
                taken = _take_out(left, path)
                if not taken:
                    return None
                gone.append(taken)
                keys |= _doubted(details, taken, path, left)
        try:
            return Config.model_validate(left), Doubt(frozenset(keys), frozenset(rows))
        except ValidationError as e:
            error = e
    return None


def _doubted(details: ErrorDetails, taken: list[str | int], path: list[str | int], left: Any) -> set[str]:
    """What is in doubt when something is taken out: its key; of an unknown key the one that may have been meant."""
    if details["type"] != "extra_forbidden" or taken != path:
        return {dotted(taken)}
    at: Any = left
    for part in path[:-1]:
        at = at[part]
    known = [name for name in fields_at(details["loc"][:-1]) if name not in at]
    return {dotted([*path[:-1], name]) for name in difflib.get_close_matches(str(path[-1]), known, 1)}


def _take_out(tree: Any, path: list[str | int]) -> list[str | int]:
    """Remove what stands at a path, or the nearest thing around it that stands there; where. Empty: nothing."""
    while path:
        *way, last = path
        at: Any = tree
        for part in way:
            inside = isinstance(at, list) and isinstance(part, int) and part < len(at)
            at = at[part] if inside or (isinstance(at, dict) and part in at) else None
        if isinstance(at, dict) and last in at:
            del at[last]
            return path
        path = way
    return []
