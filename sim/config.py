"""The one place where input is checked: a frozen configuration, with every problem told at once.

``check`` takes the plain mapping that YAML and overrides gave, and either returns a :class:`Config` or raises
:class:`sim.errors.InputError` with one sentence per problem.
"""

from __future__ import annotations

import datetime as dt
import difflib
import hashlib
import json
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, ValidationError, model_validator

from sim.area import AreaConfig
from sim.errors import InputError
from sim.evidence import EvidenceRow
from sim.needs import Needs
from sim.quantity import Resolver, Strict, Use, problems_in, uses
from sim.system import System, structure_problems
from sim.workforce import Calendar, Workforce


class Transition(Strict):
    """How the area gets from one system to another. ``none``: the system has always been in place."""

    name: Literal["none"] = "none"


class Config(Strict):
    """Everything one run depends on."""

    area: AreaConfig
    system: System
    needs: Needs
    workforce: Workforce
    calendar: Calendar
    transition: Transition = Transition()
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
            raise ValueError(f"calendar.start = {self.calendar.start!r}: not a date of the form 2026-09-01") from e
        return self

    def resolver(self) -> Resolver:
        """Numbers behind the quantities of this configuration."""
        return Resolver(self.evidence, self.system.dials.model_dump())

    def uses(self) -> list[Use]:
        """Every quantity of the world that this configuration uses."""
        out: list[Use] = []
        for part in ("system", "needs", "workforce"):
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
        raise InputError(list(dict.fromkeys(_sentences(e)))) from None
    problems = _problems(config)
    if problems:
        raise InputError(problems)
    return config


def config_hash(config: Config) -> str:
    """Hash of everything that can change the results (not where they go, nor how many workers make them)."""
    data = config.model_dump(mode="json", exclude={"output", "workers", "event_log"})
    return hashlib.blake2b(json.dumps(data, sort_keys=True).encode(), digest_size=10).hexdigest()


def _problems(config: Config) -> list[str]:
    out: list[str] = []
    for part in ("system", "needs", "workforce"):
        out += problems_in(getattr(config, part), part, config.evidence)
    roles = config.workforce.roles
    groups = tuple(dict.fromkeys(r.group for r in roles.values()))
    out += structure_problems(config.system, tuple(config.needs.kinds), tuple(roles), groups)
    if out:
        return out
    return _job_plan_problems(config) + _share_problems(config)


def _job_plan_problems(config: Config) -> list[str]:
    """Job plans over 100 %, offers nobody is rostered for."""
    out: list[str] = []
    value = config.resolver()
    system, roles = config.system, config.workforce.roles
    for role, plan in system.job_plan.items():
        total = sum(map(value, plan.offers.values())) + sum(map(value, plan.overheads.values()))
        if total > 1.0 + 1e-9:
            out.append(f"system.job_plan.{role}: shares add up to {total:.1%} of the role's time; at most 100 %")
    if system.slots_per_week is not None:
        return out
    in_use = _in_use(config)
    for name, offer in system.offers.items():
        for group, minutes in offer.staff.items():
            rostered = any(
                value(plan.offers.get(name, 0.0)) > 0 for role, plan in system.job_plan.items() if roles[role].group == group
            )
            if value(minutes) > 0 and not rostered and offer.requests is None and name in in_use:
                out.append(
                    f"system.offers.{name}: needs {group} time, but no job plan of a {group} role gives it a share"
                )
    return out


def _in_use(config: Config) -> set[str]:
    """Offers that some door or route sends anybody to at these dials."""
    value = config.resolver()
    offers = config.system.offers
    reached = {name for name, offer in offers.items() if offer.requests is not None}
    reached |= {b.to for d in config.system.doors.values() if value(d.share) > 0 for b in d.to if value(b.share) > 0}
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
    out: list[str] = []
    for err in error.errors():
        loc = [str(p) for p in err["loc"] if p not in _UNION_TAGS]
        key = ".".join(loc) or "configuration"
        if err["type"] == "extra_forbidden":
            names = _known(Config, list(err["loc"][:-1]))
            close = difflib.get_close_matches(loc[-1], names, 1)
            hint = f"; did you mean '{close[0]}'?" if close else (f"; known keys: {', '.join(names)}" if names else "")
            out.append(f"{key}: unknown key{hint}")
        elif err["type"] == "missing":
            out.append(f"{key}: missing")
        elif err["type"] == "value_error":
            out.append(f"{key}: {err['msg'].removeprefix('Value error, ')}")
        else:
            out.append(f"{key} = {_short(err['input'])}: {_lower_first(err['msg'])}")
    return out


_UNION_TAGS = {"float", "str", "int", "Blend", "constrained-str", "list[str]", "literal['all']"}


def _known(model: type[BaseModel], path: list[Any]) -> list[str]:
    """Field names at a location of the configuration, as far as it can be followed."""
    current: Any = model
    for p in path:
        current = _step(current, p)
        if current is None:
            return []
    return list(current.model_fields) if isinstance(current, type) and issubclass(current, BaseModel) else []


def _step(current: Any, part: Any) -> Any:
    if isinstance(current, type) and issubclass(current, BaseModel):
        field = current.model_fields.get(str(part))
        return _unwrap(field.annotation, part) if field else None
    return _unwrap(current, part)


def _unwrap(annotation: Any, part: Any) -> Any:
    """The model behind ``dict[str, Model]``, ``list[Model]``, ``Model | None`` or a tagged union."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    models = [a for a in _leaves(annotation) if isinstance(a, type) and issubclass(a, BaseModel)]
    return _Several(models) if models else None


def _leaves(annotation: Any) -> list[Any]:
    args = getattr(annotation, "__args__", ())
    return [leaf for a in args for leaf in _leaves(a)] if args else [annotation]


class _Several:
    """Union of models (found through a container): looks names up in all of them."""

    def __init__(self, models: list[type[BaseModel]]) -> None:
        self.models = models


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


def _lower_first(text: str) -> str:
    return text[:1].lower() + text[1:]
