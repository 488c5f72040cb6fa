"""What the shell offers when TAB is pressed: commands, options, files to choose, keys to set.

``opendoor completion bash`` prints a few lines for the shell; they call back here with the line typed so
far. Names of files come from the folders alone, so that answer is immediate; keys inside a file
(``system.dials.``) need the configuration to be put together and take a moment.
"""

from __future__ import annotations

import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

from experiments.commands import COMMANDS
from experiments.composing.compose import compose, options, top_level_keys
from sim.errors import InputError

#: Bash breaks words at ``=`` and ``:`` too: the whole word is completed, the part after the last break is
#: what goes back.
BASH = """\
_opendoor() {
    local line=${COMP_LINE:0:$COMP_POINT} word
    word=${line##*[[:space:]]}
    local IFS=$'\\n'
    COMPREPLY=($("${COMP_WORDS[0]}" completion bash --line "$line" 2>/dev/null))
    local broken=${word%"${word##*[=:]}"}
    COMPREPLY=("${COMPREPLY[@]#"$broken"}")
    [[ ${COMPREPLY[0]} == *[=.] ]] && compopt -o nospace 2>/dev/null
    return 0
}
complete -o default -F _opendoor opendoor
"""


def run(subject: str, line: str | None = None) -> int:
    """Print the lines for the shell; with ``line``, the candidates for what has been typed so far."""
    sys.stdout.write(BASH if line is None else "".join(f"{c}\n" for c in candidates(line)))
    return 0


def candidates(line: str) -> list[str]:
    """Words that may stand at the end of a command line, complete from their first letter.

    Args:
        line: everything typed up to the cursor, beginning with ``opendoor``.
    """
    words = line.split()
    current = "" if line[-1:].isspace() or not words else words.pop()
    words = words[1:]
    if not words:
        return [name for name in (*COMMANDS, "help", "--help", "--version") if name.startswith(current)]
    name = words[0]
    if name == "help":
        return [c for c in COMMANDS if c.startswith(current)]
    command = COMMANDS.get(name)
    if command is None:
        return []
    if command.subjects and len(words) == 1:
        return [s for s in command.subjects if s.startswith(current)]
    if current.startswith("-"):
        return [o for o in (*command.flags, *command.valued, "--help") if o.startswith(current)]
    if words[-1] == "--grade":
        return [g for g in ("measured", "published", "expert", "assumed") if g.startswith(current)]
    if words[-1] in command.valued or not command.overrides:
        return []  # the shell's own: file names
    own = _words(current, command.words)
    return own if "=" in current and own else own + _overrides(current, words[1:])


def _words(current: str, words: dict[str, tuple[str, ...]]) -> list[str]:
    """The command's own words."""
    key, equals, value = current.partition("=")
    if equals:
        return [f"{key}={v}" for v in words.get(key, ()) if v.startswith(value)]
    return [f"{word}=" for word in words if word.startswith(current)]


def _overrides(current: str, words: list[str]) -> list[str]:
    own = next((b for a, b in pairwise(words) if a == "--config-dir"), None)
    folder = own if own and Path(own).is_dir() else None
    groups = options(folder)
    if "=" in current:
        group, _, value = current.partition("=")
        before, comma, last = value.rpartition(",")  # compare takes several systems
        return [f"{group}={before}{comma}{name}" for name in groups.get(group, ()) if name.startswith(last)]
    if "." not in current:
        if current in groups:
            return [f"{current}=", f"{current}."]
        return [f"{name}=" for name in (*groups, *top_level_keys()) if name.startswith(current)]
    return _keys(current, words, folder, groups)


def _keys(current: str, words: list[str], folder: str | None, groups: dict[str, list[str]]) -> list[str]:
    chosen = [w for w in words if w.partition("=")[0] in groups and "," not in w]
    try:
        value: Any = compose(chosen, folder)
    except InputError:
        return []
    parent, _, last = current.rpartition(".")
    for part in parent.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    if not isinstance(value, dict):
        return []
    return [
        f"{parent}.{key}{'.' if isinstance(inner, dict) else '='}"
        for key, inner in value.items()
        if str(key).startswith(last)
    ]
