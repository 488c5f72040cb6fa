"""One results folder, one server and one browser for all tests of the dashboard."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from made_up import IMPACT, REACH, luck, made_up

from experiments.sweeps.points import Point

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
def serving(*folders: Path, story: Path | None = None) -> Iterator[Served]:
    """A dashboard of results folders, on a free port of this machine. ``story``: the file it presents."""
    from werkzeug.serving import WSGIRequestHandler, make_server

    from dashboards.app import create_app
    from dashboards.server import Server, Settings
    from dashboards.telling.storyboard import read_story

    class Quiet(WSGIRequestHandler):
        def log_request(self, *args: object, **words: object) -> None:
            pass

    server = Server(Settings(folders, workers=1, silence=6.0, grace=1.0, slow_down=0.2))
    app = create_app(server, read_story(story) if story else None)
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
def mixed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A made-up sweep of all five principles: two of them act together, and half of everything is worse than none."""

    def run(point: Point, r: int) -> dict[str, float]:
        on = list(point.values.values())
        gain = 0.1 * sum(on) + 0.3 * on[0] * on[1] - 2.0 * sum(v * (1 - v) for v in on)
        return {IMPACT: 2.0 + gain + luck(r) + 0.001 * luck(r, point.index), REACH: 0.5 - 0.05 * on[0]}

    folder = tmp_path_factory.mktemp("sweeps") / "mixed"
    made_up(folder, run, ["experiment=pick_and_mix", "replications=4"])
    return folder


@pytest.fixture(scope="session")
def mapped(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A made-up grid over two dials and two systems, balanced ahead on one side; three of its runs failed."""

    def run(point: Point, r: int) -> dict[str, float] | str:
        if (point.index, r) in ((3, 0), (3, 1), (7, 2)):
            return "TooMany: of something" if point.index == 3 else "ValueError: cannot be done"
        easy, rest = (point.values[f"system.dials.{d}"] for d in ("easy_access", "continuum"))
        balanced = dict(point.choices)["system"] == "balanced"
        own = 0.01 * luck(r, 10 + point.index)
        return {
            IMPACT: 2.0 + luck(r) + own + (1.2 - 2 * easy if balanced else 0.0),
            REACH: 0.4 + 0.2 * easy - 0.1 * rest,
        }

    dials = ["system.dials.easy_access=0,0.5,1", "system.dials.continuum=0,0.25,1"]
    folder = tmp_path_factory.mktemp("sweeps") / "mapped"
    made_up(folder, run, ["system=gatekept,balanced", *dials, "replications=4"])
    return folder


@pytest.fixture(scope="session")
def dashboard_of_sweeps(results: Path, mapped: Path, mixed: Path) -> Iterator[Served]:
    """The dashboard of a comparison and two sweeps."""
    with serving(results, mapped, mixed) as served:
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
