"""From what a user typed to one checked configuration: files chosen, keys changed, mistakes explained.

``area=oldham seed=7`` chooses a file for a group and changes a key. The plain case is put together at once
(:mod:`experiments.plain`), anything else by Hydra (:mod:`experiments.with_hydra`); the rows of the evidence come
in last (:mod:`experiments.evidence`). What the keys *mean* is checked afterwards, in :mod:`sim.config`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from experiments.evidence import complete, take_out
from experiments.folders import SHIPPED, choices, own_folder, top_level_keys
from experiments.plain import compose_plain
from sim.errors import InputError

if TYPE_CHECKING:
    from sim.config import Config

__all__ = [
    "SHIPPED",
    "compose",
    "compose_experiment",
    "load_config",
    "load_systems",
    "options",
    "system_name",
    "top_level_keys",
]


def load_config(overrides: Sequence[str] = (), config_dir: str | Path | None = None) -> Config:
    """One checked configuration.

    Args:
        overrides: what a user types after the command, for example ``["area=oldham", "seed=7"]``.
        config_dir: the user's own folder, laid out like the shipped one (``DIR/system/mine.yaml``).

    Raises:
        InputError: one sentence per problem.
    """
    raw = compose(overrides, config_dir)
    from sim.config import check

    try:
        return check(raw)
    except InputError as e:
        raise InputError([ADVICE.get(problem, problem) for problem in e.problems]) from None


#: What to do about a key that no shipped file can set.
ADVICE = {
    "area.folder: missing": "area.folder: missing; the folder that opendoor area build made, "
    "for example area.folder=my_area"
}


def load_systems(overrides: Sequence[str], config_dir: str | Path | None = None) -> dict[str, Config]:
    """One configuration per system of ``system=a,b``; everything else is the same in all of them.

    Raises:
        InputError: fewer than two systems, one named twice, or any problem in any of the configurations.
    """
    names: list[str] = []
    rest: list[str] = []
    for text in overrides:
        key, _, value = text.partition("=")
        if key.strip() == "system":
            names = [name.strip() for name in value.strip().strip("[]").split(",") if name.strip()]
        else:
            rest.append(text)
    if len(names) < 2:
        found = f"found system={names[0]}" if names else "none given"
        raise InputError(f"compare needs two or more systems, {found}; for example: system=gatekept,balanced")
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise InputError(f"system={','.join(names)}: {', '.join(twice)} is named more than once")
    configs: dict[str, Config] = {}
    problems: list[str] = []
    for name in names:
        try:
            configs[name] = load_config([f"system={name}", *rest], config_dir)
        except InputError as e:
            # what is wrong with one system is said with its name, what is wrong with all of them once
            problems += [f"{p} (system={name})" if p.startswith("system.") else p for p in e.problems]
    if problems:
        raise InputError(dict.fromkeys(problems))
    return configs


def system_name(overrides: Sequence[str], config: Config) -> str:
    """The name under which the user chose the system (its file), or the name it has inside."""
    chosen = [
        value.strip() for key, _, value in (text.partition("=") for text in overrides) if key == "system"
    ]
    return chosen[-1] if chosen else config.system.name


def compose(overrides: Sequence[str] = (), config_dir: str | Path | None = None) -> dict[str, Any]:
    """The composed but not yet checked configuration, as a plain mapping.

    What an experiment says about a sweep is left out: one run is one of its points.

    Raises:
        InputError: one sentence per override that cannot be used, or the first file that cannot be read.
    """
    return compose_experiment(overrides, config_dir)[0]


def compose_experiment(
    overrides: Sequence[str] = (), config_dir: str | Path | None = None
) -> tuple[dict[str, Any], Any]:
    """The composed configuration, and apart from it what the experiment chosen says under ``sweep``
    (None if there is nothing).

    Raises:
        InputError: as :func:`compose`.
    """
    folder = own_folder(config_dir)
    problems: list[str] = []
    words = take_out(overrides, problems)
    words.rest = _without_nothings(words.rest, choices(folder), problems)
    tree = compose_plain(words.rest, folder)
    if tree is None:
        from experiments.with_hydra import compose_with_hydra

        tree = compose_with_hydra(words.rest, folder, problems)
    if tree is not None:
        problems += _empty_mappings(words.rest, tree)
        problems += complete(tree, words, folder)
    if tree is None or problems:
        raise InputError(problems)
    return tree, tree.pop("sweep", None)


def _without_nothings(
    overrides: Sequence[str], groups: Mapping[str, list[str]], problems: list[str]
) -> list[str]:
    """The words but for choices of no file (``area=null``), which are problems."""
    kept = []
    for text in overrides:
        key, equals, value = (part.strip() for part in text.partition("="))
        if equals and key in groups and value.lower() in ("null", "none", "") and value not in groups[key]:
            problems.append(f"{key}={value}: choose one of {', '.join(groups[key])}")
        else:
            kept.append(text)
    return kept


def _empty_mappings(overrides: Sequence[str], tree: Mapping[str, Any]) -> list[str]:
    """Sentences for keys set to ``{}`` that hold something: a mapping is added to, so that would do nothing."""
    out = []
    for text in overrides:
        key, _, value = (part.strip() for part in text.partition("="))
        if value.replace(" ", "") == "{}":
            at: Any = tree
            for part in key.lstrip("+").split("."):
                at = at.get(part) if isinstance(at, Mapping) else None
            if at:
                out.append(f"{key}={{}}: takes nothing away; to take one entry out write ~{key}.NAME")
    return out


def options(config_dir: str | Path | None = None) -> dict[str, list[str]]:
    """Names to choose from in each group: ``{"area": ["england", ...], "system": [...], ...}``."""
    return choices(own_folder(config_dir))
