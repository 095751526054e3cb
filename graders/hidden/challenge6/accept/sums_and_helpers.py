# Sums of products where others use tl.dot, small helper functions, flat grids, and a kernel of its own for the columns.
import torch
import triton
import triton.language as tl
from triton import cdiv, next_power_of_2


@triton.jit
def split(number, width):
    return number // width, number % width


@triton.jit
def product(a, b):
    return tl.sum(a[:, :, None] * b[None, :, :], axis=1)


@triton.jit
def row_at(pointer, row, stride, cols, n):
    return tl.load(pointer + row * stride + cols, mask=cols < n, other=0)


@triton.jit
def k_add(x, y, z, n, B: tl.constexpr):
    o = tl.arange(0, B) + B * tl.program_id(0)
    ok = o < n
    tl.store(z + o, tl.load(x + o, ok) + tl.load(y + o, ok), ok)


def add(x, y):
    z = torch.zeros_like(x)
    k_add[(cdiv(x.shape[0], 128),)](x, y, z, x.shape[0], 128)
    return z


@triton.jit
def k_softmax(x, z, stride, n, B: tl.constexpr):
    row = tl.program_id(0)
    cols = tl.arange(0, B)
    v = row_at(x, row, stride, cols, n)
    v = tl.where(cols < n, v, float("-inf"))
    v -= tl.max(v)
    tl.store(z + row * n + cols, tl.exp(v - tl.log(tl.sum(tl.exp(v)))), cols < n)


def softmax(x):
    z = torch.empty(x.shape, dtype=torch.float32, device=x.device)
    k_softmax[(x.shape[0],)](x, z, x.stride(0), x.shape[1], next_power_of_2(x.shape[1]))
    return z


@triton.jit
def k_matmul(a, b, c, m, n, k, a0, a1, b0, b1, T: tl.constexpr, S: tl.constexpr):
    i, j = split(tl.program_id(0), tl.cdiv(n, T))
    rows = i * T + tl.arange(0, T)
    cols = j * T + tl.arange(0, T)
    c_tile = tl.zeros([T, T], tl.float32)
    for s in range(0, tl.cdiv(k, S)):
        inner = s * S + tl.arange(0, S)
        left = tl.load(a + rows[:, None] * a0 + inner[None, :] * a1, (rows[:, None] < m) & (inner[None, :] < k), 0)
        right = tl.load(b + inner[:, None] * b0 + cols[None, :] * b1, (inner[:, None] < k) & (cols[None, :] < n), 0)
        c_tile += product(left, right)
    tl.store(c + rows[:, None] * n + cols[None, :], c_tile, (rows[:, None] < m) & (cols[None, :] < n))


def matmul(a, b):
    m, k = a.shape
    n = b.shape[1]
    c = torch.empty(m, n, device=a.device)
    k_matmul[(cdiv(m, 16) * cdiv(n, 16),)](a, b, c, m, n, k, a.stride(0), a.stride(1), b.stride(0), b.stride(1), 16, 16)
    return c


@triton.jit
def k_norm(x, w, b, y, mu, rs, stride, n, eps, B: tl.constexpr):
    row = tl.program_id(0)
    cols = tl.arange(0, B)
    v = row_at(x, row, stride, cols, n)
    mean = tl.sum(v) / n
    var = tl.sum(v * v) / n - mean * mean
    r = 1.0 / tl.sqrt(var + eps)
    ok = cols < n
    tl.store(y + row * n + cols, (v - mean) * r * tl.load(w + cols, ok) + tl.load(b + cols, ok), ok)
    tl.store(mu + row, mean)
    tl.store(rs + row, r)


def layer_norm(x, weight, bias, eps=1e-5):
    m, n = x.shape
    y, mu, rs = torch.empty(m, n, device=x.device), torch.empty(m, device=x.device), torch.empty(m, device=x.device)
    k_norm[(m,)](x, weight, bias, y, mu, rs, x.stride(0), n, eps, next_power_of_2(n))
    return y, mu, rs


@triton.jit
def k_dx(dy, x, w, mu, rs, dx, s_dy, s_x, n, B: tl.constexpr):
    row = tl.program_id(0)
    cols = tl.arange(0, B)
    g = row_at(dy, row, s_dy, cols, n) * tl.load(w + cols, cols < n, 0)
    r = tl.load(rs + row)
    h = tl.where(cols < n, (row_at(x, row, s_x, cols, n) - tl.load(mu + row)) * r, 0)
    tl.store(dx + row * n + cols, r / n * (n * g - tl.sum(g) - h * tl.sum(g * h)), cols < n)


@triton.jit
def k_columns(dy, x, mu, rs, dw, db, s_dy, s_x, m, n, B: tl.constexpr):
    cols = tl.program_id(0) * B + tl.arange(0, B)
    w_sum = tl.zeros([B], tl.float32)
    b_sum = tl.zeros([B], tl.float32)
    for row in range(m):
        g = row_at(dy, row, s_dy, cols, n)
        w_sum += g * (row_at(x, row, s_x, cols, n) - tl.load(mu + row)) * tl.load(rs + row)
        b_sum += g
    tl.store(dw + cols, w_sum, cols < n)
    tl.store(db + cols, b_sum, cols < n)


def layer_norm_backward(dy, x, weight, mean, rstd):
    m, n = x.shape
    dx = torch.empty(m, n, device=x.device)
    dw, db = torch.empty(n, device=x.device), torch.empty(n, device=x.device)
    k_dx[(m,)](dy, x, weight, mean, rstd, dx, dy.stride(0), x.stride(0), n, next_power_of_2(n))
    k_columns[(cdiv(n, 64),)](dy, x, mean, rstd, dw, db, dy.stride(0), x.stride(0), m, n, 64)
    return [dx, dw, db]


@triton.jit
def k_attention(
    q,
    k,
    v,
    o,
    qb,
    qh,
    qn,
    kb,
    kh,
    kn,
    vb,
    vh,
    vn,
    heads,
    n,
    m,
    root,
    T: tl.constexpr,
    D: tl.constexpr,
    CAUSAL: tl.constexpr,
):
    unit, block = split(tl.program_id(0), tl.cdiv(n, T))
    batch, head = split(unit, heads)
    q += batch * qb + head * qh
    k += batch * kb + head * kh
    v += batch * vb + head * vh
    rows = block * T + tl.arange(0, T)
    d = tl.arange(0, D)
    queries = tl.load(q + rows[:, None] * qn + d[None, :], rows[:, None] < n, 0) / root
    biggest = tl.full([T], float("-inf"), tl.float32)
    below = tl.zeros([T], tl.float32)
    above = tl.zeros([T, D], tl.float32)
    for step in range(tl.cdiv(m, 32)):
        at = step * 32 + tl.arange(0, 32)
        keys = tl.load(k + d[:, None] + at[None, :] * kn, at[None, :] < m, 0)
        values = tl.load(v + at[:, None] * vn + d[None, :], at[:, None] < m, 0)
        s = product(queries, keys)
        ok = at[None, :] < m
        if CAUSAL:
            ok &= at[None, :] <= rows[:, None]
        s = tl.where(ok, s, float("-inf"))
        now = tl.maximum(biggest, tl.max(s, 1))
        e = tl.exp(s - now[:, None])
        old = tl.exp(biggest - now)
        below = below * old + tl.sum(e, 1)
        above = above * old[:, None] + product(e, values)
        biggest = now
    tl.store(o + (unit * n + rows[:, None]) * D + d[None, :], above / below[:, None], rows[:, None] < n)


def attention(q, k, v, is_causal=False):
    b, h, n, d = q.shape
    o = torch.empty(b, h, n, d, device=q.device)
    k_attention[(b * h * cdiv(n, 16),)](
        q,
        k,
        v,
        o,
        q.stride(0),
        q.stride(1),
        q.stride(2),
        k.stride(0),
        k.stride(1),
        k.stride(2),
        v.stride(0),
        v.stride(1),
        v.stride(2),
        h,
        n,
        k.shape[2],
        d**0.5,
        T=16,
        D=d,
        CAUSAL=is_causal,
    )
    return o
