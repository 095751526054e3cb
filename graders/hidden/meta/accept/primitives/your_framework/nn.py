"""torch.nn: modules, layers, losses."""

import math

import numpy as np

from .primitives import Einsum, Gather
from .tensor import Tensor, ones, rng, stack, where, zeros


class Parameter(Tensor):
    def __init__(self, data, requires_grad=True):
        super().__init__(data, requires_grad)


class Module:
    training = True

    def _store(self, kind):
        return self.__dict__.setdefault(kind, {})

    def __setattr__(self, name, value):
        stores = [self._store(kind) for kind in ("_parameters", "_buffers", "_modules")]
        parameters, buffers, modules = stores
        if isinstance(value, Parameter):
            target = parameters
        elif isinstance(value, Module):
            target = modules
        elif name in buffers:
            target = buffers
        else:
            target = self.__dict__
        for store in (*stores, self.__dict__):
            if store is not target:
                store.pop(name, None)
        target[name] = value

    def __getattr__(self, name):
        for kind in ("_parameters", "_buffers", "_modules"):
            store = self.__dict__.get(kind, {})
            if name in store:
                return store[name]
        raise AttributeError(f"'{type(self).__name__}' object has no attribute '{name}'")

    def __call__(self, *args, **kwargs):
        return self.forward(*args, **kwargs)

    def forward(self, *args, **kwargs):
        raise NotImplementedError(f'Module [{type(self).__name__}] is missing the required "forward" function')

    def register_buffer(self, name, value):
        self._store("_buffers")[name] = value

    def named_children(self):
        yield from self._store("_modules").items()

    def children(self):
        yield from self._store("_modules").values()

    def named_modules(self, memo=None, prefix=""):
        memo = set() if memo is None else memo
        if self not in memo:
            memo.add(self)
            yield prefix, self
            for name, module in self.named_children():
                yield from module.named_modules(memo, prefix + ("." if prefix else "") + name)

    def modules(self):
        yield from (module for _, module in self.named_modules())

    def named_parameters(self):
        memo = set()
        for prefix, module in self.named_modules():
            for name, p in module._store("_parameters").items():
                if p not in memo:
                    memo.add(p)
                    yield prefix + ("." if prefix else "") + name, p

    def parameters(self):
        yield from (p for _, p in self.named_parameters())

    def _state(self, prefix=""):
        for kind in ("_parameters", "_buffers"):
            for name, t in self._store(kind).items():
                yield prefix + name, t
        for name, module in self.named_children():
            yield from module._state(f"{prefix}{name}.")

    def state_dict(self):
        return {name: t.detach() for name, t in self._state()}

    def load_state_dict(self, state, strict=True):
        own = dict(self._state())
        incoming = {k: np.asarray(v.detach().numpy() if hasattr(v, "detach") else v) for k, v in state.items()}
        errors = []
        if strict:
            unexpected, missing = [k for k in incoming if k not in own], [k for k in own if k not in incoming]
            errors += [f"Unexpected key(s) in state_dict: {unexpected}"] if unexpected else []
            errors += [f"Missing key(s) in state_dict: {missing}"] if missing else []
        errors += [
            f"size mismatch for {k}: {v.shape} from checkpoint, {own[k].shape} in current model"
            for k, v in incoming.items()
            if k in own and own[k].shape != v.shape
        ]
        if errors:
            raise RuntimeError(f"Error(s) in loading state_dict for {type(self).__name__}:\n\t" + "\n\t".join(errors))
        for k, v in incoming.items():
            if k in own:
                own[k].data[...] = v
                own[k]._version += 1

    def train(self, mode=True):
        for module in self.modules():
            module.training = mode
        return self

    def eval(self):
        return self.train(False)

    def zero_grad(self):
        for p in self.parameters():
            p.grad = None

    def to(self, target):
        for _, t in self._state():
            if t.dtype.kind == "f":
                t.data = t.detach().to(target).data
                t.grad = None if t.grad is None else t.grad.to(target)
        return self


class Sequential(Module):
    def __init__(self, *modules):
        for i, module in enumerate(modules):
            setattr(self, str(i), module)

    def __len__(self):
        return len(self._store("_modules"))

    def __getitem__(self, index):
        return list(self.children())[index]

    def __iter__(self):
        return self.children()

    def forward(self, x):
        for module in self:
            x = module(x)
        return x


class ModuleList(Module):
    def __init__(self, modules=()):
        for i, module in enumerate(modules):
            setattr(self, str(i), module)

    __len__, __getitem__, __iter__ = Sequential.__len__, Sequential.__getitem__, Sequential.__iter__


def _t(x):
    return x if isinstance(x, Tensor) else Tensor(x)


def _pair(x):
    return tuple(x) if isinstance(x, (tuple, list)) else (x, x)


def _uniform(shape, fan_in):
    bound = fan_in**-0.5
    return Parameter(rng().uniform(-bound, bound, shape).astype(np.float32))


class Linear(Module):
    def __init__(self, in_features, out_features, bias=True):
        self.in_features, self.out_features = in_features, out_features
        self.weight = _uniform((out_features, in_features), in_features)
        self.bias = _uniform((out_features,), in_features) if bias else None

    def forward(self, x):
        y = _t(x) @ self.weight.T
        return y if self.bias is None else y + self.bias


def unfold(x, kernel_size, stride, padding, dilation, fill):
    """(n, c, h, w) to (n, c, h', w', kh * kw), by an index; what lies in the padding is `fill`."""
    n, c, h, w = x.shape
    axes = []
    for size, k, s, p, d in zip((h, w), kernel_size, stride, padding, dilation):
        out = (size + 2 * p - d * (k - 1) - 1) // s + 1
        if out < 1:
            raise RuntimeError(f"Calculated output size of {x.shape} with kernel {kernel_size} is too small")
        axes.append(np.arange(out)[:, None] * s + np.arange(k) * d - p)  # (out, k)
    rows, columns = axes[0][:, None, :, None], axes[1][None, :, None, :]
    inside = (rows >= 0) & (rows < h) & (columns >= 0) & (columns < w)
    place = np.where(inside, rows * w + columns, 0)
    place = place.reshape(*place.shape[:2], -1)
    planes = np.arange(n * c).reshape(n, c, 1, 1, 1) * (h * w)
    cols = Gather.apply(x, positions=planes + place)
    return cols if inside.all() else where(inside.reshape(place.shape), cols, fill)


class Conv2d(Module):
    def __init__(self, in_channels, out_channels, kernel_size, stride=1, padding=0, dilation=1, groups=1, bias=True):
        if in_channels % groups:
            raise ValueError("in_channels must be divisible by groups")
        if out_channels % groups:
            raise ValueError("out_channels must be divisible by groups")
        self.in_channels, self.out_channels, self.groups = in_channels, out_channels, groups
        self.kernel_size, self.stride, self.padding, self.dilation = map(
            _pair, (kernel_size, stride, padding, dilation)
        )
        shape = (out_channels, in_channels // groups, *self.kernel_size)
        self.weight = _uniform(shape, math.prod(shape[1:]))
        self.bias = _uniform((out_channels,), math.prod(shape[1:])) if bias else None

    def forward(self, x):
        x = _t(x)
        if x.ndim != 4 or x.shape[1] != self.in_channels:
            raise RuntimeError(f"Given weight of size {self.weight.shape}, got input of size {x.shape} instead")
        cols = unfold(x, self.kernel_size, self.stride, self.padding, self.dilation, 0)
        n, c, h, w, k = cols.shape
        if self.groups == 1:
            y = Einsum.apply(cols, self.weight.flatten(2), equation="nchwk,ock->nohw")
        else:
            cols = cols.reshape(n, self.groups, -1, h, w, k)
            kernels = self.weight.reshape(self.groups, self.out_channels // self.groups, -1, k)
            y = Einsum.apply(cols, kernels, equation="ngchwk,gock->ngohw").reshape(n, self.out_channels, h, w)
        return y if self.bias is None else y + self.bias.reshape(-1, 1, 1)


Conv2D = Conv2d


class MaxPool2d(Module):
    def __init__(self, kernel_size, stride=None, padding=0, dilation=1):
        self.kernel_size, self.stride = kernel_size, kernel_size if stride is None else stride
        self.padding, self.dilation = padding, dilation

    def forward(self, x):
        options = map(_pair, (self.kernel_size, self.stride, self.padding, self.dilation))
        return unfold(_t(x), *options, -math.inf).max(-1).values


class AvgPool2d(Module):
    def __init__(self, kernel_size, stride=None, padding=0):
        self.kernel_size, self.stride, self.padding = kernel_size, kernel_size if stride is None else stride, padding

    def forward(self, x):
        return unfold(_t(x), *map(_pair, (self.kernel_size, self.stride, self.padding, 1)), 0).mean(-1)


class Flatten(Module):
    def __init__(self, start_dim=1, end_dim=-1):
        self.start_dim, self.end_dim = start_dim, end_dim

    def forward(self, x):
        return _t(x).flatten(self.start_dim, self.end_dim)


class ReLU(Module):
    def forward(self, x):
        return _t(x).relu()


class LeakyReLU(Module):
    def __init__(self, negative_slope=0.01):
        self.negative_slope = negative_slope

    def forward(self, x):
        x = _t(x)
        return where(x > 0, x, x * self.negative_slope)


class ELU(Module):
    def __init__(self, alpha=1.0):
        self.alpha = alpha

    def forward(self, x):
        x = _t(x)
        return where(x > 0, x, (where(x > 0, 0, x).exp() - 1) * self.alpha)


class GELU(Module):
    def __init__(self, approximate="none"):
        self.approximate = approximate

    def forward(self, x):
        x = _t(x)
        if self.approximate == "tanh":
            return x * 0.5 * (1 + ((x + x**3 * 0.044715) * math.sqrt(2 / math.pi)).tanh())
        return x * 0.5 * (1 + (x * 0.5**0.5).erf())


class Sigmoid(Module):
    def forward(self, x):
        return _t(x).sigmoid()


class Tanh(Module):
    def forward(self, x):
        return _t(x).tanh()


class Softmax(Module):
    def __init__(self, dim=None):
        self.dim = dim

    def forward(self, x):
        return _t(x).softmax(self.dim)


class Dropout(Module):
    def __init__(self, p=0.5):
        if not 0 <= p <= 1:
            raise ValueError(f"dropout probability has to be between 0 and 1, but got {p}")
        self.p = p

    def forward(self, x):
        x = _t(x)
        if not self.training:
            return x
        keep = rng().random(x.shape) >= self.p
        return where(keep, x / (1 - self.p) if self.p < 1 else x, 0)


class _Norm(Module):
    def _affine(self, shape, affine):
        self.weight = Parameter(ones(shape)) if affine else None
        self.bias = Parameter(zeros(shape)) if affine else None


class LayerNorm(_Norm):
    def __init__(self, normalized_shape, eps=1e-5, elementwise_affine=True):
        self.normalized_shape = (normalized_shape,) if isinstance(normalized_shape, int) else tuple(normalized_shape)
        self.eps, self.elementwise_affine = eps, elementwise_affine
        self._affine(self.normalized_shape, elementwise_affine)

    def forward(self, x):
        x = _t(x)
        dims = tuple(range(-len(self.normalized_shape), 0))
        y = (x - x.mean(dims, True)) * (x.var(dims, 0, True) + self.eps) ** -0.5
        return y if self.weight is None else y * self.weight + self.bias


class BatchNorm1d(_Norm):
    def __init__(self, num_features, eps=1e-5, momentum=0.1, affine=True):
        self.num_features, self.eps, self.momentum, self.affine = num_features, eps, momentum, affine
        self._affine((num_features,), affine)
        self.register_buffer("running_mean", zeros(num_features))
        self.register_buffer("running_var", ones(num_features))
        self.register_buffer("num_batches_tracked", Tensor(0))

    def forward(self, x):
        x = _t(x)
        dims, shape = (0, *range(2, x.ndim)), (-1, *[1] * (x.ndim - 2))
        mean, var = self.running_mean, self.running_var
        if self.training:
            mean, var = x.mean(dims), x.var(dims, 0)
            n = x.numel() // self.num_features
            for buffer, now in ((self.running_mean, mean.detach()), (self.running_var, var.detach() * n / (n - 1))):
                buffer.mul_(1 - self.momentum).add_(now * self.momentum)
            self.num_batches_tracked.add_(1)
        y = (x - mean.reshape(shape)) * (var.reshape(shape) + self.eps) ** -0.5
        return y if self.weight is None else y * self.weight.reshape(shape) + self.bias.reshape(shape)


class BatchNorm2d(BatchNorm1d):
    pass


class Embedding(Module):
    def __init__(self, num_embeddings, embedding_dim):
        self.num_embeddings, self.embedding_dim = num_embeddings, embedding_dim
        self.weight = Parameter(rng().standard_normal((num_embeddings, embedding_dim)).astype(np.float32))

    def forward(self, indices):
        indices = _t(indices).data
        if ((indices < 0) | (indices >= self.num_embeddings)).any():
            raise IndexError("index out of range in self")
        return self.weight[indices]


class _Loss(Module):
    def __init__(self, reduction="mean"):
        if reduction not in ("mean", "sum", "none"):
            raise ValueError(f"{reduction} is not a valid value for reduction")
        self.reduction = reduction

    def _reduce(self, each):
        return {"mean": each.mean, "sum": each.sum, "none": lambda: each}[self.reduction]()


class MSELoss(_Loss):
    def forward(self, x, t):
        return self._reduce((_t(x) - _t(t)) ** 2)


class L1Loss(_Loss):
    def forward(self, x, t):
        return self._reduce((_t(x) - _t(t)).abs())


class BCEWithLogitsLoss(_Loss):
    """A cross-entropy of two classes, with the logits x and 0."""

    def forward(self, x, t):
        x, t = _t(x), _t(t)
        both = stack([t, 1 - t], -1) * stack([x, x * 0], -1).log_softmax(-1)
        return self._reduce(-both.sum(-1))


class CrossEntropyLoss(_Loss):
    def __init__(self, ignore_index=-100, reduction="mean", label_smoothing=0.0):
        super().__init__(reduction)
        self.ignore_index, self.label_smoothing = ignore_index, label_smoothing

    def forward(self, x, t):
        x, t = _t(x), np.asarray(_t(t).data)
        counted = t != self.ignore_index
        t = np.where(counted, t, 0)
        if ((t < 0) | (t >= x.shape[1])).any():
            raise IndexError("Target is out of bounds.")
        logp = x.log_softmax(1)
        picked = logp[np.arange(len(t)), t]
        s = self.label_smoothing
        each = where(counted, -(picked * (1 - s) + logp.mean(1) * s), 0)
        return each.sum() / int(counted.sum()) if self.reduction == "mean" else self._reduce(each)
