"""Batches. Task training."""


class DataLoader:
    """An iterable over the batches of a data set; every iteration starts from the beginning.

    dataset: a tuple of arrays or Tensors of equal length, (images (n, …), classes (n,)); or a list of n samples, each a
    tuple (image, class). Yields tuples of Tensors, (batch_size, …) each, with the dtypes of the arrays. The last batch
    may be shorter; with drop_last it is left out. With shuffle, every iteration draws a new order from the generator
    that manual_seed seeds. ValueError for unequal lengths, or for a batch_size below 1.
    """

    def __init__(self, dataset, batch_size=1, shuffle=False, drop_last=False):
        raise NotImplementedError

    def __len__(self):
        """Return the number of batches."""
        raise NotImplementedError

    def __iter__(self):
        raise NotImplementedError
