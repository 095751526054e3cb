"""Optimisers, which step downhill. Task optimizers.

params: a list of tensors, or the result of Module.parameters(). Extra `groups`: any iterable of tensors, or of groups,
which are dicts with "params" and the options that differ. `param_groups` is the list of groups; it has a single dict if
no groups were given. Changes to a group's options ("lr", …) take effect in the next step. A parameter whose gradient is
None stays as it is. A step isn't recorded in a graph: parameters stay the same objects, and they stay leaves. It
doesn't change gradients.
ValueError if there are no parameters, for a negative lr, weight_decay, momentum or eps, and for betas outside of
0 ≤ β < 1.
"""


class SGD:
    """Gradient descent. Each parameter w has a gradient g and its own velocity v:

        g ← g + weight_decay · w
        v ← momentum · v + (1 - dampening) · g      (v ← g in the first step)
        w ← w - lr · v                              with nesterov: w - lr · (g + momentum · v)

    Without momentum, v is g. ValueError for nesterov without momentum or with dampening.
    """

    def __init__(self, params, lr=1e-3, momentum=0, dampening=0, weight_decay=0, nesterov=False):
        raise NotImplementedError

    def zero_grad(self):
        """Set all gradients to None."""
        raise NotImplementedError

    def step(self):
        """Take one step with the current gradients."""
        raise NotImplementedError

    def state_dict(self):
        """Return everything that another optimiser of the same kind and size needs to continue from here."""
        raise NotImplementedError

    def load_state_dict(self, state):
        """Continue from a state returned by state_dict."""
        raise NotImplementedError


class Adam:
    """Adam. In its step t = 1, 2, …, each parameter w has a gradient g, and its own m and v, initially 0:

    g ← g + weight_decay · w
    m ← β₁ m + (1 - β₁) g,   v ← β₂ v + (1 - β₂) g²
    w ← w - lr · m / (1 - β₁ᵗ) / (√(v / (1 - β₂ᵗ)) + eps)
    """

    def __init__(self, params, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=0):
        raise NotImplementedError

    def zero_grad(self):
        """Set all gradients to None."""
        raise NotImplementedError

    def step(self):
        """Take one step with the current gradients."""
        raise NotImplementedError

    def state_dict(self):
        """Return everything that another optimiser of the same kind and size needs to continue from here."""
        raise NotImplementedError

    def load_state_dict(self, state):
        """Continue from a state returned by state_dict."""
        raise NotImplementedError


class AdamW(Adam):
    """Adam with decoupled weight decay: w ← w - lr · weight_decay · w comes first, and g stays as it is."""

    def __init__(self, params, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=1e-2):
        raise NotImplementedError
