"""What the visible test has done beside the submission; plain values come back."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import torch

torch.set_num_threads(1)  # networks this small gain nothing from a second, and lose much on a busy machine


def bug5_run(submission: ModuleType, seed: int, epochs: int) -> dict[str, Any]:
    """Train the network of a seed on the data of the seed: the shares of the labels that it gives."""
    program = submission.bug5_overfitting
    model, data = program.build_model(seed), program.load_data(seed)
    history = program.train(model, data, epochs=epochs, seed=seed)
    shares = [
        (torch.as_tensor(program.predict(model, X)) == y).float().mean().item()
        for X, y in ((data.X_train, data.y_train), (data.X_validation, data.y_validation))
    ]
    return {"epochs": len(history.loss), "train": shares[0], "validation": shares[1]}
