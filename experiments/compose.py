"""From what a user typed to one checked configuration: files chosen, keys changed, mistakes explained.

``area=oldham seed=7`` chooses a file for a group and changes a key. Hydra puts the files together; this
module gives it the shipped files and the user's own folder, lets a key be set that the files leave at its
default, and turns Hydra's complaints into one sentence per mistake, all mistakes at once. What the keys
*mean* is checked afterwards, in :mod:`sim.config`.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from types import UnionType
from typing import TYPE_CHECKING, Annotated, Any, Union, get_args, get_origin

from sim.errors import InputError

if TYPE_CHECKING:
    from hydra.core.override_parser.types import Override

    from sim.config import Config

#: The shipped configuration, found beside the model itself, so that a folder named ``configs`` in the
#: working directory is never taken for it.
SHIPPED = Path(__file__).resolve().parent.parent / "configs"


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

    return check(raw)


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

    Raises:
        InputError: one sentence per override that cannot be used, or the first file that cannot be read.
    """
    folder = _own_folder(config_dir)
    try:
        return _compose(overrides, folder)
    except InputError:
        raise
    except Exception as e:
        if not _is_about_configuration(e):
            raise
        problem = e
    usable, problems = _explain(overrides, folder)
    if problems:
        raise InputError(problems)
    if usable == list(overrides):
        raise InputError(_one_line(problem))
    try:
        return _compose(usable, folder)
    except Exception as e:
        if not _is_about_configuration(e):
            raise
        raise InputError(_one_line(e)) from None


def options(config_dir: str | Path | None = None) -> dict[str, list[str]]:
    """Names to choose from in each group: ``{"area": ["england", ...], "system": [...], ...}``."""
    found: dict[str, set[str]] = {}
    for root in (SHIPPED, _own_folder(config_dir)):
        for file in root.glob("*/*.yaml") if root else ():
            found.setdefault(file.parent.name, set()).add(file.stem)
    return {group: sorted(names) for group, names in sorted(found.items())}


def top_level_keys() -> list[str]:
    """Keys of the run itself (``seed``, ``replications``, ...): all of ``config.yaml`` but the groups."""
    import yaml

    with (SHIPPED / "config.yaml").open(encoding="utf-8") as file:
        return [key for key in yaml.safe_load(file) if key not in ("defaults", "hydra")]


def _own_folder(config_dir: str | Path | None) -> Path | None:
    if config_dir is None:
        return None
    folder = Path(config_dir).expanduser()
    if not folder.is_dir():
        raise InputError(f"--config-dir {config_dir}: there is no such folder")
    return folder.resolve()


def _compose(overrides: Iterable[str], folder: Path | None) -> dict[str, Any]:
    from hydra import compose as hydra_compose
    from hydra import initialize_config_dir
    from omegaconf import OmegaConf

    # not a URL: hydra takes what follows file:// as it is
    quoted = str(folder).replace("\\", "\\\\").replace("'", "\\'")
    extra = [f"hydra.searchpath=['file://{quoted}']"] if folder else []
    with initialize_config_dir(str(SHIPPED), version_base="1.3"), _fast_yaml():
        config = hydra_compose("config", overrides=[*overrides, *extra])
    raw = OmegaConf.to_container(config, resolve=True, throw_on_missing=True)
    return {str(k): v for k, v in raw.items() if k != "experiment"}  # type: ignore[union-attr]


@contextmanager
def _fast_yaml() -> Iterator[None]:
    """Let OmegaConf read YAML with the C parser while we compose: same rules, a third of the time.

    OmegaConf offers no switch for it; where its loader is not found as expected, it simply stays in charge.
    """
    from omegaconf import _utils

    original = getattr(_utils, "get_yaml_loader", None)
    loader = _c_loader(original) if original else None
    if loader is None:
        yield
        return
    setattr(_utils, "get_yaml_loader", lambda: loader)  # noqa: B010
    try:
        yield
    finally:
        setattr(_utils, "get_yaml_loader", original)  # noqa: B010


@cache
def _c_loader(get_yaml_loader: Callable[[], Any]) -> Any:
    """OmegaConf's own loader (its rules for numbers and for keys written twice), fed by libyaml.

    None where Python's yaml was built without libyaml.
    """
    import yaml

    return type("Loader", (yaml.CSafeLoader, get_yaml_loader()), {}) if yaml.__with_libyaml__ else None


def _is_about_configuration(error: Exception) -> bool:
    """Whether an exception out of Hydra is about what the user gave, not a mistake in this program."""
    import yaml
    from hydra.errors import HydraException
    from omegaconf.errors import OmegaConfBaseException

    return isinstance(error, (HydraException, OmegaConfBaseException, yaml.YAMLError, UnicodeDecodeError))


def _one_line(error: Exception) -> str:
    """The gist of a library's message: no advice about ``+key``, no links, no line breaks."""
    text = str(error).split("To append to your config")[0].split("Config search path")[0]
    lines = [line.strip() for line in text.splitlines()]
    keep = [line for line in lines if line and "hydra.cc" not in line and not line.startswith("object_type")]
    return " ".join(keep) or type(error).__name__


def _explain(overrides: Sequence[str], folder: Path | None) -> tuple[list[str], list[str]]:
    """Look at the overrides one by one.

    Returns:
        The overrides in a form that Hydra takes (a key that exists but is not written in any file needs a
        ``++``), and one sentence for each that cannot be used.
    """
    groups = options(folder)
    problems: list[str] = []
    choices: list[str] = []
    keys: list[tuple[str, Override]] = []
    unknown: set[str] = set()  # groups whose file we do not know: their keys cannot be judged
    for text in overrides:
        override = _parse(text, problems)
        if override is None:
            continue
        key = override.key_or_group
        if override.is_sweep_override():
            problems.append(
                f"{text}: several values; this takes one (to compare systems: opendoor compare system=a,b)"
            )
        elif key not in groups:
            keys.append((text, override))
        elif wrong := _wrong_options(override, groups[key]):
            problems += wrong
            unknown.add(key)
        else:
            choices.append(text)
    try:
        composed = _compose(choices, folder)
    except Exception as e:
        if not _is_about_configuration(e):
            raise
        return list(overrides), problems or [_one_line(e)]
    usable = list(choices)
    for text, override in keys:
        # +key and ++key are for new keys: whether they mean anything is for the check of the configuration
        added = override.is_add() or override.is_force_add()
        judged = not added and override.key_or_group.split(".")[0] not in unknown
        problem = _unknown_key(override.key_or_group, composed, groups) if judged else None
        if problem:
            problems.append(problem)
        else:
            usable.append(text if added or override.is_delete() else f"++{text}")
    return usable, problems


def _parse(text: str, problems: list[str]) -> Override | None:
    from hydra.core.override_parser.overrides_parser import OverridesParser
    from hydra.errors import HydraException

    if "=" not in text and not text.startswith("~"):
        problems.append(f"{text}: not understood; write key=value, for example replications=5")
        return None
    try:
        return OverridesParser.create().parse_override(text)
    except HydraException:
        problems.append(
            f"{text}: cannot be read as key=value; quote a value with spaces or signs, "
            "for example \"output='my results'\""
        )
        return None


def _wrong_options(override: Override, known: list[str]) -> list[str]:
    value = override.value()
    named = value if isinstance(value, list) else [value]
    out = []
    for name in named:
        if name is None or str(name) in known:
            continue
        close = difflib.get_close_matches(str(name), known, 1)
        hint = f"did you mean '{close[0]}'? " if close else ""
        out.append(f"{override.key_or_group}={name}: no such choice; {hint}available: {', '.join(known)}")
    return out


def _unknown_key(key: str, composed: Mapping[str, Any], groups: Mapping[str, list[str]]) -> str | None:
    """One sentence if nothing of that name can be set, with the nearest name at that place.

    A key is known if a file writes it, or if the configuration's model has it with a default.
    """
    from sim.config import Config

    parts = key.split(".")
    value: Any = composed
    types: list[Any] = [Config]
    for i, part in enumerate(parts):
        written = [str(k) for k in value] if isinstance(value, Mapping) else []
        fields = [name for t in types if _is_model(t) for name in t.model_fields]
        # a mapping of plain numbers (minutes by staff group) may get a new entry, a mapping of models may
        # not: nobody can describe a whole new offer with one key
        takes_new = any(get_origin(t) is dict and not all(map(_is_model, _inside(t))) for t in types)
        in_list = isinstance(value, list) and part.isdigit() and int(part) < len(value)
        if not (in_list or takes_new or part in written or part in fields):
            return _no_such_key(key, i, sorted({*written, *fields, *(groups if i == 0 else ())}))
        types = [inner for t in types for inner in _step(t, part)]
        value = value[int(part)] if in_list else value.get(part) if isinstance(value, Mapping) else None
    return None


def _no_such_key(key: str, i: int, names: list[str]) -> str:
    parts = key.split(".")
    where = ".".join(parts[:i])
    close = difflib.get_close_matches(parts[i], names, 1)
    if close:
        return f"{key}: unknown key; did you mean '{'.'.join([*parts[:i], close[0], *parts[i + 1 :]])}'?"
    if not names:
        return f"{key}: unknown key; {where} has no keys inside it"
    return f"{key}: unknown key; keys {f'in {where}' if where else 'are'}: {', '.join(names)}"


def _is_model(annotation: Any) -> bool:
    return hasattr(annotation, "model_fields")


def _step(annotation: Any, part: str) -> list[Any]:
    """The types found one key further in: a field of a model, a value of a mapping, an element of a list."""
    if _is_model(annotation):
        field = annotation.model_fields.get(part)
        return _flat(field.annotation) if field else []
    return _inside(annotation)


def _inside(annotation: Any) -> list[Any]:
    return _flat(get_args(annotation)[-1]) if get_origin(annotation) in (dict, list, tuple) else []


def _flat(annotation: Any) -> list[Any]:
    """The alternatives of ``A | B | None`` and of ``Annotated[A, ...]``."""
    if get_origin(annotation) in (Union, UnionType):
        return [leaf for a in get_args(annotation) for leaf in _flat(a)]
    if get_origin(annotation) is Annotated:
        return _flat(get_args(annotation)[0])
    return [annotation]
