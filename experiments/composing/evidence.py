"""The evidence rows of one configuration: the files chosen, then what a calibration, an experiment or a word on
the command line changes in them.

There are hundreds of rows with many fields each, by far the largest part of a configuration, and the plainest.
While the rest is put together each evidence file is represented by its name alone; its rows come in here.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from experiments.composing.folders import choices, file_of, merged, read
from experiments.composing.keys import unknown_key
from experiments.composing.values import NotPlain, plain_value
from sim.errors import InputError

#: The key under which the names of evidence files stand for their rows; no row can have this name.
FILES = "(files)"

GROUP = "evidence"


def placeholder(name: str) -> dict[str, Any]:
    """What stands for the rows of the evidence file ``name`` until :func:`complete` reads them."""
    return {FILES: {name: True}}


@dataclass
class Words:
    """What the command line says about rows (``evidence.ROW.FIELD=VALUE``), apart from everything else.

    Attributes:
        rest: the other words, in order. set: key, value and whether a ``+`` makes it new. removed: keys after
        a ``~``.
    """

    rest: list[str] = field(default_factory=list)
    set: list[tuple[str, Any, bool]] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)


def take_out(overrides: Sequence[str], problems: list[str]) -> Words:
    """Divide what the user typed; a word that cannot be read is added to ``problems``."""
    words = Words()
    for text in overrides:
        key, equals, value = text.partition("=")
        bare = key.lstrip("+~")
        if not bare.startswith(f"{GROUP}."):
            words.rest.append(text)
        elif key[0] == "~" and equals:
            problems.append(f"{text}: takes no value; to take a row out write {key}")
        elif key[0] == "~":
            words.removed.append(bare)
        else:
            try:
                words.set.append((bare, plain_value(value), bare != key))
            except NotPlain:
                from experiments.composing.override import parse

                override = parse(text, problems)
                if override is not None:
                    words.set.append((bare, override.value(), bare != key))
    return words


def complete(tree: dict[str, Any], words: Words, folder: Path | None) -> list[str]:
    """Put the rows into a composed configuration, in place of the placeholders.

    In this order: rows of the files, in the order of the files (one that comes later may change rows of one
    before); values set by a calibration or an experiment; words of the command line.

    Returns:
        One sentence for each key or row that does not exist.

    Raises:
        InputError: a file whose content is not rows.
    """
    changes = dict(tree.get(GROUP) or {})
    rows = _rows(list(changes.pop(FILES, {})), folder)
    problems: list[str] = []
    for name, fields in changes.items():
        if name in rows or (isinstance(fields, Mapping) and "source" in fields):
            rows[name] = merged(rows.get(name), fields)
        elif name not in (elsewhere := _every_row(folder)):
            close = difflib.get_close_matches(str(name), [*rows, *elsewhere], 1)
            hint = f"; did you mean '{close[0]}'?" if close else ""
            problems.append(
                f"{GROUP}.{name}: a file sets a value for this row, which is in no evidence{hint}"
            )
        # else: a calibration of the shipped table sets it, and the user's own table goes without that row
    tree[GROUP] = rows
    for key, value, new in words.set:
        problem = None if new or _is_written(rows, key) else unknown_key(key, tree, ())
        if problem:
            problems.append(problem)
        else:
            _set(rows, key.split(".")[1:], value)
    for key in words.removed:
        *path, last = key.split(".")[1:]
        at = _at(rows, path)
        if isinstance(at, dict) and last in at:
            del at[last]
        else:
            problems.append(unknown_key(key, tree, ()) or f"{key}: not there to be taken out")
    return problems


def _rows(names: Sequence[str], folder: Path | None) -> dict[str, Any]:
    """Rows of some files, later ones laid over earlier ones.

    Raises:
        InputError: a file that cannot be read, or is not a mapping; all of them.
    """
    import yaml

    rows: dict[str, Any] = {}
    problems: list[str] = []
    for name in names:
        file = file_of(GROUP, name, folder)
        try:
            content = read(file).content if file else {}
        except (OSError, UnicodeDecodeError, yaml.YAMLError) as e:
            problems.append(f"{file}: cannot be read: {' '.join(str(e).split())}")
            continue
        if content is not None and not isinstance(content, Mapping):
            problems.append(f"{file}: an evidence file is a mapping from names to rows; found something else")
            continue
        rows = merged(rows, {k: v for k, v in (content or {}).items() if k != "defaults"})
    if problems:
        raise InputError(problems)
    return rows


def _every_row(folder: Path | None) -> set[str]:
    """Names of the rows of all evidence files, chosen or not, as far as they can be read."""
    found: set[str] = set()
    for name in choices(folder).get(GROUP, []):
        with suppress(InputError):
            found |= set(_rows([name], folder))
    return found


def _at(rows: Mapping[str, Any], path: Sequence[str]) -> Any:
    at: Any = rows
    for part in path:
        at = at.get(part) if isinstance(at, Mapping) else None
    return at


def _is_written(rows: Mapping[str, Any], key: str) -> bool:
    *path, last = key.split(".")[1:]
    at = _at(rows, path)
    return isinstance(at, Mapping) and last in at


def _set(rows: dict[str, Any], path: Sequence[str], value: Any) -> None:
    *way, last = path
    at: Any = rows
    for part in way:
        if not isinstance(at.get(part), dict):
            at[part] = {}
        at = at[part]
    at[last] = merged(at.get(last), value)
