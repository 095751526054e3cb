import numpy as np


class Optimizer:
    def __init__(self, params, **defaults):
        for name in ("lr", "momentum", "weight_decay", "eps"):
            if defaults.get(name, 0) < 0:
                raise ValueError(f"{name} is negative")
        for beta in defaults.get("betas", ()):
            if not 0 <= beta < 1:
                raise ValueError(f"beta {beta}")
        params = list(params)
        if not params:
            raise ValueError("no parameters")
        if not isinstance(params[0], dict):
            params = [{"params": params}]
        self.param_groups = [{**defaults, **group, "params": list(group["params"])} for group in params]
        self.state = {}  # by the number of the parameter

    def _all(self):
        i = 0
        for group in self.param_groups:
            for p in group["params"]:
                yield i, p, group
                i += 1

    def zero_grad(self):
        for _, p, _ in self._all():
            p.grad = None

    def step(self):
        for i, p, group in self._all():
            if p.grad is not None:
                self.update(p, p.grad.data, group, self.state.setdefault(i, {}))

    def state_dict(self):
        return {
            "state": {
                i: {k: np.copy(v) if isinstance(v, np.ndarray) else v for k, v in s.items()}
                for i, s in self.state.items()
            },
            "param_groups": [{k: v for k, v in g.items() if k != "params"} for g in self.param_groups],
        }

    def load_state_dict(self, state):
        self.state = {
            i: {k: np.copy(v) if isinstance(v, np.ndarray) else v for k, v in s.items()}
            for i, s in state["state"].items()
        }
        for mine, theirs in zip(self.param_groups, state["param_groups"]):
            mine.update(theirs)


class SGD(Optimizer):
    def __init__(self, params, lr=1e-3, momentum=0, dampening=0, weight_decay=0, nesterov=False):
        if nesterov and (momentum <= 0 or dampening != 0):
            raise ValueError("nesterov needs momentum, and no dampening")
        super().__init__(
            params, lr=lr, momentum=momentum, dampening=dampening, weight_decay=weight_decay, nesterov=nesterov
        )

    def update(self, p, g, o, state):
        if o["weight_decay"]:
            g = g + o["weight_decay"] * p.data
        if o["momentum"]:
            if "v" not in state:
                state["v"] = g.copy()
            else:
                state["v"] = o["momentum"] * state["v"] + (1 - o["dampening"]) * g
            g = g + o["momentum"] * state["v"] if o["nesterov"] else state["v"]
        p.data -= o["lr"] * g


class Adam(Optimizer):
    def __init__(self, params, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=0):
        super().__init__(params, lr=lr, betas=betas, eps=eps, weight_decay=weight_decay)

    def decay(self, p, g, o):
        return g + o["weight_decay"] * p.data

    def update(self, p, g, o, state):
        g = self.decay(p, g, o)
        b1, b2 = o["betas"]
        t = state["t"] = state.get("t", 0) + 1
        state["m"] = b1 * state.get("m", np.zeros_like(g)) + (1 - b1) * g
        state["v"] = b2 * state.get("v", np.zeros_like(g)) + (1 - b2) * g * g
        m, v = state["m"] / (1 - b1**t), state["v"] / (1 - b2**t)
        p.data -= o["lr"] * m / (np.sqrt(v) + o["eps"])


class AdamW(Adam):
    def __init__(self, params, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=1e-2):
        super().__init__(params, lr, betas, eps, weight_decay)

    def decay(self, p, g, o):
        p.data -= o["lr"] * o["weight_decay"] * p.data
        return g
