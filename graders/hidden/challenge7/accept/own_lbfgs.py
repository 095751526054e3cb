# Everything in float64, without batches: L-BFGS by hand for both trainings, and a staircase as the line
# independent
"""Compression of a two-layer perceptron: int8 weights, magnitude pruning and distillation.

Everything is computed in double precision; training is deterministic full-batch L-BFGS.
"""

import sys
from collections import deque

import digit_network
import numpy as np

LAYERS = (("W1", "scale1", "b1"), ("W2", "scale2", "b2"))
KEYS = ("W1", "b1", "W2", "b2")


# ---------------------------------------------------------------------------
# Integer arithmetic
# ---------------------------------------------------------------------------


def quantize(a):
    """Symmetric row-wise quantisation to [-127, 127]."""
    a = np.asarray(a, dtype=np.float64)
    scale = np.linalg.norm(a, ord=np.inf, axis=1) / 127.0
    scale[scale == 0.0] = 1.0
    q = np.clip(np.floor(a / scale[:, np.newaxis] + 0.5), -127, 127)
    return q.astype(np.int8), scale


def dequantize(q, scale):
    return np.einsum("ij,i->ij", q.astype(np.float64), scale)


def integer_product(x, w):
    # Integer matmul has no BLAS. Doubles represent all integers below 2**53, so dgemm is exact here, and fast.
    return np.rint(np.dot(x.astype(np.float64), w.astype(np.float64).T)).astype(np.int32)


def integer_layer(x, q, scale, b):
    xq, t = quantize(x)
    z = integer_product(xq, q).astype(np.float64)
    z *= t[:, np.newaxis]
    z *= np.asarray(scale, dtype=np.float64)
    z += b
    return z


def quantize_network(network):
    out = {}
    for W, s, b in LAYERS:
        out[W], scale = quantize(network[W])
        out[s] = np.asarray(scale, dtype=np.float32)
        out[b] = np.array(network[b], dtype=np.float32)
    return out


def integer_forward(network, images):
    activation = images
    for number, (W, s, b) in enumerate(LAYERS):
        if number > 0:
            activation = np.clip(activation, 0.0, None)
        activation = integer_layer(activation, network[W], network[s], network[b])
    return activation


def stored_bytes(network):
    def cost(array):
        mask = array != 0
        return min(array.nbytes, np.packbits(mask).nbytes + array[mask].nbytes)

    return sum(cost(array) for array in network.values())


# ---------------------------------------------------------------------------
# Optimisation
# ---------------------------------------------------------------------------


def lbfgs(objective, theta, iterations, memory=10):
    """Minimise objective(theta) -> (value, gradient) by L-BFGS with Armijo backtracking."""
    value, g = objective(theta)
    pairs = deque(maxlen=memory)
    for _ in range(iterations):
        # two-loop recursion
        d = g.copy()
        alphas = []
        for s, y, rho in reversed(pairs):
            alpha = rho * s.dot(d)
            d -= alpha * y
            alphas.append(alpha)
        if pairs:
            s, y, rho = pairs[-1]
            d *= s.dot(y) / y.dot(y)
        else:
            d /= max(1.0, np.linalg.norm(g))
        for (s, y, rho), alpha in zip(pairs, reversed(alphas)):
            d += (alpha - rho * y.dot(d)) * s
        slope = -g.dot(d)
        if slope > -1e-14:
            break

        step = 1.0
        while step > 1e-8:
            trial = theta - step * d
            new_value, new_g = objective(trial)
            if new_value <= value + 1e-4 * step * slope:
                break
            step *= 0.5
        else:
            break

        s, y = trial - theta, new_g - g
        if s.dot(y) > 1e-12:
            pairs.append((s, y, 1.0 / s.dot(y)))
        theta, value, g = trial, new_value, new_g
    return theta


def flatten(network):
    return np.concatenate([np.ravel(network[key]) for key in KEYS]).astype(np.float64)


def unflatten(theta, like):
    ends = np.cumsum([like[key].size for key in KEYS])[:-1]
    return {key: part.reshape(like[key].shape) for key, part in zip(KEYS, np.split(theta, ends))}


def train(network, images, head, free, iterations, decay):
    """Minimise head(logits) -> (loss, dlogits) plus an L2 penalty over the parameters that are free."""
    theta0 = flatten(network)
    images = np.asarray(images, dtype=np.float64)

    def objective(x):
        theta = theta0.copy()
        theta[free] = x
        p = unflatten(theta, network)
        a = images @ p["W1"].T + p["b1"]
        h = np.maximum(a, 0.0)
        loss, delta = head(h @ p["W2"].T + p["b2"])
        back = np.where(a > 0.0, delta @ p["W2"], 0.0)
        g = {"W1": back.T @ images, "b1": back.sum(0), "W2": delta.T @ h, "b2": delta.sum(0)}
        return loss + 0.5 * decay * x.dot(x), flatten(g)[free] + decay * x

    theta = theta0.copy()
    theta[free] = lbfgs(objective, theta0[free], iterations)
    return unflatten(theta, network)


def log_softmax(z):
    return z - np.logaddexp.reduce(z, axis=1)[:, np.newaxis]


# ---------------------------------------------------------------------------
# Pruning
# ---------------------------------------------------------------------------


def prune(network, share):
    result = {key: np.array(value) for key, value in network.items()}
    for key in ("W1", "W2"):
        flat = result[key].reshape(-1)
        count = int(np.floor(share * flat.size))
        if count > 0:
            flat[np.argpartition(np.abs(flat), count - 1)[:count]] = 0.0
    return result


def fine_tune(network, images, labels, seed):
    n = len(images)
    rows = np.arange(n)

    def cross_entropy(logits):
        log_p = log_softmax(logits)
        delta = np.exp(log_p)
        delta[rows, labels] -= 1.0
        return -log_p[rows, labels].mean(), delta / n

    free = np.concatenate(
        [np.ravel(network[key] != 0) if key.startswith("W") else np.ones(network[key].size, dtype=bool) for key in KEYS]
    )
    # full batches: nothing is random, so the seed has nothing to do
    return train(network, images, cross_entropy, free, iterations=40, decay=1e-3)


# ---------------------------------------------------------------------------
# Distillation
# ---------------------------------------------------------------------------


def distillation_loss(student, teacher, temperature):
    T = float(temperature)
    log_p = log_softmax(np.asarray(teacher, dtype=np.float64) / T)
    log_q = log_softmax(np.asarray(student, dtype=np.float64) / T)
    p = np.exp(log_p)
    divergence = np.einsum("nc,nc->n", p, log_p - log_q)
    return float(T * T * divergence.mean()), (np.exp(log_q) - p) * (T / len(student))


def distill(teacher, images, hidden, seed):
    rng = np.random.default_rng(seed)
    classes, inputs = len(teacher["b2"]), images.shape[1]
    student = {
        "W1": rng.standard_normal((hidden, inputs)) * np.sqrt(2.0 / inputs),
        "b1": np.zeros(hidden),
        "W2": rng.standard_normal((classes, hidden)) * np.sqrt(2.0 / hidden),
        "b2": np.zeros(classes),
    }
    target = digit_network.forward(teacher, images).astype(np.float64)
    everything = np.ones(sum(value.size for value in student.values()), dtype=bool)
    student = train(
        student, images, lambda logits: distillation_loss(logits, target, 2.0), everything, iterations=150, decay=1e-4
    )
    return {key: value.astype(np.float32) for key, value in student.items()}


# ---------------------------------------------------------------------------
# The front
# ---------------------------------------------------------------------------


def pareto_front(points):
    front = []
    for point in sorted(points, key=lambda p: (p[1], -p[2])):
        if not front or point[2] > front[-1][2] or point[1:] == front[-1][1:]:
            front.append(point)
    return front


def plot_front(points, path):
    import matplotlib.pyplot as plt

    front = pareto_front(points)
    fig, ax = plt.subplots(figsize=(7, 4.5), constrained_layout=True)
    _, size, acc = zip(*points)
    ax.semilogx(np.array(size) / 1024, acc, ls="none", marker="x", color="0.5")
    _, size, acc = zip(*front)
    ax.step(np.array(size) / 1024, acc, where="post", color="C0", lw=1.5)
    for name, x, y in front:
        ax.annotate(name, (x / 1024, y), textcoords="offset points", xytext=(4, -10), fontsize=7)
    ax.set(xlabel="storage / KiB", ylabel="accuracy", title="Pareto front")
    fig.savefig(path, dpi=150)
    plt.close(fig)


if __name__ == "__main__":
    digit_network.main(sys.modules[__name__], *sys.argv[1:])
