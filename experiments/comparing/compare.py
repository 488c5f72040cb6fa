"""Two or more systems side by side, in words and numbers that a therapy lead can use.

``opendoor compare system=gatekept,balanced`` simulates the same area under each system with the same
luck, and says for each measure what it is under the reference (the first system named), under the other,
how far they are apart, and whether luck alone could explain the difference.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from experiments.certainty.precision import LEAST, read_precision, until_precise
from experiments.certainty.simultaneous import intervals_frame
from experiments.certainty.spin_up import spin_up_frame
from experiments.comparing.change import Changes, are_ways_to_change, with_gains
from experiments.comparing.change_page import write_change
from experiments.comparing.comparison import comparison_frame
from experiments.comparing.comparison_page import page
from experiments.composing.compose import load_plans
from experiments.composing.data import read_data_of_all
from experiments.results.contents import RUNS, write_results
from experiments.results.output import chosen_folder, results_folder, size_text, write_frame
from experiments.results.views import Gathered, look
from experiments.running.progress import NOTHING_KEPT, if_stopped
from experiments.running.replicate import Replications, replicate
from experiments.screen import as_text, show
from sim.errors import Problems

if TYPE_CHECKING:
    import pandas as pd


def run(
    overrides: Sequence[str],
    config_dir: str | None = None,
    words: Mapping[str, str] | None = None,
    all: bool = False,
) -> int:
    """The command; 1 if some simulations failed and the results are those of the others, or if a precision that was
    asked for was not reached.

    Args:
        all: every headline measure on the screen, not only the first dozen.

    Raises:
        InputError: the configuration, the area or the output folder cannot be used.
    """
    started = datetime.now().astimezone()
    problems = Problems()
    with problems:
        configs = load_plans(overrides, config_dir)
    if problems.found:  # as far as the words about precision can be judged without the rest
        with problems:
            read_precision(words or {}, 1)
    problems.tell()
    if are_ways_to_change(configs):
        configs = with_gains(configs)
    first = next(iter(configs.values()))
    with problems:
        area = read_data_of_all(configs, first.output)
    with problems:
        asked = read_precision(words or {}, first.replications)
    problems.tell()
    path = chosen_folder(first.output, "compare", area.name, started)
    command = ["compare", *overrides, *(f"{key}={value}" for key, value in (words or {}).items())]
    changes = Changes(configs) if are_ways_to_change(configs) else None
    gathered = Gathered(tuple(configs))

    def take(system: str, replication: int, seen: Any) -> None:
        tables, course = seen
        gathered.take(system, replication, tables)
        if changes:
            changes.take(system, replication, course)

    with if_stopped(NOTHING_KEPT), results_folder(path) as folder:

        def batch(start: int, count: int) -> Replications:
            return replicate(
                configs,
                count,
                first.seed,
                first.workers,
                folder / RUNS,
                first=start,
                spreadsheets=False,
                look=look,
                take=take,
            )

        if asked:
            done, reached = until_precise(batch, max(first.replications, LEAST), first.workers, asked)
        else:
            done, reached = batch(0, first.replications), None
        frame = comparison_frame(done)
        write_results(folder, command, configs, area, done, started)
        gathered.write(folder)
        write_frame(frame, folder / "comparison")
        write_frame(intervals_frame(done.summaries), folder / "intervals")
        settled = spin_up_frame(folder / RUNS, configs)
        write_frame(settled, folder / "spin_up")
        told = write_change(changes, folder) if changes else None
        completed = len(done.replications)
        whole = page(area.name, frame, configs, completed, everything=True)
        (folder / "comparison.txt").write_text(as_text(whole), encoding="utf-8")
    show(page(area.name, frame, configs, completed, everything=all))
    if told is not None:
        print()
        show(told)
    if reached:
        print(f"\n{reached.in_words}")
    print(f"\nResults: {path} ({size_text(path)})")
    for warning in warnings_told_once(settled):
        print(f"opendoor: {warning}", file=sys.stderr)
    for failure in done.failures:
        print(f"opendoor: {failure}; left out of the comparison in every system", file=sys.stderr)
    return 1 if done.failures or (reached and not reached.reached) else 0


def warnings_told_once(settled: pd.DataFrame) -> list[str]:
    """The warnings about the history, the same sentence about several systems told once with all their names."""
    about: dict[str, list[str]] = {}
    for system, words in zip(settled["system"], settled["in_words"], strict=True):
        if words:
            about.setdefault(words.removeprefix(f"{system}: "), []).append(system)
    return [f"{', '.join(systems)}: {words}" for words, systems in about.items()]
