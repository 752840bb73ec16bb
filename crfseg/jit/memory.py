"""Arrays at addresses, prefetching, and access to eight bytes at once.

Compiled code that is passed only numbers reaches memory this way, and reads text faster than
byte by byte.
"""

from __future__ import annotations

import ctypes
import sys

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic, overload
from numba.np import arrayobj

from crfseg.jit.decorators import part


def array_at(address, shape, dtype):
    """The C-contiguous array of a shape (a tuple) at an address."""
    size = int(np.prod([int(n) for n in shape])) * np.dtype(dtype).itemsize
    memory = (ctypes.c_uint8 * size).from_address(int(address))
    return np.frombuffer(memory, dtype=dtype).reshape(shape)


@intrinsic
def _array_at(typingctx, address, shape, dtype):
    """Like numba.carray, which compiles a separate function for every kind of array."""
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


def prefetch(array, at):
    """Prefetch the cache line of an element; at uint64: its index."""


@intrinsic
def _prefetch(typingctx, array, at):
    def generate(context, builder, signature, arguments):
        base = context.make_array(signature.args[0])(context, builder, arguments[0]).data
        flag, byte = ir.IntType(32), ir.IntType(8).as_pointer()
        kind = ir.FunctionType(ir.VoidType(), [byte, flag, flag, flag])
        name = "llvm.prefetch.p0"
        function = cgutils.get_or_insert_function(builder.module, kind, name)
        place = builder.bitcast(builder.gep(base, [arguments[1]]), byte)
        # For reading, into all cache levels, data cache.
        builder.call(function, [place, flag(0), flag(3), flag(1)])
        return context.get_dummy_value()

    return types.void(array, at), generate


@overload(prefetch, inline="always")
def _overload_prefetch(array, at):
    return lambda array, at: _prefetch(array, at)  # type: ignore[call-arg]


def load_word(bytes_, at):
    """Eight bytes, beginning at index `at`, as one little-endian number.

    bytes_ uint8 [at + 8 or more].
    """
    return np.uint64(int.from_bytes(bytes_[at : at + 8].tobytes(), "little"))


def store_word(bytes_, at, word):
    """Write eight bytes; the inverse of `load_word`."""
    bytes_[at : at + 8] = np.frombuffer(int(word).to_bytes(8, "little"), dtype=np.uint8)


def _place(context, builder, array, at):
    """The address of eight bytes, which need not be aligned."""
    base = context.make_array(types.Array(types.uint8, 1, "C"))(context, builder, array).data
    word = ir.IntType(64).as_pointer()
    return builder.bitcast(builder.gep(base, [at]), word)


@intrinsic
def _load_word(typingctx, bytes_, at):
    def generate(context, builder, signature, arguments):
        word = builder.load(_place(context, builder, *arguments), align=1)
        return word if sys.byteorder == "little" else builder.bswap(word)

    return types.uint64(bytes_, types.intp), generate


@intrinsic
def _store_word(typingctx, bytes_, at, word):
    def generate(context, builder, signature, arguments):
        word = arguments[2] if sys.byteorder == "little" else builder.bswap(arguments[2])
        builder.store(word, _place(context, builder, *arguments[:2]), align=1)
        return context.get_dummy_value()

    return types.void(bytes_, types.intp, types.uint64), generate


@overload(load_word, inline="always")
def _overload_load_word(bytes_, at):
    return lambda bytes_, at: _load_word(bytes_, at)  # type: ignore[call-arg]


@overload(store_word, inline="always")
def _overload_store_word(bytes_, at, word):
    return lambda bytes_, at, word: _store_word(bytes_, at, word)  # type: ignore[call-arg]


@part
def vector(h, k, dtype):
    """The k-th array that a header describes (address and shape), of one dimension."""
    return array_at(h[k, 0], (h[k, 1],), dtype)


@part
def matrix(h, k, dtype):
    """The k-th array that a header describes, of two dimensions."""
    return array_at(h[k, 0], (h[k, 1], h[k, 2]), dtype)
