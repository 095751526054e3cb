# A sum of outer products, loops over the grid, and results of attention that are divided at each step.
# independent
import meter  # noqa: F401  (first!)
import triton.language as tl
from torch import Tensor
from triton import cdiv, jit, next_power_of_2

NEGATIVE_INFINITY = tl.constexpr(float("-inf"))
TILE = 2048  # numbers in a tile of several rows


# Helpers for kernels: everything here is a tile of two axes.


@jit
def block_of(program, SIZE: tl.constexpr):
    """The SIZE places that belong to a program."""
    return program * SIZE + tl.arange(0, SIZE)


@jit
def tile(pointer, i, j, stride_i, stride_j):
    """Pointers to the elements (i, j), i downwards and j to the right."""
    return pointer + i[:, None] * stride_i + j[None, :] * stride_j


@jit
def within(i, j, m, n):
    return (i[:, None] < m) & (j[None, :] < n)


@jit
def row_mean(x, n):
    """The mean of n elements of each row, as a column. The padding must be 0."""
    return tl.sum(x, axis=1, keep_dims=True) / n


def rows_per_program(n):
    """How many rows of n numbers fit into a tile, and the number of its columns."""
    columns = next_power_of_2(n)
    return max(TILE // columns, 1), columns


@jit
def _add(x, y, out, n, BLOCK: tl.constexpr):
    # a grid-stride loop, as in CUDA
    step = tl.num_programs(0) * BLOCK
    for start in range(tl.program_id(0) * BLOCK, n, step):
        i = start + tl.arange(0, BLOCK)
        tl.store(out + i, tl.load(x + i, i < n) + tl.load(y + i, i < n), i < n)


def add(x: Tensor, y: Tensor) -> Tensor:
    out = x.new_empty(x.shape)
    n = len(x)
    _add[(min(cdiv(n, 256), 128),)](x, y, out, n, 256)
    return out


@jit
def _softmax(x, y, stride_x, stride_y, m, n, ROWS: tl.constexpr, COLUMNS: tl.constexpr):
    i = block_of(tl.program_id(0), ROWS)
    j = tl.arange(0, COLUMNS)
    valid = within(i, j, m, n)
    logits = tl.load(tile(x, i, j, stride_x, 1), valid, other=NEGATIVE_INFINITY)
    powers = tl.exp(logits - tl.max(logits, axis=1, keep_dims=True))
    tl.store(tile(y, i, j, stride_y, 1), powers / tl.sum(powers, axis=1, keep_dims=True), valid)


def softmax(x: Tensor) -> Tensor:
    m, n = x.shape
    y = x.new_empty(m, n)
    rows, columns = rows_per_program(n)
    _softmax[(cdiv(m, rows),)](x, y, x.stride(0), y.stride(0), m, n, rows, columns)
    return y


@jit
def _matmul(a, b, c, m, n, k, ai, al, bl, bj, M: tl.constexpr, N: tl.constexpr):
    # c is a sum of outer products: a column of a times a row of b
    i = block_of(tl.program_id(0), M)
    j = block_of(tl.program_id(1), N)
    total = tl.zeros((M, N), tl.float32)
    for l in range(k):
        column = tl.load(a + i * ai + l * al, i < m, other=0.0)
        row = tl.load(b + l * bl + j * bj, j < n, other=0.0)
        total += column[:, None] * row[None, :]
    tl.store(tile(c, i, j, n, 1), total, within(i, j, m, n))


def matmul(a: Tensor, b: Tensor) -> Tensor:
    (m, k), n = a.shape, b.shape[1]
    c = a.new_empty(m, n)
    _matmul[cdiv(m, 64), cdiv(n, 64)](a, b, c, m, n, k, *a.stride(), *b.stride(), M=64, N=64)
    return c


@jit
def _norm(x, w, b, y, mean, rstd, stride, m, n, eps, ROWS: tl.constexpr, COLUMNS: tl.constexpr):
    i = block_of(tl.program_id(0), ROWS)
    j = tl.arange(0, COLUMNS)
    valid = within(i, j, m, n)
    values = tl.load(tile(x, i, j, stride, 1), valid, other=0.0)
    mu = row_mean(values, n)
    centred = tl.where(j[None, :] < n, values - mu, 0.0)
    r = tl.rsqrt(row_mean(centred * centred, n) + eps)
    gamma = tl.load(w + j, j < n)[None, :]
    beta = tl.load(b + j, j < n)[None, :]
    tl.store(tile(y, i, j, n, 1), centred * r * gamma + beta, valid)
    # as columns, because mu and r are columns
    tl.store(mean + i[:, None], mu, i[:, None] < m)
    tl.store(rstd + i[:, None], r, i[:, None] < m)


def layer_norm(x: Tensor, weight: Tensor, bias: Tensor, eps: float = 1e-5) -> tuple[Tensor, Tensor, Tensor]:
    m, n = x.shape
    y, mean, rstd = x.new_empty(m, n), x.new_empty(m), x.new_empty(m)
    rows, columns = rows_per_program(n)
    _norm[(cdiv(m, rows),)](x, weight, bias, y, mean, rstd, x.stride(0), m, n, eps, rows, columns)
    return y, mean, rstd


@jit
def _norm_backward(
    dy, x, w, mean, rstd, dx, dw, db, stride_dy, stride_x, m, n, ROWS: tl.constexpr, COLUMNS: tl.constexpr
):
    i = block_of(tl.program_id(0), ROWS)
    j = tl.arange(0, COLUMNS)
    valid = within(i, j, m, n)
    slope = tl.load(tile(dy, i, j, stride_dy, 1), valid, other=0.0)
    values = tl.load(tile(x, i, j, stride_x, 1), valid, other=0.0)
    mu = tl.load(mean + i, i < m, other=0.0)[:, None]
    r = tl.load(rstd + i, i < m, other=0.0)[:, None]
    gamma = tl.load(w + j, j < n, other=0.0)[None, :]

    x_hat = (values - mu) * r
    g = slope * gamma
    tl.store(tile(dx, i, j, n, 1), r * (g - row_mean(g, n) - x_hat * row_mean(g * x_hat, n)), valid)
    # every program adds its rows to the same two vectors, which begin at 0
    tl.atomic_add(dw + j, tl.sum(slope * x_hat, axis=0), j < n)
    tl.atomic_add(db + j, tl.sum(slope, axis=0), j < n)


def layer_norm_backward(
    dy: Tensor, x: Tensor, weight: Tensor, mean: Tensor, rstd: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    m, n = x.shape
    dx, dw, db = x.new_empty(m, n), x.new_zeros(n), x.new_zeros(n)
    rows, columns = rows_per_program(n)
    _norm_backward[(cdiv(m, rows),)](
        dy, x, weight, mean, rstd, dx, dw, db, dy.stride(0), x.stride(0), m, n, rows, columns
    )
    return dx, dw, db


@jit
def _attention(
    q, k, v, out, n, m, q0, q1, q2, q3, k0, k1, k2, k3, v0, v1, v2, v3, o0, o1, o2, o3,
    D: tl.constexpr, CAUSAL: tl.constexpr, QUERIES: tl.constexpr, KEYS: tl.constexpr,
):  # fmt: skip
    """Keep two things for each query: the result so far, already divided, and the log of the sum of exponentials.

    Results over two sets of keys are averaged with weights exp(lse - lse of both).
    """
    block, head, batch = tl.program_id(0), tl.program_id(1), tl.program_id(2)
    i = block_of(block, QUERIES)
    f = tl.arange(0, D)
    query = tl.load(tile(q + batch * q0 + head * q1, i, f, q2, q3), i[:, None] < n, other=0.0) / D**0.5
    result = tl.zeros((QUERIES, D), tl.float32)
    lse = tl.full((QUERIES,), NEGATIVE_INFINITY, tl.float32)

    end = m
    if CAUSAL:
        end = tl.minimum(m, (block + 1) * QUERIES)
    start = 0
    while start < end:
        j = start + tl.arange(0, KEYS)
        key = tl.load(tile(k + batch * k0 + head * k1, j, f, k2, k3), j[:, None] < m, other=0.0)
        value = tl.load(tile(v + batch * v0 + head * v1, j, f, v2, v3), j[:, None] < m, other=0.0)
        score = tl.dot(query, tl.trans(key), input_precision="ieee")
        score = tl.where(j[None, :] < m, score, NEGATIVE_INFINITY)
        if CAUSAL:
            score = tl.where(j[None, :] <= i[:, None], score, NEGATIVE_INFINITY)
        top = tl.maximum(lse, tl.max(score, axis=1))
        new_lse = top + tl.log(tl.exp(lse - top) + tl.sum(tl.exp(score - top[:, None]), axis=1))
        share = tl.exp(score - new_lse[:, None])
        result = result * tl.exp(lse - new_lse)[:, None] + tl.dot(share, value, input_precision="ieee")
        lse = new_lse
        start += KEYS

    tl.store(tile(out + batch * o0 + head * o1, i, f, o2, o3), result, i[:, None] < n)


def attention(q: Tensor, k: Tensor, v: Tensor, is_causal: bool = False) -> Tensor:
    batch, heads, n, d = q.shape
    m = k.shape[2]
    out = q.new_empty(q.shape)
    _attention[cdiv(n, 16), heads, batch](
        q, k, v, out, n, m, *q.stride(), *k.stride(), *v.stride(), *out.stride(),
        D=d, CAUSAL=is_causal, QUERIES=16, KEYS=64,
    )  # fmt: skip
    return out
