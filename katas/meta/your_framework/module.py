"""Modules, which hold parameters and other modules. Task layers."""

from .tensor import Tensor


class Parameter(Tensor):
    """A Tensor that requires grad. A module finds its Parameters among its attributes."""

    def __init__(self, data, requires_grad=True):
        raise NotImplementedError


class Module:
    """The base class of all layers and models.

        class MyModel(Module):
            def __init__(self):
                self.fc = Linear(784, 10)

            def forward(self, x):
                return self.fc(x)

    A subclass needn't call super().__init__(). A module's parameters and submodules are whatever its attributes hold at
    the moment. A parameter that two modules share counts once.
    """

    training = True

    def __call__(self, *arguments, **options):
        """Return forward(*arguments, **options). Layers accept arrays as well as Tensors."""
        raise NotImplementedError

    def forward(self, *arguments, **options):
        """Compute the module's result; every subclass defines its own."""
        raise NotImplementedError

    def named_parameters(self):
        """Yield pairs (name, Parameter); the name has a dot for each level: "fc.weight"."""
        raise NotImplementedError

    def parameters(self):
        """Yield the parameters of this module and of all modules in it."""
        raise NotImplementedError

    def children(self):
        """Yield the modules among the attributes."""
        raise NotImplementedError

    def named_modules(self):
        """Yield pairs (name, module): this one, named "", and all modules in it, at every level."""
        raise NotImplementedError

    def modules(self):
        """Yield the modules of named_modules."""
        raise NotImplementedError

    def register_buffer(self, name, value):
        """Store a Tensor as an attribute. It isn't a parameter, but state_dict includes it and to() converts it."""
        raise NotImplementedError

    def state_dict(self):
        """Return arrays or Tensors by name: all parameters (a shared one under each of its names) and buffers."""
        raise NotImplementedError

    def load_state_dict(self, state, strict=True):
        """Copy the numbers of a state (arrays or tensors by name, PyTorch's too) into parameters and buffers.

        With strict=False, ignore missing and unknown names. Parameters stay the same objects. RuntimeError that lists
        the names that are missing, unknown or have a different shape; in this case nothing is changed.
        """
        raise NotImplementedError

    def train(self, mode=True):
        """Set `training` of this module and of all modules in it; return the module."""
        raise NotImplementedError

    def eval(self):
        """Return train(False)."""
        raise NotImplementedError

    def zero_grad(self):
        """Set the gradients of all parameters to None."""
        raise NotImplementedError

    def to(self, target):
        """Move parameters and buffers to a device, or convert floating ones to a floating dtype; return the module."""
        raise NotImplementedError


class Sequential(Module):
    """A chain of modules, Sequential(Linear(2, 3), ReLU()), named "0", "1", …; has len(), iteration and indexing."""

    def __init__(self, *modules):
        raise NotImplementedError

    def __len__(self):
        raise NotImplementedError

    def __getitem__(self, index):
        raise NotImplementedError

    def __iter__(self):
        raise NotImplementedError

    def forward(self, x):
        """Call the modules in order, each with the result of the previous one."""
        raise NotImplementedError


class ModuleList(Module):
    """A list of modules, ModuleList([Linear(2, 3), ReLU()]), named as in Sequential, without a forward."""

    def __init__(self, modules=()):
        raise NotImplementedError

    def __len__(self):
        raise NotImplementedError

    def __getitem__(self, index):
        raise NotImplementedError

    def __iter__(self):
        raise NotImplementedError
