"""What the schema refuses, in words for somebody who writes YAML: key, what was found, what is allowed."""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence
from types import UnionType
from typing import TYPE_CHECKING, Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError

from sim.area_config import AreaConfig
from sim.config import Config
from sim.quantity import BLEND, PRODUCT, SHIFT, Blend, Product, Shift
from sim.transition import PLANS

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails


def sentences(error: ValidationError) -> list[str]:
    """Pydantic's findings as one sentence per problem: key, what was found, what is allowed."""
    return [_sentence(details) for details in error.errors()]


def _sentence(details: ErrorDetails) -> str:
    kind, found, path = details["type"], _short(details["input"]), keys_of_location(details["loc"])
    if path[-1:] == ["[key]"]:  # a name that a mapping does not take
        names = re.findall(r"'([^']+)'", str(details.get("ctx", {}).get("expected", "")))
        return f"{dotted(path[:-1])}: unknown key{_nearest(str(path[-2]), names)}"
    key = dotted(path)
    match kind:
        case "extra_forbidden":
            return f"{key}: unknown key{_nearest(str(path[-1]), fields_at(details['loc'][:-1]))}"
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
    wanted = _WANTED.get(kind)
    if path[:1] == ["evidence"] and len(path) == 2 and wanted == A_GROUP:
        return f"{key} = {found}: a row has several fields; to set its value write {key}.value={found}"
    if wanted:
        return f"{key} = {found}: must be {wanted}"
    return f"{key} = {found}: {_lower_first(details['msg']).removeprefix('input ')}"


A_GROUP = "a group of keys"
#: What pydantic says of a wrong type, in words for somebody who writes YAML.
_WANTED = {
    **dict.fromkeys(("int_parsing", "int_type", "int_from_float"), "a whole number"),
    **dict.fromkeys(("float_parsing", "float_type"), "a number"),
    **dict.fromkeys(("bool_parsing", "bool_type"), "true or false"),
    "string_type": "text",
    "finite_number": "a finite number",
    **dict.fromkeys(("list_type", "tuple_type"), "a list"),
    **dict.fromkeys(("dict_type", "model_type", "model_attributes_type"), A_GROUP),
}


def _nearest(name: str, known: list[str]) -> str:
    close = difflib.get_close_matches(name, known, 1)
    if close:
        return f"; did you mean '{close[0]}'?"
    return f"; known keys: {', '.join(known)}" if known else ""


def keys_of_location(location: tuple[int | str, ...]) -> list[str | int]:
    """A location without what pydantic adds to it: the forms of quantities and lists, the kind of area or plan."""
    out = [part for part in location if not (isinstance(part, str) and part.startswith("("))]
    for part, tags in (("area", _AREA_KINDS), ("transition", PLANS)):
        if out[:1] == [part] and out[1:2] and out[1] in tags:
            del out[1]
    return out


def dotted(path: Sequence[str | int]) -> str:
    """``["routes", 0, "to"]`` as ``routes[0].to``."""
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return text.removeprefix(".")


_AREA_KINDS = {
    get_args(model.model_fields["kind"].annotation)[0]: model for model in get_args(get_args(AreaConfig)[0])
}
_FORMS: dict[str, type[BaseModel]] = {PRODUCT: Product, BLEND: Blend, SHIFT: Shift}


def fields_at(location: tuple[int | str, ...]) -> list[str]:
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
