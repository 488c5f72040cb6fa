"""``opendoor area build``: an area with its real schools and small areas, from files the user holds."""

from __future__ import annotations

import shlex
from pathlib import Path

from experiments.values import NotPlain, plain_value
from sim.errors import InputError


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
    from sim.importers.area_build import build_area_folder

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
    print(f"Area: {folder}")
    print("To use it:")
    print(f"  opendoor compare system=gatekept,balanced area=files {_word(folder)}")
    return 0


def _word(folder: Path) -> str:
    """The word that names the folder, as a shell takes it; in quotes of its own where its name needs them."""
    try:
        if plain_value(str(folder)) == str(folder):
            return f"area.folder={folder}"
    except NotPlain:
        pass
    inside = str(folder).replace("\\", "\\\\").replace("'", "\\'")
    return shlex.quote(f"area.folder='{inside}'")
