"""shapes32: small pictures in colour, rendered by rule: five shapes, each filled evenly or with stripes; ten classes.

Everything but shape and filling is chance: colours, place, size, angle, the stripes' angle and phase, a background of
soft clouds, bits of clutter behind and before the shape, brightness and noise. Only sums, products, quotients, roots
and an integer generator are used, so a seed means the same bytes on every computer.
"""

from __future__ import annotations

import numpy as np

SIDE = 32
SHAPES = ("disc", "ring", "triangle", "square", "cross")
FILLINGS = ("plain", "striped")
CLASSES = tuple(f"{filling} {shape}" for shape in SHAPES for filling in FILLINGS)

_CHUNK = 250  # images that are drawn at a time; it decides which numbers an image is drawn by
_CLUTTER = 4  # bits in a picture, the last of them before the shape
_CLOUDS = 5  # knots of the background's grid along an edge
_SLANT = 3**0.5 / 2


def render(n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """n pictures (n, 32, 32, 3) uint8, red, green, blue, and their classes (n,) int64, indices of CLASSES.

    Classes come in random order, each as often as the others where 10 divides n.
    """
    images, labels = np.empty((n, SIDE, SIDE, 3), np.uint8), np.empty(n, np.int64)
    for number, start in enumerate(range(0, n, _CHUNK)):
        part = slice(start, min(start + _CHUNK, n))
        rng = np.random.default_rng([seed, number])
        labels[part] = rng.permutation(np.arange(part.start, part.stop) % len(CLASSES))
        images[part] = _draw(labels[part], rng)
    return images, labels


def _draw(labels: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The pictures of these classes; inside, colours come before rows and columns: (n, 3, 32, 32) in float32."""
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


def _uniform(rng: np.random.Generator, low: float, high: float, *shape: int) -> np.ndarray:
    return rng.uniform(low, high, shape).astype(np.float32)


# Where things are


def _directions(rng: np.random.Generator, n: int, most: float) -> tuple[np.ndarray, np.ndarray]:
    """Cosines and sines of n angles up to `most`, in half turns: points of a circle, in its rational form."""
    t = rng.uniform(-1, 1, n) * most  # the tangent of half the angle, near enough
    return (1 - t**2) / (1 + t**2), 2 * t / (1 + t**2)


def _frame(
    rng: np.random.Generator, n: int, away: float, size: np.ndarray, most: float
) -> tuple[np.ndarray, np.ndarray]:
    """Every pixel's place (n, 32, 32) in the frame of a thing: its middle within `away` pixels of the picture's."""
    across, down = rng.uniform(-away, away, (2, n, 1))
    cosine, sine = (part[:, None] / size[:, None] for part in _directions(rng, n, most))
    axis = np.arange(SIDE) - (SIDE - 1) / 2
    x, y = axis - across, axis - down
    columns, rows = ([(part * along).astype(np.float32) for part in (cosine, sine)] for along in (x, y))
    return columns[0][:, None, :] + rows[1][:, :, None], rows[0][:, :, None] - columns[1][:, None, :]


# What there is to draw: distances to an edge, negative inside


def _disc(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    return np.asarray(np.sqrt(x * x + y * y) - np.float32(0.9))


def _ring(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    return np.asarray(np.abs(np.sqrt(x * x + y * y) - np.float32(0.72)) - np.float32(0.24))


def _triangle(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    return np.asarray(np.maximum(np.abs(x) * np.float32(_SLANT) - y / 2, y) - np.float32(0.5))


def _square(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    return np.asarray(np.maximum(np.abs(x), np.abs(y)) - np.float32(0.8))


def _cross(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    x, y = np.abs(x), np.abs(y)
    return np.asarray(np.maximum(np.maximum(x, y) - np.float32(0.95), np.minimum(x, y) - np.float32(0.34)))


_DISTANCES = (_disc, _ring, _triangle, _square, _cross)


def _shapes(kinds: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """How much of every pixel the shape covers (n, 32, 32)."""
    x, y = _frame(rng, len(kinds), 2.0, rng.uniform(9.5, 11.5, len(kinds)), 0.12)
    cover = np.empty_like(x)
    for kind, distance in enumerate(_DISTANCES):
        rows = kinds == kind
        cover[rows] = np.clip(0.5 - 9.5 * distance(x[rows], y[rows]), 0, 1)
    return cover


def _stripes(n: int, rng: np.random.Generator) -> np.ndarray:
    """0 and 1 in turns, with soft edges (n, 32, 32), of any phase, nearly upright, 5 to 6 pixels a period."""
    x, _ = _frame(rng, n, 16.0, rng.uniform(5.0, 6.0, n), 0.15)
    return np.asarray(np.clip(np.abs(x - np.floor(x) - np.float32(0.5)) * np.float32(4.8) - np.float32(0.7), 0, 1))


def _bits(n: int, rng: np.random.Generator) -> np.ndarray:
    """The cover (n, 32, 32) of a small bar or blot somewhere."""
    x, y = _frame(rng, n, 15.0, np.ones(n), 1.0)
    half = _uniform(rng, 1.0, 3.2, 2, n, 1, 1)
    bars = np.maximum(np.abs(x) - half[0], np.abs(y) - half[1])
    blots = rng.random(n) < 0.5
    bars[blots] = np.sqrt(x[blots] ** 2 + y[blots] ** 2) - half[0][blots]
    return np.asarray(np.clip(np.float32(0.5) - bars, 0, 1))


# Colour


def _colours(ground: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Of each shape on its ground (n, 3) the colour, lighter or darker, and that of its stripes; both (n, 3, 1, 1)."""
    n = len(ground)
    side = rng.choice(np.array([-1, 1], np.float32), (n, 1))
    shape = ground + side * _uniform(rng, 0.33, 0.5, n, 1) + _uniform(rng, -0.12, 0.12, n, 3)
    stripe = shape - side * _uniform(rng, 0.25, 0.45, n, 1) + _uniform(rng, -0.1, 0.1, n, 3)
    return shape[..., None, None], stripe[..., None, None]


def _clouds(n: int, rng: np.random.Generator) -> np.ndarray:
    """Soft grounds (n, 3, 32, 32): a colour each, and a coarse grid of brightness with straight lines between."""
    at = np.arange(SIDE) * (_CLOUDS - 1) / SIDE
    cell, part = at.astype(int), (at % 1).astype(np.float32)
    grid = _uniform(rng, -0.13, 0.13, n, _CLOUDS, _CLOUDS)
    rows = grid[:, cell] * (1 - part)[:, None] + grid[:, cell + 1] * part[:, None]
    field = rows[:, :, cell] * (1 - part) + rows[:, :, cell + 1] * part
    return _uniform(rng, 0.35, 0.65, n, 3, 1, 1) + field[:, None]


def _lay(picture: np.ndarray, cover: np.ndarray, colour: np.ndarray) -> None:
    """Lay a colour over pictures (n, 3, 32, 32), in place, as far as the cover (n, 32, 32) goes."""
    picture += cover[:, None] * (colour - picture)


def _grain(shape: tuple[int, ...], rng: np.random.Generator, deviation: float) -> np.ndarray:
    """Nearly normal noise: of four bytes the sum, whose deviation is 147.8."""
    bytes_ = rng.integers(0, 256, (4, *shape), np.uint8)
    total = bytes_.sum(axis=0, dtype=np.uint16).astype(np.float32)
    return np.asarray((total - 510) * np.float32(deviation / 147.8))
