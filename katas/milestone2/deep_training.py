"""A deep network made of your blocks, and the program that trains, breaks and repairs it (supplied)."""

import copy
from collections.abc import Callable
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from affine import affine
from affine_gradient import affine_backward
from digits import load_digits
from initialization import initialize
from network import Network  # supplied with exercise 10
from softmax_cross_entropy import cross_entropy, softmax

from graders.worker.recorder import Recorder

SIZES = [784, 64, 64, 64, 10]  # inputs, three hidden blocks, classes
P_DROP = 0.1
LEARNING_RATE = 0.2
BATCH = 50
EPOCHS = 10
TRAINED_ON = 3000  # `katas run milestone2` trains on this many digits and tests on the other 1000
LARGEST = 1e12  # of a parameter, so that your functions don't have to cope with what a diverging network computes
FAULTS = ("mode", "dead units", "weights", "learning rate")


class DeepNetwork(Network):
    """Hidden blocks (affine, layer norm, ReLU, dropout) and an affine output layer, for the diagnostics of exercise 10.

    Arguments:
        block_forward, block_backward: your functions.
        sizes: n_inputs, the widths of the hidden blocks, n_outputs.
        rng: draws the weights, and later the masks.

    Attributes:
        weights, biases: lists with one array per layer, first layer first, of shape (fan_out, fan_in) and (fan_out,).
        gammas, betas: lists with one array per hidden block: the scale and the shift of its layer norm.
        p_drop: the probability of dropping a unit.
        training: whether forward, activations and loss_and_gradients drop units. `step` always drops units.
        learning_rate: the factor in `step`.
    """

    def __init__(
        self, block_forward: Callable, block_backward: Callable, rng: np.random.Generator, sizes: list[int] = SIZES
    ) -> None:
        super().__init__(sizes, "relu", rng)
        self.block_forward, self.block_backward, self.rng = block_forward, block_backward, rng
        self.weights = [initialize(fan_in, fan_out, "he", rng) for fan_in, fan_out in pairwise(sizes)]
        self.biases = [np.zeros(width) for width in sizes[1:]]
        self.gammas = [np.ones(width) for width in sizes[1:-1]]
        self.betas = [np.zeros(width) for width in sizes[1:-1]]
        self.p_drop, self.learning_rate, self.training = P_DROP, LEARNING_RATE, False

    def loss_and_gradients(self, X: np.ndarray, y: np.ndarray) -> tuple[float, list[np.ndarray], list[np.ndarray]]:
        """Return the mean cross-entropy, dL/dW of each layer, and dL/db of each layer."""
        loss, gradients = self._backward(X, y)
        return loss, gradients["weights"], gradients["biases"]

    def step(self, X: np.ndarray, y: np.ndarray, learning_rate: float = 0.05) -> float:
        """Take one step of gradient descent with dropout, and return the loss before it.

        If you pass a learning rate, as some diagnostics do, it is relative: 0.05 means the network's own rate.
        """
        before, self.training = self.training, True
        loss, gradients = self._backward(X, y)
        self.training = before
        for name, of_layers in gradients.items():
            for parameter, gradient in zip(getattr(self, name), of_layers, strict=True):
                parameter -= self.learning_rate * learning_rate / 0.05 * gradient
                np.clip(parameter, -LARGEST, LARGEST, out=parameter)
        return loss

    def _outputs(self, X: np.ndarray) -> list[np.ndarray]:
        """Return the outputs of every layer; those of the last one are the logits."""
        return self._forward(X)[0]

    def _forward(self, X: np.ndarray) -> tuple[list[np.ndarray], list[tuple]]:
        """Return the outputs of every layer, and what each block needs for its backward pass."""
        outputs, kept = [X], []
        for W, b, gamma, beta in zip(self.weights[:-1], self.biases[:-1], self.gammas, self.betas, strict=True):
            z = affine(W, outputs[-1], b)  # copied below, in case one of your functions overwrites its argument
            h, mask = self.block_forward(z.copy(), gamma, beta, self.p_drop, self.rng, self.training)
            outputs.append(h)
            kept.append((z, gamma, beta, mask, self.p_drop))
        return [*outputs[1:], affine(self.weights[-1], outputs[-1], self.biases[-1])], kept

    def _backward(self, X: np.ndarray, y: np.ndarray) -> tuple[float, dict[str, list[np.ndarray]]]:
        """Return the loss, and the gradients of all parameters under their attributes' names."""
        (*hidden, logits), kept = self._forward(X)
        inputs, n = [X, *hidden], len(X)
        # shifted and bounded, which changes no gradient, in case your functions take huge logits as they are
        bounded = np.clip(logits - logits.max(axis=1, keepdims=True), -100, 0)
        delta = softmax(bounded.copy()) / n
        delta[np.arange(n), y] -= 1 / n
        dW, dh, db = affine_backward(delta, inputs[-1], self.weights[-1])
        gradients = {"weights": [dW], "biases": [db], "gammas": [], "betas": []}
        for W, x, block in zip(self.weights[-2::-1], inputs[-2::-1], kept[::-1], strict=True):
            z, *others = block
            dz, dgamma, dbeta = self.block_backward(dh, z.copy(), *others)
            dW, dh, db = affine_backward(dz, x, W)
            for name, gradient in (("weights", dW), ("biases", db), ("gammas", dgamma), ("betas", dbeta)):
                gradients[name].insert(0, gradient)
        return float(cross_entropy(bounded, y)), gradients


def parts(network: DeepNetwork, X: np.ndarray, y: np.ndarray) -> dict:
    """Return what a Recorder shows of a network: the first layer's weights, and the sizes in each layer for X."""
    _, gradients, _ = network.loss_and_gradients(X, y)
    names = [*(f"block {i}" for i in range(1, len(gradients))), "output"]
    return {"weights": network.weights[0], "sizes": list(zip(names, network._outputs(X), gradients, strict=True))}


def train(
    network: DeepNetwork,
    images: np.ndarray,
    labels: np.ndarray,
    rng: np.random.Generator,
    epochs: int = EPOCHS,
    recorder: Recorder | None = None,
) -> list[float]:
    """Train a network in place, with steps that get smaller and smaller; return the loss before each step."""
    losses = []
    for epoch in range(epochs):
        order = rng.permutation(len(images))
        for start in range(0, len(images) - BATCH + 1, BATCH):
            rows = order[start : start + BATCH]
            progress = (epoch + start / len(images)) / epochs
            losses.append(network.step(images[rows], labels[rows], 0.05 * (1 - progress)))
            if recorder is not None:
                recorder.step(
                    losses[-1],
                    parts=partial(parts, network, images[rows], labels[rows]),
                    read=lambda x: softmax(network.forward(x)),
                )
    return losses


def break_network(network: DeepNetwork, fault: str) -> None:
    """Build one of the FAULTS into a network."""
    if fault == "mode":
        network.training = True
    elif fault == "dead units":
        network.betas[1] -= 10.0
    elif fault == "weights":
        network.weights[0] *= 1e6
    elif fault == "learning rate":
        network.learning_rate = 1e-6


def experiment(
    block_forward: Callable, block_backward: Callable, find_fault: Callable, repair: Callable, seed: int = 0
) -> tuple[list[float], dict[str, tuple[float, float]]]:
    """Train a network, break it in four ways, and repair it; print and return the losses and accuracies.

    Returns:
        The loss before every step, and for each fault the accuracy of the broken and of the repaired network.
    """
    images, labels = load_digits()
    images = images.astype(np.float64)
    seen, unseen = (images[:TRAINED_ON], labels[:TRAINED_ON]), (images[TRAINED_ON:], labels[TRAINED_ON:])
    few = seen[0][:200], seen[1][:200]

    def accuracy(network: DeepNetwork) -> float:
        return float(np.mean(network.forward(unseen[0]).argmax(axis=1) == unseen[1]))

    learning_rate, seed = Recorder.settings(learning_rate=LEARNING_RATE, seed=seed)
    epoch = TRAINED_ON // BATCH  # steps
    recorder = Recorder(EPOCHS * epoch, every=epoch, digits=(unseen[0][:20], unseen[1][:20]))
    rng = np.random.default_rng(seed)
    fresh = DeepNetwork(block_forward, block_backward, rng)
    trained = copy.deepcopy(fresh)
    trained.learning_rate = learning_rate
    losses = train(trained, *seen, rng, recorder=recorder)
    print(f"your network reads {accuracy(trained):.1%} of {len(unseen[0])} digits that it has never seen")
    accuracies = {}
    for fault in FAULTS:
        broken = copy.deepcopy(trained if fault == "mode" else fresh)
        break_network(broken, fault)
        found, repaired = find_fault(broken, *few), copy.deepcopy(broken)
        repair(repaired, *few, rng)
        if fault != "mode":  # the other faults are in networks that haven't learned yet
            for network in (broken, repaired):
                train(network, *seen, rng, epochs=3)
        accuracies[fault] = accuracy(broken), accuracy(repaired)
        before, after = accuracies[fault]
        print(f"built in: {fault}; you found: {found}; accuracy {before:.1%} broken, {after:.1%} repaired")
    return losses, accuracies


def main(block_forward: Callable, block_backward: Callable, find_fault: Callable, repair: Callable) -> None:
    """Run the experiment and draw what happened: deep_training.png."""
    losses, accuracies = experiment(block_forward, block_backward, find_fault, repair)
    if Recorder.page is not None:
        return
    try:
        from matplotlib.figure import Figure
    except ImportError:
        print("no picture, because matplotlib is missing: pip install matplotlib")
        return
    figure = Figure(figsize=(9, 4), layout="constrained")
    draw(figure, losses, accuracies)
    figure.savefig("deep_training.png")
    picture = Path("deep_training.png").absolute()
    print(f"{picture} shows the loss, and the accuracy of the broken and the repaired networks")


def draw(figure: Any, losses: list[float], accuracies: dict[str, tuple[float, float]]) -> None:
    """Draw the loss of every step with its mean in each epoch, and the accuracies before and after the repairs."""
    left, right = figure.subplots(1, 2)
    left.plot(losses, linewidth=0.5, color="0.7", label="one batch")
    width = max(len(losses) // EPOCHS, 1)
    starts = range(0, len(losses), width)
    left.plot(
        [at + width / 2 for at in starts],
        [np.mean(losses[at : at + width]) for at in starts],
        "o-",
        label="mean of an epoch",
    )
    left.set(xlabel="step", ylabel="loss", title="Learning with dropout", ylim=(0, None))
    left.legend()
    places = np.arange(len(accuracies))
    for shift, number, colour, name in ((-0.2, 0, "#d55e00", "broken"), (0.2, 1, "#0072b2", "repaired")):
        heights = [100 * pair[number] for pair in accuracies.values()]
        bars = right.bar(places + shift, heights, 0.38, color=colour, label=name)
        right.bar_label(bars, fmt="%.0f", fontsize=8)
    right.set(xticks=places, xticklabels=list(accuracies), ylabel="accuracy in %", ylim=(0, 125))
    right.set_title("Four faults")
    right.legend(ncols=2, loc="upper center")
