"""The training loop (supplied): it trains a network of your own functions on handwritten digits."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import exporting
import numpy as np
from affine import affine
from digits import load_digits
from initialization import initialize
from relu import relu
from softmax_cross_entropy import cross_entropy, softmax

from graders.worker.recorder import Recorder

Arrays = dict[str, np.ndarray]

SIZES = 784, 64, 10  # inputs, hidden units, classes
BATCH = 50
EPOCHS = 15
LEARNING_RATE = 0.2
PAGE = Path("network.html")
TRAINED_ON = 3000  # `katas run milestone1` trains on this many digits and tests on the other 1000


def initial_parameters(rng: np.random.Generator) -> Arrays:
    """Return fresh parameters: He's weights, and biases of 0."""
    inputs, hidden, classes = SIZES
    return {
        "W1": initialize(inputs, hidden, "he", rng),
        "b1": np.zeros(hidden),
        "W2": initialize(hidden, classes, "he", rng),
        "b2": np.zeros(classes),
    }


def forward(parameters: Arrays, x: np.ndarray) -> Arrays:
    """Return all arrays of the forward pass for a batch x (n, inputs), because the backward pass needs them."""
    z1 = affine(parameters["W1"], x, parameters["b1"])
    h = relu(z1.copy())  # a copy, in case your relu overwrites its argument
    logits = affine(parameters["W2"], h, parameters["b2"])
    return {"x": x, "z1": z1, "h": h, "logits": logits}


def predict(parameters: Arrays, images: np.ndarray) -> np.ndarray:
    """Return the class of each image (n, 784): the one with the largest logit."""
    return forward(parameters, images)["logits"].argmax(axis=1)


def probabilities(parameters: Arrays, images: np.ndarray) -> np.ndarray:
    """Return the probabilities of the ten classes (n, 10) for images (n, 784)."""
    return softmax(forward(parameters, images)["logits"])


def parts(parameters: Arrays, activations: Arrays, gradients: Arrays) -> dict:
    """Return what a Recorder shows of a step: the first layer's weights, and the sizes in each layer."""
    sizes = [("hidden", activations["h"], gradients["W1"]), ("output", activations["logits"], gradients["W2"])]
    return {"weights": parameters["W1"], "sizes": sizes}


def train(
    backward: Callable[[Arrays, Arrays, np.ndarray], Arrays],
    update: Callable[[Arrays, Arrays, float], Arrays],
    images: np.ndarray,
    labels: np.ndarray,
    *,
    seed: int,
    epochs: int = EPOCHS,
    learning_rate: float = LEARNING_RATE,
    recorder: Recorder | None = None,
) -> tuple[Arrays, list[float]]:
    """Train a fresh network by stochastic gradient descent; return its parameters and the loss before each step.

    Ctrl-C ends the training early.
    """
    rng = np.random.default_rng(seed)
    parameters, losses = initial_parameters(rng), []
    try:
        for _ in range(epochs):
            order = rng.permutation(len(images))
            for start in range(0, len(images) - BATCH + 1, BATCH):
                rows = order[start : start + BATCH]
                activations = forward(parameters, images[rows])
                losses.append(float(cross_entropy(activations["logits"].copy(), labels[rows])))
                gradients = backward(parameters, activations, labels[rows])
                parameters = update(parameters, gradients, learning_rate)
                if recorder is not None:
                    recorder.step(
                        losses[-1],
                        np.mean(activations["logits"].argmax(axis=1) == labels[rows]),
                        parts=partial(parts, parameters, activations, gradients),
                        read=partial(probabilities, parameters),
                    )
    except KeyboardInterrupt:
        print(f"\nstopped after {len(losses)} steps")
    return parameters, losses


def main(backward: Callable[..., Arrays], update: Callable[..., Arrays]) -> None:
    """Train the network, test it on digits that it hasn't seen, and draw what happened: training.png."""
    images, labels = load_digits()
    images = images.astype(np.float64)
    learning_rate, seed = Recorder.settings(learning_rate=LEARNING_RATE, seed=0)
    unseen = images[TRAINED_ON:], labels[TRAINED_ON:]
    epoch = TRAINED_ON // BATCH  # steps
    recorder = Recorder(EPOCHS * epoch, every=epoch, digits=(unseen[0][:20], unseen[1][:20]))
    seen = images[:TRAINED_ON], labels[:TRAINED_ON]
    parameters, losses = train(backward, update, *seen, seed=seed, learning_rate=learning_rate, recorder=recorder)
    if not losses:
        return
    right = predict(parameters, unseen[0]) == unseen[1]
    print(f"loss: {np.mean(losses[:10]):.3f} in the first ten steps, {np.mean(losses[-10:]):.3f} in the last ten")
    print(f"your network reads {right.mean():.1%} of {len(right)} digits that it has never seen")
    page = exporting.page(parameters, unseen, right.mean(), Recorder.authors())
    if recorder.in_page:
        recorder.publish(page)
        return
    np.savez("network.npz", **parameters)
    print("network.npz has the trained network, for challenge 7")
    PAGE.write_text(page, encoding="utf-8")
    print(f"{PAGE.absolute()} is your network in one file: open it in a browser, or send it to a friend")
    try:
        from matplotlib.figure import Figure
    except ImportError:
        print("no picture, because matplotlib is missing: pip install matplotlib")
        return
    figure = Figure(figsize=(9, 5), layout="constrained")
    draw(figure, parameters["W1"], losses)
    figure.savefig("training.png")
    print(f"{Path('training.png').absolute()} shows the loss, and the weights of sixteen hidden units")


def draw(figure, W1: np.ndarray, losses: list[float]) -> None:
    """Draw the loss of every step, its average over an epoch's steps, and the weights of the first 16 hidden units."""
    left, right = figure.subfigures(1, 2, width_ratios=[1.2, 1])
    axes = left.subplots()
    axes.plot(losses, linewidth=0.5, color="0.7", label="one batch")
    width = max(len(losses) // EPOCHS, 1)
    means = [np.mean(losses[at : at + width]) for at in range(0, len(losses), width)]
    axes.plot([at + width / 2 for at in range(0, len(losses), width)], means, "o-", label="mean of an epoch")
    axes.set(xlabel="step", ylabel="loss", title="Learning", ylim=(0, None))
    axes.legend()
    right.suptitle("What hidden units look for")
    most = abs(W1[:16]).max()
    for axes, row in zip(right.subplots(4, 4).flat, W1[:16], strict=True):
        axes.imshow(row.reshape(28, 28), cmap="RdBu_r", vmin=-most, vmax=most)
        axes.set(xticks=[], yticks=[])
