"""The command ``opendoor best``: which of several systems, or ways to change, is the best in one measure.

Everything that the procedure simulates is kept: one row per plan and replication, and one row per plan with what
became of it.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

import numpy as np

from experiments.certainty.precision import LEAST
from experiments.certainty.selection import Selected, kn
from experiments.composing.compose import load_plans
from experiments.composing.data import read_data_of_all
from experiments.results.output import chosen_folder, results_folder, write_frame, write_json
from experiments.results.provenance import provenance
from experiments.running.progress import NOTHING_KEPT, if_stopped
from experiments.running.replicate import replicate, replication_seed
from experiments.sensitivity.preference import known, worth
from sim.errors import InputError, Problems
from sim.measures import LABELS

if TYPE_CHECKING:
    import pandas as pd

    from sim.config import Config

FIRST, MOST = 20, 500


def run(overrides: Sequence[str], words: Mapping[str, str], config_dir: str | None = None) -> int:
    """The command; 1 if some simulations failed or no plan was clearly the best.

    Raises:
        InputError: the words, the configuration, the area or the output folder cannot be used.
    """
    started = datetime.now().astimezone()
    problems = Problems()
    with problems:
        measure, matters, first, most = read_words(words)
    with problems:
        configs = load_plans(overrides, config_dir)
        base = next(iter(configs.values()))
        area = read_data_of_all(configs, base.output)
    problems.tell()
    path = chosen_folder(base.output, "best", area.name, started)
    draws = Draws(configs, measure, base)
    with if_stopped(NOTHING_KEPT), results_folder(path) as folder:
        found = kn(draws, len(configs), matters, first, most, batch=max(base.workers, 5))
        frame = selection_frame(found, list(configs), measure)
        lines = in_words(found, list(configs), measure, matters)
        command = ["best", *overrides, *(f"{key}={value}" for key, value in words.items())]
        seeds = [replication_seed(base.seed, r) for r in range(int(found.used.max()) + found.left_out)]
        facts = provenance(command, configs, seeds, started, datetime.now().astimezone())
        write_json({**facts, "failures": draws.failures}, folder / "provenance.json")
        write_json({"systems": {}, "replications": [], "selection": lines}, folder / "summary.json")
        (folder / "comparison.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
        write_frame(frame, folder / "selection")
        write_frame(draws.frame(), folder / "summaries")
    print("\n".join(lines))
    print(f"\nResults: {path}")
    for failure in draws.failures:
        print(f"opendoor: {failure}; counts for no plan", file=sys.stderr)
    return 1 if draws.failures or not found.decided else 0


def read_words(words: Mapping[str, str]) -> tuple[str, float, int, int]:
    """Measure, smallest difference that matters, first replications, replications at the most.

    Raises:
        InputError: one sentence per problem.
    """
    problems: list[str] = []
    measure = words.get("measure", "")
    try:
        if measure:
            known(measure)
            worth(measure, np.zeros(1))
        else:
            problems.append("opendoor best needs measure=NAME, for example measure=impact_mean_change_points")
    except InputError as e:
        problems += e.problems
    try:
        matters = float(words.get("matters", "nan"))
    except ValueError:
        matters = math.nan
    if not 0 < matters < math.inf:
        found = f"found matters={words['matters']}" if "matters" in words else "none given"
        problems.append(f"opendoor best needs matters=NUMBER above 0, the smallest difference, {found}")
    numbers = {}
    for key, default in (("first", FIRST), ("most", MOST)):
        text = words.get(key, str(default))
        numbers[key] = int(text) if text.isascii() and text.isdigit() else 0
        if numbers[key] < LEAST:
            problems.append(f"{key}={text}: must be a whole number, at least {LEAST}")
    if numbers["most"] < numbers["first"] and not problems:
        problems.append(f"most={numbers['most']}: must be at least first={numbers['first']}")
    if problems:
        raise InputError(problems)
    return measure, matters, numbers["first"], numbers["most"]


class Draws:
    """Values of plans as the procedure asks for them, and all of them kept."""

    def __init__(self, configs: Mapping[str, Config], measure: str, base: Config) -> None:
        self.names, self.configs, self.measure, self.base = list(configs), configs, measure, base
        self.failures: list[str] = []
        self.rows: list[dict[str, Any]] = []

    def __call__(self, plans: Sequence[int], first: int, count: int) -> np.ndarray:
        chosen = {self.names[i]: self.configs[self.names[i]] for i in plans}
        out = np.full((count, len(plans)), np.nan)
        try:
            done = replicate(chosen, count, self.base.seed, self.base.workers, first=first)
        except RuntimeError as e:
            self.failures += str(e).splitlines()[:1]
            return out
        self.failures += done.failures
        for column, name in enumerate(chosen):
            values = done.summaries[name][self.measure]
            out[np.array(done.replications) - first, column] = worth(self.measure, values)
            self.rows += [
                {
                    "system": name,
                    "replication": r,
                    "seed": replication_seed(self.base.seed, r),
                    self.measure: float(v),
                }
                for r, v in zip(done.replications, values, strict=True)
            ]
        return out

    def frame(self) -> pd.DataFrame:
        """One row per plan and replication simulated."""
        import pandas as pd

        return pd.DataFrame(self.rows).sort_values(["replication", "system"], ignore_index=True)


def selection_frame(found: Selected, names: Sequence[str], measure: str) -> pd.DataFrame:
    """One row per plan: its mean (as worth: larger is better), replications used, after how many it was dropped (0: it
    was not), and whether it is the one chosen."""
    import pandas as pd

    return pd.DataFrame(
        {
            "system": list(names),
            "measure": measure,
            "mean_worth": found.means,
            "replications": found.used,
            "dropped_after": list(found.dropped_after),
            "left": [i in found.left for i in range(len(names))],
            "chosen": [found.decided and i == found.best for i in range(len(names))],
        }
    )


def in_words(found: Selected, names: Sequence[str], measure: str, matters: float) -> list[str]:
    """The answer in sentences."""
    label = LABELS[measure]
    unit = label.difference_text(matters).removeprefix("+")
    if found.decided:
        first = (
            f"Best in '{label.label}': {names[found.best]}, with at least 95 % certainty if it is ahead by {unit} or "
            f"more; a plan that is closer to it than {unit} may be as good."
        )
    else:
        left = " and ".join(names[i] for i in found.left)
        first = (
            f"Not decided in '{label.label}': {left} are still in contention after {int(found.used.max()):,} "
            f"replications; {names[found.best]} is ahead so far. Raise most= or the difference that matters."
        )
    out = [first]
    for i, name in enumerate(names):
        if found.dropped_after[i]:
            out.append(f"- {name}: dropped after {found.dropped_after[i]:,} replications")
    if found.left_out:
        out.append(
            f"- {found.left_out:,} replications had no value for some plan and counted for none of them"
        )
    out.append("Certainty is about the luck of the simulation only, not about what the evidence leaves open.")
    return out
