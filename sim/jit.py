"""Compile the model's plain functions, and keep the machine code on disk between commands.

``NUMBA_DISABLE_JIT=1`` leaves every function as ordinary Python: slow, but it can be stepped through, and it
gives the same bits. The cache folder is named after the text of the sources that are compiled, because numba notices
a change only in the file of the function itself, not in the files of the functions that it calls.
"""

from __future__ import annotations

import hashlib
import importlib
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

os.environ.setdefault("NUMBA_NUM_THREADS", "1")


def _cache_folder() -> str:
    here = Path(__file__).parent
    digest = hashlib.blake2b(digest_size=8)
    for path in [here / "jit.py", *sorted(here.glob("kernel/*.py")), *sorted(here.glob("*.py"))]:
        text = path.read_bytes()
        if path.parent != here or b"from sim.jit import" in text or path.name == "jit.py":
            digest.update(text)
    base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "opendoor"
    folder = base / f"compiled-{digest.hexdigest()}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _forget_old(base, folder)
    except OSError:  # a home that cannot be written: compile into a folder that can
        folder = Path(tempfile.gettempdir()) / f"opendoor-{os.getuid()}" / folder.name
        folder.mkdir(parents=True, exist_ok=True)
    return str(folder)


def _forget_old(base: Path, current: Path, keep: int = 4) -> None:
    """Remove the machine code of all but the newest few versions."""
    import shutil

    others = sorted((p for p in base.glob("compiled-*") if p != current), key=lambda p: p.stat().st_mtime)
    for old in others[: max(0, len(others) - keep)]:
        shutil.rmtree(old, ignore_errors=True)


if "NUMBA_CACHE_DIR" not in os.environ:
    os.environ["NUMBA_CACHE_DIR"] = _cache_folder()

numba: Any = importlib.import_module("numba")  # only now: the cache folder must be known before

COMPILED = not numba.config.DISABLE_JIT

F = TypeVar("F", bound=Callable[..., Any])


def compiled(function: F) -> F:
    """Decorator: compile on first use, remember on disk. Arithmetic stays strict (no reordering)."""
    if not COMPILED:
        return function
    return _one_version(numba.njit(cache=True, error_model="numpy")(function))


def inner(function: F) -> F:
    """As :func:`compiled`, for functions that only compiled code calls: quicker to compile.

    They may not make arrays: nothing in them is reference counted, which would take a third of their time.
    """
    if not COMPILED:
        return function
    return _one_version(
        numba.njit(
            cache=True, error_model="numpy", no_cpython_wrapper=True, no_cfunc_wrapper=True, _nrt=False
        )(function)
    )


def _one_version(dispatcher: Any) -> Any:
    """Compile one version of a function, for 64-bit whole numbers, instead of one per mixture of sizes.

    Fields of records are as small as they can be; without this every function would be compiled again for each
    combination of sizes that it is called with.
    """
    original = dispatcher.get_call_template

    def get_call_template(args: Any, kws: Any) -> Any:
        return original(tuple(_widest(a) for a in args), {k: _widest(a) for k, a in kws.items()})

    dispatcher.get_call_template = get_call_template
    return dispatcher


def _widest(kind: Any) -> Any:
    kind = numba.types.unliteral(kind)
    small = isinstance(kind, numba.types.Integer) and kind.signed and kind.bitwidth < 64
    return numba.types.int64 if small else kind
