"""A comparison on one screen, for a therapy lead who has never seen one.

First what was simulated and how good the numbers behind it are, then a dozen measures (impact first, what speaks
against a system beside what speaks for it), then how to read them and what to bear in mind. Two systems stand side
by side with their difference; with three or more, each is set against the first, and then the others against each
other.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from experiments.comparing.comparison import pairs, too_few
from experiments.comparing.measures_table import BEYOND, BEYOND_NOTE, Shown, measures_table, shown_for
from experiments.screen import bullets
from experiments.words import cautions, caveats, heading, standing
from sim.measures import LABELS, Measure

if TYPE_CHECKING:
    import pandas as pd
    from rich.console import Group
    from rich.table import Table

    from sim.config import Config

#: Pairs side by side in one table, and pairs of other systems for which the short page has room.
ABREAST = 3

Rows = Mapping[tuple[str, str, str], Mapping[Any, Any]]
Systems = Sequence[str]


def page(
    area: str, frame: pd.DataFrame, configs: Mapping[str, Config], replications: int, everything: bool = False
) -> Group:
    """The comparison; with ``everything`` all headline measures and all pairs instead of what fits a screen.

    Args:
        frame: of :func:`experiments.comparing.comparison.comparison_frame`.
        replications: that every system completed.
    """
    from rich.console import Group
    from rich.text import Text

    shown = shown_for(next(iter(configs.values())), everything)
    systems = list(configs)
    rows = {(r["reference"], r["other"], r["measure"]): r for r in frame.to_dict("records")}
    parts: list[Any] = [
        Text(heading(area, configs, replications), style="bold"),
        Text(standing(configs)),
    ]
    if len(systems) == 2:
        parts.append(two_systems(frame, shown))
    else:
        parts.append(
            Text(
                f"\nEach against {systems[0]}: its own number (the difference), 95 % interval of the difference",
                style="bold",
            )
        )
        parts.append(_several(rows, systems, shown))
        parts += _the_others(rows, systems, shown, everything)
    parts.append(Text(legend(replications)))
    if any(_marked(row) for row in rows.values() if row["measure"] in shown.names):
        parts.append(Text(BEYOND_NOTE))
    parts += [
        Text("\nTo bear in mind", style="bold"),
        bullets(caveats(area, configs) if everything else cautions(configs)),
    ]
    more = "" if everything else "More measures: --all, or comparison.txt. "
    parts.append(Text(f"\n{more}All {len(LABELS)} measures of every pair: comparison.csv."))
    return Group(*parts)


def legend(replications: int) -> str:
    """How to read the table, in a line or two."""
    n = f"n = {replications:,} replications" if replications > 1 else "one replication (so no intervals)"
    return (
        "Better, worse: for children and families. More, less: neither is good in itself. More equal: the gap is nearer 0, "
        "whomever it favours. No clear difference: the "
        f"95 % interval includes 0. The same: equal as far as shown. All from {n} with the same children and luck, "
        "unless said otherwise."
    )


def two_systems(frame: pd.DataFrame, shown: Shown | None = None) -> Table:
    """One pair of systems: their means, the difference, its interval, and that in words."""
    reference, other = frame["reference"].iloc[0], frame["other"].iloc[0]
    rows = {row["measure"]: row for row in frame.to_dict("records")}

    def cells(name: str) -> tuple[str, ...]:
        measure, row = LABELS[name], rows[name]
        return (
            _mean(measure, row, "reference"),
            _mean(measure, row, "other"),
            measure.difference_text(row["difference"]),
            _interval(measure, row, say_whose=True),
            row["in_words"],
        )

    return measures_table(
        (f"{reference}>", f"{other}>", "Difference>", "95 % interval>", "In words"),
        {name: (row["reference_mean"], row["other_mean"]) for name, row in rows.items()},
        cells,
        shown,
    )


def _several(rows: Rows, systems: Systems, shown: Shown) -> Table:
    """The first system's mean, and for each other one its mean (and the difference), the interval and the words."""
    first, *others = systems

    def cells(name: str) -> list[str]:
        own = [rows[first, other, name] for other in others]
        measure = LABELS[name]
        told = ["\n".join([_with_difference(measure, row), *_rest(row)]) for row in own]
        return [_mean(measure, own[0], "reference"), *told]

    return measures_table(
        [f"{name}>" for name in systems],
        {
            name: (
                rows[first, others[0], name]["reference_mean"],
                *(rows[first, other, name]["other_mean"] for other in others),
            )
            for name in LABELS
        },
        cells,
        shown,
    )


def _with_difference(measure: Measure, row: Mapping[Any, Any]) -> str:
    own = _mean(measure, row, "other")
    return f"{own} ({_bare(measure.difference_text(row['difference']))})" if row["n"] else own


def _the_others(rows: Rows, systems: Systems, shown: Shown, everything: bool) -> list[Any]:
    """The pairs without the first system."""
    from rich.text import Text

    found = pairs(systems[1:])
    if len(found) > ABREAST and not everything:
        return [Text(f"The other {len(found)} pairs: comparison.txt and comparison.csv.\n")]
    out: list[Any] = [Text("The others against each other: difference, 95 % interval", style="bold")]
    for at in range(0, len(found), ABREAST):
        out.append(_differences(rows, found[at : at + ABREAST], shown))
    return out


def _differences(rows: Rows, of: Sequence[tuple[str, str]], shown: Shown) -> Table:
    def cells(name: str) -> list[str]:
        own = [rows[reference, other, name] for reference, other in of]
        return ["\n".join([LABELS[name].difference_text(row["difference"]), *_rest(row)]) for row in own]

    means = {
        name: [rows[a, b, name][key] for a, b in of for key in ("reference_mean", "other_mean")]
        for name in LABELS
    }
    return measures_table([f"{b} against {a}>" for a, b in of], means, cells, shown)


def _rest(row: Mapping[Any, Any]) -> list[str]:
    """Interval and words, each on a line of its own; only the words where there is no interval."""
    interval = _interval(LABELS[row["measure"]], row, say_whose=False)
    return [row["in_words"]] if interval == "–" else [interval, row["in_words"]]


def _bare(difference: str) -> str:
    """Without the unit, which the number beside it has."""
    return difference.replace(" pp", "")


def _mean(measure: Measure, row: Mapping[Any, Any], which: str) -> str:
    """A mean, and in how many replications it is defined if not in all."""
    text, n, total = measure.text(row[f"{which}_mean"]), row[f"{which}_n"], row["replications"]
    return text if n in (0, total) else f"{text} (in {n} of {total})"


def _interval(measure: Measure, row: Mapping[Any, Any], say_whose: bool) -> str:
    """The interval of the difference; where only one system has a mean, that of the mean.

    None is shown where fewer than half of the replications have a value: theirs would be of other cases only.
    """
    if row["n"] == 0:
        for which in ("reference", "other"):
            if too_few(row[f"{which}_n"], row["replications"]):
                continue
            low, high = measure.text(row[f"{which}_low"]), measure.text(row[f"{which}_high"])
            return f"{row[which]}: {low} to {high}" if say_whose else f"{low} to {high}"
        return "–"
    if too_few(row["n"], row["replications"]):
        return "–"
    low, high = measure.difference_text(row["low"]), measure.difference_text(row["high"])
    few = "" if row["n"] == row["replications"] else f" (n = {row['n']})"
    return f"{_bare(low)} to {_bare(high)}{BEYOND if _marked(row) else ''}{few}"


def _marked(row: Mapping[Any, Any]) -> bool:
    return bool(row["beyond_possible"]) and not too_few(row["n"], row["replications"])
