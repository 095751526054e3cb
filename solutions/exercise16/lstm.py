"""Exercise 16: an LSTM and its gradient."""

from typing import Any

import numpy as np


def lstm_cell(
    x: np.ndarray, h: np.ndarray, c: np.ndarray, W_x: np.ndarray, W_h: np.ndarray, b: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return the new h and c, both (n, hidden), after one token x (n, features)."""
    i, f, g, o = _gates(x, h, W_x, W_h, b)
    c = f * c + i * g
    return o * np.tanh(c), c


def lstm(
    x: np.ndarray, h0: np.ndarray, c0: np.ndarray, W_x: np.ndarray, W_h: np.ndarray, b: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray, Any]:
    """Return all outputs (tokens, n, hidden), the last h and c, and for each step what its gradient needs."""
    h, c, outputs, cache = h0, c0, [], []
    for x_t in x:
        i, f, g, o = _gates(x_t, h, W_x, W_h, b)
        before = x_t, h, c
        c = f * c + i * g
        h = o * np.tanh(c)
        outputs.append(h)
        cache.append((*before, i, f, g, o, np.tanh(c)))
    return np.array(outputs), h, c, cache


def lstm_gradient(
    doutputs: np.ndarray, dh: np.ndarray, dc: np.ndarray, cache: Any, W_x: np.ndarray, W_h: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return dx, dh0, dc0, dW_x, dW_h and db, going through the steps from the last to the first."""
    dx, dW_x, dW_h, db = [], 0.0, 0.0, 0.0
    for doutput, (x, h, c, i, f, g, o, tanh_c) in zip(doutputs[::-1], cache[::-1], strict=True):
        dh = dh + doutput  # h goes to the caller and to the next step
        dc = dc + dh * o * (1 - tanh_c**2)  # c goes to h and to the next step
        dz = np.concatenate(
            [dc * g * i * (1 - i), dc * c * f * (1 - f), dc * i * (1 - g**2), dh * tanh_c * o * (1 - o)], axis=-1
        )
        dW_x, dW_h, db = dW_x + dz.T @ x, dW_h + dz.T @ h, db + dz.sum(axis=0)
        dx.append(dz @ W_x)
        dh, dc = dz @ W_h, dc * f
    return np.array(dx[::-1]), dh, dc, dW_x, dW_h, db


def _gates(x, h, W_x, W_h, b):
    """Return the gates i, f, g and o, each (n, hidden)."""
    i, f, g, o = np.split(x @ W_x.T + h @ W_h.T + b, 4, axis=-1)
    return _sigmoid(i), _sigmoid(f), np.tanh(g), _sigmoid(o)


def _sigmoid(z):
    return (1 + np.tanh(z / 2)) / 2  # 1 / (1 + exp(-z)), without overflow


if __name__ == "__main__":
    from adding import main

    main(lstm, lstm_gradient)
