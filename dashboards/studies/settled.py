"""Whether the waiting lists had settled when counting began: what the command warns of, said on the page as well."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dashboards.studies.study import Study
from experiments.certainty.spin_up import COLUMNS, settled_row
from experiments.comparing.compare import warnings_told_once

if TYPE_CHECKING:
    import pandas as pd


def warnings(study: Study) -> list[str]:
    """The warnings of the first replication, of several systems once and by their titles; none if all is well or nothing is
    at hand.

    Results in a folder say what ``opendoor compare`` wrote; of a run in the background it is worked out by the same rule.
    """
    import pandas as pd

    file = study.folder / "spin_up.parquet" if study.folder is not None else None
    if file is not None and file.is_file():
        try:
            return _told(study, pd.read_parquet(file, columns=["system", "in_words"]))
        except (OSError, ValueError, KeyError):
            return [f"{file}: cannot be read, so nothing is known about the history."]
    lists = study.views.get("lists")
    first = None if lists is None else lists[lists["replication"] == lists["replication"].min()]
    rows = [
        settled_row(name, first.loc[first["system"] == name, "every_list"].to_numpy(), config)
        for name, config in study.configs.items()
        if first is not None
    ]
    return _told(study, pd.DataFrame(rows, columns=COLUMNS))


def _told(study: Study, frame: pd.DataFrame) -> list[str]:
    out = []
    for text in warnings_told_once(frame):
        names, colon, words = text.partition(": ")
        known = [study.system_title(name) if name in study.configs else name for name in names.split(", ")]
        out.append(f"{', '.join(known)}{colon}{words}")
    return out
