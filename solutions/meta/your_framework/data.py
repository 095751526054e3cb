"""Batches for training."""

import numpy as np

from .backend import generator, is_array
from .shapes import stack
from .tensor import Tensor, as_tensor


class DataLoader:
    """An iterable over batches; each iteration is one epoch, in which every sample occurs once.

    dataset: a tuple of arrays or Tensors of equal length, or a sequence of samples (tuples, or single values). Yields
    tuples of Tensors whose first axis is the batch; the last batch may be shorter, and `drop_last` leaves it out. With
    `shuffle`, every epoch has a new order, drawn from the generator that `manual_seed` seeds. len() is the number of
    batches. ValueError for different lengths or a batch_size below 1.
    """

    def __init__(self, dataset, batch_size=1, shuffle=False, drop_last=False):
        if batch_size < 1:
            raise ValueError(f"batch_size must be at least 1, not {batch_size}")
        self.columns = isinstance(dataset, tuple) and all(is_array(x) or isinstance(x, Tensor) for x in dataset)
        if self.columns and len({len(x) for x in dataset}) != 1:
            raise ValueError(f"the arrays differ in length: {[len(x) for x in dataset]}")
        self.dataset = tuple(x.data if isinstance(x, Tensor) else x for x in dataset) if self.columns else dataset
        self.batch_size, self.shuffle, self.drop_last = batch_size, shuffle, drop_last
        self.samples = len(self.dataset[0]) if self.columns else len(dataset)

    def __len__(self):
        return (self.samples + (0 if self.drop_last else self.batch_size - 1)) // self.batch_size

    def __iter__(self):
        order = generator.permutation(self.samples) if self.shuffle else np.arange(self.samples)
        for start in range(0, len(self) * self.batch_size, self.batch_size):
            chosen = order[start : start + self.batch_size]
            if self.columns:
                yield tuple(as_tensor(array[chosen]) for array in self.dataset)
            else:
                samples = [self.dataset[i] for i in chosen.tolist()]
                samples = [sample if isinstance(sample, (tuple, list)) else (sample,) for sample in samples]
                yield tuple(stack(column) for column in zip(*samples, strict=True))
