"""Challenge 6: the visible tests, on small tensors whose sizes are no multiples of a block."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from graders.checks import assert_close, assert_parts, task
from graders.checks.mismatch import Mismatch

_SPEC = importlib.util.spec_from_file_location("challenge6_machine", Path(__file__).with_name("machine.py"))
machine = sys.modules[_SPEC.name] = importlib.util.module_from_spec(_SPEC)  # dataclasses look their module up
_SPEC.loader.exec_module(machine)

EPS = 1e-5
TERMS = 16  # how many roundings an element goes through, besides those in the sums

Arrays = dict[str, np.ndarray]


def normal(draw: Any, *shape: int, scale: float = 1.0, shift: float = 0.0) -> np.ndarray:
    """Return drawn numbers as float32."""
    numbers = draw.normal(*shape, scale=scale, dtype=np.float32)  # as they are, a program can draw them again
    return numbers if shift == 0 else (shift + numbers).astype(np.float32)


def run(kata: Any, probes: Any, name: str, inputs: Arrays, layout: str = "plain", **settings: Any) -> tuple[Any, Any]:
    """Record a function without numbers, and run its kernels here. Return the answer, and the machine that counted."""
    placed, ran = machine.laid_out(inputs, layout), []

    def then(recording: Any) -> Any:
        try:
            ran.append(machine.Machine(recording, placed))
        except machine.MeterError as fault:
            raise Mismatch(str(fault)) from fault
        return ran[0].answer

    places = [[len(memory), *place] for memory, place in placed.values()]
    answer = kata.run(probes.recording, name, places, settings, then=then, inputs=inputs, layout=layout)
    return answer, ran[0]


# ------------------------------------------------------------------------- the references, in float64


def check_add(kata: Any, probes: Any, x: np.ndarray, y: np.ndarray) -> Any:
    found, ran = run(kata, probes, "add", {"x": x, "y": y})
    x, y = np.float64(x), np.float64(y)
    assert_close(found, x + y, scale=abs(x) + abs(y), dtype=np.float32)
    return ran


def check_softmax(kata: Any, probes: Any, x: np.ndarray, layout: str = "plain") -> Any:
    found, ran = run(kata, probes, "softmax", {"x": x}, layout)
    lower = np.float64(x) - x.max(axis=1, keepdims=True)
    expected = np.exp(lower) / np.exp(lower).sum(axis=1, keepdims=True)
    assert_close(found, expected, scale=expected * (1 + abs(lower)) + 1e-30, terms=TERMS, dtype=np.float32)
    return ran


def check_matmul(kata: Any, probes: Any, a: np.ndarray, b: np.ndarray, layout: str = "plain") -> Any:
    found, ran = run(kata, probes, "matmul", {"a": a, "b": b}, layout)
    a, b = np.float64(a), np.float64(b)
    assert_close(found, a @ b, scale=abs(a) @ abs(b), terms=a.shape[1], dtype=np.float32)
    return ran


def statistics_of(x: np.ndarray, eps: float = EPS) -> tuple[np.ndarray, np.ndarray]:
    """Return the mean and 1 / sqrt(variance + eps) of each row."""
    x = np.float64(x)
    return x.mean(axis=1), 1 / np.sqrt(x.var(axis=1) + eps)


def check_layer_norm(kata: Any, probes: Any, inputs: Arrays, layout: str = "plain", **settings: Any) -> Any:
    answer, ran = run(kata, probes, "layer_norm", inputs, layout, **settings)
    y, mean, rstd = assert_parts(answer, "y", "mean", "rstd")
    x, weight, bias = (np.float64(each) for each in inputs.values())
    means, rstds = statistics_of(x, **settings)
    wide = 1 + (abs(x).max(axis=1) * rstds) ** 2  # the variance as the mean of the squares loses this much
    assert_close(mean, means, scale=abs(x).max(axis=1), terms=TERMS, dtype=np.float32, name="mean")
    assert_close(rstd, rstds, scale=rstds * wide, terms=TERMS, dtype=np.float32, name="rstd")
    normalised = (x - means[:, None]) * rstds[:, None]
    scale = (1 + abs(normalised)) * wide[:, None] * abs(weight) + abs(bias)
    assert_close(y, normalised * weight + bias, scale=scale, terms=TERMS, dtype=np.float32, name="y")
    return ran


def backward_inputs(dy: np.ndarray, x: np.ndarray, weight: np.ndarray) -> Arrays:
    mean, rstd = (each.astype(np.float32) for each in statistics_of(x))
    return {"dy": dy, "x": x, "weight": weight, "mean": mean, "rstd": rstd}


def check_backward(kata: Any, probes: Any, inputs: Arrays, layout: str = "plain") -> Any:
    answer, ran = run(kata, probes, "layer_norm_backward", inputs, layout)
    dx, dweight, dbias = assert_parts(answer, "dx", "dweight", "dbias")
    dy, x, weight, mean, rstd = (np.float64(each) for each in inputs.values())
    normalised = (x - mean[:, None]) * rstd[:, None]
    scaled = dy * weight
    along = (scaled * normalised).mean(axis=1, keepdims=True)
    expected = (scaled - scaled.mean(axis=1, keepdims=True) - normalised * along) * rstd[:, None]
    wide = 1 + abs(x).max(axis=1, keepdims=True) * rstd[:, None]
    size = abs(scaled).max(axis=1, keepdims=True) * (1 + abs(normalised)) ** 2 * rstd[:, None] * wide
    assert_close(dx, expected, scale=size, terms=TERMS, dtype=np.float32, name="dx")
    summed = {"scale": (abs(dy) * (1 + abs(normalised)) * wide).sum(axis=0), "terms": TERMS + len(x)}
    assert_close(dweight, (dy * normalised).sum(axis=0), dtype=np.float32, name="dweight", **summed)
    assert_close(dbias, dy.sum(axis=0), dtype=np.float32, name="dbias", **summed)
    return ran


def check_attention(kata: Any, probes: Any, inputs: Arrays, layout: str = "plain", **settings: Any) -> Any:
    found, ran = run(kata, probes, "attention", inputs, layout, **settings)
    q, k, v = (np.float64(each) for each in inputs.values())
    scores = q @ k.swapaxes(-1, -2) / np.sqrt(q.shape[-1])
    sizes = (abs(q) @ abs(k).swapaxes(-1, -2) / np.sqrt(q.shape[-1])).max(axis=-1, keepdims=True)
    if settings:
        scores = np.where(np.tri(*scores.shape[-2:], dtype=bool), scores, -np.inf)
    weights = np.exp(scores - scores.max(axis=-1, keepdims=True))
    weights /= weights.sum(axis=-1, keepdims=True)
    scale = (1 + sizes) * abs(v).max(axis=-2, keepdims=True)
    assert_close(found, weights @ v, scale=scale, terms=TERMS, dtype=np.float32)
    return ran


def heads(draw: Any, batch: int, number: int, n: int, m: int, d: int, scale: float = 1.0) -> Arrays:
    shapes = {"q": (n, d), "k": (m, d), "v": (m, d)}
    return {name: normal(draw, batch, number, *shape, scale=scale) for name, shape in shapes.items()}


# ------------------------------------------------------------------------------------------- the tests


@task("add")
def test_the_worked_example(kata: Any, probes: Any) -> None:
    check_add(kata, probes, np.float32([1, 2, 3, 4, 5]), np.float32([10, 20, 30, 40, 50]))


@task("add")
def test_vectors_longer_than_a_block_are_added(kata: Any, draw: Any, probes: Any) -> None:
    check_add(kata, probes, normal(draw, 5000), normal(draw, 5000))
    check_add(kata, probes, normal(draw, 4096), normal(draw, 4096))


@task("softmax")
def test_the_softmax_of_two_rows(kata: Any, probes: Any) -> None:
    check_softmax(kata, probes, np.float32([[2, 1, 0], [0, 0, 0]]))  # 0.6652, 0.2447, 0.0900, and thirds


@task("softmax")
def test_rows_of_any_length_and_distance(kata: Any, draw: Any, probes: Any) -> None:
    for rows, columns in ((3, 70), (2, 64), (1, 1)):
        check_softmax(kata, probes, normal(draw, rows, columns, scale=3.0))
    check_softmax(kata, probes, normal(draw, 4, 45), "spread")
    check_softmax(kata, probes, normal(draw, 2, 1000))


@task("softmax")
def test_large_numbers_do_not_overflow(kata: Any, probes: Any) -> None:
    check_softmax(kata, probes, np.float32([[1000, 999, 0, -1000, 998], [-1000, -1001, -1002, -1000, -1003]]))


@task("matmul")
def test_the_product_of_small_matrices(kata: Any, probes: Any) -> None:
    check_matmul(kata, probes, np.float32([[1, 2, 3], [4, 5, 6]]), np.float32([[1, 0], [0, 1], [1, 1]]))


@task("matmul")
def test_matrices_larger_than_a_tile(kata: Any, draw: Any, probes: Any) -> None:
    for m, k, n in ((50, 70, 33), (64, 64, 64)):
        check_matmul(kata, probes, normal(draw, m, k), normal(draw, k, n))


@task("matmul")
def test_any_strides_of_both_matrices(kata: Any, draw: Any, probes: Any) -> None:
    for layout in ("spread", "transposed"):
        check_matmul(kata, probes, normal(draw, 20, 37), normal(draw, 37, 50), layout)


def norm_inputs(draw: Any, rows: int, columns: int) -> Arrays:
    x, weight = normal(draw, rows, columns, scale=2.0, shift=1.0), normal(draw, columns, shift=1.0)
    return {"x": x, "weight": weight, "bias": normal(draw, columns)}


@task("layer_norm")
def test_layer_norm_of_one_row(kata: Any, probes: Any) -> None:
    x, ones, zeros = np.float32([[1, 2, 3]]), np.ones(3, np.float32), np.zeros(3, np.float32)
    check_layer_norm(kata, probes, {"x": x, "weight": ones, "bias": zeros})  # -1.2247, 0, 1.2247
    check_layer_norm(kata, probes, {"x": x, "weight": ones, "bias": zeros}, eps=0.5)


@task("layer_norm")
def test_layer_norm_of_rows_of_any_length(kata: Any, draw: Any, probes: Any) -> None:
    check_layer_norm(kata, probes, norm_inputs(draw, 5, 70))
    check_layer_norm(kata, probes, norm_inputs(draw, 3, 64))
    check_layer_norm(kata, probes, norm_inputs(draw, 4, 45), "spread")
    check_layer_norm(kata, probes, norm_inputs(draw, 2, 1000))


@task("backward")
def test_gradients_of_two_rows(kata: Any, probes: Any) -> None:
    x, dy = np.float32([[1, 2, 3], [4, 0, 2]]), np.float32([[1, 0, 0], [0, 1, 2]])
    check_backward(kata, probes, backward_inputs(dy, x, np.float32([1, 2, 3])))


@task("backward")
def test_gradients_of_several_rows(kata: Any, draw: Any, probes: Any) -> None:
    for rows, columns, layout in ((9, 70, "plain"), (4, 64, "plain"), (21, 37, "spread"), (2, 1000, "plain")):
        x, dy = normal(draw, rows, columns, shift=1.0), normal(draw, rows, columns)
        check_backward(kata, probes, backward_inputs(dy, x, normal(draw, columns, shift=1.0)), layout)


@task("attention")
def test_attention_of_two_tokens(kata: Any, probes: Any) -> None:
    eye = np.eye(16, dtype=np.float32)[None, None]
    inputs = {"q": 4 * eye[:, :, :2], "k": 4 * eye[:, :, :2], "v": eye[:, :, :2]}  # scores 4 and 0
    check_attention(kata, probes, inputs)  # weights 0.9820 and 0.0180


@task("attention")
def test_more_keys_than_a_block(kata: Any, draw: Any, probes: Any) -> None:
    check_attention(kata, probes, heads(draw, 1, 2, 70, 70, 16))
    check_attention(kata, probes, heads(draw, 2, 1, 20, 150, 32))
    check_attention(kata, probes, heads(draw, 1, 1, 64, 64, 64))


@task("attention")
def test_scores_up_to_a_thousand(kata: Any, draw: Any, probes: Any) -> None:
    inputs = heads(draw, 1, 1, 33, 145, 16, scale=14.0)
    for start in range(0, 145, 16):  # the highest score is in a later block for some queries, in an earlier for others
        inputs["k"][:, :, start : start + 16] *= 0.4 + 0.05 * ((start * 7) % 13)
    check_attention(kata, probes, inputs)


@task("attention")
def test_heads_behind_tokens_and_other_strides(kata: Any, draw: Any, probes: Any) -> None:
    for layout in ("tokens", "spread"):
        check_attention(kata, probes, heads(draw, 2, 3, 20, 20, 16), layout)


@task("causal")
def test_a_query_sees_only_earlier_keys(kata: Any, draw: Any, probes: Any) -> None:
    check_attention(kata, probes, heads(draw, 1, 2, 40, 40, 16), is_causal=True)
    check_attention(kata, probes, heads(draw, 2, 1, 70, 70, 16), "tokens", is_causal=True)


# ---------------------------------------------------------------------------------------- loads and stores


def assert_loads(ran: Any, name: str, of: str, size: int, most: int, why: str) -> None:
    """Check that the kernels load each of a tensor's `size` elements, on average at most `most` times."""
    found, at_most = ran.loads(of), most * size
    assert found >= size, f"{name} loads {found} elements from {of}, which has {size}; only kernels may compute"
    assert found <= at_most, f"{name} loads {found} elements from {of}, expected at most {at_most}: {why}"


def assert_total(ran: Any, name: str, loads: float, stores: float) -> None:
    """Check everything that the kernels did, so that nobody loads copies of a tensor."""
    for kind, found, limit in (("loads", ran.loads(), loads), ("stores", ran.stores(), stores)):
        assert found <= limit, f"the kernels of {name} have {found} {kind} in all, expected at most {limit:.0f}"


def times(size: int) -> int:
    """Return how often an element may be loaded: once for every 8 of `size`, as with tiles of 8, or twice for 16."""
    return 2 * -(-size // 16)


def check_traffic_of_add(kata: Any, probes: Any, x: np.ndarray, y: np.ndarray) -> None:
    ran = check_add(kata, probes, x, y)
    for of in ("x", "y"):
        assert_loads(ran, "add", of, len(x), 1, "each element once")
    assert_total(ran, "add", 2 * len(x), len(x))


def check_traffic_of_softmax(kata: Any, probes: Any, x: np.ndarray) -> None:
    ran = check_softmax(kata, probes, x, "spread")
    assert_loads(ran, "softmax", "x", x.size, 1, "keep the row in the kernel, and load each element once")
    assert_total(ran, "softmax", x.size, x.size)


def check_traffic_of_matmul(kata: Any, probes: Any, a: np.ndarray, b: np.ndarray) -> None:
    ran = check_matmul(kata, probes, a, b)
    (m, _), n = a.shape, b.shape[1]
    why = "a larger tile of the result uses each element more often"
    assert_loads(ran, "matmul", "a", a.size, times(n), why)
    assert_loads(ran, "matmul", "b", b.size, times(m), why)
    assert_total(ran, "matmul", a.size * times(n) + b.size * times(m), m * n)


def check_traffic_of_layer_norm(kata: Any, probes: Any, inputs: Arrays) -> None:
    ran, x = check_layer_norm(kata, probes, inputs), inputs["x"]
    assert_loads(ran, "layer_norm", "x", x.size, 1, "keep the row in the kernel, and load each element once")
    assert_total(ran, "layer_norm", 3 * x.size, x.size + 2 * len(x))


def check_traffic_of_backward(kata: Any, probes: Any, inputs: Arrays) -> None:
    ran, x = check_backward(kata, probes, inputs), inputs["x"]
    for of in ("dy", "x"):
        assert_loads(ran, "layer_norm_backward", of, x.size, 2, "each element at most twice")
    assert_total(ran, "layer_norm_backward", 10 * x.size, 6 * x.size)


def check_traffic_of_attention(kata: Any, probes: Any, inputs: Arrays) -> None:
    ran, q = check_attention(kata, probes, inputs), inputs["q"]
    queries = q.shape[2]
    assert_loads(ran, "attention", "q", q.size, 1, "a program keeps its queries, and each element is loaded once")
    for of in ("k", "v"):
        assert_loads(ran, "attention", of, inputs[of].size, times(queries), "give a program a block of queries")
    numbers = q.size // q.shape[3]
    assert_total(ran, "attention", q.size + 2 * inputs["k"].size * times(queries) + 4 * numbers, q.size + 4 * numbers)


@task("traffic")
def test_add_loads_each_element_once(kata: Any, draw: Any, probes: Any) -> None:
    check_traffic_of_add(kata, probes, normal(draw, 3000), normal(draw, 3000))


@task("traffic")
def test_softmax_loads_each_row_once(kata: Any, draw: Any, probes: Any) -> None:
    check_traffic_of_softmax(kata, probes, normal(draw, 5, 70))


@task("traffic")
def test_matmul_uses_what_it_loads_eight_times(kata: Any, draw: Any, probes: Any) -> None:
    check_traffic_of_matmul(kata, probes, normal(draw, 48, 40), normal(draw, 40, 64))


@task("traffic")
def test_layer_norm_loads_each_row_once(kata: Any, draw: Any, probes: Any) -> None:
    check_traffic_of_layer_norm(kata, probes, norm_inputs(draw, 5, 70))


@task("traffic")
def test_the_gradients_load_each_row_at_most_twice(kata: Any, draw: Any, probes: Any) -> None:
    x, dy = normal(draw, 9, 70), normal(draw, 9, 70)
    check_traffic_of_backward(kata, probes, backward_inputs(dy, x, normal(draw, 70)))


@task("traffic")
def test_attention_stores_no_scores(kata: Any, draw: Any, probes: Any) -> None:
    check_traffic_of_attention(kata, probes, heads(draw, 1, 2, 64, 64, 16))


# -------------------------------------------------------------------------------------------- graphics card


@task("gpu")
@pytest.mark.gpu
def test_softmax_is_fast_on_a_gpu(kata: Any, draw: Any, probes: Any) -> None:
    run = kata.run(probes.seconds_on_a_gpu, draw.seed(), 8192, 1000)
    assert run["distance"] < 1e-5, f"on the GPU, softmax differs from torch.softmax by {run['distance']:.1e}"
    own, torchs = (np.median(run[name]) for name in ("own", "torch"))
    assert own <= 2 * torchs, f"softmax takes {own:.2e} s and torch.softmax {torchs:.2e} s, expected at most twice that"
