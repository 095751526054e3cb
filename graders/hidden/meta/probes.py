"""Probes for the hidden tests. They run in the submission's process and report values, which the tests compare."""

import contextlib
import io
import marshal
import os
import pathlib
import pickle
import sys
import tempfile
import types

import numpy as np

DTYPES = ("float16", "float32", "float64", "int8", "int16", "int32", "int64", "uint8")


def program(submission, code, leaves, constants, report, arriving=b"", leaving=()):
    """Run code that uses the framework's names, and report the values of some expressions by name.

    Arrays in `leaves` become tensors with requires_grad. Arrays in `constants` become tensors without it, unless their
    names begin with "raw". Other constants stay as they are.

    If a program has several parts, each part runs in its own process. `arriving` holds the values that the previous
    part passes on, as bytes. `leaving` names the values that are returned for the next part, instead of a report.

    Shown as:
        {program}
    """
    try:
        names = scope(submission)
        for name, value in leaves.items():
            names[name] = submission.Tensor(value, requires_grad=True)
        for name, value in constants.items():
            made = isinstance(value, np.ndarray) and not name.startswith("raw")
            names[name] = submission.Tensor(value) if made else value
        names |= Arriving(submission, io.BytesIO(arriving)).load() if arriving else {}
        exec(compile(code, "program", "exec"), names)
        if leaving:
            return packed(submission, {name: names[name] for name in leaving})
        return {path: plain(submission, eval(path, names)) for path in report}, is_narrow(submission)
    except NotImplementedError as fault:
        raise unwritten(fault) from None


def expressions(submission, lines, leaves, constants, cotangents, catching=True):
    """Compute each expression, and the gradients of the leaves, with new tensors each time.

    `leaves` and `constants` have the same meaning as in `program`. For each expression, `cotangents` holds None or the
    gradient to pass to backward. If an expression raises an exception, the probe reports the exception's name and text
    or, without `catching`, raises it, too.

    Shown as:
        {program}
    """
    found = []
    for line, cotangent in zip(lines, cotangents, strict=True):
        try:
            names = scope(submission)
            held = {name: submission.Tensor(value, requires_grad=True) for name, value in leaves.items()}
            for name, value in constants.items():
                made = isinstance(value, np.ndarray) and not name.startswith("raw")
                names[name] = submission.Tensor(value) if made else value
            y = eval(line, names | held)
            if cotangent is not None and tuple(y.shape) == cotangent.shape:  # otherwise, y is wrong
                y.backward(submission.Tensor(cotangent))
            found.append([plain(submission, y), {name: plain(submission, leaf.grad) for name, leaf in held.items()}])
        except NotImplementedError as fault:
            raise unwritten(fault) from None
        except Exception as fault:
            if not catching:
                raise
            found.append(f"{type(fault).__name__}: {fault}"[:1000])
    return found, is_narrow(submission)


def is_narrow(submission):
    """Return whether the framework turns float64 arrays into float32."""
    try:
        return np.asarray(submission.Tensor(np.ones(1)).data).dtype == np.float32
    except Exception:  # noqa: BLE001 (then the tests of tensors fail)
        return False


def scope(submission):
    """Return the names that a program may use, which are the framework's exports, dtypes, NumPy, and a few helpers."""
    names = {name: getattr(submission, name) for name in dir(submission) if not name.startswith("_")}
    seeded = "manual_seed" in names
    names.setdefault("manual_seed", lambda _: None)
    with contextlib.suppress(Exception):  # a diagnosis compares random numbers, too
        names["manual_seed"](0)

    def put(tensor, values):
        tensor.data[...] = np.asarray(values)

    def attempt(function):
        """Return the names of a raised exception's classes and its text, or None if nothing is raised."""
        try:
            function()
        except NotImplementedError:
            raise
        except Exception as fault:  # noqa: BLE001 (any exception is reported)
            return [[base.__name__ for base in type(fault).__mro__], str(fault)[:1000]]
        return None

    def snapshot(value):
        return plain(submission, value)

    own = {"np": np, "put": put, "attempt": attempt, "snapshot": snapshot, "bool_": np.bool_, "seeded": seeded}
    if "torch" in sys.modules:  # only workers that may use PyTorch have imported it
        own |= {"torch": sys.modules["torch"], "nn": sys.modules["torch"].nn, "fill": fill}
    return names | own | {name: getattr(np, name) for name in DTYPES}


def fill(module, seed):
    """Fill a PyTorch module with random numbers that depend on a seed. Running variances are positive."""
    torch, rng = sys.modules["torch"], np.random.default_rng(seed)
    for name, tensor in module.state_dict().items():
        if tensor.is_floating_point():
            numbers = rng.standard_normal(tuple(tensor.shape)) / 2
            tensor.copy_(torch.as_tensor(abs(numbers) + 0.5 if name.endswith("var") else numbers))
    return module


def plain(submission, value):
    """Convert tensors to copied arrays and dtypes to names, also inside containers."""
    if isinstance(value, submission.Tensor):
        return np.array(value.data)
    if type(value).__module__.startswith("torch") and hasattr(value, "detach"):
        return value.detach().numpy().copy()
    if isinstance(value, np.ndarray):
        return value.copy()
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, np.dtype) or (isinstance(value, type) and issubclass(value, np.generic)):
        return np.dtype(value).name
    if isinstance(value, dict):
        return {str(key): plain(submission, item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(submission, item) for item in value]
    if value is None or isinstance(value, bool | int | float | str | bytes):
        return value
    return f"a {type(value).__name__}"


# --------------------------------------------------------------------------- from one process to another


def packed(submission, values):
    """Return the framework's values as bytes that a process without PyTorch can restore."""
    data = io.BytesIO()
    try:
        Leaving(submission, data).dump(values)
    except (pickle.PicklingError, AttributeError, TypeError, ValueError, RecursionError) as fault:
        raise TypeError(f"a process without PyTorch can't load the converted values: {fault}") from None
    return data.getvalue()


class Leaving(pickle.Pickler):
    """A pickler that writes the framework's classes and functions by name, tensors by value, and modules by attribute.

    It rejects PyTorch objects.
    """

    def __init__(self, submission, file):
        super().__init__(file, protocol=4)
        self.submission = submission
        self.tensors = tuple(kind for kind in (submission.Tensor, submission.Parameter) if isinstance(kind, type))
        self.named = {}
        root = submission.__name__
        for name, module in list(sys.modules.items()):
            if name == root or name.startswith(root + "."):
                for key, value in vars(module).items():
                    if not isinstance(value, str | bytes | int | float | tuple | type(None)):
                        self.named[id(value)] = [name, key]

    def persistent_id(self, value):
        if isinstance(value, types.FunctionType) and value in HELPERS:
            return ["helper", value.__name__]
        if isinstance(value, types.ModuleType):
            return ["module", value.__name__]
        return ["named", *self.named[id(value)]] if id(value) in self.named else None

    def reducer_override(self, value):
        if isinstance(value, types.FunctionType) and "<" in value.__qualname__:
            return function_parts(value)
        if isinstance(value, type | types.FunctionType):
            return NotImplemented
        if isinstance(value, tuple) and type(value).__module__ == "torch":  # torch.Size
            return tuple, (list(value),)
        if any(base.__module__.partition(".")[0] == "torch" for base in type(value).__mro__):
            raise TypeError(f"they hold a PyTorch object, {type(value).__name__}")
        if isinstance(value, self.tensors):
            return tensor_parts(self.submission, value)
        if isinstance(value, self.submission.Module):  # restored without its __getattr__ and __setattr__
            return object.__new__, (type(value),), dict(vars(value)), None, None, with_attributes
        return NotImplemented


class Arriving(pickle.Unpickler):
    """An unpickler that restores what Leaving wrote, with this process's copy of the framework."""

    def __init__(self, submission, file):
        super().__init__(file)
        self.submission = submission

    def persistent_load(self, key):
        kind, name, *rest = key
        if kind == "helper":
            found = next(helper for helper in HELPERS if helper.__name__ == name)
            return types.MethodType(found, self.submission) if found is tensor_of else found
        module = __import__(name, fromlist=["*"])
        return getattr(module, rest[0]) if rest else module


def tensor_parts(submission, value):
    """Split a tensor into its class, numbers, requires_grad, and other attributes that are bools or strings."""
    is_parameter = isinstance(submission.Parameter, type) and isinstance(value, submission.Parameter)
    marks = {name: mark for name, mark in getattr(value, "__dict__", {}).items() if isinstance(mark, bool | str)}
    return tensor_of, (is_parameter, np.array(value.data), bool(value.requires_grad), marks)


def tensor_of(submission, is_parameter, array, requires_grad, marks):
    if is_parameter:
        made = submission.Parameter(array)
    else:
        made = submission.Tensor(array, requires_grad=True) if requires_grad else submission.Tensor(array)
    if bool(made.requires_grad) != requires_grad:
        made.requires_grad = requires_grad
    for name, mark in marks.items():
        if getattr(made, name, None) != mark:
            setattr(made, name, mark)
    return made


def with_attributes(made, state):
    vars(made).update(state)


def function_parts(function):
    """Split a lambda or a nested function into its code, default arguments and closure."""
    cells = [cell.cell_contents for cell in function.__closure__ or ()]
    state = [function.__defaults__, function.__kwdefaults__, cells]
    return function_of, (marshal.dumps(function.__code__), function.__module__), state, None, None, with_cells


def function_of(code, module):
    code = marshal.loads(code)
    cells = tuple(types.CellType() for _ in code.co_freevars)
    return types.FunctionType(code, vars(__import__(module, fromlist=["*"])), closure=cells)


def with_cells(function, state):
    function.__defaults__, function.__kwdefaults__, values = state
    for cell, value in zip(function.__closure__ or (), values, strict=True):
        cell.cell_contents = value


HELPERS = (tensor_of, with_attributes, function_of, with_cells)


def unwritten(fault):
    """Return an exception that names the stub function that isn't written yet, or `fault` if it has a message."""
    if fault.args:
        return fault
    trace = fault.__traceback__
    while trace.tb_next is not None:
        trace = trace.tb_next
    return NotImplementedError(f"{trace.tb_frame.f_code.co_qualname} is not written yet")


# ------------------------------------------------------------------------------------------------- files


def written(submission, code, arrays, name):
    """Run code that writes a file to `path`, and return its bytes. The code finds the arrays in `state`."""
    with tempfile.TemporaryDirectory() as folder:
        names = scope(submission) | {"path": os.path.join(folder, name), "pathlib": pathlib}
        names["state"] = as_state(submission, arrays)
        execute(code, names)
        with open(os.path.join(folder, name), "rb") as file:
            return file.read()


def read(submission, code, data, name, report):
    """Run code that reads a file with these bytes from `path`, and return the values of some expressions."""
    with tempfile.TemporaryDirectory() as folder:
        names = scope(submission) | {"path": os.path.join(folder, name), "pathlib": pathlib}
        with open(names["path"], "wb") as file:
            file.write(data)
        execute(code, names)
        return {each: plain(submission, eval(each, names)) for each in report}


def as_state(submission, arrays):
    """Return the arrays unchanged or as tensors, depending on what the framework's state_dict contains.

    Arrays whose dtype a Tensor doesn't keep, or need not keep in the core tasks, stay as they are.
    """
    try:
        own = next(iter(submission.Linear(1, 1).state_dict().values()))
    except NotImplementedError as fault:
        raise unwritten(fault) from None
    core = ("float32", "float64", "int64", "bool") if isinstance(own, submission.Tensor) else ()
    made = {name: submission.Tensor(array) for name, array in arrays.items() if array.dtype.name in core}
    return arrays | {name: each for name, each in made.items() if np.asarray(each.data).dtype == arrays[name].dtype}


def execute(code, names):
    """Run code with fsync disabled, because a worker's folder is in memory and can't be synced to a disk."""
    os.fsync = os.fdatasync = lambda _: None
    try:
        exec(compile(code, "program", "exec"), names)
    except NotImplementedError as fault:
        raise unwritten(fault) from None


# ----------------------------------------------------------------------------------------------- training

NETWORK = """
model = Sequential(Linear(784, 128), ReLU(), Linear(128, 10))
optimizer = Adam(model.parameters(), lr=0.001)
criterion = CrossEntropyLoss()
for _ in range(steps):
    optimizer.zero_grad()
    loss = criterion(model(x), y)
    loss.backward()
    optimizer.step()
    losses.append(loss.item())
"""


def training_steps(submission, parameters, x, y, steps):
    """Take several steps of Adam on one batch; return the losses and the final weights of the last layer."""
    names = scope(submission) | {"steps": steps, "losses": [], "x": submission.Tensor(x), "y": submission.Tensor(y)}
    first, rest = NETWORK.strip().split("\n", 1)
    execute(first, names)
    own = [names["model"][0].weight, names["model"][0].bias, names["model"][2].weight, names["model"][2].bias]
    for parameter, values in zip(own, parameters, strict=True):
        names["put"](parameter, values)
    execute(rest, names)
    return [names["losses"], plain(submission, own[2])]
