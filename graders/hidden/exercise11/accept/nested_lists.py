# nested lists inside, arrays only at the end
# independent
import math
import numpy as np


def zip_map(f, *trees):
    """Apply f to the numbers of nested lists of the same shape."""
    if isinstance(trees[0], list):
        return [zip_map(f, *branches) for branches in zip(*trees)]
    return f(*trees)


def numbers(tree):
    if isinstance(tree, list):
        for branch in tree:
            yield from numbers(branch)
    else:
        yield tree


def to_array(tree, like):
    return np.array(tree, dtype=like.dtype).reshape(like.shape)


def sgd(param, grad, state=None, lr=0.01, momentum=0.0, weight_decay=0.0):
    p = param.tolist()
    g = zip_map(lambda a, b: a + weight_decay * b, grad.tolist(), p)
    if state is None:
        u = g
    else:
        u = zip_map(lambda a, b: momentum * a + b, state, g)
    return to_array(zip_map(lambda a, b: a - lr * b, p, u), param), u


def adam(param, grad, state=None, lr=0.001, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.0):
    p = param.tolist()
    g = zip_map(lambda a, b: a + weight_decay * b, grad.tolist(), p)
    return _step(p, p, g, state, lr, betas, eps, param)


def adamw(param, grad, state=None, lr=0.001, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.01):
    p = param.tolist()
    shrunk = zip_map(lambda a: a * (1 - lr * weight_decay), p)
    return _step(p, shrunk, grad.tolist(), state, lr, betas, eps, param)


def _step(p, start, g, state, lr, betas, eps, like):
    b1, b2 = betas
    if state is None:
        zero = zip_map(lambda a: 0.0, p)
        state = 0, zero, zero
    t, m, v = state
    t += 1
    m = zip_map(lambda a, b: b1 * a + (1 - b1) * b, m, g)
    v = zip_map(lambda a, b: b2 * a + (1 - b2) * b * b, v, g)
    c1, c2 = 1 - b1**t, 1 - b2**t

    def move(a, mi, vi):
        return a - lr * (mi / c1) / (math.sqrt(vi / c2) + eps)

    return to_array(zip_map(move, start, m, v), like), (t, m, v)


def clip_by_norm(grads, max_norm):
    lists = [g.tolist() for g in grads]
    norm = math.sqrt(math.fsum(x * x for tree in lists for x in numbers(tree)))
    factor = 1 if norm <= max_norm else max_norm / norm
    return [to_array(zip_map(lambda x: x * factor, tree), g) for tree, g in zip(lists, grads)], norm


def warmup_cosine(step, lr, warmup, total, lr_min=0.0):
    rates = [lr * (s + 1) / warmup for s in range(warmup)]
    length = total - warmup
    rates += [lr_min + (lr - lr_min) * (1 + math.cos(math.pi * k / length)) / 2 for k in range(length)]
    return rates[step] if step < len(rates) else lr_min
