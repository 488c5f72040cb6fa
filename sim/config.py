"""The one place where input is checked: a frozen configuration, with every problem told at once.

``check`` takes the plain mapping that YAML and overrides gave, and either returns a :class:`Config` or raises
:class:`sim.errors.InputError` with one sentence per problem.
"""

from __future__ import annotations

import copy
import datetime as dt
import difflib
import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from types import UnionType
from typing import TYPE_CHECKING, Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, Field, ValidationError, model_validator

from sim.area import AreaConfig
from sim.conditions import Conditions, acts_in_use, condition_problems, in_force
from sim.erosion import Erosion, erosion_problems
from sim.errors import InputError
from sim.evidence import EvidenceRow
from sim.needs import Needs
from sim.number_checks import number_problems
from sim.quantity import (
    BLEND,
    PRODUCT,
    SHIFT,
    Blend,
    Product,
    Resolver,
    Shift,
    Strict,
    Use,
    problems_at,
    problems_in,
    uses,
)
from sim.system import System
from sim.system_checks import structure_problems
from sim.transition import PLANS, NoChange, Transition, calling_problems, timing_problems
from sim.workforce import Calendar, Workforce

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

FIRST_YEAR, LAST_YEAR = 1900, 2200  # of the calendar
MOST_YEARS = 60  # of history and horizon together


class Config(Strict):
    """Everything one run depends on."""

    area: AreaConfig
    system: System
    needs: Needs
    workforce: Workforce
    calendar: Calendar
    transition: Transition = NoChange()
    conditions: Conditions = Conditions()
    erosion: Erosion = Erosion()
    evidence: dict[str, EvidenceRow]
    history_years: Annotated[float, Field(ge=0, le=50)] = 3.0
    horizon_years: Annotated[float, Field(gt=0, le=50)] = 5.0
    replications: Annotated[int, Field(ge=1, le=1_000_000)] = 10
    seed: Annotated[int, Field(ge=0, lt=2**63)] = 1
    workers: Annotated[int, Field(ge=1, le=1024)] = 2
    event_log: bool = False
    gains_every_weeks: Annotated[int, Field(ge=0, le=520)] = 0  # 0: not looked at
    output: str | None = None

    @model_validator(mode="after")
    def _start_is_a_date(self) -> Config:
        try:
            dt.date.fromisoformat(self.calendar.start)
        except ValueError as e:
            raise ValueError(
                f"calendar.start = {self.calendar.start!r}: not a date of the form 2026-09-01"
            ) from e
        return self

    def resolver(self) -> Resolver:
        """Numbers behind the quantities of this configuration."""
        return Resolver(self.evidence, self.system.dials.model_dump())

    def written(self) -> list[Use]:
        """Every quantity of the world that this configuration says something of."""
        out: list[Use] = []
        for part in ("system", "needs", "workforce", "transition", "erosion"):
            out += uses(getattr(self, part), part)
        for key, act in acts_in_use(self):
            out += uses(act, key)
        return out

    def uses(self) -> list[Use]:
        """Those of them that matter: where nothing changes there is nothing new for erosion to wear down."""
        stays = isinstance(self.transition, NoChange)
        return [use for use in self.written() if not (stays and use.key.startswith("erosion."))]


def check(raw: Mapping[str, Any]) -> Config:
    """Validate a composed configuration.

    Raises:
        InputError: one sentence per problem, each naming its key.
    """
    try:
        config = Config.model_validate(raw)
    except ValidationError as e:
        found = [*_sentences(e), *_problems_of_the_rest(raw, e)]
        raise InputError(list(dict.fromkeys(found))) from None
    problems = _problems(config)
    if problems:
        raise InputError(list(dict.fromkeys(problems)))
    return config


def config_hash(config: Config) -> str:
    """Hash of everything that can change the results (not where they go, nor how many workers make them)."""
    data = config.model_dump(mode="json", exclude={"output", "workers", "event_log", "gains_every_weeks"})
    return hashlib.blake2b(json.dumps(data, sort_keys=True).encode(), digest_size=10).hexdigest()


def _problems(config: Config) -> list[str]:
    """Everything that is wrong with a configuration whose every field is of the right type."""
    out = condition_problems(config.conditions) + _problems_of_one_system(config)
    if isinstance(config.transition, NoChange):
        return out
    # the system that the change leads to is held against the same rules, told under its own key
    after = config.model_copy(update={"system": config.transition.to, "transition": NoChange()})
    theirs = [p for p in _problems_of_one_system(after) if p.startswith("system.")]
    out += [f"transition.to.{p.removeprefix('system.')}" for p in theirs]
    out = [*out, *_other_dates(config, out)] if out else _plan_problems(config)
    as_it_is = config if out else in_force(config)
    if as_it_is is not config:
        out += [f"{p} (as the conditions make it)" for p in _problems(as_it_is)]
    return out


def systems_by_key(config: Config) -> dict[str, System]:
    """The systems of a run by the keys under which they stand: the one at the start, and the one a change leads to."""
    if isinstance(config.transition, NoChange):
        return {"system": config.system}
    return {"system": config.system, "transition.to": config.transition.to}


def _other_dates(config: Config, told: Sequence[str]) -> list[str]:
    """Dates of the plan that make no sense, beside what has been told already of other keys."""
    try:
        found = timing_problems(
            config.transition, config.resolver(), config.history_years, config.horizon_years
        )
    except KeyError:  # of a row that is not there, and has been told
        return []
    keys = {problem.split(" ")[0].rstrip(":") for problem in told}
    return [problem for problem in found if problem.split(" ")[0].rstrip(":") not in keys]


def _plan_problems(config: Config) -> list[str]:
    """What is wrong with the plan of change itself."""
    from sim.both import merging_problems

    plan = config.transition
    return [
        *merging_problems(config),
        *erosion_problems(config.erosion, config.resolver()),
        *timing_problems(plan, config.resolver(), config.history_years, config.horizon_years),
        *calling_problems(plan, config.workforce.roles),
    ]


def _problems_of_one_system(config: Config) -> list[str]:
    used = config.written()
    out = problems_in(used, config.evidence)
    roles = config.workforce.roles
    groups = tuple(dict.fromkeys(r.group for r in roles.values()))
    out += structure_problems(config.system, tuple(config.needs.kinds), tuple(roles), groups)
    out += _time_problems(config)
    if out:
        return out
    # what stands inside a plan of change is at the dials of the system that it leads to, and is asked there
    here = [use for use in used if use.key.startswith(("system.", "needs.", "workforce."))]
    return problems_at(here, config.resolver()) + number_problems(config)


def _problems_of_the_rest(raw: Mapping[str, Any], error: ValidationError) -> list[str]:
    """Problems with the quantities of what is left when everything that pydantic refuses is taken out.

    Only these: taking something out cannot make a quantity wrong, but it can make an offer look unreachable.
    """
    left = copy.deepcopy(dict(raw))
    for _ in range(100):
        for details in error.errors():
            path = _keys(details["loc"])
            if "evidence" in path[:1] or not _take_out(left, path):
                return []
        try:
            rest = Config.model_validate(left)
            return problems_in(rest.written(), rest.evidence)
        except ValidationError as e:
            error = e
    return []


def _take_out(tree: Any, path: list[str | int]) -> bool:
    """Remove what stands at a path, or the nearest thing around it that stands there; False at the top."""
    while path:
        *way, last = path
        at: Any = tree
        for part in way:
            inside = isinstance(at, list) and isinstance(part, int) and part < len(at)
            at = at[part] if inside or (isinstance(at, dict) and part in at) else None
        if isinstance(at, dict) and last in at:
            del at[last]
            return True
        path = way
    return False


def _time_problems(config: Config) -> list[str]:
    """A history and a horizon that the calendar can hold."""
    years = config.history_years + config.horizon_years
    first = dt.date.fromisoformat(config.calendar.start).year
    out: list[str] = []
    if first < FIRST_YEAR or first + years > LAST_YEAR:
        out.append(
            f"calendar.start = {config.calendar.start!r} with {config.history_years:g} years of history and "
            f"{config.horizon_years:g} of horizon: allowed are the years {FIRST_YEAR} to {LAST_YEAR}"
        )
    if years > MOST_YEARS:
        out.append(
            f"history_years = {config.history_years:g} and horizon_years = {config.horizon_years:g}: "
            f"together at most {MOST_YEARS}"
        )
    return out


def _sentences(error: ValidationError) -> list[str]:
    """Pydantic's findings as one sentence per problem: key, what was found, what is allowed."""
    return [_sentence(details) for details in error.errors()]


def _sentence(details: ErrorDetails) -> str:
    kind, found, path = details["type"], _short(details["input"]), _keys(details["loc"])
    if path[-1:] == ["[key]"]:  # a name that a mapping does not take
        names = re.findall(r"'([^']+)'", str(details.get("ctx", {}).get("expected", "")))
        return f"{_dotted(path[:-1])}: unknown key{_nearest(str(path[-2]), names)}"
    key = _dotted(path)
    match kind:
        case "extra_forbidden":
            return f"{key}: unknown key{_nearest(str(path[-1]), _fields_at(details['loc'][:-1]))}"
        case "missing":
            return f"{key}: missing"
        case "value_error":
            message = details["msg"].removeprefix("Value error, ")
            return f"{key}: {message}" if key else message
        case "union_tag_not_found":
            return (
                f"{key} = {found}: not a quantity; allowed is a number, the name of an evidence row, "
                "{product: [...]}, {old: ..., new: ..., dial: ...} or {base: ..., plus: {...}, minus: {...}}"
            )
        case "union_tag_invalid":
            tag = details["ctx"]["discriminator"].strip("'")
            return f"{key}.{tag} = {details['ctx']['tag']!r}: allowed are {details['ctx']['expected_tags']}"
        case "literal_error":
            names = re.findall(r"'([^']+)'", str(details["ctx"]["expected"]))
            close = difflib.get_close_matches(str(details["input"]), names, 1)
            allowed = "'all' or a list of names" if "(all)" in details["loc"] else details["ctx"]["expected"]
            hint = f"did you mean '{close[0]}'? " if close else ""
            return f"{key} = {found}: {hint}allowed is {allowed}"
        case "too_short" | "too_long":
            limits = details["ctx"]
            number = limits.get("min_length", limits.get("max_length"))
            least = "at least" if kind == "too_short" else "at most"
            return f"{key}: has {len(details['input'])} entries; {least} {number}"
    if wanted := _WANTED.get(kind):
        return f"{key} = {found}: must be {wanted}"
    return f"{key} = {found}: {_lower_first(details['msg']).removeprefix('input ')}"


#: What pydantic says of a wrong type, in words for somebody who writes YAML.
_WANTED = {
    **dict.fromkeys(("int_parsing", "int_type", "int_from_float"), "a whole number"),
    **dict.fromkeys(("float_parsing", "float_type"), "a number"),
    **dict.fromkeys(("bool_parsing", "bool_type"), "true or false"),
    "string_type": "text",
    "finite_number": "a finite number",
    **dict.fromkeys(("list_type", "tuple_type"), "a list"),
    **dict.fromkeys(("dict_type", "model_type", "model_attributes_type"), "a group of keys"),
}


def _nearest(name: str, known: list[str]) -> str:
    close = difflib.get_close_matches(name, known, 1)
    if close:
        return f"; did you mean '{close[0]}'?"
    return f"; known keys: {', '.join(known)}" if known else ""


def _keys(location: tuple[int | str, ...]) -> list[str | int]:
    """A location without what pydantic adds to it: the forms of quantities and lists, the kind of area or plan."""
    out = [part for part in location if not (isinstance(part, str) and part.startswith("("))]
    for part, tags in (("area", _AREA_KINDS), ("transition", PLANS)):
        if out[:1] == [part] and out[1:2] and out[1] in tags:
            del out[1]
    return out


def _dotted(path: Sequence[str | int]) -> str:
    """``["routes", 0, "to"]`` as ``routes[0].to``."""
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return text.removeprefix(".")


_AREA_KINDS = {
    get_args(model.model_fields["kind"].annotation)[0]: model for model in get_args(get_args(AreaConfig)[0])
}
_FORMS: dict[str, type[BaseModel]] = {PRODUCT: Product, BLEND: Blend, SHIFT: Shift}


def _fields_at(location: tuple[int | str, ...]) -> list[str]:
    """Names of the fields that may stand at a location of the configuration."""
    here: list[Any] = [Config]
    for part in location:
        if part in _FORMS:
            here = [_FORMS[str(part)]]
        elif part in PLANS:
            here = [PLANS[str(part)]]
        elif part in _AREA_KINDS:
            here = [_AREA_KINDS[str(part)]]
        elif not str(part).startswith("("):
            here = [inner for outer in here for inner in _step(outer, part)]
    return list(dict.fromkeys(name for t in here if _is_model(t) for name in t.model_fields))


def _step(annotation: Any, part: str | int) -> list[Any]:
    """The types found one key further in: a field of a model, a value of a mapping, an element of a list."""
    if _is_model(annotation):
        field = annotation.model_fields.get(str(part))
        return _alternatives(field.annotation) if field else []
    inside = get_args(annotation)
    return _alternatives(inside[-1] if inside[-1] is not Ellipsis else inside[0]) if inside else []


def _alternatives(annotation: Any) -> list[Any]:
    """The members of ``A | B | None``, without what is annotated to them."""
    if get_origin(annotation) is Annotated:
        return _alternatives(get_args(annotation)[0])
    if get_origin(annotation) in (Union, UnionType):
        return [leaf for member in get_args(annotation) for leaf in _alternatives(member)]
    return [annotation]


def _is_model(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)


def _short(value: Any) -> str:
    """What was found, as YAML writes it."""
    text = "null" if value is None else str(value).lower() if isinstance(value, bool) else repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


def _lower_first(text: str) -> str:
    return text[:1].lower() + text[1:]
