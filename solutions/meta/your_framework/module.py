"""Modules: objects that hold parameters and other modules, found by looking at their attributes."""

from .backend import is_array, on_device
from .tensor import Tensor, as_tensor


class Parameter(Tensor):
    """A Tensor that a Module counts as its own, and that requires grad unless told otherwise."""

    __slots__ = ()

    def __init__(self, data, requires_grad=True, dtype=None, device=None):
        super().__init__(data, requires_grad, dtype, device)


class Module:
    """Base of all layers and models: write `__init__`, without super().__init__() if you like, and `forward`.

    An attribute that is a Parameter, a Module or a registered buffer belongs to the module, in the order of assignment.
    """

    training = True
    _buffers = frozenset()  # names of the attributes that are state, but no parameters

    def __call__(self, *args, **kwargs):
        """forward, with NumPy arrays among the positional arguments made Tensors."""
        return self.forward(*[as_tensor(arg) if is_array(arg) else arg for arg in args], **kwargs)

    def forward(self, *args, **kwargs):
        """What the module computes, for subclasses to write."""
        raise NotImplementedError(f"{type(self).__name__} has no forward")

    def __setattr__(self, name, value):
        if name in self._buffers and value is not None and not isinstance(value, Tensor):
            value = as_tensor(value)
        object.__setattr__(self, name, value)

    def register_buffer(self, name, value):
        """An attribute that is saved and moved with the module, but not trained: a Tensor, an array or None."""
        self._buffers = self._buffers | {name}
        setattr(self, name, value)

    def named_children(self):
        """(name, module) of each attribute that is a module."""
        return ((name, value) for name, value in vars(self).items() if isinstance(value, Module))

    def children(self):
        """The modules among the attributes."""
        return (module for _, module in self.named_children())

    def named_modules(self):
        """(dotted name, module) of this module ('') and all below it, each object once."""
        return _once(self._walk(""))

    def modules(self):
        """This module and all below it, each once."""
        return (module for _, module in self.named_modules())

    def named_parameters(self):
        """(dotted name, Parameter) here and below, a shared one once, under its first name."""
        return _once(item for item in self._state() if isinstance(item[1], Parameter))

    def parameters(self):
        """All Parameters here and below, a shared one once."""
        return (parameter for _, parameter in self.named_parameters())

    def buffers(self):
        """All registered buffers here and below."""
        return (tensor for _, tensor in self._state() if not isinstance(tensor, Parameter))

    def _walk(self, prefix):
        """(dotted name, module) of this module and all below it, in depth-first order."""
        yield prefix, self
        for name, child in self.named_children():
            yield from child._walk(f"{prefix}.{name}" if prefix else name)

    def _state(self):
        """(dotted name, Tensor) of all Parameters and buffers, as often as they occur."""
        for prefix, module in self._walk(""):
            for name, value in vars(module).items():
                if isinstance(value, Parameter) or (name in module._buffers and value is not None):
                    yield f"{prefix}.{name}" if prefix else name, value

    def state_dict(self):
        """Dotted name -> Tensor, of parameters and buffers; memory is shared with the module, as in PyTorch."""
        return {name: value.detach() for name, value in self._state()}

    def load_state_dict(self, state, strict=True):
        """Copy numbers from a mapping of name -> array or Tensor (of this package or of PyTorch), of any numeric dtype.

        RuntimeError lists all shapes that differ, and if `strict` all names that are missing or unexpected; nothing is
        changed then. Returns (missing, unexpected).
        """
        own = dict(self._state())
        missing = [name for name in own if name not in state]
        unexpected = [name for name in state if name not in own]
        arrays = {name: _array(state[name]) for name in own if name in state}
        faults = [f"missing: {', '.join(missing)}"] if strict and missing else []
        faults += [f"unexpected: {', '.join(unexpected)}"] if strict and unexpected else []
        for name, array in arrays.items():
            if array.shape != own[name].shape:
                faults.append(f"{name}: shape {array.shape} instead of {own[name].shape}")
        if faults:
            raise RuntimeError(f"state of {type(self).__name__}: " + "; ".join(faults))
        for name, array in arrays.items():
            own[name].data[...] = on_device(array, own[name].device)
            own[name].version[0] += 1
        return missing, unexpected

    def train(self, mode=True):
        """Set `training`, which Dropout and BatchNorm obey, here and below. Returns the module."""
        for module in self.modules():
            module.training = mode
        return self

    def eval(self):
        """train(False)."""
        return self.train(False)

    def zero_grad(self):
        """Set all gradients to None."""
        for parameter in self.parameters():
            parameter.grad = None

    def to(self, target):
        """Move to a device, or give floating parameters and buffers another floating dtype. Returns the module.

        The Parameter objects stay the same; their gradients go along.
        """
        device = target in ("cpu", "cuda")
        for _, value in self._state():
            for tensor in (value, value.grad):
                if tensor is not None and (device or tensor.dtype.kind == "f"):
                    tensor.data = tensor.detach().to(target).data
        return self

    def __repr__(self):
        settings = {name: value for name, value in vars(self).items() if isinstance(value, (int, float, str, tuple))}
        inside = ", ".join(f"{name}={value!r}" for name, value in settings.items() if name != "training")
        lines = [("\n" + f"({name}): {child!r}").replace("\n", "\n  ") for name, child in self.named_children()]
        return f"{type(self).__name__}({inside}{''.join(lines)}{chr(10) if lines else ''})"


def _once(named):
    """The (name, object) of an iteration whose object was not met before."""
    seen = set()
    for name, value in named:
        if id(value) not in seen:
            seen.add(id(value))
            yield name, value


def _array(value):
    """The array of a Tensor of ours or of PyTorch's, or of anything that NumPy takes for one."""
    value = value.detach() if hasattr(value, "detach") else value
    if isinstance(value, Tensor):
        return value.data
    return as_tensor(value if is_array(value) or not hasattr(value, "numpy") else value.cpu().numpy()).data


class ModuleList(Module):
    """A list of modules, with len, indexing, iteration and append; it has no forward."""

    def __init__(self, modules=()):
        for module in modules:
            self.append(module)

    def append(self, module):
        """Add one at the end. Returns the list."""
        setattr(self, str(len(self)), module)
        return self

    def __len__(self):
        return len(list(self.children()))

    def __iter__(self):
        return self.children()

    def __getitem__(self, index):
        found = list(self.children())[index]
        return type(self)(found) if isinstance(index, slice) else found


class Sequential(ModuleList):
    """Modules one after the other: Sequential(Linear(2, 3), ReLU())."""

    def __init__(self, *modules):
        super().__init__(modules[0] if len(modules) == 1 and not isinstance(modules[0], Module) else modules)

    def forward(self, x):
        """x through all of them."""
        for module in vars(self).values():
            if isinstance(module, Module):
                x = module(x)
        return x
