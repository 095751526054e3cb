from copy import deepcopy

import numpy as np


class Optimizer:
    def __init__(self, params, **options):
        params = list(params)
        if not params or min(v for v in options.values() if not isinstance(v, tuple)) < 0:
            raise ValueError(f"no parameters, or negative options {options}")
        self.param_groups = [{"params": params, **options}]
        self.state = [{} for _ in params]

    def zero_grad(self):
        for p in self.param_groups[0]["params"]:
            p.grad = None

    def step(self):
        o = self.param_groups[0]
        for p, s in zip(o["params"], self.state):
            if p.grad is not None:
                self.one(p.data, p.grad.data, s, **{k: v for k, v in o.items() if k != "params"})

    def state_dict(self):
        o = {k: v for k, v in self.param_groups[0].items() if k != "params"}
        return deepcopy({"state": self.state, "options": o})

    def load_state_dict(self, state):
        self.state = deepcopy(state["state"])
        self.param_groups[0].update(state["options"])


class SGD(Optimizer):
    def __init__(self, params, lr=1e-3, momentum=0, dampening=0, weight_decay=0, nesterov=False):
        if nesterov and (not momentum or dampening):
            raise ValueError("nesterov")
        super().__init__(
            params, lr=lr, momentum=momentum, dampening=dampening, weight_decay=weight_decay, nesterov=nesterov
        )

    def one(self, w, g, s, lr, momentum, dampening, weight_decay, nesterov):
        g = g + weight_decay * w
        v = s["v"] = momentum * s["v"] + (1 - dampening) * g if "v" in s else g
        w -= lr * (g + momentum * v if nesterov else v if momentum else g)


class Adam(Optimizer):
    def __init__(self, params, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=0):
        super().__init__(params, lr=lr, betas=tuple(betas), eps=eps, weight_decay=weight_decay)

    def one(self, w, g, s, lr, betas, eps, weight_decay):
        (a, b), t = betas, s.get("t", 0) + 1
        if isinstance(self, AdamW):
            w -= lr * weight_decay * w
        else:
            g = g + weight_decay * w
        m = a * s.get("m", 0) + (1 - a) * g
        v = b * s.get("v", 0) + (1 - b) * g**2
        s.update(t=t, m=m, v=v)
        w -= lr * m / (1 - a**t) / (np.sqrt(v / (1 - b**t)) + eps)


class AdamW(Adam):
    def __init__(self, params, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=1e-2):
        super().__init__(params, lr, betas, eps, weight_decay)
