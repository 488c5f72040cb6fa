"""Start the dashboard on this machine and say where it is.

It listens on this machine alone unless another address is named. It ends with Ctrl-C, and every run it started
ends with it.
"""

from __future__ import annotations

import logging
import signal
import socket
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

from dashboards.server import Server, Settings
from dashboards.studies.study import folder_problems
from dashboards.studies.swept import is_swept
from sim.errors import InputError, Problems

if TYPE_CHECKING:
    from dashboards.telling.storyboard import Story

log = logging.getLogger("opendoor.dashboard")

LOOPBACK = "127.0.0.1"
FIRST_PORT, PORTS_TRIED = 8050, 20


def serve(
    folders: Sequence[str],
    port: int | None = None,
    host: str = LOOPBACK,
    workers: int = 2,
    story: str | None = None,
) -> int:
    """Serve until Ctrl-C.

    Args:
        folders: results folders; with none the shipped example is computed and shown.
        port: None takes the first free one from 8050 on. story: file with what is presented; None for the shipped one.

    Raises:
        InputError: folders that hold no results, a story that cannot be told, a port that is taken.
    """
    paths = tuple(Path(folder) for folder in folders)
    problems = Problems(*(p for path in paths for p in folder_problems(path)))
    told: Story | None = None
    if story is not None:
        from dashboards.telling.storyboard import read_story

        with problems:
            told = read_story(Path(story))
    problems.tell()
    port = _free_port(host, port)
    signal.signal(signal.SIGTERM, _stop)
    server = Server(Settings(paths, workers=workers))  # the example's run begins while the pages are loaded
    try:
        from werkzeug.serving import make_server

        from dashboards.app import create_app, make_ready

        app = create_app(server, told)
        # the first answer of all takes longer, because Dash puts its callbacks in order
        app.server.test_client().get("/")
        logging.getLogger("werkzeug").setLevel(logging.WARNING)
        logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format="opendoor: %(message)s")
        listening = make_server(host, port, app.server, threaded=True)
        setattr(listening, "handle_error", _connection_lost)  # noqa: B010
        threading.Thread(target=make_ready, args=(app, server), daemon=True).start()
        first = "/sweeps" if paths and all(is_swept(path) for path in paths) else ""
        print(
            f"The dashboard is at http://{'localhost' if host == LOOPBACK else host}:{port}{first}  (Ctrl-C ends it)",
            flush=True,
        )
        if host not in (LOOPBACK, "localhost", "::1"):
            print(
                f"opendoor: --host {host}: everybody who can reach this machine can open it", file=sys.stderr
            )
        listening.serve_forever()
    finally:
        server.close()
    return 0


def _connection_lost(request: object, address: object) -> None:
    """A browser that goes away in the middle of an answer, or one that is connected while the dashboard ends, is no news."""
    log.debug("connection with %s lost", address, exc_info=True)


def _stop(signum: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _free_port(host: str, wanted: int | None) -> int:
    """The port that was asked for, or the first free one.

    Raises:
        InputError: it is taken, or none is free, or there is no such address on this machine.
    """
    tried = [wanted] if wanted is not None else list(range(FIRST_PORT, FIRST_PORT + PORTS_TRIED))
    reason = ""
    for port in tried:
        with socket.socket() as s:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                s.bind((host, port))
            except OSError as e:
                reason = (e.strerror or str(e)).lower()
            else:
                return port
    which = f"--port {wanted}" if wanted is not None else f"ports {tried[0]} to {tried[-1]}"
    raise InputError(f"{which} on {host}: cannot be used: {reason}; name another with --port")
