"""From PyTorch, and back. Task compatibility. Import torch inside of the functions: all else must do without it."""


def from_torch(source):
    """A torch.nn.Module as a Module of ours, a torch.Tensor as a Tensor: same structure, arguments, numbers and dtypes.

    Numbers are copied. All layers of this package, Sequential and ModuleList, in each other; `training` of each comes
    along. TypeError, naming the layer, for one that is not known here.
    """
    raise NotImplementedError


def to_torch(source):
    """A Module of ours as a torch.nn.Module, a Tensor as a torch.Tensor; as from_torch, the other way."""
    raise NotImplementedError
