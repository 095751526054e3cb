"""Render small colour images of five shapes, which are plain or striped.

Only the shape and its filling depend on the class. Colours, position, size, angle, background, clutter, brightness and
noise are random. A seed gives the same bytes on every computer, because the code avoids functions such as sine, whose
results may differ in the last bits.
"""

from __future__ import annotations

import numpy as np
from numpy import ndarray as Array
from numpy.random import Generator as Rng

SIDE = 32
SHAPES = ("disc", "ring", "triangle", "square", "cross")
FILLINGS = ("plain", "striped")
CLASSES = tuple(f"{filling} {shape}" for shape in SHAPES for filling in FILLINGS)

_CHUNK = 250  # the number of images rendered at a time; a different number changes the images that a seed gives
_CLUTTER = 4  # the number of pieces of clutter in an image; the last piece is in front of the shape
_CLOUDS = 5  # the number of grid points along an edge of the background
_SLANT = 3**0.5 / 2


def render(n: int, seed: int) -> tuple[Array, Array]:
    """Return n RGB images (n, 32, 32, 3) uint8, and their classes (n,) int64, as indices into CLASSES.

    The classes are in random order. They are equally frequent if n is a multiple of 10.
    """
    images, labels = np.empty((n, SIDE, SIDE, 3), np.uint8), np.empty(n, np.int64)
    for number, start in enumerate(range(0, n, _CHUNK)):
        part = slice(start, min(start + _CHUNK, n))
        rng = np.random.default_rng([seed, number])
        labels[part] = rng.permutation(np.arange(part.start, part.stop) % len(CLASSES))
        images[part] = _draw(labels[part], rng)
    return images, labels


def _draw(labels: Array, rng: Rng) -> Array:
    """Return images (n, 32, 32, 3) uint8 of these classes."""
    n = len(labels)
    picture = _clouds(n, rng)
    shape_colour, stripe_colour = _colours(picture[:, :, SIDE // 2, SIDE // 2], rng)
    for _ in range(_CLUTTER - 1):
        _lay(picture, _bits(n, rng), _uniform(rng, 0.1, 0.9, n, 3, 1, 1))
    cover = _shapes(labels // len(FILLINGS), rng)
    stripes = _stripes(n, rng) * (labels % len(FILLINGS))[:, None, None].astype(np.float32)
    _lay(picture, cover, shape_colour + stripes[:, None] * (stripe_colour - shape_colour))
    _lay(picture, _bits(n, rng), _uniform(rng, 0.1, 0.9, n, 3, 1, 1))
    picture *= _uniform(rng, 0.75, 1.15, n, 1, 1, 1)
    picture += _grain(picture.shape, rng, 0.05)
    return np.asarray((np.clip(picture, 0, 1) * 255).round().astype(np.uint8).transpose(0, 2, 3, 1))


def _uniform(rng: Rng, low: float, high: float, *shape: int) -> Array:
    return rng.uniform(low, high, shape).astype(np.float32)


def _directions(rng: Rng, n: int, most: float) -> tuple[Array, Array]:
    """Return the cosines and sines of n random angles between ±2 atan(`most`), as rational points on the circle."""
    t = rng.uniform(-1, 1, n) * most  # the tangents of half the angles
    return (1 - t**2) / (1 + t**2), 2 * t / (1 + t**2)


def _frame(rng: Rng, n: int, away: float, size: Array, most: float) -> tuple[Array, Array]:
    """Return the x and y coordinates (n, 32, 32) of every pixel relative to a shape of this size.

    In each direction, the shape's centre is at most `away` pixels from the image's centre.
    """
    across, down = rng.uniform(-away, away, (2, n, 1))
    cosine, sine = (part[:, None] / size[:, None] for part in _directions(rng, n, most))
    axis = np.arange(SIDE) - (SIDE - 1) / 2
    x, y = axis - across, axis - down
    columns, rows = ([(part * along).astype(np.float32) for part in (cosine, sine)] for along in (x, y))
    return columns[0][:, None, :] + rows[1][:, :, None], rows[0][:, :, None] - columns[1][:, None, :]


# Shapes. Each function returns the distance from a shape's edge, which is negative inside the shape.


def _disc(x: Array, y: Array) -> Array:
    return np.asarray(np.sqrt(x * x + y * y) - np.float32(0.9))


def _ring(x: Array, y: Array) -> Array:
    return np.asarray(np.abs(np.sqrt(x * x + y * y) - np.float32(0.72)) - np.float32(0.24))


def _triangle(x: Array, y: Array) -> Array:
    return np.asarray(np.maximum(np.abs(x) * np.float32(_SLANT) - y / 2, y) - np.float32(0.5))


def _square(x: Array, y: Array) -> Array:
    return np.asarray(np.maximum(np.abs(x), np.abs(y)) - np.float32(0.8))


def _cross(x: Array, y: Array) -> Array:
    x, y = np.abs(x), np.abs(y)
    return np.asarray(np.maximum(np.maximum(x, y) - np.float32(0.95), np.minimum(x, y) - np.float32(0.34)))


_DISTANCES = (_disc, _ring, _triangle, _square, _cross)


def _shapes(kinds: Array, rng: Rng) -> Array:
    """Return how much of each pixel (n, 32, 32) the shape covers, from 0 to 1."""
    x, y = _frame(rng, len(kinds), 2.0, rng.uniform(9.5, 11.5, len(kinds)), 0.12)
    cover = np.empty_like(x)
    for kind, distance in enumerate(_DISTANCES):
        rows = kinds == kind
        cover[rows] = np.clip(0.5 - 9.5 * distance(x[rows], y[rows]), 0, 1)
    return cover


def _stripes(n: int, rng: Rng) -> Array:
    """Return nearly upright stripes (n, 32, 32) of 0 and 1 with soft edges, 5 to 6 pixels apart."""
    x, _ = _frame(rng, n, 16.0, rng.uniform(5.0, 6.0, n), 0.15)
    return np.asarray(np.clip(np.abs(x - np.floor(x) - np.float32(0.5)) * np.float32(4.8) - np.float32(0.7), 0, 1))


def _bits(n: int, rng: Rng) -> Array:
    """Return how much of each pixel (n, 32, 32) a small bar or disc at a random position covers, from 0 to 1."""
    x, y = _frame(rng, n, 15.0, np.ones(n), 1.0)
    half = _uniform(rng, 1.0, 3.2, 2, n, 1, 1)
    bars = np.maximum(np.abs(x) - half[0], np.abs(y) - half[1])
    discs = rng.random(n) < 0.5
    bars[discs] = np.sqrt(x[discs] ** 2 + y[discs] ** 2) - half[0][discs]
    return np.asarray(np.clip(np.float32(0.5) - bars, 0, 1))


def _colours(ground: Array, rng: Rng) -> tuple[Array, Array]:
    """Return the colours (n, 3, 1, 1) of the shapes, lighter or darker than `ground` (n, 3), and of their stripes."""
    n = len(ground)
    side = rng.choice(np.array([-1, 1], np.float32), (n, 1))
    shape = ground + side * _uniform(rng, 0.33, 0.5, n, 1) + _uniform(rng, -0.12, 0.12, n, 3)
    stripe = shape - side * _uniform(rng, 0.25, 0.45, n, 1) + _uniform(rng, -0.1, 0.1, n, 3)
    return shape[..., None, None], stripe[..., None, None]


def _clouds(n: int, rng: Rng) -> Array:
    """Return backgrounds (n, 3, 32, 32) of one random colour, whose brightness varies smoothly on a coarse grid."""
    at = np.arange(SIDE) * (_CLOUDS - 1) / SIDE
    cell, part = at.astype(int), (at % 1).astype(np.float32)
    grid = _uniform(rng, -0.13, 0.13, n, _CLOUDS, _CLOUDS)
    rows = grid[:, cell] * (1 - part)[:, None] + grid[:, cell + 1] * part[:, None]
    field = rows[:, :, cell] * (1 - part) + rows[:, :, cell + 1] * part
    return _uniform(rng, 0.35, 0.65, n, 3, 1, 1) + field[:, None]


def _lay(picture: Array, cover: Array, colour: Array) -> None:
    """Blend a colour into images (n, 3, 32, 32) in place, where it covers the share `cover` (n, 32, 32) of a pixel."""
    picture += cover[:, None] * (colour - picture)


def _grain(shape: tuple[int, ...], rng: Rng, deviation: float) -> Array:
    """Return nearly normal noise: sums of four random bytes, which have a standard deviation of 147.8."""
    bytes_ = rng.integers(0, 256, (4, *shape), np.uint8)
    total = bytes_.sum(axis=0, dtype=np.uint16).astype(np.float32)
    return np.asarray((total - 510) * np.float32(deviation / 147.8))
