"""An area as a folder of three files that a person can open and correct: children.csv, places.csv, area.yaml.

children.csv: locality, age, imd_quintile, children. places.csv: place_id, name, kind, locality, size,
imd_quintile, easting, northing. area.yaml: name, and for each field whether it is published, derived,
synthetic or assumed.
"""

from __future__ import annotations

import csv
import shutil
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from sim.area import KINDS, N_AGES, N_QUINTILES, PROVENANCE, Area
from sim.errors import InputError
from sim.importers.tables import Column, read_table

CHILDREN_COLUMNS = ("locality", "age", "imd_quintile", "children")
PLACES_COLUMNS = ("place_id", "name", "kind", "locality", "size", "imd_quintile", "easting", "northing")


def write_area_folder(area: Area, out_folder: str | Path, place_ids: Sequence[str] | None = None) -> Path:
    """Write the area to a new folder, whole or not at all, and return its path.

    ``place_ids``: one unique id per place (default 1, 2 ...). Raises InputError when the folder exists
    already or cannot be written.
    """
    out = Path(out_folder)
    if out.exists():
        raise InputError(f"{out}: exists already; choose another folder or delete it first")
    temporary: Path | None = None
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(prefix=f".{out.name}-", dir=out.parent))
        _write_csv(temporary / "children.csv", CHILDREN_COLUMNS, _children_rows(area))
        ids = [str(i + 1) for i in range(len(area.place_name))] if place_ids is None else place_ids
        _write_csv(temporary / "places.csv", PLACES_COLUMNS, _place_rows(area, ids))
        _write_yaml(temporary / "area.yaml", {"name": area.name, "provenance": area.provenance})
        temporary.chmod(0o755)  # mkdtemp makes folders that only their owner may read
        temporary.rename(out)
    except OSError as error:
        raise InputError(f"{out}: cannot be written: {error.strerror or error}") from error
    finally:
        if temporary is not None:
            shutil.rmtree(temporary, ignore_errors=True)
    return out


def _children_rows(area: Area) -> Iterable[tuple[Any, ...]]:
    for locality, age, quintile in np.argwhere(area.children):
        yield area.localities[locality], age, quintile + 1, area.children[locality, age, quintile]


def _place_rows(area: Area, ids: Sequence[str]) -> Iterable[tuple[Any, ...]]:
    for i, place_id in enumerate(ids):
        yield (
            place_id,
            area.place_name[i],
            KINDS[area.place_kind[i]],
            area.localities[area.place_locality[i]],
            _plain(area.place_size[i]),
            area.place_quintile[i] + 1,
            _plain(area.place_easting[i]),
            _plain(area.place_northing[i]),
        )


def _plain(number: np.float64) -> str:
    """A number without a trailing '.0', exact when read back."""
    return str(int(number)) if number == int(number) else repr(float(number))


def _write_csv(path: Path, columns: Sequence[str], rows: Iterable[tuple[Any, ...]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(rows)


def _write_yaml(path: Path, content: dict[str, Any]) -> None:
    import yaml

    path.write_text(yaml.safe_dump(content, allow_unicode=True, sort_keys=False, width=110), encoding="utf-8")


def read_area_folder(folder: str | Path) -> Area:
    """The area in a folder written by :func:`write_area_folder` (and perhaps corrected by hand).

    Localities are in the order in which children.csv names them. Raises InputError with the problems of all
    three files; what makes a well-formed area unusable is left to ``sim.area.build_area``.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise InputError(f"{folder}: no such folder; 'opendoor area build' writes one")
    problems: list[str] = []
    parts: list[Any] = []
    for read in (_read_yaml, _read_children, _read_places):
        try:
            parts.append(read(folder))
        except InputError as error:
            problems += error.problems
    if problems:
        raise InputError(problems)
    (name, provenance), people, places = parts
    localities = tuple(dict.fromkeys(people["locality"]))
    index = {locality: i for i, locality in enumerate(localities)}
    strangers = sorted(set(places["locality"]) - set(index))
    repeats = people.duplicated(["locality", "age", "imd_quintile"])
    problems += [
        f"{folder / 'places.csv'}: locality {s!r} has no children in children.csv" for s in strangers
    ]
    if repeats.any():
        row = people[repeats].iloc[0]
        problems.append(
            f"{folder / 'children.csv'}: locality {row['locality']!r}, age {row['age']}, imd_quintile "
            f"{row['imd_quintile']} is given twice ({int(repeats.sum()):,} repeats in all)"
        )
    if problems:
        raise InputError(problems)
    children = np.zeros((len(localities), N_AGES, N_QUINTILES), dtype=np.int64)
    children[people["locality"].map(index), people["age"], people["imd_quintile"] - 1] = people["children"]
    return Area(
        name=name,
        localities=localities,
        children=children,
        place_name=tuple(places["name"]),
        place_kind=places["kind"].map({kind: i for i, kind in enumerate(KINDS)}).to_numpy(dtype=np.int8),
        place_locality=places["locality"].map(index).to_numpy(dtype=np.int32),
        place_size=places["size"].to_numpy(dtype=np.float64),
        place_quintile=(places["imd_quintile"] - 1).to_numpy(dtype=np.int8),
        place_easting=places["easting"].to_numpy(dtype=np.float64),
        place_northing=places["northing"].to_numpy(dtype=np.float64),
        provenance=provenance,
    )


def _read_children(folder: Path) -> Any:
    return read_table(
        folder / "children.csv",
        [
            Column("locality"),
            Column("age", "integer", low=0, high=N_AGES - 1),
            Column("imd_quintile", "integer", low=1, high=N_QUINTILES),
            Column("children", "integer", low=0),
        ],
    )


def _read_places(folder: Path) -> Any:
    return read_table(
        folder / "places.csv",
        [
            Column("place_id", unique=True),
            Column("name"),
            Column("kind", allowed=KINDS),
            Column("locality"),
            Column("size", "number", low=0),
            Column("imd_quintile", "integer", low=1, high=N_QUINTILES),
            Column("easting", "number"),
            Column("northing", "number"),
        ],
        exempt=("name",),
    )


def _read_yaml(folder: Path) -> tuple[str, dict[str, str]]:
    import yaml

    path = folder / "area.yaml"
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise InputError(f"{path}: cannot be read: {' '.join(str(error).split())}") from error
    if not isinstance(content, dict) or set(content) != {"name", "provenance"}:
        found = ", ".join(map(str, content)) if isinstance(content, dict) else type(content).__name__
        raise InputError(f"{path}: must hold the keys name and provenance and no others; found {found}")
    name, provenance = content["name"], content["provenance"]
    problems = []
    if not isinstance(name, str) or not name:
        problems.append(f"{path}, name: found {name!r}; allowed: some text")
    if not isinstance(provenance, dict):
        problems.append(f"{path}, provenance: must be a mapping from fields to text")
    else:
        problems += [
            f"{path}, provenance.{key}: found {text!r}; allowed: text opening with one of "
            + ", ".join(PROVENANCE)
            for key, text in provenance.items()
            if str(text).split(":")[0] not in PROVENANCE
        ]
    if problems:
        raise InputError(problems)
    return name, provenance
