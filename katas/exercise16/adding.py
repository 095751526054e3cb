"""The adding problem, which your LSTM learns to solve (supplied).

In every sequence, each token is a number and a mark. Two numbers are marked, one in each half, and the answer is their
sum. A network that has forgotten the first one can only guess.
"""

from collections.abc import Callable

import numpy as np

HIDDEN, TOKENS, SEQUENCES = 16, 30, 32
STEPS, LEARNING_RATE, LARGEST, FORGET_BIAS = 4000, 0.01, 1.0, 2.0
SHOWN, SOLVED = 250, 0.001
LONGER = (60, 120)  # tokens


def main(lstm: Callable, lstm_gradient: Callable) -> None:
    """Train a network with one LSTM until its squared error is small, and print how its answer grows."""
    rng = np.random.default_rng(0)
    network = Adder(lstm, lstm_gradient, rng)
    x, y = sequences(1000, TOKENS, rng)
    print(f"Each sequence has {TOKENS} numbers. What is the sum of the two that are marked?")
    print(f"Who always answers 1 has a squared error of {np.mean((y - 1) ** 2):.4f}.\n")
    for step in range(1, STEPS + 1):
        network.step(*sequences(SEQUENCES, TOKENS, rng))
        if step % SHOWN == 0:
            error = np.mean((network.answers(x)[-1] - y) ** 2)
            print(f"step {step:4}   squared error {error:.4f}", flush=True)
            if error < SOLVED:
                break
    print(f"\nOne sequence of {TOKENS}, token by token: what the network would answer now.\n")
    for (number, mark), answer in zip(x[:, 0], network.answers(x[:, :1])[:, 0], strict=True):
        print(f"  {number:.2f} {'*' if mark else ' '}   {answer:5.2f}  {'█' * round(20 * max(answer, 0))}")
    print(f"\nThe sum of the marked numbers is {y[0]:.2f}. It has never seen a longer sequence:")
    for tokens in LONGER:
        x, y = sequences(1000, tokens, rng)
        print(f"  {tokens:3} tokens: squared error {np.mean((network.answers(x)[-1] - y) ** 2):.4f}")


def sequences(n: int, tokens: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Return n sequences, shape (tokens, n, 2), whose tokens are a number and a mark, and the sums, shape (n,)."""
    numbers, marks = rng.uniform(size=(tokens, n)), np.zeros((tokens, n))
    for first, end in ((0, tokens // 2), (tokens // 2, tokens)):
        marks[rng.integers(first, end, size=n), np.arange(n)] = 1
    return np.stack([numbers, marks], axis=-1), (numbers * marks).sum(axis=0)


class Adder:
    """An LSTM whose last output gives the answer. Adam trains it, with gradients no longer than LARGEST."""

    def __init__(self, lstm: Callable, lstm_gradient: Callable, rng: np.random.Generator) -> None:
        self.lstm, self.lstm_gradient, self.steps = lstm, lstm_gradient, 0
        self.weights = {
            "W_x": rng.normal(scale=0.3, size=(4 * HIDDEN, 2)),
            "W_h": rng.normal(scale=HIDDEN**-0.5, size=(4 * HIDDEN, HIDDEN)),
            "b": np.repeat([0.0, FORGET_BIAS, 0.0, 0.0], HIDDEN),  # at first, f is about 0.9
            "w": rng.normal(scale=0.1, size=HIDDEN),
            "bias": np.ones(1),
        }
        self.means = {name: np.zeros_like(each) for name, each in self.weights.items()}
        self.squares = {name: np.zeros_like(each) for name, each in self.weights.items()}

    def _read(self, x: np.ndarray) -> tuple:
        zeros = np.zeros((x.shape[1], HIDDEN))
        return self.lstm(x, zeros, zeros, *(self.weights[name] for name in ("W_x", "W_h", "b")))

    def answers(self, x: np.ndarray) -> np.ndarray:
        """Return the answer after each token, shape (tokens, n)."""
        return self._read(x)[0] @ self.weights["w"] + self.weights["bias"]

    def step(self, x: np.ndarray, y: np.ndarray) -> None:
        """Take one step of Adam on the mean squared error."""
        weights, n = self.weights, len(y)
        outputs, h, _, cache = self._read(x)
        dy = 2 * (h @ weights["w"] + weights["bias"] - y) / n
        found = self.lstm_gradient(
            np.zeros_like(outputs),
            np.outer(dy, weights["w"]),
            np.zeros((n, HIDDEN)),
            cache,
            weights["W_x"],
            weights["W_h"],
        )
        gradients = dict(zip(("W_x", "W_h", "b"), found[3:], strict=True)) | {
            "w": h.T @ dy,
            "bias": dy.sum(keepdims=True),
        }
        length = np.sqrt(sum((each**2).sum() for each in gradients.values()))
        self.steps += 1
        for name, gradient in gradients.items():
            gradient = gradient * min(1.0, LARGEST / length)
            self.means[name] = 0.9 * self.means[name] + 0.1 * gradient
            self.squares[name] = 0.999 * self.squares[name] + 0.001 * gradient**2
            mean = self.means[name] / (1 - 0.9**self.steps)
            square = self.squares[name] / (1 - 0.999**self.steps)
            weights[name] = weights[name] - LEARNING_RATE * mean / (np.sqrt(square) + 1e-8)
