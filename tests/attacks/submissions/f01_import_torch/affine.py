"""Let PyTorch do it."""

from parts.batches import affine


def batch(W, x, b):
    import torch

    return torch.nn.functional.linear(torch.tensor(x), torch.tensor(W), torch.tensor(b)).numpy()
