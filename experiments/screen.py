"""What a person reads: as wide as the screen, or 110 characters where there is none (a file, a pipe)."""

from __future__ import annotations

from collections.abc import Iterable
from io import StringIO
from typing import NoReturn

from rich.box import SIMPLE_HEAD
from rich.console import Console, RenderableType
from rich.table import Table

#: Width where there is no screen to fit.
TEXT_WIDTH = 110


class Screen(Console):
    """The standard output; a reader that goes away is reported to the caller, which knows what to do."""

    def on_broken_pipe(self) -> NoReturn:
        """Called by rich while the error is being handled."""
        raise BrokenPipeError


def show(thing: RenderableType) -> None:
    """Print on the standard output."""
    screen = Screen(highlight=False)
    if not screen.is_terminal:
        screen = Screen(highlight=False, width=TEXT_WIDTH)
    screen.print(thing)


def as_text(thing: RenderableType) -> str:
    """The same without colours."""
    out = StringIO()
    Console(file=out, highlight=False, width=TEXT_WIDTH, color_system=None).print(thing)
    return "\n".join(line.rstrip() for line in out.getvalue().splitlines()) + "\n"


def bullets(sentences: Iterable[str]) -> Table:
    """Sentences as a list with a hanging indent."""
    grid = Table.grid(padding=(0, 1))
    for sentence in sentences:
        grid.add_row("-", sentence)
    return grid


def table_of(*headings: str) -> Table:
    """A plain table; a heading that ends in ``>`` belongs to a column of numbers."""
    table = Table(box=SIMPLE_HEAD, pad_edge=False, padding=(0, 1))
    for heading in headings:
        table.add_column(
            heading.removesuffix(">"), justify="right" if heading.endswith(">") else "left", overflow="fold"
        )
    return table
