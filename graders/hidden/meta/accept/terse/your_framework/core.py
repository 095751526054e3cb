import functools
from collections import namedtuple
from itertools import count

import numpy as np

G = {"on": True, "rng": np.random.default_rng(), "n": count()}
Best = namedtuple("Best", "values indices")


def manual_seed(seed):
    G["rng"] = np.random.default_rng(seed)


class no_grad:
    def __enter__(self):
        self.was, G["on"] = G["on"], False

    def __exit__(self, *_):
        G["on"] = self.was

    def __call__(self, f):
        @functools.wraps(f)
        def g(*a, **k):
            with no_grad():
                return f(*a, **k)

        return g


def raw(x):
    return x.data if isinstance(x, Tensor) else np.asarray(x) if isinstance(x, list) else x


def flt(a):
    return a if a.dtype.kind == "f" else a.astype("f4")


def fit(g, shape):
    g = g.sum(tuple(range(g.ndim - len(shape)))) if g.ndim > len(shape) else g
    ones = tuple(i for i, s in enumerate(shape) if s == 1)
    return g.sum(ones, keepdims=True) if ones else g


def op(y, *parents):
    """y, and pairs (operand, g -> its share)"""
    t = object.__new__(Tensor)
    t.data, t.grad, t.parents = np.asarray(y), None, ()
    if G["on"] and t.data.dtype.kind == "f":
        t.parents = [p for p in parents if isinstance(p[0], Tensor) and p[0].requires_grad]
    t.requires_grad, t.n = bool(t.parents), next(G["n"])
    return t


def shp(s):
    return tuple(s[0]) if len(s) == 1 and isinstance(s[0], (tuple, list)) else s


class Tensor:
    __array_ufunc__ = None
    __hash__ = object.__hash__
    device = "cpu"

    def __init__(self, data, requires_grad=False, dtype=None, device="cpu"):
        if device != "cpu":
            raise RuntimeError("cpu only")
        a = np.array(raw(data), dtype=dtype)
        if dtype is None and not isinstance(data, (Tensor, np.ndarray, np.generic)) and a.dtype.kind == "f":
            a = a.astype("f4")
        if requires_grad and a.dtype.kind != "f":
            raise RuntimeError("requires_grad is for floats")
        self.data, self.grad, self.requires_grad, self.parents, self.n = a, None, requires_grad, (), next(G["n"])

    shape = property(lambda s: s.data.shape)
    ndim = property(lambda s: s.data.ndim)
    dtype = property(lambda s: s.data.dtype)
    is_leaf = property(lambda s: not s.parents)
    T = property(lambda s: op(s.data.T, (s, lambda g: g.T)))

    def size(self):
        return self.shape

    def numel(self):
        return self.data.size

    def __len__(self):
        return len(self.data)

    def __repr__(self):
        return f"tensor({self.data}{', requires_grad=True' * self.requires_grad})"

    def numpy(self):
        if self.requires_grad:
            raise RuntimeError("call .detach().numpy()")
        return self.data

    def item(self):
        return self.data.item()

    def tolist(self):
        return self.data.tolist()

    def detach(self):
        return op(self.data)

    def clone(self):
        return op(self.data.copy(), (self, lambda g: g))

    def to(self, target):
        if target == "cuda":
            raise RuntimeError("cpu only")
        if target == "cpu" or self.dtype == target:
            return self
        return op(self.data.astype(target), (self, lambda g: g))

    def float(self):
        return self.to("f4")

    def double(self):
        return self.to("f8")

    def long(self):
        return self.to("i8")

    def requires_grad_(self, requires_grad=True):
        self.requires_grad = requires_grad
        return self

    # arithmetic
    def __add__(self, o):
        return op(self.data + raw(o), (self, lambda g: g), (o, lambda g: g))

    def __sub__(self, o):
        return op(self.data - raw(o), (self, lambda g: g), (o, lambda g: -g))

    def __rsub__(self, o):
        return op(raw(o) - self.data, (self, lambda g: -g))

    def __mul__(self, o):
        a, b = self.data, raw(o)
        return op(a * b, (self, lambda g: g * b), (o, lambda g: g * a))

    def __truediv__(self, o):
        a, b = flt(self.data), raw(o)
        y = a / b
        if isinstance(b, np.ndarray) and b.dtype.kind != "f":
            y = y.astype(a.dtype)
        return op(y, (self, lambda g: g / b), (o, lambda g: -g * a / b**2))

    def __rtruediv__(self, o):
        return Tensor(o) / self if isinstance(o, np.ndarray) else self**-1.0 * o

    def __pow__(self, o):
        a, b = self.data, raw(o)
        y = a**b
        return op(y, (self, lambda g: g * b * a ** (b - 1)), (o, lambda g: g * y * np.log(a)))

    def __rpow__(self, o):
        b = raw(o)
        y = b**self.data
        return op(y, (self, lambda g: g * y * np.log(b)))

    def __neg__(self):
        return op(-self.data, (self, lambda g: -g))

    def __abs__(self):
        return op(abs(self.data), (self, lambda g: g * np.sign(self.data)))

    def __matmul__(self, o):
        a, b = self.data, raw(o)
        A, B = (a[None] if a.ndim == 1 else a), (b[:, None] if b.ndim == 1 else b)
        back = lambda g: g.reshape(np.broadcast_shapes(A.shape[:-2], B.shape[:-2]) + (A.shape[-2], B.shape[-1]))
        da = lambda g: fit(back(g) @ B.swapaxes(-1, -2), A.shape).reshape(a.shape)
        db = lambda g: fit(A.swapaxes(-1, -2) @ back(g), B.shape).reshape(b.shape)
        return op(a @ b, (self, da), (o, db))

    def __rmatmul__(self, o):
        return Tensor(o) @ self

    def maximum(self, o):
        a, b = self.data, raw(o)
        w = (a > b) + 0.5 * (a == b)
        return op(np.maximum(a, b), (self, lambda g: g * w), (o, lambda g: g * (1 - w)))

    def minimum(self, o):
        return -(-self).maximum(-o)

    __radd__, __rmul__, pow, abs = __add__, __mul__, __pow__, __abs__

    def __eq__(self, o):
        return op(self.data == raw(o))

    def __ne__(self, o):
        return op(self.data != raw(o))

    def __lt__(self, o):
        return op(self.data < raw(o))

    def __le__(self, o):
        return op(self.data <= raw(o))

    def __gt__(self, o):
        return op(self.data > raw(o))

    def __ge__(self, o):
        return op(self.data >= raw(o))

    # in place
    def put(self, v, i=...):
        if self.requires_grad and G["on"]:
            raise RuntimeError("in place: only inside no_grad()")
        f, r = split(i)
        (self.data[f] if f else self.data)[r] = raw(v)
        return self

    def __iadd__(self, o):
        return self.put(self.data + raw(o))

    def __isub__(self, o):
        return self.put(self.data - raw(o))

    def __imul__(self, o):
        return self.put(self.data * raw(o))

    def __itruediv__(self, o):
        return self.put(self.data / raw(o))

    def zero_(self):
        return self.put(0)

    def __setitem__(self, i, v):
        self.put(v, i)

    add_, sub_, mul_ = __iadd__, __isub__, __imul__

    # functions
    def exp(self):
        y = np.exp(flt(self.data))
        return op(y, (self, lambda g: g * y))

    def log(self):
        return op(np.log(flt(self.data)), (self, lambda g: g / self.data))

    def sqrt(self):
        y = np.sqrt(flt(self.data))
        return op(y, (self, lambda g: g / (2 * y)))

    def tanh(self):
        y = np.tanh(flt(self.data))
        return op(y, (self, lambda g: g * (1 - y * y)))

    def sigmoid(self):
        return (self * 0.5).tanh() * 0.5 + 0.5

    def relu(self):
        return op(np.maximum(self.data, 0), (self, lambda g: g * (self.data > 0)))

    def clip(self, min=None, max=None):
        y = np.clip(self.data, min, max)
        return op(y, (self, lambda g: g * (y == self.data)))

    clamp = clip

    def backward(self, gradient=None, retain_graph=False):
        if not self.requires_grad:
            raise RuntimeError("requires no grad")
        if gradient is None:
            if self.data.size != 1:
                raise RuntimeError("give a gradient")
            gradient = np.ones_like(self.data)
        todo, seen = [self], {id(self): self}
        while todo:
            for p, _ in todo.pop().parents:
                if id(p) not in seen:
                    seen[id(p)] = p
                    todo.append(p)
        gs = {id(self): raw(gradient)}
        for t in sorted(seen.values(), key=lambda t: -t.n):
            g = gs[id(t)]
            if not t.parents:
                t.grad = Tensor(g if t.grad is None else t.grad.data + g, dtype=t.dtype)
            for p, f in t.parents:
                share = fit(np.asarray(f(g)), p.shape)
                gs[id(p)] = gs[id(p)] + share if id(p) in gs else share

    def __getitem__(self, i):
        f, r = split(i)

        def back(g):
            z = np.zeros(self.shape, g.dtype)
            np.add.at(z[f] if f else z, r, g)
            return z

        return op((self.data[f] if f else self.data)[r], (self, back))

    # reductions
    def axes(self, dim, axis=None):
        dim = axis if dim is None else dim
        return tuple(range(self.ndim)) if dim is None else (dim,) if isinstance(dim, int) else tuple(dim)

    def sum(self, dim=None, keepdim=False, axis=None):
        ax = self.axes(dim, axis)
        back = lambda g: np.broadcast_to(g if keepdim else np.expand_dims(g, ax), self.shape)
        return op(self.data.sum(ax, keepdims=keepdim), (self, back))

    def many(self, dim, axis):
        return int(np.prod([self.shape[i] for i in self.axes(dim, axis)]))

    def mean(self, dim=None, keepdim=False, axis=None):
        return self.sum(dim, keepdim, axis) / self.many(dim, axis)

    def var(self, dim=None, correction=1, keepdim=False, axis=None, unbiased=None):
        c = correction if unbiased is None else int(unbiased)
        return ((self - self.mean(dim, True, axis)) ** 2).sum(dim, keepdim, axis) / (self.many(dim, axis) - c)

    def std(self, *a, **k):
        return self.var(*a, **k).sqrt()

    def max(self, dim=None, keepdim=False, axis=None):
        dim = axis if dim is None else dim
        if dim is None:
            m = self.data == self.data.max()
            return op(self.data.max(), (self, lambda g: g * m / m.sum()))
        i = np.expand_dims(self.data.argmax(dim), dim)
        sq = (lambda a: a) if keepdim else (lambda a: a.squeeze(dim))

        def back(g):
            z = np.zeros(self.shape, g.dtype)
            np.put_along_axis(z, i, g.reshape(i.shape), dim)
            return z

        return Best(op(sq(np.take_along_axis(self.data, i, dim)), (self, back)), op(sq(i)))

    def min(self, dim=None, keepdim=False, axis=None):
        m = (-self).max(dim, keepdim, axis)
        return Best(-m.values, m.indices) if isinstance(m, Best) else -m

    def argmax(self, dim=None, keepdim=False, axis=None):
        return op(self.data.argmax(axis if dim is None else dim, keepdims=keepdim))

    def argmin(self, dim=None, keepdim=False, axis=None):
        return op(self.data.argmin(axis if dim is None else dim, keepdims=keepdim))

    def softmax(self, dim):
        return self.log_softmax(dim).exp()

    def log_softmax(self, dim):
        z = self.data - self.data.max(dim, keepdims=True)
        y = z - np.log(np.exp(z).sum(dim, keepdims=True))
        return op(y, (self, lambda g: g - np.exp(y) * g.sum(dim, keepdims=True)))

    # shapes
    def reshape(self, *s):
        return op(self.data.reshape(shp(s)), (self, lambda g: g.reshape(self.shape)))

    view = reshape

    def flatten(self, start_dim=0, end_dim=-1):
        end = end_dim % self.ndim + 1
        return self.reshape(*self.shape[:start_dim], int(np.prod(self.shape[start_dim:end])), *self.shape[end:])

    def transpose(self, a, b):
        return op(self.data.swapaxes(a, b), (self, lambda g: g.swapaxes(a, b)))

    def permute(self, *d):
        d = shp(d)
        return op(self.data.transpose(d), (self, lambda g: g.transpose(np.argsort(d))))

    def squeeze(self, dim=None):
        if dim is not None and self.shape[dim] != 1:
            return self
        return op(self.data.squeeze(dim), (self, lambda g: g.reshape(self.shape)))

    def unsqueeze(self, dim):
        return op(np.expand_dims(self.data, dim), (self, lambda g: g.squeeze(dim)))

    def expand(self, *s):
        s = shp(s)
        own = (1,) * (len(s) - self.ndim) + self.shape
        return op(np.broadcast_to(self.data, [o if n == -1 else n for n, o in zip(s, own)]), (self, lambda g: g))


def split(i):
    """PyTorch takes ints first: (ints, the rest), or (None, all)"""
    i = [raw(p) for p in (i if isinstance(i, tuple) else (i,))]
    ints = [isinstance(p, (int, np.integer)) for p in i]
    if not (any(ints) and any(isinstance(p, np.ndarray) for p in i)):
        return None, tuple(i)
    f = [p if n or p is ... else slice(None) for p, n in zip(i, ints) if p is not None]
    return tuple(f), tuple(p for p, n in zip(i, ints) if not n)


def tensor(data, dtype=None, requires_grad=False, device="cpu"):
    return Tensor(data, requires_grad, dtype, device)


def zeros(*s, requires_grad=False, dtype="f4", device="cpu"):
    return Tensor(np.zeros(shp(s)), requires_grad, dtype or "f4", device)


def ones(*s, requires_grad=False, dtype="f4", device="cpu"):
    return Tensor(np.ones(shp(s)), requires_grad, dtype or "f4", device)


def randn(*s, requires_grad=False, dtype="f4", device="cpu"):
    return Tensor(G["rng"].standard_normal(shp(s)), requires_grad, dtype or "f4", device)


def arange(start, end=None, step=1, **k):
    a = np.arange(start) if end is None else np.arange(start, end, step)
    return Tensor(a.tolist() if a.size else a, **k)


def cat(ts, dim=0):
    at = np.cumsum([0] + [t.shape[dim] for t in ts])
    back = lambda i: lambda g: np.take(g, range(at[i], at[i + 1]), dim)
    return op(np.concatenate([t.data for t in ts], dim), *[(t, back(i)) for i, t in enumerate(ts)])


def stack(ts, dim=0):
    return cat([t.unsqueeze(dim) for t in ts], dim)


def where(c, a, b):
    c = raw(c)
    return op(np.where(c, raw(a), raw(b)), (a, lambda g: np.where(c, g, 0)), (b, lambda g: np.where(c, 0, g)))
