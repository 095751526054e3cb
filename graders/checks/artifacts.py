"""Files that a learner hands in with the code: pictures, prose and TOML, read without trusting them.

Pictures come from a stranger, and image libraries have a history; so a PNG is read here, in the few lines that the
format needs (W3C, "Portable Network Graphics Specification", third edition). Every reader has stated bounds and takes
time in proportion to the file's size.
"""

from __future__ import annotations

import csv
import io
import re
import struct
import tomllib
import zlib
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from graders.checks.mismatch import Mismatch, handed_in

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}  # by colour type: grey, RGB, palette, grey and alpha, RGB and alpha
_LARGEST = 4_000_000  # pixels
_LONGEST_SIDE = 10_000  # pixels
TEXT_BYTES = 64 << 10  # of prose, or of a TOML file
_KEY_PARTS = 100  # of a dotted key in TOML; the time that tomllib takes grows with their square
# Looked for in strings and comments too: whoever tells them apart otherwise than tomllib does can be led past a key.
_KEY_PART = r"""(?:[\w-]++|"(?:[^"\\\n]|\\.){0,200}+"|'[^'\n]{0,200}+')"""
_LONG_KEY = re.compile(rf"(?<![\w-]){_KEY_PART}(?:[ \t]*+\.[ \t]*+{_KEY_PART}){{{_KEY_PARTS}}}")
_TOML_DEPTH = 16
_TOML_ENTRIES = 2_000
_CSV_ROWS = 1_000
_LEAST_COLOURS = 3  # of a picture: paper, axes, and something drawn


def read_png(data: bytes, name: str = "the picture") -> np.ndarray:
    """The pixels of a PNG file, (height, width, channels) uint8; a palette is left as its indices.

    Raise Mismatch unless it is a complete PNG, not interlaced, of 8 bits a channel and at most 4 million pixels.
    """
    if not data.startswith(_SIGNATURE):
        raise Mismatch(f"{name} is no PNG file", "PNG", data[:8])
    parts: list[bytes] = []
    header = None
    for kind, body in _chunks(data, name):
        if header is None:
            if kind != b"IHDR" or len(body) != 13:
                raise Mismatch(f"{name} is no PNG file: it does not begin with its size", "IHDR", kind)
            header = struct.unpack(">IIBBBBB", body)
        elif kind == b"IDAT":
            parts.append(body)
        elif kind == b"IEND":
            break
    else:
        raise Mismatch(f"{name} ends in the middle", "IEND", None)
    assert header is not None
    width, height, depth, colour, _, _, interlaced = header
    if depth != 8 or colour not in _CHANNELS or interlaced:
        raise Mismatch(f"{name} is a PNG of a rare kind: save it with 8 bits a channel, not interlaced", 8, depth)
    if not 0 < width * height <= _LARGEST or max(width, height) > _LONGEST_SIDE:
        said = f"{name} has {width} x {height} pixels; at most {_LARGEST:,} are read, {_LONGEST_SIDE:,} on a side"
        raise Mismatch(f"{said}. Save it with a lower dpi", _LARGEST, width * height)
    return _unfiltered(_inflated(b"".join(parts), height * (1 + width * _CHANNELS[colour]), name), width, height, name)


def assert_picture(data: bytes | None, name: str, *, width: int = 300, height: int = 200) -> np.ndarray:
    """The pixels of a PNG file that shows something; raises Mismatch where it is missing, small or blank."""
    pixels = read_png(handed_in(data, name), name)
    if pixels.shape[1] < width or pixels.shape[0] < height:
        said = f"{name} is {pixels.shape[1]} x {pixels.shape[0]} pixels small; {width} x {height} is the least"
        raise Mismatch(said, (width, height), pixels.shape[1::-1])
    colours = np.unique(pixels.reshape(-1, pixels.shape[2])[:: max(1, pixels[..., 0].size // 200_000)], axis=0)
    if len(colours) < _LEAST_COLOURS:
        raise Mismatch(f"{name} is blank: it has {len(colours)} colour{'s' * (len(colours) != 1)}", None, len(colours))
    return pixels


def assert_prose(text: str | None, name: str, *, words: int, points: Mapping[str, str]) -> None:
    """Prose of at least so many words that speaks of every point; its quality is for a person to judge.

    `points` are what it must speak of, in words for the learner, each with a regular expression (of any case) that
    finds it in whatever words. Raises Mismatch, which names what is missing.
    """
    text = handed_in(text, name)
    if len(text) > TEXT_BYTES:
        raise Mismatch(f"{name} has {len(text):,} characters; at most {TEXT_BYTES:,} are read", TEXT_BYTES, len(text))
    prose = re.sub(r"^#[^\n]*", " ", _without(_without(text, "<!--", "-->"), "```", "```"), flags=re.MULTILINE)
    count = len(re.findall(r"\w+", prose))
    if count < words:
        raise Mismatch(f"{name} has {count} words, headings and code aside; at least {words} are needed", words, count)
    missing = [point for point, pattern in points.items() if not re.search(pattern, prose, re.IGNORECASE)]
    if missing:
        raise Mismatch(f"{name} says nothing of: {'; '.join(missing)}", None, None)


def read_toml(data: bytes, name: str) -> dict[str, Any]:
    """What a TOML file says. Raises Mismatch where it is none, is larger than 64 kB, or is nested too deeply."""
    if len(data) > TEXT_BYTES:
        raise Mismatch(f"{name} has {len(data):,} bytes; at most {TEXT_BYTES:,} are read", TEXT_BYTES, len(data))
    text = decoded(data)
    if _LONG_KEY.search(text):
        raise Mismatch(f"{name} has a dotted key of more than {_KEY_PARTS} parts", None, None)
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as fault:
        raise Mismatch(f"{name} is not TOML: {fault}", "TOML", None) from None
    except (RecursionError, ValueError, OverflowError):  # a number of more digits than Python reads, for one
        raise Mismatch(
            f"{name} cannot be read: it is nested too deeply, or a number is too long", "TOML", None
        ) from None
    level: list[Any] = [table]
    entries = 0
    for _ in range(_TOML_DEPTH):
        level = [item for each in level for item in (each.values() if isinstance(each, dict) else each)]
        entries += len(level)
        level = [item for item in level if isinstance(item, dict | list)]
    if level or entries > _TOML_ENTRIES:
        said = f"{name} is nested deeper than {_TOML_DEPTH} levels, or has more than {_TOML_ENTRIES:,} entries"
        raise Mismatch(said, None, None)
    return table


def read_csv(data: bytes, name: str) -> list[list[str]]:
    """The rows of a CSV file, its header included. Raises Mismatch where it has more than 1 000 or is damaged."""
    rows: list[list[str]] = []
    try:
        for row in csv.reader(io.StringIO(decoded(data), newline="")):
            if len(rows) > _CSV_ROWS:
                raise Mismatch(f"{name} has more than {_CSV_ROWS:,} rows; no more are read", _CSV_ROWS, None)
            rows.append(row)
    except csv.Error as fault:
        raise Mismatch(f"{name} is not CSV: {fault}", None, None) from None
    return rows


def decoded(data: bytes) -> str:
    """A file's text, UTF-8 with or without a byte order mark; what is not UTF-8 is replaced."""
    return data.decode("utf-8-sig", "replace")


def _without(text: str, begin: str, end: str) -> str:
    """The text with everything from each `begin` to the next `end` left out; a `begin` without an `end` stays."""
    kept, place = [], 0
    while (start := text.find(begin, place)) >= 0 and (stop := text.find(end, start + len(begin))) >= 0:
        kept += [text[place:start], " "]
        place = stop + len(end)
    return "".join([*kept, text[place:]])


def _chunks(data: bytes, name: str) -> Iterator[tuple[bytes, bytes]]:
    place = len(_SIGNATURE)
    while place + 12 <= len(data):
        length, kind = struct.unpack_from(">I4s", data, place)
        body = data[place + 8 : place + 8 + length]
        check = data[place + 8 + length : place + 12 + length]
        if len(check) < 4 or zlib.crc32(kind + body) != int.from_bytes(check, "big"):
            raise Mismatch(f"{name} is damaged: the checksum of one of its parts is wrong", None, kind)
        yield kind, body
        place += 12 + length


def _inflated(packed: bytes, size: int, name: str) -> bytes:
    unpacker = zlib.decompressobj()
    try:
        raw = unpacker.decompress(packed, size)
    except zlib.error as fault:
        raise Mismatch(f"{name} is damaged: {fault}", None, None) from None
    if len(raw) != size:
        raise Mismatch(f"{name} is damaged: it has fewer pixels than it says", size, len(raw))
    return raw


def _unfiltered(raw: bytes, width: int, height: int, name: str) -> np.ndarray:
    """Undo the filter of every row: its first byte names it, what follows are differences modulo 256."""
    table = np.frombuffer(raw, np.uint8).reshape(height, -1)
    step = (table.shape[1] - 1) // width  # bytes a pixel
    filters, packed = table[:, 0], table[:, 1:].reshape(height, width, step)
    if filters.max() > 4:
        raise Mismatch(f"{name} is damaged: a row names no filter", None, int(filters.max()))
    if filters.max() > 2:
        return _by_diagonals(filters, packed)
    pixels = np.empty((height, width, step), np.uint8)
    above = np.zeros((width, step), np.uint8)
    for row, differences in enumerate(packed):
        if filters[row] == 0:
            above = differences
        elif filters[row] == 1:
            above = np.cumsum(differences, axis=0, dtype=np.uint8)
        else:
            above = differences + above
        pixels[row] = above
    return pixels


def _by_diagonals(filters: np.ndarray, packed: np.ndarray) -> np.ndarray:
    """Undo the filters of rows when some of them predict from the left neighbour and the one above.

    A pixel needs its left, upper and upper left neighbours only, so that all pixels on a diagonal (row + column the
    same) can be computed at once. A row outside the picture counts as zeros, and so does a column.
    """
    height, width, step = packed.shape
    pixels = np.empty_like(packed)
    # Of the last two diagonals, by row; the first entry stands for the row above the picture. An entry is 0 until its
    # row begins, which is what stands left of it.
    near, far = (np.zeros((height + 1, step), np.int16) for _ in range(2))
    kinds = filters[:, None]
    for diagonal in range(height + width - 1):
        rows = np.arange(max(0, diagonal - width + 1), min(height, diagonal + 1))
        here = slice(rows[0] + 1, rows[-1] + 2)
        above_here = slice(rows[0], rows[-1] + 1)
        left, above, corner, kind = near[here], near[above_here], far[above_here], kinds[rows]
        estimate = left + above - corner
        by_left, by_above, by_corner = abs(estimate - left), abs(estimate - above), abs(estimate - corner)
        paeth = np.where(
            (by_left <= by_above) & (by_left <= by_corner), left, np.where(by_above <= by_corner, above, corner)
        )
        predicted = np.choose(kind, [np.zeros_like(left), left, above, (left + above) // 2, paeth])
        pixels[rows, diagonal - rows] = found = (packed[rows, diagonal - rows] + predicted) & 255
        far = near
        near = near.copy()
        near[here] = found
    return pixels
