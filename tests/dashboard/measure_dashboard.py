"""How fast the dashboard is with large results, and how much memory it takes: by hand, in a real browser.

    python tests/dashboard/measure_dashboard.py --results results/england    # what opendoor compare area=england wrote
    python tests/dashboard/measure_dashboard.py --runs 10000                 # a sweep of so many made-up runs; or both

Each page is loaded and each of its controls is moved. For every answer of the server it tells the processor time of the
thread that gave it (other work on the machine does not count), and at the end the largest, the seconds until the first
page can be read, and the memory of the server. It asserts nothing: a busy machine is no fault of the program.
"""

from __future__ import annotations

import argparse
import json
import logging
import tempfile
import threading
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from made_up import IMPACT, REACH, luck, made_up

from experiments.sweeps.points import Point

SETTLED = (
    "[...document.querySelectorAll('.said')].every(p => p.textContent !== '…')"
    " && ![...document.querySelectorAll('[data-dash-is-loading=true]')].length"
)


def sweep_of(runs: int, folder: Path) -> Path:
    """A grid over three numbers and two systems, each point in four replications, whose runs are made up."""

    def run(point: Point, r: int) -> dict[str, float]:
        easy, rest, skill = (
            point.values[f"system.dials.{d}"] for d in ("easy_access", "continuum", "information")
        )
        own = 0.01 * luck(r, 10 + point.index)
        return {
            IMPACT: 2.0 + luck(r) + own + easy - rest * skill,
            REACH: 0.4 + 0.2 * easy - 0.1 * rest + 0.1 * own,
        }

    side = round((runs / 8) ** (1 / 3))
    steps = [f"system.dials.{d}=0..1:steps={side}" for d in ("easy_access", "continuum")]
    third = f"system.dials.information=0..1:steps={max(-(-runs // (8 * side * side)), 2)}"
    plan = made_up(folder, run, ["system=gatekept,balanced", *steps, third, "replications=4"])
    print(f"made up {len(plan.points) * plan.replications:,} runs of {len(plan.points):,} points")
    return folder


class Timed:
    """A WSGI application whose answers are timed: processor time of the thread, and what was asked for."""

    def __init__(self, app: Callable[..., Iterable[bytes]]) -> None:
        self.app, self.took = app, []
        self.took: list[tuple[float, float, str]] = []
        self._lock = threading.Lock()

    def __call__(self, environ: dict[str, Any], start: Any) -> Iterable[bytes]:
        what = environ["PATH_INFO"]
        if what.endswith("_dash-update-component"):
            body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
            import io

            environ["wsgi.input"] = io.BytesIO(body)
            what = json.loads(body).get("output", what)[:90]
        cpu, wall = time.thread_time(), time.perf_counter()
        out = list(self.app(environ, start))
        with self._lock:
            self.took.append((1000 * (time.thread_time() - cpu), 1000 * (time.perf_counter() - wall), what))
        return out

    def taken(self) -> list[tuple[float, float, str]]:
        with self._lock:
            out, self.took = self.took, []
        return out


def memory_mb(field: str = "VmRSS") -> float:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(field)) / 1024


def told(name: str, took: list[tuple[float, float, str]], worst: list[tuple[float, str]]) -> None:
    slow = max(took, default=(0.0, 0.0, ""))
    total = sum(cpu for cpu, _, _ in took)
    print(
        f"{name:58s} {len(took):3d} answers, {total:6.0f} ms cpu; slowest {slow[0]:5.0f} ms ({slow[1]:5.0f} by the clock) "
        f"{slow[2][:60]}"
    )
    worst.append((slow[0], f"{name}: {slow[2]}"))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--results", type=Path)
    parser.add_argument("--runs", type=int)
    parser.add_argument(
        "--wait", type=float, default=0.0, help="seconds between the server's start and the first page"
    )
    asked = parser.parse_args()
    from playwright.sync_api import sync_playwright
    from werkzeug.serving import make_server

    from dashboards.app import create_app, make_ready
    from dashboards.navigation import PAGES
    from dashboards.server import Server, Settings

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    with tempfile.TemporaryDirectory() as at:
        folders = [asked.results] if asked.results else []
        if asked.runs:
            folders.append(sweep_of(asked.runs, Path(at) / "sweep"))
        began = time.perf_counter()
        server = Server(Settings(tuple(folders), workers=1))
        app = create_app(server)
        app.server.test_client().get("/")  # as opendoor dashboard does before it says that it is ready
        threading.Thread(target=make_ready, args=(app, server), daemon=True).start()  # and afterwards
        app.server.wsgi_app = timed = Timed(app.server.wsgi_app)
        http = make_server("127.0.0.1", 0, app.server, threaded=True)
        threading.Thread(target=http.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{http.server_port}"
        print(f"server made in {time.perf_counter() - began:.2f} s, {memory_mb():.0f} MB")
        time.sleep(asked.wait)
        worst: list[tuple[float, str]] = []
        loads: list[tuple[float, str]] = []
        with sync_playwright() as p:
            browser = p.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
            tab = browser.new_page(viewport={"width": 1440, "height": 900})
            for page in PAGES:
                kind = "comparison" if asked.results else "sweep"
                if page.of != kind and not (asked.results and asked.runs):
                    continue
                if page.name == "journeys":
                    continue  # simulates; says so for areas as large as this
                before = time.perf_counter()
                tab.goto(url + page.path)
                tab.wait_for_selector("#title")
                tab.wait_for_function(SETTLED, timeout=120_000)
                loads.append((time.perf_counter() - before, page.title))
                told(f"{page.title}: loaded in {loads[-1][0]:.1f} s", timed.taken(), worst)
                for control in page.controls:
                    if control.typed or control.slider:
                        continue
                    box = tab.locator(f'input[id*=\'"name":"{control.name}","page":"{page.name}"\']').first
                    if not box.count() or not box.is_visible():
                        continue
                    box.click()
                    options = tab.locator("[role=option]:visible")
                    options.nth(min(1, options.count() - 1)).click()
                    time.sleep(0.3)
                    tab.wait_for_function(SETTLED, timeout=120_000)
                    told(f"  {page.title}: {control.label}", timed.taken(), worst)
                for control in (c for c in page.controls if c.slider):
                    tab.get_by_role("slider").first.press("ArrowLeft")
                    time.sleep(0.3)
                    tab.wait_for_function(SETTLED, timeout=120_000)
                    told(f"  {page.title}: {control.label}", timed.taken(), worst)
                if page.name == "sweeps":
                    tab.get_by_label("Show only").fill("easy_access >= 0.5")
                    time.sleep(1.0)
                    tab.wait_for_function(SETTLED, timeout=120_000)
                    told("  Sweeps: Show only", timed.taken(), worst)
                    tab.get_by_label("Pinned points").fill("3, 17")
                    time.sleep(1.0)
                    tab.wait_for_function(SETTLED, timeout=120_000)
                    told("  Sweeps: Pinned points", timed.taken(), worst)
            browser.close()
        print(
            f"first page: {loads[0][0]:.2f} s ({loads[0][1]}); slowest answer {max(worst)[0]:.0f} ms: {max(worst)[1]}"
        )
        print(f"memory of the server: {memory_mb():.0f} MB, at most {memory_mb('VmHWM'):.0f} MB")
        http.shutdown()
        server.close()


if __name__ == "__main__":
    main()
