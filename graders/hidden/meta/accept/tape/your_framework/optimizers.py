"""Optimisers."""

import numpy as np


class _Optimizer:
    def __init__(self, params, options):
        params = list(params)
        if not params:
            raise ValueError("no parameters")
        if not isinstance(params[0], dict):
            params = [{"params": params}]
        self.param_groups = [{**options, **group, "params": list(group["params"])} for group in params]
        for group in self.param_groups:
            for name in ("lr", "weight_decay", "momentum", "eps"):
                if group.get(name, 0) < 0:
                    raise ValueError(f"{name} is {group[name]}")
            for beta in group.get("betas", ()):
                if not 0 <= beta < 1:
                    raise ValueError(f"betas are {group['betas']}")
        self.state = {}  # by the number of the parameter

    def zero_grad(self):
        for group in self.param_groups:
            for p in group["params"]:
                p.grad = None

    def step(self):
        number = 0
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is not None:
                    self.update(p.data, p.grad.data, group, self.state.setdefault(number, {}))
                number += 1

    def state_dict(self):
        groups = [{k: v for k, v in group.items() if k != "params"} for group in self.param_groups]
        state = {number: {k: np.copy(v) for k, v in each.items()} for number, each in self.state.items()}
        return {"state": state, "param_groups": groups}

    def load_state_dict(self, state):
        for group, options in zip(self.param_groups, state["param_groups"], strict=True):
            group.update(options)
        self.state = {number: {k: np.copy(v) for k, v in each.items()} for number, each in state["state"].items()}


class SGD(_Optimizer):
    def __init__(self, params, lr=1e-3, momentum=0, dampening=0, weight_decay=0, nesterov=False):
        if nesterov and (momentum <= 0 or dampening != 0):
            raise ValueError("nesterov needs a momentum and no dampening")
        super().__init__(
            params, dict(lr=lr, momentum=momentum, dampening=dampening, weight_decay=weight_decay, nesterov=nesterov)
        )

    def update(self, w, g, group, state):
        m = group["momentum"]
        if group["weight_decay"]:
            g = g + group["weight_decay"] * w
        if m:
            v = m * state["v"] + (1 - group["dampening"]) * g if "v" in state else g.copy()
            state["v"] = v
            g = g + m * v if group["nesterov"] else v
        w -= group["lr"] * g


class Adam(_Optimizer):
    decoupled = False

    def __init__(self, params, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=0):
        super().__init__(params, dict(lr=lr, betas=betas, eps=eps, weight_decay=weight_decay))

    def update(self, w, g, group, state):
        (b1, b2), lr, decay = group["betas"], group["lr"], group["weight_decay"]
        if self.decoupled:
            w *= 1 - lr * decay
        elif decay:
            g = g + decay * w
        t = state["t"] = int(state.get("t", 0)) + 1
        m = state["m"] = b1 * state.get("m", 0) + (1 - b1) * g
        v = state["v"] = b2 * state.get("v", 0) + (1 - b2) * g * g
        w -= lr * (m / (1 - b1**t)) / (np.sqrt(v / (1 - b2**t)) + group["eps"])


class AdamW(Adam):
    decoupled = True

    def __init__(self, params, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=1e-2):
        super().__init__(params, lr, betas, eps, weight_decay)
