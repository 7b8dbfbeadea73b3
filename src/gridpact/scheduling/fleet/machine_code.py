"""Kernels as machine code, made at first use and kept for the next process where possible.

Kernels run one thread each and let others run beside them, so an executor of threads or processes
spreads them without changing a bit of any answer. The compiler is imported when a kernel is first
called.

Machine code is kept in the folder that ``NUMBA_CACHE_DIR`` names, else beside the source, else in
the user's cache; where none can be written to, every process compiles anew. The compiler itself
looks for changes only in the file that a kernel is in. The name under which code is kept therefore
ends in a digest of all that goes into it: the kernel, the kernels it calls, and constants of
whatever modules they come from.
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import CodeType, FunctionType, ModuleType
from typing import Generic, Literal, ParamSpec, TypeVar, cast

import numpy as np

from gridpact.base.units import Floats

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")

REORDERED = ("reassoc", "contract", "nsz")
"""What the compiler may do to sums so that they use vector units; never to infinities and NaN."""
ERRORS: Literal["numpy"] = "numpy"
"""Division by zero gives an infinity or NaN, as arrays do."""
DIGITS = 16
"""Digits of a digest that go into names."""


class Kernel(Generic[Arguments, Result]):
    """A function that is compiled, with the kernels it calls, at its first call."""

    def __init__(self, function: FunctionType) -> None:
        self.function = function
        self.__doc__, self.__name__ = function.__doc__, function.__name__
        self._code: Callable[Arguments, Result] | None = None
        self._digest = ""

    def __call__(self, *args: Arguments.args, **kwargs: Arguments.kwargs) -> Result:
        """Call the machine code."""
        return (self._code or self.compiled())(*args, **kwargs)

    def compiled(self) -> Callable[Arguments, Result]:
        """Machine code of this kernel; the compiler is to see other kernels as theirs."""
        if self._code is None:
            names: dict[str, object] = {"__name__": self.function.__globals__["__name__"]}
            for name, value in self._seen().items():
                names[name] = value.compiled() if isinstance(value, Kernel) else value
            copy = FunctionType(
                self.function.__code__, names, self.__name__, self.function.__defaults__
            )
            copy.__qualname__ = f"{self.__name__}_{self.digest()[:DIGITS]}"
            self._code = _compile(copy)
        return self._code

    def kept(self) -> bool:
        """Whether machine code of this kernel lies ready from an earlier call or process."""
        place = getattr(getattr(self.compiled(), "stats", None), "cache_path", None)
        name = f"{self.__name__}_{self.digest()[:DIGITS]}"
        return place is not None and any(Path(place).glob(f"*.{name}-*.nbc"))

    def digest(self) -> str:
        """Digest of everything that the machine code is made from, but the types of arguments."""
        if not self._digest:
            self._digest = self._made_digest()
        return self._digest

    def _made_digest(self) -> str:
        found = hashlib.sha256(repr((REORDERED, ERRORS, self.function.__defaults__)).encode())
        kinds = self.function.__annotations__.values()
        taken = {str(kind): self.function.__globals__.get(kind, kind) for kind in kinds}
        for part in _code_parts(self.function.__code__):
            found.update(part + b"\0")
        for name, value in sorted({**taken, **self._seen()}.items()):
            found.update(f"{name}={_told(value)}\0".encode())
        return found.hexdigest()

    def _seen(self) -> dict[str, object]:
        """What the kernel uses of its module's names."""
        around = self.function.__globals__
        return {name: around[name] for name in self.function.__code__.co_names if name in around}


def _code_parts(code: CodeType) -> Iterator[bytes]:
    """What code does, without where it is written."""
    yield code.co_code
    yield repr((code.co_names, code.co_varnames, code.co_freevars, code.co_cellvars)).encode()
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _code_parts(constant)
        else:
            yield repr(constant).encode()


def _told(value: object) -> str:
    """Tell a value that a kernel uses apart from any other that would change its code."""
    if isinstance(value, Kernel):
        return value.digest()
    if isinstance(value, np.ndarray):
        content = hashlib.sha256(np.ascontiguousarray(value).tobytes()).hexdigest()
        return f"{value.dtype}{value.shape}{content}"
    if isinstance(value, ModuleType):
        return value.__name__
    if isinstance(value, type):
        return f"{value.__module__}.{value.__qualname__}{_fields(value)}"
    return str(getattr(value, "__qualname__", "")) or repr(value)


def _fields(kind: type) -> list[str]:
    """Fields of a named tuple in order, with those of named tuples in it."""
    around = vars(sys.modules[kind.__module__])
    kinds = {name: kind.__annotations__[name] for name in getattr(kind, "_fields", ())}
    names = {name: getattr(within, "__forward_arg__", within) for name, within in kinds.items()}
    return [f"{name}: {_told(around.get(within, within))}" for name, within in names.items()]


def _compile(function: FunctionType) -> Callable[Arguments, Result]:
    from numba import njit

    def compiled(*, kept: bool) -> Callable[Arguments, Result]:
        made = njit(nogil=True, error_model=ERRORS, fastmath=set(REORDERED), cache=kept)(function)
        return cast("Callable[Arguments, Result]", made)

    try:
        return compiled(kept=True)
    except RuntimeError:  # no folder to write to: compile anew in every process
        return compiled(kept=False)


def machine_code(function: Callable[Arguments, Result]) -> Callable[Arguments, Result]:
    """Make a function a kernel. It may use numbers, arrays and kernels of its module's names."""
    kernel: Kernel[Arguments, Result] = Kernel(cast("FunctionType", function))
    return kernel


def read_only(array: Floats) -> Floats:
    """View an array as one kind to the compiler, however it was made: contiguous, not written to.

    Every other kind of array would be a kernel of its own to be made.
    """
    view = np.ascontiguousarray(array).view()
    view.flags.writeable = False
    return view


def is_kept(function: Callable[..., object]) -> bool:
    """Whether machine code of a kernel lies ready; of what is none there is nothing to make."""
    return not isinstance(function, Kernel) or function.kept()
