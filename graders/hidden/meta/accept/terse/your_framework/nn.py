import math

import numpy as np

from .core import G, Tensor, arange, ones, op, randn, raw, where, zeros


class Parameter(Tensor):
    def __init__(self, data, requires_grad=True):
        super().__init__(data, requires_grad)


class Module:
    training = True
    _buffers = ()

    def __call__(self, *a, **k):
        return self.forward(*[Tensor(x) if isinstance(x, np.ndarray) else x for x in a], **k)

    def named_modules(self, pre="", seen=None):
        seen = seen if seen is not None else set()
        if id(self) not in seen:
            seen.add(id(self))
            yield pre, self
            for k, m in vars(self).items():
                if isinstance(m, Module):
                    yield from m.named_modules(pre + "." * bool(pre) + k, seen)

    def modules(self):
        return [m for _, m in self.named_modules()]

    def children(self):
        return [m for m in vars(self).values() if isinstance(m, Module)]

    def state(self):
        return {
            pre + "." * bool(pre) + k: v
            for pre, m in self.named_modules()
            for k, v in vars(m).items()
            if isinstance(v, Parameter) or k in m._buffers
        }

    def named_parameters(self):
        seen = set()
        for k, v in self.state().items():
            if isinstance(v, Parameter) and id(v) not in seen:
                seen.add(id(v))
                yield k, v

    def parameters(self):
        return [p for _, p in self.named_parameters()]

    def register_buffer(self, name, value):
        self._buffers = (*self._buffers, name)
        setattr(self, name, value)

    def state_dict(self):
        return {k: v.data for k, v in self.state().items()}

    def load_state_dict(self, state, strict=True):
        mine = self.state()
        new = {k: np.asarray(v.detach().numpy() if hasattr(v, "detach") else v) for k, v in state.items() if k in mine}
        bad = [k for k in new if new[k].shape != mine[k].shape] + (list(set(mine) ^ set(state)) if strict else [])
        if bad:
            raise RuntimeError(f"missing, unknown or of another shape: {bad}")
        for k in new:
            mine[k].data[...] = new[k]

    def train(self, mode=True):
        for m in self.modules():
            m.training = mode
        return self

    def eval(self):
        return self.train(False)

    def zero_grad(self):
        for p in self.parameters():
            p.grad = None

    def to(self, target):
        for t in self.state().values():
            if target != "cpu" and t.dtype.kind == "f":
                t.data = t.to(target).data
        return self


class ModuleList(Module):
    def __init__(self, modules=()):
        for i, m in enumerate(modules):
            setattr(self, str(i), m)

    def __len__(self):
        return len(self.children())

    def __getitem__(self, i):
        return self.children()[i]

    def __iter__(self):
        return iter(self.children())


class Sequential(ModuleList):
    def __init__(self, *modules):
        super().__init__(modules)

    def forward(self, x):
        for m in self:
            x = m(x)
        return x


def weights(*shape, fan):
    return Parameter(G["rng"].uniform(-(fan**-0.5), fan**-0.5, shape).astype("f4"))


class Linear(Module):
    def __init__(self, in_features, out_features, bias=True):
        self.in_features, self.out_features = in_features, out_features
        self.weight = weights(out_features, in_features, fan=in_features)
        self.bias = weights(out_features, fan=in_features) if bias else None

    def forward(self, x):
        y = x @ self.weight.T
        return y if self.bias is None else y + self.bias


def pair(v):
    return (v, v) if isinstance(v, int) else tuple(v)


def cols(x, k, s, p, d=(1, 1), fill=0.0):
    """(n, c, h, w) → (n, c, h', w', kh·kw), all by one index"""
    (kh, kw), (h, w) = k, x.shape[2:]
    z = np.full((*x.shape[:2], h + 2 * p[0], w + 2 * p[1]), fill, x.dtype)
    z[:, :, p[0] : p[0] + h, p[1] : p[1] + w] = x.data
    z = op(z, (x, lambda g: g[:, :, p[0] : p[0] + h, p[1] : p[1] + w]))
    i = np.arange(0, z.shape[2] - d[0] * (kh - 1), s[0])[:, None, None] + d[0] * np.arange(kh).repeat(kw)
    j = np.arange(0, z.shape[3] - d[1] * (kw - 1), s[1])[:, None] + d[1] * np.tile(np.arange(kw), kh)
    return z[:, :, i, j]


class Conv2d(Module):
    def __init__(self, in_channels, out_channels, kernel_size, stride=1, padding=0, dilation=1, groups=1, bias=True):
        self.in_channels, self.out_channels, self.groups = in_channels, out_channels, groups
        self.kernel_size, self.stride, self.padding, self.dilation = map(pair, (kernel_size, stride, padding, dilation))
        c, (kh, kw) = in_channels // groups, self.kernel_size
        self.weight = weights(out_channels, c, kh, kw, fan=c * kh * kw)
        self.bias = weights(out_channels, fan=c * kh * kw) if bias else None

    def forward(self, x):
        z, r, o = cols(x, self.kernel_size, self.stride, self.padding, self.dilation), self.groups, self.out_channels
        n, c, h, w, k = z.shape
        z = z.reshape(n, r, c // r, h * w, k).permute(0, 1, 2, 4, 3).reshape(n, r, c // r * k, h * w)
        y = (self.weight.reshape(r, o // r, -1) @ z).reshape(n, o, h, w)
        return y if self.bias is None else y + self.bias.reshape(o, 1, 1)


Conv2D = Conv2d


class MaxPool2d(Module):
    def __init__(self, kernel_size, stride=None, padding=0, dilation=1):
        self.kernel_size, self.stride = kernel_size, kernel_size if stride is None else stride
        self.padding, self.dilation = padding, dilation

    def forward(self, x):
        k, s, p, d = map(pair, (self.kernel_size, self.stride, self.padding, self.dilation))
        return cols(x, k, s, p, d, -np.inf).max(-1).values


class AvgPool2d(Module):
    def __init__(self, kernel_size, stride=None, padding=0):
        self.kernel_size, self.stride = kernel_size, kernel_size if stride is None else stride
        self.padding = padding

    def forward(self, x):
        return cols(x, *map(pair, (self.kernel_size, self.stride, self.padding))).mean(-1)


class Flatten(Module):
    def __init__(self, start_dim=1, end_dim=-1):
        self.start_dim, self.end_dim = start_dim, end_dim

    def forward(self, x):
        return x.flatten(self.start_dim, self.end_dim)


class ReLU(Module):
    def forward(self, x):
        return x.relu()


class LeakyReLU(Module):
    def __init__(self, negative_slope=0.01):
        self.negative_slope = negative_slope

    def forward(self, x):
        return where(x > 0, x, x * self.negative_slope)


class ELU(Module):
    def __init__(self, alpha=1.0):
        self.alpha = alpha

    def forward(self, x):
        return where(x > 0, x, (x.exp() - 1) * self.alpha)


erf = np.vectorize(math.erf, otypes=["f8"])


class GELU(Module):
    def __init__(self, approximate="none"):
        self.approximate = approximate

    def forward(self, x):
        if self.approximate == "tanh":
            return x * 0.5 * (((x + x**3 * 0.044715) * math.sqrt(2 / math.pi)).tanh() + 1)
        a = x.data
        phi = ((1 + erf(a / 2**0.5)) / 2).astype(a.dtype)
        return op(a * phi, (x, lambda g: g * (phi + a * np.exp(-a * a / 2) / math.sqrt(2 * math.pi))))


class Sigmoid(Module):
    def forward(self, x):
        return x.sigmoid()


class Tanh(Module):
    def forward(self, x):
        return x.tanh()


class Softmax(Module):
    def __init__(self, dim=None):
        self.dim = dim

    def forward(self, x):
        return x.softmax(self.dim)


class Dropout(Module):
    def __init__(self, p=0.5):
        if not 0 <= p <= 1:
            raise ValueError("p")
        self.p = p

    def forward(self, x):
        if not self.training:
            return x
        return x * (G["rng"].random(x.shape) >= self.p).astype(x.dtype) / (1 - self.p)


def norm(x, mean, var, m):
    y = (x - mean) / (var + m.eps).sqrt()
    return y


class LayerNorm(Module):
    def __init__(self, normalized_shape, eps=1e-5, elementwise_affine=True):
        self.normalized_shape = (normalized_shape,) if isinstance(normalized_shape, int) else tuple(normalized_shape)
        self.eps, self.elementwise_affine = eps, elementwise_affine
        self.weight = Parameter(ones(*self.normalized_shape)) if elementwise_affine else None
        self.bias = Parameter(zeros(*self.normalized_shape)) if elementwise_affine else None

    def forward(self, x):
        ax = tuple(range(-len(self.normalized_shape), 0))
        y = norm(x, x.mean(ax, True), x.var(ax, 0, True), self)
        return y * self.weight + self.bias if self.elementwise_affine else y


class BatchNorm1d(Module):
    def __init__(self, num_features, eps=1e-5, momentum=0.1, affine=True):
        self.num_features, self.eps, self.momentum, self.affine = num_features, eps, momentum, affine
        self.weight = Parameter(ones(num_features)) if affine else None
        self.bias = Parameter(zeros(num_features)) if affine else None
        self.register_buffer("running_mean", zeros(num_features))
        self.register_buffer("running_var", ones(num_features))
        self.register_buffer("num_batches_tracked", Tensor(0))

    def forward(self, x):
        ax, shape = (0, *range(2, x.ndim)), (-1,) + (1,) * (x.ndim - 2)
        if self.training:
            mean, var = x.mean(ax, True), x.var(ax, 0, True)
            for t, new in ((self.running_mean, x.data.mean(ax)), (self.running_var, x.data.var(ax, ddof=1))):
                t.data += self.momentum * (new - t.data)
            self.num_batches_tracked += 1
        else:
            mean, var = self.running_mean.reshape(shape), self.running_var.reshape(shape)
        y = norm(x, mean, var, self)
        return y * self.weight.reshape(shape) + self.bias.reshape(shape) if self.affine else y


class BatchNorm2d(BatchNorm1d):
    pass


class Embedding(Module):
    def __init__(self, num_embeddings, embedding_dim):
        self.num_embeddings, self.embedding_dim = num_embeddings, embedding_dim
        self.weight = Parameter(randn(num_embeddings, embedding_dim))

    def forward(self, i):
        return self.weight[i]


class Loss(Module):
    def __init__(self, reduction="mean"):
        self.reduction = reduction

    def forward(self, x, t):
        y = self.each(x, t)
        return y if self.reduction == "none" else getattr(y, self.reduction)()


class MSELoss(Loss):
    def each(self, x, t):
        return (x - t) ** 2


class L1Loss(Loss):
    def each(self, x, t):
        return abs(x - t)


class BCEWithLogitsLoss(Loss):
    def each(self, x, t):
        # -t log σ(x) - (1-t) log σ(-x), by log_softmax of (x, 0)
        from .core import stack

        z = stack([x, x * 0], -1).log_softmax(-1)
        return -(t * z[..., 0] + (1 - t) * z[..., 1])


class CrossEntropyLoss(Loss):
    def __init__(self, ignore_index=-100, reduction="mean", label_smoothing=0.0):
        self.ignore_index, self.reduction, self.label_smoothing = ignore_index, reduction, label_smoothing

    def forward(self, x, t):
        t, s, (n, c) = raw(t), self.label_smoothing, x.shape
        on = t != self.ignore_index
        target = np.full((n, c), s / c, x.dtype)
        target[arange(n).data, np.where(on, t, 0)] += 1 - s
        target[~on] = 0
        y = -(x.log_softmax(1) * target).sum(1)
        return y if self.reduction == "none" else y.sum() if self.reduction == "sum" else y.sum() / int(on.sum())
