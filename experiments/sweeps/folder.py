"""The folder of a sweep: what it is, what has been done, and, when all of it is done, the results.

::

    sweep.yaml         the design, the factors and every number of the configuration: what the sweep is
    points.*           one row per design point: the values of the factors; point 0 is the base
    runs.sqlite        one line per run that has ended (written as it ends)
    provenance.json    command, versions, when
    dictionary.*       what each column of the run tables means
    traces/part-*      every run week by week, unless the sweep was told not to keep that (:mod:`experiments.sweeps.traces`)
    statistics.*       mean and 95 % interval of each measure at each point, and the difference from the base
    kpis.*             headline measures of every run; written last: its presence means the sweep is complete

The folder appears at once and whole when the sweep begins. A later command goes on in it if it asks for the same
sweep of the same model, and is refused, with the reason, if it does not.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from experiments.results.output import put_in_place, replaced, results_folder, write_frame, write_json
from experiments.sweeps.ledger import Runs, new_ledger
from experiments.sweeps.plan import Plan
from sim.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

MANIFEST = "sweep.yaml"
COMPLETE = "kpis.parquet"

#: Differences between two sweeps that are told one by one; of more, how many.
TELL = 5


def begin(path: Path, plan: Plan, measures: tuple[str, ...], facts: Mapping[str, Any]) -> None:
    """Make the folder of a new sweep.

    Raises:
        InputError: it cannot be made.
    """
    from sim.dictionary import dictionary_frame

    with results_folder(path) as folder:
        _write_manifest(folder, plan)
        write_frame(points_frame(plan), folder / "points")
        write_frame(dictionary_frame(), folder / "dictionary")
        write_json(facts, folder / "provenance.json")
        new_ledger(folder, measures, plan.hash)


def read_manifest(folder: Path) -> dict[str, Any]:
    """What stands in ``sweep.yaml``.

    Raises:
        InputError: the folder holds no sweep, or its manifest cannot be read.
    """
    import yaml

    path = folder / MANIFEST
    try:
        found = yaml.load(path.read_text(encoding="utf-8"), getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except FileNotFoundError:
        if not folder.exists():
            raise InputError(f"{folder}: there is no such folder") from None
        raise InputError(f"{folder}: is not the folder of a sweep (it holds no {MANIFEST})") from None
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as e:
        raise InputError(f"{path}: cannot be read: {' '.join(str(e).split())}") from None
    if not isinstance(found, dict) or not isinstance(found.get("identity"), dict):
        raise InputError(f"{path}: is not the description of a sweep")
    return found


def resume(folder: Path, plan: Plan) -> None:
    """Make sure that the folder holds this very sweep; more replications than before are welcome.

    Raises:
        InputError: it is another sweep, or of another version of the model; what differs.
    """
    if not (folder / MANIFEST).exists():
        raise InputError(f"output {folder}: exists already and is not the folder of a sweep; choose another")
    found = read_manifest(folder)
    differences = list(_differences(found["identity"], plan.identity))
    if plan.replications < found["replications"]:
        differences.append(f"replications: {found['replications']} there, {plan.replications} asked for")
    if differences:
        more = [f"and {len(differences) - TELL} more differences"] if len(differences) > TELL else []
        raise InputError(
            [
                f"output {folder}: holds another sweep; choose another folder, or ask for what it holds",
                *(f"{folder}: {difference}" for difference in differences[:TELL] + more),
            ]
        )
    if plan.replications > found["replications"]:
        _write_manifest(folder, plan)


def _write_manifest(folder: Path, plan: Plan) -> None:
    import yaml

    settings = plan.settings.model_dump(mode="json", exclude={"factors", "time_limit"}, exclude_none=True)
    content = {
        **{k: v for k, v in settings.items() if k == "measures" or v not in ("", [])},
        "n_points": len(plan.points),
        "replications": plan.replications,
        "seed": plan.base.seed,
        "hash": plan.hash,
        "identity": plan.identity,
    }
    text = yaml.dump(
        content, Dumper=getattr(yaml, "CSafeDumper", yaml.SafeDumper), sort_keys=False, allow_unicode=True
    )
    head = "# What this sweep is. It is compared with what a later command asks for; do not edit.\n"
    with replaced(folder / MANIFEST) as path:
        path.write_text(head + text, encoding="utf-8")


def told_differences(first: Any, second: Any, key: str = "") -> Iterator[str]:
    """What differs between two structures that were asked for, as ``KEY: THIS in the first, THAT in the second``."""
    for text in _differences(first, second, key):
        told = text.replace(" there, ", " in the first, ").replace(" asked for", " in the second")
        yield told.replace("than the one that the runs there were made with", "in the second").replace(
            "there are others than those in the second", "are others"
        )


def _differences(there: Any, here: Any, key: str = "") -> Iterator[str]:
    """Sentences about what differs between two structures, in the words of the command line."""
    if isinstance(there, Mapping) and isinstance(here, Mapping):
        for name in dict.fromkeys([*there, *here]):
            inner = f"{key}.{name}".lstrip(".")
            yield from _differences(there.get(name), here.get(name), inner)
    elif (
        isinstance(there, list)
        and isinstance(here, list)
        and len(there) == len(here)
        and key == "configurations"
    ):
        for one, other in zip(there, here, strict=True):
            yield from _differences(one["choices"], other["choices"], "varied")
            yield from _differences(one["config"], other["config"])
    elif there != here:
        if key == "model.source":
            yield "the model itself is another version than the one that the runs there were made with"
        elif key == "points":
            yield "the design points there are others than those asked for"
        elif key == "configurations":
            yield "other files are varied there"
        else:
            yield f"{key}: {_short(there)} there, {_short(here)} asked for"


def _short(value: Any) -> str:
    text = "nothing" if value is None else str(value)
    return text if len(text) <= 60 else text[:57] + "..."


# ------------------------------------------------------------------------------------------------- tables


def points_frame(plan: Plan) -> pd.DataFrame:
    """One row per point: ``point``, ``label``, the ``reference`` it is set against, and each factor under its key
    (empty: as the configuration has it)."""
    import pandas as pd

    rows = [
        {"point": p.index, "label": p.label, "reference": p.reference, **dict(p.choices), **p.values}
        for p in plan.points
    ]
    keys = list(dict.fromkeys(key for row in rows for key in row))
    return pd.DataFrame({key: _column([row.get(key) for row in rows]) for key in keys})


def labels_in(folder: Path) -> list[str]:
    """What each point of a sweep is called."""
    return [str(label) for label in _points_column(folder, "label")]


def references_in(folder: Path) -> list[int]:
    """Which point each point of a sweep is set against."""
    return [int(index) for index in _points_column(folder, "reference")]


def _points_column(folder: Path, name: str) -> list[Any]:
    import pyarrow.parquet

    try:
        found: list[Any] = pyarrow.parquet.read_table(folder / "points.parquet", columns=[name])[
            name
        ].to_pylist()
    except (OSError, KeyError, ValueError) as e:
        raise InputError(f"{folder / 'points.parquet'}: cannot be read: {' '.join(str(e).split())}") from None
    return found


def _column(values: list[Any]) -> Any:
    """Numbers as numbers; anything mixed as text, since a column of a table has one type."""
    import pandas as pd

    kinds = {type(v) for v in values if v is not None}
    if kinds <= {int}:
        return pd.array(values, dtype="Int64")
    if kinds <= {int, float}:
        return [float("nan") if v is None else float(v) for v in values]
    return [None if v is None else str(v) for v in values]


def kpis_frame(runs: Runs) -> pd.DataFrame:
    """One row per run: ``point``, ``replication``, ``seed``, ``status``, ``error``, and each measure (empty where it
    is not defined, and all of them where the run failed)."""
    import pandas as pd

    head = {
        "point": runs.point,
        "replication": runs.replication,
        "seed": runs.seed,
        "status": ["failed" if error else "ok" for error in runs.errors],
        "error": pd.array(list(runs.errors), dtype="str"),
    }
    return pd.DataFrame({**head, **{name: runs.values[:, i] for i, name in enumerate(runs.measures)}})


def finish(folder: Path, tables: Mapping[str, pd.DataFrame], facts: Mapping[str, Any]) -> None:
    """Write the tables of a complete sweep; ``kpis`` comes last.

    Raises:
        InputError: they cannot be written.
    """
    from experiments.results.output import cannot_write
    from experiments.sweeps.traces import write_traces

    try:
        write_traces(folder)
        with replaced(folder / "provenance.json") as path:
            write_json(facts, path)
        for name in sorted(tables, key=lambda name: name == "kpis"):
            write_frame(tables[name], folder / f".{name}")
            put_in_place(folder, name)
    except OSError as e:
        raise cannot_write(folder, e, "runs that had ended are kept, and the same command goes on") from None


def unfinished(folder: Path) -> None:
    """Take away the sign that the sweep is complete, before more is done."""
    (folder / COMPLETE).unlink(missing_ok=True)


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Hold the folder while its sweep runs.

    Raises:
        InputError: another command is at work on it.
    """
    try:
        import fcntl
    except ImportError:
        yield
        return
    handle = os.open(folder, os.O_RDONLY)  # the folder itself: the files in it are replaced now and then
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise InputError(f"{folder}: another command is at work on this sweep") from None
        yield
    finally:
        os.close(handle)
