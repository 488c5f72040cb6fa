"""The plain case, put together in a few milliseconds: files chosen by name, keys set to plain values.

Hydra can do far more and takes its time: loading it and letting it walk through every number costs longer than
everything else that happens before a simulation begins. So what nearly every command asks for is done here, by
the same rules, and whatever is not plain (a named experiment, an interpolation, a value in quotes, a mistake of
any kind) is left to :mod:`experiments.composing.with_hydra`. The tests hold the two side by side.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from experiments.composing.evidence import placeholder
from experiments.composing.folders import SHIPPED, choices, file_of, merged, read
from experiments.composing.keys import unknown_key
from experiments.composing.values import NotPlain, plain_value


def compose_plain(overrides: Sequence[str], folder: Path | None) -> dict[str, Any] | None:
    """The composed configuration with placeholders for the evidence rows; None if the case is not plain."""
    import yaml

    try:
        return _compose(overrides, folder)
    except (NotPlain, OSError, UnicodeDecodeError, yaml.YAMLError):
        return None  # Hydra takes it, or says what is wrong with it


def _compose(overrides: Sequence[str], folder: Path | None) -> dict[str, Any]:
    primary = read(SHIPPED / "config.yaml").content
    groups = choices(folder)
    chosen, keys = _words(overrides, groups)
    tree: dict[str, Any] = {}
    for entry in primary["defaults"]:
        if entry == "_self_":
            tree = merged(tree, {k: v for k, v in primary.items() if k not in ("defaults", "hydra")})
            continue
        (group, default), *_ = entry.items()
        names = chosen.pop(group, default)
        seen: set[str] = set()
        for name in names if isinstance(names, list) else [names] if names is not None else []:
            tree = _with_file(tree, group, str(name), folder, seen)
    if chosen:
        raise NotPlain
    for key, value in keys:
        _set(tree, key, value, groups)
    return tree


# ------------------------------------------------------------------------------------------------- files

_PACKAGE = re.compile(r"^#\s*@package\s+(\S+)\s*$", re.M)
_NAME = re.compile(r"[A-Za-z_][\w-]*")


def _with_file(tree: Any, group: str, name: str, folder: Path | None, seen: set[str]) -> Any:
    """The tree with a file of a group laid over it, after (or before) the files it builds on."""
    file = file_of(group, name, folder)
    if file is None or name in seen:
        raise NotPlain
    seen.add(name)
    found = read(file)
    content = {} if found.content is None else found.content
    if not isinstance(content, Mapping) or "${" in found.text or "???" in found.text:
        raise NotPlain
    header = _PACKAGE.search(found.text[:512])
    package = group if header is None or header[1] == "_group_" else header[1]
    base = content.get("defaults", [])
    if (
        package == "_global_"
        or not _NAME.fullmatch(package)
        or (base and package != group)
        or not isinstance(base, list)
    ):
        raise NotPlain
    for entry in base if "_self_" in base else [*base, "_self_"]:
        if not isinstance(entry, str) or not _NAME.fullmatch(entry):
            raise NotPlain
        if entry != "_self_":
            tree = _with_file(tree, group, entry, folder, seen)
            continue
        own = {key: value for key, value in content.items() if key != "defaults"}
        tree = merged(tree, {package: placeholder(name) if group == "evidence" else own})
    return tree


# ------------------------------------------------------------------------------------------------- words

_WORD = re.compile(r"(?P<key>[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*)=(?P<value>.*)")


def _words(
    overrides: Sequence[str], groups: Mapping[str, Sequence[str]]
) -> tuple[dict[str, Any], list[tuple[str, Any]]]:
    """What the user typed: the file (or files) chosen for each group, and the keys set, in order."""
    chosen: dict[str, Any] = {}
    keys: list[tuple[str, Any]] = []
    for text in overrides:
        word = _WORD.fullmatch(text)
        if word is None:
            raise NotPlain
        key, value = word["key"], plain_value(word["value"])
        if key in groups:
            names = value if isinstance(value, list) else [value]
            if not all(isinstance(name, str) and name in groups[key] for name in names):
                raise NotPlain
            chosen[key] = value
        else:
            keys.append((key, value))
    return chosen, keys


def _set(tree: dict[str, Any], key: str, value: Any, groups: Mapping[str, Sequence[str]]) -> None:
    *path, last = key.split(".")
    at: Any = tree
    for part in path:
        if part not in at:
            break
        at = at[part]
        if not isinstance(at, dict):
            raise NotPlain
    else:
        if last in at:
            at[last] = value
            return
    # no file writes it: allowed if the model has it
    if unknown_key(key, tree, groups):
        raise NotPlain
    at = tree
    for part in path:
        at = at.setdefault(part, {})
    at[last] = value
