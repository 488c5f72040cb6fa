"""What a sweep is, before anything runs: its design points, each a complete configuration, all checked.

A sweep is one configuration, some factors, a design that says which values of the factors to look at, and a
number of replications. Replication ``r`` has the same seed at every point: the same children with the same
luck, so that the difference between two points is not luck (common random numbers). The first point is the
base, which all others are set against: the first values listed, the first row of a file, or the configuration
as it is.
"""

from __future__ import annotations

import difflib
import hashlib
import itertools
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from experiments.compose import ADVICE, compose, compose_experiment, options
from experiments.designs import SAMPLED, latin_hypercube, morris_trajectories, sobol_sequence
from experiments.factors import FIXED, Factor, is_factor, read_factor, row_of
from experiments.keys import unknown_key
from experiments.values import NotPlain, plain_value
from sim.errors import InputError

if TYPE_CHECKING:
    from sim.config import Config

#: More runs than this are taken for a mistake.
MOST_RUNS = 1_000_000

#: With no more points than this each is checked before anything runs; of more, those at the ends of a factor.
CHECK_ALL = 100

#: Keys of the configuration that change no run, or are the sweep's own.
NOT_OF_A_POINT = ("output", "workers", "event_log", "replications")


class Settings(BaseModel):
    """What the command's own words, or an experiment file under ``sweep``, say about the design."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    design: Literal["grid", "list", "lhs", "sobol", "morris", "one_at_a_time"] = "grid"
    title: str = ""
    points: Annotated[int, Field(ge=1, le=MOST_RUNS)] | None = None
    trajectories: Annotated[int, Field(ge=1, le=10_000)] | None = None
    levels: Annotated[int, Field(ge=2, le=100)] | None = None
    file: str | None = None
    columns: list[str] = []
    design_seed: Annotated[int, Field(ge=0, lt=2**63)] = 1
    required: list[str] = ["impact_mean_change_points", "reach_share"]
    measures: list[str] = ["impact_mean_change_points", "first_useful_within_18_weeks_all_needs_share"]
    time_limit: Annotated[float, Field(gt=0, le=1e6, allow_inf_nan=False)] | None = None
    factors: dict[str, Any] = {}


#: Words that belong to some designs only.
BELONGS = {
    "points": ("lhs", "sobol"),
    "trajectories": ("morris",),
    "levels": ("morris",),
    "file": ("list",),
    "columns": ("list",),
}
LISTS = ("columns", "required", "measures")


@dataclass(frozen=True)
class Point:
    """One point of the design.

    Attributes:
        index: its number, from 0, the base. choices: file chosen for each group that is varied. values: what
        is set for each other factor; a factor that is not named keeps the value of the configuration.
        label: what makes it different, for people.
    """

    index: int
    choices: tuple[tuple[str, str], ...]
    values: Mapping[str, Any]
    label: str


@dataclass(frozen=True)
class Plan:
    """A sweep, ready to run.

    Attributes:
        settings: the design. factors: what is varied. configurations: for each combination of files chosen,
        the whole checked configuration as a plain mapping. base: the first of them, checked. points: in
        order, the base first. words: what the user asked for, factor by factor.
    """

    settings: Settings
    factors: tuple[Factor, ...]
    configurations: Mapping[tuple[tuple[str, str], ...], dict[str, Any]]
    base: Config
    points: tuple[Point, ...]
    words: Mapping[str, Any] = field(default_factory=dict)

    @property
    def replications(self) -> int:
        """Of each point."""
        return self.base.replications

    @cached_property
    def identity(self) -> dict[str, Any]:
        """Everything that can change a number in the sweep, as plain values."""
        from experiments.provenance import without_home

        plain: dict[str, Any] = without_home(
            {
                "design": self.settings.design,
                "factors": dict(self.words),
                "required": list(self.settings.required),
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


def config_of(
    point: Point, configurations: Mapping[tuple[tuple[str, str], ...], dict[str, Any]]
) -> dict[str, Any]:
    """The configuration of one point, not yet checked. The mappings along the keys set are copied, the rest
    is shared."""
    tree = dict(configurations[point.choices])
    for key, value in point.values.items():
        *path, last = key.split(".")
        at = tree
        for part in path:
            inner = at.get(part)
            at[part] = dict(inner) if isinstance(inner, Mapping) else {}
            at = at[part]
        at[last] = value
    return tree


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
    plain = [text for text in overrides if not is_factor(text)]
    tree, section = _composed(plain, config_dir, problems)
    settings = _settings(section, words, problems)
    wanted = {**(settings.factors if settings else {}), **_factor_words(overrides, problems)}
    for text in plain:  # a single value for a key ends its being a factor
        wanted.pop(text.partition("=")[0].strip().lstrip("+"), None)
    factors = _factors(wanted, tree, options(config_dir), problems)
    rows = _rows_of_file(settings, factors, options(config_dir), problems)
    if settings is not None:
        problems += _design_problems(settings, factors)
    if tree is None or settings is None or problems:
        raise InputError(dict.fromkeys(problems))
    bases = _bases(plain, factors, rows, options(config_dir), config_dir)
    configurations = {choices: config.model_dump(mode="json") for choices, config in bases.items()}
    for choices, config in configurations.items():
        keys = [f.key for f in factors] + [key for row in rows[:1] for key in row]
        for key in keys:
            if key not in dict(choices) and (problem := unknown_key(key, config, options(config_dir))):
                problems.append(problem + _with(choices))
    if problems:
        raise InputError(dict.fromkeys(problems))
    if settings.design == "one_at_a_time" and not any(f.is_range for f in factors):
        factors = [*factors, *_evidence_in_use(bases.values())]
    base = next(iter(bases.values()))
    points = _points(settings, factors, rows, options(config_dir), base.replications)
    base = bases[points[0].choices]
    plan = Plan(settings, tuple(factors), configurations, base, points, wanted)
    _check_points(plan)
    return plan


# ------------------------------------------------------------------------------------------ what was asked


def _composed(
    plain: Sequence[str], config_dir: str | Path | None, problems: list[str]
) -> tuple[dict[str, Any] | None, Any]:
    try:
        return compose_experiment(plain, config_dir)
    except InputError as e:
        problems += e.problems
        return None, None


def _settings(section: Any, words: Mapping[str, str], problems: list[str]) -> Settings | None:
    """The design: what the experiment says, and over it what the command line says."""
    if section is not None and not isinstance(section, Mapping):
        problems.append(f"sweep = {section!r}: must be a group of keys (design, factors, ...)")
        return None
    given: dict[str, Any] = dict(section or {})
    for name, text in words.items():
        if name in LISTS:
            given[name] = [part.strip() for part in text.split(",") if part.strip()]
            continue
        try:
            given[name] = text if name == "file" else plain_value(text)
        except NotPlain:
            given[name] = text
    if section is not None and "design" in words and words["design"] != section.get("design"):
        # what the experiment says about its own design says nothing about another
        for name, designs in BELONGS.items():
            if name not in words and words["design"] not in designs:
                given.pop(name, None)
    try:
        settings = Settings.model_validate(given)
    except ValidationError as e:
        problems += [_sentence(dict(details)) for details in e.errors()]
        return None
    from sim.measures import LABELS

    for name in ("required", "measures"):
        for measure in getattr(settings, name):
            if measure not in LABELS:
                close = difflib.get_close_matches(measure, LABELS, 1)
                hint = f"; did you mean '{close[0]}'?" if close else ""
                problems.append(f"{name}={measure}: no such measure{hint} (opendoor help sweep)")
    return settings


def _sentence(details: Mapping[str, Any]) -> str:
    key = ".".join(str(part) for part in details["loc"])
    if details["type"] == "extra_forbidden":
        close = difflib.get_close_matches(key, Settings.model_fields, 1)
        known = f"did you mean '{close[0]}'?" if close else f"known keys: {', '.join(Settings.model_fields)}"
        return f"sweep.{key}: unknown key; {known}"
    found = details["input"]
    if details["type"] == "literal_error":
        close = difflib.get_close_matches(str(found), Settings.model_fields["design"].annotation.__args__, 1)  # type: ignore[union-attr]
        hint = f"did you mean '{close[0]}'? " if close else ""
        return f"{key}={found}: no such {key}; {hint}allowed is {details['ctx']['expected']}"
    message = str(details["msg"])
    return f"{key}={found}: {message[:1].lower()}{message[1:]}".replace("input should be", "must be")


def _factor_words(overrides: Sequence[str], problems: list[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for text in overrides:
        if is_factor(text):
            key, _, value = text.partition("=")
            if key.strip() in found:
                problems.append(f"{key.strip()}: varied more than once; write all its values in one word")
            found[key.strip()] = value.strip()
    return found


def _factors(
    wanted: Mapping[str, Any],
    tree: Mapping[str, Any] | None,
    groups: Mapping[str, Sequence[str]],
    problems: list[str],
) -> list[Factor]:
    from sim.evidence import EvidenceRow

    evidence: dict[str, EvidenceRow] = {}
    for key, value in wanted.items():
        name = row_of(key)
        if tree is not None and name in tree.get("evidence", {}) and value == "..":
            try:
                evidence[str(name)] = EvidenceRow.model_validate(tree["evidence"][name])
            except ValidationError:
                continue  # the check of the configuration says what is wrong with the row
        elif tree is None and value == "..":
            return []  # already a problem: nothing more can be said
    found = [read_factor(key, value, evidence, problems) for key, value in wanted.items()]
    factors = [f for f in found if f is not None]
    for factor in factors:
        if factor.key in groups:
            problems += _not_choices(factor, groups[factor.key])
    return factors


def _not_choices(factor: Factor, known: Sequence[str]) -> list[str]:
    if factor.is_range:
        return [f"{factor.key}: is chosen by name, not from a range; available: {', '.join(known)}"]
    out = []
    for value in factor.values:
        if str(value) not in known:
            close = difflib.get_close_matches(str(value), known, 1)
            hint = f"did you mean '{close[0]}'? " if close else ""
            out.append(f"{factor.key}={value}: no such choice; {hint}available: {', '.join(known)}")
    return out


def _design_problems(settings: Settings, factors: Sequence[Factor]) -> list[str]:
    out: list[str] = []
    design = settings.design
    ranges = [f.key for f in factors if f.is_range]
    for name, designs in BELONGS.items():
        if getattr(settings, name) not in (None, []) and design not in designs:
            out.append(
                f"{name}={getattr(settings, name)}: is for design={' or '.join(designs)}, found design={design}"
            )
    if design in ("grid", "list") and ranges:
        out += [
            f"{key}: design={design} needs values, not a range; add :steps=5 to the range, or list them"
            for key in ranges
        ]
    if design == "grid" and not factors:
        out.append(
            "design=grid: nothing is varied; give a key several values, for example system=gatekept,balanced"
        )
    if design in ("lhs", "sobol", "morris") and not ranges:
        out.append(
            f"design={design}: no range to draw from; for example system.dials.easy_access=0..1, "
            "or evidence.ROW.value=.. for the own range of an evidence row"
        )
    if design in ("lhs", "sobol") and settings.points is None:
        out.append(f"design={design}: needs points=NUMBER")
    if design == "sobol" and settings.points is not None and settings.points & (settings.points - 1):
        below = 1 << (settings.points.bit_length() - 1)
        out.append(
            f"points={settings.points}: a Sobol sequence is even only for a power of two; "
            f"nearest are {below} and {2 * below}"
        )
    if design == "morris" and settings.levels is not None and settings.levels % 2:
        out.append(f"levels={settings.levels}: must be even")
    if design == "list" and settings.file is None:
        out.append("design=list: needs file=FILE.csv, with a column for each key")
    return out


def _rows_of_file(
    settings: Settings | None,
    factors: Sequence[Factor],
    groups: Mapping[str, Sequence[str]],
    problems: list[str],
) -> list[dict[str, Any]]:
    """Points of a list: one row each, values as they would be typed."""
    if settings is None or settings.design != "list" or settings.file is None:
        return []
    import csv

    path = Path(settings.file).expanduser()
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            lines = list(csv.reader(file))
    except (OSError, UnicodeDecodeError, csv.Error) as e:
        reason = getattr(e, "strerror", None) or str(e)
        problems.append(f"file={settings.file}: cannot be read: {reason[:1].lower()}{reason[1:]}")
        return []
    heading = [name.strip() for name in lines[0]] if lines else []
    wrong = [f"column '{name}' is missing" for name in settings.columns if name not in heading]
    wrong += [
        f"column '{name}' is there more than once"
        for name in dict.fromkeys(heading)
        if heading.count(name) > 1
    ]
    wrong += [f"column {i} has no name" for i, name in enumerate(heading, start=1) if not name]
    wrong += [f"column '{k}' cannot be varied within a sweep: {FIXED[k]}" for k in heading if k in FIXED]
    wrong += [f"column '{f.key}' is also varied in the command" for f in factors if f.key in heading]
    rows: list[dict[str, Any]] = []
    for number, cells in enumerate(lines[1:], start=2):
        if not any(cell.strip() for cell in cells):
            continue
        if len(cells) != len(heading):
            wrong.append(f"row {number} has {len(cells)} cells, the heading has {len(heading)}")
            continue
        empty = [name for name, cell in zip(heading, cells, strict=True) if not cell.strip()]
        wrong += [f"row {number}, column '{name}' is empty" for name in empty]
        row = {name: _cell(cell.strip()) for name, cell in zip(heading, cells, strict=True)}
        for key in set(heading) & set(groups):
            if str(row[key]) not in groups[key]:
                wrong.append(
                    f"row {number}, column '{key}': {row[key]!r} is no such choice; available: {', '.join(groups[key])}"
                )
        rows.append(row)
    if not rows and not wrong:
        wrong.append("has no rows under its heading")
    problems += [f"file={settings.file}: {sentence}" for sentence in wrong[:20]]
    if len(wrong) > 20:
        problems.append(f"file={settings.file}: and {len(wrong) - 20} more problems")
    return rows


def _cell(text: str) -> Any:
    try:
        return plain_value(text)
    except NotPlain:
        return text


# ------------------------------------------------------------------------------------------------ points


def _bases(
    plain: Sequence[str],
    factors: Sequence[Factor],
    rows: Sequence[Mapping[str, Any]],
    groups: Mapping[str, Sequence[str]],
    config_dir: str | Path | None,
) -> dict[tuple[tuple[str, str], ...], Config]:
    """The checked configuration for each combination of files that the points choose."""
    from sim.area import build_area
    from sim.config import check

    crossed = _choices_of_factors(factors, groups)
    listed = dict.fromkeys(_choices(row, groups) for row in rows) or {(): None}
    bases: dict[tuple[tuple[str, str], ...], Config] = {}
    problems: list[str] = []
    for one, other in itertools.product(listed, crossed):
        choices = tuple(sorted((*one, *other)))
        try:
            config = check(compose([*plain, *(f"{group}={name}" for group, name in choices)], config_dir))
            build_area(config.area)
            bases[choices] = config
        except InputError as e:
            problems += [ADVICE.get(problem, problem) + _with(choices) for problem in e.problems]
    if problems:
        raise InputError(dict.fromkeys(problems))
    return bases


def _with(choices: tuple[tuple[str, str], ...]) -> str:
    text = ", ".join(f"{group}={name}" for group, name in choices)
    return f" (with {text})" if text else ""


def _choices(values: Mapping[str, Any], groups: Mapping[str, Sequence[str]]) -> tuple[tuple[str, str], ...]:
    return tuple(sorted((key, str(value)) for key, value in values.items() if key in groups))


def _choices_of_factors(
    factors: Sequence[Factor], groups: Mapping[str, Sequence[str]]
) -> list[tuple[tuple[str, str], ...]]:
    chosen = [[(f.key, str(v)) for v in f.values] for f in factors if f.key in groups]
    return [tuple(sorted(combination)) for combination in itertools.product(*chosen)]


def _evidence_in_use(configs: Iterable[Config]) -> list[Factor]:
    """Every row of the evidence that the configurations use and that has a range, as a factor."""
    from experiments.numbers import rows_used

    configs = list(configs)
    rows = {name: config.evidence[name] for config in configs for name in rows_used([config])}
    return [
        Factor(f"evidence.{name}.value", low=row.low, high=row.high, scale="evidence", row=row)
        for name, row in rows.items()
        if row.low < row.high and row.distribution != "fixed"
    ]


def _points(
    settings: Settings,
    factors: Sequence[Factor],
    rows: Sequence[dict[str, Any]],
    groups: Mapping[str, Sequence[str]],
    replications: int,
) -> tuple[Point, ...]:
    """All points in order; where ranges are drawn from, listed values are crossed with what is drawn.

    Raises:
        InputError: too many.
    """
    listed = [f for f in factors if not f.is_range]
    ranges = [f for f in factors if f.is_range]
    drawn = (
        _drawn(settings, ranges) if settings.design in SAMPLED else [("", row) for row in rows] or [("", {})]
    )
    count = len(drawn) * math.prod(len(f.values) for f in listed)
    if count * replications > MOST_RUNS:
        raise InputError(
            f"this sweep has {count:,} points x {replications:,} replications = {count * replications:,} runs; "
            f"at most {MOST_RUNS:,}"
        )
    names = _short_names([f.key for f in listed] + [key for row in rows[:1] for key in row])
    points: list[Point] = []
    for label, values in drawn:
        for combination in itertools.product(*(f.values for f in listed)):
            crossed = dict(zip((f.key for f in listed), combination, strict=True))
            everything = {**values, **crossed}
            told = everything if settings.design not in SAMPLED else crossed
            text = ", ".join(filter(None, [label, *(f"{names[k]}={_told(v)}" for k, v in told.items())]))
            choices = _choices(everything, groups)
            own = {k: v for k, v in everything.items() if k not in groups}
            points.append(Point(len(points), choices, own, text or "base"))
    return tuple(points)


def _drawn(settings: Settings, ranges: Sequence[Factor]) -> list[tuple[str, dict[str, Any]]]:
    """The base, and what the design draws from the ranges: label and values."""
    out: list[tuple[str, dict[str, Any]]] = [("base", {})]
    if settings.design == "one_at_a_time":
        names = _short_names([f.key for f in ranges])
        for factor in ranges:
            for end, value in (("low", factor.at(0.0)), ("high", factor.at(1.0))):
                out.append((f"{names[factor.key]} {end} {_told(value)}", {factor.key: value}))
        return out
    points, n = settings.points or 0, len(ranges)
    match settings.design:
        case "lhs":
            shares = latin_hypercube(points, n, settings.design_seed)
        case "sobol":
            shares = sobol_sequence(points, n, settings.design_seed)
        case _:
            levels = settings.levels or 4
            shares = morris_trajectories(settings.trajectories or 10, n, levels, settings.design_seed)
    for number, row in enumerate(shares.tolist(), start=1):
        out.append((f"draw {number}", {f.key: f.at(u) for f, u in zip(ranges, row, strict=True)}))
    return out


def _short_names(keys: Sequence[str]) -> dict[str, str]:
    """Names for people: the row of an evidence key, the last part of any other, the key if two are alike."""
    short = {key: row_of(key) or key.rsplit(".", 1)[-1] for key in keys}
    twice = {name for name in short.values() if list(short.values()).count(name) > 1}
    return {key: key if name in twice else name for key, name in short.items()}


def _told(value: Any) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def _check_points(plan: Plan) -> None:
    """Check the points at the ends of each factor, all points if they are few.

    Raises:
        InputError: each problem once, with the first point that has it.
    """
    from sim.config import check

    problems: dict[str, str] = {}
    for point in _at_the_ends(plan.points):
        try:
            check(config_of(point, plan.configurations))
        except InputError as e:
            for problem in e.problems:
                problems.setdefault(problem, f"{problem} (point {point.index}: {point.label})")
    if problems:
        raise InputError(problems.values())


def _at_the_ends(points: Sequence[Point]) -> list[Point]:
    if len(points) <= CHECK_ALL:
        return list(points)
    found = {0: points[0]}
    for key in dict.fromkeys(key for point in points for key in point.values):
        having = [point for point in points if key in point.values]
        numbers = [p for p in having if isinstance(p.values[key], int | float)]
        others = {
            str(p.values[key]): p for p in reversed(having) if not isinstance(p.values[key], int | float)
        }
        ends = [pick(numbers, key=lambda p: p.values[key]) for pick in (min, max)] if numbers else []
        found |= {p.index: p for p in (*ends, *others.values())}
    return list(found.values())


def _digest(value: Any) -> str:
    return hashlib.blake2b(json.dumps(value, sort_keys=True).encode(), digest_size=10).hexdigest()
