"""``opendoor area build``: an area with its real schools and small areas, from files the user holds."""

from __future__ import annotations

from pathlib import Path

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
    print("To use it, put these two lines into a file of your own, for example mine/area/ours.yaml:")
    print(f"  kind: files\n  folder: {folder.resolve()}")
    print("  opendoor compare system=gatekept,balanced --config-dir mine area=ours")
    return 0
