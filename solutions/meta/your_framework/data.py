"""Batches for training."""

import numpy as np

from .arguments import refuse
from .backend import generator as common_generator
from .backend import is_array
from .shapes import stack
from .tensor import Tensor, as_tensor


class DataLoader:
    """An iterable over batches; each iteration is one epoch, in which every sample occurs once.

    dataset: a tuple of arrays or Tensors of equal length, or a sequence of samples (tuples, or single values). Yields
    tuples of Tensors whose first axis is the batch; the last batch may be shorter, and `drop_last` leaves it out. With
    `shuffle`, every epoch has a new order, drawn from `generator` (NumPy's) or else from the one that `manual_seed`
    seeds. Instead of shuffling, `sampler` yields the numbers of the samples in order, or `batch_sampler` lists of them,
    a batch each. `collate_fn` turns a list of samples into a batch. len() is the number of batches.

    ValueError for different lengths, a batch_size below 1, or arguments that exclude each other. NotImplementedError
    for PyTorch's other arguments, such as num_workers: all work is done in this process.
    """

    def __init__(
        self,
        dataset,
        batch_size=1,
        shuffle=None,
        sampler=None,
        batch_sampler=None,
        num_workers=0,
        collate_fn=None,
        pin_memory=False,
        drop_last=False,
        timeout=0,
        worker_init_fn=None,
        multiprocessing_context=None,
        generator=None,
        *,
        prefetch_factor=None,
        persistent_workers=False,
        pin_memory_device="",
        in_order=True,
    ):
        refuse("DataLoader", num_workers=num_workers, timeout=timeout, worker_init_fn=worker_init_fn)
        refuse("DataLoader", multiprocessing_context=multiprocessing_context, in_order=in_order)
        refuse("DataLoader", prefetch_factor=prefetch_factor, persistent_workers=persistent_workers)
        refuse("DataLoader", pin_memory=pin_memory, pin_memory_device=pin_memory_device)
        if batch_size is None:
            raise NotImplementedError("DataLoader: batch_size=None isn't supported, only numbers from 1")
        if batch_size < 1:
            raise ValueError(f"batch_size must be at least 1, not {batch_size}")
        if sampler is not None and shuffle:
            raise ValueError("sampler and shuffle exclude each other")
        if batch_sampler is not None and (batch_size != 1 or shuffle or sampler is not None or drop_last):
            raise ValueError("batch_sampler excludes batch_size, shuffle, sampler and drop_last")
        self.columns = isinstance(dataset, tuple) and all(is_array(x) or isinstance(x, Tensor) for x in dataset)
        if self.columns and len({len(x) for x in dataset}) != 1:
            raise ValueError(f"the arrays differ in length: {[len(x) for x in dataset]}")
        self.dataset = tuple(x.data if isinstance(x, Tensor) else x for x in dataset) if self.columns else dataset
        self.batch_size, self.shuffle, self.drop_last = batch_size, bool(shuffle), drop_last
        self.sampler, self.batch_sampler, self.collate_fn = sampler, batch_sampler, collate_fn
        self.generator = generator
        self.samples = len(self.dataset[0]) if self.columns else len(dataset)

    def __len__(self):
        if self.batch_sampler is not None:
            return len(self.batch_sampler)
        return self._batches(self.samples if self.sampler is None else len(self.sampler))

    def _batches(self, samples):
        """Return the number of batches of so many samples."""
        return (samples + (0 if self.drop_last else self.batch_size - 1)) // self.batch_size

    def __iter__(self):
        return map(self._batch, self._choices() if self.batch_sampler is None else self.batch_sampler)

    def _choices(self):
        """Yield the numbers of the samples in each batch."""
        generator = common_generator if self.generator is None else self.generator
        order = generator.permutation(self.samples) if self.shuffle else np.arange(self.samples)
        if self.sampler is not None:
            order = np.array(list(self.sampler), int)
        for number in range(self._batches(len(order))):
            yield order[number * self.batch_size : (number + 1) * self.batch_size]

    def _batch(self, chosen):
        """Return the samples with these numbers as one batch."""
        chosen = np.asarray(chosen, int)
        if self.columns and self.collate_fn is None:
            return tuple(as_tensor(array[chosen]) for array in self.dataset)
        samples = [tuple(x[i] for x in self.dataset) if self.columns else self.dataset[i] for i in chosen.tolist()]
        if self.collate_fn is not None:
            return self.collate_fn(samples)
        samples = [sample if isinstance(sample, (tuple, list)) else (sample,) for sample in samples]
        return tuple(stack(column) for column in zip(*samples, strict=True))
