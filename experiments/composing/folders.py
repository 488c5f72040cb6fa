"""Where configuration files are and how one is read: the shipped folder, and the user's own beside it.

Both are laid out alike: a folder for each thing to choose (``area``, ``system``, ``evidence``, ...), a file for
each choice. Where both have a file of one name, the shipped one is meant.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from sim.errors import InputError

#: The shipped configuration, found beside the model itself, so that a folder named ``configs`` in the
#: working directory is never taken for it.
SHIPPED = Path(__file__).resolve().parents[2] / "configs"

#: Folders beside the configuration whose files are no part of it: what the dashboard presents.
NO_CHOICE = ("story",)


def own_folder(config_dir: str | Path | None) -> Path | None:
    """The user's own folder of configuration files.

    Raises:
        InputError: there is no such folder.
    """
    if config_dir is None:
        return None
    folder = Path(config_dir).expanduser()
    if not folder.is_dir():
        raise InputError(f"--config-dir {config_dir}: there is no such folder")
    return folder.resolve()


def choices(folder: Path | None) -> dict[str, list[str]]:
    """Names to choose from in each group: ``{"area": ["england", ...], "system": [...], ...}``."""
    found: dict[str, set[str]] = {}
    for root in (SHIPPED, folder):
        for file in root.glob("*/*.yaml") if root else ():
            if file.parent.name in NO_CHOICE:
                continue
            found.setdefault(file.parent.name, set()).add(file.stem)
    return {group: sorted(names) for group, names in sorted(found.items())}


def file_of(group: str, name: str, folder: Path | None) -> Path | None:
    """The file that is meant by ``group=name``; None if there is none."""
    for root in (SHIPPED, folder):
        if root is not None and (file := root / group / f"{name}.yaml").is_file():
            return file
    return None


def top_level_keys() -> list[str]:
    """Keys of the run itself (``seed``, ``replications``, ...): all of ``config.yaml`` but the groups."""
    content = read(SHIPPED / "config.yaml").content
    return [str(key) for key in content if key not in ("defaults", "hydra")]


class Text:
    """One file as read: its text, and what stands in it. Read only; :func:`merged` makes copies."""

    def __init__(self, text: str) -> None:
        import yaml

        self.text = text
        self.content: Any = yaml.load(text, Loader=_loader())


def read(file: Path) -> Text:
    """One file; read once per process for as long as it does not change.

    Raises:
        OSError, UnicodeDecodeError, yaml.YAMLError: it cannot be read.
    """
    state = file.stat()
    return _read(file, state.st_mtime_ns, state.st_size)


@lru_cache(maxsize=256)
def _read(file: Path, mtime_ns: int, size: int) -> Text:
    return Text(file.read_text(encoding="utf-8"))


#: A number with a point or an exponent, or both. YAML 1.1 alone takes 1e3 for a text.
_FLOAT = re.compile(
    r"[-+]?[0-9]+(_[0-9]+)*(\.[0-9_]*([eE][-+]?[0-9]+)?|[eE][-+]?[0-9]+)"
    r"|\.[0-9]+(_[0-9]+)*([eE][-+][0-9]+)?"
    r"|[-+]?[0-9]+(_[0-9]+)*(:[0-5]?[0-9])+\.[0-9_]*"
    r"|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)"
)


@cache
def _loader() -> Any:
    """A YAML loader with the rules of OmegaConf, without loading it: ``1e3`` is a number, a date stays a text,
    and a key written twice is an error. Fed by libyaml where Python's yaml was built with it.
    """
    import yaml

    base: Any = yaml.CSafeLoader if yaml.__with_libyaml__ else yaml.SafeLoader

    class Loader(base):
        def construct_mapping(self, node: Any, deep: bool = False) -> Any:
            seen: set[str] = set()
            for key, _ in node.value:
                if key.tag == "tag:yaml.org,2002:str" and key.value in seen:
                    raise yaml.constructor.ConstructorError(
                        "while constructing a mapping",
                        node.start_mark,
                        f"found duplicate key {key.value}",
                        key.start_mark,
                    )
                seen.add(key.value)
            return super().construct_mapping(node, deep)

    Loader.add_implicit_resolver(
        "tag:yaml.org,2002:float", re.compile(f"(?:{_FLOAT.pattern})$"), list("-+.0123456789")
    )
    Loader.yaml_implicit_resolvers = {
        first: [(tag, rule) for tag, rule in rules if not tag.endswith(":timestamp")]
        for first, rules in Loader.yaml_implicit_resolvers.items()
    }
    return Loader


def merged(old: Any, new: Any) -> Any:
    """A copy of ``old`` with ``new`` laid over it: mappings key by key, anything else replaced."""
    if not isinstance(new, Mapping):
        return [merged(None, value) for value in new] if isinstance(new, list) else new
    out = dict(old) if isinstance(old, Mapping) else {}
    for key, value in new.items():
        out[key] = merged(out.get(key), value)
    return out
