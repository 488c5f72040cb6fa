"""The command ``opendoor staff-for``: the least staff that a target takes, under each system.

This is the inverse of the usual question. Not "what comes out with these staff?" but "how many staff, band by band,
would this take?" All bands named are multiplied by the same number; everything else stays as it is. With ``by=band``
each band is then cut as far as the target is still met, the one that costs most first.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from experiments.composing.compose import load_config, load_plans, system_name
from experiments.composing.data import read_data
from experiments.planning.evaluations import AllFailed, Asked, Evaluations, evaluations, own_folder
from experiments.planning.staffing import Mix, Needed, cut_band_by_band, least_staff, scaled
from experiments.results.output import cannot_write, write_frame
from experiments.sensitivity.preference import known
from sim.config import config_hash
from sim.errors import InputError
from sim.measures import LABELS

if TYPE_CHECKING:
    import pandas as pd

    from sim.config import Config

RANGE, PRECISION = (0.25, 8.0), 0.02


def run(overrides: Sequence[str], words: Mapping[str, str], config_dir: str | None = None) -> int:
    """The command; 1 if the target is out of reach for some system, or if all of the first runs failed.

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
    hashes = {name: config_hash(config) for name, config in configs.items()}
    folder = Path(base.output) if base.output else own_folder(identity, hashes)
    with evaluations(folder, configs, identity, command, required=(asked["target"],)) as at:
        try:
            found = {name: _needed(at, name, config, asked, roles[name]) for name, config in configs.items()}
        except AllFailed as e:
            print(f"opendoor: {e}", file=sys.stderr)
            return 1
        mixes = {
            name: _mix(at, name, config, asked, roles[name], found[name]) for name, config in configs.items()
        }
        frame = staff_frame(found, configs, roles, mixes)
        lines = [
            *in_words(found, configs, asked),
            *_in_words_by_band(mixes, found, configs, asked),
            "",
            *_bands(frame),
        ]
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
    by = words.get("by", "all")
    if by not in ("all", "band"):
        problems.append(f"by={by}: must be all or band")
    return {
        "target": measure,
        "value": value,
        "at_least": ends == ["at_least"],
        "least": least,
        "most": most,
        "precision": precision,
        "by_band": by == "band",
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


def values_for(config: Config, multiples: Mapping[str, float]) -> dict[str, Any]:
    """What a point sets to multiply the staff of some bands; nothing for those at 1."""
    out: dict[str, Any] = {}
    for name, multiple in multiples.items():
        if multiple == 1.0:
            continue
        role = config.workforce.roles[name].model_dump(mode="json")
        key = "wte" if role["wte"] is not None else "wte_per_100k"
        out[f"workforce.roles.{name}.{key}"] = scaled(role[key], multiple)
    return out


def _needed(
    at: Evaluations, system: str, config: Config, asked: Mapping[str, Any], roles: Sequence[str]
) -> Needed:
    def measure(multiple: float) -> np.ndarray:
        return _measured(at, system, config, asked["target"], dict.fromkeys(roles, multiple))

    return least_staff(
        measure, asked["value"], asked["at_least"], asked["least"], asked["most"], asked["precision"]
    )


def _measured(
    at: Evaluations, system: str, config: Config, target: str, multiples: Mapping[str, float]
) -> np.ndarray:
    point = Asked(system, values_for(config, multiples))
    at.what = f"{system}, {', '.join(f'{m:.3g}' for m in dict.fromkeys(multiples.values()))} x staff"
    found = at([point], range(config.replications))[target][0]
    if errors := at.errors(point):
        staff = ", ".join(f"{name} x {multiple:.3g}" for name, multiple in multiples.items())
        raise InputError(f"{system} with {staff}: {len(errors)} of {len(found)} runs failed; {errors[0]}")
    return found


def _mix(
    at: Evaluations,
    system: str,
    config: Config,
    asked: Mapping[str, Any],
    roles: Sequence[str],
    found: Needed,
) -> Mix | None:
    """The bands cut one by one, dearest first; None where there is nothing to cut from."""
    if not asked["by_band"] or math.isinf(found.multiple) or found.multiple == asked["least"]:
        return None
    return cut_band_by_band(
        lambda multiples: _measured(at, system, config, asked["target"], multiples),
        sorted(roles, key=lambda name: -pounds_a_year(config, name)),
        found.multiple,
        asked["value"],
        asked["at_least"],
        asked["least"],
        asked["precision"],
    )


def posts(config: Config, role: str) -> float:
    """Whole-time equivalents of a band in the establishment, vacancies included."""
    from sim.area_building import build_area

    found = config.workforce.roles[role]
    if found.wte is not None:
        return found.wte
    children = float(build_area(config.area).children[:, :18, :].sum())
    return config.resolver()(found.wte_per_100k or 0.0) * children / 1e5


def pounds_a_year(config: Config, role: str) -> float:
    """What a band costs in a year at its establishment, at the pay of an hour at work."""
    value, found = config.resolver(), config.workforce.roles[role]
    return posts(config, role) * value(found.hours_per_year) * value(found.pounds_per_hour)


# -------------------------------------------------------------------------------------------- what is told


def staff_frame(
    found: Mapping[str, Needed],
    configs: Mapping[str, Config],
    roles: Mapping[str, Sequence[str]],
    mixes: Mapping[str, Mix | None],
) -> pd.DataFrame:
    """One row per system and band: ``wte_now`` (posts of the establishment), ``wte_needed`` and its interval
    ``wte_low`` to ``wte_high``, and the multiple of them all. Infinite: not reached with the most that was tried.
    Where bands were cut one by one: ``wte_cut`` and ``multiple_cut`` of each; otherwise missing."""
    import pandas as pd

    rows = []
    for system, config in configs.items():
        mix = mixes[system]
        for name in roles[system]:
            role = config.workforce.roles[name]
            now, n = posts(config, name), found[system]
            cut = mix.multiples[name] if mix else math.nan
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
                    "wte_cut": now * cut,
                    "multiple_cut": cut,
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


def _in_words_by_band(
    mixes: Mapping[str, Mix | None],
    found: Mapping[str, Needed],
    configs: Mapping[str, Config],
    asked: Mapping[str, Any],
) -> list[str]:
    """What cutting band by band gave, and what it would save against the same multiple of all."""
    measure, lines = LABELS[asked["target"]], []
    for system, mix in mixes.items():
        if mix is None:
            continue
        config, e = configs[system], mix.measure
        saved = sum(
            (found[system].multiple - multiple) * pounds_a_year(config, name)
            for name, multiple in mix.multiples.items()
        )
        lines.append(
            f"{system}, band by band: {measure.text(e.mean)} (95 % interval {measure.text(e.low)} to "
            f"{measure.text(e.high)}) with the staff under 'least, by band', for £{saved:,.0f} a year less than with the "
            "same multiple of all"
        )
    if lines:
        lines.append(
            "Bands were cut one after the other, the one that costs most first, as far as the mean still meets the target: "
            "one mix without anybody to spare, not the only one."
        )
    return lines


def _bands(frame: pd.DataFrame) -> list[str]:
    from experiments.screen import as_text

    def text(value: float) -> str:
        return f"{value:.2f}" if math.isfinite(value) else "–"

    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    table = Table(box=SIMPLE_HEAD, pad_edge=False, padding=(0, 1))
    by_band = bool(frame["wte_cut"].notna().any())
    headings = ["System", "Band", "WTE now>", "WTE needed>", "95 % interval>"]
    for heading in [*headings, "Least, by band>"] if by_band else headings:
        side: Any = "right" if heading.endswith(">") else "left"
        table.add_column(heading.removesuffix(">"), justify=side)
    for row in frame.to_dict("records"):
        ends = f"{text(row['wte_low'])} to {text(row['wte_high'])}"
        cells = [row["system"], row["title"], text(row["wte_now"]), text(row["wte_needed"]), ends]
        table.add_row(*cells, *([text(row["wte_cut"])] if by_band else []))
    return as_text(table).splitlines()
