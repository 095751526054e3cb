"""The hidden tests of meta compare gradients with central differences, which do not depend on autograd."""

from __future__ import annotations

import numpy as np
import pytest

from graders.checks.mismatch import Mismatch
from tests.late import torch

A, B = np.array([[0.5, -1.0], [2.0, 1.5]]), np.array([1.0, 3.0])
G = np.array([[1.0, -2.0], [0.5, 1.0]])


def test_check_slope_accepts_the_right_gradients() -> None:
    from graders.hidden.meta.twin import check_slope

    check_slope([G * B, (G * A).sum(0)], lambda a, b: a * b, [A, B], G, 6.0, 8)


@pytest.mark.parametrize("gradients", [[G * B, G.sum(0)], [G, (G * A).sum(0)], [-G * B, (G * A).sum(0)]])
def test_check_slope_rejects_a_wrong_gradient(gradients: list[np.ndarray]) -> None:
    from graders.hidden.meta.twin import check_slope

    with pytest.raises(Mismatch):
        check_slope(gradients, lambda a, b: a * b, [A, B], G, 6.0, 8)


def test_check_slope_detects_what_autograd_does_not_record() -> None:
    from graders.hidden.meta.twin import check_slope

    def detached(a: torch.Tensor) -> torch.Tensor:
        return a * a.detach()

    x = torch.tensor(A, requires_grad=True)
    detached(x).backward(torch.tensor(G))
    with pytest.raises(Mismatch, match="central differences"):
        check_slope([x.grad.numpy()], detached, [A], G, 6.0, 8)


def test_all_expressions_with_kinks_are_left_out() -> None:
    from graders.hidden.meta.twin import KINKED

    assert [any(kinked in line for kinked in KINKED) for line in ("a.maximum(b)", "where(x > 0, x, v)", "a * b")] == [
        True,
        True,
        False,
    ]
