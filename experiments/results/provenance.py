"""Where a result comes from, written beside it: enough to make it again, and nothing about who made it.

The validated configuration (every number in it), its hash, the seeds, the versions of Python and of the
packages, the revision of the source, the command and when it ran. Names of users and paths into home
folders are taken out: result folders get passed on.
"""

from __future__ import annotations

import platform
import re
import subprocess
from collections.abc import Mapping, Sequence
from datetime import datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from sim.config import Config, config_hash

PACKAGES = (
    "opendoor",
    "simpy",
    "numpy",
    "numba",
    "pandas",
    "pyarrow",
    "pydantic",
    "hydra-core",
    "omegaconf",
    "scipy",
)

_HOME = re.compile(r"(?:/home/|/Users/|[A-Za-z]:\\+Users\\+)[^/\\\s'\",:]+|/root(?=[/\s'\",:]|$)")


def provenance(
    command: Sequence[str],
    configs: Mapping[str, Config],
    seeds: Sequence[int],
    started: datetime,
    ended: datetime,
) -> dict[str, Any]:
    """The provenance of one results folder, ready to be written as JSON.

    Args:
        command: the words after ``opendoor``.
        configs: validated configuration of each system.
        seeds: seed of each replication, in order.
        started, ended: with their time zone.
    """
    return without_home(
        {
            "command": ["opendoor", *command],
            "started": started.isoformat(timespec="seconds"),
            "ended": ended.isoformat(timespec="seconds"),
            "seed": next(iter(configs.values())).seed,
            "replication_seeds": list(seeds),
            "systems": {
                name: {"config_hash": config_hash(config), "config": config.model_dump(mode="json")}
                for name, config in configs.items()
            },
            "python": platform.python_version(),
            "platform": f"{platform.system()} {platform.machine()}",
            "packages": {name: found for name in PACKAGES if (found := _version(name))},
            "source_revision": source_revision(),
        }
    )


def without_home(value: Any) -> Any:
    """The same structure with every home folder in its texts replaced by ``~``."""
    if isinstance(value, str):
        return _HOME.sub("~", value.replace(str(Path.home()), "~"))
    if isinstance(value, Mapping):
        return {key: without_home(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [without_home(inner) for inner in value]
    return value


def source_revision() -> str | None:
    """Git revision of the source, with ``+changes`` if files differ from it; None when run from an
    installed copy."""
    root = Path(__file__).resolve().parents[2]
    if not (root / ".git").exists():
        return None
    revision = _git(root, "rev-parse", "HEAD")
    if revision is None:
        return None
    return f"{revision}+changes" if _git(root, "status", "--porcelain") else revision


def _git(root: Path, *words: str) -> str | None:
    try:
        done = subprocess.run(["git", *words], cwd=root, capture_output=True, text=True, timeout=10)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
