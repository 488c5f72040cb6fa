"""The command ``opendoor staff-for``: the least staff that a target takes, under each system.

This is the inverse of the usual question. Not "what comes out with these staff?" but "how many staff, band by band,
would this take?" All bands named are multiplied by the same number; everything else stays as it is.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from experiments.compose import load_config, load_plans, system_name
from experiments.data import read_data
from experiments.evaluations import Asked, Evaluations, evaluations
from experiments.output import cannot_write, write_frame
from experiments.preference import known
from experiments.staffing import Needed, least_staff, scaled
from sim.errors import InputError
from sim.measures import LABELS

if TYPE_CHECKING:
    import pandas as pd

    from sim.config import Config

RANGE, PRECISION = (0.25, 8.0), 0.02


def run(overrides: Sequence[str], words: Mapping[str, str], config_dir: str | None = None) -> int:
    """The command; 1 if the target is out of reach for some system.

    Raises:
        InputError: the words, the configuration, the area or the folder cannot be used.
    """
    problems: list[str] = []
    asked = read_words(words, problems)
    try:
        configs = _configs(overrides, config_dir)
    except InputError as e:
        raise InputError([*problems, *e.problems]) from None
    roles = _roles(words.get("roles"), configs, problems)
    base = next(iter(configs.values()))
    if base.replications < 2:
        problems.append(f"replications={base.replications}: an interval needs at least 2")
    if problems:
        raise InputError(dict.fromkeys(problems))
    read_data(base)
    identity = {"command": "staff-for", **asked, "roles": roles, "replications": base.replications}
    command = ["staff-for", *(f"{key}={value}" for key, value in words.items()), *overrides]
    folder = Path(base.output) if base.output else _folder(identity, configs)
    with evaluations(folder, configs, identity, command, required=(asked["target"],)) as at:
        found = {name: _needed(at, name, config, asked, roles[name]) for name, config in configs.items()}
        frame = staff_frame(found, configs, roles, asked)
        lines = [*in_words(found, configs, asked), "", *_bands(frame)]
        try:
            write_frame(frame, folder / "staff")
            write_frame(tried_frame(found), folder / "tried")
            (folder / "answer.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
        except OSError as e:
            raise cannot_write(folder, e) from None
    print("\n".join(lines))
    print(f"\nResults: {folder}")
    return 1 if any(math.isinf(n.multiple) for n in found.values()) else 0


def read_words(words: Mapping[str, str], problems: list[str]) -> dict[str, Any]:
    """Target measure, value and direction, range of multiples and precision; what cannot be used goes to ``problems``."""
    measure = words.get("target", "")
    if not measure:
        problems.append(
            "opendoor staff-for needs target=MEASURE, for example "
            "target=first_useful_within_18_weeks_all_needs_share at_least=0.8"
        )
    else:
        try:
            known(measure, "target")
        except InputError as e:
            problems += e.problems
    ends = [key for key in ("at_least", "at_most") if key in words]
    if len(ends) != 1:
        problems.append(
            f"opendoor staff-for needs at_least=NUMBER or at_most=NUMBER, found {' and '.join(ends) or 'neither'}"
        )
    value = _number(words, ends[0], problems) if ends else math.nan
    if (
        measure in LABELS
        and LABELS[measure].scale == 100.0
        and not -1 <= value <= 1
        and not math.isnan(value)
    ):
        problems.append(f"{ends[0]}={value:g}: {measure} is a share; write 0.8 for 80 %")
    low, _, high = words.get("multiple", f"{RANGE[0]}..{RANGE[1]}").partition("..")
    try:
        least, most = float(low), float(high)
    except ValueError:
        least, most = math.nan, math.nan
    if not 0 < least < most < 1000:
        problems.append(
            f"multiple={words.get('multiple')}: must be LOW..HIGH with 0 < LOW < HIGH, for example 0.5..4"
        )
    precision = _number(words, "precision", problems) if "precision" in words else PRECISION
    if not 0.001 <= precision <= 0.5:
        problems.append(f"precision={words.get('precision')}: must be between 0.001 and 0.5")
    return {
        "target": measure,
        "value": value,
        "at_least": ends == ["at_least"],
        "least": least,
        "most": most,
        "precision": precision,
    }


def _number(words: Mapping[str, str], key: str, problems: list[str]) -> float:
    try:
        value = float(words[key])
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        problems.append(f"{key}={words[key]}: must be a number")
    return value


def _configs(overrides: Sequence[str], config_dir: str | None) -> dict[str, Config]:
    if any(text.startswith("system=") and "," in text for text in overrides):
        return load_plans(overrides, config_dir)
    config = load_config(overrides, config_dir)
    return {system_name(overrides, config): config}


def _roles(named: str | None, configs: Mapping[str, Config], problems: list[str]) -> dict[str, list[str]]:
    """The bands that are multiplied in each system: those named, or all of the service's own."""
    out: dict[str, list[str]] = {}
    for system, config in configs.items():
        roles = config.workforce.roles
        own = [name for name, role in roles.items() if not role.in_place]
        wanted = [part.strip() for part in named.split(",") if part.strip()] if named else own
        for name in wanted:
            if name not in roles:
                problems.append(
                    f"roles={named}: no band '{name}' in this workforce; known: {', '.join(roles)}"
                )
        out[system] = wanted
    return out


def _folder(identity: Mapping[str, Any], configs: Mapping[str, Config]) -> Path:
    """The same question has the same folder, so that the same command goes on in it."""
    from sim.config import config_hash

    text = json.dumps([identity, {n: config_hash(c) for n, c in configs.items()}], sort_keys=True)
    return Path("results") / f"staff-for-{hashlib.blake2b(text.encode(), digest_size=5).hexdigest()}"


def values_for(config: Config, roles: Sequence[str], multiple: float) -> dict[str, Any]:
    """What a point sets to multiply the staff of some bands; nothing at 1."""
    if multiple == 1.0:
        return {}
    out: dict[str, Any] = {}
    for name in roles:
        role = config.workforce.roles[name].model_dump(mode="json")
        key = "wte" if role["wte"] is not None else "wte_per_100k"
        out[f"workforce.roles.{name}.{key}"] = scaled(role[key], multiple)
    return out


def _needed(
    at: Evaluations, system: str, config: Config, asked: Mapping[str, Any], roles: Sequence[str]
) -> Needed:
    def measure(multiple: float) -> np.ndarray:
        point = Asked(system, values_for(config, roles, multiple))
        found = at([point], range(config.replications))[asked["target"]][0]
        if errors := at.errors(point):
            raise InputError(
                f"{system} with {multiple:.3g} times the staff: {len(errors)} of {len(found)} runs failed; {errors[0]}"
            )
        return found

    return least_staff(
        measure, asked["value"], asked["at_least"], asked["least"], asked["most"], asked["precision"]
    )


# -------------------------------------------------------------------------------------------- what is told


def staff_frame(
    found: Mapping[str, Needed],
    configs: Mapping[str, Config],
    roles: Mapping[str, Sequence[str]],
    asked: Mapping[str, Any],
) -> pd.DataFrame:
    """One row per system and band: ``wte_now`` (posts of the establishment), ``wte_needed`` and its interval
    ``wte_low`` to ``wte_high``, and the multiple of them all. Infinite: not reached with the most that was tried."""
    import pandas as pd

    from sim.area import build_area

    rows = []
    for system, config in configs.items():
        children = float(build_area(config.area).children[:, :18, :].sum())
        value = config.resolver()
        for name in roles[system]:
            role = config.workforce.roles[name]
            now = role.wte if role.wte is not None else value(role.wte_per_100k or 0.0) * children / 1e5
            n = found[system]
            rows.append(
                {
                    "system": system,
                    "role": name,
                    "title": role.title,
                    "wte_now": now,
                    "wte_needed": now * n.multiple,
                    "wte_low": now * n.low,
                    "wte_high": now * n.high,
                    "multiple": n.multiple,
                    "multiple_low": n.low,
                    "multiple_high": n.high,
                }
            )
    return pd.DataFrame(rows)


def tried_frame(found: Mapping[str, Needed]) -> pd.DataFrame:
    """One row per system and multiple tried: mean, 95 % interval and number of replications of the measure."""
    import pandas as pd

    return pd.DataFrame(
        [
            {"system": system, "multiple": m, "mean": e.mean, "low": e.low, "high": e.high, "n": e.n}
            for system, needed in found.items()
            for m, e in sorted(needed.tried.items())
        ]
    )


def in_words(
    found: Mapping[str, Needed], configs: Mapping[str, Config], asked: Mapping[str, Any]
) -> list[str]:
    """The answer for each system, and what to bear in mind."""
    measure = LABELS[asked["target"]]
    replications = next(iter(configs.values())).replications
    goal = f"{'at least' if asked['at_least'] else 'at most'} {measure.text(asked['value'])}"
    lines = [f"Target: {measure.label}: {goal} ({replications} replications, same children, same luck)"]
    for system, n in found.items():
        if math.isinf(n.multiple):
            at_most = n.tried[asked["most"]]
            lines.append(
                f"{system}: not reached, not even with {asked['most']:g} times the staff "
                f"({measure.text(at_most.mean)} there)"
            )
        elif n.multiple == asked["least"]:
            lines.append(
                f"{system}: reached already with {asked['least']:g} times the staff, the least that was tried"
            )
        else:
            low = f"less than {n.low:.2f}" if n.low == asked["least"] else f"{n.low:.2f}"
            high = f"more than {asked['most']:g}" if math.isinf(n.high) else f"{n.high:.2f}"
            lines.append(f"{system}: {n.multiple:.2f} times the staff (95 % interval {low} to {high})")
        if not n.rises:
            lines.append(
                f"{system}: more staff did not always bring it nearer in what was tried (tried.csv), so this answer may "
                "not be the only one"
            )
    lines.append(
        "The interval covers the luck of the simulation only. Staff are posts of the establishment: vacancies are as in "
        "the configuration."
    )
    return lines


def _bands(frame: pd.DataFrame) -> list[str]:
    from experiments.screen import as_text

    def text(value: float) -> str:
        return "–" if math.isinf(value) else f"{value:.2f}"

    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    table = Table(box=SIMPLE_HEAD, pad_edge=False, padding=(0, 1))
    for heading in ("System", "Band", "WTE now>", "WTE needed>", "95 % interval>"):
        side: Any = "right" if heading.endswith(">") else "left"
        table.add_column(heading.removesuffix(">"), justify=side)
    for row in frame.to_dict("records"):
        ends = f"{text(row['wte_low'])} to {text(row['wte_high'])}"
        table.add_row(row["system"], row["title"], text(row["wte_now"]), text(row["wte_needed"]), ends)
    return as_text(table).splitlines()
