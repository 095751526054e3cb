"""The wire format for plain values, in which the judge and the workers communicate.

A frame consists of a prefix with two lengths, a msgpack header of at most 1 MiB, and at most 64 MiB of raw data. The
raw data are the bytes of arrays, NumPy scalars and bytes objects, in the order in which the header mentions them. In
the header, None, bool, int, float and str represent themselves. Every other value is a `Node`. Named tuples are sent as
tuples. Instances of other subclasses are rejected, because they could have unexpected behaviour. Pickles and object
arrays are not supported.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import msgspec
import numpy as np

from graders.errors import WireError

MAX_HEADER = 1 << 20
MAX_ARRAYS = 64 << 20
MAX_DEPTH = 32
MAX_NODES = 100_000
MAX_INT_BITS = 4096
MAX_DIMENSIONS = 32

_INTEGERS = "int8 int16 int32 int64 uint8 uint16 uint32 uint64"
DTYPES = {name: np.dtype(name) for name in f"bool {_INTEGERS} float16 float32 float64 complex64 complex128".split()}
_SCALARS = {dtype.type: dtype for dtype in DTYPES.values()}
_NAMES = {dtype: name for name, dtype in DTYPES.items()}  # a cache, because dtype.name takes microseconds
_PLAIN = (bool, int, float, str)
_PREFIX = struct.Struct("<IQ")
_SMALL = 4096  # in bytes; below this size, a copy is cheaper than a view


class GeneratorSeed(NamedTuple):
    """The seed of a random generator. The worker turns it into `numpy.random.default_rng(seed)`."""

    seed: int


def generator(seed: int) -> GeneratorSeed:
    """Return an argument that the submission receives as `numpy.random.default_rng(seed)`."""
    return GeneratorSeed(int(seed))


def with_generators(arguments: tuple[Any, ...]) -> tuple[Any, ...]:
    """Return a call's arguments with a random generator in place of each seed of one."""
    return tuple(np.random.default_rng(each.seed) if isinstance(each, GeneratorSeed) else each for each in arguments)


class Node(msgspec.Struct, array_like=True, gc=False):
    """A dict, or a value that msgpack cannot represent.

    Dicts are not sent as msgpack maps, because a worker could choose keys whose hashes collide.
    """

    kind: str
    items: list[bool | int | float | str | Node | None]


Item = bool | int | float | str | Node | None


class Request(msgspec.Struct, array_like=True):
    """A message from judge to worker."""

    number: int
    operation: str
    name: str
    value: Item


class Reply(msgspec.Struct, array_like=True):
    """A message from worker to judge. If `ok` is false, `value` describes an error."""

    number: int
    ok: bool
    value: Item


_encoder = msgspec.msgpack.Encoder()
_requests = msgspec.msgpack.Decoder(Request)
_replies = msgspec.msgpack.Decoder(Reply)


# ---------------------------------------------------------------------------------------------- sending


class _Packer:
    """An encoder for one message. It counts nodes and bytes before it copies anything."""

    def __init__(self) -> None:
        self.nodes = 0
        self.text = 0
        self.raw_bytes = 0
        self.buffers: list[Any] = []
        self.key: Any = None  # of the dict's item that is being packed

    def pack(self, value: Any, depth: int = 0) -> Item:
        self.nodes += 1
        if self.nodes > MAX_NODES:
            raise WireError(f"more than {MAX_NODES:,} values in one message")
        if depth > MAX_DEPTH:
            raise WireError(f"something nested deeper than {MAX_DEPTH} levels (or containing itself)")
        kind = type(value)
        if value is None or kind in _PLAIN:
            return self._plain(value, kind)
        if kind is np.ndarray:
            return self._array(value)
        if kind is bytes:
            self._buffer(value)
            return Node("b", [len(value)])
        if kind in _SCALARS:
            self._buffer(value.tobytes())
            return Node("s", [_SCALARS[kind].name])
        if kind is list or kind is tuple:
            return Node("l" if kind is list else "t", [self.pack(item, depth + 1) for item in value])
        if kind is dict:
            return self._dict(value, depth)
        if kind is complex:
            return Node("c", [value.real, value.imag])
        if kind is GeneratorSeed:
            return Node("g", [value.seed])
        if issubclass(kind, tuple) and hasattr(kind, "_fields"):
            return Node("t", [self.pack(item, depth + 1) for item in tuple.__iter__(value)])
        place = "" if self.key is None else f" as {repr(self.key)[:60]}"
        text = f"{_article(kind)}{place}, which is not a plain value (NumPy array, number, string, list, tuple or dict)"
        raise WireError(f"{text}; np.asarray turns it into an array" if isinstance(value, np.ndarray) else text)

    def _dict(self, value: dict[Any, Any], depth: int) -> Node:
        outer, items = self.key, []
        for key, item in value.items():
            items.append(self._key(key))
            self.key = key
            items.append(self.pack(item, depth + 1))
        self.key = outer
        return Node("d", items)

    def _plain(self, value: Any, kind: type) -> Item:
        if kind is str:
            self.text += len(value)
            if self.text > MAX_HEADER:
                raise WireError(f"more than {MAX_HEADER >> 20} MiB of text")
            if not value.isascii():
                try:
                    value.encode()
                except UnicodeEncodeError:
                    raise WireError("a string that is not valid Unicode (a lone surrogate)") from None
        elif kind is int and not -(1 << 63) <= value < (1 << 64):
            if value.bit_length() > MAX_INT_BITS:
                raise WireError(f"an int of more than {MAX_INT_BITS} bits")
            return Node("i", [hex(value)])
        plain: Item = value
        return plain

    def _key(self, key: Any) -> Item:
        if key is not None and type(key) not in _PLAIN:
            raise WireError(f"a dict key that is {_article(type(key))}; a string or a number is expected")
        packed = self.pack(key)
        if type(packed) is Node:  # a worker could choose large ints whose hashes collide, to make the dict slow to read
            raise WireError("a dict key that is an int of more than 64 bits")
        return packed

    def _array(self, array: np.ndarray) -> Node:
        name = _NAMES.get(array.dtype) or _name_of(array.dtype)
        if not array.size:
            _check_empty(array.shape)
        if array.nbytes < _SMALL:
            self._buffer(array.tobytes())
        else:
            self._count(array.nbytes)
            self.buffers.append(np.ascontiguousarray(array).reshape(-1).view(np.uint8).data)
        return Node("a", [name, *array.shape])

    def _buffer(self, data: bytes) -> None:
        self._count(len(data))
        self.buffers.append(data)

    def _count(self, count: int) -> None:
        self.raw_bytes += count
        if self.raw_bytes > MAX_ARRAYS:
            raise WireError(f"more than {MAX_ARRAYS >> 20} MiB of arrays")


def _name_of(dtype: np.dtype) -> str:
    """Return the name of a dtype. Equal dtypes, such as C's long long and int64, have the same name."""
    if DTYPES.get(dtype.name) != dtype:
        raise WireError(
            f"an array of dtype {str(dtype)[:60]}; only bool, ints, float16–64 and complex64/128 can be sent"
        )
    return dtype.name


def _check_empty(shape: Sequence[Any]) -> None:
    """Raise WireError if an empty array has huge dimensions, because converting it to lists could fill the memory."""
    if math.prod(extent or 1 for extent in shape) > MAX_NODES:
        raise WireError(f"an array without elements whose other dimensions multiply to more than {MAX_NODES:,}")


def _article(kind: type) -> str:
    name = f"{kind.__module__}.{kind.__qualname__}" if kind.__module__ != "builtins" else kind.__qualname__
    return ("an " if name[:1].lower() in "aeiou" else "a ") + name[:120]


def request(number: int, operation: str, name: str, value: Any) -> list[Any]:
    """Return the buffers of a request, to be written in order. Raises WireError."""
    packer = _Packer()
    return _frame(Request(number, operation, name, packer.pack(value)), packer)


def reply(number: int, ok: bool, value: Any) -> list[Any]:
    """Return the buffers of a reply, to be written in order. Raises WireError."""
    packer = _Packer()
    return _frame(Reply(number, ok, packer.pack(value)), packer)


def _frame(message: Request | Reply, packer: _Packer) -> list[Any]:
    header = _encoder.encode(message)
    if len(header) > MAX_HEADER:
        raise WireError(f"a header of more than {MAX_HEADER >> 20} MiB")
    prefix = _PREFIX.pack(len(header), packer.raw_bytes)
    if packer.raw_bytes <= 4 * _SMALL:
        return [b"".join([prefix, header, *packer.buffers])]
    return [prefix + header, *packer.buffers]


# -------------------------------------------------------------------------------------------- receiving


class Reader:
    """A buffered reader of a stream. `fill(room)` returns at least one byte, or raises an exception."""

    most_header, most_arrays = MAX_HEADER, MAX_ARRAYS  # in bytes, of a message that is not refused

    def __init__(self, fill: Callable[[int], bytes]) -> None:
        self._fill = fill
        self._held = b""

    @property
    def empty(self) -> bool:
        """Whether all bytes that have arrived have been consumed."""
        return not self._held

    def take(self, count: int) -> bytearray:
        """Read exactly `count` bytes."""
        taken = bytearray(count)
        done = min(count, len(self._held))
        taken[:done] = self._held[:done]
        self._held = self._held[done:]
        while done < count:
            chunk = self._fill(max(count - done, 65536))
            used = min(len(chunk), count - done)
            taken[done : done + used] = chunk[:used]
            self._held = chunk[used:]
            done += used
        return taken


def receive_request(reader: Reader) -> Request:
    """Receive a request. Raises WireError if the request is invalid, and any exception that the reader raises."""
    message: Request
    message, unpacker = _receive(reader, _requests)
    unpacker.generators = True
    message.value = unpacker.unpack(message.value)
    unpacker.end()
    return message


def receive_reply(reader: Reader, number: int) -> Reply:
    """Receive the reply to request `number`.

    Raises WireError if the reply is invalid, and any exception that the reader raises.
    """
    message: Reply
    message, unpacker = _receive(reader, _replies)
    if message.number != number:
        raise WireError(f"a reply to request {message.number} instead of {number}")
    message.value = unpacker.unpack(message.value)
    unpacker.end()
    return message


def _receive(reader: Reader, decoder: Any) -> tuple[Any, _Unpacker]:
    header_bytes, raw_bytes = _PREFIX.unpack(reader.take(_PREFIX.size))
    if header_bytes > reader.most_header:
        raise WireError(f"a header of {header_bytes:,} bytes was announced; at most {reader.most_header:,} are allowed")
    if raw_bytes > reader.most_arrays:
        raise WireError(f"arrays of {raw_bytes:,} bytes were announced; at most {reader.most_arrays:,} are allowed")
    header = reader.take(header_bytes)
    try:
        message = decoder.decode(header)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as fault:
        raise WireError(f"a header that cannot be read: {str(fault)[:200]}") from None
    return message, _Unpacker(reader, raw_bytes)


class _Unpacker:
    """A decoder for one message. It checks every kind, count and size before it allocates memory."""

    generators = False  # only workers accept generators, and they never send any back

    def __init__(self, reader: Reader, raw_bytes: int) -> None:
        self.reader = reader
        self.remaining = raw_bytes
        self.nodes = 0

    def unpack(self, item: Item, depth: int = 0) -> Any:
        self.nodes += 1
        if self.nodes > MAX_NODES:
            raise WireError(f"more than {MAX_NODES:,} values in one message")
        if depth > MAX_DEPTH:
            raise WireError(f"nested deeper than {MAX_DEPTH} levels")
        if type(item) is not Node:
            return item
        read = self._KINDS.get(item.kind)
        if read is None:
            raise WireError("a value of an unknown kind")
        try:
            return read(self, item.items, depth)
        except (TypeError, ValueError, KeyError, IndexError, OverflowError):
            raise WireError(f"a malformed value of kind {item.kind!r}") from None

    def end(self) -> None:
        if self.remaining:
            raise WireError(f"{self.remaining:,} bytes more than the header describes")

    def _list(self, items: list[Item], depth: int) -> list[Any]:
        return [self.unpack(item, depth + 1) for item in items]

    def _tuple(self, items: list[Item], depth: int) -> tuple[Any, ...]:
        return tuple(self._list(items, depth))

    def _dict(self, items: list[Item], depth: int) -> dict[Any, Any]:
        if len(items) % 2 or any(type(key) is Node for key in items[::2]):
            raise WireError("a dict with a key that is not a string or a number")
        values = (self.unpack(item, depth + 1) for item in items[1::2])
        return dict(zip(items[::2], values, strict=True))

    def _array(self, items: list[Item], depth: int) -> np.ndarray:  # noqa: ARG002 (one signature for all kinds)
        name, *shape = items
        dtype = DTYPES[name]  # type: ignore[index]
        if len(shape) > MAX_DIMENSIONS:
            raise WireError("an array of too many dimensions")
        count = 1
        for extent in shape:
            if type(extent) is not int or not 0 <= extent < 1 << 40:
                raise WireError("an array with an impossible shape")
            count *= extent
        if not count:
            _check_empty(shape)
        data = self._raw(count * dtype.itemsize)
        return np.frombuffer(data, dtype).reshape(shape)  # type: ignore[arg-type]

    def _scalar(self, items: list[Item], depth: int) -> Any:  # noqa: ARG002
        (name,) = items
        dtype = DTYPES[name]  # type: ignore[index]
        return np.frombuffer(self._raw(dtype.itemsize), dtype)[0]

    def _bytes(self, items: list[Item], depth: int) -> bytes:  # noqa: ARG002
        (length,) = items
        if type(length) is not int or length < 0:
            raise WireError("bytes without a length")
        return bytes(self._raw(length))

    def _raw(self, count: int) -> bytearray:
        """Read the next bytes of the raw data. Raises WireError if fewer bytes were announced."""
        if count > self.remaining:
            raise WireError(f"{count:,} bytes, but only {self.remaining:,} of the announced bytes are left")
        self.remaining -= count
        return self.reader.take(count)

    def _complex(self, items: list[Item], depth: int) -> complex:  # noqa: ARG002
        real, imaginary = items
        if type(real) is not float or type(imaginary) is not float:
            raise WireError("a malformed complex number")
        return complex(real, imaginary)

    def _int(self, items: list[Item], depth: int) -> int:  # noqa: ARG002
        (digits,) = items
        if type(digits) is not str or len(digits) > MAX_INT_BITS // 4 + 4:
            raise WireError("a malformed int")
        return int(digits, 16)

    def _generator(self, items: list[Item], depth: int) -> GeneratorSeed:  # noqa: ARG002
        (seed,) = items
        if type(seed) is not int or not self.generators:
            raise WireError("an unexpected generator")
        return GeneratorSeed(seed)

    _KINDS: dict[str, Callable[[Any, list[Item], int], Any]] = {  # noqa: RUF012 (constant)
        "l": _list,
        "t": _tuple,
        "d": _dict,
        "a": _array,
        "b": _bytes,
        "s": _scalar,
        "c": _complex,
        "i": _int,
        "g": _generator,
    }


def crossed(value: Any) -> Any:
    """Return a value as the receiver of a message would get it.

    Learner mode uses this function to accept the same values as the judge.
    """
    view = [b"".join(bytes(part) for part in request(0, "", "", value))]
    return receive_request(Reader(lambda _: view.pop())).value
