"""Design points from a file: a column for each key, a row for each point."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from experiments.composing.values import NotPlain, plain_value
from experiments.sweeps.factors import FIXED, Factor
from experiments.sweeps.settings import Settings

#: Problems of one file that are told; of more, how many.
TELL = 20


def rows_of_file(
    settings: Settings | None,
    factors: Sequence[Factor],
    groups: Mapping[str, Sequence[str]],
    problems: list[str],
) -> list[dict[str, Any]]:
    """Points of a list: one row each, values as they would be typed."""
    if settings is None or settings.design != "list" or settings.file is None:
        return []
    path = Path(settings.file).expanduser()
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            lines = list(csv.reader(file))
    except (OSError, UnicodeDecodeError, csv.Error) as e:
        reason = getattr(e, "strerror", None) or str(e)
        problems.append(f"file={settings.file}: cannot be read: {reason[:1].lower()}{reason[1:]}")
        return []
    heading = [name.strip() for name in lines[0]] if lines else []
    wrong = [f"column '{name}' is missing" for name in settings.columns if name not in heading]
    wrong += [
        f"column '{name}' is there more than once"
        for name in dict.fromkeys(heading)
        if heading.count(name) > 1
    ]
    wrong += [f"column {i} has no name" for i, name in enumerate(heading, start=1) if not name]
    wrong += [f"column '{k}' cannot be varied within a sweep: {FIXED[k]}" for k in heading if k in FIXED]
    wrong += [f"column '{f.key}' is also varied in the command" for f in factors if f.key in heading]
    rows: list[dict[str, Any]] = []
    for number, cells in enumerate(lines[1:], start=2):
        if not any(cell.strip() for cell in cells):
            continue
        if len(cells) != len(heading):
            wrong.append(f"row {number} has {len(cells)} cells, the heading has {len(heading)}")
            continue
        empty = [name for name, cell in zip(heading, cells, strict=True) if not cell.strip()]
        wrong += [f"row {number}, column '{name}' is empty" for name in empty]
        row = {name: _cell(cell.strip()) for name, cell in zip(heading, cells, strict=True)}
        for key in set(heading) & set(groups):
            if str(row[key]) not in groups[key]:
                wrong.append(
                    f"row {number}, column '{key}': {row[key]!r} is no such choice; available: {', '.join(groups[key])}"
                )
        rows.append(row)
    if not rows and not wrong:
        wrong.append("has no rows under its heading")
    problems += [f"file={settings.file}: {sentence}" for sentence in wrong[:TELL]]
    if len(wrong) > TELL:
        problems.append(f"file={settings.file}: and {len(wrong) - TELL} more problems")
    return rows


def _cell(text: str) -> Any:
    try:
        return plain_value(text)
    except NotPlain:
        return text
