import numpy as np

from .tensor import Tensor


class Parameter(Tensor):
    def __init__(self, data, requires_grad=True):
        super().__init__(data, requires_grad)


class Module:
    training = True

    def __call__(self, *arguments, **options):
        arguments = [Tensor(a) if isinstance(a, np.ndarray) else a for a in arguments]
        return self.forward(*arguments, **options)

    def forward(self, *arguments, **options):
        raise NotImplementedError

    def _walk(self, prefix=""):
        """(name, Parameter or buffer), all of them."""
        buffers = vars(self).get("_buffers", [])
        for name, value in vars(self).items():
            if isinstance(value, Parameter) or (name in buffers and value is not None):
                yield prefix + name, value
            elif isinstance(value, Module):
                yield from value._walk(prefix + name + ".")

    def named_parameters(self):
        seen = set()
        for name, value in self._walk():
            if isinstance(value, Parameter) and id(value) not in seen:
                seen.add(id(value))
                yield name, value

    def parameters(self):
        return [p for _, p in self.named_parameters()]

    def children(self):
        return [m for m in vars(self).values() if isinstance(m, Module)]

    def named_modules(self, prefix="", seen=None):
        seen = set() if seen is None else seen
        if id(self) in seen:
            return
        seen.add(id(self))
        yield prefix, self
        for name, value in vars(self).items():
            if isinstance(value, Module):
                yield from value.named_modules(prefix + "." + name if prefix else name, seen)

    def modules(self):
        return [m for _, m in self.named_modules()]

    def register_buffer(self, name, value):
        self.__dict__.setdefault("_buffers", []).append(name)
        setattr(self, name, value)

    def state_dict(self):
        return {name: value.detach() for name, value in self._walk()}

    def load_state_dict(self, state, strict=True):
        mine = dict(self._walk())
        arrays = {}
        for name, value in state.items():
            arrays[name] = np.asarray(value.detach().numpy() if hasattr(value, "detach") else value)
        problems = []
        if strict:
            problems += [f"missing: {n}" for n in mine if n not in arrays]
            problems += [f"unknown: {n}" for n in arrays if n not in mine]
        for name in mine:
            if name in arrays and arrays[name].shape != mine[name].shape:
                problems.append(f"{name} has shape {arrays[name].shape}, not {mine[name].shape}")
        if problems:
            raise RuntimeError("load_state_dict: " + "; ".join(problems))
        for name in mine:
            if name in arrays:
                mine[name].data[...] = arrays[name]

    def train(self, mode=True):
        for module in self.modules():
            module.training = mode
        return self

    def eval(self):
        return self.train(False)

    def zero_grad(self):
        for p in self.parameters():
            p.grad = None

    def to(self, target):
        if isinstance(target, str) and target in ("cpu", "cuda"):
            if target == "cuda":
                raise RuntimeError("no CUDA here")
            return self
        for _, value in self._walk():
            if value.dtype.kind == "f":
                value.data = value.data.astype(target)
                if value.grad is not None:
                    value.grad = value.grad.to(target)
        return self


class _Listed(Module):
    def _fill(self, modules):
        for i, module in enumerate(modules):
            setattr(self, str(i), module)

    def __len__(self):
        return len(self.children())

    def __getitem__(self, index):
        return self.children()[index]

    def __iter__(self):
        return iter(self.children())


class Sequential(_Listed):
    def __init__(self, *modules):
        self._fill(modules)

    def forward(self, x):
        for module in self:
            x = module(x)
        return x


class ModuleList(_Listed):
    def __init__(self, modules=()):
        self._fill(modules)
