"""What a command is, for the reader of the command line, for its help, and for TAB."""

from __future__ import annotations

from dataclasses import dataclass, field

OWN_FILES = {"--config-dir": "DIR"}


@dataclass(frozen=True)
class Command:
    """One command: where it lives, what its help says, and which options it has besides key=value.

    ``flags`` take no value, ``valued`` take one; ``subjects`` are the words that must follow the command;
    ``simulates``: it will need worker processes. ``words`` are key=value words of the command itself, with what
    TAB offers for each. ``folders``: plain words are names of folders. The module's function ``run`` gets the
    options by name, ``overrides`` (the key=value words of the configuration) or ``folders``, and ``words`` if the
    command has any.
    """

    module: str
    help: str
    subjects: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()
    valued: dict[str, str] = field(default_factory=dict)
    overrides: bool = True
    words: dict[str, tuple[str, ...]] = field(default_factory=dict)
    simulates: bool = False
    folders: bool = False
