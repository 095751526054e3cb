# Block pointers made in helpers, tuples of strides, and two passes over the keys.
# independent
from __future__ import annotations

from math import sqrt

import meter  # keep it first: it lets Triton run kernels on the CPU
import torch
import triton
import triton.language as tl
from torch import Tensor


@triton.jit
def vector_block(pointer, length, start, SIZE: tl.constexpr):
    """Return a block pointer to SIZE elements of a vector."""
    return tl.make_block_ptr(
        base=pointer, shape=(length,), strides=(1,), offsets=(start,), block_shape=(SIZE,), order=(0,)
    )


@triton.jit
def matrix_block(pointer, m, n, stride0, stride1, row, column, ROWS: tl.constexpr, COLUMNS: tl.constexpr):
    """Return a block pointer to a tile of a matrix, with its upper left corner at (row, column)."""
    return tl.make_block_ptr(
        base=pointer,
        shape=(m, n),
        strides=(stride0, stride1),
        offsets=(row, column),
        block_shape=(ROWS, COLUMNS),
        order=(1, 0),
    )


@triton.jit
def read_vector(pointer, length, start, SIZE: tl.constexpr):
    block = vector_block(pointer, length, start, SIZE)
    return tl.load(block, boundary_check=(0,), padding_option="zero")


@triton.jit
def write_vector(pointer, value, length, start, SIZE: tl.constexpr):
    tl.store(vector_block(pointer, length, start, SIZE), value, boundary_check=(0,))


@triton.jit
def read_matrix(pointer, m, n, stride0, row, column, ROWS: tl.constexpr, COLUMNS: tl.constexpr):
    block = matrix_block(pointer, m, n, stride0, 1, row, column, ROWS, COLUMNS)
    return tl.load(block, boundary_check=(0, 1), padding_option="zero")


@triton.jit
def write_matrix(pointer, value, m, n, stride0, row, column, ROWS: tl.constexpr, COLUMNS: tl.constexpr):
    tl.store(matrix_block(pointer, m, n, stride0, 1, row, column, ROWS, COLUMNS), value, boundary_check=(0, 1))


@triton.jit
def scores_of(q, k, scale, first_query, first_key, m, N: tl.constexpr, M: tl.constexpr, CAUSAL: tl.constexpr):
    """Return a block (N, M) of scores, with -inf where a query doesn't see a key."""
    queries = first_query + tl.arange(0, N)[:, None]
    keys = first_key + tl.arange(0, M)[None, :]
    seen = keys < m
    if CAUSAL:
        seen &= keys <= queries
    return tl.where(seen, scale * tl.dot(q, tl.trans(k), input_precision="ieee"), -float("inf"))


@triton.jit
def add_kernel(x_ptr, y_ptr, out_ptr, n, BLOCK: tl.constexpr):
    start = tl.program_id(0) * BLOCK
    total = read_vector(x_ptr, n, start, BLOCK) + read_vector(y_ptr, n, start, BLOCK)
    write_vector(out_ptr, total, n, start, BLOCK)


def add(x: Tensor, y: Tensor) -> Tensor:
    n = len(x)
    out = x.new_empty(n)
    block = 512
    add_kernel[(triton.cdiv(n, block),)](x, y, out, n, block)
    return out


@triton.jit
def softmax_kernel(x_ptr, y_ptr, m, n, x_stride, y_stride, ROWS: tl.constexpr, COLUMNS: tl.constexpr):
    row = tl.program_id(0) * ROWS
    x = read_matrix(x_ptr, m, n, x_stride, row, 0, ROWS, COLUMNS)
    x = tl.where(tl.arange(0, COLUMNS)[None, :] < n, x, -float("inf"))
    powers = tl.exp(x - tl.max(x, axis=1, keep_dims=True))
    y = powers / tl.sum(powers, axis=1, keep_dims=True)
    write_matrix(y_ptr, y, m, n, y_stride, row, 0, ROWS, COLUMNS)


def softmax(x: Tensor) -> Tensor:
    m, n = x.shape
    y = x.new_empty(m, n)
    rows = 4
    softmax_kernel[(triton.cdiv(m, rows),)](
        x, y, m, n, x.stride(0), y.stride(0), ROWS=rows, COLUMNS=triton.next_power_of_2(n)
    )
    return y


@triton.jit
def matmul_kernel(
    a_ptr, b_ptr, c_ptr, m, k, n, a_row, a_column, b_row, b_column, c_row, TILE: tl.constexpr, STEP: tl.constexpr
):
    row, column = tl.program_id(1) * TILE, tl.program_id(0) * TILE
    a_block = matrix_block(a_ptr, m, k, a_row, a_column, row, 0, TILE, STEP)
    b_block = matrix_block(b_ptr, k, n, b_row, b_column, 0, column, STEP, TILE)
    c = tl.zeros((TILE, TILE), dtype=tl.float32)
    for _ in range(tl.cdiv(k, STEP)):
        a = tl.load(a_block, boundary_check=(0, 1), padding_option="zero")
        b = tl.load(b_block, boundary_check=(0, 1), padding_option="zero")
        c = tl.dot(a, b, acc=c, input_precision="ieee")
        a_block = tl.advance(a_block, (0, STEP))
        b_block = tl.advance(b_block, (STEP, 0))
    write_matrix(c_ptr, c, m, n, c_row, row, column, TILE, TILE)


def matmul(a: Tensor, b: Tensor) -> Tensor:
    (m, k), n = a.shape, b.shape[1]
    c = a.new_empty(m, n)
    tile = 32
    grid = triton.cdiv(n, tile), triton.cdiv(m, tile)
    matmul_kernel[grid](
        a, b, c, m, k, n, a.stride(0), a.stride(1), b.stride(0), b.stride(1), c.stride(0), TILE=tile, STEP=16
    )
    return c


@triton.jit
def layer_norm_kernel(
    x_ptr,
    weight_ptr,
    bias_ptr,
    y_ptr,
    mean_ptr,
    rstd_ptr,
    m,
    n,
    x_stride,
    y_stride,
    eps,
    ROWS: tl.constexpr,
    COLUMNS: tl.constexpr,
):
    row = tl.program_id(0) * ROWS
    x = read_matrix(x_ptr, m, n, x_stride, row, 0, ROWS, COLUMNS)
    weight = read_vector(weight_ptr, n, 0, COLUMNS)
    bias = read_vector(bias_ptr, n, 0, COLUMNS)

    mean = tl.sum(x, axis=1) / n
    centred = tl.where(tl.arange(0, COLUMNS)[None, :] < n, x - mean[:, None], 0.0)
    rstd = 1 / tl.sqrt(tl.sum(centred * centred, axis=1) / n + eps)
    y = centred * rstd[:, None] * weight[None, :] + bias[None, :]

    write_matrix(y_ptr, y, m, n, y_stride, row, 0, ROWS, COLUMNS)
    write_vector(mean_ptr, mean, m, row, ROWS)
    write_vector(rstd_ptr, rstd, m, row, ROWS)


def layer_norm(x: Tensor, weight: Tensor, bias: Tensor, eps: float = 1e-5) -> tuple[Tensor, Tensor, Tensor]:
    m, n = x.shape
    y, mean, rstd = x.new_empty(m, n), x.new_empty(m), x.new_empty(m)
    rows = 2
    layer_norm_kernel[(triton.cdiv(m, rows),)](
        x, weight, bias, y, mean, rstd, m, n, x.stride(0), y.stride(0), eps, rows, triton.next_power_of_2(n)
    )
    return y, mean, rstd


@triton.jit
def input_gradient_kernel(
    dy_ptr,
    x_ptr,
    weight_ptr,
    mean_ptr,
    rstd_ptr,
    dx_ptr,
    m,
    n,
    dy_stride,
    x_stride,
    dx_stride,
    ROWS: tl.constexpr,
    COLUMNS: tl.constexpr,
):
    """dx: each program has whole rows."""
    row = tl.program_id(0) * ROWS
    dy = read_matrix(dy_ptr, m, n, dy_stride, row, 0, ROWS, COLUMNS)
    x = read_matrix(x_ptr, m, n, x_stride, row, 0, ROWS, COLUMNS)
    mean = read_vector(mean_ptr, m, row, ROWS)[:, None]
    rstd = read_vector(rstd_ptr, m, row, ROWS)[:, None]
    g = dy * read_vector(weight_ptr, n, 0, COLUMNS)[None, :]  # 0 behind the end of the row
    normalised = (x - mean) * rstd
    mean_g = tl.sum(g, axis=1, keep_dims=True) / n
    mean_gx = tl.sum(g * normalised, axis=1, keep_dims=True) / n
    write_matrix(dx_ptr, rstd * (g - mean_g - normalised * mean_gx), m, n, dx_stride, row, 0, ROWS, COLUMNS)


@triton.jit
def parameter_gradients_kernel(
    dy_ptr,
    x_ptr,
    mean_ptr,
    rstd_ptr,
    dweight_ptr,
    dbias_ptr,
    m,
    n,
    dy_stride,
    x_stride,
    ROWS: tl.constexpr,
    COLUMNS: tl.constexpr,
):
    """dweight and dbias: each program has whole columns, so nobody else adds to its sums."""
    column = tl.program_id(0) * COLUMNS
    dweight = tl.zeros((COLUMNS,), tl.float32)
    dbias = tl.zeros((COLUMNS,), tl.float32)
    for row in range(0, m, ROWS):
        dy = read_matrix(dy_ptr, m, n, dy_stride, row, column, ROWS, COLUMNS)
        x = read_matrix(x_ptr, m, n, x_stride, row, column, ROWS, COLUMNS)
        mean = read_vector(mean_ptr, m, row, ROWS)[:, None]
        rstd = read_vector(rstd_ptr, m, row, ROWS)[:, None]
        dweight += tl.sum(dy * (x - mean) * rstd, axis=0)
        dbias += tl.sum(dy, axis=0)
    write_vector(dweight_ptr, dweight, n, column, COLUMNS)
    write_vector(dbias_ptr, dbias, n, column, COLUMNS)


def layer_norm_backward(
    dy: Tensor, x: Tensor, weight: Tensor, mean: Tensor, rstd: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """Return the gradients of layer_norm with respect to x, weight and bias, given dy, the gradient of y.

    dy and x are loaded twice: by rows for dx, and by columns for dweight and dbias.
    """
    m, n = x.shape
    dx, dweight, dbias = x.new_empty(m, n), x.new_empty(n), x.new_empty(n)
    rows, columns = 2, 32
    input_gradient_kernel[(triton.cdiv(m, rows),)](
        dy, x, weight, mean, rstd, dx, m, n, dy.stride(0), x.stride(0), dx.stride(0), rows, triton.next_power_of_2(n)
    )
    parameter_gradients_kernel[(triton.cdiv(n, columns),)](
        dy, x, mean, rstd, dweight, dbias, m, n, dy.stride(0), x.stride(0), 32, columns
    )
    return dx, dweight, dbias


@triton.jit
def attention_kernel(
    q_ptr,
    k_ptr,
    v_ptr,
    out_ptr,
    n,
    m,
    scale,
    q_strides,
    k_strides,
    v_strides,
    out_strides,
    D: tl.constexpr,
    N: tl.constexpr,
    M: tl.constexpr,
    CAUSAL: tl.constexpr,
):
    """Go through the keys twice: first for the largest score of each query, then for the weighted mean."""
    first, head, batch = tl.program_id(0) * N, tl.program_id(1), tl.program_id(2)
    q_ptr += batch * q_strides[0] + head * q_strides[1]
    k_ptr += batch * k_strides[0] + head * k_strides[1]
    v_ptr += batch * v_strides[0] + head * v_strides[1]
    out_ptr += batch * out_strides[0] + head * out_strides[1]

    q = read_matrix(q_ptr, n, D, q_strides[2], first, 0, N, D)
    end = tl.minimum(m, first + N) if CAUSAL else m

    largest = tl.full((N,), -float("inf"), tl.float32)
    for key in range(0, end, M):
        k = read_matrix(k_ptr, m, D, k_strides[2], key, 0, M, D)
        largest = tl.maximum(largest, tl.max(scores_of(q, k, scale, first, key, m, N, M, CAUSAL), axis=1))

    total = tl.zeros((N,), tl.float32)
    out = tl.zeros((N, D), tl.float32)
    for key in range(0, end, M):
        k = read_matrix(k_ptr, m, D, k_strides[2], key, 0, M, D)
        v = read_matrix(v_ptr, m, D, v_strides[2], key, 0, M, D)
        weights = tl.exp(scores_of(q, k, scale, first, key, m, N, M, CAUSAL) - largest[:, None])
        total += tl.sum(weights, axis=1)
        out += tl.dot(weights, v, input_precision="ieee")

    write_matrix(out_ptr, out / total[:, None], n, D, out_strides[2], first, 0, N, D)


def attention(q: Tensor, k: Tensor, v: Tensor, is_causal: bool = False) -> Tensor:
    batch, heads, n, d = q.shape
    m = k.shape[2]
    out = q.new_empty(batch, heads, n, d)
    block = 32
    attention_kernel[(triton.cdiv(n, block), heads, batch)](
        q,
        k,
        v,
        out,
        n,
        m,
        1 / sqrt(d),
        q.stride()[:3],
        k.stride()[:3],
        v.stride()[:3],
        out.stride()[:3],
        D=d,
        N=block,
        M=32,
        CAUSAL=is_causal,
    )
    return out
