"""What goes wrong with what a user gave us, told in sentences the user can act on.

Everything that reads input collects all its problems first and raises them together, so that one try
shows every mistake. The command line prints one line per problem and ends with exit status 2.
"""

from __future__ import annotations

from collections.abc import Iterable


class InputError(ValueError):
    """Input that cannot be used: one sentence per problem (file, row, column or key; found; allowed)."""

    def __init__(self, problems: str | Iterable[str]) -> None:
        self.problems: list[str] = [problems] if isinstance(problems, str) else list(problems)
        super().__init__("\n".join(self.problems))

    def __reduce__(self) -> tuple[type[InputError], tuple[list[str]]]:
        """Survive the trip from a worker process: pickle the list of problems, not the joined text."""
        return type(self), (self.problems,)
