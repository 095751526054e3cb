"""torch.utils.data, safetensors.numpy, and the way from and to torch."""

import inspect
import json
import math
from pathlib import Path

import numpy as np

from . import nn
from .tensor import Tensor, rng

_DTYPES = {
    "BOOL": np.bool_,
    "U8": np.uint8,
    "I8": np.int8,
    "I16": np.int16,
    "I32": np.int32,
    "I64": np.int64,
    "F16": np.float16,
    "F32": np.float32,
    "F64": np.float64,
}
_NAMES = {np.dtype(v): k for k, v in _DTYPES.items()}


def save(state, path):
    state = state.state_dict() if isinstance(state, nn.Module) else state
    arrays = {k: np.asarray(v.data if isinstance(v, Tensor) else v) for k, v in state.items()}
    header, offset = {}, 0
    for name, a in arrays.items():
        header[name] = {"dtype": _NAMES[a.dtype], "shape": list(a.shape), "data_offsets": [offset, offset + a.nbytes]}
        offset += a.nbytes
    head = json.dumps(header, separators=(",", ":")).encode()
    head += b" " * (-len(head) % 8)  # as safetensors does, so that the numbers are aligned
    Path(path).write_bytes(len(head).to_bytes(8, "little") + head + b"".join(a.tobytes() for a in arrays.values()))


def load(path):
    raw = Path(path).read_bytes()
    try:
        n = int.from_bytes(raw[:8], "little")
        if len(raw) < 8 or 8 + n > len(raw):
            raise ValueError("HeaderTooLarge")
        header, body = json.loads(raw[8 : 8 + n]), raw[8 + n :]
        header.pop("__metadata__", None)
        result, end_of_last = {}, 0
        for name, info in sorted(header.items(), key=lambda item: item[1]["data_offsets"]):
            dtype, shape, (begin, end) = np.dtype(_DTYPES[info["dtype"]]), info["shape"], info["data_offsets"]
            if begin != end_of_last or end - begin != dtype.itemsize * math.prod(shape) or end > len(body):
                raise ValueError(f"InvalidOffset({name})")
            result[name] = np.frombuffer(body[begin:end], dtype).reshape(shape).copy()
            end_of_last = end
        if end_of_last != len(body):
            raise ValueError("MetadataIncompleteBuffer")
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"Error while deserializing {path}: {error!r}") from None
    return result


class DataLoader:
    def __init__(self, dataset, batch_size=1, shuffle=False, drop_last=False):
        if batch_size < 1:
            raise ValueError("batch_size should be a positive integer value")
        self.columns = isinstance(dataset, tuple)
        if self.columns:
            dataset = tuple(part.data if isinstance(part, Tensor) else np.asarray(part) for part in dataset)
            if len({len(part) for part in dataset}) > 1:
                raise ValueError("Size mismatch between tensors")
        self.dataset, self.batch_size, self.shuffle, self.drop_last = dataset, batch_size, shuffle, drop_last

    @property
    def _length(self):
        return len(self.dataset[0]) if self.columns else len(self.dataset)

    def __len__(self):
        return (math.floor if self.drop_last else math.ceil)(self._length / self.batch_size)

    def __iter__(self):
        order = rng().permutation(self._length) if self.shuffle else np.arange(self._length)
        for i in range(len(self)):
            batch = order[i * self.batch_size : (i + 1) * self.batch_size]
            yield tuple(Tensor(part[batch]) for part in self.dataset) if self.columns else self._collate(batch)

    def _collate(self, batch):
        samples = zip(*[self.dataset[i] for i in batch])
        # default_collate makes float64 of Python's floats
        return tuple(Tensor(np.stack([x.data if isinstance(x, Tensor) else np.asarray(x) for x in s])) for s in samples)


def _convert(source, target, wrap, numbers):
    kind = type(source).__name__
    ours = getattr(nn, kind, None)
    if ours is None or not hasattr(target, kind) or kind == "Module":
        raise TypeError(f"cannot convert a {kind}")
    if kind == "Sequential":
        result = target.Sequential(*[_convert(m, target, wrap, numbers) for m in source])
    elif kind == "ModuleList":
        result = target.ModuleList([_convert(m, target, wrap, numbers) for m in source])
    else:
        names = [] if ours.__init__ is object.__init__ else list(inspect.signature(ours).parameters)
        arguments = {k: source.bias is not None if k == "bias" else getattr(source, k) for k in names}
        result = getattr(target, kind)(**arguments)
    for store in ("_parameters", "_buffers"):
        for name, value in source.__dict__.get(store, {}).items():
            if value is not None:
                getattr(result, name).data = numbers(value)
    result.training = source.training
    return result


def from_torch(source):
    import torch

    if isinstance(source, torch.Tensor):
        return Tensor(source.detach().numpy(), requires_grad=source.requires_grad)
    return _convert(source, nn, Tensor, lambda t: t.detach().numpy().copy())


def to_torch(source):
    import torch

    if isinstance(source, Tensor):
        return torch.tensor(source.data).requires_grad_(source.requires_grad)
    return _convert(source, torch.nn, torch.tensor, lambda t: torch.tensor(t.data))
