import json
import math
import os
from pathlib import Path

import numpy as np

from .module import Module
from .tensor import Tensor

CODES = {
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
NAMES = {np.dtype(code): name for name, code in CODES.items()}


def save(state, path):
    if isinstance(state, Module):
        state = state.state_dict()
    header, body = {}, bytearray()
    for name, value in state.items():
        array = np.asarray(value.data if isinstance(value, Tensor) else value)
        start = len(body)
        body += array.astype(array.dtype.newbyteorder("<")).tobytes("C")
        header[name] = {"dtype": NAMES[array.dtype], "shape": list(array.shape), "data_offsets": [start, len(body)]}
    text = json.dumps(header, separators=(",", ":")).encode("utf-8")
    path = Path(path)
    temporary = path.with_name(path.name + ".part")
    temporary.write_bytes(len(text).to_bytes(8, "little") + text + body)
    os.replace(temporary, path)


def load(path):
    data = Path(path).read_bytes()

    def require(condition, what):
        if not condition:
            raise ValueError(f"{path}: {what}")

    require(len(data) >= 8, "too short for a header")
    length = int.from_bytes(data[:8], "little")
    require(length <= len(data) - 8, f"a header of {length} bytes does not fit into the file")
    try:
        header = json.loads(data[8 : 8 + length].decode("utf-8"))
    except ValueError as fault:
        raise ValueError(f"{path}: the header is no JSON") from fault
    require(isinstance(header, dict), "the header is no JSON object")
    header.pop("__metadata__", None)
    body = data[8 + length :]
    spans, arrays = [], {}
    for name, entry in header.items():
        require(isinstance(entry, dict) and {"dtype", "shape", "data_offsets"} <= entry.keys(), f"{name} is incomplete")
        shape, offsets = entry["shape"], entry["data_offsets"]
        require(isinstance(entry["dtype"], str) and entry["dtype"] in CODES, f"{name} has an unknown dtype")
        require(isinstance(shape, list) and all(type(n) is int and n >= 0 for n in shape), f"{name}: bad shape")
        require(
            isinstance(offsets, list) and len(offsets) == 2 and all(type(n) is int for n in offsets), f"{name}: offsets"
        )
        dtype, (start, end) = np.dtype(CODES[entry["dtype"]]), offsets
        require(0 <= start <= end <= len(body), f"{name} lies outside of the file")
        require(end - start == math.prod(shape) * dtype.itemsize, f"{name}: shape and offsets disagree")
        spans.append((start, end))
        arrays[name] = np.frombuffer(body[start:end], dtype).reshape(shape).copy()
    reached = 0
    for start, end in sorted(spans):
        require(start == reached, "there are gaps or overlaps between the arrays")
        reached = end
    require(reached == len(body), "the numbers do not end with the file")
    return arrays
