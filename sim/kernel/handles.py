"""How the compiled kernel holds its arrays: by one pointer to each group instead of a hundred arguments.

The groups of :mod:`sim.kernel.state` are named tuples of arrays. Compiled functions would copy all their fields at
every call, so they get a *handle*: the address of a block of memory with the tuple's contents (where each array
lies, its shape, numbers). What the kernel changes in the arrays is seen through the named tuple too. The compiler is
told that the block itself never changes, so it need not read it again after every store, and nothing in it is
reference counted: the Python object keeps the group alive. Without compilation the named tuple itself is the handle.
"""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np

from sim.jit import COMPILED

if COMPILED:
    import numba
    from llvmlite import ir
    from numba import types
    from numba.core import cgutils
    from numba.core.imputils import lower_getattr_generic
    from numba.core.typing.templates import AttributeTemplate, infer_getattr
    from numba.extending import NativeValue, intrinsic, models, register_model, unbox

    class HandleType(types.Type):
        """Type of a handle: the named tuple's fields and their types."""

        def __init__(self, group: Any) -> None:
            self.group = group
            # the name enters every symbol of the compiled code: a digest of a hundred types, not their list
            digest = hashlib.blake2b(str(group).encode(), digest_size=6).hexdigest()
            super().__init__(name=f"{group.instance_class.__name__}Handle_{digest}")

    register_model(HandleType)(models.OpaqueModel)

    class Handle:
        """What Python holds: the group, and the block of memory with its contents."""

        __slots__ = ("_numba_type_", "address", "block", "group")

        def __init__(self, group: Any) -> None:
            kind = numba.typeof(group)
            self.group = group
            self._numba_type_ = HandleType(kind)
            self.block = np.zeros(_size(group), np.uint8)
            self.address = int(self.block.ctypes.data)
            _write(self.address, group)

    @unbox(HandleType)
    def _unbox(typ: Any, obj: Any, c: Any) -> Any:
        number = c.pyapi.object_getattr_string(obj, "address")
        address = c.pyapi.long_as_voidptr(number)
        c.pyapi.decref(number)
        return NativeValue(address, is_error=cgutils.is_not_null(c.builder, c.pyapi.err_occurred()))

    @infer_getattr
    class _Attributes(AttributeTemplate):
        key = HandleType

        def generic_resolve(self, typ, attr):  # type: ignore[override, no-untyped-def]
            if attr in typ.group.fields:
                return typ.group[typ.group.fields.index(attr)]
            return None

    @lower_getattr_generic(HandleType)
    def _lower(context: Any, builder: Any, typ: Any, value: Any, attr: str) -> Any:
        at = typ.group.fields.index(attr)
        kind = typ.group[at]
        block = builder.bitcast(value, context.get_data_type(typ.group).as_pointer())
        pointer = cgutils.gep_inbounds(builder, block, 0, at)
        found = _load(builder, pointer, context.get_data_type(kind))
        if isinstance(kind, types.Array):
            array = context.make_array(kind)(context, builder, found)
            array.meminfo = cgutils.get_null_value(array.meminfo.type)
            array.parent = cgutils.get_null_value(array.parent.type)
            return array._getvalue()
        return context.data_model_manager[kind].from_data(builder, found)

    def _load(builder: Any, pointer: Any, kind: Any) -> Any:
        """Read a value part by part, each marked as never changing."""
        if not isinstance(kind, ir.LiteralStructType | ir.ArrayType):
            found = builder.load(pointer)
            found.set_metadata("invariant.load", builder.module.add_metadata([]))
            return found
        whole = ir.Constant(kind, ir.Undefined)
        for i in range(len(kind)):
            part = _load(builder, cgutils.gep_inbounds(builder, pointer, 0, i), kind.gep(ir.IntType(32)(i)))
            whole = builder.insert_value(whole, part, i)
        return whole

    def _size_of_group(typing: Any, group: Any) -> Any:
        def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            return ir.Constant(ir.IntType(64), context.get_abi_sizeof(context.get_data_type(group)))

        return types.int64(group), codegen

    _size_of: Any = intrinsic(_size_of_group)

    def _store_group(typing: Any, address: Any, group: Any) -> Any:
        def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            data = context.get_data_type(group)
            block = builder.inttoptr(args[0], data.as_pointer())
            for i, kind in enumerate(group):
                part = builder.extract_value(args[1], i)
                context.pack_value(builder, kind, part, cgutils.gep_inbounds(builder, block, 0, i))
            return context.get_dummy_value()

        return types.void(address, group), codegen

    _store: Any = intrinsic(_store_group)

    @numba.njit(cache=True)
    def _size(group):  # type: ignore[no-untyped-def]
        return _size_of(group)

    @numba.njit(cache=True)
    def _write(address, group):  # type: ignore[no-untyped-def]
        _store(address, group)


def handle(group: Any) -> Any:
    """The handle of a group of arrays (the group itself when nothing is compiled)."""
    return Handle(group) if COMPILED else group
