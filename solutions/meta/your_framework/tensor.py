"""Tensors, and the graph that records how they were computed.

An operation computes its result with plain arrays and then calls `record` with one edge for every operand: the operand
itself, and the rule that turns the gradient of the result into the gradient of that operand.

    def mul(a, b):
        x, y = a.data, b.data
        return record(x * y, (a, lambda g: g * y, b), (b, lambda g: g * x, a))

`backward` follows these edges from the newest node to the oldest. Every node was created after its operands, so this is
a topological order, and it needs neither recursion nor a search.
"""

import heapq
from functools import wraps
from itertools import count

import numpy as np

from .arguments import refuse
from .backend import FLOAT32, device_of, namespace, new_array, on_device
from .backend import generator as common_generator

OUTPUT = object()  # in an edge: stands for the result, if a rule needs its values
_serial = count().__next__
_recording = True


class Tensor:
    """An array with automatic differentiation.

    `data`: Python numbers and nested lists (floats become float32, ints int64, bools bool), NumPy arrays and scalars
    (which keep their dtype), or Tensors; it is copied. `dtype`: a NumPy dtype or its name. `device`: 'cpu', or 'cuda'
    with CuPy. RuntimeError for `requires_grad` with a dtype that isn't floating, or for 'cuda' if CuPy is missing.

    `.data` is the array, `.grad` the gradient: a Tensor of the same shape and dtype, or None before `backward`.
    """

    __slots__ = ("__weakref__", "data", "grad", "node", "requires_grad", "version")
    __array_ufunc__ = None  # NumPy leaves array + tensor to the tensor

    def __init__(self, data, requires_grad=False, dtype=None, device=None):
        array = new_array(data.data if isinstance(data, Tensor) else data, None if dtype is None else np.dtype(dtype))
        self.data = array if device is None else on_device(array, device)
        self.grad = None
        self.node = None  # the operation that computed it; None for a leaf
        self.requires_grad = False
        self.version = [0, False]  # number of in-place changes to the memory, and whether it has views
        if requires_grad:
            self.requires_grad_()

    shape = property(lambda self: self.data.shape, doc="The shape, a tuple.")
    ndim = property(lambda self: self.data.ndim, doc="The number of axes.")
    dtype = property(lambda self: self.data.dtype, doc="The NumPy dtype.")
    device = property(lambda self: device_of(self.data), doc="'cpu' or 'cuda'.")
    is_leaf = property(lambda self: self.node is None, doc="Whether it isn't the result of a recorded operation.")

    def size(self, dim=None):
        """Return the shape, or the size of axis `dim`."""
        return self.data.shape if dim is None else self.data.shape[dim]

    def numel(self):
        """Return the number of elements."""
        return self.data.size

    def __len__(self):
        if self.data.ndim == 0:
            raise TypeError("len() of a 0-dim tensor")
        return len(self.data)

    def __iter__(self):
        return (self[i] for i in range(len(self)))

    def numpy(self, *, force=False):
        """Return the array itself, not a copy. RuntimeError if the tensor requires grad or is on the GPU.

        With `force`, convert such a tensor: `.detach().to('cpu').numpy()`.
        """
        if force:
            return on_device(self.data, "cpu")
        if self.requires_grad:
            raise RuntimeError("numpy() would lose the graph of a tensor that requires grad: call .detach().numpy()")
        if self.device != "cpu":
            raise RuntimeError("numpy() needs a tensor on the CPU: call .to('cpu').numpy()")
        return self.data

    def __array__(self, dtype=None, copy=None):
        return np.array(self.numpy(), dtype, copy=copy)

    def item(self):
        """Return the only element as a Python number. RuntimeError if there are several."""
        if self.data.size != 1:
            raise RuntimeError(f"item() needs one element, but the tensor has {self.data.size}, shape {self.shape}")
        return self.data.item()

    def tolist(self):
        """Return nested lists of Python numbers, or a single number."""
        return self.data.tolist()

    def __bool__(self):
        return bool(self.item())

    def __int__(self):
        return int(self.item())

    def __float__(self):
        return float(self.item())

    def __index__(self):
        if self.data.dtype.kind == "f":
            raise TypeError("a floating tensor can't be an index")
        return int(self.item())

    def __format__(self, spec):
        return format(self.item() if spec and self.data.size == 1 else str(self), spec)

    def __repr__(self):
        text = "tensor(" + np.array2string(on_device(self.data, "cpu"), separator=", ", prefix="tensor(")
        if self.dtype.name not in ("float32", "int64", "bool"):
            text += f", dtype={self.dtype}"
        if self.device != "cpu":
            text += f", device='{self.device}'"
        if self.node is not None:
            return f"{text}, grad_fn=<{self.node.name}>)"
        return f"{text}, requires_grad=True)" if self.requires_grad else f"{text})"

    def detach(self):
        """Return a tensor without the graph that shares the data."""
        return wrap(self.data, self.version)

    def clone(self, *, memory_format=None):
        """Return a copy that passes the gradient on."""
        refuse("clone", memory_format=memory_format)
        return record(self.data.copy(), (self, lambda g: g))

    def to(self, *targets, device=None, dtype=None, non_blocking=False, copy=False, memory_format=None):  # noqa: ARG002
        """Convert to a dtype (or its name) and move to a device ('cpu', 'cuda'); return self if nothing changes.

        A Tensor among the targets means its device and dtype; `non_blocking` has no effect. With `copy`, never return
        self.
        """
        refuse("to", memory_format=memory_format)
        result = self
        for target in destinations(targets, device, dtype):
            result = result._to(target)
        return result.clone() if copy and result is self else result

    def _to(self, target):
        """Do the same as `to`, for a single dtype or device."""
        if target in ("cpu", "cuda"):
            home = self.device
            data = on_device(self.data, target)
            return self if data is self.data else record(data, (self, lambda g: on_device(g, home)))
        dtype = np.dtype(target)
        if dtype == self.data.dtype:
            return self
        # the rule does nothing, since `backward` converts every gradient to its tensor's dtype
        return record(self.data.astype(dtype), *[(self, lambda g: g)] * (dtype.kind == "f"))

    def float(self, memory_format=None):
        """Convert to float32."""
        return self.to(FLOAT32, memory_format=memory_format)

    def double(self, memory_format=None):
        """Convert to float64."""
        return self.to(np.float64, memory_format=memory_format)

    def long(self, memory_format=None):
        """Convert to int64, rounding towards zero."""
        return self.to(np.int64, memory_format=memory_format)

    def requires_grad_(self, requires_grad=True):
        """Set requires_grad. RuntimeError if the dtype isn't floating, or for False on a result of operations."""
        if requires_grad and self.data.dtype.kind != "f":
            raise RuntimeError(f"only floating tensors can require gradients, not {self.dtype}")
        if self.node is not None and not requires_grad:
            raise RuntimeError("requires_grad can be changed only for leaves: use detach()")
        self.requires_grad = requires_grad
        return self

    def backward(self, gradient=None, retain_graph=None, create_graph=False, inputs=None):
        """Add the gradient of this tensor to `.grad` of every leaf that it was computed from.

        `gradient`: the gradient of the final result with respect to this tensor, of its shape; by default 1, for a
        single element. Frees the graph unless `retain_graph`. RuntimeError if the tensor doesn't require grad, if it
        has several elements and no `gradient` is given, if the shapes differ, if the graph was freed before, or if a
        value that is needed was modified in place. NotImplementedError for PyTorch's other arguments.
        """
        refuse("backward", create_graph=create_graph, inputs=inputs)
        if not self.requires_grad:
            raise RuntimeError("backward of a tensor that does not require grad")
        if gradient is None:
            if self.data.size != 1:
                raise RuntimeError(
                    f"grad can be implicitly created only for scalar outputs, not for shape {self.shape}"
                )
            gradient = namespace(self.data).ones(self.shape, self.dtype)
        else:
            gradient = gradient.data if isinstance(gradient, Tensor) else new_array(gradient)
            if gradient.shape != self.shape:
                raise RuntimeError(f"the gradient has shape {gradient.shape}, the tensor {self.shape}")
        if self.node is None:
            accumulate(self, gradient.astype(self.dtype), own=True)
        else:
            with np.errstate(all="ignore"):  # an infinite gradient is a valid result, as in PyTorch
                propagate(self.node, gradient.astype(self.dtype, copy=False), retain_graph)


class Node:
    """An operation. `edges`: for each operand that requires grad, its node (or the leaf itself) and the rule."""

    __slots__ = ("dtype", "edges", "saved", "serial", "shape")

    def __init__(self, data, edges, saved):
        self.serial = -_serial()  # negative, because heapq returns the smallest first
        self.shape = data.shape
        self.dtype = data.dtype
        self.edges = edges
        self.saved = saved  # (counter, its value at the time) of the tensors whose values the rules need

    @property
    def name(self):
        """The name of the operation: the function that defines the rules."""
        return self.edges[0][1].__qualname__.split(".<")[0].split(".")[-1].rstrip("_") if self.edges else "freed"


def wrap(data, version=None):
    """Return a Tensor around a NumPy array or scalar, without a copy. version: for a view, the counter of its base."""
    tensor = Tensor.__new__(Tensor)
    tensor.data = data if type(data) is np.ndarray or not isinstance(data, np.generic) else np.asarray(data)
    tensor.grad = tensor.node = None
    tensor.requires_grad = False
    tensor.version = [0, False] if version is None else version
    return tensor


def destinations(targets, device, dtype):
    """Return the devices and dtypes that the arguments of a method `to` name."""
    parts = [part for t in targets for part in ((t.device, t.dtype) if isinstance(t, Tensor) else (t,))]
    return [part for part in (*parts, device, dtype) if part is not None]


def as_tensor(data, device=None):
    """Return a Tensor unchanged, and turn anything else into one; NumPy arrays aren't copied."""
    if isinstance(data, Tensor):
        return data
    if isinstance(data, np.ndarray) and data.dtype.kind in "biuf" and device != "cuda":
        return wrap(data)
    return Tensor(data, device=device)


def record(data, *edges, version=None):
    """Return the result of an operation as a Tensor, with a node if recording is on and an operand requires grad.

    data: the array of the result. Each edge is (operand, rule, tensors…). rule(g) takes the gradient g of the result
    and returns that of the operand, both as arrays; it must not change g in place, and the array that it returns may
    have any shape that the operand was broadcast to. The tensors are those whose values the rule needs, with OUTPUT for
    the result. They are freed with the graph, and `backward` detects changes to them. version: for a view, the counter
    of its base.
    """
    tensor = wrap(data, version)
    if version is not None:
        version[1] = True
    if _recording:
        kept, saved = [], []
        for edge in edges:
            operand = edge[0]
            if operand.requires_grad:
                kept.append((operand.node or operand, edge[1]))
                for needed in edge[2:]:
                    counter = tensor.version if needed is OUTPUT else needed.version
                    saved.append((counter, counter[0]))
        if kept:
            tensor.requires_grad = True
            tensor.node = Node(tensor.data, kept, saved)
    return tensor


def propagate(root, gradient, retain_graph):
    """Propagate `gradient` from the node `root` to all leaves."""
    gradients = {root: gradient}
    owned = set()  # nodes whose gradient array isn't shared, so it may be added to in place
    heap = [(root.serial, root)]
    while heap:
        node = heapq.heappop(heap)[1]
        gradient = gradients.pop(node)
        if node.edges is None:
            raise RuntimeError(
                "backward through a graph that was freed: call the first backward with retain_graph=True"
            )
        for counter, value in node.saved:
            if counter[0] != value:
                raise RuntimeError(
                    f"a value needed for the gradient of {node.name} has been modified by an inplace operation"
                )
        for target, rule in node.edges:
            part = rule(gradient)
            own = part is not gradient and part.base is None  # a new array with no other owner
            if part.shape != target.shape:
                part, own = unbroadcast(part, target.shape), True
            if part.dtype != target.dtype:
                part, own = part.astype(target.dtype), True
            if type(target) is not Node:
                accumulate(target, part, own)
            elif target not in gradients:
                gradients[target] = part
                heapq.heappush(heap, (target.serial, target))
                if own:
                    owned.add(target)
            elif target in owned:
                gradients[target] += part
            else:
                gradients[target] = gradients[target] + part
                owned.add(target)
        if not retain_graph and node.saved:
            node.edges = node.saved = None


def accumulate(leaf, gradient, own):
    """Add to the gradient of a leaf; copy the first gradient unless the leaf may `own` the array."""
    if leaf.grad is None:
        leaf.grad = wrap(gradient if own else gradient.copy())
    else:
        np.add(leaf.grad.data, gradient, out=leaf.grad.data)
        leaf.grad.version[0] += 1


def clear_grad(leaf, set_to_none):
    """Set the gradient of a leaf to None, or to zeros if there is one."""
    leaf.grad = None if set_to_none or leaf.grad is None else wrap(np.zeros_like(leaf.grad.data))


def unbroadcast(gradient, shape):
    """Sum over all axes along which an operand of this shape was repeated."""
    lead = gradient.ndim - len(shape)
    repeated = tuple(i for i in range(gradient.ndim) if i < lead or shape[i - lead] == 1 != gradient.shape[i])
    return gradient.sum(repeated).reshape(shape)


class no_grad:
    """A block without recording: `with no_grad(): …`, or as a decorator, `@no_grad()` or `@no_grad`."""

    def __new__(cls, function=None):
        mode = super().__new__(cls)
        mode.before = []
        return mode if function is None else mode(function)

    def __enter__(self):
        global _recording
        self.before.append(_recording)
        _recording = False

    def __exit__(self, *error):
        global _recording
        _recording = self.before.pop()

    def __call__(self, function):
        @wraps(function)
        def without_grad(*args, **kwargs):
            with no_grad():
                return function(*args, **kwargs)

        return without_grad


def is_recording():
    """Return whether operations are being recorded."""
    return _recording


def tensor(data, dtype=None, requires_grad=False, device=None, pin_memory=False):
    """Return a Tensor with a copy of `data`: `Tensor` with PyTorch's order of arguments."""
    refuse("tensor", pin_memory=pin_memory)
    return Tensor(data, requires_grad, dtype, device)


def sizes(shape):
    """Return a shape as a tuple; it is given as several ints, or as one tuple or list."""
    return tuple(shape[0]) if len(shape) == 1 and isinstance(shape[0], (tuple, list)) else shape


# `out`, `layout` and `pin_memory` are PyTorch's; a dtype of None means float32.


def zeros(*size, out=None, dtype=None, layout=None, device=None, requires_grad=False, pin_memory=False):
    """Return zeros of the given shape: zeros(2, 3) or zeros((2, 3))."""
    refuse("zeros", out=out, layout=layout, pin_memory=pin_memory)
    return Tensor(np.zeros(sizes(size), dtype or FLOAT32), requires_grad, None, device)


def ones(*size, out=None, dtype=None, layout=None, device=None, requires_grad=False, pin_memory=False):
    """Return ones of the given shape: ones(2, 3) or ones((2, 3))."""
    refuse("ones", out=out, layout=layout, pin_memory=pin_memory)
    return Tensor(np.ones(sizes(size), dtype or FLOAT32), requires_grad, None, device)


def randn(*size, generator=None, out=None, dtype=None, layout=None, device=None, requires_grad=False, pin_memory=False):
    """Draw independent standard normal numbers: randn(2, 3) or randn((2, 3)).

    `generator`: the NumPy generator to draw from, instead of the one that `manual_seed` seeds.
    """
    refuse("randn", out=out, layout=layout, pin_memory=pin_memory)
    source = common_generator if generator is None else generator
    return Tensor(source.standard_normal(sizes(size)), requires_grad, dtype or FLOAT32, device)


def arange(
    start,
    end=None,
    step=1,
    *,
    out=None,
    dtype=None,
    layout=None,
    device=None,
    requires_grad=False,
    pin_memory=False,
):
    """Return start, start + step, … without end: int64 if all three are ints, else float32. arange(n) starts at 0."""
    refuse("arange", out=out, layout=layout, pin_memory=pin_memory)
    start, end = (0, start) if end is None else (start, end)
    if dtype is None:
        dtype = np.int64 if all(isinstance(x, (int, np.integer)) for x in (start, end, step)) else FLOAT32
    return Tensor(np.arange(start, end, step), requires_grad, dtype, device)
