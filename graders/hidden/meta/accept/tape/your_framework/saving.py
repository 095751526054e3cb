"""Models in files, in the safetensors format."""

import json
import struct

import numpy as np

from .module import Module
from .tensor import Tensor

NAMES = {
    "BOOL": "?",
    "U8": "u1",
    "I8": "i1",
    "I16": "<i2",
    "I32": "<i4",
    "I64": "<i8",
    "F16": "<f2",
    "F32": "<f4",
    "F64": "<f8",
}
CODES = {np.dtype(code): name for name, code in NAMES.items()}


def save(state, path):
    if isinstance(state, Module):
        state = state.state_dict()
    header, pieces, place = {}, [], 0
    for name, value in state.items():
        array = value.data if isinstance(value, Tensor) else np.asarray(value)
        piece = array.tobytes()
        header[name] = {
            "dtype": CODES[array.dtype],
            "shape": list(array.shape),
            "data_offsets": [place, place + len(piece)],
        }
        pieces.append(piece)
        place += len(piece)
    text = json.dumps(header, separators=(",", ":")).encode()
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + b"".join(pieces))


def load(path):
    with open(path, "rb") as file:
        data = file.read()
    try:
        (n,) = struct.unpack("<Q", data[:8])
        header = json.loads(data[8 : 8 + n])
        header.pop("__metadata__", None)
        numbers = data[8 + n :]
        found, spans = {}, []
        for name, entry in header.items():
            start, end = entry["data_offsets"]
            found[name] = np.frombuffer(numbers[start:end], NAMES[entry["dtype"]]).reshape(entry["shape"]).copy()
            spans.append((start, end))
        place = 0
        for start, end in sorted(spans):
            if start != place:
                raise ValueError("gaps or overlaps")
            place = end
        if place != len(numbers):
            raise ValueError("too short or too long")
    except Exception as fault:
        raise ValueError(f"{path}: {fault}") from fault
    return found
