"""Conversion from PyTorch and back. Task compatibility.

Import torch inside the functions: the package must work without it.
"""


def from_torch(source):
    """Convert a torch.nn.Module to your Module, or a torch.Tensor to a Tensor.

    The result has the same structure, arguments, dtypes and numbers, which are copied. Accepts all layers of this
    package, with the arguments that they have here, also inside Sequential and ModuleList at any depth, and keeps
    `training` of each module. The result works without PyTorch and can be pickled. For any other layer, a TypeError
    that names it.
    """
    raise NotImplementedError


def to_torch(source):
    """Convert your Module to a torch.nn.Module, or a Tensor to a torch.Tensor: the reverse of from_torch."""
    raise NotImplementedError
