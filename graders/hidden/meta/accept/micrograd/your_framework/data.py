import numpy as np

from .tensor import Tensor, rng


class DataLoader:
    def __init__(self, dataset, batch_size=1, shuffle=False, drop_last=False):
        if batch_size < 1:
            raise ValueError("batch_size below 1")
        if not isinstance(dataset, tuple):
            columns = list(zip(*[dataset[i] for i in range(len(dataset))]))
            dataset = tuple(np.stack([Tensor(v).data for v in column]) for column in columns)
        self.parts = [part.data if isinstance(part, Tensor) else np.asarray(part) for part in dataset]
        if len({len(part) for part in self.parts}) > 1:
            raise ValueError("the parts have unequal lengths")
        self.batch_size = batch_size
        self.shuffle = shuffle
        self.drop_last = drop_last

    def __len__(self):
        n = len(self.parts[0])
        return n // self.batch_size if self.drop_last else -(-n // self.batch_size)

    def __iter__(self):
        n = len(self.parts[0])
        order = rng().permutation(n) if self.shuffle else np.arange(n)
        for i in range(len(self)):
            rows = order[i * self.batch_size : (i + 1) * self.batch_size]
            yield tuple(Tensor(part[rows]) for part in self.parts)
