"""The dashboard in a browser: results folders and sweeps side by side, or the shipped example computed while one watches."""

from __future__ import annotations

from collections.abc import Sequence

from sim.errors import InputError

LOOPBACK = "127.0.0.1"


def run(
    folders: Sequence[str], port: str | None = None, host: str | None = None, story: str | None = None
) -> int:
    """The command; ends with Ctrl-C.

    Raises:
        InputError: a folder without results, a story that cannot be told, a port that is none or is taken.
    """
    number: int | None = None
    if port is not None:
        if not (port.isascii() and port.isdigit() and 1 <= int(port) <= 65535):
            raise InputError(f"--port {port}: must be a whole number, 1 to 65535")
        number = int(port)
    from dashboards.background.work import LOADED
    from experiments.running.pool import start_early

    start_early(LOADED)  # runs are made ready on one core while the pages are loaded on another
    from dashboards.serve import serve

    return serve(folders, number, host or LOOPBACK, story=story)
