"""Columns of a table, some of them worked out only when somebody asks."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import numpy as np


class Columns(Mapping[str, np.ndarray]):
    """Arrays by name. A column given as a function is made anew each time: a large run need not keep it."""

    def __init__(self, columns: Mapping[str, np.ndarray | Callable[[], np.ndarray]]) -> None:
        self._columns = dict(columns)

    def __getitem__(self, name: str) -> np.ndarray:
        column = self._columns[name]
        return column if isinstance(column, np.ndarray) else column()

    def __iter__(self) -> Iterator[str]:
        return iter(self._columns)

    def __len__(self) -> int:
        return len(self._columns)
