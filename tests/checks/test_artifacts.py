"""Tests of the checks of handed-in files: valid pictures and prose pass, and messages describe everything else."""

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
from graders.checks.artifacts import read_csv, read_toml


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


def header(width: int = 4, height: int = 3, depth: int = 8, colour: int = 2, interlaced: int = 0) -> bytes:
    return struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, interlaced)


def chunked(header: bytes, rows: bytes) -> bytes:
    body = zlib.compress(rows)
    parts = [(b"IHDR", header), (b"IDAT", body), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in parts
    )


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_a_picture_is_read_as_it_was_written(channels: int) -> None:
    pixels = np.random.default_rng(channels).integers(0, 256, (23, 17, channels), dtype=np.uint8)
    assert (read_png(png(pixels.squeeze())) == pixels).all()


def test_a_matplotlib_figure_is_a_picture() -> None:
    data = plot()
    assert (assert_picture(data, "plot.png") == np.asarray(Image.open(io.BytesIO(data)))).all()


SMALL = chunked(header(), bytes(39))
PLOT = png(np.random.default_rng(0).integers(0, 256, (300, 400, 4), dtype=np.uint8))  # noise is large


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (None, "plot.png is missing"),
        (b"", "plot.png is not a PNG file"),
        (b"GIF89a", "plot.png is not a PNG file"),
        (PLOT[:-12], "plot.png is incomplete"),
        (PLOT[:200], "plot.png is damaged"),
        (PLOT.replace(b"IDAT", b"IDAX"), "plot.png is damaged: the checksum"),
        (png(np.full((400, 400, 3), 255, np.uint8)), "plot.png is blank: it has 1 colour"),
        (png(np.zeros((10, 400), np.uint8)), "plot.png is too small: 400 x 10 pixels"),
        (SMALL.replace(b"\x08\x02", b"\x10\x02", 1), "plot.png is damaged"),
        (SMALL[:8], "it does not begin with a header"),
        (chunked(header(depth=16), b""), "plot.png is an unsupported kind of PNG"),
        (chunked(header(interlaced=1), b""), "plot.png is an unsupported kind of PNG"),
        (chunked(header(1 << 30, 1 << 30), b""), "at most 4,000,000 are read"),
        (chunked(header(0), b""), "plot.png has 0 x 3 pixels"),
        (chunked(header(), b"abc"), "fewer pixels than its header says"),
        (chunked(header(), b"\x09" * 39), "a row has an unknown filter"),
    ],
)
def test_an_invalid_picture_is_refused_with_a_reason(data: bytes | None, said: str) -> None:
    with pytest.raises(Mismatch) as caught:
        assert_picture(data, "plot.png")
    assert said in caught.value.message


@given(st.binary(max_size=200), st.integers(0, 100))
def test_arbitrary_bytes_are_a_picture_or_a_mismatch(noise: bytes, place: int) -> None:
    for bad in (SMALL[:8] + noise, SMALL[:place] + noise + SMALL[place:]):
        with contextlib.suppress(Mismatch):
            read_png(bad)


def test_a_bomb_is_not_unpacked() -> None:
    assert read_png(chunked(header(), bytes(100_000_000))).shape == (3, 4, 3)


POINTS = {"the chain rule": r"chain rule|product of", "early layers": r"(first|early) layers?"}
PROSE = (
    "# Why\n\nBy the Chain Rule a gradient is many factors multiplied, and so the early layers get next to nothing.\n"
)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (None, "why.md is missing"),
        (PROSE.replace("many factors multiplied", "```\n" + "word " * 30 + "\n```"), "has 16 words"),
        ("<!-- " + PROSE + " -->", "why.md has 0 words"),
        ("# chain rule, early layers\n" + "word " * 30, "does not mention: the chain rule; early layers"),
        (PROSE.replace("early", "later") * 2, "does not mention: early layers"),
        ("# Title of four words\none two <!-- no no\nno --> three ```no\nno``` four <!-- five", "has 5 words"),
        ("word " * 20_000, "at most 65,536 are read"),
    ],
)
def test_incomplete_prose_is_refused_with_what_is_missing(text: str | None, said: str) -> None:
    with pytest.raises(Mismatch) as caught:
        assert_prose(text, "why.md", words=18, points=POINTS)
    assert said in caught.value.message
    assert_prose(PROSE, "why.md", words=10, points=POINTS)


def by_the_book(filters: np.ndarray, packed: np.ndarray) -> np.ndarray:
    """Return the pixels of filtered rows, computed one by one as in the specification."""
    height, width, step = packed.shape
    pixels = np.zeros((height + 1, width + 1, step), int)
    for row, column, channel in np.ndindex(height, width, step):
        left, above, corner = (
            int(pixels[row + down, column + right, channel]) for down, right in ((1, 0), (0, 1), (0, 0))
        )
        nearest = min((left, above, corner), key=lambda each: abs(left + above - corner - each))
        predicted = (0, left, above, (left + above) // 2, nearest)[filters[row]]
        pixels[row + 1, column + 1, channel] = (int(packed[row, column, channel]) + predicted) & 255
    return pixels[1:, 1:]


@pytest.mark.parametrize("shape", [(1, 1, 1), (5, 3, 3), (4, 7, 4), (9, 1, 1), (1, 9, 2), (40, 6, 3)])
def test_every_filter_of_a_png_is_undone(shape: tuple[int, int, int]) -> None:
    rng = np.random.default_rng(sum(shape))
    filters = rng.integers(0, 5, shape[0]).astype(np.uint8)
    differences = rng.integers(0, 256, shape).astype(np.uint8)
    differences[::3], filters[-1] = 0, 2  # with filter 2, a row of zeros repeats the row above
    rows = np.concatenate([filters[:, None], differences.reshape(shape[0], -1)], axis=1)
    size = header(shape[1], shape[0], colour={1: 0, 2: 4, 3: 2, 4: 6}[shape[2]])
    found = read_png(chunked(size, rows.tobytes()))
    np.testing.assert_array_equal(found, by_the_book(filters, differences))


@pytest.mark.parametrize(
    "text",
    [
        "a." * 30_000 + "a=1",
        '"a".' * 12_000 + '"a"=1',
        "x={" + "a." * 20_000 + "a=1}",
        "x=" + "[" * 30_000,
        "x=" * 40_000,
        "x=1" + "0" * 6_000,
        "x=[" + "[]," * 20_000 + "]",
        "a=1\n" * 20_000,
        "x=" + "[" * 18 + "1" + "]" * 18,
    ],
    ids=["key", "quoted key", "inline key", "brackets", "no value", "number", "entries", "large", "deep"],
)
def test_toml_that_would_keep_the_judge_busy_is_refused(text: str) -> None:
    with pytest.raises(Mismatch, match=r"^diagnosis\.toml "):
        read_toml(text.encode(), "diagnosis.toml")


def test_ordinary_toml_is_read() -> None:
    text = 'a.b.c = 1\n[bug1]\nwhy = "torch.nn.functional.x. And so on. ' + "Really. " * 40 + '"\nlines = [1, [2, 3]]\n'
    assert read_toml(b"\xef\xbb\xbf" + text.encode(), "diagnosis.toml")["a"] == {"b": {"c": 1}}


def test_a_table_with_too_many_rows_is_refused() -> None:
    assert len(read_csv(b"a,b\n" + b"1,2\n" * 1_000, "log.csv")) == 1_001
    with pytest.raises(Mismatch, match=r"log\.csv has more than 1,000 rows"):
        read_csv(b"a,b\n" + b"1,2\n" * 1_001, "log.csv")


def test_a_safetensors_file_of_a_megabyte_is_refused_unread() -> None:
    from graders.hidden.meta.test_saving import contents

    with pytest.raises(Mismatch, match="more than the 1,048,576 that the test reads"):
        contents(bytes(1 + (1 << 20)))
