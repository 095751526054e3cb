"""Exercise 11: optimisers."""

from typing import Any

import numpy as np


def sgd(
    param: np.ndarray,
    grad: np.ndarray,
    state: Any = None,
    lr: float = 0.01,
    momentum: float = 0.0,
    weight_decay: float = 0.0,
) -> tuple[np.ndarray, Any]:
    """Take one step of gradient descent with momentum, and return the new parameter and the new state.

    Arguments:
        param: one of the network's arrays, for example a weight matrix; any shape.
        grad: the gradient of the loss with respect to param, in the shape of param.
        state: None in the first step of this parameter, and afterwards whatever the previous call returned.
        lr: the learning rate; it may be different in every step.
        momentum: how much of the last velocity remains, from 0 to below 1; without momentum, the velocity is grad.
        weight_decay: weight_decay * param is added to grad.

    Returns:
        (new_param, new_state): new_param has the shape of param. The state is yours: a dict, a tuple, an array, … The
        caller doesn't look into it. It keeps one state for each parameter and only passes it back in the next step.
        Extras, for all functions in this file: float32 arrays give float32; a call changes neither its arguments
        (except the state) nor an earlier result.

    torch.optim.SGD(params, lr, momentum, weight_decay=weight_decay) takes the same steps.
    """
    raise NotImplementedError


def adam(
    param: np.ndarray,
    grad: np.ndarray,
    state: Any = None,
    lr: float = 0.001,
    betas: tuple[float, float] = (0.9, 0.999),
    eps: float = 1e-8,
    weight_decay: float = 0.0,
) -> tuple[np.ndarray, Any]:
    """Take one step of Adam, and return the new parameter and the new state.

    Arguments:
        param, grad, state, lr: as for sgd.
        betas: the decay rates of the two running averages, of the gradient and of its square; from 0 to below 1.
        eps: added to the root in the denominator.
        weight_decay: weight_decay * param is added to grad, before anything else.

    Returns:
        (new_param, new_state), as for sgd.

    torch.optim.Adam(params, lr, betas, eps, weight_decay) takes the same steps.
    Source: Kingma and Ba, Adam: A Method for Stochastic Optimization, 2015, https://arxiv.org/abs/1412.6980
    """
    raise NotImplementedError


def adamw(
    param: np.ndarray,
    grad: np.ndarray,
    state: Any = None,
    lr: float = 0.001,
    betas: tuple[float, float] = (0.9, 0.999),
    eps: float = 1e-8,
    weight_decay: float = 0.01,
) -> tuple[np.ndarray, Any]:
    """Take one step of AdamW, and return the new parameter and the new state.

    Arguments:
        param, grad, state, lr, betas, eps: as for adam.
        weight_decay: param is multiplied by 1 - lr * weight_decay; the gradient is left as it is.

    Returns:
        (new_param, new_state), as for sgd.

    torch.optim.AdamW(params, lr, betas, eps, weight_decay) takes the same steps.
    Source: Loshchilov and Hutter, Decoupled Weight Decay Regularization, 2019, https://arxiv.org/abs/1711.05101
    """
    raise NotImplementedError


def clip_by_norm(grads: list[np.ndarray], max_norm: float) -> tuple[list[np.ndarray], float]:
    """Scale all gradients by the same factor, so that their common norm is at most max_norm.

    Arguments:
        grads: the gradients of a network's parameters, a list of arrays of any shapes.
        max_norm: the largest norm allowed, above 0.

    Returns:
        (clipped, norm): clipped is a list of arrays in the shapes of grads. norm is a float, the norm before clipping:
        the root of the sum of the squares of all numbers in all arrays. If norm is at most max_norm, for example
        because all gradients are 0, clipped has the numbers of grads.

    torch.nn.utils.clip_grad_norm_ computes the same, up to 1e-6 that it adds to the norm. You may add it, too.
    """
    raise NotImplementedError


def warmup_cosine(step: int, lr: float, warmup: int, total: int, lr_min: float = 0.0) -> float:
    """Return the learning rate of a step: up along a line, and down along a cosine.

    Arguments:
        step: the number of the step, counted from 0.
        lr: the largest learning rate.
        warmup: the number of steps on the line, 0 or more. Their rates are lr/warmup, 2 lr/warmup, …, lr.
        total: the number of all steps, at least warmup. The cosine starts with lr in step number `warmup`.
        lr_min: the learning rate in step number `total`, where the cosine ends, and in all later steps.

    torch.optim.lr_scheduler.LinearLR followed by CosineAnnealingLR has the same rates.
    Source: Loshchilov and Hutter, SGDR: Stochastic Gradient Descent with Warm Restarts, 2017,
        https://arxiv.org/abs/1608.03983
    """
    raise NotImplementedError
