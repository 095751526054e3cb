"""Plain values are transmitted bit by bit. Sender and receiver reject everything else."""

from __future__ import annotations

import contextlib
import datetime
import enum
import math
import os
import random
import socket
import struct
import subprocess
import sys
import tracemalloc
from collections import OrderedDict, namedtuple
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from graders import wire
from graders.errors import WireError, WorkerError
from graders.judge.worker_handle import Worker
from graders.wire import DTYPES, MAX_ARRAYS, MAX_HEADER, GeneratorSeed, Reader, crossed, receive_reply, receive_request

MB = 1 << 20
PREFIX = struct.Struct("<IQ")

# ------------------------------------------------------------------------------------- sending and receiving


def same(left: Any, right: Any) -> bool:
    """Return whether two values agree bit by bit: types, dtypes, shapes, signs of zeros, payloads of NaNs."""
    if type(left) is not type(right):
        return False
    if isinstance(left, list | tuple):
        return len(left) == len(right) and all(map(same, left, right))
    if isinstance(left, dict):
        return same(list(left.items()), list(right.items()))
    if isinstance(left, np.ndarray | np.generic):
        return (left.dtype, left.shape, left.tobytes()) == (right.dtype, right.shape, right.tobytes())
    if isinstance(left, float):
        return struct.pack("<d", left) == struct.pack("<d", right)
    if isinstance(left, complex):
        return same([left.real, left.imag], [right.real, right.imag])
    return bool(left == right)


dtypes = st.sampled_from(sorted(DTYPES)).map(np.dtype)
shapes = hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=5)
arrays = dtypes.flatmap(lambda dtype: hnp.arrays(dtype, shapes))
scalars = dtypes.flatmap(lambda dtype: hnp.arrays(dtype, ())).map(lambda array: array[()])
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
big = st.integers(-(2**4096) + 1, 2**4096 - 1)
atoms = st.none() | st.booleans() | st.integers() | big | st.floats() | texts | st.binary(max_size=20)
keys = st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False) | texts
generators = st.integers(0, 2**63).map(wire.generator)
leaves = atoms | st.complex_numbers() | scalars | arrays | generators
values = st.recursive(
    leaves,
    lambda inner: (
        st.lists(inner, max_size=5) | st.lists(inner, max_size=5).map(tuple) | st.dictionaries(keys, inner, max_size=5)
    ),
    max_leaves=20,
)


@given(values)
def test_every_plain_value_arrives_bit_by_bit(value: Any) -> None:
    assert same(crossed(value), value)


@pytest.mark.parametrize(
    "value",
    [
        -0.0,
        math.nan,
        -math.nan,
        struct.unpack("<d", struct.pack("<Q", 0x7FF0_0000_0000_0001))[0],
        complex(-0.0, math.nan),
        2**4096 - 1,
        -(2**63) - 1,
        2**64,
        "naïve 🜲\0",
        np.float16(-0.0),
        np.bool_(True),
        np.array(np.nan, np.float32),
        np.empty((0, 3, 0), np.complex64),
        np.array(5, np.uint64),
        {1: [(), {}, {None: ()}]},
        GeneratorSeed(7),
    ],
    ids=lambda value: f"{type(value).__name__}-{value!r}"[:40],
)
def test_awkward_values_arrive_bit_by_bit(value: Any) -> None:
    assert same(crossed(value), value)


@pytest.mark.parametrize("lay_out", [np.asfortranarray, lambda a: a[::2, ::-1], lambda a: a.T, lambda a: a[:, :0]])
@pytest.mark.parametrize("side", [3, 300])
def test_the_layout_of_an_array_in_memory_does_not_matter(lay_out: Callable[[Any], Any], side: int) -> None:
    array = lay_out(np.arange(side * side, dtype=np.float64).reshape(side, side))
    assert same(crossed(array), np.ascontiguousarray(array))


def test_a_large_array_crosses_with_small_ones_around_it() -> None:
    value = [np.arange(3), np.random.default_rng(0).normal(size=(300, 400)), np.float32(1.5), np.arange(2)]
    assert same(crossed(value), value)


def test_received_values_share_no_memory_with_sent_ones() -> None:
    small, large = np.zeros(3), np.zeros(3000)
    for array in (small, large):
        arrived = crossed(array)
        arrived[0] = 1
        assert array[0] == 0


def test_a_request_carries_its_number_operation_and_name() -> None:
    data = b"".join(map(bytes, wire.request(41, "call", "affine", (1.0, np.arange(2)))))
    request = receive_request(Reader(stream(data)))
    assert (request.number, request.operation, request.name) == (41, "call", "affine")
    assert same(request.value, (1.0, np.arange(2)))


@given(st.lists(values, min_size=1, max_size=4), st.integers(1, 50))
def test_messages_are_separated_for_any_chunks(sent: list[Any], chunk: int) -> None:
    data = b"".join(bytes(part) for number, value in enumerate(sent) for part in wire.request(number, "", "", value))
    pieces = [data[i : i + chunk] for i in range(0, len(data), chunk)]
    reader = Reader(lambda room: pieces.pop(0)[:room])
    requests = [receive_request(reader) for _ in sent]
    assert [request.number for request in requests] == list(range(len(sent)))
    assert same([request.value for request in requests], sent)
    assert reader.empty


# -------------------------------------------------------------------------------- what a sender rejects


class Vector(np.ndarray):
    """A subclass."""


class Colour(enum.IntEnum):
    RED = 1


def itself() -> list[Any]:
    cycle: list[Any] = []
    cycle.append(cycle)
    return cycle


def nested(levels: int) -> list[Any]:
    value: list[Any] = []
    for _ in range(levels):
        value = [value]
    return value


REFUSED = {
    "object array": (np.array([None]), "dtype object"),
    "structured array": (np.zeros(2, [("a", "f8"), ("b", "i4")]), "dtype"),
    "record array": (np.rec.array([(1, 2.0)]), "recarray"),
    "datetime array": (np.zeros(2, "datetime64[s]"), "dtype datetime64"),
    "timedelta scalar": (np.timedelta64(1, "s"), "timedelta64"),
    "text array": (np.array(["a"]), "dtype <U1"),
    "bytes array": (np.array([b"a"]), "dtype"),
    "void scalar": (np.void(b"ab"), "void"),
    "big-endian array": (np.zeros(2, ">f8"), "dtype >f8"),
    "big-endian integers": (np.zeros(2, ">i4"), "dtype >i4"),
    "long double array": (np.zeros(2, np.longdouble), "dtype"),
    "long double scalar": (np.longdouble(1), "longdouble"),
    "complex of long doubles": (np.zeros(2, np.clongdouble), "dtype"),
    "subclass of ndarray": (np.zeros(2).view(Vector), "Vector"),
    "masked array": (np.ma.array([1.0, 2.0], mask=[True, False]), "MaskedArray"),
    "masked constant": (np.ma.masked, "Masked"),
    "matrix of numpy": (np.zeros(2).view(np.recarray), "recarray"),
    "subclass of list": (type("Rows", (list,), {})([1]), "Rows"),
    "subclass of float": (type("Loss", (float,), {})(1.0), "Loss"),
    "subclass of str": (type("Name", (str,), {})("a"), "Name"),
    "subclass of int": (Colour.RED, "Colour"),
    "ordered dict": (OrderedDict(a=1), "OrderedDict"),
    "set": ({1}, "a set"),
    "bytearray": (bytearray(b"a"), "bytearray"),
    "memoryview": (memoryview(b"a"), "memoryview"),
    "range": (range(3), "range"),
    "generator": ((i for i in range(3)), "generator"),
    "function": (len, "builtin_function"),
    "class": (float, "type"),
    "date": (datetime.date(2024, 1, 1), "date"),
    "function in a dict": ({"loss": {"mean": 0.5}, "norms": [len]}, "a builtin_function_or_method as 'norms', which"),
    "function behind a dict": ([{"loss": 0.5}, len], "a builtin_function_or_method, which"),
    "tuple as a key": ({(1, 2): 3}, "key"),
    "array scalar as a key": ({np.int64(1): 3}, "key"),
    "lone surrogate": ("\ud800", "surrogate"),
    "surrogate in a key": ({"\udfff": 1}, "surrogate"),
    "bytes as a key": ({b"a": 1}, "key that is a bytes"),
    "large int as a key": ({2**64: 1}, "key that is an int of more than 64 bits"),
    "int of 4097 bits": (2**4096, "4096 bits"),
    "something containing itself": (itself(), "deeper than 32"),
    "33 levels": (nested(33), "deeper than 32"),
    "more than 100 000 values": ([0] * 100_000, "100,000 values"),
    "a megabyte of text": ("a" * (MB + 1), "1 MiB of text"),
    "64 megabytes of bytes": (bytes((64 << 20) + 1), "64 MiB"),
    "a megabyte of text in pieces": (["a" * 1000] * 1100, "1 MiB of text"),
    "a megabyte of characters of two bytes": ("é" * 600_000, "header of more than 1 MiB"),
    "a megabyte of numbers": ([[1.5] * 10] * 9000 + [2**4000] * 900, "header of more than 1 MiB"),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_a_value_that_is_not_plain_is_rejected_by_name(kind: str) -> None:
    value, said = REFUSED[kind]
    with pytest.raises(WireError) as caught:
        wire.reply(0, True, [value])
    assert said in str(caught.value)


@pytest.mark.parametrize("value", [nested(32), [0] * 99_999, "a" * (MB - 100), bytes(2 * MB), -(2**4096) + 1], ids=type)
def test_values_just_within_the_limits_cross(value: Any) -> None:
    assert same(crossed(value), value)


@pytest.mark.security
def test_a_named_tuple_arrives_as_its_items() -> None:
    assert same(crossed([namedtuple("Pair", "h y")(1, np.ones(2))]), [(1, np.ones(2))])


def test_a_named_tuple_sends_only_its_items() -> None:
    class Pair(namedtuple("Pair", "h y")):
        def __iter__(self) -> Any:
            return iter([1, 2, 3])

    assert crossed([Pair(5, 6)]) == [(5, 6)]


def test_a_subclass_does_not_get_to_run_its_own_code() -> None:
    ran = []

    class Sly(np.ndarray):
        def __getattribute__(self, name: str) -> Any:
            ran.append(name)
            return super().__getattribute__(name)

        def __array_finalize__(self, other: Any) -> None:
            pass

    value = np.zeros(3).view(Sly)
    ran.clear()
    with pytest.raises(WireError):
        wire.reply(0, True, value)
    assert ran == []


@pytest.mark.security
@pytest.mark.parametrize(
    "array",
    [
        np.broadcast_to(np.float64(1), (1 << 30,)),
        np.broadcast_to(np.float32(1), (1 << 20, 1 << 20)),
        np.broadcast_to(np.zeros(4)[::2], (MAX_ARRAYS // 16 + 1, 2)),
    ],
    ids=["8 GiB", "4 TiB", "just above"],
)
def test_a_size_is_checked_before_anything_is_copied(array: np.ndarray) -> None:
    with peak() as copied, pytest.raises(WireError, match="64 MiB of arrays"):
        wire.reply(0, True, array)
    assert copied() < MB


@pytest.mark.security
def test_arrays_are_counted_together() -> None:
    half = np.zeros(MAX_ARRAYS // 2, np.uint8)
    wire.reply(0, True, [half, half])
    for more in (np.zeros(1, np.uint8), np.uint8(0), b"0"):
        with pytest.raises(WireError, match="64 MiB of arrays"):
            wire.reply(0, True, [half, half, more])


# ------------------------------------------------------------------------------ what a receiver rejects


class peak:
    """Measure memory: after `with peak() as most:`, `most()` is the peak inside, in bytes."""

    def __enter__(self) -> Callable[[], int]:
        tracemalloc.start()
        return lambda: self.most

    def __exit__(self, *_: object) -> None:
        self.most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()


def stream(data: bytes) -> Callable[[int], bytes]:
    """Return a source of bytes that ends like a closed connection."""
    position = 0

    def fill(room: int) -> bytes:
        nonlocal position
        chunk = data[position : position + room]
        position += len(chunk)
        if not chunk:
            raise EOFError
        return chunk

    return fill


def framed(
    header: bytes, arrays: bytes = b"", *, header_bytes: int | None = None, announced: int | None = None
) -> bytes:
    """Return a frame. The two lengths in its prefix are right unless given."""
    header_bytes = len(header) if header_bytes is None else header_bytes
    announced = len(arrays) if announced is None else announced
    return PREFIX.pack(header_bytes, announced) + header + arrays


def saying(value: Any, arrays: bytes = b"", announced: int | None = None) -> bytes:
    """Return a frame whose value is given as header nodes."""
    return framed(msgspec.msgpack.encode([0, True, value]), arrays, announced=announced)


def received(data: bytes) -> Any:
    return receive_reply(Reader(stream(data)), 0).value


BROKEN = {
    "unknown kind": saying(["x", [1]]),
    "pickle": saying(["p", ["cos", "system"]]),
    "kind that is no text": saying([1, [2]]),
    "node of one part": saying(["l"]),
    "node whose items are no list": saying(["l", "abc"]),
    "empty node": saying([]),
    "map": saying({"a": 1}),
    "bytes without a node": saying(b"abc"),
    "timestamp": saying(datetime.datetime.now(datetime.UTC)),
    "extension type": framed(b"\x93\x00\xc3\xd4\x05a"),
    "dict with half a pair": saying(["d", ["a"]]),
    "dict with an array as key": saying(["d", [["a", ["int8", 0]], 1]]),
    "dict with a list as key": saying(["d", [["l", []], 1]]),
    "dict with a large int as key": saying(["d", [["i", ["0xffffffffffffffffff"]], 1]]),
    "dict with an empty key": saying(["d", [[], 1]]),
    "dict of a map": saying(["d", {"a": 1}]),
    "array of nothing": saying(["a", []]),
    "array of an unknown dtype": saying(["a", ["object", 1]], b"12345678"),
    "array of a dtype spelled otherwise": saying(["a", ["<f8", 1]], b"12345678"),
    "array of a dtype that is no text": saying(["a", [["l", ["f8"]], 1]], b"12345678"),
    "array with a shape in a list": saying(["a", ["int8", ["l", [1]]]], b"1"),
    "array of negative size": saying(["a", ["int8", -1]]),
    "array of negative sizes": saying(["a", ["int8", -1, -1]], b"1"),
    "array of a size that is true": saying(["a", ["int8", True]], b"1"),
    "array of a size that is 1.0": saying(["a", ["int8", 1.0]], b"1"),
    "array of absurd size": saying(["a", ["float64", 1 << 39]]),
    "array of a size beyond counting": saying(["a", ["float64", *[1 << 39] * 30]]),
    "array of no bytes and absurd size": saying(["a", ["float64", 0, 1 << 39, 1 << 39]]),
    "array of 33 axes": saying(["a", ["int8", *[1] * 33]], b"1"),
    "array larger than announced": saying(["a", ["float64", 2]], b"12345678"),
    "second array larger than what is left": saying(["l", [["a", ["int8", 6]]] * 2], b"12345678"),
    "more bytes than described": saying(["a", ["float64", 1]], b"123456789"),
    "bytes without an array": saying(None, b"1"),
    "bytes larger than announced": saying(["b", [2]], b"1"),
    "bytes of negative length": saying(["b", [-1]], b"1"),
    "bytes of a length that is true": saying(["b", [True]], b"1"),
    "bytes of two lengths": saying(["b", [1, 1]], b"12"),
    "scalar larger than announced": saying(["s", ["float64"]], b"1234"),
    "scalar of an unknown dtype": saying(["s", ["longdouble"]], b"1" * 16),
    "scalar with a shape": saying(["s", ["int8", 1]], b"1"),
    "complex of one part": saying(["c", [1.0]]),
    "complex of whole numbers": saying(["c", [1, 2]]),
    "int that is no number": saying(["i", ["zz"]]),
    "int that is a number": saying(["i", [5]]),
    "int of many digits": saying(["i", ["0x" + "f" * 5000]]),
    "generator in a reply": saying(["g", [5]]),
    "generator without a seed": saying(["g", []]),
    "33 levels": saying(eval('["l", [' * 34 + "1" + "]]" * 34)),
    "33 levels of dicts": saying(eval('["d", [0, ' * 34 + "1" + "]]" * 34)),
    "100 001 values": saying(["l", [0] * 100_000]),
    "header of another message": framed(msgspec.msgpack.encode([0, "call", "f", None])),
    "header of too few parts": framed(msgspec.msgpack.encode([0, True])),
    "header that is no list": framed(msgspec.msgpack.encode({"number": 0, "ok": True, "value": None})),
    "number that is true": framed(msgspec.msgpack.encode([False, True, None])),
    "ok that is a number": framed(msgspec.msgpack.encode([0, 1, None])),
    "empty header": framed(b""),
    "header with a tail": framed(msgspec.msgpack.encode([0, True, None]) + b"\xc0"),
    "cut header": framed(b"\x93\x00\xc3\xdb\x00\x00\xff\xffabc"),
    "header nested a million times": framed(b"\x93\x00\xc3" + b"\x91" * (MB - 3)),
    "header of nodes nested without end": framed(b"\x93\x00\xc3" + b"\x92\xa1l\x91" * (MB // 4 - 1)),
    "text that is not UTF-8": framed(b"\x93\x00\xc3\xa2\xff\xfe"),
    "map with a map as key": framed(b"\x93\x00\xc3\x81\x80\xc0"),
    "header of 2 MiB announced": framed(b"", header_bytes=2 * MB),
    "header of 4 GiB announced": framed(b"", header_bytes=2**32 - 1),
    "arrays of 64 MiB and a byte announced": framed(b"", announced=MAX_ARRAYS + 1),
    "arrays of 16 EiB announced": framed(b"", announced=2**64 - 1),
    "list of 4 billion announced": framed(b"\x93\x00\xc3\xdd\xff\xff\xff\xff"),
    "bytes of 4 GiB announced": framed(b"\x93\x00\xc3\xc6\xff\xff\xff\xff"),
    "another request's number": framed(msgspec.msgpack.encode([1, True, None])),
    "a negative number": framed(msgspec.msgpack.encode([-1, True, None])),
}


@pytest.mark.security
@pytest.mark.parametrize("kind", BROKEN)
def test_an_invalid_message_is_rejected_before_allocation(kind: str) -> None:
    with peak() as had, pytest.raises(WireError):
        received(BROKEN[kind])
    assert had() < 12 * MB


FILLERS = [
    b"\xc0",
    b"\x01",
    b"\xa0",
    b"\xcb" + bytes(8),
    b"\x90",
    b"\x91\xc0",
    b"\x92\xa0\x90",
    b"\x92\xa1l\x91\xc0",
    b"\x80",
]


@pytest.mark.security
@pytest.mark.parametrize("around", [b"", b"\x92\xa1l"], ids=["bare", "in a node"])
@pytest.mark.parametrize("filler", FILLERS, ids=bytes.hex)
def test_a_megabyte_header_expands_within_bounds(filler: bytes, around: bytes) -> None:
    count = (MB - 16) // len(filler)
    data = framed(b"\x93\x00\xc3" + around + b"\xdd" + struct.pack(">I", count) + filler * count)
    with peak() as had, pytest.raises(WireError):
        received(data)
    assert had() < 64 * MB


@pytest.mark.security
def test_a_connection_closed_within_a_message_is_an_end() -> None:
    data = saying(["l", [["a", ["float64", 2]], "text"]], bytes(16))
    for length in range(len(data)):
        with pytest.raises(EOFError):
            received(data[:length])


@pytest.mark.security
def test_a_generator_crosses_to_the_worker_and_never_back() -> None:
    data = b"".join(map(bytes, wire.request(0, "", "", GeneratorSeed(5))))
    assert receive_request(Reader(stream(data))).value == GeneratorSeed(5)
    with pytest.raises(WireError, match="an unexpected generator"):
        received(b"".join(map(bytes, wire.reply(0, True, GeneratorSeed(5)))))


@pytest.mark.security
def test_a_reader_is_not_empty_while_bytes_are_left() -> None:
    reader = Reader(stream(saying(None) + b"\0"))
    receive_reply(reader, 0)
    assert not reader.empty


# ------------------------------------------------------------------------------------------------ fuzzing


# The first byte of each msgpack format, at both ends of its range.
FORMATS = bytes.fromhex("00 7f 80 8f 90 91 92 93 9f a0 a1 c0 c1 c2 c4 c7 cb cf d3 d9 dc dd de df ff")


def mutated(data: bytes, rng: random.Random) -> bytes:
    """Return a frame with a few bytes changed, added or removed, and often with corrected lengths."""
    frame = bytearray(data)
    for _ in range(rng.choice([1, 1, 2, 3, 8])):
        place = rng.randrange(len(frame))
        change = rng.randrange(4)
        if change == 0:
            frame[place] = rng.randrange(256)
        elif change == 1:
            frame[place] = rng.choice(FORMATS)
        elif change == 2:
            frame[place:place] = rng.choice([frame[place : place + 5], rng.randbytes(3), b"\x90", b"\x92\xa1a\x92"])
        elif len(frame) > 13:
            del frame[place : place + rng.randrange(1, 4)]
    if rng.random() < 0.7 and len(frame) > PREFIX.size:
        behind = data[PREFIX.size + PREFIX.unpack_from(data)[0] :]
        inside = max(len(frame) - PREFIX.size - len(behind), 0)
        frame[: PREFIX.size] = PREFIX.pack(inside, len(frame) - PREFIX.size - inside)
    return bytes(frame)


def plain(value: Any) -> bool:
    """Return whether a value consists only of plain values."""
    if type(value) in (list, tuple):
        return all(map(plain, value))
    if isinstance(value, dict):
        return type(value) is dict and all(plain(key) and plain(item) for key, item in value.items())
    if type(value) is np.ndarray:
        return value.dtype.name in DTYPES and value.flags.writeable
    kinds = (type(None), bool, int, float, complex, str, bytes, GeneratorSeed)
    return type(value) in kinds or (isinstance(value, np.generic) and value.dtype.name in DTYPES)


SEEDS = [
    b"".join(map(bytes, wire.reply(0, True, value)))
    for value in (
        None,
        {"type": "ValueError", "bases": ["ValueError", "Exception"], "message": "no", "where": "a.py, line 3"},
        [np.arange(6.0).reshape(2, 3), np.float32(1.5), -0.0, 2**70],
        {1: (np.zeros((0, 2)), True), "a": [complex(1, 2), b"xyz", None, 2**80], 1.5: {}},
        (np.array(7, np.uint8), ["text", [[["deep"]]]]),
    )
]


def fuzz(seed: int, count: int) -> None:
    rng = random.Random(seed)
    tracemalloc.start()
    try:
        for _ in range(count):
            frame = mutated(rng.choice(SEEDS), rng)
            announced = sum(PREFIX.unpack_from(frame)) if len(frame) >= PREFIX.size else 0
            tracemalloc.reset_peak()
            before = tracemalloc.get_traced_memory()[0]
            try:
                value = received(frame)
            except (WireError, EOFError):
                value = None
            most = tracemalloc.get_traced_memory()[1] - before
            assert plain(value), frame
            # Twice the announced size, for the buffer and its content, plus a small reserve.
            assert most <= 2 * min(announced, MAX_HEADER + MAX_ARRAYS) + 64 * len(frame) + 65536, frame
    finally:
        tracemalloc.stop()


@pytest.mark.security
@pytest.mark.parametrize("seed", range(4))
def test_any_bytes_give_a_plain_value_an_error_or_an_end(seed: int) -> None:
    fuzz(seed, 5000)


@pytest.mark.security
@given(st.binary(max_size=200))
def test_any_header_gives_a_plain_value_or_an_error(header: bytes) -> None:
    with contextlib.suppress(WireError):
        assert plain(received(framed(b"\x93\x00\xc3" + header)))


words = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats() | texts,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.tuples(st.sampled_from("ltdabscig"), st.lists(inner, max_size=4))
        | st.tuples(st.just("a"), st.tuples(st.sampled_from(sorted(DTYPES)), st.integers(0, 9), st.integers(-1, 9)))
        | st.tuples(st.just("d"), st.tuples(texts, inner, st.integers(0, 9), inner))
    ),
    max_leaves=12,
)


@pytest.mark.security
@settings(max_examples=400)
@given(words, st.binary(max_size=64))
def test_any_nodes_give_a_plain_value_or_an_error(value: Any, arrays: bytes) -> None:
    with contextlib.suppress(WireError):
        assert plain(received(saying(value, arrays)))


@pytest.mark.deep
@pytest.mark.parametrize("seed", [pytest.param(100, marks=pytest.mark.security), *range(101, 110)])
def test_long_fuzzing_gives_a_value_an_error_or_an_end(seed: int) -> None:
    fuzz(seed, 200_000)


@contextmanager
def working(program: str) -> Iterator[tuple[Worker, socket.socket]]:
    """Yield a worker that prints into its output, and the other end of its channel."""
    ours, theirs = socket.socketpair()
    reading, writing = os.pipe()
    command = [sys.executable, "-c", program]
    with theirs, subprocess.Popen(command, stdin=subprocess.PIPE, stdout=writing) as process:
        group = None  # only used for a worker that ends by itself
        worker = Worker(ours.detach(), reading, os.pidfd_open(process.pid), group)
        try:
            yield worker, theirs
        finally:
            process.kill()
            worker.stream.close()
            for descriptor in (reading, writing, worker.pidfd):
                os.close(descriptor)


def test_a_worker_that_writes_unasked_is_killed() -> None:
    with working("input()") as (worker, theirs):
        theirs.sendall(b"anything")  # still unread when the judge sends its request
        with pytest.raises(WorkerError, match="the worker wrote to the judge without being asked"):
            worker.post("call", "f", ())


@pytest.mark.timeout(60)
def test_a_worker_that_prints_endlessly_is_stopped_in_time() -> None:
    with working("while True: print('x' * 4096)") as (worker, _):
        worker.post("call", "f", ())
        with pytest.raises(WorkerError, match="it took too long"):
            worker.receive(0.2, "f", "it took too long")
