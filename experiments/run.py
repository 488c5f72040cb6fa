"""One system, simulated several times: its headline measures on the screen, its full tables in a folder."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from experiments.compare import measures_table
from experiments.compose import load_config, system_name
from experiments.data import read_data
from experiments.output import chosen_folder, results_folder
from experiments.replicate import Replications, replicate
from experiments.results import RUNS, write_results
from experiments.screen import bullets, show
from experiments.statistics import Estimate, estimate
from experiments.words import caveats, heading
from sim.measures import LABELS, Measure

if TYPE_CHECKING:
    from rich.console import Group

    from sim.config import Config


def run(overrides: Sequence[str], config_dir: str | None = None) -> int:
    """The command; 1 if some simulations failed and the results are those of the others.

    Raises:
        InputError: the configuration, the area or the output folder cannot be used.
    """
    started = datetime.now().astimezone()
    config = load_config(overrides, config_dir)
    configs = {system_name(overrides, config): config}
    area = read_data(config)
    path = chosen_folder(config.output, "run", area.name, started)
    with results_folder(path) as folder:
        done = replicate(configs, config.replications, config.seed, config.workers, folder / RUNS)
        write_results(folder, ["run", *overrides], configs, area, done, started)
    show(page(area.name, configs, done))
    print(f"\nResults: {path}")
    for failure in done.failures:
        print(f"opendoor: {failure}; left out", file=sys.stderr)
    return 1 if done.failures else 0


def page(area: str, configs: Mapping[str, Config], done: Replications) -> Group:
    """Headline measures of one system, and what to bear in mind."""
    from rich.console import Group
    from rich.text import Text

    (measures,) = done.summaries.values()
    found = {name: estimate(values) for name, values in measures.items()}
    return Group(
        Text(heading(area, configs, len(done.replications)), style="bold"),
        Text(""),
        measures_table(
            ("Mean>", "95 % interval>"),
            {name: [e.mean] for name, e in found.items()},
            lambda name: _cells(LABELS[name], found[name]),
        ),
        Text("\nTo bear in mind", style="bold"),
        bullets(caveats(area, configs)),
    )


def _cells(measure: Measure, found: Estimate) -> tuple[str, str]:
    interval = f"{measure.text(found.low)} to {measure.text(found.high)}" if found.n > 1 else "–"
    return measure.text(found.mean), interval
