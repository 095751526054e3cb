# Every parameter is stepped by itself, with a dictionary of its own for what an optimiser remembers.
"""Optimisers as the formulas are written, one parameter after the other."""

import numpy as np

from .tensor import Tensor


class Optimizer:
    """Groups of parameters with their settings, and for every parameter its memory."""

    defaults: dict = {}

    def __init__(self, params, **settings):
        self.param_groups, self.memory = [], {}
        params = list(params)
        if len(params) == 0:
            raise ValueError("no parameters")
        for group in params if isinstance(params[0], dict) else [{"params": params}]:
            held = group["params"]
            full = {**settings, **group, "params": [held] if isinstance(held, Tensor) else [*held]}
            self.param_groups.append(full)
            for name, value in full.items():
                if name in ("lr", "momentum", "dampening", "weight_decay", "eps") and not value >= 0:
                    raise ValueError(f"{name}={value}")
                if name == "betas" and not (0 <= min(value) and max(value) < 1):
                    raise ValueError(f"betas={value}")
            if full.get("nesterov") and not full["momentum"] > 0:
                raise ValueError("nesterov goes with momentum")

    def step(self):
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is None:
                    continue
                memory = self.memory.setdefault(id(p), {"step": 0})
                memory["step"] += 1
                p.data[...] = self.moved(p.data, p.grad.data, memory, group)
                p.version[0] += 1

    def zero_grad(self):
        for group in self.param_groups:
            for p in group["params"]:
                p.grad = None

    def state_dict(self):
        order = [p for group in self.param_groups for p in group["params"]]
        state = {i: dict(self.memory[id(p)]) for i, p in enumerate(order) if id(p) in self.memory}
        number, groups = iter(range(len(order))), []
        for group in self.param_groups:
            groups.append({**group, "params": [next(number) for _ in group["params"]]})
        return {"param_groups": groups, "state": state}

    def load_state_dict(self, state):
        order = [p for group in self.param_groups for p in group["params"]]
        for group, taken in zip(self.param_groups, state["param_groups"], strict=True):
            group.update({name: taken[name] for name in taken if name != "params"})
        for i, memory in state["state"].items():
            self.memory[id(order[i])] = {k: np.array(v) if np.ndim(v) else v for k, v in memory.items()}


class SGD(Optimizer):
    def __init__(self, params, lr=1e-3, momentum=0, dampening=0, weight_decay=0, nesterov=False):
        settings = {"lr": lr, "momentum": momentum, "dampening": dampening, "weight_decay": weight_decay}
        super().__init__(params, nesterov=nesterov, **settings)

    def moved(self, p, g, memory, group):
        if group["weight_decay"]:
            g = g + group["weight_decay"] * p
        if group["momentum"]:
            if "buffer" in memory:
                memory["buffer"] = group["momentum"] * memory["buffer"] + (1 - group["dampening"]) * g
            else:
                memory["buffer"] = g.copy()
            g = g + group["momentum"] * memory["buffer"] if group["nesterov"] else memory["buffer"]
        return p - group["lr"] * g


class Adam(Optimizer):
    def __init__(self, params, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=0):
        super().__init__(params, lr=lr, betas=betas, eps=eps, weight_decay=weight_decay)

    def moved(self, p, g, memory, group):
        return self.along(p, g + group["weight_decay"] * p, memory, group)

    def along(self, p, g, memory, group):
        first, second = group["betas"]
        memory["m"] = first * memory.get("m", np.zeros_like(p)) + (1 - first) * g
        memory["v"] = second * memory.get("v", np.zeros_like(p)) + (1 - second) * g**2
        m = memory["m"] / (1 - first ** memory["step"])
        v = memory["v"] / (1 - second ** memory["step"])
        return p - group["lr"] * m / (v**0.5 + group["eps"])


class AdamW(Adam):
    def __init__(self, params, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=1e-2):
        super().__init__(params, lr, betas, eps, weight_decay)

    def moved(self, p, g, memory, group):
        return self.along(p - group["lr"] * group["weight_decay"] * p, g, memory, group)
