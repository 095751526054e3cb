# a dictionary as the state, adam copied for adamw
# independent
import numpy as np


def sgd(param, grad, state=None, lr=0.01, momentum=0.0, weight_decay=0.0):
    if state is None:
        velocity = np.zeros(param.shape)
    else:
        velocity = state["velocity"]
    grad = grad + weight_decay * param
    velocity = momentum * velocity + grad
    new_param = param - lr * velocity
    return new_param, {"velocity": velocity}


def adam(param, grad, state=None, lr=0.001, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.0):
    if state is None:
        state = {"step": 0, "mean": np.zeros(param.shape), "mean_of_squares": np.zeros(param.shape)}
    step = state["step"] + 1
    grad = grad + weight_decay * param
    mean = betas[0] * state["mean"] + (1 - betas[0]) * grad
    mean_of_squares = betas[1] * state["mean_of_squares"] + (1 - betas[1]) * grad**2
    corrected_mean = mean / (1 - betas[0] ** step)
    corrected_squares = mean_of_squares / (1 - betas[1] ** step)
    new_param = param - lr * corrected_mean / (np.sqrt(corrected_squares) + eps)
    new_state = {"step": step, "mean": mean, "mean_of_squares": mean_of_squares}
    return new_param, new_state


def adamw(param, grad, state=None, lr=0.001, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.01):
    if state is None:
        state = {"step": 0, "mean": np.zeros(param.shape), "mean_of_squares": np.zeros(param.shape)}
    step = state["step"] + 1
    mean = betas[0] * state["mean"] + (1 - betas[0]) * grad
    mean_of_squares = betas[1] * state["mean_of_squares"] + (1 - betas[1]) * grad**2
    corrected_mean = mean / (1 - betas[0] ** step)
    corrected_squares = mean_of_squares / (1 - betas[1] ** step)
    new_param = param - lr * weight_decay * param
    new_param = new_param - lr * corrected_mean / (np.sqrt(corrected_squares) + eps)
    new_state = {"step": step, "mean": mean, "mean_of_squares": mean_of_squares}
    return new_param, new_state


def clip_by_norm(grads, max_norm):
    everything = np.concatenate([grad.flatten() for grad in grads])
    norm = np.sqrt(np.sum(everything**2))
    if norm > max_norm:
        grads = [grad * max_norm / norm for grad in grads]
    return grads, norm


def warmup_cosine(step, lr, warmup, total, lr_min=0.0):
    if step < warmup:
        rate = lr * (step + 1) / warmup
    elif step < total:
        p = (step - warmup) / (total - warmup)
        rate = lr_min + (lr - lr_min) * (1 + np.cos(np.pi * p)) / 2
    else:
        rate = lr_min
    return rate
