"""Runs Triton kernels without a GPU, counts what they load and store, and stops them where a GPU would go wrong.

Import it before triton. Then try a kernel:

    y, machine = measured(softmax, x=x)
    print(machine.loads("x"), "loads and", machine.stores(), "stores")

Triton's compiler translates each kernel that the function launches into intermediate code for an H100. This module
records the launches, and machine.py runs them. While it records, the function gets tensors of the same shapes and
strides that are filled with NaN: what it launches can't depend on the numbers, and only kernels can compute with them.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Iterable
from typing import Any, ClassVar

import numpy as np
import torch
from machine import Machine, MeterError, Place
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

os.environ["TRITON_INTERPRET"] = "0"

try:
    import triton
    from triton._C.libtriton import ir
    from triton.backends.compiler import GPUTarget
    from triton.backends.nvidia.compiler import CUDABackend
    from triton.compiler import ASTSource
    from triton.runtime import autotuner, jit
except ImportError as fault:
    raise ImportError(
        f"{fault}. This kata needs Triton, which exists for Linux: pip install -c constraints.txt -e '.[triton]'"
    ) from None

H100 = GPUTarget("cuda", 90, 32)
# What torch may do with a tensor that kernels know: make another one like it, look at it in another shape, and fill it.
EMPTY = "empty empty_strided empty_like new_empty new_empty_strided"
PERMITTED = frozenset(f"""
    {EMPTY} zeros_like new_zeros ones_like new_ones full_like new_full zero_ fill_
    view _unsafe_view reshape _reshape_alias as_strided t transpose permute unsqueeze squeeze expand slice select alias
    detach unbind split split_with_sizes unflatten view_as
""".split())  # fmt: skip
COPIED = "Instead of a copy (.clone(), .contiguous(), .reshape()), give the kernel the tensor's strides"


class Launches(TorchDispatchMode):
    """Records the launches in its block, which it compiles and doesn't run, and lets torch compute no results."""

    compiled: ClassVar[dict[tuple[Any, str], tuple[str, dict[str, Any]]]] = {}  # code, types

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        return False  # torch would import its own compiler, which takes seconds

    def __init__(self, inputs: Iterable[torch.Tensor]) -> None:
        super().__init__()
        self.inputs = list(inputs)
        self.numbers = {each.untyped_storage().data_ptr(): i for i, each in enumerate(self.inputs)}
        self.made: list[np.ndarray] = []
        self.kept: list[torch.Tensor] = []  # memory that is freed could be used again, for another tensor
        self.steps: list[dict[str, Any]] = []

    def __enter__(self) -> Launches:
        self.original = jit.JITFunction.run, autotuner.Autotuner._bench
        jit.JITFunction.run = lambda kernel, *args, **kwargs: self._launch(kernel, args, **kwargs)
        autotuner.Autotuner._bench = lambda *_, **__: 0.0  # so that the first configuration is the best
        return super().__enter__()  # type: ignore[no-any-return]

    def __exit__(self, *fault: object) -> None:
        super().__exit__(*fault)
        jit.JITFunction.run, autotuner.Autotuner._bench = self.original

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        name = func.name().removeprefix("aten::").partition(".")[0]
        known = [each for each in tree_leaves((args, kwargs)) if isinstance(each, torch.Tensor) and self._knows(each)]
        if known and name not in PERMITTED:
            raise MeterError(
                f"torch ran `{name}` outside the kernels, where a function may only make tensors, look at them in "
                f"another shape and launch kernels. {COPIED if name == 'clone' else 'Compute it in a kernel'}"
            )
        result = func(*args, **(kwargs or {}))
        if known and name in ("zero_", "fill_"):
            self.steps.append({"place": self._place(result), "value": float(args[1]) if len(args) > 1 else 0.0})
        if name in EMPTY.split() and result.is_floating_point():
            result.fill_(float("nan"))
        return result

    def _knows(self, tensor: torch.Tensor) -> bool:
        return tensor.untyped_storage().data_ptr() in self.numbers

    def _place(self, tensor: torch.Tensor) -> dict[str, Any]:
        """Return the place of a tensor. The first time, also keep what its memory contains."""
        storage = tensor.untyped_storage()
        if not self._knows(tensor):
            whole = tensor.new_empty(0).set_(storage)  # type: ignore[call-overload]
            try:
                self.made.append(whole.numpy().copy())
            except TypeError:
                raise MeterError(f"tensors of {tensor.dtype} aren't computed with here: use float32") from None
            self.kept.append(tensor)
            self.numbers[storage.data_ptr()] = len(self.numbers)
        shape, strides = list(tensor.shape), list(tensor.stride())
        place = Place(self.numbers[storage.data_ptr()], tensor.storage_offset(), shape, strides)  # type: ignore[arg-type]
        return place._asdict()

    def _launch(self, kernel: Any, args: Any, grid: Any, warmup: bool = False, **kwargs: Any) -> None:
        backend = CUDABackend(H100)
        bind = jit.create_function_from_signature(kernel.signature, kernel.params, backend)
        kwargs["sanitize_overflow"] = False
        bound, specialization, options = bind(*args, **kwargs)
        key = kernel, f"{specialization} {options}"
        if key not in self.compiled:
            self.compiled[key] = _compiled(kernel, backend, kwargs, bound, specialization)
        code, signature = self.compiled[key]
        arguments = [
            (name, self._argument(f"{kernel.__name__}: {name}", value))
            for name, kind in signature.items()
            for value in _runtime(kind, bound[name])
        ]
        sizes = grid(bound) if callable(grid) else grid
        launch = {"grid": [*map(int, sizes), 1, 1][: max(3, len(sizes))], "arguments": arguments}
        self.steps.append({"kernel": kernel.__name__, "code": code, **launch})

    def _argument(self, name: str, value: Any) -> Any:
        if isinstance(value, torch.Tensor):
            return self._place(value)
        if isinstance(value, bool | int | float):
            return value
        raise MeterError(f"{name} is a {type(value).__name__}, and a kernel takes tensors and numbers here")

    def recording(self, answer: Any) -> dict[str, Any]:
        """Return what was recorded, with the answer of the function, as plain values."""
        return {"answer": self._answer(answer), "made": self.made, "steps": self.steps}

    def _answer(self, value: Any) -> Any:
        if isinstance(value, tuple | list):
            return [self._answer(each) for each in value]
        if isinstance(value, torch.Tensor):
            return self._place(value.detach())
        return value if value is None or isinstance(value, bool | int | float) else f"{type(value).__name__}"


def _compiled(kernel: Any, backend: Any, kwargs: Any, bound: Any, specialization: Any) -> tuple[str, dict[str, Any]]:
    """Return a kernel in Triton's intermediate code, not yet optimised, and the types of its parameters."""
    options, signature, constants, attributes = kernel._pack_args(backend, kwargs, bound, specialization, None)
    source = ASTSource(kernel, signature, constants, attributes)
    context = ir.context()
    ir.load_dialects(context)
    backend.load_dialects(context)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="tl.make_block_ptr is deprecated")
        ways = backend.get_codegen_implementation(options), backend.get_module_map()
        return source.make_ir(H100, options, *ways, context).str_nodebug(), signature


def _runtime(kind: Any, value: Any) -> Iterable[Any]:
    """Return the parts of an argument that the compiled kernel takes: those that are no constants."""
    if isinstance(kind, tuple):
        return [part for pair in zip(kind, value, strict=True) for part in _runtime(*pair)]
    return [] if kind == "constexpr" else [value]


def recorded(function: Callable[..., Any], inputs: Iterable[Any], **settings: Any) -> dict[str, Any]:
    """Return the recording of a call with tensors of NaN. Each input is the size of a buffer and a place in it."""
    tensors = []
    for size, _, offset, shape, strides in inputs:
        tensors.append(torch.full((size,), float("nan")).as_strided(tuple(shape), tuple(strides), offset))
    with Launches(tensors) as launches:
        answer = function(*tensors, **settings)
        return launches.recording(answer)


def measured(function: Callable[..., Any], **arguments: Any) -> tuple[Any, Machine]:
    """Run a function of the kata. Return its answer, and the machine that ran its kernels and counted."""
    tensors = {name: each for name, each in arguments.items() if isinstance(each, torch.Tensor)}
    settings = {name: each for name, each in arguments.items() if name not in tensors}
    inputs = {}
    for number, (name, each) in enumerate(tensors.items()):
        place = Place(number, int(each.storage_offset()), tuple(each.shape), tuple(each.stride()))
        inputs[name] = each.new_empty(0).set_(each.untyped_storage()).numpy(), place  # type: ignore[call-overload]
    recording = recorded(function, [(len(memory), *place) for memory, place in inputs.values()], **settings)
    machine = Machine(recording, inputs, say=print)
    return _tensors(machine.answer), machine


def _tensors(answer: Any) -> Any:
    if isinstance(answer, list):
        return tuple(map(_tensors, answer))
    return torch.from_numpy(np.asarray(answer)) if isinstance(answer, np.ndarray) else answer


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
            answer, machine = measured(functions[name], **inputs, **settings)
        except NotImplementedError:
            print(f"{shown:20} isn't written yet")
            continue
        parts = answer if isinstance(answer, tuple) else (answer,)
        if len(parts) != len(expected):
            print(f"{shown:20} returns {len(parts)} results, expected {len(expected)}")
            continue
        errors = [(part - right).abs().max() for part, right in zip(parts, expected, strict=True)]
        error = torch.stack(errors).max().item()  # NaN if one of them is
        loads = ", ".join(f"{machine.loads(each)} from {each}" for each in inputs)
        programs = sum(int(np.prod(grid)) for _, grid in machine.launches)
        print(f"{shown:20} error {error:.0e}, {programs} programs, loads: {loads}; {machine.stores()} stores")
