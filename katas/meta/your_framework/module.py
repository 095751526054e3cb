"""Modules: what holds parameters and other modules. Task layers."""

from .tensor import Tensor


class Parameter(Tensor):
    """A Tensor that requires grad. A module finds the Parameters among its attributes."""

    def __init__(self, data, requires_grad=True):
        raise NotImplementedError


class Module:
    """The base of all layers and models.

        class MyModel(Module):
            def __init__(self):
                self.fc = Linear(784, 10)

            def forward(self, x):
                return self.fc(x)

    A class need not call super().__init__(). Parameters and modules are the current values of the attributes. A
    parameter that two modules share counts once.
    """

    training = True

    def __call__(self, *arguments, **options):
        """forward(*arguments, **options). Layers take arrays as they take Tensors."""
        raise NotImplementedError

    def forward(self, *arguments, **options):
        """What the module computes; every module writes its own."""
        raise NotImplementedError

    def named_parameters(self):
        """Pairs (name, Parameter), the name with a dot for each level: "fc.weight"."""
        raise NotImplementedError

    def parameters(self):
        """The parameters of this module and of all in it."""
        raise NotImplementedError

    def children(self):
        """The modules among the attributes."""
        raise NotImplementedError

    def named_modules(self):
        """Pairs (name, module): this one, named "", and all in it, at every level."""
        raise NotImplementedError

    def modules(self):
        """The modules of named_modules."""
        raise NotImplementedError

    def register_buffer(self, name, value):
        """Makes a Tensor an attribute. It is not a parameter, but state_dict has it and to() converts it."""
        raise NotImplementedError

    def state_dict(self):
        """Arrays or Tensors by name: all parameters (a shared one under each of its names) and buffers."""
        raise NotImplementedError

    def load_state_dict(self, state, strict=True):
        """Copies the numbers of a state (arrays or tensors, PyTorch's too, by name) into parameters and buffers.

        With strict=False it passes over names that are missing or unknown. Parameters stay the same objects.
        RuntimeError, naming what is missing, unknown or of another shape; then nothing is changed.
        """
        raise NotImplementedError

    def train(self, mode=True):
        """Sets `training` of this module and of all in it; returns the module."""
        raise NotImplementedError

    def eval(self):
        """train(False)."""
        raise NotImplementedError

    def zero_grad(self):
        """Sets the gradients of all parameters to None."""
        raise NotImplementedError

    def to(self, target):
        """Takes parameters and buffers to a device, or the floating ones to a floating dtype; returns the module."""
        raise NotImplementedError


class Sequential(Module):
    """Modules in a row, Sequential(Linear(2, 3), ReLU()), named "0", "1", …; with len(), iteration and an index."""

    def __init__(self, *modules):
        raise NotImplementedError

    def __len__(self):
        raise NotImplementedError

    def __getitem__(self, index):
        raise NotImplementedError

    def __iter__(self):
        raise NotImplementedError

    def forward(self, x):
        """Calls the modules one after the other, each with the result of the one before."""
        raise NotImplementedError


class ModuleList(Module):
    """A list of modules, ModuleList([Linear(2, 3), ReLU()]), named as those of Sequential, without a forward."""

    def __init__(self, modules=()):
        raise NotImplementedError

    def __len__(self):
        raise NotImplementedError

    def __getitem__(self, index):
        raise NotImplementedError

    def __iter__(self):
        raise NotImplementedError
