"""Modules, which find their parameters and submodules among their attributes."""

import numpy as np

from .arguments import refuse
from .backend import is_array, on_device
from .tensor import Tensor, as_tensor, clear_grad, destinations


class Parameter(Tensor):
    """A Tensor that belongs to a Module's parameters, and requires grad by default."""

    __slots__ = ()

    def __init__(self, data, requires_grad=True, dtype=None, device=None):
        super().__init__(data, requires_grad, dtype, device)


class Module:
    """Base class of all layers and models: define `forward` and `__init__`, which needn't call super().__init__().

    Attributes that are Parameters, Modules or registered buffers belong to the module, in the order of assignment.
    """

    training = True
    _buffers = frozenset()  # names of the attributes that belong to the state but aren't parameters

    def __call__(self, *args, **kwargs):
        """Call forward, after converting NumPy arrays among the positional arguments to Tensors."""
        return self.forward(*[as_tensor(arg) if is_array(arg) else arg for arg in args], **kwargs)

    def forward(self, *args, **kwargs):
        """Compute the module's result; defined by subclasses."""
        raise NotImplementedError(f"{type(self).__name__} has no forward")

    def __setattr__(self, name, value):
        if name in self._buffers and value is not None and not isinstance(value, Tensor):
            value = as_tensor(value)
        object.__setattr__(self, name, value)

    def register_buffer(self, name, tensor, persistent=True):
        """Set an attribute that is saved and moved with the module but not trained: a Tensor, an array or None."""
        refuse("register_buffer", persistent=persistent)
        self._buffers = self._buffers | {name}
        setattr(self, name, tensor)

    def named_children(self):
        """Yield (name, module) for each attribute that is a module."""
        return ((name, value) for name, value in vars(self).items() if isinstance(value, Module))

    def children(self):
        """Yield the modules among the attributes."""
        return (module for _, module in self.named_children())

    def named_modules(self, memo=None, prefix="", remove_duplicate=True):
        """Yield (dotted name, module) for this module (`prefix`) and all below it, by default each object once."""
        refuse("named_modules", memo=memo)
        found = self._walk(prefix)
        return _once(found) if remove_duplicate else found

    def modules(self, remove_duplicate=True):
        """Yield this module and all below it, by default each once."""
        return (module for _, module in self.named_modules(remove_duplicate=remove_duplicate))

    def named_parameters(self, prefix="", recurse=True, remove_duplicate=True):
        """Yield (dotted name, Parameter) for this module and, if `recurse`, all below it.

        By default, a shared one comes once, under its first name.
        """
        found = (item for item in self._state(prefix, recurse) if isinstance(item[1], Parameter))
        return _once(found) if remove_duplicate else found

    def parameters(self, recurse=True):
        """Yield all Parameters of this module and, if `recurse`, below, a shared one once."""
        return (parameter for _, parameter in self.named_parameters(recurse=recurse))

    def buffers(self, recurse=True):
        """Yield all registered buffers of this module and, if `recurse`, below."""
        return (tensor for _, tensor in self._state(recurse=recurse) if not isinstance(tensor, Parameter))

    def _walk(self, prefix):
        """Yield (dotted name, module) for this module and all below it, in depth-first order."""
        yield prefix, self
        for name, child in self.named_children():
            yield from child._walk(f"{prefix}.{name}" if prefix else name)

    def _state(self, prefix="", recurse=True):
        """Yield (dotted name, Tensor) for all Parameters and buffers, a shared one under each of its names."""
        for path, module in self._walk(prefix) if recurse else [(prefix, self)]:
            for name, value in vars(module).items():
                if isinstance(value, Parameter) or (name in module._buffers and value is not None):
                    yield f"{path}.{name}" if path else name, value

    def state_dict(self, *, destination=None, prefix="", keep_vars=False):
        """Return parameters and buffers by dotted name; the tensors share memory with the module, as in PyTorch.

        `prefix`: what every name begins with, including a dot. `keep_vars`: return the Parameters themselves.
        """
        refuse("state_dict", destination=destination)
        if keep_vars:
            return {prefix + name: value for name, value in self._state()}
        return {prefix + name: value.detach() for name, value in self._state()}

    def load_state_dict(self, state_dict, strict=True, assign=False):
        """Copy numbers from a mapping of name -> array or Tensor (from this package or PyTorch), of any numeric dtype.

        RuntimeError lists all shapes that differ and, if `strict`, all missing or unexpected names; in this case
        nothing is changed. Returns (missing, unexpected).
        """
        refuse("load_state_dict", assign=assign)
        state, own = state_dict, dict(self._state())
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
        """Set `training`, which Dropout and BatchNorm use, for this module and all below it. Return the module."""
        for module in self.modules():
            module.training = mode
        return self

    def eval(self):
        """Return train(False)."""
        return self.train(False)

    def zero_grad(self, set_to_none=True):
        """Set all gradients to None, or to zeros."""
        for parameter in self.parameters():
            clear_grad(parameter, set_to_none)

    def to(self, *targets, device=None, dtype=None, non_blocking=False, memory_format=None):  # noqa: ARG002
        """Move to a device, and convert floating parameters and buffers to another floating dtype. Return the module.

        A Tensor among the targets means its device and dtype; `non_blocking` has no effect. The Parameter objects stay
        the same; their gradients are converted too. TypeError for a dtype that isn't floating.
        """
        refuse("to", memory_format=memory_format)
        for target in destinations(targets, device, dtype):
            device = target in ("cpu", "cuda")
            if not device and np.dtype(target).kind != "f":
                raise TypeError(f"a module can be converted to a floating dtype, not to {target}")
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
    """Yield (name, object), each object only once."""
    seen = set()
    for name, value in named:
        if id(value) not in seen:
            seen.add(id(value))
            yield name, value


def _array(value):
    """Return the array of a Tensor, of a PyTorch tensor, or of anything that NumPy can turn into an array."""
    value = value.detach() if hasattr(value, "detach") else value
    if isinstance(value, Tensor):
        return value.data
    return as_tensor(value if is_array(value) or not hasattr(value, "numpy") else value.cpu().numpy()).data


class ModuleList(Module):
    """A list of modules with len, indexing, iteration and append, but without forward."""

    def __init__(self, modules=None):
        for module in modules or ():
            self.append(module)

    def append(self, module):
        """Append a module and return the list."""
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
    """A chain of modules: Sequential(Linear(2, 3), ReLU())."""

    def __init__(self, *modules):
        super().__init__(modules[0] if len(modules) == 1 and not isinstance(modules[0], Module) else modules)

    def forward(self, x):
        """Pass x through all modules."""
        for module in vars(self).values():
            if isinstance(module, Module):
                x = module(x)
        return x
