"""Everything that Hydra can do, for what is not plain, and its complaints turned into one sentence per mistake.

A named experiment, a value in quotes, an interpolation, a mistake: Hydra puts the files together here. This
module gives it the shipped files and the user's own folder, lets a key be set that the files leave at its
default, and explains what cannot be used, all mistakes at once.
"""

from __future__ import annotations

import difflib
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from experiments.composing.evidence import FILES, GROUP
from experiments.composing.folders import SHIPPED, choices
from experiments.composing.keys import unknown_key
from experiments.composing.override import parse
from experiments.composing.plain import compose_plain

if TYPE_CHECKING:
    from hydra.core.override_parser.types import Override

#: Hydra puts together one configuration at a time in a process; a dashboard is asked for several at once.
_alone = threading.Lock()


def compose_with_hydra(
    overrides: Sequence[str], folder: Path | None, problems: list[str], doubtful: set[str] | None = None
) -> dict[str, Any] | None:
    """The composed configuration with placeholders for the evidence rows.

    What cannot be used is added to ``problems``, one sentence each: an override, or the first file that cannot
    be read. The configuration is then that of the other words, or of the files alone, or None if they cannot be
    put together either.

    Args:
        doubtful: takes the groups for which a file was named that is not there.
    """
    try:
        return _compose(overrides, folder)
    except Exception as e:
        if not _is_about_configuration(e):
            raise
        problem = e
    usable, found, files, unknown = _explain(overrides, folder)
    if doubtful is not None:
        doubtful |= unknown
    problems += found
    if usable == list(overrides):
        problems += [] if found else [_one_line(problem)]
        return files
    try:
        return _compose(usable, folder)
    except Exception as e:
        if not _is_about_configuration(e):
            raise
        problems += [] if found else [_one_line(e)]
        return files


def _compose(overrides: Iterable[str], folder: Path | None) -> dict[str, Any]:
    from hydra import compose as hydra_compose
    from hydra import initialize_config_dir
    from omegaconf import OmegaConf

    # not a URL: hydra takes what follows file:// as it is
    quoted = str(folder).replace("\\", "\\\\").replace("'", "\\'")
    extra = [f"hydra.searchpath=['file://{quoted}']"] if folder else []
    with _alone, initialize_config_dir(str(SHIPPED), version_base="1.3"), _our_loader():
        config = hydra_compose("config", overrides=[*overrides, *extra])
    raw = OmegaConf.to_container(config, resolve=True, throw_on_missing=True)
    return {str(k): v for k, v in raw.items() if k != "experiment"}  # type: ignore[union-attr]


@contextmanager
def _our_loader() -> Iterator[None]:
    """Let OmegaConf read YAML with the C parser while we compose, and let evidence files stand for their rows.

    OmegaConf offers no switch for it; where its loader is not found as expected, it simply stays in charge, and
    takes its time.
    """
    from omegaconf import _utils

    original = getattr(_utils, "get_yaml_loader", None)
    if original is None:
        yield
        return
    loader = yaml_loader(original)
    setattr(_utils, "get_yaml_loader", lambda: loader)  # noqa: B010
    try:
        yield
    finally:
        setattr(_utils, "get_yaml_loader", original)  # noqa: B010


@cache
def yaml_loader(get_yaml_loader: Callable[[], Any]) -> Any:
    """OmegaConf's own loader (its rules for numbers and for keys written twice), fed by libyaml if there is one,
    which gives the name of an evidence file in place of its rows.
    """
    import yaml

    theirs = get_yaml_loader()
    bases = (yaml.CSafeLoader, theirs) if yaml.__with_libyaml__ else (theirs,)

    def __init__(self: Any, stream: Any) -> None:
        bases[0].__init__(self, stream)
        self.file = Path(str(getattr(stream, "name", "")))

    def get_single_data(self: Any) -> Any:
        content = bases[0].get_single_data(self)
        if self.file.parent.name != GROUP or not isinstance(content, dict):
            return content
        base = {"defaults": content["defaults"]} if "defaults" in content else {}
        return {**base, FILES: {self.file.stem: True}}

    return type("Loader", bases, {"__init__": __init__, "get_single_data": get_single_data})


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


def _explain(
    overrides: Sequence[str], folder: Path | None
) -> tuple[list[str], list[str], dict[str, Any] | None, set[str]]:
    """Look at the overrides one by one.

    Returns:
        The overrides in a form that Hydra takes (a key that exists but is not written in any file needs a
        ``++``); one sentence for each that cannot be used; the configuration of the chosen files alone; the
        groups whose file we do not know, of which no key is among the overrides returned.
    """
    groups = choices(folder)
    problems: list[str] = []
    chosen: list[str] = []
    keys: list[tuple[str, Override]] = []
    unknown: set[str] = set()  # groups whose file we do not know: their keys cannot be judged
    for text in overrides:
        override = parse(text, problems)
        if override is None:
            continue
        key = override.key_or_group
        if key not in groups:
            keys.append((text, override))
        elif wrong := _wrong_options(override, groups[key]):
            problems += wrong
            unknown.add(key)
        else:
            chosen.append(text)
    try:
        composed = compose_plain(chosen, folder) or _compose(chosen, folder)
    except Exception as e:
        if not _is_about_configuration(e):
            raise
        return list(overrides), problems or [_one_line(e)], None, unknown
    usable = list(chosen)
    for text, override in keys:
        if override.key_or_group.split(".")[0] in unknown:
            continue
        # +key and ++key are for new keys: whether they mean anything is for the check of the configuration
        added = override.is_add() or override.is_force_add()
        problem = None if added else unknown_key(override.key_or_group, composed, groups)
        if problem:
            problems.append(problem)
        else:
            usable.append(text if added or override.is_delete() else f"++{text}")
    return usable, problems, composed, unknown


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
