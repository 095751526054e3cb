# Tiles that wrap round, several rows in each step of a program, and keys that are loaded transposed.
# independent
import meter  # keep it first: it lets Triton run kernels on the CPU
import torch
import triton
import triton.language as tl

LOG2_E = tl.constexpr(1.4426950408889634)
ADD_BLOCK = 1024
MOST_ROW_PROGRAMS = 32  # softmax: programs that share the rows among them
NORM_ROWS = 8  # rows of a program in layer_norm, and rows per step in the backward pass
MATMUL_BLOCKS = dict(BLOCK_M=64, BLOCK_N=64, BLOCK_K=32, GROUP=4)


@triton.jit
def _add(x_ptr, y_ptr, out_ptr, n_elements, BLOCK_SIZE: tl.constexpr):
    pid = tl.program_id(axis=0)
    offsets = pid * BLOCK_SIZE + tl.arange(0, BLOCK_SIZE)
    mask = offsets < n_elements
    tl.store(out_ptr + offsets, tl.load(x_ptr + offsets, mask) + tl.load(y_ptr + offsets, mask), mask)


def add(x, y):
    output = torch.empty_like(x)
    n_elements = output.numel()
    grid = lambda meta: (triton.cdiv(n_elements, meta["BLOCK_SIZE"]),)
    _add[grid](x, y, output, n_elements, BLOCK_SIZE=ADD_BLOCK)
    return output


@triton.jit
def _softmax(output_ptr, input_ptr, input_row_stride, output_row_stride, n_rows, n_cols, BLOCK_SIZE: tl.constexpr):
    row_start = tl.program_id(0)
    row_step = tl.num_programs(0)
    col_offsets = tl.arange(0, BLOCK_SIZE)
    mask = col_offsets < n_cols
    for row_idx in tl.range(row_start, n_rows, row_step):
        row = tl.load(input_ptr + row_idx * input_row_stride + col_offsets, mask=mask, other=-float("inf"))
        row_minus_max = row - tl.max(row, axis=0)
        numerator = tl.exp(row_minus_max)
        denominator = tl.sum(numerator, axis=0)
        tl.store(output_ptr + row_idx * output_row_stride + col_offsets, numerator / denominator, mask=mask)


def softmax(x):
    n_rows, n_cols = x.shape
    y = torch.empty(x.shape, dtype=x.dtype, device=x.device)
    num_programs = min(n_rows, MOST_ROW_PROGRAMS)
    _softmax[(num_programs, 1, 1)](
        y, x, x.stride(0), y.stride(0), n_rows, n_cols, BLOCK_SIZE=triton.next_power_of_2(n_cols), num_warps=4
    )
    return y


@triton.jit
def _matmul(
    a_ptr, b_ptr, c_ptr,
    M, N, K,
    stride_am, stride_ak, stride_bk, stride_bn, stride_cm, stride_cn,
    BLOCK_M: tl.constexpr, BLOCK_N: tl.constexpr, BLOCK_K: tl.constexpr, GROUP: tl.constexpr,
):  # fmt: skip
    # neighbouring programs get neighbouring tiles, so that they share what is in the L2 cache
    pid = tl.program_id(0)
    num_pid_m = tl.cdiv(M, BLOCK_M)
    num_pid_n = tl.cdiv(N, BLOCK_N)
    num_pid_in_group = GROUP * num_pid_n
    group_id = pid // num_pid_in_group
    first_pid_m = group_id * GROUP
    group_size_m = min(num_pid_m - first_pid_m, GROUP)
    pid_m = first_pid_m + ((pid % num_pid_in_group) % group_size_m)
    pid_n = (pid % num_pid_in_group) // group_size_m

    # rows and columns beyond the end wrap around: they are loaded from valid places, but never stored
    offs_am = (pid_m * BLOCK_M + tl.arange(0, BLOCK_M)) % M
    offs_bn = (pid_n * BLOCK_N + tl.arange(0, BLOCK_N)) % N
    offs_k = tl.arange(0, BLOCK_K)
    a_ptrs = a_ptr + (offs_am[:, None] * stride_am + offs_k[None, :] * stride_ak)
    b_ptrs = b_ptr + (offs_k[:, None] * stride_bk + offs_bn[None, :] * stride_bn)

    accumulator = tl.zeros((BLOCK_M, BLOCK_N), dtype=tl.float32)
    for k in range(0, tl.cdiv(K, BLOCK_K)):
        a = tl.load(a_ptrs, mask=offs_k[None, :] < K - k * BLOCK_K, other=0.0)
        b = tl.load(b_ptrs, mask=offs_k[:, None] < K - k * BLOCK_K, other=0.0)
        accumulator = tl.dot(a, b, accumulator, input_precision="ieee")
        a_ptrs += BLOCK_K * stride_ak
        b_ptrs += BLOCK_K * stride_bk

    offs_cm = pid_m * BLOCK_M + tl.arange(0, BLOCK_M)
    offs_cn = pid_n * BLOCK_N + tl.arange(0, BLOCK_N)
    c_ptrs = c_ptr + stride_cm * offs_cm[:, None] + stride_cn * offs_cn[None, :]
    tl.store(c_ptrs, accumulator, mask=(offs_cm[:, None] < M) & (offs_cn[None, :] < N))


def matmul(a, b):
    assert a.shape[1] == b.shape[0], "Incompatible dimensions"
    M, K = a.shape
    K, N = b.shape
    c = torch.empty((M, N), device=a.device, dtype=torch.float32)
    grid = lambda meta: (triton.cdiv(M, meta["BLOCK_M"]) * triton.cdiv(N, meta["BLOCK_N"]),)
    _matmul[grid](a, b, c, M, N, K, *a.stride(), *b.stride(), *c.stride(), **MATMUL_BLOCKS)
    return c


@triton.jit
def _layer_norm(X, W, B, Y, Mean, Rstd, stride_x, stride_y, M, N, eps, ROWS: tl.constexpr, BLOCK_SIZE: tl.constexpr):
    rows = tl.program_id(0) * ROWS + tl.arange(0, ROWS)
    cols = tl.arange(0, BLOCK_SIZE)
    mask = (rows < M)[:, None] & (cols < N)[None, :]
    x = tl.load(X + rows[:, None] * stride_x + cols[None, :], mask=mask, other=0.0)
    mean = tl.sum(x, axis=1) / N
    # the padding is 0 and adds nothing to the sum of the squares
    var = tl.maximum(tl.sum(x * x, axis=1) / N - mean * mean, 0.0)
    rstd = tl.rsqrt(var + eps)
    tl.store(Mean + rows, mean, mask=rows < M)
    tl.store(Rstd + rows, rstd, mask=rows < M)
    w = tl.load(W + cols, mask=cols < N, other=0.0)
    b = tl.load(B + cols, mask=cols < N, other=0.0)
    y = (x - mean[:, None]) * rstd[:, None] * w[None, :] + b[None, :]
    tl.store(Y + rows[:, None] * stride_y + cols[None, :], y, mask=mask)


def layer_norm(x, weight, bias, eps=1e-5):
    M, N = x.shape
    y = torch.empty(M, N)
    mean, rstd = torch.empty(M), torch.empty(M)
    grid = (triton.cdiv(M, NORM_ROWS),)
    BLOCK_SIZE = triton.next_power_of_2(N)
    _layer_norm[grid](x, weight, bias, y, mean, rstd, x.stride(0), N, M, N, eps, ROWS=NORM_ROWS, BLOCK_SIZE=BLOCK_SIZE)
    return y, mean, rstd


@triton.jit
def _layer_norm_bwd(
    DX, DY, DW, DB, X, W, Mean, Rstd,
    stride_dx, stride_dy, stride_x, M, N, STEPS,
    ROWS: tl.constexpr, BLOCK_SIZE: tl.constexpr,
):  # fmt: skip
    cols = tl.arange(0, BLOCK_SIZE)
    col_mask = cols < N
    w = tl.load(W + cols, mask=col_mask, other=0.0)
    dw = tl.zeros((BLOCK_SIZE,), dtype=tl.float32)
    db = tl.zeros((BLOCK_SIZE,), dtype=tl.float32)
    for step in range(STEPS):
        rows = (tl.program_id(0) * STEPS + step) * ROWS + tl.arange(0, ROWS)
        mask = (rows < M)[:, None] & col_mask[None, :]
        x = tl.load(X + rows[:, None] * stride_x + cols[None, :], mask=mask, other=0.0)
        dy = tl.load(DY + rows[:, None] * stride_dy + cols[None, :], mask=mask, other=0.0)
        mean = tl.load(Mean + rows, mask=rows < M, other=0.0)
        rstd = tl.load(Rstd + rows, mask=rows < M, other=0.0)
        # dy is 0 in the padding, and with it everything below that goes into a sum
        xhat = (x - mean[:, None]) * rstd[:, None]
        wdy = w[None, :] * dy
        c1 = tl.sum(xhat * wdy, axis=1) / N
        c2 = tl.sum(wdy, axis=1) / N
        dx = (wdy - (xhat * c1[:, None] + c2[:, None])) * rstd[:, None]
        tl.store(DX + rows[:, None] * stride_dx + cols[None, :], dx, mask=mask)
        dw += tl.sum(dy * xhat, axis=0)
        db += tl.sum(dy, axis=0)
    tl.atomic_add(DW + cols, dw, mask=col_mask)
    tl.atomic_add(DB + cols, db, mask=col_mask)


def layer_norm_backward(dy, x, weight, mean, rstd):
    M, N = x.shape
    dx = torch.empty(M, N)
    dw, db = torch.zeros(N), torch.zeros(N)
    STEPS = 2  # each program does 2 * 8 rows before it touches the sums
    grid = (triton.cdiv(M, NORM_ROWS * STEPS),)
    BLOCK_SIZE = triton.next_power_of_2(N)
    _layer_norm_bwd[grid](
        dx, dy, dw, db, x, weight, mean, rstd, N, dy.stride(0), x.stride(0), M, N, STEPS,
        ROWS=NORM_ROWS, BLOCK_SIZE=BLOCK_SIZE,
    )  # fmt: skip
    return dx, dw, db


@triton.jit
def _attention(
    Q, K, V, Out, qk_scale,
    stride_qb, stride_qh, stride_qn,
    stride_kb, stride_kh, stride_km,
    stride_vb, stride_vh, stride_vm,
    stride_ob, stride_oh, stride_on,
    H, N_Q, N_K,
    BLOCK_Q: tl.constexpr, BLOCK_K: tl.constexpr, HEAD_DIM: tl.constexpr, IS_CAUSAL: tl.constexpr,
):  # fmt: skip
    # one axis: all blocks of queries of the first head, then those of the second, ...
    blocks_per_head = tl.cdiv(N_Q, BLOCK_Q)
    start_q = tl.program_id(0) % blocks_per_head * BLOCK_Q
    off_h = tl.program_id(0) // blocks_per_head % H
    off_b = tl.program_id(0) // (blocks_per_head * H)

    offs_q = start_q + tl.arange(0, BLOCK_Q)
    offs_k = tl.arange(0, BLOCK_K)
    offs_d = tl.arange(0, HEAD_DIM)
    q_ptrs = Q + off_b * stride_qb + off_h * stride_qh + offs_q[:, None] * stride_qn + offs_d[None, :]
    kt_ptrs = K + off_b * stride_kb + off_h * stride_kh + offs_k[None, :] * stride_km + offs_d[:, None]  # transposed
    v_ptrs = V + off_b * stride_vb + off_h * stride_vh + offs_k[:, None] * stride_vm + offs_d[None, :]
    o_ptrs = Out + off_b * stride_ob + off_h * stride_oh + offs_q[:, None] * stride_on + offs_d[None, :]

    m_i = tl.zeros([BLOCK_Q], dtype=tl.float32) - float("inf")
    l_i = tl.zeros([BLOCK_Q], dtype=tl.float32)
    acc = tl.zeros([BLOCK_Q, HEAD_DIM], dtype=tl.float32)
    q = tl.load(q_ptrs, mask=offs_q[:, None] < N_Q, other=0.0)
    q = q * (qk_scale * LOG2_E)  # from here on powers of 2 instead of e

    if IS_CAUSAL:
        last = min(start_q + BLOCK_Q, N_K)
    else:
        last = N_K
    for start_k in range(0, last, BLOCK_K):
        k = tl.load(kt_ptrs + start_k * stride_km, mask=start_k + offs_k[None, :] < N_K, other=0.0)
        qk = tl.dot(q, k, input_precision="ieee")
        visible = start_k + offs_k[None, :] < N_K
        if IS_CAUSAL:
            visible = visible & (start_k + offs_k[None, :] <= offs_q[:, None])
        qk = tl.where(visible, qk, float("-inf"))
        m_ij = tl.maximum(m_i, tl.max(qk, 1))
        p = tl.exp2(qk - m_ij[:, None])
        alpha = tl.exp2(m_i - m_ij)
        l_i = l_i * alpha + tl.sum(p, 1)
        v = tl.load(v_ptrs + start_k * stride_vm, mask=start_k + offs_k[:, None] < N_K, other=0.0)
        acc = tl.dot(p, v, acc * alpha[:, None], input_precision="ieee")
        m_i = m_ij

    acc = acc / l_i[:, None]
    tl.store(o_ptrs, acc, mask=offs_q[:, None] < N_Q)


def attention(q, k, v, is_causal=False):
    B, H, N_Q, HEAD_DIM = q.shape
    N_K = k.shape[2]
    o = torch.empty(B, H, N_Q, HEAD_DIM)
    grid = lambda meta: (triton.cdiv(N_Q, meta["BLOCK_Q"]) * B * H,)
    _attention[grid](
        q, k, v, o, HEAD_DIM**-0.5,
        *q.stride()[:3], *k.stride()[:3], *v.stride()[:3], *o.stride()[:3],
        H, N_Q, N_K,
        BLOCK_Q=64, BLOCK_K=64, HEAD_DIM=HEAD_DIM, IS_CAUSAL=is_causal,
    )  # fmt: skip
    return o
