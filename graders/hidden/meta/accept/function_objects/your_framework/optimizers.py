import copy
from collections import defaultdict

import numpy as np

from .tensor import Tensor


class Optimizer:
    def __init__(self, params, defaults):
        for name in ("lr", "momentum", "weight_decay", "eps"):
            if defaults.get(name, 0) < 0:
                raise ValueError(f"Invalid {name}: {defaults[name]}")
        if any(not 0 <= beta < 1 for beta in defaults.get("betas", ())):
            raise ValueError(f"Invalid betas: {defaults['betas']}")
        self.defaults = defaults
        self.state = defaultdict(dict)
        self.param_groups = []
        groups = list(params)
        if not groups:
            raise ValueError("optimizer got an empty parameter list")
        if not isinstance(groups[0], dict):
            groups = [{"params": groups}]
        for group in groups:
            self.add_param_group(group)

    def add_param_group(self, group):
        params = group["params"]
        params = [params] if isinstance(params, Tensor) else list(params)
        self.param_groups.append({**self.defaults, **group, "params": params})

    def zero_grad(self):
        for group in self.param_groups:
            for p in group["params"]:
                p.grad = None

    def step(self):
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is not None:
                    self._update(p, p.grad.data, group, self.state[p])
                    p._version[0] += 1

    def _update(self, p, g, group, state):
        raise NotImplementedError

    def state_dict(self):
        numbers, groups = {}, []
        for group in self.param_groups:
            for p in group["params"]:
                numbers[p] = len(numbers)
            groups.append({**group, "params": [numbers[p] for p in group["params"]]})
        return copy.deepcopy({"state": {numbers[p]: s for p, s in self.state.items()}, "param_groups": groups})

    def load_state_dict(self, state):
        state = copy.deepcopy(state)
        if [len(g["params"]) for g in state["param_groups"]] != [len(g["params"]) for g in self.param_groups]:
            raise ValueError("the state is of an optimizer with other groups")
        by_number = {}
        for mine, theirs in zip(self.param_groups, state["param_groups"]):
            by_number.update(zip(theirs["params"], mine["params"]))
            mine.update({k: v for k, v in theirs.items() if k != "params"})
        self.state = defaultdict(dict, {by_number[i]: s for i, s in state["state"].items()})


class SGD(Optimizer):
    def __init__(self, params, lr=1e-3, momentum=0, dampening=0, weight_decay=0, nesterov=False):
        if nesterov and (momentum <= 0 or dampening != 0):
            raise ValueError("Nesterov momentum requires a momentum and zero dampening")
        super().__init__(
            params,
            dict(lr=lr, momentum=momentum, dampening=dampening, weight_decay=weight_decay, nesterov=nesterov),
        )

    def _update(self, p, g, group, state):
        momentum = group["momentum"]
        if group["weight_decay"]:
            g = g + group["weight_decay"] * p.data
        if momentum:
            buffer = state.get("momentum_buffer")
            if buffer is None:
                buffer = state["momentum_buffer"] = np.array(g)
            else:
                buffer *= momentum
                buffer += (1 - group["dampening"]) * g
            g = g + momentum * buffer if group["nesterov"] else buffer
        p.data -= group["lr"] * g


class Adam(Optimizer):
    decoupled = False

    def __init__(self, params, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=0):
        super().__init__(params, dict(lr=lr, betas=betas, eps=eps, weight_decay=weight_decay))

    def _update(self, p, g, group, state):
        lr, decay, (beta1, beta2) = group["lr"], group["weight_decay"], group["betas"]
        if not state:
            state.update(step=0, exp_avg=np.zeros_like(p.data), exp_avg_sq=np.zeros_like(p.data))
        state["step"] += 1
        if decay and self.decoupled:
            p.data *= 1 - lr * decay
        elif decay:
            g = g + decay * p.data
        m, v = state["exp_avg"], state["exp_avg_sq"]
        work = np.multiply(g, 1 - beta1)
        m *= beta1
        m += work
        np.multiply(g, g, out=work)
        work *= 1 - beta2
        v *= beta2
        v += work
        np.divide(v, 1 - beta2 ** state["step"], out=work)
        np.sqrt(work, out=work)
        work += group["eps"]
        np.divide(m, work, out=work)
        work *= lr / (1 - beta1 ** state["step"])
        p.data -= work


class AdamW(Adam):
    decoupled = True

    def __init__(self, params, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=1e-2):
        super().__init__(params, lr, betas, eps, weight_decay)
