"""Optimisers: a step down. Task optimizers.

params: a list of tensors, or the result of Module.parameters(). Extra `groups`: any iterable of tensors, or of groups,
which are dicts with "params" and the options that differ. `param_groups` is the list of groups; without any, of one
dict. A change there ("lr", …) holds from the next step on. A parameter whose gradient is None stays as it is. A step is
not part of a graph: parameters stay the same objects, and leaves. ValueError for no parameters, for a negative lr,
weight_decay, momentum or eps, and for betas outside of 0 ≤ β < 1.
"""


class SGD:
    """Gradient descent, for the gradient g of a parameter w in step t, and its own v:

        g ← g + weight_decay · w
        v ← momentum · v + (1 - dampening) · g      (v ← g in the first step)
        w ← w - lr · v                              with nesterov: w - lr · (g + momentum · v)

    Without momentum v is g. ValueError for nesterov without momentum or with dampening.
    """

    def __init__(self, params, lr=1e-3, momentum=0, dampening=0, weight_decay=0, nesterov=False):
        raise NotImplementedError

    def zero_grad(self):
        """Sets all gradients to None."""
        raise NotImplementedError

    def step(self):
        """Takes one step with the gradients that are there."""
        raise NotImplementedError

    def state_dict(self):
        """All that another optimiser of the same kind, for as many parameters, needs to go on from here."""
        raise NotImplementedError

    def load_state_dict(self, state):
        """Goes on from a state of state_dict."""
        raise NotImplementedError


class Adam:
    """For the gradient g of a parameter w in its step t = 1, 2, …, with its own m and v, 0 at first:

    g ← g + weight_decay · w
    m ← β₁ m + (1 - β₁) g,   v ← β₂ v + (1 - β₂) g²
    w ← w - lr · m / (1 - β₁ᵗ) / (√(v / (1 - β₂ᵗ)) + eps)
    """

    def __init__(self, params, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=0):
        raise NotImplementedError

    def zero_grad(self):
        """Sets all gradients to None."""
        raise NotImplementedError

    def step(self):
        """Takes one step with the gradients that are there."""
        raise NotImplementedError

    def state_dict(self):
        """All that another optimiser of the same kind, for as many parameters, needs to go on from here."""
        raise NotImplementedError

    def load_state_dict(self, state):
        """Goes on from a state of state_dict."""
        raise NotImplementedError


class AdamW(Adam):
    """Adam, but weights decay by themselves: w ← w - lr · weight_decay · w comes first, and g is left as it is."""

    def __init__(self, params, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=1e-2):
        raise NotImplementedError
