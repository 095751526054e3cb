"""Ask for fresh numbers, fresh networks that the judge has trained itself, and the digits that it keeps back."""

import importlib.util
from pathlib import Path

import numpy as np

from graders import datasets
from graders.checks import cases, task

_VISIBLE = importlib.util.spec_from_file_location(
    "visible_challenge7", Path(__file__).parents[3] / "katas" / "challenge7" / "test_challenge7.py"
)
visible = importlib.util.module_from_spec(_VISIBLE)
_VISIBLE.loader.exec_module(visible)

# The visible tests decide: their networks are the same in every grading. Near these limits, the draw would decide.
LOST_BY_PRUNING = 0.12  # with 12 fresh teachers, the solution lost at most 0.022; untuned, at least 0.17
AGREES = 0.65  # with 8 fresh teachers, the solution's students agreed in at least 0.918
APART = 0.25  # with 8 fresh teachers, the solution's students were at most 0.069 apart


def matrix(draw, n, k):
    """Return rows whose largest numbers are 1e-5 to about 1e4. If there are more than two, one consists of zeros."""
    rows = draw.normal(n, k) * 10.0 ** draw.integers(-4, 4, n)[:, None]
    largest = np.abs(rows).max(axis=1, keepdims=True)
    rows = rows * np.maximum(1.0, 1e-5 / np.where(largest > 0, largest, 1.0))
    rows[2:3] = 0
    return rows


def unseen():
    images, labels = datasets.kept_back("mnist")
    return images.reshape(-1, 784).astype(np.float32) / 255, labels


@task("quantize", title="Fresh matrices, as torch.ao quantises them")
@cases(8)
def test_matrices(kata, draw):
    a = matrix(draw, *draw.sizes("n k", high=40))
    visible.same_rows(kata.quantize(a), a, "float64")
    narrow = a.astype(np.float32)
    visible.same_rows(kata.quantize(narrow), narrow.astype(np.float64), "float32")
    found, scale = visible.quantized_by_torch(a)
    visible.close(kata.dequantize(found, scale), found * scale[:, None], "dequantize")


@task("product", title="Fresh integers, summed exactly")
@cases(6)
def test_products(kata, draw):
    n, m = draw.sizes("n m")
    k = draw.sizes("k", high=4000)
    x, w = draw.integers(-127, 128, n, k).astype(np.int8), draw.integers(-127, 128, m, k).astype(np.int8)
    visible.same_product(kata, x, w, f"{k} products")
    same = np.abs(x)
    visible.same_product(kata, same, np.tile(same[:1], (m, 1)), f"{k} products with the same sign")


@task("layer", title="Fresh layers of integers")
@cases(8)
def test_layers(kata, draw):
    n, m, k = draw.sizes("n m k", high=60)
    q = draw.integers(-127, 128, m, k).astype(np.int8)
    whole = draw.integers(-126, 127, n, k) + draw.choice([-0.3, 0.0, 0.3])
    whole[:, 0] = 127  # so that the scale is known, and no element is close to a half
    sizes = 10.0 ** draw.integers(-2, 3, n)
    scale, b = draw.uniform(0.001, 0.1, m), draw.normal(m)
    expected = visible.product(np.round(whole), q) * sizes[:, None] * scale + b
    visible.close(kata.integer_layer(whole * sizes[:, None], q, scale, b), expected, "z")


@task("network", title="A fresh network in int8, on digits that are kept back")
def test_networks(kata, draw):
    images, labels = unseen()
    names, network = visible.changed(draw.seed())
    visible.assert_integers(kata, network, images[:600], names[labels[:600]])


@task("bytes", title="Fresh arrays")
@cases(6)
def test_bytes(kata, draw):
    shape = draw.sizes("n k", high=30)
    dtype = draw.choice([np.float32, np.int8, np.float64])
    array = (draw.normal(*shape, scale=20.0) * draw.mask(*shape, keep=draw.uniform(0.0, 1.0))).astype(dtype)
    network = {"W1": array, "b1": draw.normal(shape[0], dtype=np.float32), "W2": array[:1] * 0}
    visible.assert_near(kata.stored_bytes(network), visible.stored(network), name="bytes")


@task("prune", title="Fresh networks and shares")
@cases(6)
def test_pruning(kata, draw):
    fan_in, hidden, classes = draw.sizes("fan_in hidden classes", low=2, high=20)
    network = {
        "W1": draw.normal(hidden, fan_in, dtype=np.float32),
        "b1": draw.normal(hidden, scale=1e-3, dtype=np.float32),
        "W2": draw.normal(classes, hidden, scale=10.0, dtype=np.float32),
        "b2": draw.normal(classes, scale=1e-3, dtype=np.float32),
    }
    share = draw.uniform(0.1, 0.9)
    visible.assert_pruned(kata.prune(network, share), network, share)
    again = visible.pruned(network, 0.5 * share)
    visible.assert_pruned(kata.prune(again, share), network, share)


@task("tune", title="A fresh network recovers, on digits that are kept back")
def test_tuning(kata, draw):
    (images, _), (others, right) = visible.digits(), unseen()
    names, labels, network, cut = visible.trained_afresh(draw.seed())
    found = kata.fine_tune(cut, images[:2000], labels[:2000], draw.seed() % 1000)
    visible.assert_recovered(found, cut, network, others, names[right], LOST_BY_PRUNING)


@task("loss", title="Fresh logits and temperatures")
@cases(8)
def test_losses(kata, draw):
    n, classes = draw.sizes("n classes", low=2, high=12)
    student, teacher = draw.normal(n, classes, scale=2.0), draw.normal(n, classes, scale=4.0)
    temperature = draw.uniform(0.5, 8.0)
    visible.assert_loss(kata.distillation_loss(student, teacher, temperature), student, teacher, temperature)


@task("distill", title="A student of a fresh teacher, on digits that are kept back")
def test_students(kata, draw):
    rng, (others, _) = np.random.default_rng(draw.seed()), unseen()
    places, images, teacher = visible.fresh_teacher(draw.seed())
    others = visible.noisy(rng, others[:, places])
    found = kata.distill(teacher, images[:2000], 16, draw.seed() % 1000)
    visible.assert_taught(found, teacher, 16, others, AGREES, APART)


def points(draw):
    """Return points in random order, some of them equal in one number or in both."""
    n = draw.sizes("points", low=6, high=14)
    sizes, right = draw.integers(20, 40, n) * 100, draw.integers(50, 99, n) / 100
    sizes[-1], right[-1] = sizes[0], right[0]
    sizes[-2], right[-3] = sizes[1], right[2]
    return [(f"number {row}", int(sizes[row]), float(right[row])) for row in range(n)]


@task("front", title="Fresh points")
@cases(12)
def test_fronts(kata, draw):
    fresh = points(draw)
    visible.assert_front(kata.pareto_front(fresh), fresh)


@task("picture", title="A picture of fresh points")
@cases(2)
def test_pictures(kata, draw, probes):
    fresh = points(draw)
    visible.assert_drawn(kata.run(probes.picture, fresh), fresh)


@task("seeds", title="Equal seeds give equal networks")
def test_equal_seeds(kata, draw):
    images, labels = visible.digits()
    cut, seed = visible.pruned(visible.shipped(), 0.8), draw.seed() % 1000
    visible.assert_repeated(kata, cut, images[:300], labels[:300], seed)


@task("inputs", title="Arguments stay as they are")
def test_arguments_stay_as_they_are(kata, probes, draw):
    images, labels = visible.digits()
    images, labels, network = images[:100], labels[:100], visible.shipped()
    a = matrix(draw, 4, 6)
    q, scale = visible.quantized_by_torch(a)
    calls = {
        "quantize": [a],
        "integer_layer": [draw.normal(3, 6), q, scale, draw.normal(4)],
        "prune": [network, 0.5],
        "fine_tune": [network, images, labels, 0],
        "distill": [network, images, 8, 0],
        "quantize_network": [network],
        "pareto_front": [points(draw)],
    }
    visible.assert_unchanged(kata, probes, calls)
