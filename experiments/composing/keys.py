"""Which keys a configuration has: those its files write, and those the model has with a default.

A key that nobody knows gets one sentence with the nearest name at that place.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

#: A longer list of names than this hides the message in it: then a few are shown.
MOST_NAMES, FEW_NAMES = 40, 5


def unknown_key(key: str, composed: Mapping[str, Any], groups: Iterable[str]) -> str | None:
    """One sentence if nothing of that name can be set; None if it can.

    Args:
        key: with dots, for example ``system.dials.impact``.
        composed: the configuration as its files write it.
        groups: names of what can be chosen.
    """
    from sim.config import Config

    parts = key.split(".")
    value: Any = composed
    types: list[Any] = [Config]
    for i, part in enumerate(parts):
        written = [str(k) for k in value] if isinstance(value, Mapping) else []
        fields = [name for t in types if _is_model(t) for name in t.model_fields]
        # a mapping of plain numbers (minutes by staff group) may get a new entry, a mapping of models may
        # not: nobody can describe a whole new offer with one key
        takes_new = any(get_origin(t) is dict and not all(map(_is_model, _inside(t))) for t in types)
        in_list = isinstance(value, list) and part.isdigit() and int(part) < len(value)
        if not (in_list or takes_new or part in written or part in fields):
            names = sorted({*written, *fields, *(groups if i == 0 else ())})
            return _no_such_key(key, i, names, _one_step_in(value, part))
        types = [inner for t in types for inner in _step(t, part)]
        value = value[int(part)] if in_list else value.get(part) if isinstance(value, Mapping) else None
    return None


def _one_step_in(value: Any, name: str) -> list[str]:
    """Names under which the same key stands one step further in, such as ``waiting`` in ``transition``."""
    if not isinstance(value, Mapping):
        return []
    return [
        f"{group}.{name}" for group, inner in value.items() if isinstance(inner, Mapping) and name in inner
    ]


def _no_such_key(key: str, i: int, names: list[str], inside: list[str]) -> str:
    parts = key.split(".")
    where = ".".join(parts[:i])
    close = inside[:1] or difflib.get_close_matches(parts[i], names, 1)
    if close:
        return f"{key}: unknown key; did you mean '{'.'.join([*parts[:i], close[0], *parts[i + 1 :]])}'?"
    if not names:
        return f"{key}: unknown key; {where} has no keys inside it"
    shown = names if len(names) <= MOST_NAMES else [*names[:FEW_NAMES], f"... {len(names)} in all"]
    return f"{key}: unknown key; keys {f'in {where}' if where else 'are'}: {', '.join(shown)}"


def _is_model(annotation: Any) -> bool:
    return hasattr(annotation, "model_fields")


def _step(annotation: Any, part: str) -> list[Any]:
    """The types found one key further in: a field of a model, a value of a mapping, an element of a list."""
    if _is_model(annotation):
        field = annotation.model_fields.get(part)
        return _flat(field.annotation) if field else []
    return _inside(annotation)


def _inside(annotation: Any) -> list[Any]:
    return _flat(get_args(annotation)[-1]) if get_origin(annotation) in (dict, list, tuple) else []


def _flat(annotation: Any) -> list[Any]:
    """The alternatives of ``A | B | None`` and of ``Annotated[A, ...]``."""
    if get_origin(annotation) in (Union, UnionType):
        return [leaf for a in get_args(annotation) for leaf in _flat(a)]
    if get_origin(annotation) is Annotated:
        return _flat(get_args(annotation)[0])
    return [annotation]
