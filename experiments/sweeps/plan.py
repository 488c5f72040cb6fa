"""What a sweep is, before anything runs: its design points, each a complete configuration, all checked.

A sweep is one configuration, some factors, a design that says which values of the factors to look at, and a
number of replications. Replication ``r`` has the same seed at every point: the same children with the same
luck, so that the difference between two points is not luck (common random numbers). The first point is the
base, which all others are set against: the first values listed, the first row of a file, or the configuration
as it is.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from experiments.composing.compose import (
    ADVICE,
    about_no_change,
    compose,
    compose_experiment,
    load_config,
    options,
    with_a_past,
)
from experiments.composing.keys import unknown_key
from experiments.sweeps.designs import WHOLE_EVIDENCE
from experiments.sweeps.factors import Factor, is_factor, row_of
from experiments.sweeps.point_file import rows_of_file
from experiments.sweeps.points import (
    Choices,
    Point,
    at_the_ends,
    checked_config,
    choices_in,
    choices_of_factors,
    design_points,
)
from experiments.sweeps.settings import Settings, design_problems, factor_words, read_factors, read_settings
from sim.errors import InputError

if TYPE_CHECKING:
    from sim.config import Config

_HYPHEN = re.compile(r"(\d+(?:\.\d+)?) ?[-–] ?(\d+(?:\.\d+)?)")

#: Keys of the configuration that change no run, or are the sweep's own.
NOT_OF_A_POINT = ("output", "workers", "event_log", "gains_every_weeks", "replications")


@dataclass(frozen=True)
class Plan:
    """A sweep, ready to run.

    Attributes:
        settings: the design. factors: what is varied. configurations: for each combination of files chosen,
        the whole checked configuration as a plain mapping. base: the first of them, checked. points: in
        order, the base first. words: what the user asked for, factor by factor. checked: indices of the points whose
        configuration is known to be sound.
    """

    settings: Settings
    factors: tuple[Factor, ...]
    configurations: Mapping[Choices, dict[str, Any]]
    base: Config
    points: tuple[Point, ...]
    words: Mapping[str, Any] = field(default_factory=dict)
    checked: frozenset[int] = frozenset()

    @property
    def replications(self) -> int:
        """Of each point."""
        return self.base.replications

    @cached_property
    def identity(self) -> dict[str, Any]:
        """Everything that can change a number in the sweep, as plain values."""
        from experiments.results.provenance import without_home

        plain: dict[str, Any] = without_home(
            {
                "design": self.settings.design,
                "factors": dict(self.words),
                "required": list(self.settings.required),
                "traces": self.settings.traces,
                "points": _digest([[p.choices, dict(p.values)] for p in self.points]),
                "model": model_versions(),
                "configurations": [
                    {
                        "choices": dict(choices),
                        "config": {k: v for k, v in c.items() if k not in NOT_OF_A_POINT},
                    }
                    for choices, c in self.configurations.items()
                ],
            }
        )
        return plain

    @cached_property
    def hash(self) -> str:
        """Of :attr:`identity`."""
        return _digest(self.identity)


def model_versions() -> dict[str, str]:
    """What decides over the last bit of a run besides its configuration: the model's source and what it is
    compiled by."""
    import platform
    from importlib.metadata import version

    import sim

    digest = hashlib.blake2b(digest_size=10)
    root = Path(sim.__file__).parent
    for path in sorted(root.rglob("*.py")):
        digest.update(path.relative_to(root).as_posix().encode() + b"\0" + path.read_bytes())
    python = ".".join(platform.python_version_tuple()[:2])
    return {
        "source": digest.hexdigest(),
        "python": python,
        "numpy": version("numpy"),
        "numba": version("numba"),
    }


def plan_sweep(
    overrides: Sequence[str], words: Mapping[str, str], config_dir: str | Path | None = None
) -> Plan:
    """Everything about a sweep that can be known before it runs.

    Args:
        overrides: ``key=value`` as for a run; with several values or a range it is a factor.
        words: the words of the command itself (``design``, ``points``, ...).
        config_dir: the user's own folder of configuration files.

    Raises:
        InputError: one sentence per problem, all of them.
    """
    problems: list[str] = []
    overrides = with_a_past(overrides)
    plain = [text for text in overrides if not is_factor(text)]
    tree, section = _composed(plain, config_dir, problems)
    settings = read_settings(section, words, problems)
    wanted = {**(settings.factors if settings else {}), **factor_words(overrides, problems)}
    for text in plain:  # a single value for a key ends its being a factor
        wanted.pop(text.partition("=")[0].strip().lstrip("+"), None)
    factors = read_factors(wanted, tree, options(config_dir), problems)
    rows = rows_of_file(settings, factors, options(config_dir), problems)
    # an experiment that cannot be read has not said what it varies
    if settings is not None and (tree is not None or not any(w.startswith("experiment=") for w in plain)):
        problems += design_problems(settings, factors)
    problems += _meant_as_ranges(plain)
    if tree is None or settings is None or problems:
        raise InputError(
            dict.fromkeys([*problems, *(_unsound(plain, config_dir) if tree is not None else [])])
        )
    bases = _bases(plain, factors, rows, options(config_dir), config_dir)
    configurations = {choices: config.model_dump(mode="json") for choices, config in bases.items()}
    keys = dict.fromkeys([*(f.key for f in factors), *(key for row in rows[:1] for key in row)])
    problems += _key_problems(list(keys), bases, configurations, options(config_dir))
    if problems:
        raise InputError(dict.fromkeys(problems))
    named = [f.key for f in factors] + [key for row in rows[:1] for key in row]
    if settings.design in WHOLE_EVIDENCE and not any(f.is_range for f in factors):
        rows_in_use = _evidence_in_use(bases.values(), settings.grades)
        if not rows_in_use:
            raise InputError(
                f"design={settings.design}: no row of the evidence in use has a range"
                + (f" and the grade {' or '.join(settings.grades)}" if settings.grades else "")
            )
        factors = [*factors, *rows_in_use]
    base = next(iter(bases.values()))
    points = design_points(settings, factors, rows, options(config_dir), base.replications)
    base = bases[points[0].choices]
    checked = _check_points(points, bases, configurations, set(named))
    return Plan(settings, tuple(factors), configurations, base, points, wanted, checked)


def _meant_as_ranges(plain: Sequence[str]) -> list[str]:
    """Words with a range as people write it elsewhere."""
    return [
        f"{text}: a range is written with two dots: {key}={found[1]}..{found[2]}"
        for text in plain
        for key, _, value in [text.partition("=")]
        if (found := _HYPHEN.fullmatch(value.strip()))
    ]


def _unsound(plain: Sequence[str], config_dir: str | Path | None) -> list[str]:
    """What is wrong with the values that are not varied, to be told with the rest."""
    try:
        load_config(plain, config_dir)
    except InputError as e:
        return e.problems
    return []


def _composed(
    plain: Sequence[str], config_dir: str | Path | None, problems: list[str]
) -> tuple[dict[str, Any] | None, Any]:
    try:
        return compose_experiment(plain, config_dir)
    except InputError as e:
        problems += e.problems
        return None, None


def _bases(
    plain: Sequence[str],
    factors: Sequence[Factor],
    rows: Sequence[Mapping[str, Any]],
    groups: Mapping[str, Sequence[str]],
    config_dir: str | Path | None,
) -> dict[Choices, Config]:
    """The checked configuration for each combination of files that the points choose."""
    from sim.area_building import build_area
    from sim.checking import check

    crossed = choices_of_factors(factors, groups)
    listed = dict.fromkeys(choices_in(row, groups) for row in rows) or {(): None}
    bases: dict[Choices, Config] = {}
    problems: list[str] = []
    for one, other in itertools.product(listed, crossed):
        choices = tuple(sorted((*one, *other)))
        try:
            stays = ("transition", "none") in choices
            words = about_no_change(plain) if stays else plain
            tree = compose([*words, *(f"{group}={name}" for group, name in choices)], config_dir)
            if stays:  # an experiment may say how the change is made that is not made here
                tree["transition"] = {"name": "none"}
            config = check(tree)
            build_area(config.area)
            bases[choices] = config
        except InputError as e:
            problems += [ADVICE.get(problem, problem) + _with(choices) for problem in e.problems]
    if problems:
        raise InputError(dict.fromkeys(problems))
    return bases


def _with(choices: Choices) -> str:
    text = ", ".join(f"{group}={name}" for group, name in choices)
    return f" (with {text})" if text else ""


def _key_problems(
    keys: Sequence[str],
    bases: Mapping[Choices, Config],
    configurations: Mapping[Choices, dict[str, Any]],
    groups: Mapping[str, Sequence[str]],
) -> list[str]:
    """Keys that some configuration does not have, and evidence rows that none of them uses."""
    from experiments.numbers import rows_used

    used = rows_used(bases.values())
    out: list[str] = []
    for key in keys:
        if key in groups:
            continue
        unknown = [(unknown_key(key, config, groups), choices) for choices, config in configurations.items()]
        out += [problem + _with(choices) for problem, choices in unknown if problem]
        row = row_of(key)
        if row is not None and row not in used and not any(problem for problem, _ in unknown):
            out.append(
                f"{key}: no number of this configuration comes from this row, so varying it changes nothing "
                "(opendoor show evidence lists the rows in use)"
            )
    return out


def _evidence_in_use(configs: Iterable[Config], grades: Sequence[str] = ()) -> list[Factor]:
    """Every row of the evidence that the configurations use and that has a range, as a factor; of some grades only, if
    they are named."""
    from experiments.numbers import rows_used

    configs = list(configs)
    rows = {name: config.evidence[name] for config in configs for name in rows_used([config])}
    return [
        Factor(f"evidence.{name}.value", low=row.low, high=row.high, scale="evidence", row=row)
        for name, row in rows.items()
        if row.low < row.high and row.distribution != "fixed" and (not grades or row.grade in grades)
    ]


def _check_points(
    points: Sequence[Point],
    bases: Mapping[Choices, Config],
    configurations: Mapping[Choices, dict[str, Any]],
    named: set[str],
) -> frozenset[int]:
    """Check the points at the ends of each factor, all points if they are few.

    Only those that set nothing but keys the user named: an end of a row of the evidence that this configuration
    cannot take is no mistake of theirs, and is recorded as the failure of its own runs.

    Returns:
        Indices of the points checked.

    Raises:
        InputError: each problem once, with the first point that has it.
    """
    problems: dict[str, str] = {}
    chosen = at_the_ends([point for point in points if named.issuperset(point.values)])
    for point in chosen:
        try:
            checked_config(point, bases[point.choices], configurations)
        except InputError as e:
            for problem in e.problems:
                problems.setdefault(problem, f"{problem} (point {point.index}: {point.label})")
    if problems:
        raise InputError(problems.values())
    return frozenset(point.index for point in chosen)


def _digest(value: Any) -> str:
    return hashlib.blake2b(json.dumps(value, sort_keys=True).encode(), digest_size=10).hexdigest()
