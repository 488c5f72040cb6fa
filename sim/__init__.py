"""OpenDoor's model: children with needs, flowing through services described as data.

Usable as a library: ``from sim import check, simulate``. Nothing here writes files or keeps global state.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sim.checking import check
    from sim.config import Config
    from sim.run import Run, simulate

__all__ = ["Config", "Run", "check", "load_config", "simulate"]


def __getattr__(name: str) -> Any:
    """Import on first use: ``import sim`` stays light."""
    if name in ("Config", "check"):
        from sim import config

        return getattr(config, name)
    if name in ("Run", "simulate"):
        from sim import run

        return getattr(run, name)
    if name == "load_config":
        from experiments.compose import load_config

        return load_config
    raise AttributeError(f"module 'sim' has no attribute {name!r}")
