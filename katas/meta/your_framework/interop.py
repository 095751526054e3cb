"""From PyTorch and back. Task compatibility. Import torch inside the functions: the package must work without it."""


def from_torch(source):
    """Convert a torch.nn.Module to your Module, a torch.Tensor to a Tensor: same structure, arguments, numbers, dtypes.

    Copies the numbers. Accepts all layers of this package, with the arguments that they have here, also in Sequential
    and ModuleList at any depth, and keeps `training` of each. The result works without PyTorch and can be pickled.
    TypeError that names the layer for any other.
    """
    raise NotImplementedError


def to_torch(source):
    """Convert your Module to a torch.nn.Module, a Tensor to a torch.Tensor: from_torch in the other direction."""
    raise NotImplementedError
