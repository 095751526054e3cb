import numpy as np


def check_parameters(params):
    params = list(params)
    if len(params) == 0:
        raise ValueError("there are no parameters")
    return params


class SGD:
    def __init__(self, params, lr=1e-3, momentum=0, dampening=0, weight_decay=0, nesterov=False):
        if lr < 0 or momentum < 0 or weight_decay < 0:
            raise ValueError("lr, momentum and weight_decay must not be negative")
        if nesterov and (momentum == 0 or dampening != 0):
            raise ValueError("nesterov needs momentum and no dampening")
        self.params = check_parameters(params)
        self.param_groups = [
            {
                "params": self.params,
                "lr": lr,
                "momentum": momentum,
                "dampening": dampening,
                "weight_decay": weight_decay,
                "nesterov": nesterov,
            }
        ]
        self.velocities = [None] * len(self.params)

    def zero_grad(self):
        for p in self.params:
            p.grad = None

    def step(self):
        group = self.param_groups[0]
        for i in range(len(self.params)):
            p = self.params[i]
            if p.grad is None:
                continue
            g = p.grad.data
            if group["weight_decay"] != 0:
                g = g + group["weight_decay"] * p.data
            if group["momentum"] != 0:
                if self.velocities[i] is None:
                    self.velocities[i] = g.copy()
                else:
                    self.velocities[i] = group["momentum"] * self.velocities[i] + (1 - group["dampening"]) * g
                if group["nesterov"]:
                    g = g + group["momentum"] * self.velocities[i]
                else:
                    g = self.velocities[i]
            p.data = p.data - group["lr"] * g

    def state_dict(self):
        options = dict(self.param_groups[0])
        options.pop("params")
        return {"options": options, "velocities": list(self.velocities)}

    def load_state_dict(self, state):
        self.param_groups[0].update(state["options"])
        self.velocities = list(state["velocities"])


class Adam:
    def __init__(self, params, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=0):
        if lr < 0 or eps < 0 or weight_decay < 0:
            raise ValueError("lr, eps and weight_decay must not be negative")
        for beta in betas:
            if beta < 0 or beta >= 1:
                raise ValueError("betas must be from 0 to 1")
        self.params = check_parameters(params)
        self.param_groups = [
            {"params": self.params, "lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay}
        ]
        self.m = [None] * len(self.params)
        self.v = [None] * len(self.params)
        self.t = [0] * len(self.params)

    def zero_grad(self):
        for p in self.params:
            p.grad = None

    def step(self):
        group = self.param_groups[0]
        lr = group["lr"]
        beta1, beta2 = group["betas"]
        for i in range(len(self.params)):
            p = self.params[i]
            if p.grad is None:
                continue
            g = p.grad.data
            if isinstance(self, AdamW):
                p.data = p.data - lr * group["weight_decay"] * p.data
            else:
                g = g + group["weight_decay"] * p.data
            if self.m[i] is None:
                self.m[i] = np.zeros_like(p.data)
                self.v[i] = np.zeros_like(p.data)
            self.t[i] = self.t[i] + 1
            self.m[i] = beta1 * self.m[i] + (1 - beta1) * g
            self.v[i] = beta2 * self.v[i] + (1 - beta2) * g**2
            m_hat = self.m[i] / (1 - beta1 ** self.t[i])
            v_hat = self.v[i] / (1 - beta2 ** self.t[i])
            p.data = p.data - lr * m_hat / (np.sqrt(v_hat) + group["eps"])

    def state_dict(self):
        options = dict(self.param_groups[0])
        options.pop("params")
        return {"options": options, "m": list(self.m), "v": list(self.v), "t": list(self.t)}

    def load_state_dict(self, state):
        self.param_groups[0].update(state["options"])
        self.m = list(state["m"])
        self.v = list(state["v"])
        self.t = list(state["t"])


class AdamW(Adam):
    def __init__(self, params, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=1e-2):
        super().__init__(params, lr, betas, eps, weight_decay)
