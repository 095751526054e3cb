import numpy as np

from . import layers
from .module import Module, ModuleList, Sequential
from .tensor import Tensor

ARGUMENTS = {
    "Linear": ["in_features", "out_features"],
    "Conv2d": ["in_channels", "out_channels", "kernel_size", "stride", "padding", "dilation", "groups"],
    "MaxPool2d": ["kernel_size", "stride", "padding", "dilation"],
    "AvgPool2d": ["kernel_size", "stride", "padding"],
    "Flatten": ["start_dim", "end_dim"],
    "ReLU": [],
    "LeakyReLU": ["negative_slope"],
    "ELU": ["alpha"],
    "GELU": ["approximate"],
    "Sigmoid": [],
    "Tanh": [],
    "Softmax": ["dim"],
    "Dropout": ["p"],
    "LayerNorm": ["normalized_shape", "eps", "elementwise_affine"],
    "BatchNorm1d": ["num_features", "eps", "momentum", "affine"],
    "BatchNorm2d": ["num_features", "eps", "momentum", "affine"],
    "Embedding": ["num_embeddings", "embedding_dim"],
}


def build(source, namespace):
    name = type(source).__name__
    if name not in ARGUMENTS:
        raise TypeError(f"unknown layer {name}")
    options = {a: getattr(source, a) for a in ARGUMENTS[name]}
    if name in ("Linear", "Conv2d"):
        options["bias"] = source.bias is not None
    return getattr(namespace, name)(**options)


def from_torch(source):
    import torch

    if isinstance(source, torch.Tensor):
        return Tensor(source.detach().cpu().numpy())
    if isinstance(source, torch.nn.Sequential):
        module = Sequential(*[from_torch(m) for m in source])
    elif isinstance(source, torch.nn.ModuleList):
        module = ModuleList([from_torch(m) for m in source])
    else:
        module = build(source, layers)
        theirs = source.state_dict()
        for name, mine in module._walk():
            mine.data = np.array(theirs[name].cpu().numpy())
    module.training = source.training
    return module


def to_torch(source):
    import torch

    if isinstance(source, Tensor):
        return torch.tensor(source.data)
    if isinstance(source, Sequential):
        module = torch.nn.Sequential(*[to_torch(m) for m in source])
    elif isinstance(source, ModuleList):
        module = torch.nn.ModuleList([to_torch(m) for m in source])
    else:
        module = build(source, torch.nn)
        theirs = dict(module.named_parameters()) | dict(module.named_buffers())
        for name, mine in source._walk():
            theirs[name].data = torch.tensor(mine.data)
    module.training = source.training
    return module
