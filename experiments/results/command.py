"""What earlier commands have left: which results folders there are, what is in one, its tables as files, and an end
to it.

A folder is taken for a results folder if it holds what our commands write (``provenance.json``, and either the
summary of a run or comparison or the book of a sweep). Only such a folder is deleted, and only if it holds nothing
that was put there by somebody else.
"""

from __future__ import annotations

import datetime as dt
import json
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from experiments.results.output import size_text
from experiments.results.folder import OURS, TABLES, Found, find, look
from sim.errors import InputError, Problems

if TYPE_CHECKING:
    import pandas as pd

#: Formats of a table, by ending; rows of a workbook's sheet.
ENDINGS = (".csv", ".parquet", ".xlsx")
WORKBOOK_ROWS = 1_048_576

#: The events of a system as process-mining tools read them, made when it is exported: ``SYSTEM/event_log``.
LOG = "event_log"


def run(subject: str, folders: Sequence[str], to: str | None, table: str | None, yes: bool) -> int:
    """The command.

    Raises:
        InputError: a folder that is not what is wanted, or options that do not fit.
    """
    problems = []
    if subject != "export" and table:
        problems.append("--table is for opendoor results export")
    if subject not in ("export", "compare") and to:
        problems.append("--to is for opendoor results export and compare")
    if subject != "delete" and yes:
        problems.append("--yes is for opendoor results delete")
    if subject in ("describe", "export") and len(folders) != 1:
        problems.append(f"opendoor results {subject} takes one folder, found {len(folders)}")
    if subject == "compare" and len(folders) != 2:
        problems.append(f"opendoor results compare takes two folders, found {len(folders)}")
    if subject == "delete" and not folders:
        problems.append("opendoor results delete takes the folders to delete, found none")
    if (subject == "export" or to) and (to is None or Path(to).suffix not in ENDINGS):
        problems.append(f"--to: needs a file that ends in {', '.join(ENDINGS)}, found {to or 'nothing'}")
    if subject == "list" and len(folders) > 1:
        problems.append(f"opendoor results list takes one folder, found {len(folders)}")
    if problems:
        raise InputError(problems)
    match subject:
        case "list":
            return _list(Path(folders[0] if folders else "results"))
        case "describe":
            return _describe(find(folders[0]))
        case "compare":
            return _compare(folders, to)
        case "export":
            return _export(find(folders[0]), Path(str(to)).expanduser(), table)
        case _:
            return _delete(folders, yes)


def _list(folder: Path) -> int:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    from experiments.screen import show

    if not folder.is_dir():
        raise InputError(f"{folder}: there is no such folder")
    found = [found for path in sorted(folder.iterdir()) if path.is_dir() and (found := look(path))]
    if not found:
        print(f"No results in {folder}")
        return 0
    table = Table(box=SIMPLE_HEAD, pad_edge=False, padding=(0, 1))
    for heading in ("Folder", "Begun", "State", "Size", "Command"):
        table.add_column(heading, overflow="fold", justify="right" if heading == "Size" else "left")
    for one in found:
        begun = str(one.facts.get("started", ""))[:16].replace("T", " ")
        table.add_row(str(one.path), begun, _state(one), size_text(one.path), " ".join(one.facts["command"]))
    show(table)
    return 0


def _state(found: Found) -> str:
    """How far it has got; of a damaged folder, that it is one: it can still be listed and deleted."""
    if found.kind == "run" or any((found.path / n).exists() for n in ("kpis.parquet", "answer.txt")):
        return "complete"
    from experiments.sweeps.ledger import read_runs
    from experiments.sweeps.folder import read_manifest

    try:
        done = len(read_runs(found.path).point)
        if found.kind == "search":
            return f"{done:,} runs so far"
        manifest = read_manifest(found.path)
        return f"{done:,} of {manifest['n_points'] * manifest['replications']:,} runs"
    except InputError:
        return "damaged"


def _describe(found: Found) -> int:
    from experiments.screen import show

    if found.kind == "sweep":
        from experiments.sweeps.page import page

        show(page(found.path))
    elif found.kind == "search":
        answer = found.path / "answer.txt"
        print(answer.read_text(encoding="utf-8") if answer.is_file() else _state(found), end="\n")
        from experiments.planning.evaluations import reasons
        from experiments.sweeps.ledger import read_runs

        for line in reasons(read_runs(found.path).errors):
            print(line)
    else:
        text = found.path / "comparison.txt"
        if text.is_file():
            print(text.read_text(encoding="utf-8"), end="")
        else:
            _describe_run(found)
    print(f"\nCommand: {' '.join(found.facts['command'])}")
    print(f"Begun:   {found.facts.get('started')}")
    print(
        f"Model:   {found.facts.get('source_revision') or 'opendoor ' + found.facts['packages']['opendoor']}"
    )
    return 0


def _describe_run(found: Found) -> None:
    from experiments.comparing.measures_table import measures_table
    from experiments.screen import show

    summary = json.loads((found.path / "summary.json").read_text(encoding="utf-8"))
    systems = summary["systems"]
    print(f"{', '.join(systems)}: {len(summary['replications'])} replications")

    def text(name: str) -> list[str]:
        from sim.measures import LABELS

        return [LABELS[name].text(_number(measures[name]["mean"])) for measures in systems.values()]

    from sim.measures import LABELS

    means = {name: [_number(m.get(name, {}).get("mean")) for m in systems.values()] for name in LABELS}
    show(measures_table([f"{name}>" for name in systems], means, text))


def _number(value: float | None) -> float:
    return float("nan") if value is None else float(value)


def _compare(folders: Sequence[str], to: str | None) -> int:
    from experiments.results.compare import comparison_frame, page
    from experiments.screen import show

    found: list[Found] = []
    problems = Problems()
    for folder in folders:
        with problems:
            found.append(find(folder))
    problems.tell()
    first, second = found
    frame = comparison_frame(first, second)
    show(page(first, second, frame))
    if to:
        print()
        _write_table(frame, Path(to).expanduser())
    return 0


def _export(found: Found, to: Path, table: str | None) -> int:
    name = table or TABLES[found.kind][0]
    full = _full_tables(found)
    if name not in (*TABLES[found.kind], *full):
        allowed = ", ".join((*TABLES[found.kind], *full))
        how = (
            "; events are kept by a run with event_log=true" if name.endswith(("/events", f"/{LOG}")) else ""
        )
        raise InputError(f"--table {name}: no such table; allowed are {allowed}{how}")
    if to.exists():
        raise InputError(f"--to {to}: exists already; nothing is overwritten")
    _write_table(_frame(found, name), to)
    return 0


def _write_table(frame: pd.DataFrame, to: Path) -> None:
    """One table as one file, in the format that its ending names.

    Raises:
        InputError: the file exists, cannot be written, or cannot hold so much.
    """
    if to.exists():
        raise InputError(f"--to {to}: exists already; nothing is overwritten")
    if to.suffix == ".xlsx" and len(frame) >= WORKBOOK_ROWS:
        raise InputError(
            f"--to {to}: {len(frame):,} rows and a heading; a workbook holds {WORKBOOK_ROWS:,}. Use .csv or .parquet"
        )
    try:
        if to.suffix == ".csv":
            frame.to_csv(to, index=False)
        elif to.suffix == ".xlsx":
            _write_workbook(frame, to)
        else:
            frame.to_parquet(to, index=False)
    except OSError as e:
        to.unlink(missing_ok=True)
        raise InputError(f"--to {to}: cannot be written: {e.strerror or e}") from None
    print(f"{len(frame):,} rows: {to}")


def _write_workbook(frame: pd.DataFrame, to: Path) -> None:
    """A workbook with one sheet. Text stays text, whatever it begins with; a seed is text, because a workbook keeps
    no more than 16 digits of a number."""
    import pandas as pd
    from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

    shown = frame.copy()
    for name in shown.columns:
        column = shown[name]
        if name == "seed":
            shown[name] = column.astype("str")
        elif not pd.api.types.is_numeric_dtype(column):
            plain = column.astype("object").where(column.notna(), None)
            shown[name] = plain.map(lambda v: ILLEGAL_CHARACTERS_RE.sub("", v) if isinstance(v, str) else v)
    with pd.ExcelWriter(to, engine="openpyxl") as book:
        shown.to_excel(book, index=False, sheet_name="OpenDoor", freeze_panes=(1, 0))
        for row in book.sheets["OpenDoor"].iter_rows():
            for cell in row:
                if cell.data_type == "f":
                    cell.data_type = "s"


def _full_tables(found: Found) -> dict[str, Path]:
    """The full tables of a run or comparison, as ``SYSTEM/TABLE``: those of the first replication."""
    if found.kind != "run":
        return {}
    kept = sorted((found.path / "runs").glob("*/replication-000/*.parquet"))
    tables = {f"{path.parent.parent.name}/{path.stem}": path for path in kept}
    logs = {f"{path.parent.parent.name}/{LOG}": path for path in kept if path.stem == "events"}
    return tables | logs


def _frame(found: Found, name: str) -> pd.DataFrame:
    """A table of a results folder; that of a sweep under way as far as it has got."""
    import pandas as pd

    if found.kind == "sweep" and name in ("kpis", "statistics"):
        from experiments.sweeps.ledger import read_runs
        from experiments.sweeps.folder import kpis_frame, read_manifest, references_in
        from experiments.sweeps.statistics import statistics_frame

        runs = read_runs(found.path)
        if name == "kpis":
            return kpis_frame(runs)
        manifest = read_manifest(found.path)
        return statistics_frame(runs, references_in(found.path), manifest["replications"])
    if found.kind == "sweep" and name == "traces":
        from experiments.sweeps.traces import traces_frame

        return traces_frame(found.path)
    path = _full_tables(found).get(name, found.path / f"{name}.parquet")
    if not path.is_file():
        raise InputError(f"--table {name}: {found.path} has no such table")
    if name.endswith(f"/{LOG}"):
        from sim.event_log import event_log

        config = found.facts["systems"][name.removesuffix(f"/{LOG}")]["config"]
        first_day = dt.date.fromisoformat(config["calendar"]["start"])
        return event_log(pd.read_parquet(path), pd.read_parquet(path.with_name("needs.parquet")), first_day)
    return pd.read_parquet(path)


def _delete(folders: Sequence[str], yes: bool) -> int:
    """All of them or, if one of them cannot be deleted, none."""
    problems = Problems()
    found: dict[Path, Found] = {}
    for folder in folders:
        with problems:
            one = find(folder)
            if problem := _why_not(one):
                raise InputError(problem)
            found[one.path.resolve()] = one
    problems.tell()
    for path, one in found.items():
        print(
            f"{one.path}: {' '.join(one.facts['command'])}, {_state(one)}, {size_text(path)}", file=sys.stderr
        )
    if not yes and not _agreed(len(found)):
        print("Nothing deleted.")
        return 0
    for path, one in found.items():
        # out of the way in one step: nobody meets half a folder
        gone = path.with_name(f".{path.name}.deleted")
        path.rename(gone)
        shutil.rmtree(gone)
        print(f"Deleted: {one.path}")
    return 0


def _why_not(found: Found) -> str | None:
    """Why a results folder is not deleted; None if it can be."""
    path = found.path
    if path.is_symlink():
        return f"{path}: is a link; delete the folder that it leads to"
    if Path.cwd().is_relative_to(path.resolve()):
        return f"{path}: the working directory is inside it"
    # the first part of a hidden name is empty: what a stopped command has left of a table
    strange = [
        p.name for p in sorted(path.iterdir()) if p.name.lstrip(".").split(".")[0] not in OURS[found.kind]
    ]
    if strange:
        return f"{path}: holds files that OpenDoor has not written: {', '.join(strange[:5])}; move them first"
    if found.kind in ("sweep", "search"):
        from experiments.sweeps.folder import alone

        try:
            with alone(path):
                return None
        except InputError as e:
            return e.problems[0]
    return None


def _agreed(count: int) -> bool:
    """Ask.

    Raises:
        InputError: there is nobody to ask.
    """
    if not sys.stdin.isatty():
        raise InputError("results delete: there is nobody to ask; add --yes to delete without asking")
    what = "this folder" if count == 1 else f"these {count} folders"
    return input(f"Delete {what} for good? Type yes: ").strip().lower() == "yes"
