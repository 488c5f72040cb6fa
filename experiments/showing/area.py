"""``opendoor area build``: an area with its real schools and small areas, from files the user holds."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING

from experiments.composing.values import NotPlain, plain_value
from sim.errors import InputError

if TYPE_CHECKING:
    from rich.console import Group

    from sim.area import Area


def run(
    subject: str,
    name: str | None = None,
    population: str | None = None,
    deprivation: str | None = None,
    schools: str | None = None,
    settings: str | None = None,
    lookup: str | None = None,
    localities: str | None = None,
    output: str | None = None,
) -> int:
    """The command; ``subject`` is always ``build``.

    Raises:
        InputError: a file or option that is missing or cannot be used; all problems at once.
    """
    needed = {
        "--name": name,
        "--population": population,
        "--deprivation": deprivation,
        "--schools": schools,
        "--output": output,
    }
    problems = [f"{option}: missing (opendoor help area)" for option, value in needed.items() if not value]
    if localities is not None and not (localities.isdigit() and int(localities) > 0):
        problems.append(f"--localities {localities}: must be a whole number of at least 1")
    if problems or not (name and population and deprivation and schools and output):
        raise InputError(problems)
    from experiments.screen import show
    from sim.importers.area_build import build_area_folder
    from sim.importers.area_folder import read_area_folder

    folder = build_area_folder(
        Path(population),
        Path(deprivation),
        Path(schools),
        name,
        Path(output),
        gias_csv=Path(settings) if settings else None,
        localities=int(localities) if localities else 5,
        lookup_csv=Path(lookup) if lookup else None,
    )
    show(made_page(read_area_folder(folder), folder))
    print("To use it:")
    print(f"  opendoor compare system=gatekept,balanced area=files {_word(folder)}")
    return 0


def made_page(area: Area, folder: Path) -> Group:
    """What was made: children, localities, places by phase, and what the files had besides or lacked."""
    from rich.console import Group
    from rich.text import Text

    from experiments.screen import bullets
    from sim.area import KINDS

    made_up = [name.endswith("(made up)") for name in area.place_name]
    places = []
    for code, kind in enumerate(KINDS):
        of_kind = [i for i, k in enumerate(area.place_kind.tolist()) if k == code]
        invented = sum(made_up[i] for i in of_kind)
        who = "all" if invented == len(of_kind) else f"{invented:,} of them"
        note = f" ({who} made up)" if invented else ""
        places.append(f"{len(of_kind):,} {kind.replace('_', ' ')}{note}")
    return Group(
        Text(f"{area.name}: made in {folder}", style="bold"),
        bullets(
            [
                # to the nearest hundred: these are counts of real children
                f"About {round(int(area.children.sum()), -2):,} children and young people aged 0-19 in "
                f"{len(area.localities)} localities.",
                f"Places: {', '.join(places)}. Their sizes can be changed in places.csv.",
                f"Schools: {area.provenance['place_name'].removeprefix('published: ')}.",
                f"Positions: {area.provenance['place_easting'].removeprefix('published: ')}.",
                f"Localities: {area.provenance['localities'].removeprefix('derived: ')}.",
            ]
        ),
    )


def _word(folder: Path) -> str:
    """The word that names the folder, as a shell takes it; in quotes of its own where its name needs them."""
    try:
        if plain_value(str(folder)) == str(folder):
            return f"area.folder={folder}"
    except NotPlain:
        pass
    inside = str(folder).replace("\\", "\\\\").replace("'", "\\'")
    return shlex.quote(f"area.folder='{inside}'")
