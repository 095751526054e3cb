"""Modules: what holds parameters and other modules."""

import numpy as np

from .tensor import Tensor


class Parameter(Tensor):
    def __init__(self, data, requires_grad=True):
        super().__init__(data, requires_grad)


class Module:
    training = True

    def __call__(self, *arguments, **options):
        return self.forward(*arguments, **options)

    def forward(self, *arguments, **options):
        raise NotImplementedError(f"{type(self).__name__} has no forward")

    def _everything(self, prefix=""):
        """(name, tensor, is a parameter), at every level, repeated ones too."""
        for name, value in vars(self).items():
            if isinstance(value, Parameter):
                yield prefix + name, value, True
            elif isinstance(value, Tensor) and name in vars(self).get("_buffers", ()):
                yield prefix + name, value, False
            elif isinstance(value, Module):
                yield from value._everything(prefix + name + ".")

    def named_parameters(self):
        seen = set()
        for name, value, is_parameter in self._everything():
            if is_parameter and id(value) not in seen:
                seen.add(id(value))
                yield name, value

    def parameters(self):
        for _, parameter in self.named_parameters():
            yield parameter

    def children(self):
        for value in vars(self).values():
            if isinstance(value, Module):
                yield value

    def named_modules(self, prefix="", seen=None):
        seen = set() if seen is None else seen
        if id(self) in seen:
            return
        seen.add(id(self))
        yield prefix, self
        for name, value in vars(self).items():
            if isinstance(value, Module):
                yield from value.named_modules(f"{prefix}.{name}" if prefix else name, seen)

    def modules(self):
        for _, module in self.named_modules():
            yield module

    def register_buffer(self, name, value):
        setattr(self, name, value)
        self._buffers = [*vars(self).get("_buffers", []), name]

    def state_dict(self):
        return {name: value.detach() for name, value, _ in self._everything()}

    def load_state_dict(self, state, strict=True):
        mine = {name: value for name, value, _ in self._everything()}
        given = {}
        for name, value in state.items():
            if isinstance(value, Tensor):
                value = value.data
            elif hasattr(value, "detach"):
                value = value.detach().numpy()
            given[name] = np.asarray(value)
        faults = []
        if strict:
            faults += [f"missing: {name}" for name in mine if name not in given]
            faults += [f"unexpected: {name}" for name in given if name not in mine]
        for name in mine:
            if name in given and given[name].shape != mine[name].shape:
                faults.append(f"{name}: shape {given[name].shape}, not {mine[name].shape}")
        if faults:
            raise RuntimeError("; ".join(faults))
        for name in mine:
            if name in given:
                mine[name].data[...] = given[name]

    def train(self, mode=True):
        for module in self.modules():
            module.training = mode
        return self

    def eval(self):
        return self.train(False)

    def zero_grad(self):
        for parameter in self.parameters():
            parameter.grad = None

    def to(self, target):
        if target == "cpu":
            return self
        for _, value, _ in self._everything():
            if value.dtype.kind == "f":
                value.data = value.data.astype(target)
                if value.grad is not None:
                    value.grad = value.grad.to(target)
        return self


class ModuleList(Module):
    def __init__(self, modules=()):
        for i, module in enumerate(modules):
            setattr(self, str(i), module)

    def __len__(self):
        return len(list(self.children()))

    def __getitem__(self, index):
        return list(self.children())[index]

    def __iter__(self):
        return self.children()


class Sequential(ModuleList):
    def __init__(self, *modules):
        super().__init__(modules)

    def __getitem__(self, index):
        found = super().__getitem__(index)
        return Sequential(*found) if isinstance(index, slice) else found

    def forward(self, x):
        for module in self:
            x = module(x)
        return x
