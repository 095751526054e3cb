"""Run the same code as a submission, but with PyTorch and in the judge's process.

The code runs twice. The first run is unchanged and gives the dtypes and shapes. In the second run, every floating-point
tensor has dtype float64, which gives the numbers.

The tolerance is derived as follows. Consider a few operations in a row, whose longest sum has n terms. Let m be the
largest magnitude in all tensors, gradients and given arrays. Then each result is off by at most c n m eps. Here c is
4 · 8, and n is the size of the largest tensor unless the test gives another number, since no sum has more terms.

A framework that turns float64 arrays into float32 loses the task tensor, where dtypes are the subject. Elsewhere, it is
judged as if the arrays were float32, so that its other tasks are worth what they are.

The submission's gradients are compared with PyTorch's and, with `numerically`, also with central differences. These
would also reveal a mistake in the code that both sides run, such as a part that doesn't belong to the graph.
"""

from __future__ import annotations

import copy
import functools
import hashlib
import pickle
import re
import textwrap
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, ParamSpec

import numpy as np
import torch
from torch import nn, optim

from graders.checks import about, assert_close, assert_gradient
from graders.checks.mismatch import Mismatch, fail

OPERATIONS = 4  # the number of operations in a row that the tolerance covers
MLP = """
class MyModel(Module):
    def __init__(self):
        self.fc1 = Linear(784, 128)
        self.relu = ReLU()
        self.fc2 = Linear(128, 10)

    def forward(self, x):
        return self.fc2(self.relu(self.fc1(x)))
"""  # the class in the README's example, without super().__init__()
KINKED = ("maximum", "minimum", ">")  # operations with a kink that random operands can be arbitrarily close to
LONGEST = 300  # a message shows at most this many characters of a program
MOST_OUTCOMES = 1000
Given = ParamSpec("Given")
LAYERS = [
    "Linear",
    "Conv2d",
    "MaxPool2d",
    "AvgPool2d",
    "Flatten",
    "ReLU",
    "LeakyReLU",
    "ELU",
    "GELU",
    "Sigmoid",
    "Tanh",
    "Softmax",
    "Dropout",
    "LayerNorm",
    "BatchNorm1d",
    "BatchNorm2d",
    "Embedding",
    "Sequential",
    "ModuleList",
    "Module",
    "MSELoss",
    "CrossEntropyLoss",
    "BCEWithLogitsLoss",
    "L1Loss",
]
DTYPES = {
    name: getattr(torch, name) for name in ["float16", "float32", "float64", "int8", "int16", "int32", "int64", "uint8"]
}
DTYPES["bool_"] = torch.bool


@dataclass(frozen=True)
class Outcome:
    """The values of a run by name, and the largest magnitude and tensor size that occurred in it."""

    values: dict[str, Any]
    magnitude: float = 0.0
    size: int = 1


@dataclass(frozen=True)
class Stage:
    """Code for a worker with this runtime, and the names of the values to pass to the next stage."""

    runtime: str
    code: str
    leaving: tuple[str, ...] = ()


def remembered(run: Callable[Given, Outcome]) -> Callable[Given, Outcome]:
    """Return a function that keeps the latest outcomes.

    When a failure is explained, many frameworks run the same code on the same arrays, and PyTorch needs to run it once.
    """
    outcomes: dict[bytes, Outcome] = {}

    @functools.wraps(run)
    def asked(*given: Given.args, **named: Given.kwargs) -> Outcome:
        key = hashlib.blake2b(pickle.dumps((given, named))).digest()
        if key not in outcomes:
            if len(outcomes) >= MOST_OUTCOMES:
                del outcomes[next(iter(outcomes))]
            outcomes[key] = run(*given, **named)
        return outcomes[key]

    return asked


@remembered
def outcome(
    code: str,
    leaves: Mapping[str, Any],
    constants: Mapping[str, Any],
    report: Sequence[str],
    wide: bool,
    seed: int | None = None,
) -> Outcome:
    """Run code on the arrays in PyTorch, entirely in float64 if `wide`.

    With a seed, call y.backward(g) afterwards, for a random g of y's shape and dtype. The outcome's values include g.
    """
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64 if wide else torch.float32)
    try:
        known = scope(wide)
        names = dict(known)
        for name, value in leaves.items():
            names[name] = known["Tensor"](value, requires_grad=True)
        for name, value in constants.items():
            made = isinstance(value, np.ndarray) and not name.startswith("raw")
            names[name] = known["Tensor"](value) if made else copy.deepcopy(value)
        exec(compiled(code), names)  # the code comes from the tests, not from the submission
        if seed is not None:
            y = names["y"]
            g = np.asarray(np.random.default_rng(seed).standard_normal(y.shape)).astype(str(y.dtype)[6:])
            y.backward(torch.tensor(g))
            names["g"] = g
            report = [*report, "g"]
        values = {path: plain(names[path] if path in names else eval(path, names)) for path in report}
        return Outcome(values, *extremes(value for name, value in names.items() if known.get(name) is not value))
    finally:
        torch.set_default_dtype(before)


@functools.lru_cache(maxsize=4096)
def compiled(code: str) -> Any:
    return compile(code, "program", "exec")


@functools.cache
def scope(wide: bool) -> dict[str, Any]:
    """Return PyTorch's counterparts of the framework's names."""

    def dtype_of(dtype: Any) -> Any:
        kind = DTYPES[dtype] if isinstance(dtype, str) else dtype
        return torch.float64 if wide and kind is not None and kind.is_floating_point else kind

    def tensor(data: Any, requires_grad: bool = False, dtype: Any = None) -> torch.Tensor:
        made = data.detach().clone() if isinstance(data, torch.Tensor) else torch.tensor(data)
        made = made.to(dtype_of(dtype or made.dtype))
        return made.requires_grad_(requires_grad)

    def filled(function: Callable[..., torch.Tensor]) -> Callable[..., torch.Tensor]:
        def make(*shape: Any, requires_grad: bool = False, dtype: Any = None) -> torch.Tensor:
            return function(*shape, dtype=dtype_of(dtype)).requires_grad_(requires_grad)

        return make

    def put(target: torch.Tensor, values: Any) -> None:
        with torch.no_grad():
            target[...] = torch.as_tensor(np.asarray(values)).to(target.dtype)

    def attempt(function: Callable[[], object]) -> Any:
        try:
            function()
        except Exception as fault:  # noqa: BLE001 (any exception is reported)
            return [[base.__name__ for base in type(fault).__mro__], str(fault)]
        return None

    names: dict[str, Any] = {name: getattr(nn, name) for name in LAYERS}
    names |= {name: dtype_of(kind) for name, kind in DTYPES.items()}
    names |= {name: getattr(optim, name) for name in ("SGD", "Adam", "AdamW")}
    names |= {name: getattr(torch, name) for name in ("cat", "stack", "where", "no_grad", "manual_seed")}
    names |= {name: filled(getattr(torch, name)) for name in ("zeros", "ones", "randn", "arange")}
    names |= {"Parameter": lambda data: nn.Parameter(tensor(data)), "Conv2D": nn.Conv2d, "Tensor": tensor}
    names |= {"tensor": tensor, "np": np, "put": put, "attempt": attempt, "snapshot": plain}
    return names | {"torch": torch, "nn": nn, "fill": fill, "from_torch": copy.deepcopy, "to_torch": copy.deepcopy}


def fill(module: nn.Module, seed: int) -> nn.Module:
    """Fill a module in the same way as the function of this name in probes.py."""
    rng = np.random.default_rng(seed)
    for name, target in module.state_dict().items():
        if target.is_floating_point():
            numbers = rng.standard_normal(tuple(target.shape)) / 2
            target.copy_(torch.as_tensor(abs(numbers) + 0.5 if name.endswith("var") else numbers))
    return module


def plain(value: Any) -> Any:
    if isinstance(value, torch.Tensor):
        return value.detach().numpy().copy()
    if isinstance(value, torch.dtype):
        return str(value).removeprefix("torch.")
    if isinstance(value, torch.device):
        return str(value)
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return value


def extremes(values: Iterable[Any]) -> tuple[float, int]:
    """Return the largest magnitude and the largest size among the tensors and gradients in a program's values."""
    magnitude, size = 1.0, 1

    def look(value: Any) -> None:
        nonlocal magnitude, size
        if isinstance(value, torch.Tensor):
            look(value.detach().numpy())
            if value.is_leaf and value.grad is not None:
                look(value.grad.numpy())
        elif isinstance(value, np.ndarray):
            size = max(size, value.size)
            if value.dtype.kind == "f" and value.size:
                largest = float(abs(value).max())
                if not np.isfinite(largest):
                    largest = float(abs(value[np.isfinite(value)]).max(initial=0.0))
                magnitude = max(magnitude, largest)
        elif isinstance(value, nn.Module):
            look([*value.parameters(), *value.buffers()])
        elif isinstance(value, list | tuple):
            for item in value:
                look(item)
        elif isinstance(value, dict):
            look(list(value.values()))

    look([value for value in values if not isinstance(value, dict) or "__name__" not in value])
    return magnitude, size


# ------------------------------------------------------------------------------------------------ checks


def check(
    kata: Any,
    probes: Any,
    code: str,
    leaves: Mapping[str, Any] | None = None,
    constants: Mapping[str, Any] | None = None,
    report: Sequence[str] = (),
    *,
    reference: str = "",
    terms: float | None = None,
    scale: float | None = None,
    native: bool = True,
    draw: Any = None,
    stages: Sequence[Stage] = (),
    numerically: tuple[Callable[..., torch.Tensor], Mapping[str, Any]] | None = None,
) -> dict[str, Any]:
    """Check that code gives the same results in the framework as in PyTorch, and return the framework's values.

    The expressions in `report` are compared, which are y and the gradient of each leaf by default. `reference` is the
    code for PyTorch if it must be spelled differently. If everything is float64 anyway, `native=False` saves a run.
    With `draw`, the code is followed by y.backward(g) for a random g. With `stages` instead of `code`, each stage runs
    in its own process.

    `numerically` holds a function that computes y from PyTorch's tensors, and a dict of its arguments. The key of each
    argument is the expression in `report` for its gradient. These gradients are also checked numerically if all
    arguments are float64.
    """
    code = "\n".join(dedented(each.code) for each in stages) or dedented(code)
    leaves, constants = dict(leaves or {}), dict(constants or {})
    report = list(report) or ["y", *(f"{name}.grad" for name in leaves)]
    reference = dedented(reference) or code
    as_is = None
    if native or draw:
        as_is = outcome(reference, leaves, constants, report, wide=False, seed=draw.seed() if draw else None)
    if as_is and draw:
        constants["g"] = as_is.values["g"]
        code, reference = f"{code}\ny.backward(g)", f"{reference}\ny.backward(g)"
    wide = outcome(reference, leaves, constants, report, wide=True)
    as_is = as_is or wide
    if stages:
        found, narrow = ran_in_stages(kata, probes, stages, leaves, constants, report)
    else:
        found, narrow = answered(kata, probes, code, leaves, constants, report)
    given = [f"{name} {shown(value)}" for name, value in {**leaves, **constants}.items() if shown(value)]
    lines = "; ".join(line.strip() for line in code.splitlines() if line.strip())
    lines = lines if len(lines) <= LONGEST else f"… {lines[-LONGEST:]}"
    subject = f"program `{lines}`" + (f" with {', '.join(given)}" if given else "")
    length = OPERATIONS * (wide.size if terms is None else terms)
    magnitude = wide.magnitude if scale is None else scale
    for path in report:
        with about(f"{subject}: {path}"):
            compare(found[path], as_is.values[path], wide.values[path], magnitude, length, narrow=narrow)
    function, inputs = numerically or (None, {})
    if function and all_float64(inputs.values()) and not narrow:
        with about(f"{subject}: {' and '.join(inputs)}"):
            gradients = [found[path] for path in inputs]
            check_slope(gradients, function, list(inputs.values()), constants["g"], magnitude, length)
    return found


def offers(kata: Any, probes: Any, method: str) -> bool:
    """Return whether the framework's tensors have a method, for tasks that aren't about it."""
    answer = ran(kata, probes, "", {}, {}, [f"hasattr(Tensor, {method!r})"])
    return bool(answer[f"hasattr(Tensor, {method!r})"])


def check_slope(
    gradients: Sequence[Any],
    function: Callable[..., torch.Tensor],
    arrays: Sequence[Any],
    cotangent: Any,
    scale: float,
    terms: float,
) -> None:
    """Compare gradients along one random direction with central differences of PyTorch's results.

    The direction changes all elements of all arrays, so two evaluations are enough, however many elements there are.
    """
    if [np.shape(gradient) for gradient in gradients] != [x.shape for x in arrays]:
        return  # only while observing: otherwise `compare` has raised Mismatch
    rng = np.random.default_rng(0)
    ways = [np.asarray(rng.uniform(-0.25, 0.25, x.shape)) for x in arrays]
    slope = float(sum(np.sum(gradient * way) for gradient, way in zip(gradients, ways, strict=True)))

    def along(t: torch.Tensor) -> torch.Tensor:
        pairs = zip(arrays, ways, strict=True)
        return function(*(torch.tensor(x) + t * torch.tensor(way) for x, way in pairs))

    assert_gradient(slope, along, [0.0], cotangent, scale=scale, terms=terms * sum(x.size for x in arrays))


def all_float64(arrays: Iterable[Any]) -> bool:
    """Return whether all arrays are float64, because central differences are too imprecise otherwise."""
    return all(array.dtype == np.float64 for array in arrays)


def compare(
    actual: Any, native: Any, wide: Any, scale: float, terms: float, any_float: bool = False, narrow: bool = False
) -> None:
    """Check that a value has the shape and dtype of `native` and the numbers of `wide`.

    With `any_float`, a floating dtype wider than PyTorch's is also accepted. With `narrow`, float32 or float64 is
    accepted for float64, with the numbers of float32.
    """
    if isinstance(native, np.ndarray):
        if narrow and native.dtype == np.float64:
            native, any_float = native.astype(np.float32), True
        if not isinstance(actual, np.ndarray):
            fail(f"expected a tensor of shape {native.shape} and dtype {native.dtype}, got {actual}", native, actual)
        elif actual.shape != native.shape:
            fail(f"expected shape {native.shape}, got {actual.shape}", native, actual)
        elif actual.dtype != native.dtype and not (any_float and is_wider_float(actual.dtype, native.dtype)):
            fail(f"expected dtype {native.dtype}, got {actual.dtype}", native, actual)
        elif native.dtype.kind == "f":
            assert_close(actual.astype(native.dtype), wide, dtype=native.dtype, scale=scale, terms=terms)
        elif not np.array_equal(actual, native):
            first = tuple(int(i) for i in np.argwhere(np.atleast_1d(actual != native))[0])
            fail(
                f"differs first at {list(first)}: expected {np.atleast_1d(native)[first]}, "
                f"got {np.atleast_1d(actual)[first]}",
                native,
                actual,
            )
    elif isinstance(native, list) and isinstance(actual, list) and len(actual) == len(native):
        for number, (mine, torchs, reference) in enumerate(zip(actual, native, wide, strict=True)):
            with about(f"item {number}"):
                compare(mine, torchs, reference, scale, terms, any_float, narrow)
    elif isinstance(native, dict) and isinstance(actual, dict) and actual.keys() == native.keys():
        for key in native:
            with about(key):
                compare(actual[key], native[key], wide[key], scale, terms, any_float, narrow)
    elif isinstance(native, float) and isinstance(actual, float):
        assert_close(actual, wide, scale=scale, terms=terms, dtype=np.float32)
    elif type(actual) is not type(native) or actual != native:
        fail(f"expected {brief(native)}, got {brief(actual)}", native, actual)


def is_wider_float(dtype: np.dtype[Any], least: np.dtype[Any]) -> bool:
    """Return whether both dtypes are floating-point and `dtype` has at least as many bits as `least`."""
    return dtype.kind == least.kind == "f" and dtype.itemsize >= least.itemsize


def brief(value: Any) -> str:
    if isinstance(value, np.ndarray):
        return f"an array of shape {value.shape} and dtype {value.dtype}"
    if isinstance(value, dict):
        return f"the names {', '.join(value)}"
    if isinstance(value, list) and any(isinstance(item, np.ndarray) for item in value):
        return f"{len(value)} items"
    return repr(value)[:300]


def shown(value: Any) -> str:
    """Describe an array by its shape and dtype, and a number by its value, for a message."""
    if isinstance(value, np.ndarray):
        return f"{value.shape} {value.dtype}"
    return str(value) if isinstance(value, int | float) else ""


def ran(kata: Any, probes: Any, *program: Any) -> dict[str, Any]:
    """Run a program as `answered` does, and return only the values."""
    return answered(kata, probes, *program)[0]


def answered(
    kata: Any, probes: Any, code: str, leaves: Mapping[str, Any], constants: Mapping[str, Any], report: Sequence[str]
) -> tuple[dict[str, Any], bool]:
    """Run code with the framework, and return the values of the expressions in `report`, and whether it is narrow."""
    given = dedented(code), dict(leaves), dict(constants), list(report)
    values = ", ".join(f"{path!r}: values({path})" for path in report)
    text = pasted(given[0], leaves, constants, f"{{{values}}}")
    return with_width(kata, probes.program, *given, program=text, **leaves, **constants)


def with_width(kata: Any, probe: Any, *given: Any, **shown: Any) -> tuple[Any, bool]:
    """Run a probe. Return its values, which count as the submission's answer, and whether the framework is narrow.

    A narrow framework turns float64 arrays into float32.
    """
    narrow = False

    def values_of(answer: Any) -> Any:
        nonlocal narrow
        values, narrow = answer
        return values

    return kata.run(probe, *given, then=values_of, **shown), narrow


HELPERS = {  # what a program shown to learners needs of the names that probes add to the framework's
    "values": "def values(a): return np.array(a.data) if isinstance(a, Tensor) else a",
    "snapshot": "snapshot = values",
    "put": "def put(tensor, numbers): tensor.data[...] = numbers",
    "attempt": """
def attempt(function):
    try:
        function()
    except Exception as fault:
        return [[each.__name__ for each in type(fault).__mro__], str(fault)]
""".strip(),
}
NUMPY_NAMES = rf"\b(?:{'|'.join(DTYPES)})\b"
ONLY_HERE = r"\b(?:torch|nn|fill|seeded|manual_seed)\b"  # a learner's process has none of these, or not always
MOST_NUMBERS = 150  # of a program that is shown


def pasted(code: str, leaves: Mapping[str, Any], constants: Mapping[str, Any], expression: str) -> str:
    """Return a learner's program that makes tensors of the leaves and constants, runs code and ends with an expression.

    If it needs more than a learner has, or too many numbers, return a description of it in comments.
    """
    if (
        re.search(ONLY_HERE, code)
        or sum(np.size(value) for value in (*leaves.values(), *constants.values())) > MOST_NUMBERS
    ):
        described = [f"# {line}" for line in code.splitlines()]
        given = {"that require gradients": leaves, "that don't, and other values": constants}
        described += [
            f"# Tensors {kind}: {', '.join(f'{name} {shown(value)}' for name, value in values.items())}"
            for kind, values in given.items()
            if values
        ]
        return "\n".join(described)
    lines = [f"{name} = Tensor({name}, requires_grad=True)" for name in leaves]
    lines += [
        f"{name} = Tensor({name})"
        for name, value in constants.items()
        if isinstance(value, np.ndarray) and not name.startswith("raw")
    ]
    lines += [*code.splitlines(), expression]
    text = "\n".join(lines)
    helpers = [f"from numpy import {', '.join(sorted(set(re.findall(NUMPY_NAMES, text))))}"] * bool(
        re.search(NUMPY_NAMES, text)
    )
    helpers += [HELPERS[name] for name in HELPERS if name == "values" or re.search(rf"\b{name}\(", text)]
    return "\n".join(["from your_framework import *", *helpers, text])


def ran_in_stages(
    kata: Any,
    probes: Any,
    stages: Sequence[Stage],
    leaves: Mapping[str, Any],
    constants: Mapping[str, Any],
    report: Any,
) -> tuple[dict[str, Any], bool]:
    """Run stages in turn, each with the previous one's values. Return what `answered` does, for the last one."""
    *others, last = stages
    left = b""
    for each in others:
        given = dedented(each.code), {}, dict(constants), [], left, list(each.leaving)
        left = kata.beside(each.runtime).run(probes.program, *given)
    given = dedented(last.code), dict(leaves), dict(constants), list(report), left
    return with_width(kata.beside(last.runtime), probes.program, *given)


def dedented(code: str) -> str:
    return textwrap.dedent(code).strip()


def check_all(
    kata: Any,
    probes: Any,
    draw: Any,
    expressions: Sequence[str],
    leaves: Mapping[str, Any] | None = None,
    constants: Mapping[str, Any] | None = None,
    *,
    reference: Sequence[str] = (),
    terms: float | None = None,
    scale: float | None = None,
    any_float: bool = False,
    numerically: bool = False,
) -> None:
    """Check the value of every expression and, if there are leaves, their gradients for a random gradient of the value.

    `reference` contains the expressions for PyTorch, if they differ. With `any_float`, floating values may have a wider
    dtype than PyTorch's. With `numerically`, gradients of float64 leaves are also compared with central differences.
    """
    leaves, constants = dict(leaves or {}), dict(constants or {})
    report = ["y", *(f"{name}.grad" for name in leaves)]
    outcomes, cotangents = [], []
    for line in reference or expressions:
        seed = draw.seed() if leaves else None
        native = outcome(f"y = {line}", leaves, constants, report, wide=False, seed=seed)
        g = native.values.get("g")
        code = f"y = {line}" if g is None else f"y = {line}\ny.backward(g)"
        wide = outcome(code, leaves, constants if g is None else constants | {"g": g}, report, wide=True)
        outcomes.append([native, wide])
        cotangents.append(g)
    found, narrow = with_width(kata, probes.expressions, list(expressions), leaves, constants, cotangents)
    given_words = ", ".join(f"{name} {shown(value)}" for name, value in {**leaves, **constants}.items() if shown(value))
    numerically = numerically and all_float64(leaves.values()) and not narrow
    for number, (line, (native, wide), answer) in enumerate(zip(expressions, outcomes, found, strict=True)):
        asked = functools.partial(asked_alone, kata, probes, line, leaves, constants)
        subject = f"`{line}`" + (f" with {given_words}" if given_words else "")
        if isinstance(answer, str):
            with asked(cotangents[number]):
                fail(f"{subject} raised {answer}", native.values["y"], None)
            continue
        length = OPERATIONS * (wide.size if terms is None else terms)
        magnitude = wide.magnitude if scale is None else scale
        values = {"y": answer[0], **{f"{name}.grad": gradient for name, gradient in answer[1].items()}}
        for path in report:
            about_what = "value" if path == "y" else f"gradient of {path.removesuffix('.grad')}"
            with asked(None if path == "y" else cotangents[number]), about(f"{subject}: {about_what}"):
                compare(values[path], native.values[path], wide.values[path], magnitude, length, any_float, narrow)
        if numerically and not any(kinked in line for kinked in KINKED):
            used = [name for name in leaves if native.values[f"{name}.grad"] is not None]
            function = function_of((reference or expressions)[number], used, leaves | constants)
            with asked(cotangents[number]), about(f"{subject}: gradient of {' and '.join(used)}"):
                gradients, arrays = [answer[1][name] for name in used], [leaves[name] for name in used]
                check_slope(gradients, function, arrays, cotangents[number], magnitude, length)


@contextmanager
def asked_alone(
    kata: Any, probes: Any, line: str, leaves: Mapping[str, Any], constants: Mapping[str, Any], g: Any
) -> Iterator[None]:
    """If a check of an expression fails, ask for this expression alone, so that the report shows a program for it.

    If the expression raises an exception, the report shows which, and where.
    """
    try:
        yield
    except Mismatch:
        backward = "" if g is None else "\ny.backward(Tensor(g))"
        grads = ", ".join(f"{name!r}: values({name}.grad)" for name in leaves)
        given = {**leaves, **constants} | ({} if g is None else {"g": g})
        text = pasted(f"y = {line}{backward}", leaves, constants, f"[[values(y), {{{grads}}}]]")
        with_width(kata, probes.expressions, [line], leaves, constants, [g], False, program=text, **given)
        raise


def function_of(line: str, names: Sequence[str], constants: Mapping[str, Any]) -> Callable[..., torch.Tensor]:
    """Return an expression as a function of PyTorch's tensors with these names."""
    known = dict(scope(wide=True))
    for name, value in constants.items():
        made = isinstance(value, np.ndarray) and not name.startswith("raw")
        known[name] = known["Tensor"](value) if made else value
    code = compile(line, "expression", "eval")

    def function(*tensors: torch.Tensor) -> torch.Tensor:
        result: torch.Tensor = eval(code, known | dict(zip(names, tensors, strict=True)))
        return result

    return function


def check_refusals(
    kata: Any,
    probes: Any,
    expressions: Sequence[str],
    leaves: Any,
    constants: Any,
    expected: Sequence[str],
    why: str,
    *,
    allowed: Sequence[str],
) -> list[str]:
    """Check that each expression raises one of the expected built-in exceptions, and return the messages.

    Check also that the `allowed` expressions raise nothing: otherwise, a framework could raise in every `attempt`.
    """
    paths = {line: f"e{number}" for number, line in enumerate(sorted([*expressions, *allowed]))}
    code = "\n".join(f"{path} = attempt(lambda: {line})" for line, path in paths.items())
    found = ran(kata, probes, code, leaves, constants, list(paths.values()))
    for line in allowed:
        if (fault := found[paths[line]]) is not None:
            fail(f"program `{line}` should raise nothing; got {fault[0][0]}: {fault[1]}", None, fault)
    texts = []
    for expression in expressions:
        fault = found[paths[expression]]
        wanted = " or ".join(expected)
        if fault is None:
            fail(f"program `{expression}` should raise {wanted} ({why}); nothing was raised", wanted, None)
        elif not set(expected) & set(fault[0]):
            fail(f"program `{expression}` should raise {wanted} ({why}); got {fault[0][0]}: {fault[1]}", wanted, fault)
        texts.append(fault[1] if fault else "")
    return texts


def check_hazards(
    kata: Any, probes: Any, hazards: Sequence[tuple[str, str]], leaves: Mapping[str, Any], constants: Mapping[str, Any]
) -> None:
    """Check that after some code and an in-place change, y.backward(g) raises a RuntimeError.

    A framework that keeps copies may also return the right gradients. Only wrong gradients without an error fail.
    """
    for code, change in hazards:
        right = outcome(f"{code}\ny.backward(g)", leaves, constants, [f"{name}.grad" for name in leaves], wide=True)
        text = f"{code}\n{change}\ne = attempt(lambda: y.backward(g))"
        found = ran(kata, probes, text, leaves, constants, ["e", *right.values])
        if found["e"] is not None and "RuntimeError" in found["e"][0]:
            continue
        said = "nothing was raised, and the gradient is wrong"
        if found["e"] is not None:
            said = f"got {found['e'][0][0]}: {found['e'][1]}"
        elif all(
            found[path] is not None and np.allclose(found[path], gradient, rtol=1e-4)
            for path, gradient in right.values.items()
        ):
            continue
        lines = "; ".join(line.strip() for line in f"{code}\n{change}".splitlines())
        why = "a value that backward needs was changed, so it should raise RuntimeError"
        fail(f"program `{lines}; y.backward(g)`: {why}; {said}", "RuntimeError", found["e"])


def names_shape(text: str, shape: Sequence[int]) -> bool:
    """Return whether a message names a shape, as (2, 3), [2, 3] or 2x3."""
    return bool(re.search(r"(?<!\d)" + r"\D{1,4}".join(map(str, shape)) + r"(?!\d)", text))
