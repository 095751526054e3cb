"""Both ways by the same walk: our constructors' arguments are attributes on either side."""

import inspect

import numpy as np

from . import layers
from .module import Module, ModuleList, Sequential
from .tensor import Tensor

KNOWN = {
    name: cls
    for name, cls in vars(layers).items()
    if isinstance(cls, type)
    and issubclass(cls, Module)
    and not name.startswith("_")
    and name not in ("Module", "Conv2D")
}


def _arguments(source, cls):
    found = {}
    for name in list(inspect.signature(cls).parameters):
        value = getattr(source, name)
        found[name] = value is not None if name == "bias" else value
    return found


def from_torch(source):
    import torch

    if isinstance(source, torch.Tensor):
        return Tensor(source.detach().cpu().numpy())
    return _from(source, torch, {}, {})


def _from(source, torch, modules, parameters):
    if id(source) in modules:
        return modules[id(source)]
    nn = torch.nn
    if type(source) in (nn.Sequential, nn.ModuleList):
        children = [_from(child, torch, modules, parameters) for child in source]
        ours = Sequential(*children) if type(source) is nn.Sequential else ModuleList(children)
    else:
        name = type(source).__name__
        if name not in KNOWN or type(source) is not getattr(nn, name, None):
            raise TypeError(f"from_torch: there is no counterpart of {name}")
        ours = KNOWN[name](**_arguments(source, KNOWN[name]))
        for key, value in ours._state():
            theirs = getattr(source, key)
            value.data = np.array(theirs.detach().cpu().numpy())
            value.requires_grad = bool(theirs.requires_grad)
            if id(theirs) in parameters:
                setattr(ours, key, parameters[id(theirs)])
            else:
                parameters[id(theirs)] = value
    ours.training = source.training
    modules[id(source)] = ours
    return ours


def to_torch(source):
    import torch

    if isinstance(source, Tensor):
        return torch.from_numpy(np.array(source.data))
    nn = torch.nn
    if type(source) is Sequential:
        theirs = nn.Sequential(*(to_torch(m) for m in source))
    elif type(source) is ModuleList:
        theirs = nn.ModuleList([to_torch(m) for m in source])
    else:
        name = "Conv2d" if isinstance(source, layers.Conv2d) else type(source).__name__
        if name not in KNOWN:
            raise TypeError(f"to_torch: there is no counterpart of {name}")
        theirs = getattr(nn, name)(**_arguments(source, KNOWN[name]))
        for key, value in source._state():
            getattr(theirs, key).data = torch.from_numpy(np.array(value.data))
            if value.dtype.kind == "f":
                getattr(theirs, key).requires_grad_(value.requires_grad)
    theirs.training = source.training
    return theirs
