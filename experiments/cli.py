"""The command ``opendoor``: what it can do, in words, and how it says that something is wrong.

Each command lives in its own module and is imported only when it is asked for, so that ``opendoor
--help`` and tab completion answer at once. Whatever a user can get wrong ends here as one line per
problem on the error output and exit status 2, never as a traceback:

* 0: done;
* 1: some simulations failed (which ones is said), or the program itself is at fault;
* 2: something in the command, the configuration, a file or a folder cannot be used;
* 130: stopped by Ctrl-C or a polite kill (what is kept is said); 141: whoever was reading the output went away.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import Any

from experiments.commands import COMMANDS, HELP, Command


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit status (see the module's first paragraph)."""
    words = list(sys.argv[1:] if argv is None else argv)
    try:
        status = _dispatch(words)
        sys.stdout.flush()
        return status
    except KeyboardInterrupt as e:
        print("\nopendoor: stopped" + (f": {e}" if e.args else ""), file=sys.stderr)
        return 130
    except BrokenPipeError:
        # the reader (head, less) has gone; do not let Python complain about it on its way out
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    except (ValueError, OSError) as e:
        problems = _problems(e)
        if problems is None:
            raise
        for problem in problems:
            print(f"opendoor: {problem}", file=sys.stderr)
        return 2


def _dispatch(words: list[str]) -> int:
    if not words or words[0] in ("-h", "--help") or words == ["help"]:
        sys.stdout.write(HELP)
        return 0
    if words[0] in ("-V", "--version"):
        from importlib.metadata import version

        print(f"opendoor {version('opendoor')}")
        return 0
    if words[0] == "help":
        sys.stdout.write(_command(words[1]).help)
        return 0
    command = _command(words[0])
    if "-h" in words or "--help" in words:
        sys.stdout.write(command.help)
        return 0
    options = _read(words[0], command, words[1:])
    from importlib import import_module

    if not command.simulates:
        return int(import_module(command.module).run(**options))
    from experiments.running.pool import PRELOAD, sigterm_like_ctrl_c, start_early

    start_early(PRELOAD)
    with sigterm_like_ctrl_c():
        return int(import_module(command.module).run(**options))


def _command(name: str) -> Command:
    if name in COMMANDS:
        return COMMANDS[name]
    import difflib

    from sim.errors import InputError

    close = difflib.get_close_matches(name, COMMANDS, 1)
    hint = f"did you mean '{close[0]}'?" if close else f"commands: {', '.join(COMMANDS)}"
    raise InputError(f"{name}: no such command; {hint} (opendoor --help)")


def _read(name: str, command: Command, words: list[str]) -> dict[str, Any]:
    """Options by name, ready for the command's ``run``; all problems with the words at once.

    Raises:
        InputError: an option that does not exist or lacks its value, a missing or unknown subject.
    """
    from sim.errors import InputError

    problems: list[str] = []
    options: dict[str, Any] = {_attribute(flag): False for flag in command.flags}
    options |= {_attribute(option): None for option in command.valued}
    plain: list[str] = []
    queue = list(words)
    while queue:
        word = queue.pop(0)
        option, equals, value = word.partition("=")
        if not word.startswith("--"):
            plain.append(word)
        elif option in command.valued:
            if not equals and (not queue or queue[0].startswith("--")):
                problems.append(f"{option}: needs a value: {option} {command.valued[option]}")
            else:
                options[_attribute(option)] = value if equals else queue.pop(0)
        elif option in command.flags and not equals:
            options[_attribute(option)] = True
        else:
            problems.append(f"{word}: no such option of opendoor {name}{_option_hint(option, command)}")
    if command.subjects:
        if not plain or plain[0] not in command.subjects:
            found = f"found {plain[0]!r}" if plain else "found nothing"
            problems.append(f"opendoor {name} must be followed by {' or '.join(command.subjects)}, {found}")
        options["subject"] = plain.pop(0) if plain else ""
    if command.words:
        own = [word.partition("=") for word in plain if word.partition("=")[0] in command.words]
        plain = [word for word in plain if word.partition("=")[0] not in command.words]
        options["words"] = {key: value for key, _, value in own}
        keys = [key for key, _, _ in own]
        problems += [f"{key}: given more than once" for key in options["words"] if keys.count(key) > 1]
        problems += [
            f"{key}: needs a value: {key}=..." for key, value in options["words"].items() if not value
        ]
    if command.overrides:
        options["overrides"] = plain
    elif command.folders:
        options["folders"] = plain
    else:
        problems += [f"{word}: opendoor {name} takes no such word (opendoor help {name})" for word in plain]
    if problems:
        raise InputError(problems)
    return options


def _attribute(option: str) -> str:
    return option.lstrip("-").replace("-", "_")


def _option_hint(option: str, command: Command) -> str:
    import difflib

    if command.overrides and "--" + _attribute(option) not in (*command.flags, *command.valued):
        from experiments.composing.compose import options, top_level_keys

        if (key := _attribute(option)) in top_level_keys() or key in options():
            return f"; write {key}=VALUE"
    close = difflib.get_close_matches(option, [*command.flags, *command.valued], 1)
    return f"; did you mean {close[0]}?" if close else f" (opendoor help {_name(command)})"


def _name(command: Command) -> str:
    return next(name for name, known in COMMANDS.items() if known is command)


def _problems(error: ValueError | OSError) -> list[str] | None:
    """What to tell the user, one line each; None if this is a mistake in the program."""
    from sim.errors import InputError

    if isinstance(error, InputError):
        return [" ".join(problem.split()) for problem in error.problems]
    if isinstance(error, OSError) and error.strerror:
        where = f"{error.filename}: " if error.filename else ""
        return [f"{where}{error.strerror[0].lower()}{error.strerror[1:]}"]
    return None


if __name__ == "__main__":
    sys.exit(main())
