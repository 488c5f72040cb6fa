"""From what a user typed to one checked configuration: files chosen, keys changed, mistakes explained.

``area=oldham seed=7`` chooses a file for a group and changes a key. The plain case is put together at once
(:mod:`experiments.composing.plain`), anything else by Hydra (:mod:`experiments.composing.with_hydra`); the rows of the
evidence come in last (:mod:`experiments.composing.evidence`). What the keys *mean* is checked afterwards
(:mod:`sim.checking`).
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from experiments.composing import scenarios
from experiments.composing.evidence import complete, take_out
from experiments.composing.folders import SHIPPED, choices, own_folder, top_level_keys
from experiments.composing.plain import compose_plain
from experiments.composing.values import NotPlain, plain_value
from sim.errors import InputError

if TYPE_CHECKING:
    from sim.config import Config

__all__ = [
    "SHIPPED",
    "compose",
    "compose_experiment",
    "load_config",
    "load_named",
    "load_plans",
    "options",
    "system_name",
    "top_level_keys",
    "with_a_past",
]

#: What an experiment's file says about more than one run.
NOT_OF_A_RUN = ("sweep", scenarios.KEY)


def load_config(overrides: Sequence[str] = (), config_dir: str | Path | None = None) -> Config:
    """One checked configuration.

    Args:
        overrides: what a user types after the command, for example ``["area=oldham", "seed=7"]``. With a way to
            change but no system, ``gatekept`` is what is changed.
        config_dir: the user's own folder, laid out like the shipped one (``DIR/system/mine.yaml``).

    Raises:
        InputError: one sentence per problem.
    """
    overrides = with_a_past(overrides)
    config = _checked(overrides, config_dir)
    if unused := _unused_rows(overrides, [config]):
        raise InputError(unused)
    return config


def _checked(overrides: Sequence[str], config_dir: str | Path | None, stays: bool = False) -> Config:
    found = _put_together(overrides, config_dir)
    if found.tree is None:
        raise InputError(found.problems)
    if stays:  # an experiment may say how the change is made that this plan does not make
        found.tree["transition"] = {"name": "none"}
    from sim.checking import check

    try:
        config = check({key: value for key, value in found.tree.items() if key not in NOT_OF_A_RUN})
    except InputError as e:
        told = _also([ADVICE.get(problem, problem) for problem in e.problems], found, overrides)
        raise InputError([*found.problems, *told, *_outside(found)]) from None
    if found.problems:
        raise InputError([*found.problems, *_outside(found)])
    return config


def _outside(found: Composed) -> list[str]:
    """What is wrong with files and folders that a configuration names which is itself not sound."""
    from experiments.composing.data import data_problems
    from experiments.results.output import folder_problems

    tree = found.tree or {}
    out = [] if "area" in found.doubtful else data_problems(tree)
    return out + (folder_problems(Path(tree["output"])) if isinstance(tree.get("output"), str) else [])


def _also(told: Sequence[str], found: Composed, overrides: Sequence[str]) -> list[str]:
    """Of the sentences about what the keys mean, those that still hold once the words that cannot be used are mended."""
    if not found.problems:
        return list(told)
    if found.doubtful:  # another file than the one that was meant stands there: keep to what the user typed
        typed = {text.lstrip("+~").partition("=")[0].strip() for text in overrides}
        typed = {key for key in typed if key.split(".")[0] not in found.doubtful}
        return [p for p in told if any(p.startswith((f"{key} ", f"{key}:", f"{key}.")) for key in typed)]
    return [p for p in told if ": missing" not in p]  # perhaps written under the name that is unknown


def _unused_rows(overrides: Sequence[str], configs: Sequence[Config]) -> list[str]:
    """Sentences for evidence rows that were set although none of the configurations uses them: no answer would change."""
    words = [text.lstrip("+").partition("=")[0].split(".") for text in overrides]
    rows = [parts[1] for parts in words if parts[0] == "evidence" and len(parts) > 2]
    if not rows:
        return []
    from experiments.numbers import rows_used

    used = rows_used(configs)
    return [
        f"evidence.{row}: nothing in this configuration uses it, so setting it changes no result "
        "(opendoor show evidence lists the rows that count)"
        for row in dict.fromkeys(rows)
        if row not in used
    ]


#: The system from which ways to change are compared, unless another is named.
BEFORE_A_CHANGE = "gatekept"


def with_a_past(overrides: Sequence[str]) -> list[str]:
    """The words, and the system that is left behind if there is a way to change and nothing names what is changed."""
    chosen = {key.strip(): name.strip() for key, _, name in (text.partition("=") for text in overrides)}
    if chosen.get("transition", "none") == "none" or {"system", "experiment"} & set(chosen):
        return list(overrides)
    return [f"system={BEFORE_A_CHANGE}", *overrides]


#: What to do about a key that no shipped file can set.
ADVICE = {
    "area.folder: missing": "area.folder: missing; the folder that opendoor area build made, "
    "for example area.folder=my_area"
}


def load_one_or_more(
    overrides: Sequence[str], default: str, config_dir: str | Path | None = None
) -> dict[str, Config]:
    """As :func:`load_plans`, but one system alone will do, and ``default`` is put in front if none is named.

    Raises:
        InputError: as :func:`load_plans`.
    """
    lists, _ = _to_compare(overrides)
    if any(len(names) > 1 for names in lists.values()):
        return load_plans(overrides, config_dir)
    if "system" not in lists:
        return load_plans([default, *overrides], config_dir)
    return {",".join(lists["system"]): load_config(overrides, config_dir)}


def load_named(
    plans: Mapping[str, Sequence[str]], words: Sequence[str] = (), config_dir: str | Path | None = None
) -> dict[str, Config]:
    """One configuration for each of some plans, of its own words and those of all; as an experiment's file has them
    under ``compare`` (:mod:`experiments.composing.scenarios`).

    Raises:
        InputError: any problem in any of the configurations, told once.
    """
    return _load_all("plan", plans, words, config_dir)


#: Keys that say what is compared.
COMPARED = ("system", "transition", "experiment")


def _to_compare(overrides: Sequence[str]) -> tuple[dict[str, list[str]], list[str]]:
    """The systems named, and the transitions where there are several; and all other words."""
    lists: dict[str, list[str]] = {}
    rest: list[str] = []
    for text in overrides:
        key, _, value = (part.strip() for part in text.partition("="))
        names = [name.strip() for name in value.strip("[]").split(",") if name.strip()]
        if key == "system" or (key == "transition" and len(names) > 1):
            lists[key] = names
        else:
            rest.append(text)
    return lists, rest


def load_plans(overrides: Sequence[str], config_dir: str | Path | None = None) -> dict[str, Config]:
    """One configuration for each of several systems (``system=a,b``), or ways to change (``transition=none,big_bang``),
    or for each plan of an experiment (:mod:`experiments.composing.scenarios`).

    Everything else is the same in all of them. Ways to change start from ``gatekept`` unless a system is named.

    Raises:
        InputError: nothing or both to compare, one named twice, or any problem in any of the configurations.
    """
    lists, rest = _to_compare(overrides)
    several = [key for key, names in lists.items() if len(names) > 1]
    if not several and scenarios.names_an_experiment(overrides):
        return _load_all("plan", _plans_of_experiment(overrides, config_dir), overrides, config_dir)
    if not several:
        misspelt = _misspelt_lists(rest, config_dir)
        raise InputError(misspelt or [*_no_pairs(rest), _nothing_to_compare(lists, rest)])
    if len(several) > 1:
        raise InputError("compare takes one list: several systems, or several transitions from one system")
    (key,) = several
    names = lists[key]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise InputError(f"{key}={','.join(names)}: {', '.join(twice)} is named more than once")
    if key == "transition":
        rest = [f"system={(lists.get('system') or [BEFORE_A_CHANGE])[0]}", *rest]
    return _load_all(key, {name: [f"{key}={name}"] for name in names}, rest, config_dir)


def _misspelt_lists(words: Sequence[str], config_dir: str | Path | None) -> list[str]:
    """Sentences for what was meant to say what is compared: ``sytem=a,b``, or names alone."""
    groups = options(config_dir)
    out = []
    for text in words:
        key, equals, value = text.partition("=")
        close = difflib.get_close_matches(key.strip(), COMPARED, 1, 0.75)
        if equals and key.strip() not in COMPARED and close:
            out.append(f"{text}: unknown key; did you mean {close[0]}={value.strip()}?")
    for key in ("system", "transition"):
        if len(names := [text for text in words if text in groups[key]]) > 1:
            out.append(f"{' '.join(names)}: not understood; write {key}={','.join(names)}")
    return out


def _no_pairs(words: Sequence[str]) -> list[str]:
    """Sentences for words that set nothing, such as what follows a blank in ``system=gatekept, balanced``."""
    return [
        f"{text}: not understood; write key=value, and several names with commas and no blanks between them"
        for text in words
        if "=" not in text and not text.startswith("~")
    ]


def _nothing_to_compare(lists: Mapping[str, list[str]], rest: Sequence[str]) -> str:
    """The sentence for one system, or one way to change, where two are needed."""
    change = [text for text in rest if text.startswith("transition=") and text != "transition=none"]
    if change:
        return f"compare needs two or more plans, found {change[0]}; for example: {change[0].replace('=', '=none,', 1)}"
    found = f"found system={lists['system'][0]}" if lists.get("system") else "none given"
    return (
        f"compare needs two or more systems, {found}; for example: system=gatekept,balanced, "
        "or transition=none,big_bang"
    )


def _plans_of_experiment(overrides: Sequence[str], config_dir: str | Path | None) -> dict[str, list[str]]:
    """The words of each plan of the experiment that is named."""
    found = _put_together(about_no_change(overrides), config_dir)
    if found.tree is None or found.problems:
        raise InputError(found.problems)
    if found.tree.get(scenarios.KEY) is None and found.tree.get("sweep") is not None:
        named = next(text for text in overrides if scenarios.names_an_experiment([text])).lstrip("+")
        raise InputError(
            f"compare {named}: this is a sweep: opendoor sweep {named}; to compare under its settings, name several "
            "systems: system=gatekept,balanced"
        )
    plans = scenarios.plans_of(found.tree.get(scenarios.KEY))
    chosen = {word.partition("=")[0].strip() for words in plans.values() for word in words}
    if twice := [text for text in overrides if text.partition("=")[0].strip() in chosen - {"experiment"}]:
        raise InputError(
            f"{text}: the experiment's plans differ in it, so it cannot be set for all" for text in twice
        )
    return plans


def _load_all(
    key: str, plans: Mapping[str, Sequence[str]], rest: Sequence[str], config_dir: str | Path | None
) -> dict[str, Config]:
    """One configuration for each plan, of its own words and those of all.

    Args:
        key: what the plans are, for the sentences about problems.
        plans: words of each plan alone. rest: those of all.
    """
    configs: dict[str, Config] = {}
    problems: dict[str, list[str]] = {}
    names = list(plans)
    for name, own in plans.items():
        try:
            stays = "transition=none" in own
            words = about_no_change(rest) if stays else rest
            configs[name] = _checked([*own, *words], config_dir, stays)
        except InputError as e:
            for problem in e.problems:
                problems.setdefault(problem, []).append(name)
    if problems:
        raise InputError(
            # what is wrong with one of them is said with its name, what is wrong with all of them once
            f"{problem} ({key}={', '.join(where)})"
            if (key == "plan" or problem.startswith((f"{key}.", f"{key}:"))) and len(where) < len(names)
            else problem
            for problem, where in problems.items()
        )
    every = [*rest, *(word for own in plans.values() for word in own)]
    if unused := _unused_rows(every, list(configs.values())):
        raise InputError(unused)
    return configs


def about_no_change(overrides: Sequence[str]) -> list[str]:
    """The words without those that say how a change is made: staying put has none of it."""
    return [t for t in overrides if not t.lstrip("+~").startswith(("transition.", "system@transition."))]


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
    (None if there is nothing). What it says under ``compare`` is left out.

    Raises:
        InputError: as :func:`compose`.
    """
    found = _put_together(overrides, config_dir)
    if found.tree is None or found.problems:
        raise InputError(found.problems)
    found.tree.pop(scenarios.KEY, None)
    return found.tree, found.tree.pop("sweep", None)


class Composed(NamedTuple):
    """What could be put together: the configuration without the words that cannot be used, one sentence for each
    of those, and the groups for which a file was named that is not there."""

    tree: dict[str, Any] | None
    problems: list[str]
    doubtful: frozenset[str]


def _put_together(overrides: Sequence[str], config_dir: str | Path | None) -> Composed:
    folder = own_folder(config_dir)
    problems: list[str] = []
    words = take_out(overrides, problems)
    named = words.rest
    words.rest = _naming_files(named, choices(folder), problems)
    doubtful = {text.partition("=")[0].strip() for text in named if text not in words.rest}
    tree = compose_plain(words.rest, folder)
    if tree is None:
        from experiments.composing.with_hydra import compose_with_hydra

        tree = compose_with_hydra(words.rest, folder, problems, doubtful)
    if tree is not None:
        problems += _empty_mappings(words.rest, tree)
        problems += complete(tree, words, folder)
    return Composed(tree, problems, frozenset(doubtful))


def _naming_files(
    overrides: Sequence[str], groups: Mapping[str, list[str]], problems: list[str]
) -> list[str]:
    """The words but for choices that can name no file (``area=null``, ``conditions=0.5``), which are problems."""
    kept = []
    for text in overrides:
        key, equals, value = (part.strip() for part in text.partition("="))
        if equals and key in groups and value not in groups[key] and _names_nothing(value):
            problems.append(f"{key}={value}: choose one of {', '.join(groups[key])}")
        else:
            kept.append(text)
    return kept


def _names_nothing(value: str) -> bool:
    """Whether what was typed where a file is chosen is no name: nothing, a number, true or false, a mapping."""
    if value.lower() in ("none", "") or value.startswith("{"):
        return True
    try:
        read = plain_value(value)
    except NotPlain:
        return False  # Hydra's own grammar says what it is
    return not all(isinstance(name, str) for name in (read if isinstance(read, list) else [read]))


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
