"""Plain values ↔ bytes, spoken by both sides; nothing else crosses.

A frame is a prefix (header length, bytes of arrays), a msgpack header of at most 1 MiB, and the raw bytes of the
arrays, at most 64 MiB, in the order in which the header names them. In the header, None, bool, int, float, str and
bytes stand for themselves; everything else is a pair `[kind, payload]`. Only exact types are encoded, so no
subclass brings its own behaviour along; there is no pickle and there are no object arrays.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
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

DTYPES = {
    name: np.dtype(name)
    for name in [
        "bool",
        "int8",
        "int16",
        "int32",
        "int64",
        "uint8",
        "uint16",
        "uint32",
        "uint64",
        "float16",
        "float32",
        "float64",
        "complex64",
        "complex128",
    ]
}
_SCALARS = {dtype.type: dtype for dtype in DTYPES.values()}
_PLAIN = (bool, int, float, str, bytes)
_PREFIX = struct.Struct("<IQ")
_SMALL = 4096  # below this a copy is cheaper than a view


class GeneratorSeed(NamedTuple):
    """Stands for `numpy.random.default_rng(seed)`, which is made on the side that uses it."""

    seed: int


def generator(seed: int) -> GeneratorSeed:
    """A random generator as an argument: it arrives as `numpy.random.default_rng(seed)`."""
    return GeneratorSeed(int(seed))


class Request(msgspec.Struct, array_like=True):
    """Judge → worker."""

    number: int
    operation: str
    name: str
    value: Any


class Reply(msgspec.Struct, array_like=True):
    """Worker → judge: the value, or (with `ok` false) a description of what went wrong."""

    number: int
    ok: bool
    value: Any


_encoder = msgspec.msgpack.Encoder()
_requests = msgspec.msgpack.Decoder(Request)
_replies = msgspec.msgpack.Decoder(Reply)


# ---------------------------------------------------------------------------------------------- sending


class _Packer:
    """One message on its way out: counts nodes and bytes before anything is copied."""

    def __init__(self) -> None:
        self.nodes = 0
        self.text = 0
        self.array_bytes = 0
        self.buffers: list[Any] = []

    def pack(self, value: Any, depth: int = 0) -> Any:
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
        if kind in _SCALARS:
            return ["s", [_SCALARS[kind].name, value.tobytes()]]
        if kind is list or kind is tuple:
            return ["l" if kind is list else "t", [self.pack(item, depth + 1) for item in value]]
        if kind is dict:
            return ["d", [[self._key(key), self.pack(item, depth + 1)] for key, item in value.items()]]
        if kind is complex:
            return ["c", [value.real, value.imag]]
        if kind is GeneratorSeed:
            return ["g", value.seed]
        raise WireError(f"{_article(kind)}, which is no plain value (NumPy array, number, string, list, tuple or dict)")

    def _plain(self, value: Any, kind: type) -> Any:
        if kind is str or kind is bytes:
            self.text += len(value)
            if self.text > MAX_HEADER:
                raise WireError(f"more than {MAX_HEADER >> 20} MiB of text")
            if kind is str and not value.isascii():
                try:
                    value.encode()
                except UnicodeEncodeError:
                    raise WireError("a string that is not valid Unicode (a lone surrogate)") from None
        elif kind is int and not -(1 << 63) <= value < (1 << 64):
            if value.bit_length() > MAX_INT_BITS:
                raise WireError(f"an int of more than {MAX_INT_BITS} bits")
            return ["i", hex(value)]
        return value

    def _key(self, key: Any) -> Any:
        if key is not None and type(key) not in _PLAIN:
            raise WireError(f"a dict key that is {_article(type(key))}; a string or a number is expected")
        return self.pack(key)

    def _array(self, array: np.ndarray) -> Any:
        dtype = array.dtype
        if DTYPES.get(dtype.name) != dtype:
            raise WireError(
                f"an array of dtype {str(dtype)[:60]}; bool, integers, float16–64 and complex64/128 can cross"
            )
        self.array_bytes += array.nbytes
        if self.array_bytes > MAX_ARRAYS:
            raise WireError(f"more than {MAX_ARRAYS >> 20} MiB of arrays")
        if array.nbytes < _SMALL:
            self.buffers.append(array.tobytes())
        else:
            self.buffers.append(np.ascontiguousarray(array).reshape(-1).view(np.uint8).data)
        return ["a", [dtype.name, list(array.shape)]]


def _article(kind: type) -> str:
    name = f"{kind.__module__}.{kind.__qualname__}" if kind.__module__ != "builtins" else kind.__qualname__
    return ("an " if name[:1].lower() in "aeiou" else "a ") + name[:120]


def request(number: int, operation: str, name: str, value: Any) -> list[Any]:
    """The buffers of a request, to be written one after the other. Raises WireError."""
    packer = _Packer()
    return _frame(Request(number, operation, name, packer.pack(value)), packer)


def reply(number: int, ok: bool, value: Any) -> list[Any]:
    """The buffers of a reply, to be written one after the other. Raises WireError."""
    packer = _Packer()
    return _frame(Reply(number, ok, packer.pack(value)), packer)


def _frame(message: Request | Reply, packer: _Packer) -> list[Any]:
    header = _encoder.encode(message)
    if len(header) > MAX_HEADER:
        raise WireError(f"a header of more than {MAX_HEADER >> 20} MiB")
    prefix = _PREFIX.pack(len(header), packer.array_bytes)
    if packer.array_bytes <= 4 * _SMALL:
        return [b"".join([prefix, header, *packer.buffers])]
    return [prefix + header, *packer.buffers]


# -------------------------------------------------------------------------------------------- receiving


class Reader:
    """Bytes of a stream, read as needed: `fill(room)` returns what has come, at least a byte, or raises."""

    def __init__(self, fill: Callable[[int], bytes]) -> None:
        self._fill = fill
        self._held = b""

    @property
    def empty(self) -> bool:
        """Whether nothing has come beyond what was asked for."""
        return not self._held

    def take(self, count: int) -> bytearray:
        """Exactly `count` bytes."""
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
    """The next request. Raises WireError when it breaks a rule, and whatever the reader raises."""
    message: Request
    message, unpacker = _receive(reader, _requests)
    message.value = unpacker.unpack(message.value)
    unpacker.end()
    return message


def receive_reply(reader: Reader, number: int) -> Reply:
    """The reply to request `number`. Raises WireError when it breaks a rule, and whatever the reader raises."""
    message: Reply
    message, unpacker = _receive(reader, _replies)
    if message.number != number:
        raise WireError(f"a reply to request {message.number} where {number} was asked")
    message.value = unpacker.unpack(message.value)
    unpacker.end()
    return message


def _receive(reader: Reader, decoder: Any) -> tuple[Any, _Unpacker]:
    header_bytes, array_bytes = _PREFIX.unpack(reader.take(_PREFIX.size))
    if header_bytes > MAX_HEADER:
        raise WireError(f"a header of {header_bytes:,} bytes was announced; at most {MAX_HEADER:,} are allowed")
    if array_bytes > MAX_ARRAYS:
        raise WireError(f"arrays of {array_bytes:,} bytes were announced; at most {MAX_ARRAYS:,} are allowed")
    header = reader.take(header_bytes)
    try:
        message = decoder.decode(header)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as fault:
        raise WireError(f"a header that cannot be read: {str(fault)[:200]}") from None
    return message, _Unpacker(reader, array_bytes)


class _Unpacker:
    """One message on its way in: every kind, count and size is checked before anything is allocated."""

    def __init__(self, reader: Reader, array_bytes: int) -> None:
        self.reader = reader
        self.remaining = array_bytes
        self.nodes = 0

    def unpack(self, node: Any, depth: int = 0) -> Any:
        self.nodes += 1
        if self.nodes > MAX_NODES:
            raise WireError(f"more than {MAX_NODES:,} values in one message")
        if depth > MAX_DEPTH:
            raise WireError(f"nested deeper than {MAX_DEPTH} levels")
        if node is None or type(node) in _PLAIN:
            return node
        if type(node) is not list or len(node) != 2 or type(node[0]) is not str or node[0] not in self._KINDS:
            raise WireError("a value of a kind that is not on the list")
        try:
            return self._KINDS[node[0]](self, node[1], depth)
        except (TypeError, ValueError, KeyError, OverflowError):
            raise WireError(f"a value of kind {node[0]!r} that is not well formed") from None

    def end(self) -> None:
        if self.remaining:
            raise WireError(f"{self.remaining:,} bytes more than the header describes")

    def _list(self, payload: Any, depth: int) -> list[Any]:
        if type(payload) is not list:
            raise WireError("a list that is none")
        return [self.unpack(item, depth + 1) for item in payload]

    def _tuple(self, payload: Any, depth: int) -> tuple[Any, ...]:
        return tuple(self._list(payload, depth))

    def _dict(self, payload: Any, depth: int) -> dict[Any, Any]:
        found: dict[Any, Any] = {}
        for pair in payload:
            key, value = pair
            if key is not None and type(key) not in _PLAIN and not (type(key) is list and key[0] == "i"):
                raise WireError("a dict key that is no string or number")
            found[self.unpack(key, depth + 1)] = self.unpack(value, depth + 1)
        return found

    def _array(self, payload: Any, depth: int) -> np.ndarray:  # noqa: ARG002 (one signature for all kinds)
        name, shape = payload
        dtype = DTYPES[name]
        if type(shape) is not list or len(shape) > MAX_DIMENSIONS:
            raise WireError("an array of too many dimensions")
        count = 1
        for extent in shape:
            if type(extent) is not int or not 0 <= extent < 1 << 40:
                raise WireError("an array with an impossible shape")
            count *= extent
        nbytes = count * dtype.itemsize
        if nbytes > self.remaining:
            raise WireError(f"an array of {nbytes:,} bytes where {self.remaining:,} are left of those announced")
        self.remaining -= nbytes
        return np.frombuffer(self.reader.take(nbytes), dtype).reshape(shape)

    def _scalar(self, payload: Any, depth: int) -> Any:  # noqa: ARG002
        name, data = payload
        dtype = DTYPES[name]
        if type(data) is not bytes or len(data) != dtype.itemsize:
            raise WireError("a NumPy scalar of the wrong size")
        return np.frombuffer(data, dtype)[0]

    def _complex(self, payload: Any, depth: int) -> complex:  # noqa: ARG002
        real, imaginary = payload
        if type(real) is not float or type(imaginary) is not float:
            raise WireError("a complex number that is none")
        return complex(real, imaginary)

    def _int(self, payload: Any, depth: int) -> int:  # noqa: ARG002
        if type(payload) is not str or len(payload) > MAX_INT_BITS // 4 + 4:
            raise WireError("an int that is none")
        return int(payload, 16)

    def _generator(self, payload: Any, depth: int) -> GeneratorSeed:  # noqa: ARG002
        if type(payload) is not int:
            raise WireError("a generator without a seed")
        return GeneratorSeed(payload)

    _KINDS: dict[str, Callable[[Any, Any, int], Any]] = {  # noqa: RUF012 (constant)
        "l": _list,
        "t": _tuple,
        "d": _dict,
        "a": _array,
        "s": _scalar,
        "c": _complex,
        "i": _int,
        "g": _generator,
    }


def crossed(value: Any) -> Any:
    """The value as it would arrive on the other side: what learner mode uses, so that both modes accept the same."""
    frames = reply(0, True, value)
    data = b"".join(bytes(part) for part in frames)
    view = [data]
    return receive_reply(Reader(lambda _: view.pop()), 0).value
