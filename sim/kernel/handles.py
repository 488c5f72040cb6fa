"""How the compiled kernel holds its arrays: by one pointer to each group instead of a hundred arguments.

The groups of :mod:`sim.kernel.state` are named tuples of arrays. Compiled functions would copy all their fields at
every call, so they get a *handle*: a reference-counted structure on the heap with the same field names. The arrays
are shared, not copied: what the kernel changes is seen through the named tuple too. Without compilation the named
tuple itself is the handle.
"""

from __future__ import annotations

import hashlib
from typing import Any

from sim.jit import COMPILED
from sim.kernel.state import Books, People, Rules

if COMPILED:
    import numba
    from numba import types
    from numba.experimental import structref

    class _Fields(types.StructRef):
        def __init__(self, fields: Any) -> None:
            super().__init__(fields)
            # the name enters every symbol of the compiled code: a digest of a hundred field types, not their list
            digest = hashlib.blake2b(self.name.encode(), digest_size=6).hexdigest()
            self.name = f"{type(self).__name__}_{digest}"

        def preprocess_fields(self, fields: Any) -> Any:
            return tuple((name, types.unliteral(kind)) for name, kind in fields)

    @structref.register
    class RulesType(_Fields):
        """Type of the handle of :class:`Rules`."""

    @structref.register
    class PeopleType(_Fields):
        """Type of the handle of :class:`People`."""

    @structref.register
    class BooksType(_Fields):
        """Type of the handle of :class:`Books`."""

    class RulesHandle(structref.StructRefProxy):
        """Handle of :class:`Rules`."""

    class PeopleHandle(structref.StructRefProxy):
        """Handle of :class:`People`."""

    class BooksHandle(structref.StructRefProxy):
        """Handle of :class:`Books`."""

    structref.define_proxy(RulesHandle, RulesType, list(Rules._fields))
    structref.define_proxy(PeopleHandle, PeopleType, list(People._fields))
    structref.define_proxy(BooksHandle, BooksType, list(Books._fields))

    @numba.njit(cache=True)
    def _rules(group):  # type: ignore[no-untyped-def]
        return RulesHandle(*group)

    @numba.njit(cache=True)
    def _people(group):  # type: ignore[no-untyped-def]
        return PeopleHandle(*group)

    @numba.njit(cache=True)
    def _books(group):  # type: ignore[no-untyped-def]
        return BooksHandle(*group)

    _MAKERS: dict[type, Any] = {Rules: _rules, People: _people, Books: _books}


def handle(group: Any) -> Any:
    """The handle of a group of arrays (the group itself when nothing is compiled)."""
    return _MAKERS[type(group)](group) if COMPILED else group
