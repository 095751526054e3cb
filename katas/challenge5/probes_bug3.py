"""What the visible test of bug 3 has done beside the submission; plain values come back."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

torch.set_num_threads(1)  # networks this small gain nothing from a second, and lose much on a busy machine


def bug3_run(submission: Any, seed: int, epochs: int, images: np.ndarray) -> dict[str, Any]:
    """Train the network of a seed on the data of the seed: its losses, and its classes for images (n, 28, 28)."""
    program = submission.bug3_plateau
    model = program.build_model(seed)
    history = program.train(model, program.load_data(seed), epochs=epochs, seed=seed)
    X = torch.tensor(images.astype(np.float32) / 255)
    return {
        "loss": [float(value) for value in history.loss],
        "classes": torch.as_tensor(program.predict(model, X)).numpy(),
    }
