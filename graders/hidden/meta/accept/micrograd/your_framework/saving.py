import json
import struct

import numpy as np

from .module import Module
from .tensor import Tensor

NAMES = {
    "BOOL": np.bool_, "U8": np.uint8, "I8": np.int8, "I16": np.int16, "I32": np.int32, "I64": np.int64,
    "F16": np.float16, "F32": np.float32, "F64": np.float64,
}  # fmt: skip


def save(state, path):
    if isinstance(state, Module):
        state = state.state_dict()
    header, blocks, offset = {}, [], 0
    for name, value in state.items():
        array = np.asarray(value.data if isinstance(value, Tensor) else value)
        kind = [key for key, dtype in NAMES.items() if array.dtype == dtype][0]
        block = array.tobytes()
        header[name] = {"dtype": kind, "shape": list(array.shape), "data_offsets": [offset, offset + len(block)]}
        offset += len(block)
        blocks.append(block)
    text = json.dumps(header, separators=(",", ":")).encode()
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + b"".join(blocks))


def load(path):
    with open(path, "rb") as file:
        data = file.read()
    try:
        (length,) = struct.unpack("<Q", data[:8])
        if length > len(data) - 8:
            raise ValueError("the header is longer than the file")
        header = json.loads(data[8 : 8 + length])
        body = data[8 + length :]
        header.pop("__metadata__", None)
        arrays, reached = {}, 0
        for name, entry in sorted(header.items(), key=lambda item: item[1]["data_offsets"]):
            start, end = entry["data_offsets"]
            if start != reached:
                raise ValueError(f"{name} does not begin where the one before ended")
            reached = end
            arrays[name] = np.frombuffer(body[start:end], NAMES[entry["dtype"]]).reshape(entry["shape"]).copy()
        if reached != len(body):
            raise ValueError("the numbers end elsewhere than the file")
    except Exception as error:
        raise ValueError(f"{path} is damaged: {error}") from error
    return {name: arrays[name] for name in header}
