"""Composed configurations with some keys changed, and what the check says of them."""

from __future__ import annotations

import copy
from functools import cache
from typing import Any

import pytest

from experiments.composing.compose import compose
from sim.checking import check
from sim.errors import InputError


@cache
def composed(words: tuple[str, ...]) -> dict[str, Any]:
    """A composed configuration, put together once; copied before it is changed."""
    return compose(words)


def configuration(*changes: tuple[str, Any], words: tuple[str, ...] = ("system=gatekept",)) -> dict[str, Any]:
    """The composed gatekept system with some keys set (or added)."""
    raw = copy.deepcopy(composed(words))
    for key, value in changes:
        *path, last = key.split(".")
        at: Any = raw
        for part in path:
            at = at[int(part) if isinstance(at, list) else part]
        at[int(last) if isinstance(at, list) else last] = value
    return raw


def problems(*changes: tuple[str, Any], words: tuple[str, ...] = ("system=gatekept",)) -> list[str]:
    """What the check says of a configuration with these changes."""
    with pytest.raises(InputError) as caught:
        check(configuration(*changes, words=words))
    return caught.value.problems
