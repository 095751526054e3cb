import numpy as np

from .tensor import Tensor


class Parameter(Tensor):
    def __init__(self, data, requires_grad=True):
        super().__init__(data, requires_grad=requires_grad)

    def __repr__(self):
        return "Parameter containing:\n" + super().__repr__()


class Module:
    training = True

    def __call__(self, *arguments, **options):
        def ours(value):
            return Tensor(value) if isinstance(value, np.ndarray) else value

        return self.forward(*map(ours, arguments), **{k: ours(v) for k, v in options.items()})

    def forward(self, *arguments, **options):
        raise NotImplementedError(f"{type(self).__name__} has no forward")

    # ---- what is in it

    def named_children(self):
        seen = set()
        for name, value in vars(self).items():
            if isinstance(value, Module) and id(value) not in seen:
                seen.add(id(value))
                yield name, value

    def children(self):
        for _, module in self.named_children():
            yield module

    def named_modules(self, memo=None, prefix=""):
        memo = set() if memo is None else memo
        if id(self) not in memo:
            memo.add(id(self))
            yield prefix, self
            for name, module in self.named_children():
                yield from module.named_modules(memo, f"{prefix}.{name}" if prefix else name)

    def modules(self):
        for _, module in self.named_modules():
            yield module

    def named_parameters(self):
        memo = set()
        for prefix, module in self.named_modules():
            for name, value in vars(module).items():
                if isinstance(value, Parameter) and id(value) not in memo:
                    memo.add(id(value))
                    yield (f"{prefix}.{name}" if prefix else name), value

    def parameters(self):
        for _, parameter in self.named_parameters():
            yield parameter

    def register_buffer(self, name, value):
        self.__dict__.setdefault("_buffer_names", set()).add(name)
        setattr(self, name, value)

    def _state(self, prefix=""):
        buffers = self.__dict__.get("_buffer_names", ())
        for name, value in vars(self).items():
            if isinstance(value, Parameter) or (name in buffers and isinstance(value, Tensor)):
                yield prefix + name, value
        for name, value in vars(self).items():
            if isinstance(value, Module):
                yield from value._state(f"{prefix}{name}.")

    def state_dict(self):
        return {name: value.detach() for name, value in self._state()}

    def load_state_dict(self, state, strict=True):
        own = dict(self._state())
        missing = [name for name in own if name not in state]
        unexpected = [name for name in state if name not in own]
        faults = []
        if strict and missing:
            faults.append(f"Missing key(s): {', '.join(missing)}.")
        if strict and unexpected:
            faults.append(f"Unexpected key(s): {', '.join(unexpected)}.")
        arrays = {}
        for name in own.keys() & state.keys():
            value = state[name]
            value = value.data if isinstance(value, Tensor) else value
            if hasattr(value, "detach"):
                value = value.detach().cpu().numpy()
            arrays[name] = np.asarray(value)
            if arrays[name].shape != own[name].shape:
                faults.append(f"size mismatch for {name}: {arrays[name].shape} instead of {own[name].shape}.")
        if faults:
            raise RuntimeError(f"Error(s) in loading state_dict for {type(self).__name__}: " + " ".join(faults))
        for name, array in arrays.items():
            own[name].data[...] = array
            own[name]._version[0] += 1

    # ---- modes

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
        for _, value in self._state():
            if isinstance(target, str) and target in ("cpu", "cuda"):
                value.to(target)
            elif value.dtype.kind == "f":
                value.data = value.data.astype(target, copy=False)
                value._version[0] += 1
                if value.grad is not None:
                    value.grad = value.grad.to(target)
        return self

    def __repr__(self):
        inner = "".join(f"\n  ({n}): {m!r}" for n, m in self.named_children())
        return f"{type(self).__name__}({inner}{chr(10) if inner else ''})"


class _Container(Module):
    def __init__(self, modules):
        self._count = 0
        for module in modules:
            self.append(module)

    def append(self, module):
        setattr(self, str(self._count), module)
        self._count += 1
        return self

    def __len__(self):
        return self._count

    def __getitem__(self, index):
        if isinstance(index, slice):
            return self._slice([self[i] for i in range(*index.indices(len(self)))])
        if not -len(self) <= index < len(self):
            raise IndexError(f"index {index} is out of range")
        return getattr(self, str(index % len(self)))

    def __iter__(self):
        return (self[i] for i in range(len(self)))


class Sequential(_Container):
    def __init__(self, *modules):
        super().__init__(modules)

    def _slice(self, modules):
        return Sequential(*modules)

    def forward(self, x):
        for module in self:
            x = module(x)
        return x


class ModuleList(_Container):
    def __init__(self, modules=()):
        super().__init__(modules)

    def _slice(self, modules):
        return ModuleList(modules)
