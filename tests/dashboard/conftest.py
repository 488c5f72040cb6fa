"""One results folder, one server and one browser for all tests of the dashboard."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

SMALL = [
    "system=gatekept,balanced",
    "area=example_small",
    "history_years=1",
    "horizon_years=2",
    "replications=3",
    "workers=1",
]


@pytest.fixture(scope="session")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What ``opendoor compare`` writes for the made-up area."""
    from experiments.cli import main

    folder = tmp_path_factory.mktemp("results") / "small"
    assert main(["compare", *SMALL, f"output={folder}"]) == 0
    return folder


@pytest.fixture(scope="session")
def changed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What ``opendoor compare`` writes for two ways to change and for staying put."""
    from experiments.cli import main

    folder = tmp_path_factory.mktemp("results") / "ways"
    ways = ["transition=none,big_bang,parallel", "replications=2", f"output={folder}"]
    assert (
        main(["compare", *(w for w in SMALL if w.split("=")[0] not in ("system", "replications")), *ways])
        == 0
    )
    return folder


@dataclass
class Served:
    """A running dashboard. ``server``: what it holds."""

    url: str
    server: Any


@contextmanager
def serving(folder: Path) -> Iterator[Served]:
    """A dashboard of a results folder, on a free port of this machine."""
    from werkzeug.serving import WSGIRequestHandler, make_server

    from dashboards.app import create_app
    from dashboards.server import Settings

    class Quiet(WSGIRequestHandler):
        def log_request(self, *args: object, **words: object) -> None:
            pass

    app, server = create_app(Settings((folder,), workers=1, silence=6.0, grace=1.0, slow_down=0.2))
    http = make_server("127.0.0.1", 0, app.server, threaded=True, request_handler=Quiet)
    thread = threading.Thread(target=http.serve_forever, daemon=True)
    thread.start()
    try:
        yield Served(f"http://127.0.0.1:{http.server_port}", server)
    finally:
        http.shutdown()
        server.close()


@pytest.fixture(scope="session")
def dashboard(results: Path) -> Iterator[Served]:
    """The dashboard of two systems side by side."""
    with serving(results) as served:
        yield served


@pytest.fixture(scope="session")
def dashboard_of_ways(changed: Path) -> Iterator[Served]:
    """The dashboard of ways to change."""
    with serving(changed) as served:
        yield served


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """Chromium; without it these tests are skipped, and say so."""
    sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with sync_api.sync_playwright() as playwright:
        installed = next(
            (p for p in ("/usr/bin/chromium", "/usr/bin/google-chrome") if Path(p).exists()), None
        )
        try:
            found = playwright.chromium.launch(executable_path=installed, args=["--no-sandbox"])
        except sync_api.Error as e:
            pytest.skip(f"no browser: {str(e).splitlines()[0]}")
        yield found
        found.close()
