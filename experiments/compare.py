"""Two or more systems side by side, in words and numbers that a therapy lead can use.

``opendoor compare system=gatekept,balanced`` simulates the same area under each system with the same
luck, and says for each measure what it is under the reference (the first system named), under the other,
how far they are apart, and whether luck alone could explain the difference.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import datetime

from experiments.comparison import comparison_frame
from experiments.comparison_page import page
from experiments.compose import load_plans
from experiments.data import read_data
from experiments.output import chosen_folder, results_folder, size_text, write_frame
from experiments.replicate import replicate
from experiments.results import RUNS, write_results
from experiments.screen import as_text, show


def run(overrides: Sequence[str], config_dir: str | None = None, all: bool = False) -> int:
    """The command; 1 if some simulations failed and the results are those of the others.

    Args:
        all: every headline measure on the screen, not only the first dozen.

    Raises:
        InputError: the configuration, the area or the output folder cannot be used.
    """
    started = datetime.now().astimezone()
    configs = load_plans(overrides, config_dir)
    first = next(iter(configs.values()))
    area = read_data(first)
    path = chosen_folder(first.output, "compare", area.name, started)
    with results_folder(path) as folder:
        done = replicate(
            configs, first.replications, first.seed, first.workers, folder / RUNS, spreadsheets=False
        )
        frame = comparison_frame(done)
        write_results(folder, ["compare", *overrides], configs, area, done, started)
        write_frame(frame, folder / "comparison")
        completed = len(done.replications)
        whole = page(area.name, frame, configs, completed, everything=True)
        (folder / "comparison.txt").write_text(as_text(whole), encoding="utf-8")
    show(page(area.name, frame, configs, completed, everything=all))
    print(f"\nResults: {path} ({size_text(path)})")
    for failure in done.failures:
        print(f"opendoor: {failure}; left out of the comparison in every system", file=sys.stderr)
    return 1 if done.failures else 0
