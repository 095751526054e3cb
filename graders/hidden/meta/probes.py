"""Run beside a submission; they report what they saw and judge nothing."""

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
    """Runs lines of code that know the framework's names, and reports values by name.

    leaves: arrays, made into tensors that require gradients. constants: arrays, made into tensors that do not (but for
    those whose names begin with "raw"), and other values.

    Of a program in several parts each runs in another process. arriving: what the part before has left; leaving: the
    names of what the next part needs, which comes back as bytes, in the place of a report.

    Shown as:
        # {code}
        # Tensors that require gradients: {leaves:brief}
        # Other tensors, and arrays whose names begin with raw: {constants:brief}
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
        return {path: plain(submission, eval(path, names)) for path in report}
    except NotImplementedError as fault:
        raise unwritten(fault) from None


def expressions(submission, lines, leaves, constants, cotangents):
    """The value of each of these expressions, each on fresh tensors, and the gradients of the leaves.

    leaves and constants as for a program; cotangents: for each expression the gradient of its value that backward is
    called with, or None. An expression that raises is reported as the exception's name and text.

    Shown as:
        # {lines:failing}
        # Tensors that require gradients: {leaves:brief}
        # Other values: {constants:brief}
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
            if cotangent is not None:
                y.backward(submission.Tensor(cotangent))
            found.append([plain(submission, y), {name: plain(submission, leaf.grad) for name, leaf in held.items()}])
        except NotImplementedError as fault:
            raise unwritten(fault) from None
        except Exception as fault:  # noqa: BLE001 (whatever it is, it is reported)
            found.append(f"{type(fault).__name__}: {fault}"[:1000])
    return found


def scope(submission):
    """The names that a program knows: all that the framework exports, dtypes, NumPy, and a few of our own."""
    names = {name: getattr(submission, name) for name in dir(submission) if not name.startswith("_")}

    def put(tensor, values):
        with submission.no_grad():
            tensor.zero_()
            tensor.add_(submission.Tensor(np.asarray(values)))

    def attempt(function):
        """The names of the exception's classes and its text, or None where nothing is raised."""
        try:
            function()
        except NotImplementedError:
            raise
        except Exception as fault:  # noqa: BLE001 (whatever it is, it is reported)
            return [[base.__name__ for base in type(fault).__mro__], str(fault)[:1000]]
        return None

    def snapshot(value):
        """What it is now, as arrays that nobody will change."""
        return plain(submission, value)

    own = {"np": np, "put": put, "attempt": attempt, "snapshot": snapshot, "bool_": np.bool_}
    if "torch" in sys.modules:  # where workers have it
        own |= {"torch": sys.modules["torch"], "nn": sys.modules["torch"].nn, "fill": fill}
    return names | own | {name: getattr(np, name) for name in DTYPES}


def fill(module, seed):
    """Gives a module of PyTorch numbers of a seed, running variances above 0."""
    torch, rng = sys.modules["torch"], np.random.default_rng(seed)
    for name, tensor in module.state_dict().items():
        if tensor.is_floating_point():
            numbers = rng.standard_normal(tuple(tensor.shape)) / 2
            tensor.copy_(torch.as_tensor(abs(numbers) + 0.5 if name.endswith("var") else numbers))
    return module


def plain(submission, value):
    """Tensors as arrays of their own, dtypes by name, containers of these."""
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
    """Values of the framework as bytes, from which a process that may lack PyTorch makes them again."""
    data = io.BytesIO()
    try:
        Leaving(submission, data).dump(values)
    except (pickle.PicklingError, AttributeError, TypeError, ValueError, RecursionError) as fault:
        raise TypeError(f"a process without PyTorch cannot take over what was made here: {fault}") from None
    return data.getvalue()


class Leaving(pickle.Pickler):
    """Takes classes and functions of the framework by their names, tensors by their numbers, modules by attributes.

    Nothing of PyTorch's can leave.
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
        if isinstance(value, tuple) and type(value).__module__ == "torch":  # a Size
            return tuple, (list(value),)
        if any(base.__module__.partition(".")[0] == "torch" for base in type(value).__mro__):
            raise TypeError(f"it holds PyTorch's {type(value).__name__}")
        if isinstance(value, self.tensors):
            return tensor_parts(self.submission, value)
        if isinstance(value, self.submission.Module):  # whatever its __getattr__ and __setattr__ do
            return object.__new__, (type(value),), dict(vars(value)), None, None, with_attributes
        return NotImplemented


class Arriving(pickle.Unpickler):
    """What Leaving has written, made of this process's framework."""

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
    """A tensor's class, numbers, whether it requires grad, and what else it is marked by."""
    is_parameter = isinstance(submission.Parameter, type) and isinstance(value, submission.Parameter)
    marks = {name: mark for name, mark in getattr(value, "__dict__", {}).items() if isinstance(mark, bool | str)}
    return tensor_of, (is_parameter, np.array(value.data), bool(value.requires_grad), marks)


def tensor_of(submission, is_parameter, array, requires_grad, marks):
    """The tensor of such parts."""
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
    """Give an object these attributes."""
    vars(made).update(state)


def function_parts(function):
    """A lambda, or a function inside another one: its code and what it refers to."""
    cells = [cell.cell_contents for cell in function.__closure__ or ()]
    state = [function.__defaults__, function.__kwdefaults__, cells]
    return function_of, (marshal.dumps(function.__code__), function.__module__), state, None, None, with_cells


def function_of(code, module):
    """A function of this code, in a module of this name."""
    code = marshal.loads(code)
    cells = tuple(types.CellType() for _ in code.co_freevars)
    return types.FunctionType(code, vars(__import__(module, fromlist=["*"])), closure=cells)


def with_cells(function, state):
    """Give a function its default arguments and what it refers to."""
    function.__defaults__, function.__kwdefaults__, values = state
    for cell, value in zip(function.__closure__ or (), values, strict=True):
        cell.cell_contents = value


HELPERS = (tensor_of, with_attributes, function_of, with_cells)


def unwritten(fault):
    """The same exception, naming the function of the stub that is not written yet."""
    if fault.args:
        return fault
    trace = fault.__traceback__
    while trace.tb_next is not None:
        trace = trace.tb_next
    return NotImplementedError(f"{trace.tb_frame.f_code.co_qualname} is not written yet")


# ------------------------------------------------------------------------------------------------- files


def written(submission, code, arrays, name):
    """The bytes of the file `name` that lines of code write to `path`; `state`: the arrays as state_dict has them."""
    with tempfile.TemporaryDirectory() as folder:
        names = scope(submission) | {"path": os.path.join(folder, name), "pathlib": pathlib}
        names["state"] = as_state(submission, arrays)
        execute(code, names)
        with open(os.path.join(folder, name), "rb") as file:
            return file.read()


def read(submission, code, data, name, report):
    """What lines of code make of a file `name` of these bytes, at `path`."""
    with tempfile.TemporaryDirectory() as folder:
        names = scope(submission) | {"path": os.path.join(folder, name), "pathlib": pathlib}
        with open(names["path"], "wb") as file:
            file.write(data)
        execute(code, names)
        return {each: plain(submission, eval(each, names)) for each in report}


def as_state(submission, arrays):
    """The arrays as they are, or as tensors, whatever the framework's own state_dict holds."""
    try:
        own = next(iter(submission.Linear(1, 1).state_dict().values()))
    except NotImplementedError as fault:
        raise unwritten(fault) from None
    make = submission.Tensor if isinstance(own, submission.Tensor) else np.asarray
    return {name: make(array) for name, array in arrays.items()}


def execute(code, names):
    """Run lines of code. A worker's folder is in memory, and nothing can be forced to a disk."""
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
    """The losses of so many steps of Adam on one batch, and the weights of the last layer after them."""
    names = scope(submission) | {"steps": steps, "losses": [], "x": submission.Tensor(x), "y": submission.Tensor(y)}
    first, rest = NETWORK.strip().split("\n", 1)
    execute(first, names)
    own = [names["model"][0].weight, names["model"][0].bias, names["model"][2].weight, names["model"][2].bias]
    for parameter, values in zip(own, parameters, strict=True):
        names["put"](parameter, values)
    execute(rest, names)
    return [names["losses"], plain(submission, own[2])]
