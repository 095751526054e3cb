"""Saving and loading in the safetensors format, which README.md describes. Task saving."""


def save(state, path):
    """Write a state (arrays or Tensors by name), or a Module's state, to a file; path: a string or a pathlib.Path.

    Accepts arrays of bool, uint8, int8 to int64 and float16 to float64 with any memory layout, including arrays
    without axes or without elements. Replaces an existing file.
    """
    raise NotImplementedError


def load(path):
    """Return the arrays (or Tensors) of a file by name, with their dtypes and shapes; they must be writable.

    ValueError that names the file if it is damaged or has another format (extra `damaged`).
    """
    raise NotImplementedError
