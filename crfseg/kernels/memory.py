"""Arrays at addresses: how compiled code reaches memory when it is passed numbers only."""

from __future__ import annotations

import ctypes

import numpy as np
from numba import types
from numba.extending import intrinsic, overload
from numba.np import arrayobj


def array_at(address, shape, dtype):
    """The C-contiguous array of a shape (a tuple) that begins at an address."""
    size = int(np.prod([int(n) for n in shape])) * np.dtype(dtype).itemsize
    memory = (ctypes.c_uint8 * size).from_address(int(address))
    return np.frombuffer(memory, dtype=dtype).reshape(shape)


@intrinsic
def _array_at(typingctx, address, shape, dtype):
    """Like numba.carray, which compiles a function of its own for every kind of array."""
    array = types.Array(dtype.dtype, len(shape), "C")

    def generate(context, builder, signature, arguments):
        made = arrayobj.make_array(array)(context, builder)
        kind = context.get_data_type(array.dtype)
        size = context.get_abi_sizeof(kind)
        word = context.get_value_type(types.intp)
        lengths = [
            context.cast(builder, builder.extract_value(arguments[1], k), shape[k], types.intp)
            for k in range(len(shape))
        ]
        steps = [word(size)]
        for length in reversed(lengths[1:]):
            steps.insert(0, builder.mul(steps[0], length))
        arrayobj.populate_array(
            made,
            data=builder.inttoptr(arguments[0], kind.as_pointer()),
            shape=lengths,
            strides=steps,
            itemsize=word(size),
            meminfo=None,
        )
        return made._getvalue()

    return array(address, shape, dtype), generate


@overload(array_at, inline="always")
def _overload_array_at(address, shape, dtype):
    return lambda address, shape, dtype: _array_at(address, shape, dtype)  # type: ignore[call-arg]
