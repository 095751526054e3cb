"""Files that a learner hands in beside code: pictures and prose, read without trusting them.

Pictures come from a stranger, and image libraries have a history; so a PNG is read here, in the few lines that the
format needs (W3C, "Portable Network Graphics Specification", third edition), within stated bounds.
"""

from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Iterator, Mapping

import numpy as np

from graders.checks.mismatch import Mismatch, handed_in

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}  # by colour type: grey, RGB, palette, grey and alpha, RGB and alpha
_LARGEST = 50_000_000  # pixels
_LEAST_COLOURS = 3  # of a picture: paper, axes, and something drawn


def read_png(data: bytes, name: str = "the picture") -> np.ndarray:
    """The pixels of a PNG file, (height, width, channels) uint8; a palette is left as its indices.

    Raises Mismatch where it is no whole PNG of 8 bits a channel, not interlaced, of at most 50 million pixels.
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
    if not 0 < width * height <= _LARGEST:
        raise Mismatch(
            f"{name} is {width} x {height} pixels large; at most {_LARGEST} are read", _LARGEST, width * height
        )
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
    prose = re.sub(r"<!--.*?-->|```.*?```|^#[^\n]*", " ", text, flags=re.DOTALL | re.MULTILINE)
    count = len(re.findall(r"\w+", prose))
    if count < words:
        raise Mismatch(f"{name} has {count} words, headings and code aside; at least {words} are needed", words, count)
    missing = [point for point, pattern in points.items() if not re.search(pattern, prose, re.IGNORECASE)]
    if missing:
        raise Mismatch(f"{name} says nothing of: {'; '.join(missing)}", None, None)


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
    before = np.zeros((width, step), np.uint8)
    pixels = np.empty((height, width, step), np.uint8)
    for row, (filtering, packed) in enumerate(zip(table[:, 0], table[:, 1:].reshape(height, width, step), strict=True)):
        pixels[row] = before = _row(int(filtering), packed, before, name)
    return pixels


def _row(filtering: int, packed: np.ndarray, above: np.ndarray, name: str) -> np.ndarray:
    """One row, (width, channels), from its differences and the row above."""
    if filtering == 0:
        return packed
    if filtering == 1:
        return np.asarray(np.cumsum(packed, axis=0, dtype=np.uint8))
    if filtering == 2:
        return np.asarray(packed + above)
    if filtering not in (3, 4):
        raise Mismatch(f"{name} is damaged: a row names no filter", None, filtering)
    row = np.empty_like(packed)
    left = corner = [0] * packed.shape[1]
    for place, (differences, over) in enumerate(zip(packed.tolist(), above.tolist(), strict=True)):
        if filtering == 3:
            left = [(d + (a + b) // 2) & 255 for d, a, b in zip(differences, left, over, strict=True)]
        else:
            near = zip(differences, left, over, corner, strict=True)
            left = [(d + _nearest(a, b, c)) & 255 for d, a, b, c in near]
        corner = over
        row[place] = left
    return row


def _nearest(left: int, above: int, corner: int) -> int:
    """Paeth's predictor: whichever of the three is nearest to left + above - corner."""
    estimate = left + above - corner
    by_left, by_above, by_corner = abs(estimate - left), abs(estimate - above), abs(estimate - corner)
    if by_left <= by_above and by_left <= by_corner:
        return left
    return above if by_above <= by_corner else corner
