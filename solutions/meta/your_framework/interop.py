"""Conversion to PyTorch and back. torch is imported only when a function is called."""

from types import SimpleNamespace

from . import layers, module, tensor
from .arguments import SUPPORTED

SETTINGS = {  # the layers that both packages have, with the arguments of their constructors
    "Linear": "in_features out_features",
    "Conv2d": "in_channels out_channels kernel_size stride padding dilation groups padding_mode",
    "MaxPool2d": "kernel_size stride padding dilation ceil_mode",
    "AvgPool2d": "kernel_size stride padding ceil_mode count_include_pad divisor_override",
    "Flatten": "start_dim end_dim",
    "ReLU": "",
    "LeakyReLU": "negative_slope",
    "ELU": "alpha",
    "GELU": "approximate",
    "Sigmoid": "",
    "Tanh": "",
    "Softmax": "dim",
    "Dropout": "p",
    "LayerNorm": "normalized_shape eps",
    "BatchNorm1d": "num_features eps momentum",
    "BatchNorm2d": "num_features eps momentum",
    "Embedding": "num_embeddings embedding_dim padding_idx",
    "Sequential": "",
    "ModuleList": "",
}
DEFAULTS = {"padding_mode": "zeros", "ceil_mode": False, "divisor_override": None}  # left out, so a layer may lack them
PLAIN = "return_indices", "max_norm", "scale_grad_by_freq", "sparse"  # settings that only PyTorch's layers have
STATE = ("weight", "bias", "running_mean", "running_var", "num_batches_tracked")


def from_torch(source):
    """Convert a torch.nn.Module to a Module, or a torch.Tensor to a Tensor.

    The result has the same structure, dtypes, modes and numbers, which are copied. Converts the layers of this package.
    An object of your own class is rebuilt with its children, parameters, buffers, other attributes and methods; its
    `forward` works if it uses only these and operations that both kinds of tensor have. TypeError names a layer of
    torch.nn, or a setting of a layer, that has no counterpart here.
    """
    ours, theirs = _sides()
    return _translator(theirs, ours)(source)


def to_torch(source):
    """Convert a Module to a torch.nn.Module, or a Tensor to a torch.Tensor (copied). TypeError as in from_torch."""
    ours, theirs = _sides()
    return _translator(ours, theirs)(source)


def _sides():
    """Return the classes and functions of both packages that a conversion needs."""
    import torch

    ours = SimpleNamespace(**vars(module), layers={**vars(layers), **vars(module)}, package=__package__)
    ours.tensor = tensor.tensor
    theirs = SimpleNamespace(Tensor=torch.Tensor, tensor=torch.tensor, layers=vars(torch.nn), package="torch")
    theirs.Module, theirs.Parameter = torch.nn.Module, torch.nn.Parameter
    return ours, theirs


def _translator(old, new):
    """Return a function that converts old's modules and tensors to new's; objects that occur twice stay shared."""
    known = {}

    def translate(value):
        if id(value) not in known:
            known[id(value)] = value, _translated(value)
        return known[id(value)][1]

    def _translated(value):
        if isinstance(value, old.Module):
            return rebuilt(value)
        if isinstance(value, type):
            return type(value.__name__, (new.Module,), methods(value))
        if not isinstance(value, old.Tensor):
            return value
        copy = new.tensor(value.detach().to("cpu").numpy())
        if isinstance(value, old.Parameter):
            return new.Parameter(copy, requires_grad=value.requires_grad)
        return copy.requires_grad_(value.requires_grad)

    def is_old(kind):
        return kind.__module__.partition(".")[0] == old.package

    def methods(kind):
        found = {}
        for base in reversed(kind.__mro__):
            if not is_old(base) and base is not object:
                found.update(vars(base))
        return {name: value for name, value in found.items() if name not in ("__dict__", "__weakref__")}

    def rebuilt(source):
        kind = next(filter(is_old, type(source).__mro__))
        if kind is old.Module:
            made = translate(type(source))
            result = made.__new__(made)
            new.Module.__init__(result)
            internal = {*vars(old.Module()), "_buffers"}
            values = {name: value for name, value in vars(source).items() if name not in internal}
            values |= getattr(source, "_parameters", {})
        else:
            name = kind.__name__
            wanted = SETTINGS.get(name, "").split()
            settings = {
                n: getattr(source, n) for n in wanted if getattr(source, n, DEFAULTS.get(n)) != DEFAULTS.get(n, ...)
            }
            odd = [n for n in PLAIN if getattr(source, n, SUPPORTED[n]) != SUPPORTED[n]]
            if name not in SETTINGS or type(source).forward is not kind.forward:
                raise TypeError(f"the layer {type(source).__name__} has no counterpart")
            if odd:
                raise TypeError(f"the layer {name} has no counterpart with a {odd[0]} other than the default")
            result = new.layers[name](**settings)
            values = {n: getattr(source, n) for n in STATE if hasattr(source, n)}
        values |= getattr(source, "_modules", None) or dict(source.named_children())
        for name, value in values.items():
            if name not in source._buffers:
                setattr(result, name, translate(value))
        for name in source._buffers:
            result.register_buffer(name, translate(getattr(source, name)))
        result.training = source.training
        return result

    def checked(source):
        if not isinstance(source, (old.Module, old.Tensor)):
            raise TypeError(f"{type(source).__name__} isn't a Module or Tensor of {old.package}")
        return translate(source)

    return checked
