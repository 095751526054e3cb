"""Draw pictures from shapes32: one row for each shape, plain on the left, striped on the right."""

import numpy as np
from images import load

EACH = 8  # pictures per class


def draw(figure):
    """Draw eight pictures from each of the ten classes."""
    figure.set_size_inches(7.6, 2.5)
    data = load()
    images = data.X_train.reshape(-1, 32, 32, 3)
    classes = [np.concatenate(images[data.y_train == label][:EACH], axis=1) for label in range(10)]
    for axes, first, title in zip(figure.subplots(1, 2), (0, 1), ("plain", "striped"), strict=True):
        axes.imshow(np.concatenate(classes[first::2]), interpolation="nearest")
        axes.set(title=title, xticks=[], yticks=np.arange(5) * 32 + 16)
        axes.set_yticklabels(["disc", "ring", "triangle", "square", "cross"] if first == 0 else [])
        axes.tick_params(length=0)
        axes.spines[:].set_visible(False)
