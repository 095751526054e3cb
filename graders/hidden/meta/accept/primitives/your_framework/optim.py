"""torch.optim."""

import copy

import numpy as np


class Optimizer:
    def __init__(self, params, defaults):
        groups = list(params)
        if not groups:
            raise ValueError("optimizer got an empty parameter list")
        if not isinstance(groups[0], dict):
            groups = [{"params": groups}]
        self.defaults, self.state, self.param_groups = defaults, {}, []
        for group in groups:
            self.add_param_group(group)

    def add_param_group(self, group):
        group = {**self.defaults, **group}
        group["params"] = list(group["params"])
        for key in {"lr", "momentum", "weight_decay", "eps"} & group.keys():
            if not group[key] >= 0:
                raise ValueError(f"Invalid {key} value: {group[key]}")
        if not all(0 <= beta < 1 for beta in group.get("betas", ())):
            raise ValueError(f"Invalid betas: {group['betas']}")
        self.param_groups.append(group)

    def zero_grad(self):
        for group in self.param_groups:
            for p in group["params"]:
                p.grad = None

    def step(self):
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is not None:
                    p.data += self._direction(p.data, p.grad.data, self.state.setdefault(p, {}), **group)
                    p._version += 1

    def _numbered(self):
        return [p for group in self.param_groups for p in group["params"]]

    def state_dict(self):
        state = {i: copy.deepcopy(self.state[p]) for i, p in enumerate(self._numbered()) if p in self.state}
        groups, n = [], 0
        for group in self.param_groups:
            groups.append({**group, "params": list(range(n, n + len(group["params"])))})
            n += len(group["params"])
        return {"state": state, "param_groups": groups}

    def load_state_dict(self, state_dict):
        if [len(g["params"]) for g in state_dict["param_groups"]] != [len(g["params"]) for g in self.param_groups]:
            raise ValueError("loaded state dict contains parameter groups of other sizes")
        for group, saved in zip(self.param_groups, state_dict["param_groups"]):
            group.update({k: v for k, v in saved.items() if k != "params"})
        numbered = self._numbered()
        self.state = {numbered[i]: copy.deepcopy(each) for i, each in state_dict["state"].items()}


class SGD(Optimizer):
    def __init__(self, params, lr=1e-3, momentum=0, dampening=0, weight_decay=0, nesterov=False):
        if nesterov and (momentum <= 0 or dampening != 0):
            raise ValueError("Nesterov momentum requires a momentum and zero dampening")
        super().__init__(
            params,
            {
                "lr": lr,
                "momentum": momentum,
                "dampening": dampening,
                "weight_decay": weight_decay,
                "nesterov": nesterov,
            },
        )

    def _direction(self, w, g, state, *, lr, momentum, dampening, weight_decay, nesterov, **_):
        if weight_decay:
            g = g + weight_decay * w
        if momentum:
            buffer = state.get("momentum_buffer")
            state["momentum_buffer"] = g if buffer is None else momentum * buffer + (1 - dampening) * g
            g = g + momentum * state["momentum_buffer"] if nesterov else state["momentum_buffer"]
        return -lr * g


class Adam(Optimizer):
    decoupled_weight_decay = False

    def __init__(self, params, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=0):
        super().__init__(params, {"lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay})

    def _direction(self, w, g, state, *, lr, betas, eps, weight_decay, **_):
        decay = 0
        if self.decoupled_weight_decay:
            decay = -lr * weight_decay * w
        elif weight_decay:
            g = g + weight_decay * w
        if not state:
            state.update(step=0, exp_avg=np.zeros_like(w), exp_avg_sq=np.zeros_like(w))
        state["step"] += 1
        state["exp_avg"] += (1 - betas[0]) * (g - state["exp_avg"])
        state["exp_avg_sq"] += (1 - betas[1]) * (g * g - state["exp_avg_sq"])
        m_hat = state["exp_avg"] / (1 - betas[0] ** state["step"])
        v_hat = state["exp_avg_sq"] / (1 - betas[1] ** state["step"])
        return decay - lr * m_hat / (v_hat**0.5 + eps)


class AdamW(Adam):
    decoupled_weight_decay = True

    def __init__(self, params, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=1e-2):
        super().__init__(params, lr, betas, eps, weight_decay)
