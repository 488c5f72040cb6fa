"""The command ``opendoor emulate``: what a stored sweep says between its points, at once and with its error."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from sim.errors import InputError
from sim.measures import LABELS


def run(folders: Sequence[str], words: Mapping[str, str] | None = None) -> int:
    """The command: a folder, and a value for each factor of its sweep.

    Raises:
        InputError: not one folder, no sweep in it, an unknown measure, too few points, or values of factors that are
            missing or outside what was simulated.
    """
    from experiments.sensitivity.emulator import from_sweep
    from experiments.sweeps.folder import read_manifest

    places = [word for word in folders if "=" not in word]
    if len(places) != 1:
        raise InputError(
            f"opendoor emulate takes one folder of a sweep, found {len(places)}; then a value for each of its factors"
        )
    folder = Path(places[0]).expanduser()
    values = {key.strip(): _value(text) for key, _, text in (w.partition("=") for w in folders if "=" in w)}
    named = [name.strip() for name in (words or {}).get("measure", "").split(",") if name.strip()]
    measures = named or list(read_manifest(folder)["measures"])
    lines: list[str] = []
    for measure in measures:
        emulator = from_sweep(folder, measure)
        mean, low, high = emulator(values)
        label = LABELS[measure]
        lines += [
            f"{label.label}: {label.text(mean)} (95 % interval of the mean {label.text(low)} to {label.text(high)})",
            f"  {emulator.held_out.sentence(measure)}",
        ]
    print("Foretold from the sweep, not simulated:")
    print("\n".join(lines))
    return 0


def _value(text: str) -> float | str:
    """A number if it is one, or else a name."""
    try:
        return float(text)
    except ValueError:
        return text.strip()
