"""Runs Triton kernels without a GPU, counts what they load and store, and stops them where a GPU would go wrong.

Import it before triton, so that Triton interprets the kernels. Then try one:

    with measured() as meter:
        y = softmax(x)
    print(meter.loads(x), "loads and", meter.stores(y), "stores")

Triton's interpreter runs the programs of a launch one after the other, so a race between them goes unnoticed, and so
does a load from someone else's memory. This module looks at every address instead. It raises MeterError if a program

- loads or stores outside the elements of the tensors that it was given,
- stores an element that another program of the same launch stores or loads, which is a race (tl.atomic_add is not),
- uses a Python object that would outlive it, such as a dict, in which it could keep what it has loaded,

or if a function computes with torch outside its kernels, or launches so many programs that it must be a mistake.
"""

from __future__ import annotations

import dis
import math
import os
import sys
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from types import CodeType, FunctionType, ModuleType
from typing import Any

import numpy as np
import torch
from torch.utils._python_dispatch import TorchDispatchMode

os.environ["TRITON_INTERPRET"] = "1"
if type(getattr(sys.modules.get("triton.language"), "sum", None)).__name__ == "JITFunction":
    # torch.optim has imported Triton with its compiler; import it again with its interpreter
    for _name in [name for name in sys.modules if name.partition(".")[0] == "triton" and "._C" not in name]:
        del sys.modules[_name]

try:
    import triton
    from triton.runtime import interpreter
except ImportError as fault:
    raise ImportError(
        f"{fault}. This kata needs Triton, which exists for Linux: pip install -c constraints.txt -e '.[triton]'"
    ) from None

MOST_PROGRAMS = 2_000  # in one launch
MOST_ACCESSES = 20_000  # calls of tl.load, tl.store and tl.atomic_… in one measurement
NOBODY, SEVERAL = -1, -2
FIRST = "Triton is looking for a GPU. To run kernels on the CPU, import meter before triton"
HARMLESS = {"interpreter_semantic", "triton", "tl", "math", "annotations", "Callable", "Optional", "Tuple"}

# What torch may do outside the kernels: make tensors, and look at the same memory in another shape.
MAKES = "empty empty_strided empty_like new_empty new_empty_strided zeros zeros_like new_zeros zero_ full full_like"
VIEWS = """
    view _unsafe_view reshape _reshape_alias as_strided t transpose permute unsqueeze squeeze expand slice select alias
    detach set_ unbind split split_with_sizes unflatten view_as
"""
PERMITTED = frozenset(f"aten::{name}" for name in (MAKES + VIEWS).split())


class MeterError(Exception):
    """Raised where a kernel does something that would go wrong on a GPU, or that this kata doesn't allow."""


@dataclass
class Region:
    """The memory of one torch storage. The arrays have an entry for each element."""

    base: int
    size: int
    name: str
    allowed: np.ndarray = field(init=False)
    loads: np.ndarray = field(init=False)
    stores: np.ndarray = field(init=False)
    storer: np.ndarray = field(init=False)
    loader: np.ndarray = field(init=False)
    added: np.ndarray = field(init=False)
    itemsize: int = 4

    def __post_init__(self) -> None:
        count = self.size // self.itemsize
        self.allowed, self.added = np.zeros(count, bool), np.zeros(count, bool)
        self.loads, self.stores = np.zeros(count, np.int64), np.zeros(count, np.int64)
        self.begin_launch()

    def begin_launch(self) -> None:
        """Forget which programs have been here: a race is between programs of the same launch."""
        self.storer, self.loader = (np.full(len(self.allowed), NOBODY) for _ in range(2))
        self.added[:] = False


def elements(tensor: torch.Tensor) -> np.ndarray:
    """Return the position of every element of a tensor in its storage."""
    places = np.array(tensor.storage_offset())
    for size, stride in zip(tensor.shape, tensor.stride(), strict=True):
        places = places[..., None] + np.arange(size) * stride
    return places.ravel()


class Meter:
    """What the kernels of one measurement loaded and stored. Calls for a tensor count its elements only."""

    def __init__(self, inputs: dict[str, torch.Tensor]) -> None:
        self.regions: dict[int, Region] = {}
        self.given: set[int] = set()
        self.keep: list[torch.Tensor] = []  # memory that is freed could be used again, for another tensor
        self.launches: list[tuple[str, tuple[int, ...]]] = []
        self.accesses = 0
        self.kernel = ""
        for name, tensor in inputs.items():
            self._admit(name, tensor)
        self.given = set(self.regions)

    def loads(self, *tensors: torch.Tensor) -> int:
        """Return how many elements were loaded from these tensors, or from all."""
        return self._sum("loads", tensors)

    def stores(self, *tensors: torch.Tensor) -> int:
        """Return how many elements were stored in these tensors, or in all."""
        return self._sum("stores", tensors)

    def _sum(self, kind: str, tensors: Sequence[torch.Tensor]) -> int:
        if not tensors:
            return sum(int(getattr(region, kind).sum()) for region in self.regions.values())
        known = [(self.regions.get(each.untyped_storage().data_ptr()), each) for each in tensors]
        return sum(int(getattr(region, kind)[elements(each)].sum()) for region, each in known if region)

    def _admit(self, name: str, tensor: torch.Tensor) -> None:
        storage = tensor.untyped_storage()
        base = storage.data_ptr()
        if base in self.given or not storage.nbytes():
            return  # only the elements that the function was given
        if base not in self.regions:
            self.keep.append(tensor)
            self.regions[base] = Region(base, storage.nbytes(), name, itemsize=tensor.element_size())
        self.regions[base].allowed[elements(tensor)] = True

    # ----------------------------------------------------------------------------------- what kernels do

    def launch(self, kernel: str, arguments: dict[str, Any]) -> None:
        """Begin a launch: note the tensors among its arguments."""
        self.kernel = kernel
        for name, value in arguments.items():
            for each in value if isinstance(value, tuple) else (value,):
                tensor = getattr(each, "base", each)
                if isinstance(tensor, torch.Tensor):
                    self._admit(f"the tensor given to {kernel} as {name}", tensor)
        for region in self.regions.values():
            region.begin_launch()

    def grid(self, *grid: int) -> None:
        """Note the size of a launch, and refuse one that is far too large."""
        self.launches.append((self.kernel, grid))
        if (count := int(np.prod(grid))) > MOST_PROGRAMS:
            raise MeterError(
                f"{self.kernel}: the grid {grid} has {count} programs, and {MOST_PROGRAMS} is the limit here. Give "
                "each program a whole block, and count the blocks with triton.cdiv(n, BLOCK)"
            )

    def access(self, kind: str, pointers: np.ndarray, mask: np.ndarray) -> None:
        """Note that the current program loads, stores or adds to these addresses where the mask is true."""
        self.accesses += 1
        if self.accesses > MOST_ACCESSES:
            raise MeterError(
                f"{self.kernel}: the kernels of this call have loaded and stored {MOST_ACCESSES} times, the limit "
                "here. Load whole blocks, and check where each loop ends"
            )
        pointers = np.asarray(pointers, np.uint64)
        mask = np.broadcast_to(np.asarray(mask, bool), pointers.shape)
        left = pointers[mask].astype(np.int64)
        for region in self.regions.values():
            inside = (left >= region.base) & (left < region.base + region.size)
            if inside.any():
                self._note(kind, region, (left[inside] - region.base) // region.itemsize)
                left = left[~inside]
        if left.size:
            self._outside(kind, left.size, "every tensor that it was given")

    def _note(self, kind: str, region: Region, places: np.ndarray) -> None:
        outside = ~region.allowed[places]
        if outside.any():
            self._outside(kind, int(outside.sum()), f"the elements of {region.name}")
        program = self._program()
        once, counts = np.unique(places, return_counts=True)
        if kind == "load":
            region.loads[once] += 1
            self._check((region.storer[once] != NOBODY) & (region.storer[once] != program), region, "loads", "stores")
            loader = region.loader[once]
            region.loader[once] = np.where((loader == NOBODY) | (loader == program), program, SEVERAL)
            return
        region.stores[once] += counts
        if region.base in self.given:
            raise MeterError(f"{self._where()}: stores in {region.name}, which is an input. Make a new tensor")
        if kind == "store":
            if (counts > 1).any():
                raise MeterError(
                    f"{self._where()}: one tl.store stores {int(counts.max())} values in one element of {region.name}"
                )
            stored = (region.storer[once] != NOBODY) & (region.storer[once] != program)
            self._check(stored, region, "stores", "stores")
        else:
            stored = (region.storer[once] != NOBODY) & (region.storer[once] != program) & ~region.added[once]
            self._check(stored, region, "adds to", "stores")
            region.added[once] = True
        loaded = (region.loader[once] != NOBODY) & (region.loader[once] != program)
        self._check(loaded, region, "stores", "loads")
        region.storer[once] = program

    def _check(self, race: np.ndarray, region: Region, verb: str, others: str) -> None:
        if race.any():
            raise MeterError(
                f"{self._where()}: a race: it {verb} {_counted(int(race.sum()))} of {region.name} that another program "
                f"of the same launch {others}. On a GPU the programs run at the same time, in any order"
            )

    def _outside(self, kind: str, count: int, what: str) -> None:
        verb = {"load": "loads", "store": "stores"}.get(kind, "adds to")
        raise MeterError(
            f"{self._where()}: {verb} {_counted(count)} outside {what}. Check the mask, the strides and the offsets"
        )

    def _program(self) -> int:
        x, y, z = interpreter.interpreter_builder.grid_idx
        _, ny, nz = interpreter.interpreter_builder.grid_dim
        return int((x * ny + y) * nz + z)

    def _where(self) -> str:
        index = interpreter.interpreter_builder.grid_idx
        return f"{self.kernel}, program {tuple(map(int, index))}"


def _counted(number: int) -> str:
    return f"{number} element{'s' * (number != 1)}"


class _Memory:
    """Triton's own memory functions, each call noted in a meter first."""

    def __init__(self, meter: Meter, original: Any) -> None:
        self.meter, self.original = meter, original

    def __getattr__(self, name: str) -> Any:
        return getattr(self.original, name)

    def load(self, pointers: Any, mask: Any, *rest: Any) -> Any:
        self.meter.access("load", pointers, mask)
        return self.original.load(pointers, mask, *rest)

    def store(self, pointers: Any, value: Any, mask: Any) -> Any:
        self.meter.access("store", pointers, mask)
        return self.original.store(pointers, value, mask)

    def atomic_rmw(self, operation: Any, pointers: Any, value: Any, mask: Any, order: Any) -> Any:
        self.meter.access("add", pointers, mask)
        return self.original.atomic_rmw(operation, pointers, value, mask, order)

    def atomic_cas(self, *_: Any) -> Any:
        raise MeterError(
            "tl.atomic_cas builds a lock, and programs that wait for each other can't run one after the other. Use "
            "tl.atomic_add, or give each program rows of its own for its partial sums"
        )


class _Torch(TorchDispatchMode):
    """Refuses to compute with torch."""

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        name = func.name().partition(".")[0]
        if name not in PERMITTED:
            said = name.removeprefix("aten::")
            raise MeterError(
                f"torch ran `{said}` outside the kernels, where a function may only make tensors, look at them in "
                "another shape and launch kernels. Compute it in a kernel"
            )
        return func(*args, **(kwargs or {}))


@contextmanager
def measured(**inputs: torch.Tensor) -> Iterator[Meter]:
    """Measure the kernels in the block. Of the tensors in `inputs`, they may load the elements, and store none."""
    if not triton.knobs.runtime.interpret or not isinstance(triton.language.sum, interpreter.InterpretedFunction):
        raise MeterError(FIRST)
    meter, builder = Meter(inputs), interpreter.interpreter_builder
    ready: set[int] = set()
    memory, run, patch = interpreter._interpreter, interpreter.GridExecutor.__call__, interpreter._patch_lang
    rewrite = interpreter.FunctionRewriter._compile_and_exec

    def launched(executor: Any, *args: Any, **kwargs: Any) -> None:
        names = [name for name in executor.arg_names if name not in kwargs]
        _refuse_memory(executor.fn, (*args, *kwargs.values()))
        meter.launch(executor.fn.__name__, {**dict(zip(names, args, strict=False)), **kwargs})
        _take_back(executor.fn.__globals__)
        executor._restore_args_dev = lambda *_: None  # the tensors are on the CPU, so nothing has to be copied back
        ready.clear()
        run(executor, *args, **kwargs)

    def patched(function: Any) -> Any:
        """Prepare the language for a function. The interpreter would do it again in every call of tl.sum."""
        languages = triton.language, triton.language.core
        kinds = {id(each) for each in function.__globals__.values() if any(each is known for known in languages)}
        if not kinds:
            raise MeterError(FIRST)
        if kinds <= ready:
            return None
        ready.update(kinds)
        return patch(function)

    def rewritten(rewriter: Any, tree: Any) -> Any:
        function = rewrite(rewriter, tree)
        _take_back(rewriter.fn.__globals__)
        return function

    def sized(*grid: int) -> None:
        meter.grid(*grid)
        type(builder).set_grid_dim(builder, *grid)

    interpreter._interpreter = _Memory(meter, memory)
    interpreter.GridExecutor.__call__, interpreter._patch_lang, builder.set_grid_dim = launched, patched, sized
    interpreter.FunctionRewriter._compile_and_exec = rewritten
    try:
        # Block pointers are deprecated, and padding may compute inf - inf. Neither is a mistake.
        with _Torch(), warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.filterwarnings("ignore", message="tl.make_block_ptr is deprecated")
            yield meter
    except interpreter.InterpreterError as fault:
        raise _reason(fault) from None
    finally:
        interpreter._interpreter = memory
        interpreter.GridExecutor.__call__, interpreter._patch_lang = run, patch
        interpreter.FunctionRewriter._compile_and_exec = rewrite
        del builder.set_grid_dim


def _refuse_memory(function: FunctionType, given: tuple[object, ...]) -> None:
    """Raise MeterError if a kernel is given, or names, an object in which its programs could keep something.

    On a GPU, a program shares nothing with the next one but tensors.
    """
    seen, left = set(), [(function.__name__, function)]
    while left:
        name, each = left.pop()
        if each in seen:
            continue
        seen.add(each)
        names, stores = _global_names(each.__code__)
        values = {other: each.__globals__[other] for other in names if other in each.__globals__}
        values |= {"its defaults": each.__defaults__, "its arguments": given}
        values |= {f"{other}, a default": value for other, value in (each.__kwdefaults__ or {}).items()}
        stores = [*stores, *each.__code__.co_freevars]
        for other, value in values.items():
            if _is_plain(value):
                continue
            if isinstance(value, interpreter.InterpretedFunction):
                left.append((other, value.fn))
            else:
                stores = [other]
        if stores:
            raise MeterError(
                f"{name} uses {stores[0]}: a kernel takes tensors and numbers, and calls functions with @triton.jit. "
                "A program on a GPU can keep nothing for the next one"
            )


OWNERS = (triton, triton.language, triton.language.math, math)
PLAIN = {bool, int, float, str, type(None), torch.Tensor, torch.dtype, ModuleType, triton.language.dtype}


def _is_plain(value: Any) -> bool:
    if type(value) in (tuple, torch.Size):
        return all(map(_is_plain, value))
    if type(value) is triton.language.constexpr:
        return _is_plain(value.value)
    # Triton's and math's own functions may be imported by name. The interpreter adds its semantics to each kernel.
    known = (each for owner in OWNERS for each in vars(owner).values())
    return type(value) in PLAIN or value is interpreter.interpreter_semantic or any(value is each for each in known)


@cache
def _global_names(code: CodeType) -> tuple[list[str], list[str]]:
    """Return the global names that a function reads, and those that it binds."""
    steps = [(each.opname, str(each.argval)) for each in dis.get_instructions(code)]
    reads = [name for kind, name in steps if kind in ("LOAD_GLOBAL", "LOAD_NAME")]
    binds = [name for kind, name in steps if kind == "STORE_GLOBAL"]
    for inner in code.co_consts:
        if isinstance(inner, CodeType):
            more = _global_names(inner)
            reads, binds = reads + more[0], binds + more[1]
    return reads, binds


def _take_back(names: dict[str, Any]) -> None:
    """Remove what the interpreter put into a learner's module: it gives every kernel all of its own global names.

    The learner may have imported `math` and the like, which are harmless.
    """
    for name, value in vars(interpreter).items():
        if name[:2] != "__" and name not in HARMLESS and names.get(name) is value:
            del names[name]


def _reason(fault: BaseException) -> BaseException:
    """Return the exception that a kernel raised. The interpreter wraps it once for each function on the way."""
    while isinstance(fault, interpreter.InterpreterError) and fault.__cause__ is not None:
        fault = fault.__cause__
    return fault


def show(functions: dict[str, Callable[..., Any]]) -> None:
    """Run the kata's functions on small tensors, and print their errors, loads and stores.

    The rows of matrices are further apart than they are long. An error is the largest in all results of a function.
    """
    torch.manual_seed(0)
    x, y, a, b = torch.randn(1000), torch.randn(1000), torch.randn(50, 45)[:, :40], torch.randn(40, 75)[:, :70]
    rows, slopes = torch.randn(6, 103)[:, :100], torch.randn(6, 101)[:, :100]
    gamma, beta = torch.randn(100), torch.randn(100)
    q, k, v = (torch.randn(1, 50, 2, 16).transpose(1, 2) for _ in range(3))
    mean, rstd = rows.mean(1), (rows.var(1, correction=0) + 1e-5).rsqrt()
    normalised = (rows - mean[:, None]) * rstd[:, None]
    scaled = slopes * gamma
    dx = scaled - scaled.mean(1, keepdim=True) - normalised * (scaled * normalised).mean(1, keepdim=True)
    gradients = dx * rstd[:, None], (slopes * normalised).sum(0), slopes.sum(0)
    exact = torch.nn.functional.scaled_dot_product_attention
    heads = {"q": q, "k": k, "v": v}
    cases: list[tuple[str, dict[str, torch.Tensor], dict[str, Any], tuple[torch.Tensor, ...]]] = [
        ("add", {"x": x, "y": y}, {}, (x + y,)),
        ("softmax", {"x": rows}, {}, (rows.softmax(1),)),
        ("matmul", {"a": a, "b": b}, {}, (a @ b,)),
        ("layer_norm", {"x": rows, "weight": gamma, "bias": beta}, {}, (normalised * gamma + beta, mean, rstd)),
        ("layer_norm_backward", {"dy": slopes, "x": rows, "weight": gamma, "mean": mean, "rstd": rstd}, {}, gradients),
        ("attention", heads, {}, (exact(q, k, v),)),
        ("attention", heads, {"is_causal": True}, (exact(q, k, v, is_causal=True),)),
    ]
    for name, inputs, settings, expected in cases:
        shown = " ".join([name, *settings])
        try:
            with measured(**inputs) as meter:
                answer = functions[name](*inputs.values(), **settings)
        except NotImplementedError:
            print(f"{shown:20} isn't written yet")
            continue
        parts = answer if isinstance(answer, tuple) else (answer,)
        if len(parts) != len(expected):
            print(f"{shown:20} returns {len(parts)} results, expected {len(expected)}")
            continue
        errors = [(part - right).abs().max() for part, right in zip(parts, expected, strict=True)]
        error = torch.stack(errors).max().item()  # NaN if one of them is
        loads = ", ".join(f"{meter.loads(each)} from {of}" for of, each in inputs.items())
        programs = sum(int(np.prod(grid)) for _, grid in meter.launches)
        print(f"{shown:20} error {error:.0e}, {programs} programs, loads: {loads}; {meter.stores()} stores")
