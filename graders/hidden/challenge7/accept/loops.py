# Loops over rows and elements, one learning rate for all, and fine_tune in float64
# independent
# Challenge 7: Small and quick
import math
import sys

import digit_network
from digit_network import forward, gradients
import numpy as np


def quantize(a):
    n = a.shape[0]
    q = np.zeros(a.shape, dtype=np.int8)
    scale = np.ones(n)
    for i in range(n):
        biggest = max(abs(a[i]))
        if biggest > 0:
            scale[i] = biggest / 127
            q[i] = np.round(a[i] / scale[i])
    return q, scale


def dequantize(q, scale):
    result = np.zeros(q.shape)
    for i in range(len(q)):
        result[i] = q[i] * scale[i]
    return result


def integer_product(x, w):
    # int8 would overflow, so change to int32 first
    x = x.astype(np.int32)
    w = w.astype(np.int32)
    z = np.zeros((len(x), len(w)), dtype=np.int32)
    for i in range(len(x)):
        for j in range(len(w)):
            z[i, j] = np.sum(x[i] * w[j])
    return z


def integer_layer(x, q, scale, b):
    x_q, x_scale = quantize(x)
    product = integer_product(x_q, q)
    z = np.zeros(product.shape)
    for i in range(z.shape[0]):
        for j in range(z.shape[1]):
            z[i, j] = product[i, j] * x_scale[i] * scale[j] + b[j]
    return z


def quantize_network(network):
    W1, scale1 = quantize(network["W1"])
    W2, scale2 = quantize(network["W2"])
    quantized = {}
    quantized["W1"] = W1
    quantized["scale1"] = scale1.astype(np.float32)
    quantized["b1"] = network["b1"].astype(np.float32)
    quantized["W2"] = W2
    quantized["scale2"] = scale2.astype(np.float32)
    quantized["b2"] = network["b2"].astype(np.float32)
    return quantized


def integer_forward(network, images):
    z1 = integer_layer(images, network["W1"], network["scale1"], network["b1"])
    h = np.maximum(z1, 0)
    z2 = integer_layer(h, network["W2"], network["scale2"], network["b2"])
    return z2


def stored_bytes(network):
    total = 0
    for name in network:
        array = network[name]
        s = array.dtype.itemsize
        n = 0
        not_zero = 0
        for number in array.flatten():
            n += 1
            if number != 0:
                not_zero += 1
        in_full = n * s
        with_mask = math.ceil(n / 8) + not_zero * s
        if with_mask < in_full:
            total += with_mask
        else:
            total += in_full
    return total


def prune_matrix(W, share):
    W = W.copy()
    weights = []
    for i in range(W.shape[0]):
        for j in range(W.shape[1]):
            weights.append((abs(W[i, j]), i, j))
    weights.sort()
    how_many = int(share * W.size)
    for size, i, j in weights[:how_many]:
        W[i, j] = 0
    return W


def prune(network, share):
    return {
        "W1": prune_matrix(network["W1"], share),
        "b1": network["b1"].copy(),
        "W2": prune_matrix(network["W2"], share),
        "b2": network["b2"].copy(),
    }


def softmax(z):
    p = np.zeros(z.shape)
    for i in range(len(z)):
        e = np.exp(z[i] - max(z[i]))
        p[i] = e / sum(e)
    return p


def fine_tune(network, images, labels, seed):
    np.random.seed(seed)
    W1 = network["W1"].copy()
    b1 = network["b1"].copy()
    W2 = network["W2"].copy()
    b2 = network["b2"].copy()
    mask1 = W1 != 0
    mask2 = W2 != 0

    learning_rate = 0.1
    batch_size = 20
    for epoch in range(8):
        order = np.arange(len(images))
        np.random.shuffle(order)
        for start in range(0, len(order), batch_size):
            rows = order[start : start + batch_size]
            x = images[rows]

            # forward
            z1 = x @ W1.T + b1
            h = np.maximum(z1, 0)
            z2 = h @ W2.T + b2

            # backward
            d2 = softmax(z2)
            for i in range(len(rows)):
                d2[i, labels[rows[i]]] -= 1
            d2 = d2 / len(rows)
            d1 = d2 @ W2
            d1[z1 <= 0] = 0

            # step, and the zeros stay zeros
            W1 = (W1 - learning_rate * d1.T @ x) * mask1
            b1 = b1 - learning_rate * d1.sum(axis=0)
            W2 = (W2 - learning_rate * d2.T @ h) * mask2
            b2 = b2 - learning_rate * d2.sum(axis=0)
        learning_rate = learning_rate * 0.8
    return {"W1": W1, "b1": b1, "W2": W2, "b2": b2}


def distillation_loss(student, teacher, temperature):
    n = len(student)
    p = softmax(teacher / temperature)
    q = softmax(student / temperature)
    loss = 0.0
    gradient = np.zeros(student.shape)
    for i in range(n):
        for c in range(student.shape[1]):
            loss += p[i, c] * math.log(p[i, c] / q[i, c])
            gradient[i, c] = temperature / n * (q[i, c] - p[i, c])
    return temperature**2 * loss / n, gradient


def distill(teacher, images, hidden, seed):
    student = digit_network.fresh_network(hidden, np.random.default_rng(seed))
    np.random.seed(seed)
    teacher_logits = forward(teacher, images)
    temperature = 4
    learning_rate = 0.2
    batch_size = 50
    for epoch in range(25):
        order = np.random.permutation(len(images))
        for start in range(0, len(order), batch_size):
            rows = order[start : start + batch_size]
            student_logits = forward(student, images[rows])
            loss, dlogits = distillation_loss(student_logits, teacher_logits[rows], temperature)
            g = gradients(student, images[rows], dlogits)
            for name in ["W1", "b1", "W2", "b2"]:
                student[name] = student[name] - learning_rate * g[name]
    for name in student:
        student[name] = student[name].astype(np.float32)
    return student


def pareto_front(points):
    front = []
    for point in points:
        dominated = False
        for other in points:
            if other[1] <= point[1] and other[2] >= point[2]:
                if other[1] < point[1] or other[2] > point[2]:
                    dominated = True
        if not dominated:
            front.append(point)
    front.sort(key=lambda point: point[1])
    return front


def plot_front(points, path):
    import matplotlib.pyplot as plt

    plt.figure()
    for name, size, accuracy in points:
        plt.plot(size, accuracy * 100, "bo")
        plt.text(size, accuracy * 100, name, fontsize=6)
    x = []
    y = []
    for name, size, accuracy in pareto_front(points):
        x.append(size)
        y.append(accuracy * 100)
    plt.plot(x, y, "r--")
    plt.xscale("log")
    plt.xlabel("bytes")
    plt.ylabel("accuracy (%)")
    plt.title("Small networks")
    plt.savefig(path)
    plt.close()


if __name__ == "__main__":
    digit_network.main(sys.modules[__name__], *sys.argv[1:])
