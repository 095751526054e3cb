"""Batches."""

import numpy as np

from .tensor import Tensor, generator


class DataLoader:
    def __init__(self, dataset, batch_size=1, shuffle=False, drop_last=False):
        if batch_size < 1:
            raise ValueError("batch_size below 1")
        if not isinstance(dataset, tuple):
            dataset = tuple(
                Tensor(np.array(column) if isinstance(column[0], np.ndarray) else list(column))
                for column in zip(*dataset)
            )
        self.parts = [part.data if isinstance(part, Tensor) else np.asarray(part) for part in dataset]
        if len({len(part) for part in self.parts}) != 1:
            raise ValueError("parts of unequal lengths")
        self.batch_size, self.shuffle, self.drop_last = batch_size, shuffle, drop_last

    def __len__(self):
        n = len(self.parts[0])
        return n // self.batch_size if self.drop_last else -(-n // self.batch_size)

    def __iter__(self):
        n = len(self.parts[0])
        order = generator().permutation(n) if self.shuffle else np.arange(n)
        for i in range(len(self)):
            rows = order[i * self.batch_size : (i + 1) * self.batch_size]
            yield tuple(Tensor(part[rows]) for part in self.parts)
