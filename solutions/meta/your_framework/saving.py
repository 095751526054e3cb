"""Named arrays in safetensors files.

The format: eight bytes with the length of the header (little-endian); the header in JSON, name: {"dtype", "shape",
"data_offsets"}; and then the arrays' bytes without gaps. Loading never executes anything in a file.
"""

import json
import math
import os

import numpy as np

from .module import Module
from .tensor import Tensor, as_tensor

NAMES = {
    "bool": "BOOL", "uint8": "U8", "int8": "I8", "int16": "I16", "int32": "I32", "int64": "I64",
    "float16": "F16", "float32": "F32", "float64": "F64", "uint16": "U16", "uint32": "U32", "uint64": "U64",
}  # fmt: skip
DTYPES = {name: np.dtype(dtype) for dtype, name in NAMES.items()}


def save(state, path):
    """Write a Module's state, or a mapping of names to Tensors or arrays, to the file `path`, completely or not at all.

    TypeError for a name that isn't a string or a value that isn't an array of numbers.
    """
    state = state.state_dict() if isinstance(state, Module) else dict(state)
    header, arrays, end = {}, [], 0
    for name, value in state.items():
        if not isinstance(name, str) or name == "__metadata__":
            raise TypeError(f"an array's name must be a string other than '__metadata__', not {name!r}")
        array = as_tensor(value).detach().to("cpu").data
        array = np.ascontiguousarray(array).astype(array.dtype.newbyteorder("<"), copy=False)
        begin, end = end, end + array.nbytes
        header[name] = {"dtype": NAMES[array.dtype.name], "shape": np.shape(value), "data_offsets": [begin, end]}
        arrays.append(array)
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)  # the arrays start at a multiple of 8
    unfinished = f"{os.fspath(path)}.{os.getpid()}"
    try:
        with open(unfinished, "wb") as file:
            file.write(len(text).to_bytes(8, "little") + text)
            for array in arrays:
                file.write(array.data if array.size else b"")
        os.replace(unfinished, path)
    finally:
        if os.path.exists(unfinished):
            os.remove(unfinished)


def load(path):
    """Return the Tensors of a file by name. ValueError that names file and fault if it isn't valid safetensors."""
    with open(path, "rb") as file:
        data = file.read()
    try:
        return _parse(data)
    except (KeyError, TypeError, AttributeError, ValueError, RecursionError) as error:
        raise ValueError(f"{path}: not a valid safetensors file: {error}") from None


def _parse(data):
    """Return the arrays in a file's bytes; raise an exception if anything is wrong with them."""
    size = int.from_bytes(data[:8], "little")
    if len(data) < 8 or size > len(data) - 8:
        raise ValueError(f"the header is cut off: {len(data)} bytes in all")
    header, body = json.loads(data[8 : 8 + size].decode()), memoryview(data)[8 + size :]
    header.pop("__metadata__", None)
    state, met = {}, 0
    for name, entry in sorted(header.items(), key=lambda item: item[1]["data_offsets"]):
        shape, (begin, end) = entry["shape"], entry["data_offsets"]
        if entry["dtype"] not in DTYPES:
            raise ValueError(f"{name} has the unknown dtype {entry['dtype']!r}")
        dtype = DTYPES[entry["dtype"]]
        if not all(isinstance(n, int) and n >= 0 for n in shape):
            raise ValueError(f"{name} has the invalid shape {shape}")
        if begin != met or end - begin != math.prod(shape) * dtype.itemsize or end > len(body):
            raise ValueError(f"{name}, {dtype} of shape {shape}, can't have the bytes {begin} to {end} of {len(body)}")
        array = np.frombuffer(body[begin:end], dtype.newbyteorder("<")).reshape(shape)
        state[name], met = Tensor(array), end
    if met != len(body):
        raise ValueError(f"{len(body) - met} bytes at the end belong to no array")
    return {name: state[name] for name in header}
