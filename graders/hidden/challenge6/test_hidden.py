"""Compare the kernels with float64 on drawn sizes, numbers and layouts, and count their loads and stores.

The checks and their tolerances are those of the visible tests. Triton interprets every operation in Python, so sizes
are small: just above and below the usual blocks (16, 32, 64, 128).
"""

import importlib.util
from pathlib import Path

import numpy as np

from graders.checks import cases, task

_VISIBLE = importlib.util.spec_from_file_location(
    "visible_challenge6", Path(__file__).parents[3] / "katas" / "challenge6" / "test_challenge6.py"
)
visible = importlib.util.module_from_spec(_VISIBLE)
_VISIBLE.loader.exec_module(visible)
normal, heads = visible.normal, visible.heads


def rows_of(draw, rows, columns):
    """Return rows that differ in size and shift, so that no row can stand in for another."""
    return normal(draw, rows, columns) * draw.uniform(0.5, 3.0, rows, 1) + draw.uniform(-3.0, 3.0, rows, 1)


def norm_inputs(draw):
    rows, columns = draw.sizes("rows", low=1, high=6), draw.sizes("columns", low=2, high=140)
    x = rows_of(draw, rows, columns).astype(np.float32)
    return {"x": x, "weight": normal(draw, columns, shift=1.0), "bias": normal(draw, columns)}


@task("add")
@cases(4)
def test_vectors_of_any_length(kata, draw, probes):
    n = draw.choice([1, 3, 255, 257, 1023, 1025, 2049, 6000]) + draw.sizes("more", low=0, high=3)
    visible.check_add(kata, probes, normal(draw, n, scale=10.0), normal(draw, n))


@task("softmax")
@cases(4)
def test_rows_of_drawn_sizes(kata, draw, probes):
    rows, columns = draw.sizes("rows", low=1, high=5), draw.sizes("columns", low=1, high=260)
    layout = draw.choice(["plain", "spread"])
    visible.check_softmax(kata, probes, rows_of(draw, rows, columns).astype(np.float32), layout)


@task("softmax")
@cases(2)
def test_rows_of_numbers_up_to_a_thousand(kata, draw, probes):
    shape = draw.sizes("rows", low=1, high=4), draw.sizes("columns", low=2, high=70)
    visible.check_softmax(kata, probes, draw.uniform(-1000, 1000, *shape).astype(np.float32), "spread")
    visible.check_softmax(kata, probes, draw.uniform(-1000, -900, *shape).astype(np.float32))


@task("matmul")
@cases(4)
def test_matrices_of_drawn_sizes(kata, draw, probes):
    m, k, n = (draw.sizes(name, low=1, high=75) for name in ("m", "k", "n"))
    layout = draw.choice(["plain", "spread", "transposed"])
    visible.check_matmul(kata, probes, normal(draw, m, k), normal(draw, k, n), layout)


@task("layer_norm")
@cases(4)
def test_norms_of_drawn_sizes(kata, draw, probes):
    settings = draw.choice([{}, {}, {"eps": 0.1}])
    visible.check_layer_norm(kata, probes, norm_inputs(draw), draw.choice(["plain", "spread"]), **settings)


@task("backward")
@cases(4)
def test_gradients_of_drawn_sizes(kata, draw, probes):
    rows, columns = draw.sizes("rows", low=1, high=20), draw.sizes("columns", low=2, high=140)
    x, dy = rows_of(draw, rows, columns).astype(np.float32), normal(draw, rows, columns)
    inputs = visible.backward_inputs(dy, x, normal(draw, columns, shift=1.0))
    visible.check_backward(kata, probes, inputs, draw.choice(["plain", "spread"]))


@task("attention")
@cases(4)
def test_attention_of_drawn_sizes(kata, draw, probes):
    batch, number = draw.sizes("batch", low=1, high=2), draw.sizes("number", low=1, high=2)
    n, m = draw.sizes("n", low=1, high=40), draw.sizes("m", low=1, high=100)
    inputs = heads(draw, batch, number, n, m, draw.choice([16, 32]), scale=draw.choice([1.0, 4.0]))
    visible.check_attention(kata, probes, inputs, draw.choice(["plain", "tokens", "spread"]))


@task("attention")
@cases(2)
def test_the_highest_score_may_come_at_any_time(kata, draw, probes):
    inputs = heads(draw, 1, 1, 18, 130, 16, scale=10.0)
    inputs["k"] *= draw.uniform(0.1, 2.0, 130)[:, None].astype(np.float32)
    visible.check_attention(kata, probes, inputs)


@task("causal")
@cases(2)
def test_earlier_keys_of_drawn_sizes(kata, draw, probes):
    n = draw.sizes("n", low=1, high=70)
    visible.check_attention(kata, probes, heads(draw, 1, 2, n, n, 16), "tokens", is_causal=True)


# Blocks of 16, 32 or 64 nearly fill these sizes, so a correct kernel stays well below each limit. No block fills one
# exactly, each row is longer than 128, and a matrix product has more tiles in one direction than in the other: a wrong
# mask, a block of fixed size and a grid with its sides exchanged show in every grading.


def odd(draw, name, low, high):
    """Draw an odd size in [low, high], whose ends are odd."""
    return 2 * draw.sizes(name, low=low // 2, high=high // 2) + 1


@task("traffic")
def test_loads_and_stores_of_add(kata, draw, probes):
    n = odd(draw, "n", 2001, 4001)  # more than the 2000 programs that are allowed
    visible.check_traffic_of_add(kata, probes, normal(draw, n), normal(draw, n))


@task("traffic")
def test_loads_and_stores_of_softmax(kata, draw, probes):
    visible.check_traffic_of_softmax(kata, probes, normal(draw, 3, odd(draw, "n", 131, 201)))


@task("traffic")
def test_loads_and_stores_of_matmul(kata, draw, probes):
    m, k, n = (size - draw.sizes("less", low=1, high=3) for size in (48, 16 * draw.sizes("k", low=3, high=4), 64))
    visible.check_traffic_of_matmul(kata, probes, normal(draw, m, k), normal(draw, k, n))


@task("traffic")
def test_loads_and_stores_of_layer_norm(kata, draw, probes):
    inputs = visible.norm_inputs(draw, 4, odd(draw, "n", 131, 201))
    visible.check_traffic_of_layer_norm(kata, probes, inputs)


@task("traffic")
def test_loads_and_stores_of_the_gradients(kata, draw, probes):
    rows, columns = odd(draw, "rows", 9, 13), odd(draw, "columns", 131, 151)
    x, dy = normal(draw, rows, columns), normal(draw, rows, columns)
    visible.check_traffic_of_backward(kata, probes, visible.backward_inputs(dy, x, normal(draw, columns)))


@task("traffic")
def test_loads_and_stores_of_attention(kata, draw, probes):
    n = 16 * draw.sizes("blocks", low=3, high=4) - draw.sizes("less", low=1, high=3)
    visible.check_traffic_of_attention(kata, probes, heads(draw, 1, 1, n, n, 16))
