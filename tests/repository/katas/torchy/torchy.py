"""With PyTorch beside the submission."""


def slope(x):
    """The derivative of the square, by autograd."""
    raise NotImplementedError
