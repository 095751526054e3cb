"""Checks for arrays and plain values, with tolerances derived from the dtype and the magnitude of the summed terms."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import numpy as np
import numpy.typing as npt

from graders.checks import digits
from graders.checks.draw import Array, Size
from graders.checks.mismatch import Mismatch, fail

SHORT = 6  # a tuple of at most this many integers is shown in full
LONGEST = 80  # a message shows at most this many characters of a value
SUBTLE = 1e-3  # if the relative difference is smaller than this, the message also gives the tolerance
COARSE = 0.01  # no dtype explains a larger difference, relative to the largest element
CLEAR = 0.01  # a difference of at least this share of the largest one is worth showing
MULTIPLE = 8  # how many times the rounding error of one term an answer may be off for each term
NINE_DIGITS = 1e-9  # how far a float64 may be off, relative to the largest element or its scale

_in_core: ContextVar[bool] = ContextVar("in_core", default=False)


@contextmanager
def values_only(core: bool = True) -> Iterator[None]:
    """In the block, `assert_close` judges as in a core task if `core` is set: numbers of any dtype are compared."""
    token = _in_core.set(core)
    try:
        yield
    finally:
        _in_core.reset(token)


def assert_close(
    actual: object,
    expected: object,
    *,
    scale: object = None,
    terms: object = 1,
    dtype: npt.DTypeLike | None = None,
    name: str = "",
    precise: bool = False,
) -> None:
    """Check that every element satisfies |actual - expected| <= 8 · eps · terms · scale + tiny.

    If float64 is expected, a difference of 1e-9 is allowed too, relative to the largest element of `expected` or to
    `scale` if that is smaller, and in a core task, numbers of any dtype are compared. So a constant typed with ten
    digits is right, and so are exact zeros and ones as integers. `precise` is for tasks about precision: it allows
    neither.

    Here, eps is the machine epsilon of `dtype`, and tiny is its smallest normal number. `dtype` defaults to the dtype
    of `expected`, or to float64 if that is not a floating-point dtype. `scale` is the magnitude of the intermediate
    values, by default |expected|. For example, it is |W||x| + |b| for Wx + b. `terms` is the number of terms in each
    sum. The error of a sum of n terms is at most about n · eps · scale, whatever the order of summation (Higham,
    Accuracy and Stability of Numerical Algorithms, 2002, §3.1 and §4.2).

    If `expected` is an array, `actual` must be a numpy.ndarray (not a subclass) of the same shape and of `dtype`. If
    `expected` is a scalar, `actual` must be a Python float, a NumPy floating scalar or a 0-d floating array. An
    infinity or a NaN is close only to itself. `expected` may be a torch tensor.

    If an answer has several values, `name` is the learner's name for this value, as in "dW is wrong at [0, 1]".
    """
    reference = _as_array(expected)
    promised = np.dtype(dtype if dtype is not None else reference.dtype if reference.dtype.kind in "fc" else np.float64)
    to_nine_digits = promised == np.float64 and not precise
    problem = _kind_of_float(actual) if reference.ndim == 0 else _kind_of_array(actual, reference.shape, promised)
    if problem is not None and name:
        problem = f"{name}: {problem}"
    if problem is None or (to_nine_digits and _in_core.get() and _has_numbers(actual, reference.shape)):
        allowed = _allowance(reference, scale, terms, promised, NINE_DIGITS * to_nine_digits)
        found = np.asarray(actual)
        wrong = discrepancy(found, reference, allowed, promised, name)
        if problem and wrong:  # the dtype is the cause, unless it holds floats that are far from right
            far = allowed + COARSE * np.nanmax(np.abs(_wide(reference)), initial=0.0)
            if found.dtype.kind != "f":
                wrong = problem
            elif discrepancy(found, reference, far, promised) is None:
                wrong = f"{problem}, which keeps too few digits"
        problem = wrong
    if problem is not None:
        # Show the expected value in the required dtype, because the dtype may be the only difference.
        fail(problem, reference.astype(promised) if reference.ndim else expected, actual)


def assert_near(
    actual: object, expected: object, *, relative: float = 0.0, absolute: float = 0.0, name: str = ""
) -> None:
    """Check training results and other values whose rounding error has no known bound.

    Each element must satisfy |actual - expected| <= absolute + relative · |expected|. Numbers, lists and arrays of any
    real dtype are accepted, but the shapes must be equal. `name` is the learner's name for this value.
    """
    reference = _as_array(expected)
    subject = f"{name}: " if name else ""
    try:
        found = _as_array(actual)
    except ValueError:  # rows of different lengths
        found = None
    problem: str | None
    if found is None or found.dtype.kind not in "biuf":
        problem = f"{subject}expected numbers, got {_brief(actual)}"
    elif found.shape != reference.shape:
        problem = f"{subject}expected shape {reference.shape}, got {found.shape}"
    else:
        allowed = absolute + relative * np.abs(_wide(reference)) + np.finfo(np.float64).smallest_normal
        problem = discrepancy(found, reference, allowed, np.dtype(np.float64), name)
    if problem is not None:
        fail(problem, expected, actual)


def assert_shape(actual: object, shape: tuple[int, ...]) -> None:
    """Check that `actual` is a numpy.ndarray of numbers with this shape, before the test computes with it.

    Raises Mismatch even inside `observing()`, because an array of a different shape may be too large to compute with.
    """
    if type(actual) is not np.ndarray or actual.dtype.kind not in "biuf":
        raise Mismatch(f"expected a numpy.ndarray of shape {shape}, got {_brief(actual)}", shape, None)
    if actual.shape != shape:
        raise Mismatch(f"expected shape {shape}, got {actual.shape}", shape, actual.shape)


def assert_float(actual: object) -> None:
    """Check that `actual` is a Python float, a NumPy floating scalar or a 0-d floating array."""
    problem = _kind_of_float(actual)
    if problem is not None:
        fail(problem, None, actual)


def assert_bool(actual: object, expected: bool, *, name: str = "") -> None:
    """Check that `actual` is a bool or a numpy.bool_ with the expected value. Values that are only truthy fail."""
    subject = f"{name}: " if name else ""
    if type(actual) not in (bool, np.bool_):
        fail(f"{subject}expected {bool(expected)} as a bool, got {_brief(actual)}", expected, actual)
    elif bool(actual) is not bool(expected):
        fail(f"{subject}expected {bool(expected)}, got {bool(actual)}", expected, actual)


def assert_equal(actual: object, expected: object, *, name: str = "") -> None:
    """Check that two values have the same types, dtypes, shapes and bits, also inside tuples, lists and dicts.

    A tuple equals a list of equal items, 0.0 differs from -0.0, and a NaN equals a NaN with the same bits. `name` is
    the learner's name for this value.
    """
    problem = _difference(actual, expected, name)
    if problem is not None:
        fail(problem, expected, actual)


def assert_parts(answer: Any, *names: str) -> tuple[Any, ...]:
    """Return the elements of an answer, which must be a tuple or a list with one element for each name.

        dW, dx, db = assert_parts(kata.affine_backward(dz, x, W), "dW", "dx", "db")
        assert_close(dW, expected, name="dW")

    Raises Mismatch even inside `observing()`, because the test needs the elements.
    """
    is_sequence = type(answer) in (tuple, list)
    if not is_sequence or len(answer) != len(names):
        wanted, got = f"({', '.join(names)})", f"{len(answer)} elements" if is_sequence else _brief(answer)
        raise Mismatch(f"expected a tuple {wanted}, got {got}", wanted, answer)
    return tuple(answer)


def is_tensor(value: object) -> bool:
    """Return whether `value` is a torch tensor, without importing torch."""
    return type(value).__module__ == "torch" and hasattr(value, "detach")


def _as_array(value: Any) -> Array:
    return np.asarray(value.detach().cpu().numpy() if is_tensor(value) else value)


def _kind_of_float(actual: object) -> str | None:
    if type(actual) is np.ndarray:
        if actual.ndim == 0 and actual.dtype.kind == "f":
            return None
        return f"expected a float, got an array of shape {actual.shape} and dtype {actual.dtype}"
    if type(actual) is float or (isinstance(actual, np.floating) and _is_numpys_own(actual)):
        return None
    return f"expected a float, got {_brief(actual)}"


def _kind_of_array(actual: object, shape: tuple[int, ...], dtype: np.dtype[Any]) -> str | None:
    if type(actual) is not np.ndarray:
        return f"expected a numpy.ndarray of shape {shape}, got {_brief(actual)}"
    if actual.shape != shape:
        return f"expected shape {shape}, got {actual.shape}"
    return None if actual.dtype == dtype else f"expected dtype {dtype}, got {actual.dtype}"


def _has_numbers(actual: object, shape: tuple[int, ...]) -> bool:
    """Return whether `actual` is an array of this shape, or a number if the shape is (), of some real dtype."""
    if type(actual) is np.ndarray:
        return actual.shape == shape and actual.dtype.kind in "biuf"
    known = type(actual) in (bool, int, float) or (isinstance(actual, np.generic) and _is_numpys_own(actual))
    return shape == () and known and np.asarray(actual).dtype.kind in "biuf"


def _is_numpys_own(value: object) -> bool:
    """Return whether the type of a NumPy scalar is NumPy's own. A submission's own subclass does not count."""
    return type(value).__module__ == "numpy"


def _allowance(expected: Array, scale: object, terms: object, dtype: np.dtype[Any], least: float) -> Array:
    limits = np.finfo(dtype)
    magnitude = np.abs(_wide(expected if scale is None else _as_array(scale)))
    length = max(terms, 1) if type(terms) is int else np.maximum(_wide(_as_array(terms)), 1)
    # The smallest normal number is added because results below it may be flushed to zero.
    with np.errstate(over="ignore"):
        allowed = MULTIPLE * float(limits.eps) * length * magnitude + float(limits.smallest_normal)
        if least:
            largest = np.nanmax(np.abs(_wide(expected)), initial=0.0)
            allowed = np.fmax(allowed, least * np.fmin(magnitude, largest))
    return allowed if np.shape(allowed) == expected.shape else np.broadcast_to(allowed, expected.shape)


def _wide(value: Array) -> Array:
    """Convert to double precision, so that subtracting two values adds no significant error."""
    return value.astype(np.complex128 if value.dtype.kind == "c" else np.float64)


def discrepancy(actual: Array, expected: Array, allowed: Array, dtype: np.dtype[Any], name: str = "") -> str | None:
    """Describe the first clear difference between two arrays, or return None if none exceeds `allowed`."""
    found, reference = _wide(actual), _wide(expected)
    with np.errstate(all="ignore"):
        error = np.abs(found - reference)
        if (error <= allowed).all() and np.isfinite(error).all():
            return None
        finite = np.isfinite(found) & np.isfinite(reference)
        same = (found == reference) | (found == _wide(expected.astype(dtype))) | (np.isnan(found) & np.isnan(reference))
        off = ~(same | (finite & (error <= allowed)))
        if not off.any():
            return None
        excess = np.where(off, np.where(finite, error / allowed, np.inf), -1.0)
        first = np.unravel_index(int(np.argmax(excess >= CLEAR * excess.max())), excess.shape)
        subtle = bool(error[first] < SUBTLE * np.abs(reference[first]))
    wanted, got = digits.pair(expected[first], actual[first])
    values = f"expected {wanted}, got {got}"
    if subtle:
        values += f"; allowed difference {float(allowed[first]):.2g}"
    if not expected.ndim:
        return f"{name}: {values}" if name else values
    wrong = "NaN" if np.isnan(found[off]).all() and not np.isnan(reference[off]).any() else "wrong"
    # The first words must stay the same when the reducer shrinks an input to one element.
    subject = f"{name} is {wrong}" if name else "NaN" if wrong == "NaN" else "wrong value"
    return f"{subject} at {list(map(int, first))}: {values}{_others(off, wrong)}"


def _others(off: Array, wrong: str) -> str:
    count = int(off.sum())
    return f" ({count} of {off.size} elements {'is' if count == 1 else 'are'} {wrong})" if off.size > 1 else ""


def _difference(actual: Any, expected: Any, where: str) -> str | None:
    """Return a message about the first difference, or None. `where` is the way to these values, such as "[0]['W1']"."""
    if is_tensor(expected):
        expected = _as_array(expected)
    if isinstance(expected, Size):
        expected = int(expected)
    if isinstance(expected, list | tuple):
        return _difference_of_sequences(actual, expected, where)
    if type(actual) is not type(expected):
        return f"{_at(where)}expected {_brief(expected)}, got {_brief(actual)}"
    if isinstance(expected, dict):
        if actual.keys() != expected.keys():
            return f"{_at(where)}expected the keys {_shortened(list(expected))}, got {_shortened(list(actual))}"
        found = (_difference(actual[key], each, f"{where}[{key!r}]") for key, each in expected.items())
        return next(filter(None, found), None)
    if isinstance(expected, np.ndarray):
        return _difference_of_arrays(actual, expected, where)
    if _bits(actual) == _bits(expected):
        return None
    if isinstance(expected, float | np.floating):
        wanted, got = digits.pair(expected, actual)
        return f"{_at(where)}expected {wanted}, got {got}"
    return f"{_at(where)}expected {expected!r}, got {_shortened(actual)}"


def _at(where: str) -> str:
    return f"{'at ' * where.startswith('[')}{where}: " if where else ""


def _difference_of_sequences(actual: Any, expected: list[Any] | tuple[Any, ...], where: str) -> str | None:
    if type(actual) not in (list, tuple):
        return f"{_at(where)}expected a {type(expected).__name__} of length {len(expected)}, got {_brief(actual)}"
    short = len(actual) <= SHORT and type(actual) is type(expected) is tuple
    if short and {type(each) for each in (*actual, *expected)} == {int}:  # usually a shape
        return None if actual == expected else f"{_at(where)}expected {expected}, got {actual}"
    if len(actual) != len(expected):
        if all(isinstance(each, str | int | float) for each in (*actual, *expected)):
            return f"{_at(where)}expected {_shortened(list(expected))}, got {_shortened(list(actual))}"
        return f"{_at(where)}expected {len(expected)} {'item' if len(expected) == 1 else 'items'}, got {len(actual)}"
    pairs = enumerate(zip(actual, expected, strict=True))
    found = (_difference(item, reference, f"{where}[{i}]") for i, (item, reference) in pairs)
    return next(filter(None, found), None)


def _difference_of_arrays(actual: Array, expected: Array, where: str) -> str | None:
    problem = _kind_of_array(actual, expected.shape, expected.dtype)
    if problem is not None:
        return _at(where) + problem
    off = _entry_bits(actual) != _entry_bits(expected)
    if not off.any():
        return None
    first = np.unravel_index(int(np.argmax(off)), off.shape)
    wanted, got = digits.pair(expected[first], actual[first])
    place = f"wrong value at {list(map(int, first))}: " if off.ndim else ""
    return f"{_at(where)}{place}expected {wanted}, got {got}{_others(off, 'wrong')}"


def _entry_bits(array: Array) -> Array:
    """Return the bits of floats as integers. Return other entries, and floats of more than 64 bits, unchanged."""
    if array.dtype.kind == "c":
        parts = np.ascontiguousarray(array).reshape(array.shape).view(array.real.dtype)
        bits = _entry_bits(parts.reshape(*array.shape, 2))
        return np.asarray(bits[..., 0].astype(object) * 2**64 + bits[..., 1].astype(object))
    if array.dtype.kind == "f" and array.dtype.itemsize <= 8:
        unsigned = np.dtype(f"u{array.dtype.itemsize}").newbyteorder(array.dtype.byteorder)
        return np.ascontiguousarray(array).reshape(array.shape).view(unsigned)
    return array


def _bits(value: object) -> object:
    return np.asarray(value).tobytes() if isinstance(value, float | complex | np.generic) else value


def _brief(value: object) -> str:
    if isinstance(value, np.ndarray):
        kind = "array" if type(value) is np.ndarray else f"{type(value).__name__} (a subclass of numpy.ndarray)"
        return f"{kind} of shape {value.shape} and dtype {value.dtype}"
    if value is None:
        return "None"
    name = f"numpy.{type(value).__name__}" if isinstance(value, np.generic) else type(value).__name__
    if isinstance(value, list | tuple | dict):
        return f"{name} of {len(value)}"
    if isinstance(value, float | np.floating):
        return f"{name} {digits.number(value)}"
    if isinstance(value, bool | int | float | complex | str | bytes | np.generic):
        return f"{name} {_shortened(value)}"
    return name


def _shortened(value: object) -> str:
    text = str(value) if isinstance(value, np.generic) else repr(value)
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"
