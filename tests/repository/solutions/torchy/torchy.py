"""With PyTorch beside the submission."""

import torch


def slope(x):
    """The derivative of the square, by autograd."""
    point = torch.tensor(x, requires_grad=True)
    (point**2).sum().backward()
    return point.grad.numpy()
