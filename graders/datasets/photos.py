"""Render photo-like images of six kinds of objects that lie on a surface.

    images, labels = render(300, seed=0)       # (300, 64, 64, 3) uint8, (300,) int64, in a random order

The outline of an object becomes a relief, which is lit by a lamp and casts a shadow. A simulated camera adds blur, a
vignette and noise, and varies the white balance and the exposure. Only the outline depends on the class. The same seed
gives the same images.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy import ndarray as Array
from numpy.random import Generator as Rng

Outline = Callable[[Array, Array, Rng], Array]

SIDE = 64  # the height and the width of an image, in pixels
CLASSES = ("apple", "fish", "leaf", "mug", "mushroom", "starfish")


def render(n: int, seed: int) -> tuple[Array, Array]:
    """Render n images (n, 64, 64, 3) uint8 and their classes (n,) int64. Class sizes differ by at most one."""
    rng = np.random.default_rng(seed)
    labels = rng.permutation(np.arange(n) % len(CLASSES))
    return np.stack([_photo(int(label), rng) for label in labels]), labels


def _photo(label: int, rng: Rng) -> Array:
    light = _light(rng)
    picture = _surface(rng)
    for _ in range(rng.integers(0, 3)):  # pebbles, which do not depend on the class
        picture = _laid(picture, _pebble, rng, light, rng.uniform(0.06, 0.15), rng.uniform(-0.9, 0.9, 2))
    picture = _laid(picture, _OUTLINES[label], rng, light, rng.uniform(0.65, 0.9), rng.uniform(-0.15, 0.15, 2))
    return _exposed(picture, rng).astype(np.uint8)


# ---------------------------------------------------------------------------------------------------------- outlines
# Each function returns the distance of every point (x, y) from an outline. The distance is negative inside the outline
# and accurate only near it. The y axis points upwards.


def _apple(x: Array, y: Array, rng: Rng) -> Array:
    width = rng.uniform(0.72, 0.85)
    body = np.hypot(x / width, (y + 0.08) / 0.72) - 1
    dent = 0.28 - np.hypot(x / 1.3, y - 0.78)
    stem = np.maximum(abs(x - 0.25 * (y - 0.45)) - 0.06, abs(y - 0.68) - rng.uniform(0.22, 0.3))
    return np.minimum(np.maximum(0.7 * body, dent), stem)


def _fish(x: Array, y: Array, rng: Rng) -> Array:
    height = rng.uniform(0.3, 0.44)
    body = height * (np.hypot((x + 0.2) / 0.72, y / height) - 1)
    spread = rng.uniform(0.8, 1.2)
    tail = np.maximum(abs(y) - spread * (x - 0.38), x - 0.88 + 0.25 * (abs(y) < 0.12))
    fin = np.maximum(abs(x + 0.15 + 0.4 * (y - 0.4)) - 0.2, abs(y - height) - 0.2)
    return np.minimum(np.minimum(body, 0.8 * tail), fin)


def _leaf(x: Array, y: Array, rng: Rng) -> Array:
    bend = rng.uniform(0.35, 0.75)  # the two circles that meet at the tips have their centres at x = ±bend
    radius = np.hypot(bend, 0.85)
    y_blade = y - 0.12 + 0.15 * x**2
    blade = np.maximum(np.hypot(x - bend, y_blade), np.hypot(x + bend, y_blade)) - radius
    teeth = 0.035 * np.sin(rng.uniform(18, 26) * y)
    stem = np.maximum(abs(x) - 0.045, abs(y + 0.8) - 0.28)
    return np.asarray(np.minimum(blade + teeth, stem))


def _mug(x: Array, y: Array, rng: Rng) -> Array:
    width = rng.uniform(0.42, 0.55) + rng.uniform(-0.1, 0.12) * y
    body = np.maximum(abs(x + 0.18) - width, abs(y) - rng.uniform(0.6, 0.75))
    ring = abs(np.hypot((x - 0.34) / 0.9, y) - rng.uniform(0.34, 0.42)) - 0.085
    return np.asarray(np.minimum(body, np.maximum(ring, 0.2 - x)))


def _mushroom(x: Array, y: Array, rng: Rng) -> Array:
    height = rng.uniform(0.55, 0.8)
    cap = np.maximum(0.7 * (np.hypot(x / 0.85, (y - 0.05) / height) - 1), 0.05 - y + 0.12 * np.cos(2 * x))
    width = rng.uniform(0.18, 0.28) + 0.08 * (y < -0.55)
    return np.asarray(np.minimum(cap, np.maximum(abs(x) - width, abs(y + 0.35) - 0.45)))


def _starfish(x: Array, y: Array, rng: Rng) -> Array:
    depth = rng.uniform(0.22, 0.32)
    bent = np.arctan2(y, x) + rng.uniform(-0.25, 0.25) * np.hypot(x, y)
    return np.asarray(0.7 * (np.hypot(x, y) - 0.6 - depth * np.cos(5 * bent)))


def _pebble(x: Array, y: Array, rng: Rng) -> Array:
    angle = np.arctan2(y, x)
    waves = sum(rng.uniform(0, 0.12) * np.cos(k * angle + rng.uniform(0, 7)) for k in (2, 3, 4))
    return np.asarray(np.hypot(x, y) - 0.75 - waves)


_OUTLINES: tuple[Outline, ...] = (_apple, _fish, _leaf, _mug, _mushroom, _starfish)

# ---------------------------------------------------------------------------------------------------------- the scene


def _light(rng: Rng) -> Array:
    """Return the unit vector towards the lamp (x to the right, y downwards, z towards the camera)."""
    around, height = rng.uniform(0, 2 * np.pi), rng.uniform(0.5, 1.1)
    return np.array([np.cos(around) * np.cos(height), np.sin(around) * np.cos(height), np.sin(height)])


def _surface(rng: Rng) -> Array:
    """Return a colour gradient (64, 64, 3) from 0 to 1 with a pattern like sand, boards or cloth."""
    ends = rng.uniform(0.15, 0.85, (2, 3))
    rows, columns = np.mgrid[:SIDE, :SIDE] / SIDE
    angle = rng.uniform(0, np.pi)
    along = np.cos(angle) * columns + np.sin(angle) * rows
    across = np.sin(angle) * columns - np.cos(angle) * rows
    shade = ends[0] + (ends[1] - ends[0]) * (0.5 + 0.5 * np.tanh(2 * (along - along.mean())))[..., None]
    kind = rng.integers(3)
    if kind == 0:  # sand
        pattern = _smooth(rng.normal(size=(SIDE, SIDE)), rng.uniform(0.8, 2.5))
    elif kind == 1:  # boards
        pattern = np.sin(2 * np.pi * (rng.uniform(3, 7) * along + 0.5 * _smooth(rng.normal(size=(SIDE, SIDE)), 6)))
        pattern = 0.6 * pattern - 1.5 * (np.mod(rng.uniform(2, 4) * along + 0.3, 1) < 0.06)
    else:  # cloth
        often = rng.uniform(4, 12)
        pattern = np.sin(2 * np.pi * often * along) + np.sin(2 * np.pi * often * across)
    return np.asarray(np.clip(shade + rng.uniform(0.02, 0.1) * pattern[..., None] * rng.uniform(0.6, 1, 3), 0, 1))


def _laid(picture: Array, outline: Outline, rng: Rng, light: Array, size: float, middle: Array) -> Array:
    """Return the picture with an object added, which is lit as a relief and casts a shadow.

    `size` and `middle` are in coordinates that range from -1 to 1 across the picture.
    """
    distance = _posed(outline, rng, size, middle)
    here = distance(np.zeros(2))
    edge = 1.5 / SIDE
    covers = np.clip(0.5 - here / edge, 0, 1)[..., None]
    away = -light[:2] * rng.uniform(0.1, 0.3)
    shadow = _smooth(np.clip(0.5 - distance(away) / edge, 0, 1), rng.uniform(0.8, 2.5))[..., None]
    picture = picture * (1 - rng.uniform(0.25, 0.7) * shadow)

    height = np.sqrt(np.clip(-here, 0, None) * rng.uniform(0.15, 0.5))
    height = height + 0.01 * _smooth(rng.normal(size=here.shape), 1.5) * rng.uniform(0, 2)
    slope_down, slope_right = np.gradient(_smooth(height, 1.0), 2 / SIDE)
    normal = np.stack([-slope_right, -slope_down, np.ones_like(height)])
    normal /= np.linalg.norm(normal, axis=0)
    lit = np.clip(np.tensordot(light, normal, 1), 0, 1)
    gloss = rng.uniform(0, 0.6) * np.clip((np.tensordot(light, normal, 1) + normal[2]) / 1.9, 0, 1) ** 20
    ground = (covers * picture).mean(axis=(0, 1)) / max(float(covers.mean()), 1e-9)
    colour = _painted(rng, ground)
    thing = colour * (0.4 + 0.75 * lit)[..., None] + gloss[..., None]
    return np.asarray(picture * (1 - covers) + thing * covers)


def _posed(outline: Outline, rng: Rng, size: float, middle: Array) -> Callable[[Array], Array]:
    """Return a function that maps a shift (2,) to every pixel's distance (64, 64) from an outline in a random pose.

    The pose turns, stretches and slants the outline, and may mirror it.
    """
    turn = rng.uniform(-0.6, 0.6)
    stretch, lean = rng.uniform(0.85, 1.15), rng.uniform(-0.15, 0.15)
    mirrored = rng.choice((-1.0, 1.0))
    seed = int(rng.integers(2**32))

    def distance(shift: Array) -> Array:
        rows, columns = np.mgrid[:SIDE, :SIDE] * (2 / (SIDE - 1)) - 1
        across, down = columns - middle[0] - shift[0], rows - middle[1] - shift[1]
        x = (np.cos(turn) * across + np.sin(turn) * down) / size * mirrored
        y = (np.sin(turn) * across - np.cos(turn) * down) / size
        x = (x + lean * y) * stretch
        return outline(x, y, np.random.default_rng(seed)) * size  # the same seed gives the same shape

    return distance


def _painted(rng: Rng, ground: Array) -> Array:
    """Return blotches (64, 64, 3) of two random colours, the first lighter or darker than `ground` (3,)."""
    lighter = rng.random() < 1 - ground.mean()
    first = ground + rng.uniform(0.2, 0.5) * (1 if lighter else -1) + rng.uniform(-0.2, 0.2, 3)
    first = np.clip(first, 0.12, 1)
    second = np.clip(first + rng.uniform(-0.2, 0.2, 3), 0.05, 1)
    blots = _smooth(rng.normal(size=(SIDE, SIDE)), rng.uniform(1.5, 5))
    share = 1 / (1 + np.exp(-3 * (blots - rng.uniform(-1, 1))))
    return np.asarray(first + (second - first) * share[..., None])


def _exposed(picture: Array, rng: Rng) -> Array:
    """Add blur, a vignette, a white balance, an exposure and noise. The values are then from 0 to 255."""
    blur = rng.uniform(0.3, 1.1)
    picture = np.stack([_blurred(picture[..., channel], blur) for channel in range(3)], axis=2)
    rows, columns = np.mgrid[:SIDE, :SIDE] * (2 / (SIDE - 1)) - 1
    picture = picture * (1 - rng.uniform(0, 0.25) * (rows**2 + columns**2))[..., None]
    picture = picture * rng.uniform(0.85, 1.15, 3) * rng.uniform(0.8, 1.2)
    picture = np.clip(picture, 0, 1) ** rng.uniform(0.8, 1.25)
    noise = rng.uniform(0.01, 0.04) * rng.normal(size=picture.shape)
    return np.asarray(np.clip(255 * (picture + noise), 0, 255))


def _smooth(noise: Array, deviation: float) -> Array:
    """Blur an array. If it contains negative values, also rescale it to a standard deviation of 1."""
    blurred = _blurred(noise, deviation)
    return blurred if noise.min() >= 0 else blurred / max(float(blurred.std()), 1e-9)


def _blurred(values: Array, deviation: float) -> Array:
    """Blur values (64, 64) with a Gaussian of this standard deviation in pixels, truncated at the image's border."""
    places = np.arange(SIDE)
    weights = np.exp(-0.5 * ((places[:, None] - places) / deviation) ** 2)
    weights /= weights.sum(axis=1, keepdims=True)
    return np.asarray(weights @ values @ weights.T)
