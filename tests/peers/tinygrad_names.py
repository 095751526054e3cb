"""The names of tinygrad on top of our framework: a plugin of pytest that puts modules `tinygrad…` in place.

Its Tensor holds one of ours and translates names, argument orders and defaults, nothing else: all numbers and gradients
are the framework's. What differs between the two by design is translated too: every floating tensor there requires
grad, a graph can be walked as often as one likes, integers have 32 bits, a refusal is a ValueError.

A test that asks for what the framework does not have is counted as skipped, with the name that was missing, whatever it
makes of the error.
"""

from __future__ import annotations

import contextlib
import importlib
import importlib.abc
import importlib.machinery
import os
import sys
import tempfile
import types
import unittest

import numpy as np
import pytest
import your_framework as framework

missing: list[str] = []  # what the test that is running has asked for in vain
running = False  # whether a test is


class Refusal(RuntimeError, ValueError):
    """What our RuntimeErrors become: the peer refuses with ValueError what PyTorch refuses with RuntimeError."""


def absent(name: str):
    """Nothing of this name is in the framework."""
    missing.append(name)
    raise unittest.SkipTest(f"not in the framework: {name}")


class Absent:
    """Stands for an object of the peer that we have no counterpart of; may be imported, but not used by a test."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, name: str):
        if name.startswith("__"):
            raise AttributeError(name)
        return absent(f"{self._name}.{name}") if running else Absent(f"{self._name}.{name}")

    def __call__(self, *args, **_):
        if running:
            absent(self._name)
        return args[0] if len(args) == 1 and callable(args[0]) else self  # a decorator of a test, or its maker

    def __getitem__(self, _):
        return absent(self._name) if running else self

    def __mro_entries__(self, _):
        return ()

    def __instancecheck__(self, _):
        return False

    def __eq__(self, other: object) -> bool:
        return self is other

    __hash__ = object.__hash__

    def __or__(self, _):  # in annotations
        return self

    __ror__ = __or__


# Types of elements


class DType:
    """A dtype with the peer's attributes."""

    def __init__(self, name: str) -> None:
        self.name, self.numpy = name, np.dtype(name)
        self.itemsize = self.numpy.itemsize

    def __repr__(self) -> str:
        return f"dtypes.{self.name}"

    @property
    def min(self):
        return -np.inf if self.numpy.kind == "f" else bool(0) if self is BOOL else int(np.iinfo(self.numpy).min)

    @property
    def max(self):
        return np.inf if self.numpy.kind == "f" else bool(1) if self is BOOL else int(np.iinfo(self.numpy).max)


NUMERIC = "bool int8 int16 int32 int64 uint8 uint16 uint32 uint64 float16 float32 float64"
KINDS = {name: DType(name) for name in NUMERIC.split()}
BOOL = KINDS["bool"]
SHORT = {
    "float": "float32", "double": "float64", "half": "float16", "int": "int32", "long": "int64", "default_int": "int32",
    "short": "int16", "char": "int8", "uchar": "uint8", "default_float": "float32", "ulong": "uint64",
}  # fmt: skip


class DTypes:
    def __getattr__(self, name: str):
        if name == "ints":
            return tuple(kind for kind in KINDS.values() if kind.numpy.kind in "iu")
        return KINDS.get(SHORT.get(name, name)) or Absent(f"dtypes.{name}")

    def is_float(self, kind: DType) -> bool:
        return kind.numpy.kind == "f"

    def is_int(self, kind: DType) -> bool:
        return kind.numpy.kind in "iu"


dtypes = DTypes()


def numpy_dtype(kind):
    """The NumPy dtype of one of ours, of its name, or None."""
    if isinstance(kind, str):
        kind = getattr(dtypes, kind)
    return (
        kind.numpy if isinstance(kind, DType) else None if kind is None else absent(str(getattr(kind, "_name", kind)))
    )


# Tensors


def inside(value):
    """Our object of a peer's."""
    if isinstance(value, (tuple, list)):
        return type(value)(inside(each) for each in value)
    if isinstance(value, slice):
        return slice(*map(inside, (value.start, value.stop, value.step)))
    return value.tensor if isinstance(value, Tensor) else value


def outside(value):
    """The peer's object of one of ours; of a maximum with its indices the maximum alone."""
    value = value[0] if isinstance(value, tuple) and not isinstance(value, framework.Tensor) else value
    return Tensor(value) if isinstance(value, framework.Tensor) else value


def call(function, *args, **kwargs):
    """The function of our framework on the peer's objects."""
    try:
        return outside(function(*map(inside, args), **{name: inside(value) for name, value in kwargs.items()}))
    except RuntimeError as error:
        raise Refusal(str(error)) from error


class Named(type):
    """A class of whose missing attributes is kept a note."""

    def __getattr__(cls, name: str):
        if name.startswith("__"):
            raise AttributeError(name)
        return absent(f"{cls.__name__}.{name}") if running else Absent(f"{cls.__name__}.{name}")


class Tensor(metaclass=Named):
    def __init__(self, data, device=None, dtype=None, **others) -> None:
        if others or str(device or "CPU").upper() != "CPU" or isinstance(data, (bytes, Absent, type(None))):
            absent(f"Tensor({type(data).__name__}, {device or ''}{''.join(others)})")
        kind = numpy_dtype(dtype)
        self.known: tuple = None, None  # a gradient of ours, and the peer's object of it
        if isinstance(data, framework.Tensor):
            self.tensor = data
            return
        if isinstance(data, Tensor):
            data = data.tensor.detach()
        elif not isinstance(data, (np.ndarray, np.generic)) and kind is None:
            kind = np.int32 if framework.Tensor(data).dtype == np.int64 else None
        self.tensor = framework.Tensor(data, dtype=kind)
        if self.tensor.dtype.kind == "f":
            self.tensor.requires_grad_()

    def __getattr__(self, name: str):
        if name.startswith("__"):
            raise AttributeError(name)
        return absent(f"Tensor.{name}")

    shape = property(lambda self: self.tensor.shape)
    ndim = property(lambda self: self.tensor.ndim)
    T = property(lambda self: call(lambda a: a.T, self))
    device = property(lambda _: "CPU")
    dtype = property(lambda self: KINDS[self.tensor.dtype.name])

    def size(self, dim=None):
        return self.tensor.size(dim)

    def numel(self):
        return self.tensor.numel()

    def element_size(self):
        return self.tensor.dtype.itemsize

    def __len__(self):
        return len(self.tensor)

    def __iter__(self):
        return (outside(each) for each in self.tensor)

    def __bool__(self):
        absent("a Tensor that refuses bool()")

    def __repr__(self):
        return repr(self.tensor)

    def numpy(self):
        return self.tensor.detach().numpy().copy()

    data = numpy

    def item(self):
        return self.tensor.item()

    def tolist(self):
        return self.tensor.tolist()

    def realize(self, *_):
        return self

    def contiguous(self):
        return self.clone()

    def cast(self, kind):
        return call(framework.Tensor.to, self, numpy_dtype(kind))

    def float(self):
        return self.cast("float32")

    def half(self):
        return self.cast("float16")

    def int(self):
        return self.cast("int32")

    def bool(self):
        return self.cast("bool")

    def to(self, device):
        return self if str(device or "CPU").upper() == "CPU" else absent("devices")

    def is_floating_point(self):
        return self.tensor.dtype.kind == "f"

    # Gradients

    @property
    def grad(self):
        ours = self.tensor.grad
        if ours is None:
            return None
        if self.known[0] is not ours:
            self.known = ours, outside(ours)
        return self.known[1]

    @grad.setter
    def grad(self, value):
        self.tensor.grad = inside(value)

    def backward(self, gradient=None):
        call(framework.Tensor.backward, self, gradient, retain_graph=True)
        return self

    def gradient(self, *targets, gradient=None):
        """The gradients of these leaves; their own stay as they were."""
        if not all(t.tensor.is_leaf for t in targets):
            absent("gradients of what is no leaf")
        before = [t.tensor.grad for t in targets]
        for t in targets:
            t.tensor.grad = None
        self.backward(gradient)
        found = [Tensor(np.zeros_like(t.numpy())) if t.grad is None else t.grad for t in targets]
        for t, grad in zip(targets, before, strict=True):
            t.tensor.grad = grad
        return found

    # Making

    @staticmethod
    def manual_seed(seed=0):
        framework.manual_seed(seed)

    @staticmethod
    def arange(*args, dtype=None, **_):
        whole = all(isinstance(a, int) for a in args)
        return call(framework.arange, *args).cast(dtype or ("int32" if whole else "float32"))

    @staticmethod
    def stack(*tensors, dim=0):
        tensors = tensors[0] if isinstance(tensors[0], (tuple, list)) else tensors
        return call(framework.stack, list(tensors), dim)

    def cat(self, *others, dim=0):
        tensors = self if isinstance(self, (tuple, list)) else (self, *others)
        return call(framework.cat, list(tensors), dim)

    # Same operations, other names, defaults or arguments

    def dot(self, other):
        return call(framework.Tensor.matmul, self, other)

    def matmul(self, other, reverse=False):
        return call(framework.Tensor.matmul, *((other, self) if reverse else (self, other)))

    def div(self, other, rounding_mode=None):
        return absent("rounding_mode") if rounding_mode else self / other

    def transpose(self, dim0=1, dim1=0):
        return call(framework.Tensor.transpose, self, dim0, dim1)

    def softmax(self, axis=-1):
        return call(framework.Tensor.softmax, self, axis)

    def log_softmax(self, axis=-1):
        return call(framework.Tensor.log_softmax, self, axis)

    def where(self, a, b):
        return narrow(call(framework.where, self, a, b), self, a, b)

    def clip(self, min_=None, max_=None):
        return call(framework.Tensor.clip, self, min_, max_)

    clamp = clip

    def leaky_relu(self, neg_slope=0.01):
        return call(framework.LeakyReLU(neg_slope), self)

    def elu(self, alpha=1.0):
        return call(framework.ELU(alpha), self)

    def gelu(self, approximate="tanh"):
        return call(framework.GELU(approximate), self)

    def all(self, axis=None, keepdim=False):
        return call(framework.Tensor.all, self, axis, keepdim)

    def any(self, axis=None, keepdim=False):
        return call(framework.Tensor.any, self, axis, keepdim)

    def sum(self, axis=None, keepdim=False, dtype=None):
        return absent("sum(dtype)") if dtype else narrow(call(framework.Tensor.sum, self, axis, keepdim), self)

    def dropout(self, p=0.5):
        layer = framework.Dropout(p).train(Context.values.get("TRAINING", 0))
        return call(layer, self)

    def linear(self, weight, bias=None):
        product = self.dot(weight)
        return product if bias is None else product + bias

    def sequential(self, layers):
        for layer in layers:
            self = layer(self)
        return self

    def conv2d(self, weight, bias=None, groups=1, stride=1, dilation=1, padding=0):
        if self.ndim != 4:
            absent("convolution in other than two dimensions")
        out, fan_in, *kernel = weight.shape
        sizes = out, fan_in * groups, tuple(kernel), tuple_or(stride), tuple_or(padding), tuple_or(dilation)
        if isinstance(sizes[4], tuple) and len(sizes[4]) == 4:
            absent("padding that differs between the sides")
        layer = framework.Conv2d(sizes[1], sizes[0], *sizes[2:], groups)
        layer.weight, layer.bias = weight.tensor, inside(bias)
        return call(layer, self)

    def max_pool2d(self, kernel_size=(2, 2), stride=None, dilation=1, padding=0, ceil_mode=False, return_indices=False):
        if ceil_mode or return_indices or not two(kernel_size) or not two(padding):
            absent("max_pool2d(ceil_mode, return_indices, other than two dimensions)")
        return call(framework.MaxPool2d(*map(tuple_or, (kernel_size, stride, padding, dilation))), self)

    def avg_pool2d(
        self, kernel_size=(2, 2), stride=None, dilation=1, padding=0, ceil_mode=False, count_include_pad=True
    ):
        if ceil_mode or dilation != 1 or not two(kernel_size) or not two(padding):
            absent("avg_pool2d(ceil_mode, dilation, other than two dimensions)")
        sizes = map(tuple_or, (kernel_size, stride, padding))
        return call(framework.AvgPool2d(*sizes, count_include_pad=count_include_pad), self)

    def layernorm(self, axis=-1, eps=1e-5):
        count = {int: lambda: -axis}.get(type(axis), lambda: len(axis))()
        return call(framework.LayerNorm(self.shape[-count:], eps, elementwise_affine=False), self)

    def cross_entropy(self, target, reduction="mean", label_smoothing=0.0):
        if target.is_floating_point():
            absent("targets that are probabilities")
        return call(framework.CrossEntropyLoss(reduction=reduction, label_smoothing=label_smoothing), self, target)

    def sparse_categorical_crossentropy(self, target, ignore_index=-1, label_smoothing=0.0, reduction="mean"):
        settings = {"reduction": reduction, "label_smoothing": label_smoothing}
        criterion = framework.CrossEntropyLoss(ignore_index=ignore_index, **settings)
        return call(criterion, self.permute(0, self.ndim - 1, *range(1, self.ndim - 1)), target)

    def binary_crossentropy_logits(self, target, reduction="mean", pos_weight=None):
        criterion = framework.BCEWithLogitsLoss(reduction=reduction, pos_weight=inside(pos_weight))
        return call(criterion, self, target)

    # In place: the peer lets leaves be changed

    def __setitem__(self, index, value):
        in_place(framework.Tensor.__setitem__, self, index, value)


def narrow(result, *operands):
    """The result with its integers of 64 bits made 32, unless an operand has 64."""
    wide = any(isinstance(each, Tensor) and each.tensor.dtype.itemsize == 8 for each in operands)
    return result.cast("int32") if result.tensor.dtype == np.int64 and not wide else result


def tuple_or(size):
    """Sizes as a tuple, or a number as it is."""
    return tuple(size) if isinstance(size, (tuple, list)) else size


def two(sizes) -> bool:
    """Whether sizes are of two dimensions, or so wrong that the framework should say it."""
    return isinstance(sizes, int) or len(sizes) in (2, 3)


def in_place(function, tensor, *args):
    """A change of a leaf is made where nothing is recorded, unless what is put in has a gradient."""
    if any(isinstance(each, Tensor) and each.tensor.requires_grad for each in args):
        tensor.tensor = tensor.tensor.clone() if tensor.tensor.is_leaf else tensor.tensor
    if tensor.tensor.is_leaf:
        with framework.no_grad():
            call(function, tensor, *args)
    else:
        call(function, tensor, *args)
    return tensor


def translated(name: str):
    def method(self, *args, **kwargs):
        return narrow(call(getattr(framework.Tensor, name), self, *args, **kwargs), self, *args)

    method.__name__ = name
    return method


SAME = """add sub mul pow neg abs exp log sqrt tanh sigmoid relu maximum minimum mean max min var std argmax
        argmin reshape view permute flatten squeeze unsqueeze expand clone detach
        __add__ __radd__ __sub__ __rsub__ __mul__ __rmul__ __truediv__ __rtruediv__ __pow__ __rpow__ __matmul__
        __rmatmul__ __neg__ __abs__ __eq__ __ne__ __lt__ __le__ __gt__ __ge__ __and__ __or__ __xor__ __invert__
        __getitem__"""
for _name in SAME.split():
    setattr(Tensor, _name, translated(_name))
Tensor.__hash__ = object.__hash__
WITHOUT = """floordiv rfloordiv mod rmod lshift rshift rlshift rrshift rand ror rxor ifloordiv imod ilshift irshift
        ipow iand ior ixor"""
for _name in WITHOUT.split():
    setattr(Tensor, f"__{_name}__", lambda *_, _name=_name: absent(f"the operator {_name}"))
for _name in ("zeros", "ones", "randn"):

    def _make(*shape, dtype=None, device=None, _name=_name, **others):
        if others:
            raise TypeError(f"{_name}: {others}")
        shape = shape[0] if len(shape) == 1 and isinstance(shape[0], (tuple, list)) else shape
        if not all(isinstance(n, int) and n >= 0 for n in shape):
            raise ValueError(f"{_name}: {shape}")
        made = call(getattr(framework, _name), shape, dtype=numpy_dtype(dtype) or np.dtype(np.float32))
        return Tensor(made.numpy(), device)

    _make.__name__ = _name
    setattr(Tensor, _name, staticmethod(_make))


def drawn(*shape, low=0.0, high=1.0, dtype=None, **others):
    """Numbers between low and high, made by NumPy: the framework draws from the normal distribution alone."""
    if set(others) - {"device", "requires_grad"}:
        raise TypeError(f"random numbers: {others}")
    shape = shape[0] if len(shape) == 1 and isinstance(shape[0], (tuple, list)) else shape
    return Tensor(np.random.uniform(low, high, shape).astype(numpy_dtype(dtype) or np.float32))


def filled(shape, value, dtype=None):
    kind = dtype or ("bool" if isinstance(value, bool) else "int32" if isinstance(value, int) else "float32")
    return Tensor(np.full(shape, value, numpy_dtype(kind)))


def integers(*shape, low=0, high=10, dtype=None):
    return Tensor(np.random.randint(low, high, shape).astype(numpy_dtype(dtype) or np.int32))


def identity(n, m=None, dtype=None):
    return Tensor(np.eye(n, m, dtype=numpy_dtype(dtype) or np.float32))


for _name, _make in {
    "rand": drawn, "uniform": drawn, "empty": drawn, "randint": integers, "full": filled, "eye": identity,
}.items():  # fmt: skip
    setattr(Tensor, _name, staticmethod(_make))
for _name in ("iadd", "isub", "imul", "itruediv"):
    setattr(
        Tensor,
        f"__{_name}__",
        lambda self, other, _name=_name: in_place(getattr(framework.Tensor, f"__{_name}__"), self, other),
    )


# Layers and optimisers


class Layer:
    """One of our layers, whose parameters are the peer's tensors."""

    def __init__(self, layer) -> None:
        vars(self)["layer"] = layer

    def __getattr__(self, name: str):
        if not hasattr(self.layer, name):
            absent(f"{type(self.layer).__name__}.{name}")
        return outside(getattr(self.layer, name))

    def __setattr__(self, name: str, value) -> None:
        value = inside(value)
        old = getattr(self.layer, name, None)
        if isinstance(old, framework.Tensor) and name in self.layer._buffers:
            value = value.detach()
        setattr(self.layer, name, value)

    def __call__(self, x):
        return call(self.layer.train(bool(Context.values.get("TRAINING", 0))), x)


def conv2d_layer(in_channels, out_channels, kernel_size, stride=1, padding=0, dilation=1, groups=1, bias=True):
    if isinstance(padding, str):
        absent("Conv2d(padding='same')")
    settings = map(tuple_or, (kernel_size, stride, padding, dilation))
    return Layer(framework.Conv2d(in_channels, out_channels, *settings, groups, bias))


def layer_norm(normalized_shape, eps=1e-5, elementwise_affine=True):
    return Layer(framework.LayerNorm(normalized_shape, eps, elementwise_affine))


class BatchNorm(Layer):
    """Of images or volumes; which, is seen from the first input."""

    def __init__(self, sz, eps=1e-5, affine=True, track_running_stats=True, momentum=0.1):
        super().__init__(framework.BatchNorm2d(sz, eps, momentum, affine, track_running_stats))

    def __call__(self, x):
        return super().__call__(x) if x.ndim == 4 else absent("batch normalisation of volumes")


def parameters(layers):
    return [Tensor(p) for layer in layers if isinstance(layer, Layer) for p in layer.layer.parameters()]


def optimizer(kind, **defaults):
    def make(params, **settings):
        own = kind([p.tensor for p in params], **defaults | settings)
        return types.SimpleNamespace(zero_grad=own.zero_grad, step=own.step, params=params)

    return make


# Modules


class Context:
    """The peer's settings for a while, of which TRAINING alone is ours too."""

    values: dict[str, int] = {}  # noqa: RUF012

    def __init__(self, **values) -> None:
        self.new = values
        if unknown := set(values) - {"TRAINING"}:
            absent(f"Context({', '.join(unknown)})")

    def __enter__(self):
        self.old, Context.values = Context.values, Context.values | self.new

    def __exit__(self, *_):
        Context.values = self.old


class Devices:
    DEFAULT = "CPU"

    def __getitem__(self, _):
        return types.SimpleNamespace(renderer=types.SimpleNamespace(supported_dtypes=lambda: list(KINDS.values())))


def prod(numbers):
    return int(np.prod(list(numbers)))


SILENT = types.SimpleNamespace(interface="", renderer="", device="CPU")
NAMES = {
    "tinygrad": {"Tensor": Tensor, "dtypes": dtypes, "Device": Devices(), "Context": Context},
    "tinygrad.helpers": {
        "getenv": lambda name, default=0: type(default)(os.environ.get(name, default)),
        "Context": Context, "DEBUG": 0, "IMAGE": 0, "OSX": False, "DEV": SILENT, "prod": prod,
        "temp": lambda name: os.path.join(tempfile.gettempdir(), name),
        "all_same": lambda items: all(each == items[0] for each in items),
    },
    "tinygrad.tensor": {"Tensor": Tensor, "_to_np_dtype": numpy_dtype},
    "tinygrad.dtype": {"dtypes": dtypes, "DType": DType, "DTYPES_DICT": KINDS},
    "tinygrad.nn": {
        "Linear": lambda *args, **kwargs: Layer(framework.Linear(*args, **kwargs)),
        "Embedding": lambda *args, **kwargs: Layer(framework.Embedding(*args, **kwargs)),
        "Conv2d": conv2d_layer, "LayerNorm": layer_norm, "BatchNorm": BatchNorm, "BatchNorm2d": BatchNorm,
    },
    "tinygrad.nn.state": {"get_parameters": parameters},
    "tinygrad.nn.optim": {
        "SGD": optimizer(framework.SGD, lr=0.001), "Adam": optimizer(framework.Adam),
        "AdamW": optimizer(framework.AdamW),
    },
}  # fmt: skip


def of_module(module, name):
    """What `from module import name` gets that is not in NAMES."""
    if f"{module}.{name}" in NAMES:
        return importlib.import_module(f"{module}.{name}")
    if name.startswith("__"):
        raise AttributeError(name)
    return Absent(f"{module}.{name}")


class Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Any module of the peer, with what is in NAMES and an Absent for anything else."""

    def find_spec(self, name, *_):
        mine = name.partition(".")[0] == "tinygrad"
        return importlib.machinery.ModuleSpec(name, self, is_package=True) if mine else None

    def create_module(self, spec):
        return types.ModuleType(spec.name)

    def exec_module(self, module):
        vars(module).update(NAMES.get(module.__name__, {}))
        module.__getattr__ = lambda name: of_module(module.__name__, name)


sys.meta_path.insert(0, Finder())


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item):
    global running
    running = True
    missing.clear()
    unrecorded = getattr(item.cls, "__name__", "") == "TestSetitem"  # it needs no gradients, and changes views in place
    try:
        with framework.no_grad() if unrecorded else contextlib.nullcontext():
            return (yield)
    finally:
        running = False


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    report = yield
    if call.when == "call" and missing:
        report.outcome, report.longrepr = "skipped", (str(item.path), 0, f"not in the framework: {missing[0]}")
    return report
