"""Values as they are typed on the command line: numbers, words, paths, dates, and lists of them.

These few forms are read here, as Hydra reads them; everything else (quotes, mappings, interpolations) is left to
Hydra's own grammar.
"""

from __future__ import annotations

import re
from typing import Any


class NotPlain(Exception):
    """Something that is left to Hydra."""


_INT = re.compile(r"[+-]?(0|[1-9]\d*)")
_FLOAT = re.compile(r"[+-]?\d+(\.\d+([eE][+-]?\d+)?|[eE][+-]?\d+)")
_DATE = re.compile(r"\d{4}-\d\d-\d\d")
_TEXT = re.compile(r"(\.{0,2}/)?[A-Za-z_][\w./-]*")
_WORDS = {"true": True, "false": False, "null": None}


def plain_value(text: str) -> Any:
    """A number, a word, a path, a date, or a list of them, as Hydra reads it.

    Raises:
        NotPlain: anything else.
    """
    if text.startswith("[") and text.endswith("]"):
        inside = text[1:-1].strip()
        return [plain_value(part.strip()) for part in inside.split(",")] if inside else []
    if _INT.fullmatch(text):
        return int(text)
    if _FLOAT.fullmatch(text):
        return float(text)
    if text.lower() in _WORDS:
        return _WORDS[text.lower()]
    if _DATE.fullmatch(text) or (_TEXT.fullmatch(text) and text.lower() not in ("nan", "inf")):
        return text
    raise NotPlain


def several(text: str) -> list[str]:
    """The parts between commas, those inside square brackets aside: ``[1,2],[3]`` are two."""
    out, depth = [""], 0
    for letter in text:
        depth += (letter == "[") - (letter == "]")
        if letter == "," and depth == 0:
            out.append("")
        else:
            out[-1] += letter
    return [part.strip() for part in out]
