"""The arrays underneath (NumPy on the CPU, CuPy on a GPU) and PyTorch's type promotion.

NumPy's functions pass CuPy arrays on to CuPy (`__array_ufunc__`, `__array_function__`), so the same code serves both.
Only functions that create arrays must know the device: `namespace(array).zeros(…)`.
"""

import numpy as np

FLOAT32, INT64, BOOL = np.dtype(np.float32), np.dtype(np.int64), np.dtype(np.bool_)
NUMBERS = {bool: BOOL, int: INT64, float: FLOAT32}  # dtypes of Python numbers

# A training step frees its arrays, and the next one needs as much memory again. Once a block of this size was freed,
# the C library of Linux keeps freed memory, and doesn't return it to the system. Convolutions take 40 % less time then.
np.empty(31 << 20, np.uint8)

generator = np.random.default_rng()  # the source of all random numbers in the package, on both devices


def manual_seed(seed):
    """Seed `randn`, initialisation, Dropout and shuffling: the same integer gives the same numbers."""
    generator.bit_generator.state = np.random.default_rng(seed).bit_generator.state


def cupy():
    """Return the module cupy. RuntimeError if it can't be imported."""
    try:
        import cupy
    except ImportError as error:
        raise RuntimeError(f"device 'cuda' needs CuPy, which can't be imported: {error}") from None
    return cupy


def namespace(array):
    """Return the module of this array: numpy or cupy."""
    return np if isinstance(array, (np.ndarray, np.generic)) else cupy()


def device_of(array):
    """Return the device of an array, 'cpu' or 'cuda'."""
    return "cpu" if isinstance(array, np.ndarray) else "cuda"


def on_device(array, device):
    """Move an array to 'cpu' or 'cuda'; return it unchanged if it is there already. ValueError for another device."""
    if device not in ("cpu", "cuda"):
        raise ValueError(f"a device must be 'cpu' or 'cuda', not {device!r}")
    if device == device_of(array):
        return array
    return cupy().asarray(array) if device == "cuda" else cupy().asnumpy(array)


def is_array(data):
    """Return whether `data` is a NumPy array or scalar, or a CuPy array."""
    return isinstance(data, (np.ndarray, np.generic)) or hasattr(data, "__cuda_array_interface__")


def new_array(data, dtype=None):
    """Make a new array of numbers, nested lists or arrays; Python floats become float32, arrays keep their dtype.

    ValueError for a ragged list, TypeError for a dtype that is neither bool, integer nor floating.
    """
    if is_array(data):
        array = data.astype(data.dtype if dtype is None else dtype, order="C")
        array = np.asarray(array) if isinstance(array, np.generic) else array
    else:
        array = np.array(data, dtype)
        if dtype is None and array.dtype == np.float64 and not hasattr(_first(data), "dtype"):
            array = array.astype(FLOAT32)
    if array.dtype.kind not in "biuf":
        raise TypeError(f"a tensor can hold bools, integers or floats, not {array.dtype}")
    return array if array.dtype.isnative else array.astype(array.dtype.newbyteorder("="))


def _first(data):
    """Return the first element of nested lists."""
    while isinstance(data, (list, tuple)) and data:
        data = data[0]
    return data


def promote(a, b):
    """Promote two dtypes of equal rank: floating wins over integer whatever the width, and integer over bool."""
    if (a.kind == "f") != (b.kind == "f"):
        return a if a.kind == "f" else b
    return np.promote_types(a, b)


def result_type(*operands):
    """Return the common dtype of operands, as `torch.result_type` does.

    The ranks are arrays, 0-dim arrays and Python numbers, in this order. An operand of lower rank decides only if its
    category is higher: bool < integer < floating.
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
