"""torch.Tensor, with torch's signatures, composed of primitives."""

import builtins
import functools
import math
import string
from typing import NamedTuple

import numpy as np

from . import primitives as P
from .autograd import AccumulateGrad, _GradMode, run_backward

default_generator = {"rng": np.random.default_rng()}


def manual_seed(seed):
    default_generator["rng"] = np.random.default_rng(seed)


def rng():
    return default_generator["rng"]


def _category(dtype):
    return "biuf".replace("u", "").find(dtype.kind.replace("u", "i"))


def result_type(*operands):
    """torch.result_type: dimensioned tensors, zero-dim tensors and wrapped numbers, in this order of precedence."""
    dim = zero = wrapped = None

    def promote(a, b):
        return b if a is None else np.promote_types(a, b) if _category(a) == _category(b) else max(a, b, key=_category)

    for x in operands:
        if isinstance(x, Tensor) and x.ndim > 0:
            dim = promote(dim, x.dtype)
        elif isinstance(x, Tensor):
            zero = promote(zero, x.dtype)
        else:
            kind = np.bool_ if isinstance(x, bool) else np.int64 if isinstance(x, int) else np.float32
            wrapped = promote(wrapped, np.dtype(kind))

    result = dim
    for lower in (zero, wrapped):
        if lower is not None and (result is None or _category(lower) > _category(result)):
            result = lower
    return result


def _is_scalar(x):
    return isinstance(x, (bool, int, float)) and not isinstance(x, np.generic)


def _promote(name, *operands, floating=False):
    operands = [x if isinstance(x, Tensor) or _is_scalar(x) else Tensor(x) for x in operands]
    dtype = result_type(*operands)
    if floating and dtype.kind != "f":
        dtype = np.dtype(np.float32)
    tensors = [
        x.to(dtype) if isinstance(x, Tensor) else Tensor._from_array(np.asarray(x).astype(dtype)) for x in operands
    ]
    try:
        shape = np.broadcast_shapes(*[t.shape for t in tensors])
    except ValueError:
        shapes = " and ".join(str(t.shape) for t in tensors)
        raise RuntimeError(f"{name}: shapes {shapes} do not broadcast") from None
    return [t if t.shape == shape else P.Expand.apply(t, shape=shape) for t in tensors]


def _shape(args):
    if len(args) == 1 and not isinstance(args[0], (int, np.integer)):
        args = args[0]
    return tuple(int(n) for n in args)


class max_result(NamedTuple):
    values: "Tensor"
    indices: "Tensor"


class Tensor:
    __array_ufunc__ = None
    __hash__ = object.__hash__

    def __init__(self, data, requires_grad=False, dtype=None, device="cpu"):
        if device != "cpu":
            raise RuntimeError("Torch not compiled with CUDA enabled")
        keep = isinstance(data, (Tensor, np.ndarray, np.generic))
        array = np.array(data.data if isinstance(data, Tensor) else data)
        if not keep and array.dtype == np.float64:
            array = array.astype(np.float32)
        self._setup(array if dtype is None else array.astype(dtype))
        self.requires_grad_(requires_grad)

    def _setup(self, array):
        self.data = array
        self.requires_grad = False
        self.grad = None
        self.grad_fn = None
        self._accumulate = None
        self._version = 0

    @staticmethod
    def _from_array(array):
        t = Tensor.__new__(Tensor)
        t._setup(array)
        return t

    def _edge(self):
        if self.grad_fn is not None:
            return self.grad_fn
        if self._accumulate is None:
            self._accumulate = AccumulateGrad(self)
        return self._accumulate

    # ------------------------------------------------------------------ attributes
    @property
    def shape(self):
        return self.data.shape

    @property
    def ndim(self):
        return self.data.ndim

    @property
    def dtype(self):
        return self.data.dtype

    @property
    def device(self):
        return "cpu"

    @property
    def is_leaf(self):
        return self.grad_fn is None

    def size(self, dim=None):
        return self.shape if dim is None else self.shape[dim]

    def dim(self):
        return self.ndim

    def numel(self):
        return self.data.size

    def __len__(self):
        if self.ndim == 0:
            raise TypeError("len() of a 0-d tensor")
        return self.shape[0]

    def __repr__(self):
        suffix = (
            f", grad_fn=<{self.grad_fn.fn.__name__}Backward0>"
            if self.grad_fn
            else (", requires_grad=True" if self.requires_grad else "")
        )
        return f"tensor({self.data.tolist()}{suffix})"

    def numpy(self):
        if self.requires_grad:
            raise RuntimeError("Can't call numpy() on Tensor that requires grad. Use tensor.detach().numpy() instead.")
        return self.data

    def item(self):
        if self.numel() != 1:
            raise RuntimeError(f"a Tensor with {self.numel()} elements cannot be converted to Scalar")
        return self.data.item()

    def __bool__(self):
        return bool(self.item())

    def tolist(self):
        return self.data.tolist()

    def detach(self):
        return Tensor._from_array(self.data)

    def clone(self):
        return P.Cast.apply(self, dtype=self.dtype)

    def to(self, target):
        if isinstance(target, str) and target in ("cpu", "cuda"):
            if target == "cuda":
                raise RuntimeError("Torch not compiled with CUDA enabled")
            return self
        return self if np.dtype(target) == self.dtype else P.Cast.apply(self, dtype=np.dtype(target))

    def float(self):
        return self.to(np.float32)

    def double(self):
        return self.to(np.float64)

    def long(self):
        return self.to(np.int64)

    def requires_grad_(self, requires_grad=True):
        if requires_grad and self.dtype.kind != "f":
            raise RuntimeError("only Tensors of floating point dtype can require gradients")
        self.requires_grad = requires_grad
        return self

    def backward(self, gradient=None, retain_graph=False):
        if not self.requires_grad:
            raise RuntimeError("element 0 of tensors does not require grad and does not have a grad_fn")
        if gradient is None:
            if self.numel() != 1:
                raise RuntimeError("grad can be implicitly created only for scalar outputs")
            gradient = np.ones(self.shape, self.dtype)
        else:
            gradient = np.array(gradient.data if isinstance(gradient, Tensor) else gradient, self.dtype)
        if gradient.shape != self.shape:
            raise RuntimeError(
                f"Mismatch in shape: grad_output has a shape of {gradient.shape}, output of {self.shape}"
            )
        run_backward(self._edge(), gradient, retain_graph)

    # ------------------------------------------------------------------ arithmetic
    def __add__(self, other):
        a, b = _promote("add", self, other)
        return P.Add.apply(a, b)

    __radd__ = __add__

    def __neg__(self):
        return self * -1

    def __sub__(self, other):
        a, b = _promote("sub", self, other)
        return a + -b

    def __rsub__(self, other):
        return -self + other

    def __mul__(self, other):
        a, b = _promote("mul", self, other)
        return P.Mul.apply(a, b)

    __rmul__ = __mul__

    def __truediv__(self, other):
        a, b = _promote("div", self, other, floating=True)
        return a * b**-1

    def __rtruediv__(self, other):
        a, b = _promote("div", other, self, floating=True)
        return a * b**-1

    def __pow__(self, other):
        a, b = _promote("pow", self, other)
        return P.Pow.apply(a, b)

    def __rpow__(self, other):
        a, b = _promote("pow", other, self)
        return P.Pow.apply(a, b)

    pow = __pow__

    def abs(self):
        return self * Tensor._from_array(np.sign(self.data))

    __abs__ = abs

    def __matmul__(self, other):
        other = other if isinstance(other, Tensor) else Tensor(other)
        dtype = result_type(self, other)
        a, b = self.to(dtype), other.to(dtype)
        if a.ndim == 0 or b.ndim == 0 or a.shape[-1] != b.shape[-2 if b.ndim > 1 else 0]:
            raise RuntimeError(f"mat1 and mat2 shapes cannot be multiplied ({a.shape} and {b.shape})")
        left, right = "i" * (a.ndim > 1) + "j", "j" + "k" * (b.ndim > 1)
        rows, columns = a.shape[-2:] if a.ndim > 1 else a.shape, b.shape[-2:] if b.ndim > 1 else b.shape
        try:
            batch = np.broadcast_shapes(a.shape[:-2], b.shape[:-2])
        except ValueError:
            raise RuntimeError(f"matmul: shapes {a.shape} and {b.shape} do not broadcast") from None
        letters = string.ascii_uppercase[: len(batch)]
        out = letters + left[:-1] + right[1:]
        la, lb = letters, letters
        if a.ndim > 2:
            a = a.expand(*batch, *rows)
        else:
            la = ""
        if b.ndim > 2:
            b = b.expand(*batch, *columns)
        else:
            lb = ""
        return P.Einsum.apply(a, b, equation=f"{la}{left},{lb}{right}->{out}")

    def __rmatmul__(self, other):
        return Tensor(other) @ self

    def maximum(self, other):
        a, b = _promote("maximum", self, other)
        return where(a > b, a, where(b > a, b, (a + b) * 0.5)) if a.dtype.kind == "f" else where(a > b, a, b)

    def minimum(self, other):
        a, b = _promote("minimum", self, other)
        return where(a < b, a, where(b < a, b, (a + b) * 0.5)) if a.dtype.kind == "f" else where(a < b, a, b)

    def _cmp(self, other, ufunc):
        a, b = _promote(ufunc.__name__, self, other)
        return Tensor._from_array(np.asarray(ufunc(a.data, b.data)))

    __eq__ = lambda self, other: self._cmp(other, np.equal)
    __ne__ = lambda self, other: self._cmp(other, np.not_equal)
    __lt__ = lambda self, other: self._cmp(other, np.less)
    __le__ = lambda self, other: self._cmp(other, np.less_equal)
    __gt__ = lambda self, other: self._cmp(other, np.greater)
    __ge__ = lambda self, other: self._cmp(other, np.greater_equal)

    # ------------------------------------------------------------------ in-place
    def _inplace(self, function):
        if self.requires_grad and self.is_leaf and _GradMode.enabled:
            raise RuntimeError("a leaf Variable that requires grad is being used in an in-place operation.")
        new = function(self)
        if new.shape != self.shape:
            raise RuntimeError(f"output with shape {self.shape} doesn't match the broadcast shape {new.shape}")
        if _category(new.dtype) > _category(self.dtype):
            raise RuntimeError(f"result type {new.dtype} can't be cast to the desired output type {self.dtype}")
        new = new.to(self.dtype)
        self.data[...] = new.data
        self._version += 1
        if _GradMode.enabled:
            self.requires_grad, self.grad_fn = new.requires_grad, new.grad_fn
        return self

    def add_(self, other):
        return self._inplace(lambda x: x + other)

    def sub_(self, other):
        return self._inplace(lambda x: x - other)

    def mul_(self, other):
        return self._inplace(lambda x: x * other)

    def div_(self, other):
        return self._inplace(lambda x: x / other)

    def zero_(self):
        return self._inplace(lambda x: zeros(x.shape, dtype=x.dtype))

    __iadd__, __isub__, __imul__, __itruediv__ = add_, sub_, mul_, div_

    # ------------------------------------------------------------------ pointwise
    def _floating(self):
        return self if self.dtype.kind == "f" else self.float()

    def exp(self):
        return P.Exp.apply(self._floating())

    def log(self):
        return P.Log.apply(self._floating())

    def sqrt(self):
        return self._floating() ** 0.5

    def sigmoid(self):
        return P.Sigmoid.apply(self._floating())

    def tanh(self):
        return (self * 2.0).sigmoid() * 2 - 1

    def erf(self):
        return P.Erf.apply(self._floating())

    def relu(self):
        return where(self > 0, self, 0)

    def clip(self, min=None, max=None):
        x = self
        if min is not None:
            x = where(x >= min, x, min)
        if max is not None:
            x = where(x <= max, x, max)
        return x

    clamp = clip

    # ------------------------------------------------------------------ indexing
    def _positions(self, index):
        index = index if isinstance(index, tuple) else (index,)
        clean = []
        for i in index:
            i = i.data if isinstance(i, Tensor) else i
            if isinstance(i, (list, tuple)):
                i = np.array(i)
                i = i.astype(np.int64) if i.size == 0 else i
            clean.append(i)
        where_is = np.arange(self.numel()).reshape(self.shape)
        is_int = [isinstance(i, (int, np.integer)) and not isinstance(i, bool) for i in clean]
        if any(is_int) and any(isinstance(i, np.ndarray) for i in clean):
            # select() for each int, the last first, and then the rest
            sizes = [
                0 if i is None or i is Ellipsis else i.ndim if isinstance(i, np.ndarray) and i.dtype == bool else 1
                for i in clean
            ]
            front = next((n for n, i in enumerate(clean) if i is Ellipsis), len(clean))
            for n in reversed(range(len(clean))):
                if is_int[n]:
                    axis = sum(sizes[:n]) if n < front else self.ndim - sum(sizes[n:])
                    if not -self.shape[axis] <= clean[n] < self.shape[axis]:
                        raise IndexError(f"index {clean[n]} is out of bounds for dimension {axis}")
                    where_is = np.take(where_is, clean[n], axis)
            clean = [i for i, skip in zip(clean, is_int) if not skip]
        return np.asarray(where_is[tuple(clean)])

    def __getitem__(self, index):
        return P.Gather.apply(self, positions=self._positions(index))

    def __setitem__(self, index, value):
        positions = self._positions(index)

        def index_put(x):
            v = (value if isinstance(value, Tensor) else Tensor(value)).to(x.dtype).expand(*positions.shape)
            source = np.arange(x.numel())
            source[positions.reshape(-1)] = x.numel() + np.arange(positions.size)
            return P.Gather.apply(P.Concatenate.apply(x, v), positions=source.reshape(x.shape))

        self._inplace(index_put)

    def __iter__(self):
        return (self[i] for i in range(len(self)))

    # ------------------------------------------------------------------ reductions
    def _dims(self, dim, axis=None):
        dim = axis if dim is None else dim
        dims = range(self.ndim) if dim is None else (dim,) if isinstance(dim, int) else dim
        for d in dims:
            if not -max(self.ndim, 1) <= d < max(self.ndim, 1):
                raise IndexError(
                    f"Dimension out of range (expected to be in range of [{-self.ndim}, {self.ndim - 1}], got {d})"
                )
        return sorted({d % max(self.ndim, 1) for d in dims} if self.ndim else ())

    def sum(self, dim=None, keepdim=False, axis=None):
        dims = self._dims(dim, axis)
        x = self if self.dtype.kind == "f" else self.long()
        letters = string.ascii_letters[: x.ndim]
        left = "".join(c for i, c in enumerate(letters) if i not in dims)
        y = P.Einsum.apply(x, equation=f"{letters}->{left}")
        return y.reshape([1 if i in dims else n for i, n in enumerate(x.shape)]) if keepdim else y

    def mean(self, dim=None, keepdim=False, axis=None):
        if self.dtype.kind != "f":
            raise RuntimeError("mean(): could not infer output dtype. Input dtype must be a floating point dtype.")
        return self.sum(dim, keepdim, axis) / math.prod(self.shape[d] for d in self._dims(dim, axis))

    def var(self, dim=None, correction=1, keepdim=False, axis=None, unbiased=None):
        correction = correction if unbiased is None else int(unbiased)
        n = math.prod(self.shape[d] for d in self._dims(dim, axis))
        centred = self - self.mean(dim, True, axis)
        return (centred * centred).sum(dim, keepdim, axis) / (n - correction)

    def std(self, dim=None, correction=1, keepdim=False, axis=None, unbiased=None):
        return self.var(dim, correction, keepdim, axis, unbiased).sqrt()

    def take_along_dim(self, indices, dim):
        positions = np.arange(self.numel()).reshape(self.shape)
        return P.Gather.apply(self, positions=np.take_along_axis(positions, indices.data, dim))

    def _best(self, best, argbest, dim, keepdim, axis):
        dim = axis if dim is None else dim
        if dim is None:
            return self[self.data == best(self.data)].mean() if self.dtype.kind == "f" else Tensor(best(self.data))
        indices = argbest(self, dim, True)
        values = self.take_along_dim(indices, dim)
        return max_result(values, indices) if keepdim else max_result(values.squeeze(dim), indices.squeeze(dim))

    def max(self, dim=None, keepdim=False, axis=None):
        return self._best(np.max, Tensor.argmax, dim, keepdim, axis)

    def min(self, dim=None, keepdim=False, axis=None):
        return self._best(np.min, Tensor.argmin, dim, keepdim, axis)

    def argmax(self, dim=None, keepdim=False, axis=None):
        return Tensor(np.argmax(self.data, axis if dim is None else dim, keepdims=keepdim))

    def argmin(self, dim=None, keepdim=False, axis=None):
        return Tensor(np.argmin(self.data, axis if dim is None else dim, keepdims=keepdim))

    def logsumexp(self, dim, keepdim=False):
        top = Tensor(self.data.max(axis=dim, keepdims=True))
        y = (self - top).exp().sum(dim, True).log() + top
        return y if keepdim else y.squeeze(dim)

    def log_softmax(self, dim):
        return self - self.logsumexp(dim, True)

    def softmax(self, dim):
        return self.log_softmax(dim).exp()

    # ------------------------------------------------------------------ shapes
    def reshape(self, *shape):
        try:
            return P.Reshape.apply(self, shape=_shape(shape))
        except ValueError:
            raise RuntimeError(f"shape '{list(_shape(shape))}' is invalid for input of size {self.numel()}") from None

    def view(self, *shape):
        y = self.reshape(*shape)
        if not np.may_share_memory(y.data, self.data):
            raise RuntimeError(
                "view size is not compatible with input tensor's size and stride. Use .reshape(...) instead."
            )
        return y

    def flatten(self, start_dim=0, end_dim=-1):
        if self.ndim == 0:
            return self.reshape(1)
        start, end = start_dim % self.ndim, end_dim % self.ndim
        return self.reshape(*self.shape[:start], math.prod(self.shape[start : end + 1]), *self.shape[end + 1 :])

    def permute(self, *dims):
        dims = [d % self.ndim for d in _shape(dims)]
        letters = string.ascii_letters[: self.ndim]
        return P.Einsum.apply(self, equation=letters + "->" + "".join(letters[d] for d in dims))

    def transpose(self, dim0, dim1):
        dims = list(range(self.ndim))
        dims[dim0], dims[dim1] = dims[dim1], dims[dim0]
        return self.permute(dims)

    @property
    def T(self):
        return self.permute(*range(self.ndim)[::-1])

    def squeeze(self, dim=None):
        dims = self._dims(dim)
        return self.reshape([n for i, n in enumerate(self.shape) if n != 1 or i not in dims])

    def unsqueeze(self, dim):
        shape = list(self.shape)
        shape.insert(dim % (self.ndim + 1), 1)
        return self.reshape(shape)

    def expand(self, *shape):
        shape = _shape(shape)
        extra = len(shape) - self.ndim
        shape = tuple(self.shape[i - extra] if n == -1 else n for i, n in enumerate(shape))
        try:
            return P.Expand.apply(self, shape=shape)
        except ValueError:
            raise RuntimeError(f"expand: {self.shape} cannot become {shape}") from None


class no_grad:
    def __enter__(self):
        self.prev = _GradMode.enabled
        _GradMode.enabled = False

    def __exit__(self, kind, fault, trace):
        _GradMode.enabled = self.prev

    def __call__(self, function):
        @functools.wraps(function)
        def wrapper(*args, **kwargs):
            with no_grad():
                return function(*args, **kwargs)

        return wrapper


def tensor(data, dtype=None, requires_grad=False, device="cpu"):
    return Tensor(data, requires_grad, dtype, device)


def zeros(*shape, requires_grad=False, dtype=None, device="cpu"):
    return Tensor(np.zeros(_shape(shape)), requires_grad, dtype or np.float32, device)


def ones(*shape, requires_grad=False, dtype=None, device="cpu"):
    return Tensor(np.ones(_shape(shape)), requires_grad, dtype or np.float32, device)


def randn(*shape, requires_grad=False, dtype=None, device="cpu"):
    return Tensor(rng().standard_normal(_shape(shape)), requires_grad, dtype or np.float32, device)


def arange(start, end=None, step=1, requires_grad=False, dtype=None, device="cpu"):
    if end is None:
        start, end = 0, start
    default = np.int64 if all(isinstance(x, int) for x in (start, end, step)) else np.float32
    return Tensor(np.arange(start, end, step), requires_grad, dtype or default, device)


def cat(tensors, dim=0):
    tensors = list(tensors)
    dtype = result_type(*tensors)
    blocks, start = [], 0
    for t in tensors:  # where each element lies once all are flattened
        blocks.append(start + np.arange(t.numel()).reshape(t.shape))
        start += t.numel()
    try:
        positions = np.concatenate(blocks, dim)
    except ValueError:
        raise RuntimeError(
            f"Sizes of tensors must match except in dimension {dim}: {[t.shape for t in tensors]}"
        ) from None
    return P.Gather.apply(P.Concatenate.apply(*[t.to(dtype) for t in tensors]), positions=positions)


def stack(tensors, dim=0):
    return cat([t.unsqueeze(dim) for t in tensors], dim)


def where(condition, a, b):
    a, b = _promote("where", a, b)
    mask = condition.data if isinstance(condition, Tensor) else np.asarray(condition)
    shape = np.broadcast_shapes(mask.shape, a.shape)
    return P.Where.apply(a.expand(shape), b.expand(shape), mask=np.broadcast_to(mask, shape))
