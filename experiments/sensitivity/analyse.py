"""What a sweep has to say, by its design: effects, sensitivity, or what is uncertain and worth finding out.

``opendoor analyse FOLDER`` looks at how the points of the sweep were chosen, does the analysis that this design is for,
prints it with its answer in words, and keeps it as tables beside the sweep.

============== ==================================================================================
factorial      what each part of a change does, and what they do together
morris         which factors matter at all (screening)
saltelli       how much of the spread each factor is behind (Sobol's indices)
one_at_a_time  tornado: how far each number moves the answer within its range
psa            probability that each plan is best; what better information is worth
grid           with two factors and several plans: a map of the plan preferred
============== ==================================================================================
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from experiments.results.output import cannot_write, put_in_place, replaced, write_frame
from experiments.screen import as_text, show
from experiments.sensitivity.preference import known
from experiments.sweeps.folder import alone
from experiments.sweeps.stored import Stored, stored_sweep
from sim.errors import InputError, Problems

if TYPE_CHECKING:
    import pandas as pd

#: Rows of a table shown on the screen; all are in the file.
ROWS = 20


@dataclass(frozen=True)
class Analysis:
    """Tables by name (the files they are kept in), which columns of the first to show, and the answer in words."""

    tables: Mapping[str, pd.DataFrame]
    shown: Sequence[str]
    words: Sequence[str]


def run(folders: Sequence[str], words: Mapping[str, str] | None = None, without_failed: bool = False) -> int:
    """The command.

    Raises:
        InputError: not one folder, no sweep in it, an unknown measure, or an analysis that its runs do not allow.
    """
    if len(folders) != 1:
        raise InputError(f"opendoor analyse takes one folder, found {len(folders)}")
    stored = stored_sweep(Path(folders[0]).expanduser(), without_failed)
    wanted = [name.strip() for name in (words or {}).get("measure", "").split(",") if name.strip()]
    measures = wanted or list(stored.manifest["measures"])
    problems = Problems()
    for name in measures:
        with problems:
            known(name)
    problems.tell()
    found = analyse(stored, measures)
    with alone(stored.folder):
        keep(stored.folder, found)
    show(page(found))
    print(f"\nTables: {', '.join(f'{name}.csv' for name in found.tables)} in {stored.folder}")
    return 0


def analyse(stored: Stored, measures: Sequence[str]) -> Analysis:
    """The analysis that the sweep's design is for, of each measure.

    Raises:
        InputError: there is none for this design, or its runs do not allow it.
    """
    if stored.design not in BY_DESIGN:
        raise InputError(
            f"{stored.folder}: there is no analysis of design={stored.design}; there is one of {', '.join(BY_DESIGN)}"
        )
    return BY_DESIGN[stored.design](stored, measures)


def keep(folder: Path, found: Analysis) -> None:
    """Write the tables and the words beside the sweep, in place of those of an earlier analysis.

    Raises:
        InputError: they cannot be written.
    """
    try:
        for name, frame in found.tables.items():
            write_frame(frame, folder / f".{name}")
            put_in_place(folder, name)
        with replaced(folder / "analysis.txt") as path:
            path.write_text(as_text(page(found)), encoding="utf-8")
    except OSError as e:
        raise cannot_write(folder, e) from None


def page(found: Analysis) -> Any:
    """The first table, as much of it as fits, and the answer in words."""
    from rich.box import SIMPLE_HEAD
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    frame = next(iter(found.tables.values()))
    parts: list[Any] = []
    for keys, part in frame.groupby([c for c in ("measure", "plan", "output") if c in frame], sort=False):
        parts.append(Text("\n" + ", ".join(str(key) for key in keys), style="bold"))
        table = Table(box=SIMPLE_HEAD, pad_edge=False, padding=(0, 1))
        for column in found.shown:
            table.add_column(column.replace("_", " "), overflow="fold")
        for row in part.head(ROWS).to_dict("records"):
            table.add_row(*(_cell(row[column]) for column in found.shown))
        if len(part) > ROWS:
            table.caption = f"The first {ROWS} of {len(part):,} rows"
        parts.append(table)
    return Group(*parts, Text("\n" + "\n".join(f"- {line}" for line in found.words)))


def _cell(value: Any) -> str:
    if isinstance(value, float):
        return "–" if value != value else f"{value:.4g}"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)


def _each(
    stored: Stored,
    measures: Sequence[str],
    frame_of: Callable[[Stored, str], pd.DataFrame],
    words_of: Callable[[pd.DataFrame, str], list[str]],
) -> tuple[pd.DataFrame, list[str]]:
    """One table of all measures, and the words about each plan or output of each."""
    import pandas as pd

    frames, words = [], []
    for measure in measures:
        frame = frame_of(stored, measure)
        frames.append(frame)
        by = next(c for c in ("plan", "output", "measure") if c in frame)
        for name, part in frame.groupby(by, sort=False):
            lines = words_of(part, measure)
            words += lines if frame[by].nunique() == 1 else [f"{name}: {line}" for line in lines]
    return pd.concat(frames, ignore_index=True), words


def _factorial(stored: Stored, measures: Sequence[str]) -> Analysis:
    from experiments.sensitivity.factorial import effects_frame, in_words

    frame, words = _each(stored, measures, effects_frame, in_words)
    shown = ("kind", "what", "mean", "low", "high", "n", "includes_no_difference")
    return Analysis({"effects": frame}, shown, words)


def _morris(stored: Stored, measures: Sequence[str]) -> Analysis:
    from experiments.sensitivity.indices import screening_frame, screening_words

    frame, words = _each(stored, measures, screening_frame, screening_words)
    return Analysis({"screening": frame}, ("rank", "factor", "grade", "mu_star", "mu", "sigma"), words)


def _saltelli(stored: Stored, measures: Sequence[str]) -> Analysis:
    from experiments.sensitivity.indices import indices_frame, indices_words

    frame, words = _each(stored, measures, indices_frame, indices_words)
    shown = ("rank", "factor", "grade", "s1", "s1_low", "s1_high", "st", "st_low", "st_high")
    return Analysis({"indices": frame}, shown, words)


def _one_at_a_time(stored: Stored, measures: Sequence[str]) -> Analysis:
    from experiments.sensitivity.tornado import in_words, tornado_frame

    frame, words = _each(stored, measures, tornado_frame, in_words)
    shown = ("rank", "factor", "grade", "low_value", "at_low", "high_value", "at_high", "clear")
    return Analysis({"tornado": frame}, shown, words)


def _psa(stored: Stored, measures: Sequence[str]) -> Analysis:
    import pandas as pd

    from experiments.sensitivity.information import in_words, information_frame, plans_frame

    plans = [plans_frame(stored, measure) for measure in measures]
    information = [information_frame(stored, measure) for measure in measures]
    words = [
        line
        for one, other, measure in zip(plans, information, measures, strict=True)
        for line in in_words(one, other, measure)
    ]
    tables = {"information": pd.concat(information), "plans": pd.concat(plans)}
    shown = ("what", "factor", "grade", "value", "share_of_everything", "noise", "above_noise")
    return Analysis(tables, shown, words)


def _grid(stored: Stored, measures: Sequence[str]) -> Analysis:
    import pandas as pd

    from experiments.sensitivity.preference_map import in_words, map_frames

    found = [map_frames(stored, measure) for measure in measures]
    words = [
        line for (cells, _), measure in zip(found, measures, strict=True) for line in in_words(cells, measure)
    ]
    tables = {
        "map": pd.concat([cells for cells, _ in found]),
        "frontier": pd.concat([lines for _, lines in found]),
    }
    return Analysis(tables, ("x", "y", "preferred", "ahead", "low", "high", "clear"), words)


BY_DESIGN: dict[str, Callable[[Stored, Sequence[str]], Analysis]] = {
    "factorial": _factorial,
    "morris": _morris,
    "saltelli": _saltelli,
    "one_at_a_time": _one_at_a_time,
    "psa": _psa,
    "grid": _grid,
}
