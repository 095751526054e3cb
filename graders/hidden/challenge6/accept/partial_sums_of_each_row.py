# As plain as possible, with partial sums of each row in rows of their own.
# independent
import math

import meter  # keep it first: it lets Triton run kernels on the CPU
import torch
import triton
import triton.language as tl


@triton.jit
def add_kernel(x_ptr, y_ptr, out_ptr, n, BLOCK: tl.constexpr):
    places = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    inside = places < n
    x = tl.load(x_ptr + places, mask=inside)
    y = tl.load(y_ptr + places, mask=inside)
    tl.store(out_ptr + places, x + y, mask=inside)


def add(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    out = torch.empty_like(x)
    n = x.numel()
    BLOCK = 256
    add_kernel[(triton.cdiv(n, BLOCK),)](x, y, out, n, BLOCK=BLOCK)
    return out


@triton.jit
def softmax_kernel(x_ptr, out_ptr, x_stride, out_stride, n, BLOCK: tl.constexpr):
    row = tl.program_id(0)
    columns = tl.arange(0, BLOCK)
    inside = columns < n
    x = tl.load(x_ptr + row * x_stride + columns, mask=inside, other=-float("inf"))
    e = tl.exp(x - tl.max(x, axis=0))
    tl.store(out_ptr + row * out_stride + columns, e / tl.sum(e, axis=0), mask=inside)


def softmax(x: torch.Tensor) -> torch.Tensor:
    m, n = x.shape
    out = torch.empty((m, n), dtype=x.dtype, device=x.device)
    softmax_kernel[(m,)](x, out, x.stride(0), out.stride(0), n, BLOCK=triton.next_power_of_2(n))
    return out


@triton.jit
def matmul_kernel(
    a_ptr, b_ptr, c_ptr, m, n, k, stride_am, stride_ak, stride_bk, stride_bn, stride_cm, stride_cn, BLOCK: tl.constexpr
):
    rows = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    columns = tl.program_id(1) * BLOCK + tl.arange(0, BLOCK)
    acc = tl.zeros((BLOCK, BLOCK), dtype=tl.float32)
    for start in range(0, k, BLOCK):
        inner = start + tl.arange(0, BLOCK)
        a = tl.load(
            a_ptr + rows[:, None] * stride_am + inner[None, :] * stride_ak,
            mask=(rows[:, None] < m) & (inner[None, :] < k),
            other=0.0,
        )
        b = tl.load(
            b_ptr + inner[:, None] * stride_bk + columns[None, :] * stride_bn,
            mask=(inner[:, None] < k) & (columns[None, :] < n),
            other=0.0,
        )
        acc += tl.dot(a, b, input_precision="ieee")
    tl.store(
        c_ptr + rows[:, None] * stride_cm + columns[None, :] * stride_cn,
        acc,
        mask=(rows[:, None] < m) & (columns[None, :] < n),
    )


def matmul(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    m, k = a.shape
    _, n = b.shape
    c = torch.empty((m, n), dtype=a.dtype, device=a.device)
    BLOCK = 16
    grid = (triton.cdiv(m, BLOCK), triton.cdiv(n, BLOCK))
    matmul_kernel[grid](
        a, b, c, m, n, k, a.stride(0), a.stride(1), b.stride(0), b.stride(1), c.stride(0), c.stride(1), BLOCK=BLOCK
    )
    return c


@triton.jit
def layer_norm_kernel(
    x_ptr, weight_ptr, bias_ptr, y_ptr, mean_ptr, rstd_ptr, x_stride, y_stride, n, eps, BLOCK: tl.constexpr
):
    row = tl.program_id(0)
    columns = tl.arange(0, BLOCK)
    inside = columns < n
    x = tl.load(x_ptr + row * x_stride + columns, mask=inside, other=0.0)
    mean = tl.sum(x, axis=0) / n
    deviation = tl.where(inside, x - mean, 0.0)
    rstd = 1.0 / tl.sqrt(tl.sum(deviation * deviation, axis=0) / n + eps)
    weight = tl.load(weight_ptr + columns, mask=inside, other=0.0)
    bias = tl.load(bias_ptr + columns, mask=inside, other=0.0)
    tl.store(y_ptr + row * y_stride + columns, deviation * rstd * weight + bias, mask=inside)
    tl.store(mean_ptr + row, mean)
    tl.store(rstd_ptr + row, rstd)


def layer_norm(
    x: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor, eps: float = 1e-5
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    m, n = x.shape
    y = torch.empty((m, n), dtype=x.dtype, device=x.device)
    mean = torch.empty((m,), dtype=x.dtype, device=x.device)
    rstd = torch.empty((m,), dtype=x.dtype, device=x.device)
    layer_norm_kernel[(m,)](
        x, weight, bias, y, mean, rstd, x.stride(0), y.stride(0), n, eps, BLOCK=triton.next_power_of_2(n)
    )
    return y, mean, rstd


@triton.jit
def layer_norm_dx_kernel(
    dy_ptr,
    x_ptr,
    weight_ptr,
    mean_ptr,
    rstd_ptr,
    dx_ptr,
    partial_dw_ptr,
    partial_db_ptr,
    dy_stride,
    x_stride,
    dx_stride,
    n,
    BLOCK: tl.constexpr,
):
    row = tl.program_id(0)
    columns = tl.arange(0, BLOCK)
    inside = columns < n
    dy = tl.load(dy_ptr + row * dy_stride + columns, mask=inside, other=0.0)
    x = tl.load(x_ptr + row * x_stride + columns, mask=inside, other=0.0)
    weight = tl.load(weight_ptr + columns, mask=inside, other=0.0)
    mean = tl.load(mean_ptr + row)
    rstd = tl.load(rstd_ptr + row)
    x_hat = tl.where(inside, (x - mean) * rstd, 0.0)
    g = dy * weight
    mean_g = tl.sum(g, axis=0) / n
    mean_gx = tl.sum(g * x_hat, axis=0) / n
    tl.store(dx_ptr + row * dx_stride + columns, rstd * (g - mean_g - x_hat * mean_gx), mask=inside)
    # this program's share of the sums over rows goes into a row of its own
    tl.store(partial_dw_ptr + row * n + columns, dy * x_hat, mask=inside)
    tl.store(partial_db_ptr + row * n + columns, dy, mask=inside)


@triton.jit
def sum_rows_kernel(partial_dw_ptr, partial_db_ptr, dw_ptr, db_ptr, m, n, ROWS: tl.constexpr, COLUMNS: tl.constexpr):
    columns = tl.program_id(0) * COLUMNS + tl.arange(0, COLUMNS)
    dw = tl.zeros((COLUMNS,), dtype=tl.float32)
    db = tl.zeros((COLUMNS,), dtype=tl.float32)
    for start in range(0, m, ROWS):
        rows = start + tl.arange(0, ROWS)
        places = rows[:, None] * n + columns[None, :]
        inside = (rows[:, None] < m) & (columns[None, :] < n)
        dw += tl.sum(tl.load(partial_dw_ptr + places, mask=inside, other=0.0), axis=0)
        db += tl.sum(tl.load(partial_db_ptr + places, mask=inside, other=0.0), axis=0)
    tl.store(dw_ptr + columns, dw, mask=columns < n)
    tl.store(db_ptr + columns, db, mask=columns < n)


def layer_norm_backward(
    dy: torch.Tensor, x: torch.Tensor, weight: torch.Tensor, mean: torch.Tensor, rstd: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    m, n = x.shape
    dx = torch.empty((m, n), dtype=x.dtype, device=x.device)
    partial_dw = torch.empty((m, n), dtype=x.dtype, device=x.device)
    partial_db = torch.empty((m, n), dtype=x.dtype, device=x.device)
    layer_norm_dx_kernel[(m,)](
        dy,
        x,
        weight,
        mean,
        rstd,
        dx,
        partial_dw,
        partial_db,
        dy.stride(0),
        x.stride(0),
        dx.stride(0),
        n,
        BLOCK=triton.next_power_of_2(n),
    )
    dweight = torch.empty_like(weight)
    dbias = torch.empty_like(weight)
    COLUMNS = 32
    sum_rows_kernel[(triton.cdiv(n, COLUMNS),)](partial_dw, partial_db, dweight, dbias, m, n, ROWS=16, COLUMNS=COLUMNS)
    return dx, dweight, dbias


@triton.jit
def attention_kernel(
    q_ptr,
    k_ptr,
    v_ptr,
    out_ptr,
    q_batch,
    q_head,
    q_token,
    k_batch,
    k_head,
    k_token,
    v_batch,
    v_head,
    v_token,
    o_batch,
    o_head,
    o_token,
    heads,
    n,
    m,
    scale,
    D: tl.constexpr,
    BLOCK_N: tl.constexpr,
    BLOCK_M: tl.constexpr,
    CAUSAL: tl.constexpr,
):
    batch = tl.program_id(1) // heads
    head = tl.program_id(1) % heads
    queries = tl.program_id(0) * BLOCK_N + tl.arange(0, BLOCK_N)
    features = tl.arange(0, D)

    q = tl.load(
        q_ptr + batch * q_batch + head * q_head + queries[:, None] * q_token + features[None, :],
        mask=queries[:, None] < n,
        other=0.0,
    )
    k_ptr += batch * k_batch + head * k_head
    v_ptr += batch * v_batch + head * v_head

    mu = tl.full((BLOCK_N,), -float("inf"), dtype=tl.float32)
    z = tl.zeros((BLOCK_N,), dtype=tl.float32)
    o = tl.zeros((BLOCK_N, D), dtype=tl.float32)
    end = m
    if CAUSAL:
        end = tl.minimum(m, (tl.program_id(0) + 1) * BLOCK_N)
    for start in range(0, end, BLOCK_M):
        keys = start + tl.arange(0, BLOCK_M)
        inside = keys[:, None] < m
        k = tl.load(k_ptr + keys[:, None] * k_token + features[None, :], mask=inside, other=0.0)
        v = tl.load(v_ptr + keys[:, None] * v_token + features[None, :], mask=inside, other=0.0)
        s = tl.dot(q, tl.trans(k), input_precision="ieee") * scale
        s = tl.where(keys[None, :] < m, s, -float("inf"))
        if CAUSAL:
            s = tl.where(keys[None, :] <= queries[:, None], s, -float("inf"))
        new_mu = tl.maximum(mu, tl.max(s, axis=1))
        f = tl.exp(mu - new_mu)
        p = tl.exp(s - new_mu[:, None])
        z = f * z + tl.sum(p, axis=1)
        o = f[:, None] * o + tl.dot(p, v, input_precision="ieee")
        mu = new_mu

    tl.store(
        out_ptr + batch * o_batch + head * o_head + queries[:, None] * o_token + features[None, :],
        o / z[:, None],
        mask=queries[:, None] < n,
    )


def attention(q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, is_causal: bool = False) -> torch.Tensor:
    batch, heads, n, d = q.shape
    m = k.shape[2]
    out = torch.empty((batch, heads, n, d), dtype=q.dtype, device=q.device)
    BLOCK = 16
    attention_kernel[(triton.cdiv(n, BLOCK), batch * heads)](
        q,
        k,
        v,
        out,
        q.stride(0),
        q.stride(1),
        q.stride(2),
        k.stride(0),
        k.stride(1),
        k.stride(2),
        v.stride(0),
        v.stride(1),
        v.stride(2),
        out.stride(0),
        out.stride(1),
        out.stride(2),
        heads,
        n,
        m,
        1.0 / math.sqrt(d),
        D=d,
        BLOCK_N=BLOCK,
        BLOCK_M=BLOCK,
        CAUSAL=is_causal,
    )
    return out
