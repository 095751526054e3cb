import numpy as np

from .tensor import Tensor, stack


class DataLoader:
    def __init__(self, dataset, batch_size=1, shuffle=False, drop_last=False):
        if batch_size < 1:
            raise ValueError("the batch_size must be 1 or more")
        if isinstance(dataset, tuple):
            for part in dataset:
                if len(part) != len(dataset[0]):
                    raise ValueError("the lengths differ")
        self.dataset = dataset
        self.batch_size = batch_size
        self.shuffle = shuffle
        self.drop_last = drop_last

    def number_of_samples(self):
        if isinstance(self.dataset, tuple):
            return len(self.dataset[0])
        return len(self.dataset)

    def __len__(self):
        n = self.number_of_samples()
        if n % self.batch_size == 0 or self.drop_last:
            return n // self.batch_size
        return n // self.batch_size + 1

    def __iter__(self):
        n = self.number_of_samples()
        order = list(range(n))
        if self.shuffle:
            order = list(np.random.permutation(n))
        for i in range(len(self)):
            rows = order[i * self.batch_size : (i + 1) * self.batch_size]
            batch = []
            if isinstance(self.dataset, tuple):
                for part in self.dataset:
                    if isinstance(part, Tensor):
                        part = part.data
                    batch.append(Tensor(part[rows]))
            else:
                for k in range(len(self.dataset[0])):
                    column = []
                    for row in rows:
                        column.append(Tensor(self.dataset[row][k]))
                    batch.append(stack(column))
            yield tuple(batch)
