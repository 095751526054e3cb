"""What the visible tests have done beside the submission; plain values come back."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

torch.set_num_threads(1)  # networks this small gain nothing from a second, and lose much on a busy machine


def bug1_run(submission: Any, seed: int, epochs: int, X: np.ndarray) -> dict[str, Any]:
    """Train the network of a seed on the data of the seed: its losses, and its classes for X (n, 2)."""
    program = submission.bug1_never_learning
    model, history, _ = _trained(program, seed, epochs)
    return {
        "epochs": len(history.loss),
        "loss_at_the_start": float(history.loss[0]),
        "loss_at_the_end": float(history.loss[-1]),
        "classes": _array(program.predict(model, torch.tensor(X))),
    }


def bug2_run(submission: Any, seed: int, epochs: int, X: np.ndarray) -> dict[str, Any]:
    """Train the network of a seed on the data of the seed: its losses, and where it puts the hand for X (n, 2)."""
    program = submission.bug2_exploding_loss
    model, history, _ = _trained(program, seed, epochs)
    return {
        "loss": _floats(history.loss),
        "epochs": len(history.validation_loss),
        "positions": _array(program.predict(model, torch.tensor(X))),
    }


def bug3_run(submission: Any, seed: int, epochs: int, images: np.ndarray) -> dict[str, Any]:
    """Train the network of a seed on the data of the seed: its losses, and its classes for images (n, 28, 28)."""
    program = submission.bug3_plateau
    model, history, _ = _trained(program, seed, epochs)
    X = torch.tensor(images.astype(np.float32) / 255)
    return {"loss": _floats(history.loss), "classes": _array(program.predict(model, X))}


def bug4_run(submission: Any, seed: int, epochs: int) -> dict[str, Any]:
    """From the data of a seed to the trained network of the seed: the history."""
    _, history, _ = _trained(submission.bug4_slow_learner, seed, epochs)
    return {"loss": _floats(history.loss), "validation_accuracy": _floats(history.validation_accuracy)}


def bug5_run(submission: Any, seed: int, epochs: int) -> dict[str, Any]:
    """Train the network of a seed on the data of the seed: the shares of the labels that it gives."""
    program = submission.bug5_overfitting
    model, history, data = _trained(program, seed, epochs)
    shares = [
        (torch.as_tensor(program.predict(model, X)) == y).float().mean().item()
        for X, y in ((data.X_train, data.y_train), (data.X_validation, data.y_validation))
    ]
    return {"epochs": len(history.loss), "train": shares[0], "validation": shares[1]}


def _trained(program: Any, seed: int, epochs: int) -> tuple[Any, Any, Any]:
    """The network of a seed, trained on the data of the seed; the history of that, and the data."""
    model, data = program.build_model(seed), program.load_data(seed)
    return model, program.train(model, data, epochs=epochs, seed=seed), data


def _floats(values: Any) -> list[float]:
    return [float(value) for value in values]


def _array(values: Any) -> np.ndarray:
    return torch.as_tensor(values).detach().numpy()
