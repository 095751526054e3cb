"""The arrays beneath: NumPy's on the CPU, CuPy's on a GPU, and PyTorch's rules for what type comes of two.

NumPy's functions pass CuPy's arrays on to CuPy (`__array_ufunc__`, `__array_function__`), so one text serves both
machines. Only what makes an array out of nothing has to ask where: `namespace(array).zeros(…)`.
"""

import numpy as np

FLOAT32, INT64, BOOL = np.dtype(np.float32), np.dtype(np.int64), np.dtype(np.bool_)
NUMBERS = {bool: BOOL, int: INT64, float: FLOAT32}  # what a Python number becomes

generator = np.random.default_rng()  # every random number of the package comes from here, on either device


def manual_seed(seed):
    """Let `randn`, initialisation, Dropout and shuffling repeat: the same integer seed, the same numbers."""
    generator.bit_generator.state = np.random.default_rng(seed).bit_generator.state


def cupy():
    """The module CuPy; RuntimeError where there is none."""
    try:
        import cupy
    except ImportError as error:
        raise RuntimeError(f"device 'cuda' needs CuPy, and it cannot be imported: {error}") from None
    return cupy


def namespace(array):
    """The module that makes arrays of this one's kind: numpy or cupy."""
    return np if isinstance(array, (np.ndarray, np.generic)) else cupy()


def device_of(array):
    """'cpu' or 'cuda'."""
    return "cpu" if isinstance(array, np.ndarray) else "cuda"


def on_device(array, device):
    """The array on 'cpu' or 'cuda', itself where it is there already. ValueError for another device."""
    if device not in ("cpu", "cuda"):
        raise ValueError(f"a device is 'cpu' or 'cuda', not {device!r}")
    if device == device_of(array):
        return array
    return cupy().asarray(array) if device == "cuda" else cupy().asnumpy(array)


def is_array(data):
    """Whether it is an array or a scalar of NumPy, or an array of CuPy."""
    return isinstance(data, (np.ndarray, np.generic)) or hasattr(data, "__cuda_array_interface__")


def new_array(data, dtype=None):
    """A fresh array of Python numbers, nested lists or arrays; Python's floats become float32, arrays keep their type.

    ValueError for a ragged list, TypeError for what is neither bool, integer nor floating.
    """
    if is_array(data):
        array = data.astype(data.dtype if dtype is None else dtype, order="C")
        array = np.asarray(array) if isinstance(array, np.generic) else array
    else:
        array = np.array(data, dtype)
        if dtype is None and array.dtype == np.float64 and not hasattr(_first(data), "dtype"):
            array = array.astype(FLOAT32)
    if array.dtype.kind not in "biuf":
        raise TypeError(f"a tensor holds bool, integers or floats, not {array.dtype}")
    return array if array.dtype.isnative else array.astype(array.dtype.newbyteorder("="))


def _first(data):
    """The first element of nested lists."""
    while isinstance(data, (list, tuple)) and data:
        data = data[0]
    return data


def promote(a, b):
    """The type of two arrays of equal rank: floating wins over integers whatever its size, integers over bool."""
    if (a.kind == "f") != (b.kind == "f"):
        return a if a.kind == "f" else b
    return np.promote_types(a, b)


def result_type(*operands):
    """The type in which operands meet, as `torch.result_type`: arrays, 0-dim arrays and Python numbers, in this order.

    An operand of lower rank decides only if its category is higher: bool < integer < floating.
    """
    ranks = [None, None, None]
    for operand in operands:
        number = NUMBERS.get(type(operand))
        rank = 2 if number else int(operand.ndim == 0)
        dtype = number or operand.dtype
        ranks[rank] = dtype if ranks[rank] is None else promote(ranks[rank], dtype)
    found, *lower = (dtype for dtype in ranks if dtype is not None)
    for dtype in lower:
        if found.kind == "b" or (found.kind != "f" and dtype.kind == "f"):
            found = promote(found, dtype)
    return found
