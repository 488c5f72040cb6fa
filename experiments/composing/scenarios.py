"""A named set of plans to set side by side, kept as a file: what a board is shown.

An experiment may say under ``compare`` which plans ``opendoor compare`` sets side by side, each by a name and the words
that make it different from the rest of the configuration. The first is what the others are set against::

    compare:
      plans:
        stay_put: [transition=none]
        big_bang: [transition=big_bang, transition.waiting=invite]
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from sim.errors import InputError

#: Where an experiment keeps them.
KEY = "compare"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")


def names_an_experiment(overrides: Sequence[str]) -> bool:
    """Whether an experiment is among the words."""
    return any(text.lstrip("+").partition("=")[0].strip() == "experiment" for text in overrides)


def plans_of(found: Any) -> dict[str, list[str]]:
    """The words of each plan, by name.

    Args:
        found: what stands under ``compare``; None if nothing does.

    Raises:
        InputError: one sentence for everything that cannot be used.
    """
    if found is None:
        raise InputError(
            "compare: the experiment names no plans to compare; add system=a,b or transition=none,big_bang, or write "
            "compare: {plans: {NAME: [key=value, ...], ...}} in its file"
        )
    if not isinstance(found, Mapping) or not isinstance(found.get("plans"), Mapping):
        raise InputError(
            f"{KEY} = {found!r}: must be {{plans: {{NAME: [key=value, ...], ...}}}}, two plans or more"
        )
    problems = [f"{KEY}.{key}: unknown key; known keys: plans" for key in found if key != "plans"]
    plans = found["plans"]
    if len(plans) < 2:
        problems.append(f"{KEY}.plans: has {len(plans)} entries; at least 2, the first is the reference")
    for name, words in plans.items():
        problems += _problems(str(name), words)
    if problems:
        raise InputError(problems)
    return {str(name): list(words) for name, words in plans.items()}


def _problems(name: str, words: Any) -> list[str]:
    at = f"{KEY}.plans.{name}"
    out = []
    if not _NAME.fullmatch(name):
        out.append(
            f"{at}: a plan's name has letters, digits, _ and - only: its tables go into a folder of it"
        )
    if not isinstance(words, list):
        return [*out, f"{at} = {words!r}: must be a list of words, for example [transition=none]"]
    for word in words:
        if not isinstance(word, str) or "=" not in word.lstrip("~"):
            out.append(f"{at}: {word!r}: must be a word like transition=big_bang")
        elif word.partition("=")[0].lstrip("+") in ("experiment", KEY):
            out.append(f"{at}: {word!r}: cannot be changed by a plan")
    return out
