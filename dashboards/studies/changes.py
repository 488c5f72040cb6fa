"""The tables of a change as ``opendoor compare`` wrote them, for the pages that show ways to change."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from dashboards.studies.study import Study
from experiments.comparing.change import UNDEFINED, by_group_frame, by_week_frame, change_frame
from experiments.comparing.change_page import cell
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

#: How they are made of ways to change that are being simulated.
FRAMES = {"change": change_frame, "change_by_week": by_week_frame, "change_by_group": by_group_frame}


def lacking(study: Study) -> list[str]:
    """What to do if these results say nothing about ways to change; empty if they do."""
    if study.changes is not None:
        return []
    if study.folder is not None and all((study.folder / f"{name}.parquet").is_file() for name in NEEDED):
        return []
    return [
        f"{study.title} holds no ways to change: both systems have been in place from the start. This page shows "
        "getting from one to the other.",
        f"Run {COMMAND} (with area=example_small for a quick look) and open the folder it names with "
        "opendoor dashboard FOLDER, or choose ways to change under What if.",
    ]


def change_table(study: Study, name: str) -> pd.DataFrame:
    """One of the tables of :data:`NEEDED`; not to be changed.

    Raises:
        InputError: it is not there, cannot be read, or lacks a column.
    """
    if problems := lacking(study):
        raise InputError(problems)
    if name not in study.tables_of_change:
        study.tables_of_change[name] = _made(study, name) if study.changes is not None else _read(study, name)
    return study.tables_of_change[name]


def _made(study: Study, name: str) -> pd.DataFrame:
    assert study.changes is not None
    if study.n == 0:
        raise InputError("No replication is finished yet; the numbers appear with the first one.")
    return FRAMES[name](study.changes)


def _read(study: Study, name: str) -> pd.DataFrame:
    import pandas as pd

    assert study.folder is not None
    file = study.folder / f"{name}.parquet"
    try:
        frame = pd.read_parquet(file)
    except (OSError, ValueError) as e:
        raise InputError(f"{file}: cannot be read: {' '.join(str(e).split())}") from None
    if missing := [column for column in NEEDED[name] if column not in frame]:
        raise InputError(
            f"{file}: columns are missing ({', '.join(missing)}); run its command again (it stands in provenance.json)"
        )
    return frame


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


def beside(study: Study, frame: pd.DataFrame, headings: Mapping[str, str]) -> pd.DataFrame:
    """A row for each way to change, a column for each measure of ``headings`` (its name -> what stands over it); every
    number as the command tells it, with its interval."""
    import pandas as pd

    rows = {(row["plan"], row["measure"]): row for row in frame.to_dict("records")}
    plans = dict.fromkeys(frame["plan"])
    titles = plan_titles(study)
    return pd.DataFrame(
        [
            (titles[plan], *(told(rows[plan, name]) if (plan, name) in rows else "–" for name in headings))
            for plan in plans
        ],
        columns=["Way to change", *headings.values()],
    )


def verdicts(study: Study, measure: str, frame: pd.DataFrame) -> str:
    """Which ways are better, which worse, and of which nothing is clear: one measure in the command's own words."""
    titles = plan_titles(study)
    found: dict[str, list[str]] = {}
    for row in frame[frame["measure"] == measure].to_dict("records"):
        found.setdefault(row["in_words"], []).append(titles[row["plan"]])
    label = MEASURES[measure].label.removeprefix("... ")
    told_of = "; ".join(f"{words} under {listed(plans)}" for words, plans in found.items())
    return f"{label[:1].upper()}{label[1:]}: {told_of}."


def listed(words: Sequence[str]) -> str:
    """``a, b and c``."""
    *most, last = words
    return f"{', '.join(most)} and {last}" if most else last


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
