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
        raise NotImplementedError("write a forward")

    def named_parameters(self):
        result = []
        ids = []
        for name in self.__dict__:
            value = self.__dict__[name]
            if isinstance(value, Parameter):
                if id(value) not in ids:
                    ids.append(id(value))
                    result.append((name, value))
            elif isinstance(value, Module):
                for inner_name, parameter in value.named_parameters():
                    if id(parameter) not in ids:
                        ids.append(id(parameter))
                        result.append((name + "." + inner_name, parameter))
        return result

    def parameters(self):
        result = []
        for name, parameter in self.named_parameters():
            result.append(parameter)
        return result

    def children(self):
        result = []
        for value in self.__dict__.values():
            if isinstance(value, Module):
                result.append(value)
        return result

    def named_modules(self):
        result = [("", self)]
        for name, value in self.__dict__.items():
            if isinstance(value, Module):
                for inner_name, module in value.named_modules():
                    known = False
                    for other_name, other in result:
                        if other is module:
                            known = True
                    if not known:
                        if inner_name == "":
                            result.append((name, module))
                        else:
                            result.append((name + "." + inner_name, module))
        return result

    def modules(self):
        result = []
        for name, module in self.named_modules():
            result.append(module)
        return result

    def register_buffer(self, name, value):
        if "buffer_names" not in self.__dict__:
            self.buffer_names = []
        self.buffer_names.append(name)
        setattr(self, name, value)

    def tensors_by_name(self):
        """All parameters and buffers."""
        result = {}
        for name, value in self.__dict__.items():
            if isinstance(value, Parameter):
                result[name] = value
            elif isinstance(value, Tensor) and name in self.__dict__.get("buffer_names", []):
                result[name] = value
            elif isinstance(value, Module):
                for inner_name, inner in value.tensors_by_name().items():
                    result[name + "." + inner_name] = inner
        return result

    def state_dict(self):
        result = {}
        for name, value in self.tensors_by_name().items():
            result[name] = value.data.copy()
        return result

    def load_state_dict(self, state, strict=True):
        mine = self.tensors_by_name()
        problems = []
        arrays = {}
        for name in state:
            value = state[name]
            if isinstance(value, Tensor):
                value = value.data
            elif not isinstance(value, np.ndarray) and hasattr(value, "detach"):
                value = value.detach().numpy()
            arrays[name] = np.array(value)
            if name not in mine:
                if strict:
                    problems.append("not known: " + name)
            elif arrays[name].shape != mine[name].shape:
                problems.append("another shape: " + name)
        for name in mine:
            if name not in arrays and strict:
                problems.append("missing: " + name)
        if len(problems) > 0:
            raise RuntimeError(", ".join(problems))
        for name in mine:
            if name in arrays:
                mine[name].data = arrays[name].astype(mine[name].dtype)

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
        if isinstance(target, str) and target in ("cpu", "cuda"):
            if target == "cuda":
                raise RuntimeError("only cpu")
            return self
        for value in self.tensors_by_name().values():
            if value.dtype in (np.float16, np.float32, np.float64):
                value.data = value.data.astype(target)
        return self


class Sequential(Module):
    def __init__(self, *modules):
        for i in range(len(modules)):
            setattr(self, str(i), modules[i])

    def __len__(self):
        return len(self.children())

    def __getitem__(self, index):
        return self.children()[index]

    def __iter__(self):
        return iter(self.children())

    def forward(self, x):
        for module in self.children():
            x = module(x)
        return x


class ModuleList(Module):
    def __init__(self, modules=()):
        i = 0
        for module in modules:
            setattr(self, str(i), module)
            i = i + 1

    def __len__(self):
        return len(self.children())

    def __getitem__(self, index):
        return self.children()[index]

    def __iter__(self):
        return iter(self.children())
