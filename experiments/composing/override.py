"""One word of the command line as Hydra's grammar reads it: quotes, lists, mappings, ``+`` and ``~``."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hydra.core.override_parser.types import Override


def parse(text: str, problems: list[str]) -> Override | None:
    """One word of the command line as Hydra reads it; if that cannot be, None and a sentence in ``problems``."""
    from hydra.core.override_parser.overrides_parser import OverridesParser
    from hydra.errors import HydraException

    if "=" not in text and not text.startswith("~"):
        problems.append(f"{text}: not understood; write key=value, for example replications=5")
        return None
    try:
        override = OverridesParser.create().parse_override(text)
    except HydraException:
        problems.append(
            f"{text}: cannot be read as key=value; quote a value with spaces or signs, "
            "for example \"output='my results'\""
        )
        return None
    if override.is_sweep_override():
        problems.append(
            f"{text}: several values; this takes one (to compare systems: opendoor compare system=a,b)"
        )
        return None
    return override
