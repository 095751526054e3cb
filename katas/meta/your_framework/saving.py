"""Models in files, in the safetensors format, which README.md describes. Task saving."""


def save(state, path):
    """Writes a state (arrays or Tensors by name) or a Module's state to a file; path: a string or a pathlib.Path.

    Arrays of bool, uint8, int8 to int64 and float16 to float64, of any layout in memory, with no axes or no elements
    too.
    """
    raise NotImplementedError


def load(path):
    """The arrays (or Tensors) of a file by name, of their dtypes and shapes; each may be changed.

    ValueError, naming the file and what is wrong with it, for a file that is damaged or of another format.
    """
    raise NotImplementedError
