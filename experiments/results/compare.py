"""Two folders of results side by side: what differs in what was asked, and what differs in what came out.

Runs with the same seed met the same children with the same luck, so the difference is taken seed by seed, and the
luck that both share drops out. What is compared with what follows from the names: points of two sweeps that set the
same values, systems of two runs or comparisons; if each folder holds one thing only, these two.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from experiments.comparing.comparison import in_words
from experiments.results.folder import Found
from experiments.certainty.statistics import Estimate, estimate, paired_difference
from sim.errors import InputError
from sim.measures import LABELS

if TYPE_CHECKING:
    import pandas as pd
    from rich.console import Group

#: Rows shown of many; differences in the configuration told.
ROWS, TELL = 15, 8


@dataclass(frozen=True)
class Item:
    """A point or a system: the measures of its runs that went well, by seed; each row in the order of ``names``."""

    label: str
    names: tuple[str, ...]
    by_seed: Mapping[int, np.ndarray]


def items_in(found: Found) -> list[Item]:
    """What a folder holds."""
    return list(_points(found) if found.kind == "sweep" else _systems(found))


def _points(found: Found) -> Iterator[Item]:
    from experiments.sweeps.ledger import read_runs
    from experiments.sweeps.folder import labels_in

    runs = read_runs(found.path)
    good = ~runs.failed
    for index, label in enumerate(labels_in(found.path)):
        rows = np.flatnonzero(good & (runs.point == index))
        yield Item(label, runs.measures, {int(runs.seed[i]): runs.values[i] for i in rows})


def _systems(found: Found) -> Iterator[Item]:
    import pandas as pd

    frame = pd.read_parquet(found.path / "summaries.parquet")
    names = tuple(name for name in frame.columns if name in LABELS)
    seeds = found.facts["replication_seeds"]
    for system, part in frame.groupby("system", sort=False):
        values = part[list(names)].to_numpy(dtype=np.float64)
        yield Item(str(system), names, dict(zip(map(int, seeds), values, strict=True)))


def pairs(one: Sequence[Item], other: Sequence[Item]) -> list[tuple[Item, Item]]:
    """What is set against what: one thing each, or the same names."""
    if len(one) == len(other) == 1:
        return [(one[0], other[0])]
    known = {item.label: item for item in other}
    return [(item, known[item.label]) for item in one if item.label in known]


def comparison_frame(found: Found, other: Found) -> pd.DataFrame:
    """One row per pair and measure: ``item``, ``measure``, ``label``, ``unit``, both means (over the seeds that both
    have), the paired difference (second less first), its 95 % interval ``low`` to ``high``, the number of seeds
    ``n``, ``includes_no_difference`` and ``in_words``.

    Raises:
        InputError: nothing in the two folders has the same name, or the same seed.
    """
    import pandas as pd

    for one in (found, other):
        if one.kind == "search":
            raise InputError(
                f"{one.path}: holds a search, whose points nobody chose; compare sweeps, runs or comparisons"
            )
    matched = pairs(items_in(found), items_in(other))
    if not matched:
        raise InputError(
            f"{found.path} and {other.path}: nothing in them has the same name, so there is nothing to compare"
        )
    rows: list[dict[str, Any]] = []
    for a, b in matched:
        seeds = [seed for seed in a.by_seed if seed in b.by_seed]
        for name in (name for name in a.names if name in b.names):
            i, j = a.names.index(name), b.names.index(name)
            before = np.array([a.by_seed[seed][i] for seed in seeds])
            after = np.array([b.by_seed[seed][j] for seed in seeds])
            difference = paired_difference(before, after)
            means = estimate(before).mean, estimate(after).mean
            rows.append(
                {
                    "item": a.label if a.label == b.label else f"{a.label} / {b.label}",
                    "measure": name,
                    "label": LABELS[name].label,
                    "unit": LABELS[name].stored_unit,
                    "first_mean": means[0],
                    "second_mean": means[1],
                    "difference": difference.mean,
                    "low": difference.low,
                    "high": difference.high,
                    "n": difference.n,
                    "includes_no_difference": difference.includes_zero,
                    "in_words": in_words(LABELS[name], *means, difference, (a.label, b.label)),
                }
            )
    if not any(set(a.by_seed) & set(b.by_seed) for a, b in matched):
        raise InputError(
            f"{found.path} and {other.path}: no run in one has the seed of a run in the other, so nothing is paired; "
            "simulate both with the same seed"
        )
    return pd.DataFrame(rows)


def page(found: Found, other: Found, frame: pd.DataFrame) -> Group:
    """The comparison on one screen."""
    from rich.console import Group
    from rich.text import Text

    from experiments.screen import bullets

    parts: list[Any] = [Text(f"{other.path} against {found.path}", style="bold")]
    told = list(differences(found, other))
    more = [f"and {len(told) - TELL} more"] if len(told) > TELL else []
    parts.append(Text("What was asked differs in:" if told else "What was asked is the same."))
    parts.append(bullets(told[:TELL] + more))
    items = list(dict.fromkeys(frame["item"]))
    parts += [_full_table(frame)] if len(items) == 1 else _tables(found, frame, len(items))
    least, most = frame["n"].min(), frame["n"].max()
    parts.append(
        Text(
            "\nDifferences are second less first, seed by seed (same luck; the same children too if area and needs are "
            f"the same), with 95 % intervals over {_number_of_seeds(int(least), int(most))} in both. They cover the "
            "luck of the simulation only, for each number by itself."
        )
    )
    return Group(*parts)


def _number_of_seeds(least: int, most: int) -> str:
    return f"the {most} seeds" if least == most else f"the up to {most} seeds"


def _full_table(frame: pd.DataFrame) -> Any:
    from experiments.comparing.measures_table import measures_table

    rows = {row["measure"]: row for row in frame.to_dict("records")}
    undefined = {"first_mean": np.nan, "second_mean": np.nan}
    return measures_table(
        ("First>", "Second>", "Difference>", "95 % interval>", "In words"),
        {n: [float(rows.get(n, undefined)[f"{w}_mean"]) for w in ("first", "second")] for n in LABELS},
        lambda name: _cells(name, rows[name]),
    )


def _tables(found: Found, frame: pd.DataFrame, n_items: int) -> list[Any]:
    """A table for each of the sweep's own measures; of many points those that differ most."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    shown = ["impact_mean_change_points", "first_useful_within_18_weeks_all_needs_share"]
    if found.kind == "sweep":
        from experiments.sweeps.folder import read_manifest

        shown = read_manifest(found.path)["measures"]
    out: list[Any] = []
    for name in shown:
        part = frame[frame["measure"] == name]
        if n_items > ROWS:
            part = part.loc[part["difference"].abs().sort_values(ascending=False, kind="stable").index[:ROWS]]
        table = Table(box=SIMPLE_HEAD, pad_edge=False, padding=(0, 1))
        for heading in ("Point or system", "First>", "Second>", "Difference>", "95 % interval>", "In words"):
            side: Any = "right" if heading.endswith(">") else "left"
            table.add_column(heading.removesuffix(">"), justify=side, overflow="fold")
        for row in part.to_dict("records"):
            table.add_row(row["item"], *_cells(name, row))
        if n_items > ROWS:
            table.caption = f"The {ROWS} that differ most, of {n_items:,}"
        out += [Text(f"\n{LABELS[name].label}"), table]
    return out


def _cells(name: str, row: Mapping[Any, Any]) -> tuple[str, ...]:
    measure = LABELS[name]
    e = Estimate(row["difference"], np.nan, row["n"], row["low"], row["high"])
    low, high = measure.difference_text(e.low).removesuffix(" pp"), measure.difference_text(e.high)
    return (
        measure.text(row["first_mean"]),
        measure.text(row["second_mean"]),
        measure.difference_text(e.mean),
        f"{low} to {high}" if e.n > 1 else "–",
        row["in_words"],
    )


def differences(found: Found, other: Found) -> Iterator[str]:
    """Sentences about what was asked for in two folders and is not the same."""
    from experiments.sweeps.folder import read_manifest, told_differences

    if found.kind == other.kind == "sweep":
        one, two = read_manifest(found.path), read_manifest(other.path)
        yield from told_differences(one["identity"], two["identity"])
        keys: tuple[str, ...] = ("replications",)
    else:
        one, two = found.facts, other.facts
        systems = one.get("systems", {}), two.get("systems", {})
        if all(len(s) == 1 for s in systems):
            (a,), (b,) = (list(s.values()) for s in systems)
            yield from told_differences(a["config"], b["config"])
        else:
            for name in dict.fromkeys([*systems[0], *systems[1]]):
                if name in systems[0] and name in systems[1]:
                    a, b = systems[0][name]["config"], systems[1][name]["config"]
                    for text in told_differences(a, b):
                        yield f"{name}: {text}"
                else:
                    yield f"{name}: only in the {'first' if name in systems[0] else 'second'}"
        keys = ("source_revision", "packages")
    for key in keys:
        yield from told_differences(one.get(key), two.get(key), key)
