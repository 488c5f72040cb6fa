"""Is this configuration sound? Everything is put together, checked and read; nothing is simulated."""

from __future__ import annotations

from collections.abc import Sequence

from experiments.composing.compose import load_config
from experiments.composing.data import number_of_referrals, read_data
from experiments.words import grade_sentence
from sim.area import KINDS
from sim.config import Config, config_hash
from sim.transition import NoChange


def run(overrides: Sequence[str], config_dir: str | None = None) -> int:
    """The command.

    Raises:
        InputError: one sentence for each problem of the configuration, or of the data behind it.
    """
    config = load_config(overrides, config_dir)
    area = read_data(config)
    places = ", ".join(
        f"{int((area.place_kind == code).sum()):,} {kind.replace('_', ' ')}"
        for code, kind in enumerate(KINDS)
    )
    system = config.system
    children = int(area.children.sum())
    lines = {
        "area": f"{area.name}: {len(area.localities):,} localities, {children:,} children aged 0-19",
        "places": places,
        "system": f"{system.title}: {len(system.doors)} doors, {len(system.offers)} offers",
        **_change(config),
        "needs": ", ".join(kind.title for kind in config.needs.kinds.values()),
        "workforce": ", ".join(role.title for role in config.workforce.roles.values()),
        "evidence": grade_sentence({"": config}).removeprefix("Evidence: "),
        "hash": config_hash(config),
    }
    if (file := config.area.demand.csv) is not None:
        lines["referrals"] = f"{number_of_referrals(config):,} of {file} fall into the run"
    print("OK")
    for name, text in lines.items():
        print(f"  {name:<10} {text}")
    return 0


def _change(config: Config) -> dict[str, str]:
    """What is to change, and what it meets with; nothing if the system stays."""
    plan = config.transition
    if isinstance(plan, NoChange):
        return {}
    same = "; that is the same system" if plan.to == config.system else ""
    return {
        "change": f"{plan.name}, to {plan.to.title}{same}; old lists: {plan.waiting}",
        "conditions": config.conditions.name,
        "erosion": config.erosion.name,
    }
