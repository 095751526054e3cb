"""The few operations that have a derivative. All others are made of these."""

import math

import numpy as np

from .autograd import Function


class Add(Function):
    forward = staticmethod(lambda a, b: a + b)

    @staticmethod
    def backward(ctx, g):
        return g, g


class Mul(Function):
    forward = staticmethod(lambda a, b: a * b)

    @staticmethod
    def setup(ctx, inputs, output):
        ctx.save_for_backward(*inputs)

    @staticmethod
    def backward(ctx, g):
        a, b = ctx.saved_tensors
        return g * b if ctx.needs[0] else None, g * a if ctx.needs[1] else None


class Pow(Function):
    forward = staticmethod(lambda a, b: np.power(a, b))

    @staticmethod
    def setup(ctx, inputs, output):
        ctx.save_for_backward(*inputs, output)

    @staticmethod
    def backward(ctx, g):
        a, b, y = ctx.saved_tensors
        ga = gb = None
        with np.errstate(all="ignore"):
            if ctx.needs[0]:
                ga = np.where(b == 0, 0, g * b * np.power(a, b - 1)).astype(g.dtype)
            if ctx.needs[1]:
                gb = np.where((a == 0) & (b >= 0), 0, g * y * np.log(a)).astype(g.dtype)
        return ga, gb


class Exp(Function):
    forward = staticmethod(np.exp)

    @staticmethod
    def setup(ctx, inputs, output):
        ctx.save_for_backward(output)

    @staticmethod
    def backward(ctx, g):
        return g * ctx.saved_tensors[0]


class Log(Function):
    forward = staticmethod(np.log)

    @staticmethod
    def setup(ctx, inputs, output):
        ctx.save_for_backward(*inputs)

    @staticmethod
    def backward(ctx, g):
        return g / ctx.saved_tensors[0]


class Sigmoid(Function):
    @staticmethod
    def forward(a):
        with np.errstate(over="ignore"):
            return (1 / (1 + np.exp(-a))).astype(a.dtype)

    @staticmethod
    def setup(ctx, inputs, output):
        ctx.save_for_backward(output)

    @staticmethod
    def backward(ctx, g):
        (y,) = ctx.saved_tensors
        return g * y * (1 - y)


class Erf(Function):
    _erf = np.vectorize(math.erf, otypes=[float])

    @staticmethod
    def forward(a):
        return Erf._erf(a).astype(a.dtype)

    @staticmethod
    def setup(ctx, inputs, output):
        ctx.save_for_backward(*inputs)

    @staticmethod
    def backward(ctx, g):
        (a,) = ctx.saved_tensors
        return g * np.exp(-a * a) * np.asarray(2 / math.sqrt(math.pi), g.dtype)


class Where(Function):
    forward = staticmethod(lambda a, b, mask: np.where(mask, a, b))

    @staticmethod
    def backward(ctx, g):
        mask, zero = ctx.attributes["mask"], np.zeros((), g.dtype)
        return np.where(mask, g, zero), np.where(mask, zero, g)


class Expand(Function):
    forward = staticmethod(lambda a, shape: np.broadcast_to(a, shape))

    @staticmethod
    def setup(ctx, inputs, output):
        ctx.attributes["old"] = inputs[0].shape

    @staticmethod
    def backward(ctx, g):
        old = ctx.attributes["old"]
        g = g.sum(tuple(range(g.ndim - len(old))))
        return g.sum(tuple(i for i, n in enumerate(old) if n == 1), keepdims=True).reshape(old)


class Reshape(Function):
    forward = staticmethod(lambda a, shape: a.reshape(shape))

    @staticmethod
    def setup(ctx, inputs, output):
        ctx.attributes["old"] = inputs[0].shape

    @staticmethod
    def backward(ctx, g):
        return g.reshape(ctx.attributes["old"])


class Cast(Function):
    forward = staticmethod(lambda a, dtype: a.astype(dtype))

    @staticmethod
    def setup(ctx, inputs, output):
        ctx.attributes["old"] = inputs[0].dtype

    @staticmethod
    def backward(ctx, g):
        return g.astype(ctx.attributes["old"])


class Gather(Function):
    """Elements by their positions in the flattened tensor."""

    forward = staticmethod(lambda a, positions: a.reshape(-1)[positions])

    @staticmethod
    def setup(ctx, inputs, output):
        ctx.attributes["old"] = inputs[0].shape

    @staticmethod
    def backward(ctx, g):
        old = ctx.attributes["old"]
        sums = np.bincount(ctx.attributes["positions"].reshape(-1), g.reshape(-1), math.prod(old))
        return sums.astype(g.dtype).reshape(old)


class Concatenate(Function):
    """Flattened tensors, one after the other."""

    forward = staticmethod(lambda *arrays: np.concatenate([a.reshape(-1) for a in arrays]))

    @staticmethod
    def setup(ctx, inputs, output):
        ctx.attributes["shapes"] = [t.shape for t in inputs]

    @staticmethod
    def backward(ctx, g):
        shapes = ctx.attributes["shapes"]
        ends = np.cumsum([math.prod(s) for s in shapes])
        return tuple(part.reshape(s) for part, s in zip(np.split(g, ends[:-1]), shapes))


class Einsum(Function):
    """Sums of products, of one operand or two; no letter twice in one operand."""

    @staticmethod
    def forward(*arrays, equation):
        return np.einsum(equation, *arrays, optimize=len(arrays) > 1)

    @staticmethod
    def setup(ctx, inputs, output):
        ctx.save_for_backward(*inputs)

    @staticmethod
    def backward(ctx, g):
        inputs, out = ctx.attributes["equation"].split("->")
        inputs, arrays, grads = inputs.split(","), ctx.saved_tensors, []
        for i, (letters, array) in enumerate(zip(inputs, arrays)):
            if not ctx.needs[i]:
                grads.append(None)
                continue
            others = [(inputs[j], arrays[j]) for j in range(len(inputs)) if j != i]
            known = set(out).union(*[o for o, _ in others])
            kept = "".join(c for c in letters if c in known)
            equation = ",".join([out, *[o for o, _ in others]]) + "->" + kept
            part = np.einsum(equation, g, *[a for _, a in others], optimize=bool(others))
            shape = [n if c in known else 1 for c, n in zip(letters, array.shape)]
            grads.append(np.broadcast_to(part.reshape(shape), array.shape))
        return tuple(grads)
