import json

import numpy as np

from . import nn
from .core import G, Tensor, raw

D = dict(BOOL="?", U8="u1", I8="i1", I16="i2", I32="i4", I64="i8", F16="f2", F32="f4", F64="f8")


def save(state, path):
    state = state.state_dict() if isinstance(state, nn.Module) else state
    head, body = {}, b""
    for k, v in state.items():
        a = np.asarray(raw(v))
        name = next(n for n, d in D.items() if a.dtype == d)
        head[k] = {"dtype": name, "shape": a.shape, "data_offsets": [len(body), len(body) + a.nbytes]}
        body += a.tobytes()
    head = json.dumps(head, separators=(",", ":")).encode()
    with open(path, "wb") as f:
        f.write(len(head).to_bytes(8, "little") + head + body)


def load(path):
    with open(path, "rb") as f:
        head = json.loads(f.read(int.from_bytes(f.read(8), "little")))
        body = f.read()
    return {
        k: np.frombuffer(body[slice(*e["data_offsets"])], D[e["dtype"]]).reshape(e["shape"]).copy()
        for k, e in head.items()
        if k != "__metadata__"
    }


class DataLoader:
    def __init__(self, dataset, batch_size=1, shuffle=False, drop_last=False):
        if not isinstance(dataset, tuple):
            dataset = [np.array([raw(v) for v in column]) for column in zip(*dataset)]
        self.parts = [np.asarray(raw(p)) for p in dataset]
        self.n, self.size, self.shuffle, self.drop = len(self.parts[0]), batch_size, shuffle, drop_last

    def __len__(self):
        return self.n // self.size if self.drop else -(-self.n // self.size)

    def __iter__(self):
        order = G["rng"].permutation(self.n) if self.shuffle else np.arange(self.n)
        for i in range(len(self)):
            yield tuple(Tensor(p[order[i * self.size : (i + 1) * self.size]]) for p in self.parts)


ARGS = {
    k: v.split()
    for k, v in dict(
        Linear="in_features out_features bias",
        Conv2d="in_channels out_channels kernel_size stride padding dilation groups bias",
        MaxPool2d="kernel_size stride padding dilation",
        AvgPool2d="kernel_size stride padding",
        Flatten="start_dim end_dim",
        ReLU="",
        LeakyReLU="negative_slope",
        ELU="alpha",
        GELU="approximate",
        Sigmoid="",
        Tanh="",
        Softmax="dim",
        Dropout="p",
        LayerNorm="normalized_shape eps elementwise_affine",
        BatchNorm1d="num_features eps momentum affine",
        BatchNorm2d="num_features eps momentum affine",
        Embedding="num_embeddings embedding_dim",
    ).items()
}


def convert(m, space):
    kind = type(m).__name__
    if kind == "Sequential":
        new = space.Sequential(*[convert(c, space) for c in m])
    elif kind == "ModuleList":
        new = space.ModuleList([convert(c, space) for c in m])
    elif kind in ARGS:
        new = getattr(space, kind)(
            **{a: getattr(m, a) is not None if a == "bias" else getattr(m, a) for a in ARGS[kind]}
        )
    else:
        raise TypeError(f"no counterpart of {kind}")
    new.training = m.training
    return new


def from_torch(source):
    import torch

    if isinstance(source, torch.Tensor):
        return Tensor(source.detach().numpy())
    new = convert(source, nn)
    for (_, t), v in zip(sorted(new.state().items()), [v for _, v in sorted(source.state_dict().items())]):
        t.data = v.numpy().copy()
    return new


def to_torch(source):
    import torch

    if isinstance(source, Tensor):
        return torch.tensor(source.data)
    new = convert(source, torch.nn)
    new.load_state_dict({k: torch.tensor(v) for k, v in source.state_dict().items()}, assign=True)
    return new
