"""One system, simulated several times: its headline measures on the screen, its full tables in a folder."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from experiments.certainty.statistics import Estimate, estimate
from experiments.comparing.comparison import beyond_possible, too_few
from experiments.comparing.measures_table import BEYOND, BEYOND_NOTE, measures_table, shown_for
from experiments.composing.compose import load_config, system_name
from experiments.composing.data import read_data
from experiments.results.contents import RUNS, write_results
from experiments.results.output import chosen_folder, results_folder, size_text
from experiments.results.views import Gathered, views_of
from experiments.running.progress import NOTHING_KEPT, if_stopped
from experiments.running.replicate import Replications, replicate
from experiments.screen import bullets, show
from experiments.words import cautions, caveats, heading, standing
from sim.measures import LABELS, Measure

if TYPE_CHECKING:
    from rich.console import Group

    from sim.config import Config


def run(overrides: Sequence[str], config_dir: str | None = None, all: bool = False) -> int:
    """The command; 1 if some simulations failed and the results are those of the others.

    Args:
        all: every headline measure, not only the first dozen.

    Raises:
        InputError: the configuration, the area or the output folder cannot be used.
    """
    started = datetime.now().astimezone()
    config = load_config(overrides, config_dir)
    configs = {system_name(overrides, config): config}
    area = read_data(config, config.output)
    path = chosen_folder(config.output, "run", area.name, started)
    with if_stopped(NOTHING_KEPT), results_folder(path) as folder:
        gathered = Gathered(tuple(configs))
        done = replicate(
            configs,
            config.replications,
            config.seed,
            config.workers,
            folder / RUNS,
            look=views_of,
            take=gathered.take,
        )
        write_results(folder, ["run", *overrides], configs, area, done, started)
        gathered.write(folder)
    show(page(area.name, configs, done, all))
    print(f"\nResults: {path} ({size_text(path)})")
    for failure in done.failures:
        print(f"opendoor: {failure}; left out", file=sys.stderr)
    return 1 if done.failures else 0


def page(area: str, configs: Mapping[str, Config], done: Replications, everything: bool = False) -> Group:
    """Headline measures of one system, and what to bear in mind."""
    from rich.console import Group
    from rich.text import Text

    (measures,) = done.summaries.values()
    found = {name: estimate(values) for name, values in measures.items()}
    total = len(done.replications)
    shown = shown_for(next(iter(configs.values())), everything)
    parts: list[Any] = [
        Text(heading(area, configs, total), style="bold"),
        Text(standing(configs)),
        measures_table(
            ("Mean>", "95 % interval>"),
            {name: [e.mean] for name, e in found.items()},
            lambda name: _cells(LABELS[name], found[name], total),
            shown,
        ),
        Text(
            f"n = {total:,} replications unless said otherwise"
            + ("" if total > 1 else "; an interval needs at least two")
            + ("." if everything else ". More measures: --all, or summary.json.")
        ),
    ]
    if any(_beyond(LABELS[name], found[name], total) for name in shown.names):
        parts.append(Text(BEYOND_NOTE))
    return Group(
        *parts,
        Text("\nTo bear in mind", style="bold"),
        bullets(caveats(area, configs) if everything else cautions(configs)),
    )


def _cells(measure: Measure, found: Estimate, total: int) -> tuple[str, str]:
    few = "" if found.n in (0, total) else f" (in {found.n} of {total})"
    if found.n == 0:
        return "–", measure.undefined
    mark = BEYOND if _beyond(measure, found, total) else ""
    interval = (
        "–" if too_few(found.n, total) else f"{measure.text(found.low)} to {measure.text(found.high)}{mark}"
    )
    return f"{measure.text(found.mean)}{few}", interval


def _beyond(measure: Measure, found: Estimate, total: int) -> bool:
    return not too_few(found.n, total) and beyond_possible(measure, found.low, found.high)
