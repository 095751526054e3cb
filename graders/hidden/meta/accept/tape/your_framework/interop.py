"""From PyTorch, and back."""

from . import layers, module
from .tensor import Tensor

ARGUMENTS = {
    "Linear": "in_features out_features",
    "Conv2d": "in_channels out_channels kernel_size stride padding dilation groups",
    "MaxPool2d": "kernel_size stride padding dilation",
    "AvgPool2d": "kernel_size stride padding",
    "Flatten": "start_dim end_dim",
    "ReLU": "",
    "LeakyReLU": "negative_slope",
    "ELU": "alpha",
    "GELU": "approximate",
    "Sigmoid": "",
    "Tanh": "",
    "Softmax": "dim",
    "Dropout": "p",
    "LayerNorm": "normalized_shape eps elementwise_affine",
    "BatchNorm1d": "num_features eps momentum affine",
    "BatchNorm2d": "num_features eps momentum affine",
    "Embedding": "num_embeddings embedding_dim",
}


def _convert(source, to, containers, tensor):
    name = type(source).__name__
    if name == "Sequential":
        made = containers.Sequential(*[_convert(m, to, containers, tensor) for m in source])
    elif name == "ModuleList":
        made = containers.ModuleList([_convert(m, to, containers, tensor) for m in source])
    elif name in ARGUMENTS:
        options = {option: getattr(source, option) for option in ARGUMENTS[name].split()}
        if name in ("Linear", "Conv2d"):
            options["bias"] = source.bias is not None
        made = getattr(to, name)(**options)
        for key, value in [
            *vars(source).items(),
            *getattr(source, "_parameters", {}).items(),
            *(source._buffers.items() if isinstance(getattr(source, "_buffers", None), dict) else ()),
        ]:
            if key in made.state_dict() and value is not None:
                getattr(made, key).data = tensor(value)
    else:
        raise TypeError(f"{name} is not a layer that is known")
    made.training = source.training
    return made


def from_torch(source):
    import torch

    if isinstance(source, torch.Tensor):
        return Tensor(source.detach().numpy(), source.requires_grad)
    return _convert(source, layers, module, lambda value: value.detach().numpy().copy())


def to_torch(source):
    import torch

    if isinstance(source, Tensor):
        return torch.tensor(source.data, requires_grad=source.requires_grad)
    return _convert(source, torch.nn, torch.nn, lambda value: torch.tensor(value.data))
