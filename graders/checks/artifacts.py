"""Readers and checks for untrusted files that a learner submits with the code: PNG, prose, TOML and CSV.

Image libraries have a history of vulnerabilities, so this module reads PNG itself, in the few lines that the format
needs (W3C, "Portable Network Graphics Specification", third edition). Every reader enforces fixed limits, and takes
time proportional to the file's size.
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

PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}  # for grey, RGB, palette, grey with alpha, and RGB with alpha
_UP, _AVERAGE = 2, 3
# For each filter, masks of the neighbours (left, above, above left) that it uses. Averages are computed separately.
_USED = -np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 0], [1, 1, 1]], np.int16)
_LARGEST = 4_000_000  # pixels
_LONGEST_SIDE = 10_000  # pixels
TEXT_BYTES = 64 << 10  # the limit for a prose file or a TOML file
_KEY_PARTS = 100  # the limit for a dotted key in TOML, because tomllib takes quadratic time
# The search includes strings and comments. If it skipped them but disagreed with tomllib on where they end, a
# submission could hide a key there.
_KEY_PART = r"""(?:[\w-]++|"(?:[^"\\\n]|\\.){0,200}+"|'[^'\n]{0,200}+')"""
_LONG_KEY = re.compile(rf"(?<![\w-]){_KEY_PART}(?:[ \t]*+\.[ \t]*+{_KEY_PART}){{{_KEY_PARTS}}}")
_TOML_DEPTH = 16
_TOML_ENTRIES = 2_000
_CSV_ROWS = 1_000
_LEAST_COLOURS = 3  # a plot has at least one colour for the background, one for the axes and one for a curve


def read_png(data: bytes, name: str = "the picture") -> np.ndarray:
    """Return the pixels of a PNG file as uint8 (height, width, channels), or palette indices if the file has a palette.

    Raises Mismatch unless the file is a complete, non-interlaced PNG with 8 bits per channel, at most 4 million pixels
    in all and at most 10 000 pixels per side.
    """
    if not data.startswith(PNG_SIGNATURE):
        raise Mismatch(f"{name} is not a PNG file", "PNG", data[:8])
    chunks = _chunks(data, name)
    kind, header = next(chunks, (b"", b""))
    if kind != b"IHDR" or len(header) != 13:
        raise Mismatch(f"{name} is not a PNG file: it does not begin with a header", "IHDR", kind)
    width, height, depth, colour, _, _, interlaced = struct.unpack(">IIBBBBB", header)
    parts = []
    for kind, body in chunks:
        if kind == b"IEND":
            break
        if kind == b"IDAT":
            parts.append(body)
    else:
        raise Mismatch(f"{name} is incomplete: its end is missing", "IEND", None)
    if depth != 8 or colour not in _CHANNELS or interlaced:
        problem = f"{name} is an unsupported kind of PNG: save it with 8 bits per channel, not interlaced"
        raise Mismatch(problem, 8, depth)
    if not 0 < width * height <= _LARGEST or max(width, height) > _LONGEST_SIDE:
        problem = f"{name} has {width} x {height} pixels; at most {_LARGEST:,} are read, and {_LONGEST_SIDE:,} per side"
        raise Mismatch(f"{problem}. Save it with a lower dpi", _LARGEST, width * height)
    size = height * (1 + width * _CHANNELS[colour])
    try:
        raw = zlib.decompressobj().decompress(b"".join(parts), size)
    except zlib.error as fault:
        raise Mismatch(f"{name} is damaged: {fault}", None, None) from None
    if len(raw) != size:
        raise Mismatch(f"{name} is damaged: it has fewer pixels than its header says", size, len(raw))
    rows = np.frombuffer(raw, np.uint8).reshape(height, -1)
    if rows[:, 0].max() > 4:
        raise Mismatch(f"{name} is damaged: a row has an unknown filter", None, int(rows[:, 0].max()))
    return _unfiltered(rows[:, 0], rows[:, 1:].reshape(height, width, -1))


def assert_picture(data: bytes | None, name: str, *, width: int = 300, height: int = 200) -> np.ndarray:
    """Return the pixels of a PNG file that is not blank. Raises Mismatch if it is missing, too small or blank."""
    pixels = read_png(handed_in(data, name), name)
    if pixels.shape[1] < width or pixels.shape[0] < height:
        size = f"{pixels.shape[1]} x {pixels.shape[0]}"
        problem = f"{name} is too small: {size} pixels, at least {width} x {height} are needed"
        raise Mismatch(problem, (width, height), pixels.shape[1::-1])
    colours = colour_counts(pixels, 200_000)
    if len(colours) < _LEAST_COLOURS:
        raise Mismatch(f"{name} is blank: it has {len(colours)} colour{'s' * (len(colours) != 1)}", None, len(colours))
    return pixels


def colour_counts(pixels: np.ndarray, most: int) -> np.ndarray:
    """Return how often each colour occurs among about `most` evenly spread pixels of a picture."""
    some = pixels.reshape(-1, pixels.shape[2])[:: max(1, pixels[..., 0].size // most)]
    numbers = some @ 256 ** np.arange(pixels.shape[2])  # which are sorted ten times as fast as rows
    return np.unique(numbers, return_counts=True)[1]


def assert_prose(text: str | None, name: str, *, words: int, points: Mapping[str, str]) -> None:
    """Check that prose has at least `words` words and mentions every point. A person judges its quality.

    `points` maps each point, as it is described to the learner, to a case-insensitive regular expression that finds it.
    Raises Mismatch with a message that names what is missing.
    """
    text = handed_in(text, name)
    if len(text) > TEXT_BYTES:
        raise Mismatch(f"{name} has {len(text):,} characters; at most {TEXT_BYTES:,} are read", TEXT_BYTES, len(text))
    prose = re.sub(r"^#[^\n]*", " ", _without(_without(text, "<!--", "-->"), "```", "```"), flags=re.MULTILINE)
    count = len(re.findall(r"\w+", prose))
    if count < words:
        problem = f"{name} has {count} words, not counting headings and code; it needs at least {words}"
        raise Mismatch(problem, words, count)
    missing = [point for point, pattern in points.items() if not re.search(pattern, prose, re.IGNORECASE)]
    if missing:
        raise Mismatch(f"{name} does not mention: {'; '.join(missing)}", None, None)


def read_toml(data: bytes, name: str) -> dict[str, Any]:
    """Return a TOML file's content. Raises Mismatch if it is invalid, larger than 64 kB, or nested too deeply."""
    if len(data) > TEXT_BYTES:
        raise Mismatch(f"{name} has {len(data):,} bytes; at most {TEXT_BYTES:,} are read", TEXT_BYTES, len(data))
    text = decoded(data)
    if _LONG_KEY.search(text):
        raise Mismatch(f"{name} has a dotted key of more than {_KEY_PARTS} parts", None, None)
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as fault:
        raise Mismatch(f"{name} is not TOML: {fault}", "TOML", None) from None
    except (RecursionError, ValueError, OverflowError):  # for example, a number with more digits than Python reads
        problem = f"{name} cannot be read: it is nested too deeply, or a number is too long"
        raise Mismatch(problem, "TOML", None) from None
    level: list[Any] = [table]
    entries = 0
    for _ in range(_TOML_DEPTH):
        level = [item for each in level for item in (each.values() if isinstance(each, dict) else each)]
        entries += len(level)
        level = [item for item in level if isinstance(item, dict | list)]
    if level or entries > _TOML_ENTRIES:
        problem = f"{name} is nested deeper than {_TOML_DEPTH} levels, or has more than {_TOML_ENTRIES:,} entries"
        raise Mismatch(problem, None, None)
    return table


def read_csv(data: bytes, name: str) -> list[list[str]]:
    """Return the rows of a CSV file, including its header.

    Raises Mismatch if it is not valid CSV or has more than 1 000 rows in addition to the header.
    """
    rows: list[list[str]] = []
    try:
        for row in csv.reader(io.StringIO(decoded(data), newline="")):
            if len(rows) > _CSV_ROWS:
                raise Mismatch(f"{name} has more than {_CSV_ROWS:,} rows, which is the limit", _CSV_ROWS, None)
            rows.append(row)
    except csv.Error as fault:
        raise Mismatch(f"{name} is not CSV: {fault}", None, None) from None
    return rows


def decoded(data: bytes) -> str:
    """Decode UTF-8, with or without a byte order mark, and replace invalid bytes."""
    return data.decode("utf-8-sig", "replace")


def _without(text: str, begin: str, end: str) -> str:
    """Remove every passage from a `begin` to the next `end`. Keep a `begin` without an `end`."""
    kept, place = [], 0
    while (start := text.find(begin, place)) >= 0 and (stop := text.find(end, start + len(begin))) >= 0:
        kept += [text[place:start], " "]
        place = stop + len(end)
    return "".join([*kept, text[place:]])


def _chunks(data: bytes, name: str) -> Iterator[tuple[bytes, bytes]]:
    place = len(PNG_SIGNATURE)
    while place + 12 <= len(data):
        length, kind = struct.unpack_from(">I4s", data, place)
        body = data[place + 8 : place + 8 + length]
        check = data[place + 8 + length : place + 12 + length]
        if len(check) < 4 or zlib.crc32(kind + body) != int.from_bytes(check, "big"):
            raise Mismatch(f"{name} is damaged: the checksum of one of its parts is wrong", None, kind)
        yield kind, body
        place += 12 + length


def _unfiltered(filters: np.ndarray, packed: np.ndarray) -> np.ndarray:
    """Return the pixels (height, width, bytes) from each row's filter and differences modulo 256.

    Rows that only repeat the row above are left out first, and copied at the end; many pictures consist mostly of them.
    """
    repeats = (filters == _UP) & ~packed.any(axis=(1, 2))
    repeats[0] = False
    pixels = _summed(filters[~repeats], packed[~repeats])
    return np.take(pixels, np.cumsum(~repeats) - 1, axis=0)


def _summed(filters: np.ndarray, packed: np.ndarray) -> np.ndarray:
    """Return the pixels, which are the differences plus what each row's filter predicts, modulo 256.

    A pixel needs only its left, upper and upper-left neighbours, so a diagonal (equal row + column) is done at once.
    Except for averages, all predictions are Paeth's, in which the neighbours that a filter doesn't use count as 0.
    """
    height, width, step = packed.shape
    differences = packed.reshape(-1, step)
    pixels = np.empty_like(differences)
    uses_left, uses_above, uses_corner = np.moveaxis(_USED[filters], 1, 0)[:, :, None]
    averages = -(filters == _AVERAGE).astype(np.int16)[:, None]
    averaging = averages.any()
    # These are the last two diagonals, indexed by row; the first entry is for the row above the picture. An entry is 0
    # until the diagonals reach its row, because pixels to the left of a row count as 0.
    near, far = (np.zeros((height + 1, step), np.int16) for _ in range(2))
    for diagonal in range(height + width - 1):
        first, last = max(0, diagonal - width + 1), min(height - 1, diagonal)
        rows, below = slice(first, last + 1), slice(first + 1, last + 2)
        left, above, corner = (
            near[below] & uses_left[rows],
            near[rows] & uses_above[rows],
            far[rows] & uses_corner[rows],
        )
        rise, run = above - corner, left - corner
        by_left, by_above, by_corner = abs(rise), abs(run), abs(rise + run)  # distances from left + above - corner
        nearer = np.where(by_above <= by_corner, above, corner)
        predicted = np.where(by_left <= np.minimum(by_above, by_corner), left, nearer)
        if averaging:
            predicted += (near[below] + near[rows]) // 2 & averages[rows]
        # From one row to the next, a diagonal moves on by a row less one pixel.
        here = slice(first * width + diagonal - first, last * width + diagonal - last + 1, max(1, width - 1))
        pixels[here] = found = (differences[here] + predicted) & 255
        near, far = far, near
        near[:] = far
        near[below] = found
    return pixels.reshape(packed.shape)
