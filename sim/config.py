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
from sim.errors import InputError
from sim.evidence import EvidenceRow
from sim.needs import Needs
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
from sim.system import System, structure_problems
from sim.transition import PLANS, NoChange, Transition, timing_problems
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
    evidence: dict[str, EvidenceRow]
    history_years: Annotated[float, Field(ge=0, le=50)] = 3.0
    horizon_years: Annotated[float, Field(gt=0, le=50)] = 5.0
    replications: Annotated[int, Field(ge=1, le=1_000_000)] = 10
    seed: Annotated[int, Field(ge=0, lt=2**63)] = 1
    workers: Annotated[int, Field(ge=1, le=1024)] = 2
    event_log: bool = False
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

    def uses(self) -> list[Use]:
        """Every quantity of the world that this configuration uses."""
        out: list[Use] = []
        for part in ("system", "needs", "workforce", "transition"):
            out += uses(getattr(self, part), part)
        return out


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
    data = config.model_dump(mode="json", exclude={"output", "workers", "event_log"})
    return hashlib.blake2b(json.dumps(data, sort_keys=True).encode(), digest_size=10).hexdigest()


def _problems(config: Config) -> list[str]:
    """Everything that is wrong with a configuration whose every field is of the right type."""
    out = _problems_of_one_system(config)
    if isinstance(config.transition, NoChange):
        return out
    # the system that the change leads to is held against the same rules, told under its own key
    after = config.model_copy(update={"system": config.transition.to, "transition": NoChange()})
    theirs = [p for p in _problems_of_one_system(after) if p.startswith("system.")]
    out += [f"transition.to.{p.removeprefix('system.')}" for p in theirs]
    return out or _plan_problems(config)


def _plan_problems(config: Config) -> list[str]:
    """What is wrong with the plan of change itself."""
    from sim.both import merging_problems

    return merging_problems(config) + timing_problems(
        config.transition, config.resolver(), config.horizon_years
    )


def _problems_of_one_system(config: Config) -> list[str]:
    out = _quantity_problems(config)
    roles = config.workforce.roles
    groups = tuple(dict.fromkeys(r.group for r in roles.values()))
    out += structure_problems(config.system, tuple(config.needs.kinds), tuple(roles), groups)
    out += _time_problems(config)
    if out:
        return out
    value = config.resolver()
    for part in ("system", "needs", "workforce"):
        out += problems_at(getattr(config, part), part, value)
    return (
        out
        + _job_plan_problems(config)
        + _share_problems(config)
        + _offer_problems(config)
        + _needs_problems(config)
        + _demand_problems(config)
    )


def _quantity_problems(config: Config) -> list[str]:
    """Quantities that name no evidence row, have the wrong unit or are out of range."""
    return [
        p
        for part in ("system", "needs", "workforce", "transition")
        for p in problems_in(getattr(config, part), part, config.evidence)
    ]


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
            return _quantity_problems(Config.model_validate(left))
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


def _offer_problems(config: Config) -> list[str]:
    """Offers whose numbers do not fit each other, or that never run."""
    out: list[str] = []
    value = config.resolver()
    for name, offer in config.system.offers.items():
        key = f"system.offers.{name}"
        for field in ("contacts", "most_contacts", "review_every"):
            n = value(getattr(offer.course, field))
            if n < 1.0:
                out.append(f"{key}.course.{field} = {n:g}: at least 1")
        if offer.group is not None:
            size, smallest = value(offer.group.size), value(offer.group.smallest)
            if size < 1.0 or smallest < 1.0:
                out.append(f"{key}.group: size {size:g} and smallest {smallest:g}; at least 1")
            elif smallest > size:
                out.append(f"{key}.group.smallest = {smallest:g}: larger than the group's size of {size:g}")
        for kind, weight in offer.queue.kind_weights.items():
            if value(weight) <= 0.0:
                out.append(f"{key}.queue.kind_weights.{kind} = {value(weight):g}: must be above 0")
        if offer.visit is not None:
            length, share = value(offer.visit.minutes), value(offer.visit.children_share)
            longest = max((value(m) for m in offer.staff.values()), default=0.0)
            if share > 0.0 and length * share < longest:
                out.append(
                    f"{key}.visit: {share:.0%} of {length:g} minutes leaves no room to see a child "
                    f"({longest:g} minutes)"
                )
        if offer.effect is not None:
            if value(offer.effect.gap) <= 0.0 or value(offer.effect.over_days, "days") <= 0.0:
                out.append(f"{key}.effect: gap and over_days must be above 0")
            if offer.access == "population" and value(offer.effect.lasts_days, "days") <= 0.0:
                out.append(f"{key}.effect.lasts_days: says how long the support runs; must be above 0")
        if not set(offer.weekdays) & set(config.calendar.working_days):
            out.append(f"{key}.weekdays = {', '.join(offer.weekdays)}: none of them is a working day")
    return out


def _needs_problems(config: Config) -> list[str]:
    """Kinds of need whose numbers are not in order."""
    out: list[str] = []
    value = config.resolver()
    for name, kind in config.needs.kinds.items():
        key = f"needs.kinds.{name}"
        low, mode, high = (
            value(q, "years") for q in (kind.onset_age.low, kind.onset_age.mode, kind.onset_age.high)
        )
        if not low <= mode <= high:
            out.append(f"{key}.onset_age: low, mode and high must rise, found {low:g}, {mode:g}, {high:g}")
        steps = [value(q) for q in (kind.specialist_below, kind.targeted_below, kind.normal_range)]
        if steps != sorted(steps):
            out.append(
                f"{key}: specialist_below, targeted_below and normal_range must rise, "
                f"found {steps[0]:g}, {steps[1]:g}, {steps[2]:g}"
            )
    if sum(value(q) for q in config.needs.deprivation) <= 0.0:
        out.append("needs.deprivation: all five multipliers are 0; at least one must be above 0")
    if value(config.needs.school_age, "years") >= value(config.needs.secondary_age, "years"):
        out.append("needs.school_age: must be below needs.secondary_age")
    return out


def _demand_problems(config: Config) -> list[str]:
    """A stream of referrals that does not fit the needs, or staff counted by a population it lacks."""
    if config.area.kind != "referral_stream":
        return []
    out: list[str] = []
    kinds = config.needs.kinds
    for name, share in config.area.mix.kinds.items():
        if share > 0.0 and name not in kinds:
            close = difflib.get_close_matches(name, list(kinds), 1)
            hint = f"did you mean '{close[0]}'?" if close else f"known: {', '.join(kinds)}"
            out.append(f"area.mix.kinds.{name}: no kind of need of that name in needs; {hint}")
    if config.system.slots_per_week is None:
        for role, plan in config.system.job_plan.items():
            if plan.offers and config.workforce.roles[role].wte is None:
                out.append(
                    f"workforce.roles.{role}.wte_per_100k: "
                    "a stream of referrals has no children to count; give wte"
                )
    return out


def _job_plan_problems(config: Config) -> list[str]:
    """Job plans over 100 %, offers nobody is rostered for."""
    out: list[str] = []
    value = config.resolver()
    system, roles = config.system, config.workforce.roles
    for role, plan in system.job_plan.items():
        total = sum(map(value, plan.offers.values())) + sum(map(value, plan.overheads.values()))
        if total > 1.0 + 1e-9:
            out.append(
                f"system.job_plan.{role}: shares add up to {total:.1%} of the role's time; at most 100 %"
            )
    if system.slots_per_week is not None:
        return out
    in_use = _in_use(config)
    for name, offer in system.offers.items():
        for group, minutes in offer.staff.items():
            rostered = any(
                value(plan.offers.get(name, 0.0)) > 0
                for role, plan in system.job_plan.items()
                if roles[role].group == group
            )
            if value(minutes) > 0 and not rostered and offer.requests is None and name in in_use:
                out.append(
                    f"system.offers.{name}: needs {group} time, "
                    f"but nobody of that group has a share for it in a job plan"
                )
    return out


def _in_use(config: Config) -> set[str]:
    """Offers that some door or route sends anybody to at these dials."""
    value = config.resolver()
    offers = config.system.offers
    reached = {name for name, offer in offers.items() if offer.requests is not None}
    reached |= {
        b.to for d in config.system.doors.values() if value(d.share) > 0 for b in d.to if value(b.share) > 0
    }
    frontier = [name for name in reached if name in offers]
    while frontier:
        for route in offers[frontier.pop()].routes:
            for b in (*route.to, *route.also):
                if b.to in offers and b.to not in reached and value(b.share) > 0:
                    reached.add(b.to)
                    frontier.append(b.to)
    return reached


def _share_problems(config: Config) -> list[str]:
    """Alternatives whose probabilities add up to more than one; doors whose shares do not add up to one."""
    out: list[str] = []
    value = config.resolver()
    for name, offer in config.system.offers.items():
        for j, route in enumerate(offer.routes):
            total = sum(value(b.share) for b in route.to)
            if total > 1.0 + 1e-9:
                out.append(f"system.offers.{name}.routes[{j}].to: shares add up to {total:.3f}; at most 1")
    for name, door in config.system.doors.items():
        total = sum(value(b.share) for b in door.to)
        if abs(total - 1.0) > 1e-9:
            out.append(f"system.doors.{name}.to: shares add up to {total:.3f}; they must add up to 1")
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
    return f"{key} = {found}: {_lower_first(details['msg']).removeprefix('input ')}"


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
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


def _lower_first(text: str) -> str:
    return text[:1].lower() + text[1:]
