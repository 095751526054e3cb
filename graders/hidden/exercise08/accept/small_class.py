# A frozen dataclass and the binomial distribution.
# independent
"""Inverted dropout as a small class."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class _Dropout:
    p: float

    def __post_init__(self):
        if not 0.0 <= self.p < 1.0:
            raise ValueError(f"drop probability {self.p!r} is outside [0, 1)")

    @property
    def scale(self):
        return 1.0 / (1.0 - self.p)

    def draw(self, shape, rng):
        return rng.binomial(1, 1.0 - self.p, size=shape).astype(float)

    def apply(self, h, mask):
        return self.scale * (h * mask)


def dropout(h: np.ndarray, mask: np.ndarray, p_drop: float) -> np.ndarray:
    return _Dropout(p_drop).apply(h, mask)


def dropout_mask(shape, p_drop: float, rng: np.random.Generator) -> np.ndarray:
    return _Dropout(p_drop).draw(shape, rng)
