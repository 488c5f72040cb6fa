"""What holds for all tests: property-based tests draw the same examples in every run (``pytest
--hypothesis-profile=explore`` draws new ones), and worker processes begin with the model loaded."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import settings

settings.register_profile("repeatable", derandomize=True, database=None, deadline=None)
settings.register_profile("explore", deadline=None, max_examples=1000)
settings.load_profile("repeatable")


#: Files that take longest, longest first: begun first, so that none is left to one process while others have no more.
LONGEST = (
    "test_repository",
    "test_browser",
    "test_queue_theory",
    "test_transition",
    "test_compose",
    "test_sweep_kill",
    "test_laws",
    "test_between_systems",
    "test_rivals",
    "test_cluster",
    "test_jobs",
    "test_sweep",
    "test_cli",
    "test_sensitivity",
    "test_flips",
    "test_switching",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    place = {name: i for i, name in enumerate(LONGEST)}
    items.sort(key=lambda item: place.get(item.path.stem, len(place)))


@pytest.fixture(scope="session", autouse=True)
def workers_begin_ready() -> None:
    """Start the process that all workers of this one come from; it loads :mod:`ready` while the first tests run."""
    from experiments.running.pool import PRELOAD, start_early

    before = os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = os.pathsep.join([str(Path(__file__).parent), *([before] if before else [])])
    try:
        start_early(
            (
                *PRELOAD,
                "sim.measures.views",
                "dashboards.background.work",
                "experiments.sweeps.worker",
                "ready",
            )
        )
    finally:
        if before is None:
            del os.environ["PYTHONPATH"]
        else:
            os.environ["PYTHONPATH"] = before
