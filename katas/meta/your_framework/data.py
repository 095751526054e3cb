"""Batches. Task training."""


class DataLoader:
    """Goes through a data set in batches, as often as it is iterated over.

    dataset: a tuple of arrays or Tensors of equal length, (images (n, …), classes (n,)), or a sequence of n samples,
    each a tuple. Yields tuples of Tensors, (batch_size, …) each, in their dtype; the last may be shorter, and is left
    out with drop_last. With shuffle the order is drawn for every iteration, from the generator of manual_seed.
    ValueError for unequal lengths, or a batch_size below 1.
    """

    def __init__(self, dataset, batch_size=1, shuffle=False, drop_last=False):
        raise NotImplementedError

    def __len__(self):
        """The number of batches."""
        raise NotImplementedError

    def __iter__(self):
        raise NotImplementedError
