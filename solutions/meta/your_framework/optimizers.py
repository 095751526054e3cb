"""Optimisers.

They step all parameters of one dtype together: a few passes over long arrays instead of many over short ones. A step
gathers the gradients into one flat array, turns it in place into the update (piece by piece, so that a piece and
its state stay in the processor's cache), and subtracts the update from the parameters in place.
"""

from itertools import accumulate
from math import sqrt
from operator import is_

import numpy as np

from .arguments import refuse
from .backend import namespace, new_array, on_device
from .tensor import Tensor, clear_grad

PIECE = 32768  # elements


class Batch:
    """Parameters of one group that have the same dtype and number of steps.

    `layout`: (name, factor) of every state array. A state array is stored divided by its factor, which saves
    a pass over it: instead of m = β m + (1 - β) g it stores m / (1 - β), a plain sum of decaying gradients.
    """

    def __init__(self, params, known, steps, layout):
        """known: each parameter's state so far, name -> array of the parameter's shape; missing arrays start at 0."""
        self.params, self.steps, self.layout = params, steps, layout
        first, ends = params[0].data, [0, *accumulate(p.data.size for p in params)]
        xp = namespace(first)
        self.flat = xp.empty(ends[-1], first.dtype)  # the gradients, then the updates
        self.state = [xp.zeros(ends[-1], first.dtype) for _ in layout]

        def cut(flat):
            return [flat[a:b].reshape(p.data.shape) for a, b, p in zip(ends, ends[1:], params, strict=False)]

        self.parts = cut(self.flat)
        self.cuts = [cut(state) for state in self.state]
        for (name, factor), parts in zip(layout, self.cuts, strict=True):
            for part, arrays in zip(parts, known, strict=True):
                if name in arrays:
                    part[...] = arrays[name] / factor
        starts = range(0, ends[-1], PIECE)
        self.pieces = [[flat[a : a + PIECE] for flat in (self.flat, *self.state)] for a in starts]

    def records(self):
        """Yield (parameter, steps, {name: array}) for each parameter."""
        for i, p in enumerate(self.params):
            state = zip(self.layout, self.cuts, strict=True)
            yield p, self.steps, {name: parts[i] * factor for (name, factor), parts in state}


class Optimizer:
    """Base class of the optimisers.

    params: an iterable of Tensors that are leaves, of pairs (name, Tensor), or of dicts {"params": …} with their own
    settings. ValueError if there are no Tensors, if one is given twice or isn't a leaf, or if a setting is out of
    range; TypeError for anything that isn't a Tensor. `param_groups` lists the settings, which may be changed between
    steps: optimizer.param_groups[0]["lr"] = 0.1.

    Settings of all optimisers: `maximize` steps uphill. `foreach` and `fused` choose between PyTorch's implementations,
    and have no effect here. NotImplementedError for `capturable` and `differentiable`.
    """

    def __init__(self, params, **settings):
        params = list(params)
        if not params:
            raise ValueError("an optimizer got an empty parameter list")
        self.settings = settings
        self.param_groups = []
        self._plans = []  # for each group: the parameters of its last step, and their batches
        self._idle = {}  # parameter -> (steps, state), for parameters without a batch
        for group in params if isinstance(params[0], dict) else [{"params": params}]:
            self.add_param_group(group)

    def add_param_group(self, param_group):
        """Add parameters with their own settings: {"params": [...], "lr": 0.1}."""
        group = {**self.settings, **param_group}
        group["params"] = [group["params"]] if isinstance(group["params"], Tensor) else list(group["params"])
        if group["params"] and all(isinstance(p, tuple) for p in group["params"]):
            group["param_names"], group["params"] = map(list, zip(*group["params"], strict=True))
        seen = {id(p) for other in self.param_groups for p in other["params"]}
        for p in group["params"]:
            if not isinstance(p, Tensor):
                raise TypeError(f"an optimizer takes Tensors, not {type(p).__name__}")
            if not p.is_leaf:
                raise ValueError("an optimizer takes leaves, not the results of operations")
            if id(p) in seen:
                raise ValueError("a parameter is given twice")
            seen.add(id(p))
        for name in "lr", "momentum", "dampening", "weight_decay", "eps":
            if group.get(name, 0) < 0:
                raise ValueError(f"{name} must be at least 0, not {group[name]}")
        if not all(0 <= beta < 1 for beta in group.get("betas", ())):
            raise ValueError(f"betas must be at least 0 and below 1, not {group['betas']}")
        if group.get("nesterov") and (group["momentum"] <= 0 or group["dampening"] != 0):
            raise ValueError("nesterov needs momentum and no dampening")
        self.param_groups.append(group)
        self._plans.append(([], []))

    def zero_grad(self, set_to_none=True):
        """Set all gradients to None, or to zeros."""
        for group in self.param_groups:
            for p in group["params"]:
                clear_grad(p, set_to_none)

    def step(self, closure=None):
        """Take one step with all parameters that have a gradient.

        `closure`: a function that computes the gradients first; return the loss that it returns.
        """
        loss = None if closure is None else closure()
        for number, group in enumerate(self.param_groups):
            group = {name: value.item() if isinstance(value, Tensor) else value for name, value in group.items()}
            for batch in self._current(number, group):
                batch.steps += 1
                np.concatenate([p.grad.data.reshape(-1) for p in batch.params], out=batch.flat)
                if group["maximize"]:
                    np.negative(batch.flat, out=batch.flat)
                with np.errstate(all="ignore"):
                    self._decay(batch, group)
                    for piece in batch.pieces:
                        self._turn(*piece, steps=batch.steps, **group)
                for p, part in zip(batch.params, batch.parts, strict=True):
                    p.data -= part
                    p.version[0] += 1
        return loss

    def _decay(self, batch, group):
        """Add the gradient of weight_decay / 2 · |p|² to the gradients."""
        if group["weight_decay"]:
            for p, part in zip(batch.params, batch.parts, strict=True):
                part += group["weight_decay"] * p.data

    def _layout(self, group):
        """Return (name, factor) of each state array; see Batch."""
        raise NotImplementedError

    def _turn(self, gradient, *state, steps, **group):
        """Turn a piece of the gradients into the update, in place."""
        raise NotImplementedError

    def _current(self, number, group):
        """Return the batches of the parameters that have gradients, reusing those of the last step if possible."""
        live = [p for p in group["params"] if p.grad is not None]
        layout, (before, batches) = self._layout(group), self._plans[number]
        if len(live) == len(before) and all(map(is_, live, before)) and all(b.layout == layout for b in batches):
            return batches
        for batch in batches:
            self._idle.update((p, (steps, state)) for p, steps, state in batch.records())
        known = [self._idle.pop(p, (0, {})) for p in live]
        kinds = {}
        for p, (steps, state) in zip(live, known, strict=True):
            kinds.setdefault((p.dtype, p.device, steps), []).append((p, state))
        batches = [Batch(*zip(*pairs, strict=True), steps, layout) for (_, _, steps), pairs in kinds.items()]
        self._plans[number] = live, batches
        return batches

    def state_dict(self):
        """Return {"state": {number: {"step": int, name: Tensor}}, "param_groups": […]}, copied, by parameter number."""
        known = dict(self._idle)
        for _, batches in self._plans:
            known.update((p, (steps, state)) for batch in batches for p, steps, state in batch.records())
        params = [p for group in self.param_groups for p in group["params"]]
        number = {id(p): i for i, p in enumerate(params)}
        state = {
            i: {"step": known[p][0]} | {name: Tensor(array) for name, array in known[p][1].items()}
            for i, p in enumerate(params)
            if p in known
        }
        groups = [group | {"params": [number[id(p)] for p in group["params"]]} for group in self.param_groups]
        return {"state": state, "param_groups": groups}

    def load_state_dict(self, state_dict):
        """Continue from the `state_dict` of an optimiser of this class. ValueError if its groups have other sizes."""
        sizes = [len(group["params"]) for group in self.param_groups]
        if sizes != [len(group["params"]) for group in state_dict["param_groups"]]:
            raise ValueError(f"the state doesn't fit parameter groups of {sizes} parameters")
        params = iter([p for group in self.param_groups for p in group["params"]])
        self._plans, self._idle = [([], []) for _ in self.param_groups], {}
        for group, new in zip(self.param_groups, state_dict["param_groups"], strict=True):
            group.update({name: value for name, value in new.items() if name in group and name != "params"})
            for number in new["params"]:
                p, own = next(params), dict(state_dict["state"].get(number, {}))
                steps = int(own.pop("step", 1)) if own else 0
                if own:
                    self._idle[p] = steps, {name: _like(p, array) for name, array in own.items() if array is not None}


def _like(p, array):
    """Convert a Tensor, a PyTorch tensor or an array to an array of p's dtype on p's device."""
    array = array.data if isinstance(array, Tensor) else np.asarray(array)
    return on_device(new_array(array, p.dtype), p.device)


class SGD(Optimizer):
    """Gradient descent: p -= lr b with b = momentum b + (1 - dampening) g; with nesterov, p -= lr (g + momentum b)."""

    def __init__(
        self,
        params,
        lr=1e-3,
        momentum=0,
        dampening=0,
        weight_decay=0,
        nesterov=False,
        *,
        maximize=False,
        foreach=None,
        differentiable=False,
        fused=None,
    ):
        refuse("SGD", differentiable=differentiable)
        settings = {"lr": lr, "momentum": momentum, "dampening": dampening, "weight_decay": weight_decay}
        super().__init__(params, **settings, nesterov=nesterov, maximize=maximize, foreach=foreach, fused=fused)

    def _layout(self, group):
        return (("momentum_buffer", 1.0),) if group["momentum"] else ()

    def _turn(self, g, b=None, *, steps, lr, momentum, dampening, nesterov, **_):
        if b is not None:
            if dampening and steps > 1:  # the first b is the gradient itself
                g *= 1 - dampening
            b *= momentum
            b += g
            g[...] = g + momentum * b if nesterov else b
        g *= lr


class Adam(Optimizer):
    """p -= lr m' / (√v' + eps), with the moving averages m' and v' of g and g² (decay `betas`), bias-corrected.

    Kingma and Ba (2015). `weight_decay` times p is added to the gradient; with `decoupled_weight_decay`, see AdamW.
    `amsgrad`: use the largest v so far (Reddi, Kale and Kumar, 2018).
    """

    def __init__(
        self,
        params,
        lr=1e-3,
        betas=(0.9, 0.999),
        eps=1e-8,
        weight_decay=0,
        amsgrad=False,
        *,
        foreach=None,
        maximize=False,
        capturable=False,
        differentiable=False,
        fused=None,
        decoupled_weight_decay=False,
    ):
        refuse(type(self).__name__, capturable=capturable, differentiable=differentiable)
        settings = {"lr": lr, "betas": tuple(map(float, betas)), "eps": eps, "weight_decay": weight_decay}
        settings |= {"amsgrad": amsgrad, "maximize": maximize, "foreach": foreach, "fused": fused}
        super().__init__(params, **settings, decoupled_weight_decay=decoupled_weight_decay)

    def _decay(self, batch, group):
        if group["decoupled_weight_decay"]:
            for p in batch.params:
                p.data *= 1 - group["lr"] * group["weight_decay"]
        else:
            super()._decay(batch, group)

    def _layout(self, group):
        beta1, beta2 = group["betas"]
        largest = (("max_exp_avg_sq", 1 - beta2),) if group["amsgrad"] else ()
        return ("exp_avg", 1 - beta1), ("exp_avg_sq", 1 - beta2), *largest

    def _turn(self, g, m, v, largest=None, *, steps, lr, betas, eps, **_):
        # With M = m / (1 - β₁) and V = v / (1 - β₂), a and b as below: m' = M / a and v' = V / b².
        beta1, beta2 = betas
        a = (1 - beta1**steps) / (1 - beta1)
        b = sqrt((1 - beta2**steps) / (1 - beta2))
        m *= beta1
        m += g
        v *= beta2
        np.multiply(g, g, out=g)
        v += g
        if largest is not None:
            v = np.maximum(largest, v, out=largest)
        np.sqrt(v, out=g)
        g += eps * b
        np.divide(m, g, out=g)
        g *= lr * b / a


class AdamW(Adam):
    """Adam with decoupled weight decay, p -= lr weight_decay p (Loshchilov and Hutter, 2019)."""

    def __init__(
        self,
        params,
        lr=1e-3,
        betas=(0.9, 0.999),
        eps=1e-8,
        weight_decay=1e-2,
        amsgrad=False,
        *,
        maximize=False,
        foreach=None,
        capturable=False,
        differentiable=False,
        fused=None,
    ):
        hints = {"foreach": foreach, "capturable": capturable, "differentiable": differentiable, "fused": fused}
        settings = {"maximize": maximize, "decoupled_weight_decay": True}
        super().__init__(params, lr, betas, eps, weight_decay, amsgrad, **hints, **settings)
