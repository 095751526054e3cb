"""What the visible test of bug 2 has done beside the submission; plain values come back."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

torch.set_num_threads(1)  # networks this small gain nothing from a second, and lose much on a busy machine


def bug2_run(submission: Any, seed: int, epochs: int, X: np.ndarray) -> dict[str, Any]:
    """Train the network of a seed on the data of the seed: its losses, and where it puts the hand for X (n, 2)."""
    program = submission.bug2_exploding_loss
    model = program.build_model(seed)
    history = program.train(model, program.load_data(seed), epochs=epochs, seed=seed)
    return {
        "loss": [float(value) for value in history.loss],
        "epochs": len(history.validation_loss),
        "positions": torch.as_tensor(program.predict(model, torch.tensor(X))).detach().numpy(),
    }
