"""Compiled entry points, cached on disk and loaded without numba.

Importing and initialising numba takes longer than everything else that ``crfseg segment`` does
for one line. So the machine code that numba makes of an entry point is cached, and llvmlite alone
loads it. This module must not import numba at the top.
"""

from __future__ import annotations

import ctypes
import os
import re
import sys
import zlib
from collections.abc import Callable
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import llvmlite
import llvmlite.binding as llvm

from crfseg.jit.cache import cache_folder, fingerprint, keep, read_kept

Entry = Callable[..., Any]
#: The entry points: their module and number of arguments.
ENTRIES = {
    "segment_four": ("crfseg.segmentation.kernels.pipeline", 5),
    "segment_six": ("crfseg.segmentation.kernels.pipeline", 5),
    "displace": ("crfseg.features.kernels.perfect_hashing", 8),
    "enter_words": ("crfseg.segmentation.kernels.user_trie", 8),
    "word_lists": ("crfseg.segmentation.kernels.string_lists", 5),
    "tag_words": ("crfseg.tagging.kernels.pos_viterbi", 4),
    "write_tagged": ("crfseg.tagging.kernels.pos_viterbi", 6),
}
#: The functions of Python that `word_lists` calls, which returns a Python object.
_PYTHON = ("PyList_New", "PyList_SetItem", "PyUnicode_DecodeUTF8", "Py_IncRef", "Py_DecRef")
_SYMBOL, _BODY = "symbol", "body"
# numba's calling convention: pointers to the result and to an error, then the arguments.
_DEFINITION = (
    r'^define [^\n]*i32 @"?{name}"?\(ptr [^,]*%retptr, ptr [^,]*%excinfo'
    r"((?:, i64 [^,)]*%[\w.]+)*)\)"
)
#: The function that C calls; `body` is the function that numba made.
_CALLABLE = """
define i64 @{symbol}({parameters}) {{
  %result = alloca i64
  %error = alloca ptr
  %status = call i32 @{body}(ptr %result, ptr %error, {parameters})
  %value = load i64, ptr %result
  ret i64 %value
}}
"""
#: The target of LLVM assembly, removed because each machine sets its own.
_LAYOUT = re.compile(r"^target (datalayout|triple) = .*$", re.MULTILINE)
#: Functions that code may call: LLVM's own, and those of the C library it makes of loops.
_HARMLESS = re.compile(rf"llvm\.|mem(set|cpy|move)$|({'|'.join(_PYTHON)})$")


@cache
def entry(name: str) -> Entry:
    """One of ENTRIES as a C function of integers, bytes or None that returns an integer.

    The GIL is released while it runs. If numba is told not to compile, or its code is not as
    expected, it is an ordinary call.
    """
    address = None if _interpreted() else _load(name)
    if address is None:
        return _ordinary(name)
    return ctypes.CFUNCTYPE(ctypes.c_int64, *[ctypes.c_void_p] * ENTRIES[name][1])(address)


@cache
def word_lists() -> Entry | None:
    """`string_lists.word_lists` as a function that returns a Python object and holds the GIL.

    None if there is no GIL, or no compiled code.
    """
    with_gil = getattr(sys, "_is_gil_enabled", lambda: True)()
    if sys.implementation.name != "cpython" or not with_gil or _interpreted():
        return None
    for symbol in _PYTHON:
        function = getattr(ctypes.pythonapi, symbol)
        llvm.add_symbol(symbol, ctypes.cast(function, ctypes.c_void_p).value)
    address = _load("word_lists")
    if address is None:
        return None
    return ctypes.PYFUNCTYPE(ctypes.py_object, *[ctypes.c_void_p] * ENTRIES["word_lists"][1])(
        address
    )


def _interpreted() -> bool:
    """Whether numba is told not to compile, or to check bounds, which `_load` cannot do."""
    names = "NUMBA_DISABLE_JIT", "NUMBA_BOUNDSCHECK"
    return any(os.environ.get(name, "0") not in ("", "0") for name in names)


def _load(name: str) -> int | None:
    """The address of an entry point's machine code; None if it cannot be made."""
    target = _machine()
    path = _path(name)
    kept = read_kept(path)
    code = kept[:-4] if kept else _compile(name, target)
    if code is None:
        return None
    if not kept:
        keep(path, code)
    engine = llvm.create_mcjit_compiler(llvm.parse_assembly(""), target)
    engine.add_object_file(llvm.ObjectFileRef.from_data(code))
    engine.finalize_object()
    _ENGINES.append(engine)
    return int(engine.get_function_address(_SYMBOL))


_ENGINES: list[Any] = []  # they keep the machine code alive


@lru_cache(maxsize=1)
def _machine() -> Any:
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    return llvm.Target.from_default_triple().create_target_machine(
        cpu=llvm.get_host_cpu_name(),
        features=llvm.get_host_cpu_features().flatten(),
        opt=3,
        codemodel="jitdefault",
        jit=True,
    )


def _path(name: str) -> Path | None:
    folder = cache_folder()
    host = (llvm.get_host_cpu_name(), llvm.get_host_cpu_features().flatten())
    made_for = repr((name, llvmlite.__version__, *host))
    return folder and folder / f"{name}.{zlib.crc32(made_for.encode()):08x}.o"


def _compile(name: str, target: Any) -> bytes | None:
    """Machine code with the function as _SYMBOL; None if numba's code is not as expected."""
    try:
        parsed = llvm.parse_assembly(_LAYOUT.sub("", shipped(name) or ""))
        parsed.get_function(_SYMBOL)
    except (RuntimeError, NameError):  # not shipped, or made by another LLVM
        source = llvm_source(name)
        if source is None:
            return None
        parsed = llvm.parse_assembly(_LAYOUT.sub("", source))
    parsed.triple, parsed.data_layout = target.triple, str(target.target_data)
    parsed.verify()
    return bytes(target.emit_object(parsed))


def shipped(name: str) -> str | None:
    """The LLVM assembly shipped with crfseg; None unless it was made from exactly these kernels.

    It is for little-endian processors. Numba takes many seconds to make it again; see `jit.build`.
    """
    import lzma

    try:
        loader: Any = __spec__.loader  # reads from a zip file too
        text = lzma.decompress(loader.get_data(str(shipped_path(name)))).decode()
    except (OSError, lzma.LZMAError):
        return None
    good = sys.byteorder == "little" and text.startswith(f"; {fingerprint()}\n")
    return text if good else None


def shipped_path(name: str) -> Path:
    """The path that `jit.build` writes to."""
    return Path(__file__).with_name(f"{name}.ll.xz")


def llvm_source(name: str) -> str | None:
    """The LLVM assembly that numba makes of a function, without its wrapper.

    None if it is not as expected.
    """
    from importlib import import_module

    from numba import cfunc, types

    from crfseg.jit import decorators

    module, arguments = ENTRIES[name]
    function = getattr(import_module(module), name)
    signature = types.int64(*[types.intp] * arguments)
    compiled = cfunc(signature, **decorators.ENTRY)(function)
    source = compiled.inspect_llvm()
    inner = compiled.native_name.removeprefix("cfunc.")
    found = re.search(_DEFINITION.format(name=re.escape(inner)), source, re.MULTILINE)
    if found is None or found.group(1).count(",") != arguments:
        return None
    source = re.sub(rf'@"?{re.escape(inner)}"?\(', f"@{_BODY}(", source)
    parameters = ", ".join(f"i64 %a{k}" for k in range(arguments))
    source += _CALLABLE.format(symbol=_SYMBOL, body=_BODY, parameters=parameters)
    parsed = llvm.parse_assembly(_without(source, f"cfunc.{inner}"))
    _drop_unused(parsed, _machine())
    outside = [f.name for f in parsed.functions if f.is_declaration]
    if not all(_HARMLESS.match(name) for name in outside):
        return None
    return f"; {fingerprint()}\n{parsed}"


def _without(source: str, function: str) -> str:
    """LLVM assembly without the body of a function."""
    begin = re.search(rf'^define [^\n]*@"?{re.escape(function)}"?\(', source, re.MULTILINE)
    if begin is None:
        return source
    end = source.index("\n}\n", begin.start()) + 3
    return source[: begin.start()] + source[end:]


def _drop_unused(parsed: Any, target: Any) -> None:
    """Remove functions and variables that only numba's wrapper used."""
    for function in parsed.functions:
        if not function.is_declaration and function.name != _SYMBOL:
            function.linkage = "internal"
    for variable in parsed.global_variables:
        if not variable.is_declaration:
            variable.linkage = "internal"
    builder = llvm.create_pass_builder(target, llvm.create_pipeline_tuning_options())
    passes = llvm.create_new_module_pass_manager()
    passes.add_global_dead_code_eliminate_pass()
    passes.run(parsed, builder)


def _ordinary(name: str) -> Entry:
    """The function called through numba, or interpreted; bytes are passed by address."""
    from importlib import import_module

    import numpy as np

    from crfseg.jit import decorators

    function = decorators.kernel(getattr(import_module(ENTRIES[name][0]), name))

    def call(*values: Any) -> int:
        kept = [ctypes.c_char_p(v) if isinstance(v, bytes) else v for v in values]
        addresses = [
            ctypes.cast(v, ctypes.c_void_p).value if isinstance(v, ctypes.c_char_p) else v or 0
            for v in kept
        ]
        with np.errstate(over="ignore"):  # hashing overflows on purpose; compiled code is silent
            return int(function(*addresses))

    return call
