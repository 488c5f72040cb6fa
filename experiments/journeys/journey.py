"""One child's journey under each system, side by side: what happens when, how long the waits are, what is gained.

``opendoor journey pick=median`` simulates the area under each system with the same luck, chooses a child by a rule
that it states, and prints the child's story in plain sentences with dates, its waits, and its functional score
under each system and with no service at all. ``opendoor journey kind=dld quintile=1`` lists children instead.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from datetime import datetime
from typing import TYPE_CHECKING

import pandas as pd

from experiments.composing.compose import load_one_or_more
from experiments.composing.data import read_data_of_all
from experiments.journeys.page import journey_page
from experiments.journeys.search import as_typed, listing_page, unknown_names, values, why, wrong_words
from experiments.results.output import chosen_folder, results_folder, write_frame, write_json
from experiments.results.provenance import provenance
from experiments.running.compiling import one_at_a_time
from experiments.running.progress import NOTHING_KEPT, if_stopped, progress
from experiments.running.replicate import replication_seed
from experiments.screen import TEXT_WIDTH, as_text, show
from sim.errors import InputError, Problems
from sim.journey import journeys
from sim.journey_choice import compare_children, narrow, representative
from sim.run import Run, simulate

if TYPE_CHECKING:
    from rich.console import RenderableType

    from sim.area import Area
    from sim.config import Config

DEFAULT_SYSTEMS = "system=gatekept,balanced"


def run(overrides: Sequence[str], words: Mapping[str, str], config_dir: str | None = None) -> int:
    """The command.

    Args:
        overrides: of the configuration; without ``system=`` gatekept and balanced are compared.
        words: those of ``child``, ``pick`` and the search that were given.

    Raises:
        InputError: words, configuration or area that cannot be used; nobody to whom the search applies.
    """
    started = datetime.now().astimezone()
    problems = Problems(*wrong_words(words))
    with problems:
        configs = load_one_or_more(overrides, DEFAULT_SYSTEMS, config_dir)
        first = next(iter(configs.values()))
        area = read_data_of_all(configs, first.output)
        problems.found += unknown_names(words, first, area)
    problems.tell()
    seed = replication_seed(first.seed, 0)
    with if_stopped(NOTHING_KEPT), ExitStack() as open_folder:
        folder = None
        if first.output:  # refused before any work is done if it exists
            path = chosen_folder(first.output, "journey", area.name, started)
            folder = open_folder.enter_context(results_folder(path))
        page, text, frames = _found(words, configs, area, seed)
        if folder is not None:
            for name, frame in frames.items():
                write_frame(frame, folder / name)
            (folder / "journey.txt").write_text(text, encoding="utf-8")
            typed = ["journey", *(f"{k}={v}" for k, v in words.items()), *overrides]
            facts = provenance(typed, configs, [seed], started, datetime.now().astimezone())
            write_json(facts, folder / "provenance.json")
    show(page)
    if first.output:
        print(f"\nResults: {first.output}")
    return 0


def _found(
    words: Mapping[str, str], configs: Mapping[str, Config], area: Area, seed: int
) -> tuple[RenderableType, str, dict[str, pd.DataFrame]]:
    """The page for the screen, the same for a file, and the tables behind it: of one child, or of a search."""
    filters = {name: value for name, value in words.items() if name not in ("child", "pick")}
    child = int(words["child"]) if "child" in words else None
    listing = bool(filters) and "pick" not in words
    names, chosen_by = list(configs), ""
    runs = (0 if child is not None else len(configs)) + (0 if listing else len(configs))
    with progress(runs, "Simulating") as step, one_at_a_time():
        if child is None:
            children = compare_children(_simulated(configs, seed, step))
            found = narrow(children, **values(filters, area))
            if found.empty:
                raise InputError(
                    f"{as_typed(filters)}: none of the {len(children):,} children with needs in {area.name} "
                    "is like that"
                )
            if listing:
                listed = listing_page(found, children, area, names, filters)
                return listed, as_text(listed), {"children": found}
            pick = words.get("pick", "median")
            child = representative(found, pick)
            chosen_by = why(pick, child, found, children, filters, names)
        told = journeys(list(configs.items()), seed, [child], step)
    on_paper = as_text(journey_page(told, chosen_by, configs, area, TEXT_WIDTH))
    return journey_page(told, chosen_by, configs, area), on_paper, told._asdict()


def _simulated(configs: Mapping[str, Config], seed: int, step: Callable[[], None]) -> dict[str, Run]:
    runs = {}
    for name, config in configs.items():
        runs[name] = simulate(config, seed)
        step()
    return runs
