"""From PyTorch, and back. Task compatibility. Import torch inside the functions: the package must work without it."""


def from_torch(source):
    """A torch.nn.Module as a Module of yours, a torch.Tensor as a Tensor: same structure, arguments, numbers, dtypes.

    Numbers are copied. Takes all layers of this package, with the arguments that they have here, also in Sequential and
    ModuleList at any depth; `training` of each comes along. The result works without PyTorch and can be pickled.
    TypeError, naming the layer, for any other.
    """
    raise NotImplementedError


def to_torch(source):
    """A Module of yours as a torch.nn.Module, a Tensor as a torch.Tensor; as from_torch, the other way."""
    raise NotImplementedError
