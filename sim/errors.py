"""What goes wrong with what a user gave us, told in sentences the user can act on.

Everything that reads input collects all its problems first and raises them together, so that one try
shows every mistake. The command line prints one line per problem and ends with exit status 2.
"""

from __future__ import annotations

from collections.abc import Iterable
from types import TracebackType


class InputError(ValueError):
    """Input that cannot be used: one sentence per problem (file, row, column or key; found; allowed)."""

    def __init__(self, problems: str | Iterable[str]) -> None:
        self.problems: list[str] = [problems] if isinstance(problems, str) else list(problems)
        super().__init__("\n".join(self.problems))

    def __reduce__(self) -> tuple[type[InputError], tuple[list[str]]]:
        """Survive the trip from a worker process: pickle the list of problems, not the joined text."""
        return type(self), (self.problems,)


class Problems:
    """Collects what several steps find wrong, so that all of it is told at once.

    ``with problems: ...`` takes in the problems of an :class:`InputError` and goes on after the block;
    :meth:`tell` raises all of them.
    """

    def __init__(self, *found: str) -> None:
        self.found = list(found)

    def __enter__(self) -> Problems:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        if isinstance(error, InputError):
            self.found += error.problems
        return isinstance(error, InputError)

    def tell(self) -> None:
        """Go on only if nothing is wrong.

        Raises:
            InputError: everything that was found.
        """
        if self.found:
            raise InputError(self.found)
