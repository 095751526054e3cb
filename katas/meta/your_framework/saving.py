"""Models in files, in the safetensors format, which README.md describes. Task saving."""


def save(state, path):
    """Writes a state (arrays or Tensors by name) or a Module's state to a file; path: a string or a pathlib.Path.

    Takes arrays of bool, uint8, int8 to int64 and float16 to float64, of any layout in memory, also without axes or
    elements. An existing file is replaced.
    """
    raise NotImplementedError


def load(path):
    """The arrays (or Tensors) of a file by name, with their dtypes and shapes; they can be changed in place.

    ValueError, naming the file, for a file that is damaged or of another format (extra `damaged`).
    """
    raise NotImplementedError
