# ported from torch.optim, with lerp; the state may stay None
# independent
import math
import numpy as np


def sgd(param, grad, state=None, lr=0.01, momentum=0.0, weight_decay=0.0):
    if weight_decay != 0:
        grad = grad + weight_decay * param
    momentum_buffer = None
    if momentum != 0:
        if state is None:
            momentum_buffer = grad.copy()
        else:
            momentum_buffer = state
            momentum_buffer *= momentum
            momentum_buffer += grad
        grad = momentum_buffer
    return param - lr * grad, momentum_buffer


def _single_tensor_adam(param, grad, state, lr, betas, eps, weight_decay, decoupled):
    if state is None:
        state = {"step": np.array(0.0), "exp_avg": np.zeros_like(param), "exp_avg_sq": np.zeros_like(param)}
    state["step"] += 1
    beta1, beta2 = betas
    param = param.copy()
    if weight_decay != 0:
        if decoupled:
            param *= 1 - lr * weight_decay
        else:
            grad = grad + weight_decay * param
    exp_avg, exp_avg_sq = state["exp_avg"], state["exp_avg_sq"]
    exp_avg += (1 - beta1) * (grad - exp_avg)
    exp_avg_sq *= beta2
    exp_avg_sq += (1 - beta2) * grad * grad
    step = state["step"].item()
    bias_correction1 = 1 - beta1**step
    bias_correction2 = 1 - beta2**step
    step_size = lr / bias_correction1
    denom = np.sqrt(exp_avg_sq) / math.sqrt(bias_correction2) + eps
    param -= step_size * exp_avg / denom
    return param, state


def adam(param, grad, state=None, lr=0.001, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.0):
    return _single_tensor_adam(param, grad, state, lr, betas, eps, weight_decay, decoupled=False)


def adamw(param, grad, state=None, lr=0.001, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.01):
    return _single_tensor_adam(param, grad, state, lr, betas, eps, weight_decay, decoupled=True)


def clip_by_norm(grads, max_norm):
    total_norm = np.linalg.norm(np.stack([np.linalg.norm(g) for g in grads]))
    clip_coef = max_norm / (total_norm + 1e-6)
    clip_coef_clamped = np.clip(clip_coef, None, 1.0)
    return [g * clip_coef_clamped for g in grads], np.asarray(total_norm)


def warmup_cosine(step, lr, warmup, total, lr_min=0.0):
    if step < warmup:
        start_factor, total_iters = 1 / warmup, warmup - 1
        if total_iters == 0:
            return lr
        return lr * (start_factor + (1.0 - start_factor) * min(total_iters, step) / total_iters)
    last_epoch, t_max = step - warmup, total - warmup
    if last_epoch >= t_max:
        return lr_min
    return lr_min + (lr - lr_min) * (1 + math.cos(math.pi * last_epoch / t_max)) / 2
