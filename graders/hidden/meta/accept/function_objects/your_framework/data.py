import numpy as np

from .tensor import Tensor, generator


def _array(part):
    return part.data if isinstance(part, Tensor) else np.asarray(part)


class DataLoader:
    def __init__(self, dataset, batch_size=1, shuffle=False, drop_last=False):
        if batch_size < 1:
            raise ValueError("batch_size should be a positive integer")
        self.columns = None
        if isinstance(dataset, tuple) and all(isinstance(p, (Tensor, np.ndarray)) for p in dataset):
            self.columns = [_array(part) for part in dataset]
            if len({len(c) for c in self.columns}) > 1:
                raise ValueError(f"unequal lengths: {[len(c) for c in self.columns]}")
            self.n = len(self.columns[0])
        else:
            self.n = len(dataset)
        self.dataset, self.batch_size, self.shuffle, self.drop_last = dataset, batch_size, shuffle, drop_last

    def __len__(self):
        full, rest = divmod(self.n, self.batch_size)
        return full + (1 if rest and not self.drop_last else 0)

    def _collate(self, rows):
        if self.columns is not None:
            return tuple(Tensor(column[rows]) for column in self.columns)
        samples = [self.dataset[int(i)] for i in rows]
        return tuple(Tensor(np.stack([Tensor(value).data for value in values])) for values in zip(*samples))

    def __iter__(self):
        order = generator.rng.permutation(self.n) if self.shuffle else np.arange(self.n)
        for i in range(len(self)):
            yield self._collate(order[i * self.batch_size : (i + 1) * self.batch_size])
