import json

import numpy as np

from .module import Module
from .tensor import Tensor

names = {
    "bool": "BOOL",
    "uint8": "U8",
    "int8": "I8",
    "int16": "I16",
    "int32": "I32",
    "int64": "I64",
    "float16": "F16",
    "float32": "F32",
    "float64": "F64",
}


def save(state, path):
    if isinstance(state, Module):
        state = state.state_dict()
    header = {}
    numbers = b""
    for name in state:
        value = state[name]
        if isinstance(value, Tensor):
            value = value.data
        value = np.array(value)
        data = value.tobytes()
        header[name] = {
            "dtype": names[value.dtype.name],
            "shape": list(value.shape),
            "data_offsets": [len(numbers), len(numbers) + len(data)],
        }
        numbers = numbers + data
    text = json.dumps(header).encode("utf-8")
    file = open(path, "wb")
    file.write(len(text).to_bytes(8, "little"))
    file.write(text)
    file.write(numbers)
    file.close()


def load(path):
    file = open(path, "rb")
    data = file.read()
    file.close()
    length = int.from_bytes(data[:8], "little")
    header = json.loads(data[8 : 8 + length])
    numbers = data[8 + length :]
    result = {}
    for name in header:
        if name == "__metadata__":
            continue
        entry = header[name]
        for numpy_name in names:
            if names[numpy_name] == entry["dtype"]:
                dtype = numpy_name
        start = entry["data_offsets"][0]
        end = entry["data_offsets"][1]
        result[name] = np.frombuffer(numbers[start:end], dtype=dtype).reshape(entry["shape"]).copy()
    return result
