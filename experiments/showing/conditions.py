"""The conditions for success, to read: what each acts on, how much, how far it is met, and how good the evidence is."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from experiments.numbers import BY_HAND, GRADE_SHORT, GRADES
from experiments.screen import table_of
from sim.conditions import CONDITIONS, Act
from sim.conditions_acting import Effect, effects
from sim.config import Config
from sim.quantity import uses

if TYPE_CHECKING:
    from rich.console import RenderableType

NOTHING = "–"


def conditions_page(config: Config) -> Iterable[RenderableType]:
    """One table per condition, then the sources."""
    from rich.text import Text

    changes = config.transition.name != "none"
    plan = f"transition={config.transition.name}, erosion={config.erosion.name}"
    yield Text(f"Conditions for success: {config.conditions.name} ({plan})", style="bold")
    if not changes:
        yield Text("Nothing changes here, so they act on nothing; for example add transition=big_bang.")
    found = effects(config)
    for name in CONDITIONS:
        acts = config.conditions.acts.get(name, [])
        yield Text(
            f"\n{name.replace('_', ' ').capitalize()}: {config.conditions.level(name):g}", style="bold"
        )
        table = table_of("  Acts on", "At 0>", "Now>", "At 1>", "How", "Grade", "Evidence row")
        table.columns[0].no_wrap = True  # keys are there to be copied
        for act in acts:
            grade, rows = _evidence(act, config)
            for key, *values in _lines(act, [e for e in found if e.act is act], config):
                table.add_row(f"  {key}", *values, _how(act), GRADE_SHORT.get(grade, grade), ", ".join(rows))
        if acts:
            yield table
        else:
            yield Text("  acts on nothing: its file has no table for it")
    yield Text("\nSources", style="bold")
    named_rows = {
        row for acts in config.conditions.acts.values() for act in acts for row in _evidence(act, config)[1]
    }
    by_source: dict[str, list[str]] = {}
    for row in sorted(named_rows & set(config.evidence)):
        by_source.setdefault(config.evidence[row].source, []).append(row)
    for source, named in by_source.items():
        yield Text(f"  {source}: {', '.join(named)}")
    yield Text(
        "\nAt 1 a condition does nothing. – : this plan or system has no such parameter, or it is 0 and stays so. "
        "Conditions act on the change and the system it leads to, never on the time before."
    )


def _lines(act: Act, found: list[Effect], config: Config) -> list[tuple[str, str, str, str]]:
    """Key and values at 0, now and at 1, for each parameter that the line can change; one line if there is none."""
    lines = []
    for effect in found:
        absent = act.at(0.0, effect.value, config.resolver())
        if absent != effect.value:
            lines.append((effect.key, _shown(absent), _shown(effect.now), _shown(effect.value)))
    if len(lines) > 1 and len({line[1:] for line in lines}) == 1:
        return [(act.key, *lines[0][1:])]
    return lines or [(act.key, NOTHING, NOTHING, NOTHING)]


def _shown(value: Any) -> str:
    return f"{value:.3g}" if isinstance(value, float | int) else str(value)


def _how(act: Act) -> str:
    return {"times": "times", "odds": "odds times", "to": "moves to", "becomes": "below a level"}[act.how]


def _evidence(act: Act, config: Config) -> tuple[str, tuple[str, ...]]:
    """The weakest grade behind a line, and its evidence rows."""
    rows = tuple(dict.fromkeys(row for use in uses(act, "act") for row in use.rows()))
    grades = [config.evidence[row].grade for row in rows if row in config.evidence]
    return (max(grades, key=GRADES.index) if grades else BY_HAND), rows
