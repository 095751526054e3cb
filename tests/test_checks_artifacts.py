"""Pictures and prose that were handed in: what is real passes, everything else is told in words."""

from __future__ import annotations

import contextlib
import io
import struct
import zlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from graders.checks import Mismatch, assert_picture, assert_prose, read_png


def png(pixels: np.ndarray, **how: object) -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, format="PNG", **how)
    return file.getvalue()


def plot() -> bytes:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(4, 3))
    figure.subplots().plot([1, 3, 2])
    file = io.BytesIO()
    figure.savefig(file, format="png")
    return file.getvalue()


def packed(filtering: int, width: int = 4, height: int = 3) -> tuple[bytes, np.ndarray]:
    """A PNG whose rows all name one filter, written by the rules of the format, and its pixels."""
    pixels = np.random.default_rng(filtering).integers(0, 256, (height, width, 3), dtype=np.uint8)
    rows = []
    padded = np.pad(pixels.astype(int), ((1, 0), (1, 0), (0, 0)))
    for y in range(1, height + 1):
        differences = []
        for x in range(1, width + 1):
            a, b, c = padded[y, x - 1], padded[y - 1, x], padded[y - 1, x - 1]
            estimate = a + b - c
            distances = np.stack([abs(estimate - a), abs(estimate - b), abs(estimate - c)])
            paeth = np.choose(distances.argmin(axis=0), [a, b, c])
            differences.append(padded[y, x] - [0 * a, a, b, (a + b) // 2, paeth][filtering])
        rows.append(bytes([filtering]) + np.array(differences).astype(np.uint8).tobytes())
    return chunked(struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0), zlib.compress(b"".join(rows))), pixels


def chunked(header: bytes, body: bytes) -> bytes:
    parts = [(b"IHDR", header), (b"IDAT", body), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in parts
    )


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_a_picture_is_read_as_it_was_written(channels: int) -> None:
    pixels = np.random.default_rng(channels).integers(0, 256, (23, 17, channels), dtype=np.uint8)
    assert (read_png(png(pixels.squeeze())) == pixels).all()


@pytest.mark.parametrize("filtering", range(5))
def test_every_filter_is_undone(filtering: int) -> None:
    data, pixels = packed(filtering)
    assert (read_png(data) == pixels).all()


def test_what_matplotlib_draws_is_a_picture() -> None:
    data = plot()
    assert (assert_picture(data, "plot.png") == np.asarray(Image.open(io.BytesIO(data)))).all()


PLOT = png(np.random.default_rng(0).integers(0, 256, (300, 400, 4), dtype=np.uint8))  # noise is large


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (None, "plot.png is missing"),
        (b"", "plot.png is no PNG file"),
        (b"GIF89a", "plot.png is no PNG file"),
        (PLOT[:-12], "plot.png ends in the middle"),
        (PLOT[:200], "plot.png is damaged"),
        (PLOT.replace(b"IDAT", b"IDAX"), "plot.png is damaged: the checksum"),
        (png(np.full((400, 400, 3), 255, np.uint8)), "plot.png is blank: it has 1 colour"),
        (png(np.zeros((10, 400), np.uint8)), "plot.png is 400 x 10 pixels small"),
        (packed(0)[0].replace(b"\x08\x02", b"\x10\x02", 1), "plot.png is damaged"),
        (chunked(struct.pack(">IIBBBBB", 4, 3, 16, 2, 0, 0, 0), b""), "plot.png is a PNG of a rare kind"),
        (chunked(struct.pack(">IIBBBBB", 4, 3, 8, 2, 0, 0, 1), b""), "plot.png is a PNG of a rare kind"),
        (chunked(struct.pack(">IIBBBBB", 1 << 30, 1 << 30, 8, 2, 0, 0, 0), b""), "at most 50000000 are read"),
        (chunked(struct.pack(">IIBBBBB", 0, 3, 8, 2, 0, 0, 0), b""), "plot.png is 0 x 3"),
        (chunked(struct.pack(">IIBBBBB", 4, 3, 8, 2, 0, 0, 0), zlib.compress(b"abc")), "fewer pixels than it says"),
        (chunked(struct.pack(">IIBBBBB", 4, 3, 8, 2, 0, 0, 0), zlib.compress(b"\x09" * 39)), "names no filter"),
    ],
)
def test_what_is_no_picture_is_told(data: bytes | None, said: str) -> None:
    with pytest.raises(Mismatch) as caught:
        assert_picture(data, "plot.png")
    assert said in caught.value.message


@given(st.binary(max_size=200), st.integers(0, 100))
def test_a_stranger_s_bytes_are_a_picture_or_a_mismatch(noise: bytes, place: int) -> None:
    data = packed(1)[0]
    for bad in (data[:8] + noise, data[:place] + noise + data[place:]):
        with contextlib.suppress(Mismatch):
            read_png(bad)


def test_a_bomb_is_not_unpacked() -> None:
    bomb = chunked(struct.pack(">IIBBBBB", 4, 3, 8, 2, 0, 0, 0), zlib.compress(bytes(100_000_000)))
    assert read_png(bomb).shape == (3, 4, 3)


POINTS = {"the chain rule": r"chain rule|product of", "early layers": r"(first|early) layers?"}
PROSE = (
    "# Why\n\nBy the Chain Rule a gradient is many factors multiplied, and so the early layers get next to nothing.\n"
)


def test_prose_that_says_enough_passes() -> None:
    assert_prose(PROSE, "why.md", words=10, points=POINTS)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (None, "why.md is missing"),
        (PROSE.replace("many factors multiplied", "```\n" + "word " * 30 + "\n```"), "has 16 words"),
        ("<!-- " + PROSE + " -->", "why.md has 0 words"),
        ("# chain rule, early layers\n" + "word " * 30, "says nothing of: the chain rule; early layers"),
        (PROSE.replace("early", "later") * 2, "says nothing of: early layers"),
    ],
)
def test_prose_that_lacks_something_is_told_what(text: str | None, said: str) -> None:
    with pytest.raises(Mismatch) as caught:
        assert_prose(text, "why.md", words=18, points=POINTS)
    assert said in caught.value.message
