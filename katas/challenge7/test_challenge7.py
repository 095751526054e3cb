"""Compare integers, products and losses with PyTorch's, and measure trained networks on digits they haven't seen."""

import math
from functools import cache
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch.ao.quantization.observer import PerChannelMinMaxObserver

from graders import datasets
from graders.checks import about, assert_equal, assert_near, assert_parts, assert_picture, assert_shape, remade, task
from graders.checks.mismatch import fail

WEIGHTS, NAMES = ("W1", "W2"), ("W1", "b1", "W2", "b2")
CLOSE = 1e-5  # relative to the largest element: float32 has seven digits
LOST_BY_INTEGERS = 0.01  # how much accuracy int8 may cost; the solution loses 0.001
LOST_BY_PRUNING = 0.05  # the same for 90 % pruned and tuned; the solution loses 0.012, without tuning it's 0.34
AGREES = 0.85  # a student gives at least this share of the teacher's answers; the solution's gives 0.95
APART = 0.16  # how far the probabilities of student and teacher are apart, on average; the solution's 0.07, labels 0.35
UNITS = {"bytes": (1, 1e-3, 1 / 1024, 1e-6, 1 / 1024**2, 8), "accuracies": (1, 100)}

W = np.array([[0.5, -1.27, 0.254], [0.0, 0.254, -0.1]])
q, scale = np.array([[50, -127, 25], [0, 127, -50]], dtype=np.int8), np.array([0.01, 0.002])
x, b = np.array([[1.27, 0.3, -0.8]]), np.array([0.1, -0.1])

POINTS = [
    ("trained", 203_560, 0.921),
    ("int8", 51_408, 0.92),
    ("half pruned", 126_000, 0.915),
    ("student", 50_920, 0.906),
    ("student, int8", 12_912, 0.909),
    ("tiny", 3_288, 0.766),
    ("tiny again", 3_288, 0.766),
    ("unlucky", 3_288, 0.7),
    ("cut too far", 16_000, 0.766),
    ("padded", 13_000, 0.909),
]
FRONT = ["tiny", "tiny again", "student, int8", "int8", "trained"]


# ------------------------------------------------------------------------------------------ the judge's own computation


def quantized_by_torch(a):
    """Return a float64 matrix in int8 by PyTorch's observer and rounding, and the scale of each row."""
    observer = PerChannelMinMaxObserver(
        ch_axis=0, dtype=torch.qint8, qscheme=torch.per_channel_symmetric, quant_min=-127, quant_max=127, eps=1e-30
    )
    rows = torch.tensor(a, dtype=torch.float64)
    observer(rows)
    scales = observer.calculate_qparams()[0].double()
    # the non-deprecated form of torch.quantize_per_channel; it takes float32
    zero = torch.zeros(len(rows), dtype=torch.int32)
    fake = torch.fake_quantize_per_channel_affine(rows.float(), scales.float(), zero, 0, -127, 127)
    return torch.round(fake.double() / scales[:, None]).numpy().astype(np.int8), scales.numpy()


def product(x, w):
    return (torch.tensor(x, dtype=torch.int64) @ torch.tensor(w, dtype=torch.int64).T).numpy()


def integers(network):
    """Return a network in int8 as quantize_network should."""
    found = {}
    for layer in "12":
        found["W" + layer], found["scale" + layer] = quantized_by_torch(network["W" + layer])
        found["b" + layer] = network["b" + layer]
    return found


def layer_of_integers(x, q, scale, b):
    x_q, x_scale = quantized_by_torch(x)
    return product(x_q, q) * x_scale[:, None] * scale + b


def forward_of_integers(network, images):
    h = np.maximum(layer_of_integers(images, network["W1"], network["scale1"], network["b1"]), 0)
    return layer_of_integers(h, network["W2"], network["scale2"], network["b2"])


def forward(network, images):
    W1, b1, W2, b2 = (np.asarray(network[name], np.float64) for name in NAMES)
    with np.errstate(all="ignore"):  # a network that has diverged reads nothing, which the accuracy shows
        return np.maximum(images @ W1.T + b1, 0) @ W2.T + b2


def softmax(logits):
    return torch.softmax(torch.tensor(logits, dtype=torch.float64), dim=1).numpy()


def right(logits, labels):
    return float(np.mean(np.argmax(logits, axis=1) == labels))


def pruned(network, share):
    """Return a network without its smallest weights."""
    found = dict(network)
    for name in WEIGHTS:
        least = np.quantile(abs(network[name]), share)
        found[name] = np.where(abs(network[name]) > least, network[name], 0).astype(network[name].dtype)
    return found


def hesitating(network, factor):
    """Return a network with the same answers, given with less confidence: its logits are multiplied by a factor."""
    return {**network, **{name: (network[name] * factor).astype(np.float32) for name in ("W2", "b2")}}


def rearranged(rng):
    """Return the places of the pixels of pictures whose four quarters are exchanged, turned and mirrored.

    Neighbours stay neighbours, except at the edges of the quarters. A student that was trained on upright digits before
    it was submitted can't read such pictures.
    """
    pixels = np.arange(784).reshape(28, 28)
    quarters = [pixels[row : row + 14, column : column + 14] for row in (0, 14) for column in (0, 14)]
    turned = [np.rot90(quarters[k], rng.integers(4))[:, :: rng.choice([-1, 1])] for k in rng.permutation(4)]
    return np.block([turned[:2], turned[2:]]).ravel()


@cache
def digits():
    """Return the shown images (4000, 784) and their labels."""
    folder = datasets.folder("mnist")
    images = np.load(folder / "images.npy").reshape(-1, 784).astype(np.float32) / 255
    return images, np.load(folder / "labels.npy")


@remade
def limits(k):
    """Return three rows of k extreme integers. Each row ends with a 1."""
    ends = np.array([127, -127], dtype=np.int8)
    rows = np.stack([np.full(k, 127, np.int8), np.full(k, -127, np.int8), np.resize(ends, k)])
    rows[:, -1] = 1
    return rows


@cache
def shipped():
    with np.load(Path(__file__).with_name("network.npz")) as file:
        return {name: file[name] for name in NAMES}


@remade
def pruned_shipped(share):
    """Return the shipped network without its smallest weights."""
    return pruned(shipped(), share)


@remade
def wide():
    """Return the shipped network in float64."""
    return {name: array.astype(np.float64) for name, array in shipped().items()}


@remade
def rearranged_digits(seed):
    """Return rearranged pictures, and a teacher that reads them and isn't very sure."""
    places = rearranged(np.random.default_rng(seed))
    return digits()[0][:, places], hesitating(shipped() | {"W1": shipped()["W1"][:, places]}, 1 / 3)


# ----------------------------------------------------------- networks of the hidden tests, made again from a seed


def renamed(rng):
    """Return new names for the ten digits."""
    return rng.permutation(10)


def noisy(rng, images):
    return np.clip(images + rng.normal(0, 0.05, images.shape), 0, 1).astype(np.float32)


def trained(rng, images, labels, hidden=64):
    """Return a network that the judge has trained, as no submission has seen it."""
    network = {
        "W1": rng.normal(0, np.sqrt(2 / 784), (hidden, 784)).astype(np.float32),
        "b1": np.zeros(hidden, np.float32),
        "W2": rng.normal(0, np.sqrt(2 / hidden), (10, hidden)).astype(np.float32),
        "b2": np.zeros(10, np.float32),
    }
    for rows in np.array_split(rng.permutation(np.tile(np.arange(len(images)), 5)), len(images) // 10):
        x = images[rows]
        h = np.maximum(x @ network["W1"].T + network["b1"], 0)
        slope = softmax(h @ network["W2"].T + network["b2"]).astype(np.float32)
        slope[np.arange(len(rows)), labels[rows]] -= 1
        slope /= len(rows)
        dz = (slope @ network["W2"]) * (h > 0)
        found = {"W1": dz.T @ x, "b1": dz.sum(axis=0), "W2": slope.T @ h, "b2": slope.sum(axis=0)}
        for name in NAMES:
            network[name] -= np.float32(0.2) * found[name]
    return network


@remade
def changed(seed):
    """Return new names of the digits, and the shipped network with these names and a little noise."""
    rng = np.random.default_rng(seed)
    names, network = renamed(rng), dict(shipped())
    order = np.argsort(names)
    network["W2"], network["b2"] = network["W2"][order], network["b2"][order]
    network["W1"] = network["W1"] + rng.normal(0, 0.01, (64, 784)).astype(np.float32)
    return names, network


@remade
def trained_afresh(seed):
    """Return new names of the digits, the labels with these names, a network that gives them, and its pruned copy."""
    rng, (images, labels) = np.random.default_rng(seed), digits()
    names = renamed(rng)
    network = trained(rng, images[:2500], names[labels[:2500]])
    return names, names[labels], network, pruned(network, 0.9)


@remade
def fresh_teacher(seed):
    """Return the places of rearranged pixels, noisy pictures, and a network trained with them that isn't very sure."""
    rng, (images, labels) = np.random.default_rng(seed), digits()
    places, rows = rearranged(rng), rng.permutation(4000)[:2500]
    images = noisy(rng, images[rows][:, places])
    teacher = trained(rng, images, renamed(rng)[labels[rows]])
    return places, images, hesitating(teacher, rng.uniform(0.25, 0.4))


# --------------------------------------------------------------------------------------------------------------- checks


def same_rows(actual, a, name):
    """Check int8 rows and their scales against PyTorch's. Where a / scale is a half, both neighbours are right."""
    found, scales = assert_parts(actual, "q", "scale")
    with about(name):
        assert_shape(found, a.shape)
        assert_shape(scales, a.shape[:1])
        if found.dtype != np.int8:
            fail(f"q has dtype {found.dtype}, expected int8", "int8", str(found.dtype))
        expected, expected_scales = quantized_by_torch(a)
        filled = abs(a).max(axis=1) > 0
        assert_near(scales[filled], expected_scales[filled], relative=CLOSE, name="scale (of rows that aren't 0)")
        if not (np.isfinite(scales).all() and (scales > 0).all()):
            fail("scale must be positive and finite, also for a row of zeros", None, scales)
        half = abs(abs(a / expected_scales[:, None]) % 1 - 0.5) < 1e-3
        assert_near(np.where(half, expected, found), expected, name="q")
        if (abs(found - a / expected_scales[:, None]) > 0.502).any():
            fail("q isn't rounded to the nearest integer", expected, found)


def close(actual, expected, name=""):
    """Compare floats, relative to the largest expected one."""
    assert_near(actual, expected, absolute=CLOSE * max(1e-6, abs(np.asarray(expected)).max()), name=name)


def same_product(kata, x, w, name):
    with about(name):
        found = kata.integer_product(x, w)
        assert_shape(found, (len(x), len(w)))
        if found.dtype != np.int32:
            fail(f"the product has dtype {found.dtype}, expected int32", "int32", str(found.dtype))
        assert_equal(found, product(x, w).astype(np.int32))


def assert_network(found, shapes, kinds):
    """Check the names, the shapes and the dtypes of a network that a function returned."""
    if not isinstance(found, dict) or set(found) != set(shapes):
        got = f"the keys {', '.join(map(repr, found))}" if isinstance(found, dict) else f"a {type(found).__name__}"
        fail(f"expected a dict with the keys {', '.join(map(repr, shapes))}, got {got}", list(shapes), None)
        return
    for name, shape in shapes.items():
        with about(f'"{name}"'):
            assert_shape(found[name], shape)
            if str(found[name].dtype) not in kinds[name]:
                expected = " or ".join(kinds[name])
                fail(f"dtype {found[name].dtype}, expected {expected}", expected, str(found[name].dtype))


def assert_floats(found, like, kinds=("float32", "float64")):
    assert_network(found, {name: like[name].shape for name in NAMES}, dict.fromkeys(NAMES, kinds))


def assert_integers(kata, network, images, labels):
    """Check a network in int8, its logits, and its accuracy on these images."""
    small = kata.quantize_network(network)
    rows = {f"scale{layer}": network["b" + layer].shape for layer in "12"}
    kinds = {name: ("int8",) if name in WEIGHTS else ("float32",) for name in (*NAMES, *rows)}
    assert_network(small, {name: network[name].shape for name in NAMES} | rows, kinds)
    for layer in "12":
        W, scales = small["W" + layer], small["scale" + layer]
        same_rows((W, scales), network["W" + layer].astype(np.float64), f"layer {layer} of the network")
        close(small["b" + layer], network["b" + layer], f'"b{layer}"')
    logits = kata.integer_forward(small, images)
    with about("integer_forward"):
        assert_shape(logits, (len(images), 10))
        expected, floats = forward_of_integers(small, images), forward(network, images)
        # a sum that is rounded differently may move an activation to the next integer, but hardly ever does; where the
        # darkest pixel is 254/255, every other pixel is a half, and may be rounded up or down
        clear = images.max(axis=1) == 1
        off, allowed = abs(logits - expected)[clear].mean(), 0.05 * abs(floats - expected)[clear].mean()
        if not off <= allowed:
            fail(f"the logits are {off:.2g} away from those of integers, on average", expected[:3], logits[:3])
    before, after = right(forward(network, images), labels), right(logits, labels)
    if after < before - LOST_BY_INTEGERS:
        fail(f"{after:.1%} of the digits are right in int8, and {before:.1%} with floats", before, after)


def assert_pruned(found, network, share):
    assert_floats(found, network)
    for name in WEIGHTS:
        with about(f'"{name}", {share:.0%} pruned'):
            before, after = network[name], found[name]
            gone, count = after == 0, share * before.size
            if not count - 1 < gone.sum() < count + 1:
                expected = f"{count:g} of {before.size}"
                fail(f"{gone.sum()} of {before.size} weights are 0, expected {expected}", expected, int(gone.sum()))
            assert_near(after[~gone], before[~gone], name="the other weights")
            if gone.any() and not gone.all() and abs(before[gone]).max() > abs(before[~gone]).min():
                largest, least = abs(before[gone]).max(), abs(before[~gone]).min()
                fail(f"a weight of size {largest:.4g} became 0, and one of size {least:.4g} stayed", None, after)
    for name in ("b1", "b2"):
        assert_near(found[name], network[name], name=f'"{name}"')


def assert_recovered(found, cut, whole, images, labels, lost):
    """Check that a tuned network has kept its zeros and reads nearly as many digits as the whole network did."""
    assert_floats(found, cut)
    for name in WEIGHTS:
        back = int(np.sum((found[name] != 0) & (cut[name] == 0)))
        if back:
            fail(f'"{name}": {back} of {np.sum(cut[name] == 0)} weights that were 0 are not 0 any more', 0, back)
    before, between, after = (right(forward(each, images), labels) for each in (whole, cut, found))
    if after < before - lost:
        said = f"{before:.1%} of unseen digits were right before pruning, {between:.1%} after it"
        fail(f"{said}, and {after:.1%} after fine_tune; expected at least {before - lost:.1%}", before - lost, after)


def assert_repeated(kata, cut, images, labels, seed):
    """Check that the two functions that train return networks, and the same ones for the same seed."""
    student = {"W1": cut["W1"][:8], "b1": cut["b1"][:8], "W2": cut["W2"][:, :8], "b2": cut["b2"]}
    for name, arguments, like in (
        ("fine_tune", (cut, images, labels, seed), cut),
        ("distill", (cut, images, 8, seed), student),
    ):
        with about(f"{name}, twice with the same seed"):
            found = getattr(kata, name)(*arguments)
            assert_floats(found, like)
            assert_equal(getattr(kata, name)(*arguments), found)


def assert_unchanged(kata, probes, calls):
    """Check the arguments of some functions after the calls, and that two of the functions return something."""
    assert_parts(kata.quantize(*calls["quantize"]), "q", "scale")
    assert_floats(kata.prune(*calls["prune"]), calls["prune"][0])
    for name, arguments in calls.items():
        with about(f"the arguments of {name}, after the call"):
            assert_equal(kata.run(probes.arguments_after, name, arguments), arguments)


def assert_taught(found, teacher, hidden, images, agrees, apart):
    """Check that a student has the promised size, gives the teacher's answers, and is as sure of them."""
    shapes = {"W1": (hidden, 784), "b1": (hidden,), "W2": (10, hidden), "b2": (10,)}
    assert_network(found, shapes, dict.fromkeys(NAMES, ("float32",)))
    size, whole = (sum(network[name].nbytes for name in NAMES) for network in (found, teacher))
    if size > hidden / len(teacher["b1"]) * whole + 64:
        fail(f"the student takes {size:,} bytes, and the teacher {whole:,}", None, size)
    theirs, its = forward(teacher, images), forward(found, images)
    share = float(np.mean(theirs.argmax(axis=1) == its.argmax(axis=1)))
    if share < agrees:
        fail(f"the student gives {share:.1%} of the teacher's answers to unseen digits", f">= {agrees:.0%}", share)
    distance = 0.5 * abs(softmax(theirs) - softmax(its)).sum(axis=1).mean()
    if not distance <= apart:
        said = "the student's probabilities differ from the teacher's by"
        fail(f"{said} {distance:.2f} on average, expected at most {apart}", apart, distance)


def assert_loss(actual, student, teacher, temperature):
    loss, gradient = assert_parts(actual, "loss", "gradient")
    leaf = torch.tensor(student, requires_grad=True)
    log_q = F.log_softmax(leaf / temperature, dim=1)
    p = F.softmax(torch.tensor(teacher) / temperature, dim=1)
    expected = temperature**2 * F.kl_div(log_q, p, reduction="batchmean")
    expected.backward()
    assert_near(loss, expected.item(), relative=CLOSE, absolute=1e-9 * temperature**2, name="loss")
    close(gradient, leaf.grad.numpy(), "gradient")


def assert_front(found, points):
    """Check the points of the front, from the smallest to the largest. Equal points may come in either order."""
    if not isinstance(found, list | tuple):
        fail(f"expected a list of points, got a {type(found).__name__}", None, None)
        return
    found = [tuple(point) for point in found]
    expected = front_of(points)
    for point in expected:
        if point not in found:
            fail(f"no point dominates {point}, but it isn't on the front", expected, found)
    for point in found:
        if point not in expected:
            fail(f"{point} is on the front, but another point dominates it", expected, found)
    if len(found) != len(expected) or [size for _, size, _ in found] != [size for _, size, _ in expected]:
        fail("the front isn't in the order of the bytes, or has a point twice", expected, found)


def front_of(points):
    ordered = sorted(points, key=lambda point: (point[1], -point[2]))
    best = [max((right for _, other, right in points if other < size), default=-math.inf) for _, size, _ in ordered]
    most = [max(right for _, other, right in points if other == size) for _, size, _ in ordered]
    return [point for point, lower, equal in zip(ordered, best, most, strict=True) if lower < point[2] == equal]


def assert_drawn(found, points):
    """Check that some axes show every point, and a line through the front."""
    assert_picture(found["picture"] or None, "the picture")
    if not found["axes"]:
        fail("the picture wasn't saved by savefig of a matplotlib figure", "a figure with axes", "none")
    faults = [_fault_of(axes, points) for axes in found["axes"]]
    if all(faults):
        fail(*faults[0])


def _fault_of(axes, points):
    """Return what is missing in some axes, with what was expected and what was drawn, or None if nothing is."""
    places = np.array([point[1:] for point in points], float)
    front = np.unique(np.array([point[1:] for point in front_of(points)], float), axis=0)
    markers = [marker for marker in axes["markers"] if len(marker)]
    for units in ((first, second) for first in UNITS["bytes"] for second in UNITS["accuracies"]):
        if markers and all(_near(np.concatenate(markers), place * units).any() for place in places):
            if not any(_joins(line, front * units) for line in axes["lines"]):
                lines = [_written(line) for line in axes["lines"]] or "no line"
                fault = "no line goes through the points of the front, and only through these, by size"
                return fault, _written(front * units), lines
            return None if all(axes["labels"]) else ("an axis has no label", "two labels", axes["labels"])
    fault = "some points are not drawn: bytes (or kB, …) to the right, accuracies (or %) upwards"
    return fault, _written(places), [_written(marker) for marker in markers] or "no point"


def _written(places):
    return [tuple(float(f"{number:.6g}") for number in place) for place in places]


def _near(drawn, place):
    return (abs(drawn - place) <= 1e-6 * abs(place)).all(axis=1)


def _joins(line, front):
    """Return whether a line visits every place of the front in order, and nothing else but the corners of steps."""
    visited = [tuple(place) for place in line]
    once = [place for number, place in enumerate(visited) if number == 0 or place != visited[number - 1]]
    on_front = [_near(front, np.array(place)).any() for place in once]
    once = np.array([place for number, place in enumerate(once) if on_front[number] or not _is_corner(once, number)])
    if len(once) != len(front):
        return False
    return any(all(_near(way[[row]], place).all() for row, place in enumerate(front)) for way in (once, once[::-1]))


def _is_corner(places, number):
    """Return whether a place is as far right as one of its two neighbours, and as far up as the other."""
    if not 0 < number < len(places) - 1:
        return False
    (left, low), place, (right, high) = places[number - 1 : number + 2]
    return left != right and low != high and place in ((left, high), (right, low))


# ---------------------------------------------------------------------------------------------------------------- tests


@task("quantize", title="The worked example, there and back")
def test_the_worked_example(kata):
    same_rows(kata.quantize(W), W, "quantize(W) of the worked example")
    same_rows(kata.quantize(np.array([[0.0, 0.0], [0.0, -3.0]])), np.array([[0.0, 0.0], [0.0, -3.0]]), "a row of zeros")
    close(kata.dequantize(q, scale), np.array([[0.5, -1.27, 0.25], [0.0, 0.254, -0.1]]), "dequantize")
    close(kata.dequantize(q[:1], scale[:1].astype(np.float32)), np.array([[0.5, -1.27, 0.25]]), "dequantize")


@task("quantize", title="Rows of the smallest and the largest numbers")
def test_small_and_large_rows(kata):
    rows = np.array([[1e-5, -4e-6], [1e4, 2.0]])
    same_rows(kata.quantize(rows), rows, "rows of 1e-5 and 1e4")


@task("quantize", title="Matrices of any shape, as torch.ao quantises them")
def test_matrices_as_torch_quantises_them(kata):
    rng = np.random.default_rng(0)
    for shape in ((3, 3), (1, 7), (6, 1), (4, 50)):
        a = rng.normal(size=shape) * 10.0 ** rng.integers(-4, 4, (shape[0], 1))
        same_rows(kata.quantize(a), a, f"float64, shape {shape}")
        same_rows(kata.quantize(a.astype(np.float32)), a.astype(np.float32).astype(np.float64), f"float32, {shape}")


@task("product", title="Sums that need int32")
def test_sums_that_need_int32(kata):
    same_product(kata, np.array([[127, 30, -80]], dtype=np.int8), q, "the worked example")
    for k, rows in ((k, limits(k)) for k in (1, 2, 300, 3001)):
        same_product(kata, rows[:2], rows, f"{k} products of up to 127 · 127")


@task("layer", title="The worked example as a layer")
def test_a_layer(kata):
    close(kata.integer_layer(x, q, scale, b), np.array([[0.154, 0.0562]]), "z")
    with about("three rows, each with its own scale"):
        rows = np.array([[1.27, 0.3, -0.8], [127.0, 30.0, -80.0], [0.0, 0.0, 0.0]])
        close(kata.integer_layer(rows, q, scale, 0 * b), np.array([[0.054, 0.1562], [5.4, 15.62], [0.0, 0.0]]), "z")
    with about("x is rounded, too"):
        rough = np.array([[127.0, 0.4, -0.4]])
        close(kata.integer_layer(rough, q, scale, 0 * b), np.array([[63.5, 0.0]]), "z")
    with about("400 inputs in float32"):
        ones = np.ones((1, 400), np.float32)
        close(kata.integer_layer(ones, np.full((1, 400), 127, np.int8), np.ones(1), np.ones(1)), np.array([[50801.0]]))


@task("network", title="The shipped network in int8 reads as well as before")
def test_the_shipped_network(kata):
    images, labels = digits()
    assert_integers(kata, shipped(), images[3000:], labels[3000:])
    with about("a network in float64"):
        assert_integers(kata, wide(), images[3000:3100], labels[3000:3100])


@task("bytes")
def test_bytes(kata):
    sparse = np.zeros((3, 4), np.int8)
    sparse[0, 1], sparse[2, 3] = 5, -7
    full = np.arange(1.0, 5.0, dtype=np.float32)
    network, tenth = shipped(), pruned_shipped(0.9)
    cases = {
        "a full array": ({"b1": full}, 16),
        "an array with two numbers": ({"W1": sparse}, 4),
        "both": ({"W1": sparse, "b1": full}, 20),
        "float64": ({"W1": np.array([[0.0, 2.0]])}, 9),
        "zeros only": ({"b1": np.zeros(9)}, 2),
        "the shipped network": (network, 203_560),
        "a tenth of it": (tenth, 26_976),
        "a tenth of it, in int8": (integers(tenth), None),
    }
    for name, (arrays, expected) in cases.items():
        arrays = {key: array.astype(np.float32) if "scale" in key else array for key, array in arrays.items()}
        with about(name):
            assert_near(kata.stored_bytes(arrays), stored(arrays) if expected is None else expected, name="bytes")


def stored(network):
    masks = {name: math.ceil(a.size / 8) + int((a != 0).sum()) * a.itemsize for name, a in network.items()}
    return sum(min(a.size * a.itemsize, masks[name]) for name, a in network.items())


@task("prune", title="Both matrices lose their smallest weights")
def test_pruning(kata):
    tiny = {
        "W1": np.array([[0.5, -0.1], [0.2, -0.9]]),
        "b1": np.array([0.01, 0.02]),
        "W2": np.array([[3.0, -1.0], [2.0, -4.0]]),
        "b2": np.array([0.0, 0.001]),
    }
    for share in (0.5, 0.25, 0.75):
        assert_pruned(kata.prune(tiny, share), tiny, share)
    for share in (0.8, 0.3):
        assert_pruned(kata.prune(shipped(), share), shipped(), share)
    with about("pruned by half, and then to 80 %"):
        assert_pruned(kata.prune(pruned_shipped(0.5), 0.8), shipped(), 0.8)


@task("prune", title="Of equal weights, as many become 0 as of others; a share of 0 takes none, and a share of 1 all")
def test_pruning_of_equal_weights_and_all_or_none(kata):
    equal = {
        "W1": np.array([[0.5, -0.5, 0.5, -0.5], [-0.5, 0.5, -0.5, 0.5]]),
        "b1": np.array([0.01, 0.02]),
        "W2": np.array([[2.0, -1.0], [1.0, -1.0]]),
        "b2": np.array([0.0, 0.001]),
    }
    for share in (0.5, 0.0, 1.0):
        assert_pruned(kata.prune(equal, share), equal, share)


@task("tune", title="Without 90 % of its weights, the network reads nearly as well")
def test_tuning(kata):
    images, labels = digits()
    cut = pruned_shipped(0.9)
    found = kata.fine_tune(cut, images[:2000], labels[:2000], 0)
    assert_recovered(found, cut, shipped(), images[3000:], labels[3000:], LOST_BY_PRUNING)


@task("loss")
def test_the_loss(kata):
    student, teacher = np.zeros((1, 2)), np.array([[2 * math.log(3), 0.0]])
    loss, gradient = assert_parts(kata.distillation_loss(student, teacher, 2.0), "loss", "gradient")
    with about("the worked example"):
        assert_near(loss, 0.523248, relative=1e-5, name="loss")
        close(gradient, np.array([[-0.5, 0.5]]), "gradient")
    rng = np.random.default_rng(0)
    for n, classes, temperature in ((1, 3, 1.0), (5, 10, 4.0), (4, 2, 0.5)):
        student, teacher = rng.normal(size=(n, classes)), 3 * rng.normal(size=(n, classes))
        with about(f"{n} rows, {classes} classes, temperature {temperature}"):
            assert_loss(kata.distillation_loss(student, teacher, temperature), student, teacher, temperature)
    with about("student and teacher agree"):
        assert_loss(kata.distillation_loss(teacher, teacher, 3.0), teacher, teacher, 3.0)
    student, teacher = np.array([[6.0, -6.0, 0.0]]), np.array([[-4.0, 4.0, 0.0]])
    with about("a student that is sure, and wrong"):
        assert_loss(kata.distillation_loss(student, teacher, 0.5), student, teacher, 0.5)


@task("distill", title="A student of 16 units answers as the teacher does")
def test_a_student(kata):
    images, teacher = rearranged_digits(0)
    found = kata.distill(teacher, images[:2000], 16, 0)
    assert_taught(found, teacher, 16, images[3000:], AGREES, APART)


@task("front")
def test_the_front(kata):
    assert_front(kata.pareto_front(POINTS), POINTS)
    assert_front(kata.pareto_front(POINTS[::-1]), POINTS)
    assert_front(kata.pareto_front(POINTS[:1]), POINTS[:1])


@task("picture")
def test_the_picture(kata, probes):
    assert_drawn(kata.run(probes.picture, POINTS), POINTS)


@task("seeds")
def test_equal_seeds(kata):
    images, labels = digits()
    assert_repeated(kata, pruned_shipped(0.9), images[:300], labels[:300], 3)


@task("inputs")
def test_arguments_stay_as_they_are(kata, probes):
    images, labels = digits()
    images, labels = images[:100], labels[:100]
    network = shipped()
    calls = {
        "quantize": [W],
        "integer_layer": [x, q, scale, b],
        "prune": [network, 0.5],
        "fine_tune": [network, images, labels, 0],
        "distill": [network, images, 8, 0],
        "quantize_network": [network],
        "pareto_front": [POINTS],
    }
    assert_unchanged(kata, probes, calls)
