"""All operations, as Functions."""

import math

import numpy as np

from .autograd import Function


class Add(Function):
    def forward(self, a, b):
        return a + b

    def backward(self, g):
        return g, g


class Sub(Function):
    def forward(self, a, b):
        return a - b

    def backward(self, g):
        return g, -g


class Mul(Function):
    def forward(self, a, b):
        self.save(a if self.needs[1] else None, b if self.needs[0] else None)
        self._to_save = tuple(x for x in self._to_save if x is not None)
        return a * b

    def backward(self, g):
        saved = self.saved
        if all(self.needs):
            a, b = saved
            return g * b, g * a
        return (g * saved, None) if self.needs[0] else (None, g * saved)


class Div(Function):
    def forward(self, a, b):
        with np.errstate(divide="ignore", invalid="ignore"):
            y = a / b
        self.save(a, b) if self.needs[1] else self.save(b)
        return y

    def backward(self, g):
        if not self.needs[1]:
            return g / self.saved, None
        a, b = self.saved
        return (g / b if self.needs[0] else None), -g * a / (b * b)


class Pow(Function):
    def forward(self, a, b):
        with np.errstate(all="ignore"):
            y = np.power(a, b)
        self.save(a, b, y)
        return y

    def backward(self, g):
        a, b, y = self.saved
        ga = gb = None
        with np.errstate(all="ignore"):
            if self.needs[0]:
                ga = np.where(b == 0, 0, g * b * np.power(a, b - 1))
            if self.needs[1]:
                gb = np.where((a == 0) & (b >= 0), 0, g * y * np.log(a))
        return ga, gb


class MatMul(Function):
    def forward(self, a, b):
        self.save(a, b)
        return np.matmul(a, b)

    def backward(self, g):
        a, b = self.saved
        one, two = a.ndim == 1, b.ndim == 1
        A = a[None, :] if one else a
        B = b[:, None] if two else b
        if two:
            g = g[..., None]
        if one:
            g = g[..., None, :]
        ga = gb = None
        if self.needs[0]:
            ga = g @ B.swapaxes(-1, -2)
            ga = ga[..., 0, :] if one else ga
        if self.needs[1]:
            gb = A.swapaxes(-1, -2) @ g
            gb = gb[..., 0] if two else gb
        return ga, gb


class Larger(Function):
    """maximum, or with sign = -1 minimum."""

    def forward(self, a, b):
        (sign,) = self.options
        self.save(a, b)
        return np.maximum(a, b) if sign > 0 else np.minimum(a, b)

    def backward(self, g):
        a, b = self.saved
        share = (0.5 + 0.5 * np.sign(a - b) * self.options[0]).astype(g.dtype)
        return g * share, g * (1 - share)


class Abs(Function):
    def forward(self, a):
        self.save(a)
        return np.abs(a)

    def backward(self, g):
        return g * np.sign(self.saved)


class Exp(Function):
    def forward(self, a):
        with np.errstate(over="ignore"):
            y = np.asarray(np.exp(a))
        self.save(y)
        return y

    def backward(self, g):
        return g * self.saved


class Log(Function):
    def forward(self, a):
        self.save(a)
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.log(a)

    def backward(self, g):
        return g / self.saved


class Sqrt(Function):
    def forward(self, a):
        y = np.asarray(np.sqrt(a))
        self.save(y)
        return y

    def backward(self, g):
        with np.errstate(divide="ignore", invalid="ignore"):
            return g / (2 * self.saved)


class TanhFn(Function):
    def forward(self, a):
        y = np.asarray(np.tanh(a))
        self.save(y)
        return y

    def backward(self, g):
        y = self.saved
        return g * (1 - y * y)


def stable_sigmoid(a):
    e = np.exp(-np.abs(a))
    return np.where(a >= 0, 1 / (1 + e), e / (1 + e)).astype(a.dtype)


class SigmoidFn(Function):
    def forward(self, a):
        y = np.asarray(stable_sigmoid(a))
        self.save(y)
        return y

    def backward(self, g):
        y = self.saved
        return g * y * (1 - y)


class Relu(Function):
    def forward(self, a):
        y = np.asarray(np.maximum(a, 0))
        self.save(y)
        return y

    def backward(self, g):
        return g * (self.saved > 0)


class LeakyRelu(Function):
    def forward(self, a):
        self.slope = np.where(a > 0, 1, self.options[0]).astype(a.dtype)
        return a * self.slope

    def backward(self, g):
        return g * self.slope


class Elu(Function):
    def forward(self, a):
        alpha = self.options[0]
        tail = alpha * np.expm1(np.minimum(a, 0))
        self.slope = np.where(a > 0, 1, tail + alpha).astype(a.dtype)
        return np.where(a > 0, a, tail).astype(a.dtype)

    def backward(self, g):
        return g * self.slope


_erf = np.frompyfunc(math.erf, 1, 1)


class Gelu(Function):
    def forward(self, a):
        x = a.astype(np.float64)
        phi = 0.5 * (1 + np.asarray(_erf(x / math.sqrt(2)), np.float64))
        self.slope = (phi + x * np.exp(-x * x / 2) / math.sqrt(2 * math.pi)).astype(a.dtype)
        return (x * phi).astype(a.dtype)

    def backward(self, g):
        return g * self.slope


class TanhGelu(Function):
    def forward(self, a):
        k = math.sqrt(2 / math.pi)
        t = np.tanh(k * (a + 0.044715 * a**3))
        self.slope = 0.5 * (1 + t) + 0.5 * a * (1 - t * t) * k * (1 + 3 * 0.044715 * a * a)
        return 0.5 * a * (1 + t)

    def backward(self, g):
        return g * self.slope


class Clip(Function):
    def forward(self, a):
        low, high = self.options
        self.save(a)
        return np.clip(a, low, high)

    def backward(self, g):
        low, high = self.options
        a = self.saved
        inside = np.ones(a.shape, bool)
        if low is not None:
            inside &= a >= low
        if high is not None:
            inside &= a <= high
        return g * inside


class Clone(Function):
    def forward(self, a):
        return a.copy()

    def backward(self, g):
        return g


class Cast(Function):
    def forward(self, a):
        return a.astype(self.options[0])

    def backward(self, g):
        return g  # the edge casts


class Index(Function):
    is_view = True

    def forward(self, a):
        steps = self.options[0]
        self.like = a.shape
        for step in steps:
            a = a[step]
        return a

    def backward(self, g):
        steps = self.options[0]
        back = np.zeros(self.like, g.dtype)
        put_at(back, steps, g, add=True)
        return back


def put_at(array, steps, value, add=False):
    for step in steps[:-1]:
        array = array[step]
    last = steps[-1]
    if not add or all(isinstance(p, (int, np.integer, slice, type(None), type(Ellipsis))) for p in last):
        array[last] = value
    else:
        np.add.at(array, last, value)


class CopySlices(Function):
    """a with a[index] = value."""

    def forward(self, a, value):
        a = a.copy()
        put_at(a, self.options[0], value)
        return a

    def backward(self, g):
        steps = self.options[0]
        there = g
        for step in steps:
            there = there[step]
        here = g.copy()
        put_at(here, steps, 0)
        return here, there


class Fill(Function):
    def forward(self, a):
        return np.full_like(a, self.options[0])

    def backward(self, g):
        return np.zeros_like(g)


class Sum(Function):
    def forward(self, a):
        axes, keep = self.options
        self.like = a.shape
        return a.sum(axis=axes, keepdims=keep, dtype=a.dtype if a.dtype.kind == "f" else np.int64)

    def backward(self, g):
        axes, keep = self.options
        return np.broadcast_to(g if keep else np.expand_dims(g, axes), self.like)


class Mean(Function):
    def forward(self, a):
        axes, keep = self.options
        self.like = a.shape
        return a.mean(axis=axes, keepdims=keep)

    def backward(self, g):
        axes, keep = self.options
        n = math.prod(self.like[i] for i in axes)
        return np.broadcast_to((g if keep else np.expand_dims(g, axes)) / n, self.like)


class Var(Function):
    def forward(self, a):
        axes, keep, correction = self.options
        self.centred = a - a.mean(axis=axes, keepdims=True)
        self.n = math.prod(a.shape[i] for i in axes) - correction
        with np.errstate(divide="ignore", invalid="ignore"):
            return (self.centred**2).sum(axis=axes, keepdims=keep) / np.asarray(self.n, a.dtype)

    def backward(self, g):
        axes, keep, _ = self.options
        return (g if keep else np.expand_dims(g, axes)) * (2 / self.n) * self.centred


class Extreme(Function):
    """Of all elements; ties share."""

    def forward(self, a):
        y = np.asarray(a.max() if self.options[0] == "max" else a.min())
        self.save(a)
        self.y = y
        return y

    def backward(self, g):
        mask = self.saved == self.y
        return g * mask / mask.sum().astype(g.dtype)


class TakeAlong(Function):
    def forward(self, a):
        axis, places, keep = self.options
        self.like = a.shape
        y = np.take_along_axis(a, places, axis)
        return y if keep else y.squeeze(axis)

    def backward(self, g):
        axis, places, keep = self.options
        back = np.zeros(self.like, g.dtype)
        np.put_along_axis(back, places, g if keep else np.expand_dims(g, axis), axis)
        return back


class SoftmaxFn(Function):
    def forward(self, a):
        (axis,) = self.options
        e = np.exp(a - a.max(axis=axis, keepdims=True))
        y = e / e.sum(axis=axis, keepdims=True)
        self.save(y)
        return y

    def backward(self, g):
        p = self.saved
        return p * (g - (p * g).sum(axis=self.options[0], keepdims=True))


class LogSoftmax(Function):
    def forward(self, a):
        (axis,) = self.options
        a = a - a.max(axis=axis, keepdims=True)
        y = a - np.log(np.exp(a).sum(axis=axis, keepdims=True))
        self.save(y)
        return y

    def backward(self, g):
        return g - np.exp(self.saved) * g.sum(axis=self.options[0], keepdims=True)


class Reshape(Function):
    is_view = True

    def forward(self, a):
        self.like = a.shape
        return a.reshape(self.options[0])

    def backward(self, g):
        return g.reshape(self.like)


class Permute(Function):
    is_view = True

    def forward(self, a):
        return a.transpose(self.options[0])

    def backward(self, g):
        return g.transpose(np.argsort(self.options[0]))


class Expand(Function):
    is_view = True

    def forward(self, a):
        return np.broadcast_to(a, self.options[0])

    def backward(self, g):
        return g  # the edge sums


class Cat(Function):
    def forward(self, *arrays):
        (axis,) = self.options
        self.ends = np.cumsum([a.shape[axis] for a in arrays])[:-1]
        return np.concatenate(arrays, axis=axis)

    def backward(self, g):
        return tuple(np.split(g, self.ends, axis=self.options[0]))


class Stack(Function):
    def forward(self, *arrays):
        return np.stack(arrays, axis=self.options[0])

    def backward(self, g):
        return tuple(np.moveaxis(g, self.options[0], 0))


class Where(Function):
    def forward(self, a, b):
        self.condition = self.options[0].copy()
        return np.where(self.condition, a, b)

    def backward(self, g):
        return np.where(self.condition, g, 0), np.where(self.condition, 0, g)


# ---------------------------------------------------------------------------------------------------------- layers


class LinearFn(Function):
    def forward(self, x, w, *bias):
        self.save(x, w)
        y = x @ w.T
        return y + bias[0] if bias else y

    def backward(self, g):
        x, w = self.saved
        rows = g.reshape(-1, g.shape[-1])
        gx = g @ w if self.needs[0] else None
        gw = rows.T @ x.reshape(-1, x.shape[-1])
        return (gx, gw, rows.sum(axis=0)) if len(self.edges) == 3 else (gx, gw)


class Conv(Function):
    """One matrix product for every place of the kernel."""

    def places(self, x):
        (sh, sw), _, (dh, dw), _ = self.options
        for p in range(self.kernel[0]):
            for q in range(self.kernel[1]):
                rows = slice(p * dh, p * dh + sh * (self.out[0] - 1) + 1, sh)
                columns = slice(q * dw, q * dw + sw * (self.out[1] - 1) + 1, sw)
                yield p, q, x[..., rows, columns]

    def forward(self, x, w):
        (sh, sw), (ph, pw), (dh, dw), groups = self.options
        n, c, height, width = x.shape
        o, _, kh, kw = w.shape
        self.kernel = kh, kw
        self.out = ((height + 2 * ph - dh * (kh - 1) - 1) // sh + 1, (width + 2 * pw - dw * (kw - 1) - 1) // sw + 1)
        self.save(x, w)
        padded = self.padded(x)
        parts = w.reshape(groups, o // groups, c // groups, kh, kw)
        y = np.zeros((n, groups, o // groups, self.out[0] * self.out[1]), x.dtype)
        for p, q, seen in self.places(padded):
            y += parts[..., p, q] @ seen.reshape(n, groups, c // groups, -1)
        return y.reshape(n, o, *self.out)

    def padded(self, x):
        _, (ph, pw), _, groups = self.options
        n, c = x.shape[:2]
        x = np.pad(x, ((0, 0), (0, 0), (ph, ph), (pw, pw)))
        return x.reshape(n, groups, c // groups, *x.shape[2:])

    def backward(self, g):
        x, w = self.saved
        _, (ph, pw), _, groups = self.options
        n, c, height, width = x.shape
        o = w.shape[0]
        g = g.reshape(n, groups, o // groups, -1)
        parts = w.reshape(groups, o // groups, c // groups, *self.kernel)
        padded = self.padded(x)
        gx, gw = np.zeros_like(padded), np.zeros_like(parts)
        for (p, q, seen), (_, _, target) in zip(self.places(padded), self.places(gx)):
            gw[..., p, q] = (g @ seen.reshape(n, groups, c // groups, -1).swapaxes(-1, -2)).sum(axis=0)
            target += (parts[..., p, q].swapaxes(-1, -2) @ g).reshape(target.shape)
        gx = gx.reshape(n, c, *gx.shape[3:])[:, :, ph : ph + height, pw : pw + width]
        return gx, gw.reshape(w.shape)


def windows(x, kernel, stride, dilation):
    spread = tuple(d * (k - 1) + 1 for k, d in zip(kernel, dilation))
    view = np.lib.stride_tricks.sliding_window_view(x, spread, axis=(2, 3))
    return view[:, :, :: stride[0], :: stride[1], :: dilation[0], :: dilation[1]]


class MaxPool(Function):
    def forward(self, x):
        kernel, stride, (ph, pw), dilation = self.options
        self.like = x.shape
        x = np.pad(x, ((0, 0), (0, 0), (ph, ph), (pw, pw)), constant_values=-np.inf)
        seen = windows(x, kernel, stride, dilation)
        flat = seen.reshape(*seen.shape[:4], -1)
        best = flat.argmax(axis=-1)
        n, c, i, j = np.indices(best.shape, sparse=True)
        row = i * stride[0] + best // kernel[1] * dilation[0]
        column = j * stride[1] + best % kernel[1] * dilation[1]
        self.where = (n, c, row, column)
        self.padded = x.shape
        return x[self.where]

    def backward(self, g):
        _, _, (ph, pw), _ = self.options
        back = np.zeros(self.padded, g.dtype)
        np.add.at(back, self.where, g)
        return back[:, :, ph : ph + self.like[2], pw : pw + self.like[3]]


class AvgPool(Function):
    def forward(self, x):
        kernel, stride, (ph, pw) = self.options
        self.like = x.shape
        x = np.pad(x, ((0, 0), (0, 0), (ph, ph), (pw, pw)))
        self.padded = x.shape
        return windows(x, kernel, stride, (1, 1)).mean(axis=(-2, -1))

    def backward(self, g):
        (kh, kw), stride, (ph, pw) = self.options
        back = np.zeros(self.padded, g.dtype)
        view = np.lib.stride_tricks.sliding_window_view(back, (kh, kw), axis=(2, 3), writeable=True)
        share = g / (kh * kw)
        for p in range(kh):
            for q in range(kw):
                view[:, :, :: stride[0], :: stride[1], p, q] += share
        return back[:, :, ph : ph + self.like[2], pw : pw + self.like[3]]


class Normalise(Function):
    """(x - mean) / √(variance + eps) over some axes."""

    def forward(self, x):
        axes, eps = self.options
        mean = x.mean(axis=axes, keepdims=True)
        centred = x - mean
        var = (centred * centred).mean(axis=axes, keepdims=True)
        self.inverse = 1 / np.sqrt(var + eps)
        self.z = centred * self.inverse
        return self.z.copy()

    def backward(self, g):
        axes, _ = self.options
        mean_g = g.mean(axis=axes, keepdims=True)
        mean_gz = (g * self.z).mean(axis=axes, keepdims=True)
        return (g - mean_g - self.z * mean_gz) * self.inverse


class BCE(Function):
    def forward(self, x, t):
        self.save(x, t)
        return np.maximum(x, 0) - x * t + np.log1p(np.exp(-np.abs(x)))

    def backward(self, g):
        x, t = self.saved
        return g * (stable_sigmoid(x) - t), -g * x


class NLL(Function):
    """Cross entropy of each row, with smoothing and rows that do not count."""

    def forward(self, x):
        classes, counts, smoothing = self.options
        shifted = x - x.max(axis=1, keepdims=True)
        logp = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
        self.p = np.exp(logp)
        rows = np.arange(len(classes))
        loss = -(1 - smoothing) * logp[rows, classes]
        if smoothing:
            loss = loss - smoothing * logp.mean(axis=1)
        return np.where(counts, loss, 0).astype(x.dtype)

    def backward(self, g):
        classes, counts, smoothing = self.options
        q = self.p - smoothing / self.p.shape[1]
        q[np.arange(len(classes)), classes] -= 1 - smoothing
        return q * (g * counts)[:, None]
