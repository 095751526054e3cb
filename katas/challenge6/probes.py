"""Probes that call a function with tensors in some memory layout, and report what its kernels loaded and stored."""

from __future__ import annotations

import importlib
import os
import sys
import traceback
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any

import meter
import numpy as np
import torch

Arrays = dict[str, np.ndarray]


def _among_nans(array: np.ndarray, before: tuple[int, ...], after: tuple[int, ...]) -> torch.Tensor:
    """Return a tensor with these numbers inside a larger one that is filled with NaN."""
    sizes = [sum(each) for each in zip(before, array.shape, after, strict=True)]
    around = torch.full(sizes, float("nan"), dtype=torch.float32)
    inner = around[tuple(slice(skip, skip + size) for skip, size in zip(before, array.shape, strict=True))]
    inner.copy_(torch.from_numpy(np.ascontiguousarray(array)))
    return inner


def laid_out(array: np.ndarray, layout: str) -> torch.Tensor:
    """Return a float32 tensor with these numbers.

    Layouts: "plain" (contiguous, with NaN before and after it), "spread" (rows inside a wider matrix), "transposed"
    (the same for the columns), "tokens" (the axis of heads behind that of tokens, as a linear layer leaves them).
    """
    dims = array.ndim
    if layout == "plain" or dims == 1:
        return _among_nans(array.reshape(-1), (8,), (8,)).view(array.shape)
    if layout == "spread":
        return _among_nans(array, (1,) * dims, (2,) * (dims - 1) + (3,))
    if layout == "transposed":
        return _among_nans(array.swapaxes(-1, -2), (1,) * dims, (1,) * (dims - 1) + (2,)).transpose(-1, -2)
    return _among_nans(array.swapaxes(1, 2), (0, 1, 1, 0), (1, 0, 0, 2)).transpose(1, 2)


def _plain(answer: Any) -> Any:
    if isinstance(answer, (tuple, list)):
        return [_plain(each) for each in answer]
    return answer.detach().numpy().copy() if isinstance(answer, torch.Tensor) else answer


def call(submission: Any, name: str, inputs: Arrays, layout: str, settings: dict[str, Any]) -> Any:
    """Call a function with float32 tensors in a layout, and return its answer as arrays.

    Shown as:
        import kernels
        from probes import call
        call(kernels, "{name}", {inputs}, "{layout}", {settings})
    """
    tensors = {each: laid_out(array, layout) for each, array in inputs.items()}
    with meter.measured(**tensors):
        answer = getattr(submission, name)(*tensors.values(), **settings)
    return _plain(answer)


def traffic(submission: Any, name: str, inputs: Arrays, layout: str) -> dict[str, Any]:
    """Call a function in the same way. Return how many elements its kernels loaded, by input and in all, and stored.

    Shown as:
        import kernels
        from probes import traffic
        traffic(kernels, "{name}", {inputs}, "{layout}")
    """
    tensors = {each: laid_out(array, layout) for each, array in inputs.items()}
    with meter.measured(**tensors) as noted:
        getattr(submission, name)(*tensors.values())
    loads = {each: noted.loads(tensor) for each, tensor in tensors.items()}
    return {"loads": loads, "all_loads": noted.loads(), "all_stores": noted.stores()}


# --------------------------------------------------------------------------------------------- the compiler


@contextmanager
def _compiler() -> Iterator[ModuleType]:
    """Import Triton once more, with its compiler in place of the interpreter."""
    kept = {name: module for name, module in sys.modules.items() if name.partition(".")[0] == "triton"}
    interpret = os.environ.get("TRITON_INTERPRET")
    for name in kept:
        if not name.startswith("triton._C"):  # the compiled part stays
            del sys.modules[name]
    os.environ["TRITON_INTERPRET"] = "0"
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="tl.make_block_ptr is deprecated")
            yield importlib.import_module("triton")
    finally:
        for name in [name for name in sys.modules if name.partition(".")[0] == "triton"]:
            del sys.modules[name]
        sys.modules.update(kept)
        os.environ["TRITON_INTERPRET"] = interpret or "1"


def _again(submission: Any) -> ModuleType:
    """Run the submission's module once more, with the Triton that is imported now."""
    module = ModuleType(submission.__name__)
    module.__file__ = submission.__file__
    module.__dict__["__builtins__"] = submission.__dict__["__builtins__"]
    text = submission.__loader__.get_source(submission.__name__)
    exec(compile(text, submission.__file__, "exec", dont_inherit=True), module.__dict__)
    return module


def compiled(submission: Any, calls: list[tuple[str, Arrays]]) -> dict[str, Any]:
    """Compile each kernel that these calls launch for an H100, up to Triton's intermediate code, without a GPU.

    Returns the kernels that were compiled, by function; the error in a kernel or a launch, by function; and what went
    wrong in this probe itself, which is nobody's mistake.

    Shown as:
        # Each kernel is compiled for an H100, as Triton does at the first launch on a GPU
    """
    done: dict[str, list[str]] = {name: [] for name, _ in calls}
    errors: dict[str, str] = {}
    try:
        with _compiler() as triton:
            try:
                module = _again(submission)
            except Exception as fault:  # noqa: BLE001 (a launch while the module is imported, for example)
                said = f"{type(fault).__name__}: {fault}, when kernels.py was imported"
                return {"done": done, "errors": dict.fromkeys(done, said), "probe": ""}
            for name, inputs in calls:
                with _instead_of_launching(triton, done[name]):
                    try:
                        getattr(module, name)(*(laid_out(array, "plain") for array in inputs.values()))
                    except _OwnFault:
                        raise
                    except NotImplementedError:
                        errors[name] = f"{name} isn't written yet"
                    except Exception as fault:  # noqa: BLE001 (a kernel may be wrong in any way)
                        errors[name] = f"{type(fault).__name__}: {fault}"
    except Exception:  # noqa: BLE001 (reported, and never counted against the learner)
        return {"done": done, "errors": errors, "probe": traceback.format_exc(limit=-4)}
    return {"done": done, "errors": errors, "probe": ""}


class _OwnFault(Exception):
    """Raised if this probe fails, as opposed to a kernel."""


@contextmanager
def _instead_of_launching(triton: ModuleType, done: list[str]) -> Iterator[None]:
    """Let every launch only compile its kernel, and note its name in `done`."""
    jit = importlib.import_module("triton.runtime.jit")
    compiler = importlib.import_module("triton.compiler")
    code = importlib.import_module("triton.compiler.errors")
    nvidia = importlib.import_module("triton.backends.nvidia.compiler")
    ir = importlib.import_module("triton._C.libtriton").ir
    target = importlib.import_module("triton.backends.compiler").GPUTarget("cuda", 90, 32)

    def launch(kernel: Any, *args: Any, grid: Any, warmup: bool, **kwargs: Any) -> None:
        try:
            backend = nvidia.CUDABackend(target)
            bind = jit.create_function_from_signature(kernel.signature, kernel.params, backend)
        except Exception as fault:
            raise _OwnFault from fault
        bound, specialization, options = bind(*args, **kwargs)  # a wrong argument is the launch's mistake
        options, signature, constants, attributes = kernel._pack_args(backend, kwargs, bound, specialization, options)
        try:
            source = compiler.ASTSource(kernel, signature, constants, attributes)
            context = ir.context()
            ir.load_dialects(context)
            backend.load_dialects(context)
            ways = backend.get_codegen_implementation(options), backend.get_module_map()
            stages: dict[str, Any] = {}
            backend.add_stages(stages, options, source.language)
            stages["ttir"](source.make_ir(target, options, *ways, context), {})
        except code.CompilationError:
            raise
        except Exception as fault:
            raise _OwnFault from fault
        done.append(kernel.__name__)

    original, jit.JITFunction.run = jit.JITFunction.run, launch
    try:
        yield
    finally:
        jit.JITFunction.run = original


def seconds_on_a_gpu(submission: Any, seed: int, rows: int, columns: int) -> dict[str, Any]:
    """Time softmax and torch.softmax on a GPU, alternately, and return the times and both answers' distance.

    Shown as:
        x = torch.randn({rows}, {columns}, device="cuda")
        softmax(x)
    """
    with _compiler():
        module = _again(submission)
        x = torch.randn(rows, columns, device="cuda", generator=torch.Generator("cuda").manual_seed(seed))
        ways = {"own": lambda: module.softmax(x), "torch": lambda: torch.softmax(x, 1)}
        distance = (ways["own"]() - ways["torch"]()).abs().max().item()
        times: dict[str, list[float]] = {name: [] for name in ways}
        for _ in range(20):
            for name, function in ways.items():
                began, ended = (torch.cuda.Event(enable_timing=True) for _ in range(2))
                began.record()
                function()
                ended.record()
                torch.cuda.synchronize()
                times[name].append(began.elapsed_time(ended) / 1000)
    return {"distance": distance, **times}
