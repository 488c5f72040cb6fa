"""OpenDoor's model: children with needs, flowing through services described as data.

Usable as a library: ``from sim import check, simulate``. Nothing here writes files or keeps global state.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sim.checking import check
    from sim.config import Config
    from sim.run import Run, simulate

#: Where each name lives; load_config is put together by Hydra, which the model itself does not know.
_HOMES = {
    "Config": "sim.config",
    "Run": "sim.run",
    "check": "sim.checking",
    "load_config": "experiments.composing.compose",
    "simulate": "sim.run",
}
__all__ = ["Config", "Run", "check", "load_config", "simulate"]


def __getattr__(name: str) -> Any:
    """Import on first use: ``import sim`` stays light."""
    from importlib import import_module

    if name not in _HOMES:
        raise AttributeError(f"module 'sim' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
