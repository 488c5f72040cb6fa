"""The tables of a change as ``opendoor compare`` writes them, for the pages that show ways to change: read from its
folder, or worked out from a background run as far as it has come."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dashboards.study import Study
from experiments.change import UNDEFINED, are_ways_to_change
from experiments.change_page import cell
from sim.errors import InputError
from sim.measures.change import MEASURES
from sim.transition import NoChange

if TYPE_CHECKING:
    import pandas as pd

COMMAND = "opendoor compare transition=none,big_bang,phased,parallel"
NEEDED = {
    "change": ("reference", "plan", "measure", "mean", "low", "high", "n", "replications", "in_words"),
    "change_by_week": ("plan", "measure", "week", "reference_mean", "plan_mean", "difference", "low", "high"),
    "change_by_group": ("plan", "grouping", "group", "measure", "mean", "low", "high", "n"),
}


def lacking(study: Study) -> list[str]:
    """What to do if these results say nothing about ways to change; empty if they do."""
    if study.folder is not None and all((study.folder / f"{name}.parquet").is_file() for name in NEEDED):
        return []
    if study.folder is None and are_ways_to_change(study.configs):
        return []
    return [
        f"{study.title} holds no ways to change: both systems have been in place from the start. This page shows "
        "getting from one to the other.",
        f"Run {COMMAND} (with area=example_small for a quick look) and open the folder it names with "
        "opendoor dashboard FOLDER, or choose ways to change under What if.",
    ]


def change_table(study: Study, name: str) -> pd.DataFrame:
    """One of the tables of :data:`NEEDED`.

    Raises:
        InputError: it is not there, cannot be read, or lacks a column.
    """
    if problems := lacking(study):
        raise InputError(problems)
    if study.folder is None:
        if not study.change_tables:
            raise InputError(
                "The first simulations are still going on; numbers appear here as soon as they are done."
            )
        return study.change_tables[name]
    file = study.folder / f"{name}.parquet"
    try:
        frame = _read(file, file.stat().st_mtime_ns)
    except (OSError, ValueError) as e:
        raise InputError(f"{file}: cannot be read: {' '.join(str(e).split())}") from None
    if missing := [column for column in NEEDED[name] if column not in frame]:
        raise InputError(
            f"{file}: columns are missing ({', '.join(missing)}); run its command again (it stands in provenance.json)"
        )
    return frame


@lru_cache(maxsize=24)
def _read(file: Path, changed: int) -> pd.DataFrame:
    """A table, read once as long as its file is not written anew; whoever uses it leaves it as it is."""
    import pandas as pd

    return pd.read_parquet(file)


def plan_titles(study: Study) -> dict[str, str]:
    """Names of the plans for a legend, what they are set against first."""
    stays = [name for name, config in study.configs.items() if isinstance(config.transition, NoChange)]
    return {
        name: "stay put" if [name] == stays else study.system_title(name).replace("_", " ")
        for name in study.configs
    }


def told(row: dict[Any, Any]) -> str:
    """A row of the table ``change`` as the command tells it: the mean, and in brackets its interval."""
    first, *rest = cell(MEASURES[row["measure"]], row).split("\n")
    return f"{first} ({', '.join(rest)})" if rest else first


def sentence(study: Study, measure: str, frame: pd.DataFrame, label: str = "", verdict: bool = False) -> str:
    """One measure under every plan, in a line; ``label`` in place of its own; ``verdict``: with better or worse."""
    rows = frame[frame["measure"] == measure].to_dict("records")
    titles, m = plan_titles(study), MEASURES[measure]
    label = label or m.label.removeprefix("... ")
    label = f"{label[:1].upper()}{label[1:]}"
    if m.unit not in ("%", "£", "pp", "week"):
        label += f" ({m.unit})"
    found = [
        f"{titles[row['plan']]} {told(row)}" + (f", {row['in_words']}" if verdict else "") for row in rows
    ]
    return f"{label}: {'; '.join(found)}."


def as_table(study: Study, frame: pd.DataFrame, measures: list[str]) -> pd.DataFrame:
    """Rows of the table ``change`` with headings for people; numbers in the unit shown."""
    titles = plan_titles(study)
    rows = frame[frame["measure"].isin(measures)].copy()
    rows["plan"] = rows["plan"].map(titles)
    scale = rows["measure"].map({name: m.scale for name, m in MEASURES.items()})
    for column in ("mean", "low", "high"):
        rows[column] = rows[column] * scale
    rows["unit"] = rows["measure"].map({name: m.unit for name, m in MEASURES.items()})
    words = rows["in_words"].where(
        ~(rows["n"].eq(0) & rows["measure"].isin(UNDEFINED)), rows["measure"].map(UNDEFINED)
    )
    rows["in_words"] = words
    out = rows[["plan", "label", "unit", "mean", "low", "high", "n", "replications", "in_words"]]
    out.columns = [
        "Way to change",
        "Measure",
        "Unit",
        "Mean",
        "Low (95 %)",
        "High (95 %)",
        "Replications with it",
        "Replications",
        "In words",
    ]
    return out.reset_index(drop=True)
