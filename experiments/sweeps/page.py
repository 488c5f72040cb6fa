"""A sweep on one screen: its points, what each gives for a few measures, and how far each is from the base.

With few points all are shown in order; with many, those that differ most from the base, since these are the ones
that a decision turns on.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from experiments.certainty.statistics import Estimate
from experiments.comparing.comparison import in_words
from experiments.sweeps.folder import COMPLETE, labels_in, read_manifest, references_in
from experiments.sweeps.ledger import Runs, read_runs
from experiments.sweeps.statistics import Intervals, by_point, intervals
from sim.measures import LABELS, Measure

if TYPE_CHECKING:
    from rich.console import Group
    from rich.table import Table

#: Points shown in a table; of more, those that differ most from the base.
ROWS = 15

#: Errors shown one by one.
ERRORS = 3


def page(folder: Path) -> Group:
    """The sweep in ``folder``, as far as it has got.

    Raises:
        InputError: it holds no sweep.
    """
    from rich.console import Group
    from rich.text import Text

    manifest, runs = read_manifest(folder), read_runs(folder)
    n_points, replications = manifest["n_points"], manifest["replications"]
    labels, references = labels_in(folder), references_in(folder)
    values = by_point(runs, n_points, replications)
    parts: list[Any] = [Text(_heading(folder, manifest, runs), style="bold")]
    for name in manifest["measures"]:
        i = runs.measures.index(name)
        found, difference = intervals(values[:, i]), intervals(values[:, i] - values[references, i])
        parts += [
            Text(f"\n{_title(LABELS[name])}"),
            _table(labels, references, found, difference, LABELS[name]),
        ]
    parts.append(
        Text(
            f"Differences are from {_from(references)}, within replications (same children, same luck). All "
            f"{len(runs.measures)} measures at every point are in statistics.csv. Intervals cover the luck of the "
            "simulation only."
        )
    )
    parts += _errors(runs)
    return Group(*parts)


def _heading(folder: Path, manifest: dict[str, Any], runs: Runs) -> str:
    total = manifest["n_points"] * manifest["replications"]
    failed = int(runs.failed.sum())
    state = "complete" if (folder / COMPLETE).exists() else f"{len(runs.point):,} of {total:,} runs done"
    title = f"{manifest['title']}. " if manifest.get("title") else ""
    return (
        f"{title}{manifest['design']}: {manifest['n_points']:,} points x {manifest['replications']:,} replications "
        f"(seed {manifest['seed']}); {state}; {failed:,} failed."
    )


def _title(measure: Measure) -> str:
    return measure.label if measure.unit in ("%", "£") else f"{measure.label} ({measure.unit})"


def _from(references: Sequence[int]) -> str:
    return (
        "point 0"
        if not any(references)
        else "the base with the same listed values (those of the bases: from point 0)"
    )


def _table(
    labels: list[str], references: list[int], found: Intervals, difference: Intervals, measure: Measure
) -> Table:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    table = Table(box=SIMPLE_HEAD, pad_edge=False, padding=(0, 1))
    for heading in ("No.", "Point", "Mean", "95 % interval", "Difference", "95 % interval", "In words"):
        side: Any = "left" if heading in ("Point", "In words") else "right"
        table.add_column(heading, justify=side, overflow="fold")
    order = _shown(difference.mean, references)
    for i in order:
        e = Estimate(*(getattr(difference, key)[i].item() for key in ("mean", "sd", "n", "low", "high")))
        low, high = measure.difference_text(e.low).removesuffix(" pp"), measure.difference_text(e.high)
        table.add_row(
            str(i),
            labels[i],
            measure.text(float(found.mean[i])),
            _interval(measure.text(float(found.low[i])), measure.text(float(found.high[i])), int(found.n[i])),
            measure.difference_text(e.mean) if i else "",
            _interval(low, high, e.n) if i else "",
            in_words(measure, float(found.mean[references[i]]), float(found.mean[i]), e) if i else "base",
        )
    if len(order) < len(labels):
        table.caption = f"The {ROWS} points that differ most from their base, of {len(labels):,} points"
    return table


def _shown(difference: np.ndarray, references: Sequence[int]) -> list[int]:
    """The bases and the points that differ most from theirs; all in order if they are few."""
    bases = sorted({0, *references})
    if len(difference) <= ROWS + len(bases):
        return list(range(len(difference)))
    size = np.nan_to_num(np.abs(difference), nan=-1.0)
    size[bases] = -2.0
    return [*bases, *np.argsort(-size, kind="stable")[:ROWS].tolist()]


def _interval(low: str, high: str, n: int) -> str:
    return f"{low} to {high}" if n > 1 else "–"


def _errors(runs: Runs) -> list[Any]:
    from rich.text import Text

    failed = np.flatnonzero(runs.failed)
    lines = [
        f"Failed: point {runs.point[i]}, replication {runs.replication[i]} (seed {runs.seed[i]}): {runs.errors[i]}"
        for i in failed[:ERRORS]
    ]
    if len(failed) > ERRORS:
        lines.append(f"... and {len(failed) - ERRORS:,} more: column error of kpis.csv")
    return [Text("\n" + "\n".join(lines))] if lines else []
