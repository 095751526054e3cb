# Block pointers with boundary checks, which hide the masks; several rows in each program.
from __future__ import annotations

import math

import meter
import torch
import triton
import triton.language as tl

BLOCK = 512
TILE = 32


@triton.jit
def _add(x, y, z, n, B: tl.constexpr):
    i = tl.program_id(0) * B
    xs = tl.make_block_ptr(x, (n,), (1,), (i,), (B,), (0,))
    ys = tl.make_block_ptr(y, (n,), (1,), (i,), (B,), (0,))
    zs = tl.make_block_ptr(z, (n,), (1,), (i,), (B,), (0,))
    tl.store(zs, tl.load(xs, boundary_check=(0,)) + tl.load(ys, boundary_check=(0,)), boundary_check=(0,))


def add(x, y):
    z = torch.empty_like(x)
    _add[(triton.cdiv(len(x), BLOCK),)](x, y, z, len(x), BLOCK)
    return z


@triton.jit
def _softmax(x, y, m, n, sx, R: tl.constexpr, C: tl.constexpr):
    r = tl.program_id(0) * R
    block = tl.load(
        tl.make_block_ptr(x, (m, n), (sx, 1), (r, 0), (R, C), (1, 0)), boundary_check=(0, 1), padding_option="zero"
    )
    block = tl.where(tl.arange(0, C)[None, :] < n, block, -float("inf"))
    e = tl.exp(block - tl.max(block, axis=1, keep_dims=True))
    out = tl.make_block_ptr(y, (m, n), (n, 1), (r, 0), (R, C), (1, 0))
    tl.store(out, e / tl.sum(e, axis=1, keep_dims=True), boundary_check=(0, 1))


def softmax(x):
    m, n = x.shape
    y = x.new_empty((m, n))
    _softmax[(triton.cdiv(m, 4),)](x, y, m, n, x.stride(0), R=4, C=triton.next_power_of_2(n))
    return y


@triton.jit
def _matmul(a, b, c, M, N, K, sam, sak, sbk, sbn, T: tl.constexpr):
    i, j = tl.program_id(1), tl.program_id(0)
    pa = tl.make_block_ptr(a, (M, K), (sam, sak), (i * T, 0), (T, T), (1, 0))
    pb = tl.make_block_ptr(b, (K, N), (sbk, sbn), (0, j * T), (T, T), (1, 0))
    acc = tl.zeros((T, T), tl.float32)
    for _ in range(tl.cdiv(K, T)):
        left = tl.load(pa, boundary_check=(0, 1), padding_option="zero")
        right = tl.load(pb, boundary_check=(0, 1), padding_option="zero")
        acc = tl.dot(left, right, acc, input_precision="ieee")
        pa = tl.advance(pa, (0, T))
        pb = tl.advance(pb, (T, 0))
    tl.store(tl.make_block_ptr(c, (M, N), (N, 1), (i * T, j * T), (T, T), (1, 0)), acc, boundary_check=(0, 1))


def matmul(a, b):
    M, K = a.shape
    _, N = b.shape
    c = a.new_empty((M, N))
    grid = (triton.cdiv(N, TILE), triton.cdiv(M, TILE))
    _matmul[grid](a, b, c, M, N, K, a.stride(0), a.stride(1), b.stride(0), b.stride(1), T=TILE)
    return c


@triton.jit
def _norm(x, w, b, y, mean, rstd, m, n, sx, eps, R: tl.constexpr, C: tl.constexpr):
    first = tl.program_id(0) * R
    row = first + tl.arange(0, R)
    col = tl.arange(0, C)
    v = tl.load(
        tl.make_block_ptr(x, (m, n), (sx, 1), (first, 0), (R, C), (1, 0)), boundary_check=(0, 1), padding_option="zero"
    )
    mu = tl.sum(v, 1) / n
    d = tl.where((col < n)[None, :], v - mu[:, None], 0.0)
    r = tl.rsqrt(tl.sum(d * d, 1) / n + eps)
    weight = tl.load(w + col, mask=col < n, other=0.0)
    bias = tl.load(b + col, mask=col < n, other=0.0)
    out = d * r[:, None] * weight[None, :] + bias[None, :]
    tl.store(tl.make_block_ptr(y, (m, n), (n, 1), (first, 0), (R, C), (1, 0)), out, boundary_check=(0, 1))
    tl.store(mean + row, mu, mask=row < m)
    tl.store(rstd + row, r, mask=row < m)


def layer_norm(x, weight, bias, eps=1e-5):
    m, n = x.shape
    y, mean, rstd = x.new_empty((m, n)), x.new_empty((m,)), x.new_empty((m,))
    _norm[(triton.cdiv(m, 2),)](
        x, weight, bias, y, mean, rstd, m, n, x.stride(0), eps, R=2, C=triton.next_power_of_2(n)
    )
    return y, mean, rstd


@triton.jit
def _backward(dy, x, w, mean, rstd, dx, dw, db, m, n, sdy, sx, R: tl.constexpr, C: tl.constexpr):
    first = tl.program_id(0) * R
    row = first + tl.arange(0, R)
    col = tl.arange(0, C)
    g = tl.load(
        tl.make_block_ptr(dy, (m, n), (sdy, 1), (first, 0), (R, C), (1, 0)),
        boundary_check=(0, 1),
        padding_option="zero",
    )
    v = tl.load(
        tl.make_block_ptr(x, (m, n), (sx, 1), (first, 0), (R, C), (1, 0)), boundary_check=(0, 1), padding_option="zero"
    )
    mu = tl.load(mean + row, mask=row < m, other=0.0)[:, None]
    r = tl.load(rstd + row, mask=row < m, other=0.0)[:, None]
    weight = tl.load(w + col, mask=col < n, other=0.0)[None, :]
    hat = tl.where((col < n)[None, :], (v - mu) * r, 0.0)
    wg = weight * g
    a = tl.sum(wg, 1)[:, None] / n
    c = tl.sum(wg * hat, 1)[:, None] / n
    tl.store(
        tl.make_block_ptr(dx, (m, n), (n, 1), (first, 0), (R, C), (1, 0)), r * (wg - a - hat * c), boundary_check=(0, 1)
    )
    tl.atomic_add(dw + col, tl.sum(g * hat, 0), mask=col < n)
    tl.atomic_add(db + col, tl.sum(g, 0), mask=col < n)


def layer_norm_backward(dy, x, weight, mean, rstd):
    m, n = x.shape
    dx, dw, db = x.new_empty((m, n)), x.new_zeros((n,)), x.new_zeros((n,))
    _backward[(triton.cdiv(m, 4),)](
        dy, x, weight, mean, rstd, dx, dw, db, m, n, dy.stride(0), x.stride(0), R=4, C=triton.next_power_of_2(n)
    )
    return dx, dw, db


@triton.jit
def _attention(
    q,
    k,
    v,
    o,
    scale,
    H,
    N,
    M,
    q0,
    q1,
    q2,
    k0,
    k1,
    k2,
    v0,
    v1,
    v2,
    D: tl.constexpr,
    T: tl.constexpr,
    CAUSAL: tl.constexpr,
):
    block, batch, head = tl.program_id(0), tl.program_id(1), tl.program_id(2)
    pq = tl.make_block_ptr(q + batch * q0 + head * q1, (N, D), (q2, 1), (block * T, 0), (T, D), (1, 0))
    pk = tl.make_block_ptr(k + batch * k0 + head * k1, (D, M), (1, k2), (0, 0), (D, T), (0, 1))
    pv = tl.make_block_ptr(v + batch * v0 + head * v1, (M, D), (v2, 1), (0, 0), (T, D), (1, 0))
    query = tl.load(pq, boundary_check=(0,), padding_option="zero") * scale
    top = tl.full((T,), -1e38, tl.float32)
    norm = tl.zeros((T,), tl.float32)
    acc = tl.zeros((T, D), tl.float32)
    row = block * T + tl.arange(0, T)
    for start in range(0, M, T):
        col = start + tl.arange(0, T)
        s = tl.dot(query, tl.load(pk, boundary_check=(1,), padding_option="zero"), input_precision="ieee")
        s = tl.where(col[None, :] < M, s, -float("inf"))
        if CAUSAL:
            s = tl.where(col[None, :] <= row[:, None], s, -float("inf"))
        new = tl.maximum(top, tl.max(s, 1))
        p = tl.exp(s - new[:, None])
        fade = tl.exp(top - new)
        norm = norm * fade + tl.sum(p, 1)
        acc = acc * fade[:, None]
        acc += tl.dot(p, tl.load(pv, boundary_check=(0,), padding_option="zero"), input_precision="ieee")
        top = new
        pk = tl.advance(pk, (0, T))
        pv = tl.advance(pv, (T, 0))
    po = tl.make_block_ptr(o + (batch * H + head) * N * D, (N, D), (D, 1), (block * T, 0), (T, D), (1, 0))
    tl.store(po, acc / norm[:, None], boundary_check=(0,))


def attention(q, k, v, is_causal=False):
    B, H, N, D = q.shape
    M = k.size(2)
    o = q.new_empty((B, H, N, D))
    grid = (triton.cdiv(N, TILE), B, H)
    _attention[grid](
        q,
        k,
        v,
        o,
        1 / math.sqrt(D),
        H,
        N,
        M,
        *q.stride()[:3],
        *k.stride()[:3],
        *v.stride()[:3],
        D=D,
        T=TILE,
        CAUSAL=is_causal,
    )
    return o


if __name__ == "__main__":
    meter.show({f.__name__: f for f in (add, softmax, matmul, layer_norm, layer_norm_backward, attention)})
