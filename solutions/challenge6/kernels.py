"""Challenge 6: write GPU kernels in Triton, and run them without a GPU."""

import meter  # it runs kernels on the CPU
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
    """Return x + y for two contiguous vectors of the same length.

    Arguments:
        x, y: shape (n,), float32, contiguous.

    Returns:
        A new tensor (n,). Each element of x and y is loaded once, and each element of the result is stored once.
    """
    out = torch.empty_like(x)
    n = x.numel()
    add_kernel[(triton.cdiv(n, 256),)](x, y, out, n, BLOCK=256)
    return out


@triton.jit
def softmax_kernel(x_ptr, out_ptr, x_stride, out_stride, n, BLOCK: tl.constexpr):
    row = tl.program_id(0)
    columns = tl.arange(0, BLOCK)
    inside = columns < n
    x = tl.load(x_ptr + row * x_stride + columns, mask=inside, other=-float("inf"))
    exponentials = tl.exp(x - tl.max(x, axis=0))
    total = tl.sum(exponentials, axis=0)
    tl.store(out_ptr + row * out_stride + columns, exponentials / total, mask=inside)


def softmax(x: torch.Tensor) -> torch.Tensor:
    """Return the softmax of each row, as torch.softmax(x, dim=1) does.

    Arguments:
        x: shape (m, n), float32, n at most 1024. Rows may be further apart than n: use x.stride(0). x.stride(1) is 1.

    Returns:
        A new tensor (m, n). Each element of x is loaded once, and each element of the result is stored once.
        Elements may be ±1000.
    """
    m, n = x.shape
    out = torch.empty((m, n), dtype=x.dtype, device=x.device)
    softmax_kernel[(m,)](x, out, x.stride(0), out.stride(0), n, BLOCK=triton.next_power_of_2(n))
    return out


@triton.jit
def matmul_kernel(
    a_ptr, b_ptr, c_ptr, m, n, k, am, ak, bk, bn, cm, cn, BM: tl.constexpr, BN: tl.constexpr, BK: tl.constexpr
):
    rows = tl.program_id(0) * BM + tl.arange(0, BM)[:, None]
    columns = tl.program_id(1) * BN + tl.arange(0, BN)[None, :]
    total = tl.zeros((BM, BN), dtype=tl.float32)
    for start in range(0, k, BK):
        across = start + tl.arange(0, BK)[None, :]
        down = start + tl.arange(0, BK)[:, None]
        a = tl.load(a_ptr + rows * am + across * ak, mask=(rows < m) & (across < k), other=0.0)
        b = tl.load(b_ptr + down * bk + columns * bn, mask=(down < k) & (columns < n), other=0.0)
        total += tl.dot(a, b, input_precision="ieee")
    tl.store(c_ptr + rows * cm + columns * cn, total, mask=(rows < m) & (columns < n))


def matmul(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    """Return the matrix product of a and b, computed tile by tile.

    Arguments:
        a: shape (m, k); b: shape (k, n); float32. Both may have any strides; a transposed matrix, for instance.

    Returns:
        A new tensor (m, n). Each element of a is loaded at most n/8 times, each element of b at most m/8 times. For
        sizes that aren't multiples of 16, README has the exact limits.
    """
    (m, k), n = a.shape, b.shape[1]
    c = torch.empty((m, n), dtype=a.dtype, device=a.device)
    grid = (triton.cdiv(m, 16), triton.cdiv(n, 16))
    matmul_kernel[grid](a, b, c, m, n, k, *a.stride(), *b.stride(), *c.stride(), BM=16, BN=16, BK=32)
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
    centred = tl.where(inside, x - mean, 0.0)
    rstd = 1 / tl.sqrt(tl.sum(centred * centred, axis=0) / n + eps)
    weight = tl.load(weight_ptr + columns, mask=inside)
    bias = tl.load(bias_ptr + columns, mask=inside)
    tl.store(y_ptr + row * y_stride + columns, centred * rstd * weight + bias, mask=inside)
    tl.store(mean_ptr + row, mean)
    tl.store(rstd_ptr + row, rstd)


def layer_norm(
    x: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor, eps: float = 1e-5
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Normalise each row, as torch.nn.functional.layer_norm does.

    Arguments:
        x: shape (m, n), float32, n at most 1024. Rows may be further apart than n: use x.stride(0). x.stride(1) is 1.
        weight, bias: shape (n,), contiguous.
        eps: is added to the variance, which is the mean of the squared deviations.

    Returns:
        y (m, n), and for the backward pass the mean and rstd = 1 / √(variance + eps) of each row, both (m,).
        Each element of x is loaded once.
    """
    m, n = x.shape
    y = torch.empty((m, n), dtype=x.dtype, device=x.device)
    mean, rstd = (torch.empty(m, dtype=x.dtype, device=x.device) for _ in range(2))
    block = triton.next_power_of_2(n)
    layer_norm_kernel[(m,)](x, weight, bias, y, mean, rstd, x.stride(0), y.stride(0), n, eps, BLOCK=block)
    return y, mean, rstd


@triton.jit
def layer_norm_backward_kernel(
    dy_ptr, x_ptr, weight_ptr, mean_ptr, rstd_ptr, dx_ptr, dweight_ptr, dbias_ptr, dy_stride, x_stride, dx_stride, m, n,
    ROWS: tl.constexpr, BLOCK: tl.constexpr
):  # fmt: skip
    group = tl.program_id(0)
    columns = tl.arange(0, BLOCK)
    inside = columns < n
    weight = tl.load(weight_ptr + columns, mask=inside, other=0.0)
    dweight = tl.zeros((BLOCK,), dtype=tl.float32)
    dbias = tl.zeros((BLOCK,), dtype=tl.float32)
    for row in range(group * ROWS, min(group * ROWS + ROWS, m)):
        dy = tl.load(dy_ptr + row * dy_stride + columns, mask=inside, other=0.0)
        x = tl.load(x_ptr + row * x_stride + columns, mask=inside, other=0.0)
        mean = tl.load(mean_ptr + row)
        rstd = tl.load(rstd_ptr + row)
        normalised = tl.where(inside, (x - mean) * rstd, 0.0)
        scaled = dy * weight
        along = tl.sum(scaled * normalised, axis=0) / n
        dx = (scaled - tl.sum(scaled, axis=0) / n - normalised * along) * rstd
        tl.store(dx_ptr + row * dx_stride + columns, dx, mask=inside)
        dweight += dy * normalised
        dbias += dy
    tl.store(dweight_ptr + group * n + columns, dweight, mask=inside)
    tl.store(dbias_ptr + group * n + columns, dbias, mask=inside)


@triton.jit
def sum_rows_kernel(x_ptr, out_ptr, m, n, BLOCK: tl.constexpr):
    columns = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    inside = columns < n
    total = tl.zeros((BLOCK,), dtype=tl.float32)
    for row in range(m):
        total += tl.load(x_ptr + row * n + columns, mask=inside, other=0.0)
    tl.store(out_ptr + columns, total, mask=inside)


def layer_norm_backward(
    dy: torch.Tensor, x: torch.Tensor, weight: torch.Tensor, mean: torch.Tensor, rstd: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Return the gradients of layer_norm with respect to x, weight and bias, given dy, the gradient of y.

    Arguments:
        dy, x: shape (m, n), n at most 1024. Rows may be further apart than n, and not equally far in both.
        weight: shape (n,); mean, rstd: shape (m,), as layer_norm returned them.

    Returns:
        dx (m, n), dweight (n,), dbias (n,). Each element of dy and x is loaded at most twice. Programs that add to the
        same gradient need tl.atomic_add, or rows of their own for partial sums.
    """
    m, n = x.shape
    rows = 4
    groups = triton.cdiv(m, rows)
    dx = torch.empty((m, n), dtype=x.dtype, device=x.device)
    partial = torch.empty((2, groups, n), dtype=torch.float32, device=x.device)
    sums = torch.empty((2, n), dtype=x.dtype, device=x.device)
    layer_norm_backward_kernel[(groups,)](
        dy, x, weight, mean, rstd, dx, partial[0], partial[1], dy.stride(0), x.stride(0), dx.stride(0), m, n,
        ROWS=rows, BLOCK=triton.next_power_of_2(n)
    )  # fmt: skip
    for each in range(2):
        sum_rows_kernel[(triton.cdiv(n, 64),)](partial[each], sums[each], groups, n, BLOCK=64)
    return dx, sums[0], sums[1]


@triton.jit
def attention_kernel(
    q_ptr, k_ptr, v_ptr, out_ptr, qb, qh, qn, kb, kh, kn, vb, vh, vn, ob, oh, on, heads, n, m, scale,
    D: tl.constexpr, CAUSAL: tl.constexpr, BN: tl.constexpr, BM: tl.constexpr
):  # fmt: skip
    batch = tl.program_id(1) // heads
    head = tl.program_id(1) % heads
    rows = tl.program_id(0) * BN + tl.arange(0, BN)[:, None]
    features = tl.arange(0, D)
    q = tl.load(q_ptr + batch * qb + head * qh + rows * qn + features[None, :], mask=rows < n, other=0.0)
    highest = tl.full((BN, 1), -float("inf"), dtype=tl.float32)
    total = tl.zeros((BN, 1), dtype=tl.float32)
    out = tl.zeros((BN, D), dtype=tl.float32)
    last = m
    if CAUSAL:
        last = min(m, tl.program_id(0) * BN + BN)
    for start in range(0, last, BM):
        keys = start + tl.arange(0, BM)
        there = keys[:, None] < m
        k = tl.load(k_ptr + batch * kb + head * kh + keys[:, None] * kn + features[None, :], mask=there, other=0.0)
        v = tl.load(v_ptr + batch * vb + head * vh + keys[:, None] * vn + features[None, :], mask=there, other=0.0)
        scores = tl.dot(q, tl.trans(k), input_precision="ieee") * scale
        visible = keys[None, :] < m
        if CAUSAL:
            visible = visible & (keys[None, :] <= rows)
        scores = tl.where(visible, scores, -float("inf"))
        higher = tl.maximum(highest, tl.max(scores, axis=1)[:, None])
        rescale = tl.exp(highest - higher)
        weights = tl.exp(scores - higher)
        total = total * rescale + tl.sum(weights, axis=1)[:, None]
        out = out * rescale + tl.dot(weights, v, input_precision="ieee")
        highest = higher
    place = out_ptr + batch * ob + head * oh + rows * on + features[None, :]
    tl.store(place, out / total, mask=rows < n)


def attention(q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, is_causal: bool = False) -> torch.Tensor:
    """Return softmax(q kᵀ / √d) v for every head, as torch.nn.functional.scaled_dot_product_attention does.

    Arguments:
        q: shape (batch, heads, n, d); k, v: shape (batch, heads, m, d); float32. d is 16, 32 or 64. The first three
            strides may be anything; the last one is 1.
        is_causal: a query sees only the keys at its own and earlier positions; then m = n. (An extra.)

    Returns:
        A new tensor (batch, heads, n, d). Each element of q is loaded once, each element of k and v at most n/8 times
        (see README). No tensor holds the scores: apart from the result, at most 4·n numbers per head are stored.
        Scores may be ±1000.
    """
    (batch, heads, n, d), m = q.shape, k.shape[2]
    out = torch.empty((batch, heads, n, d), dtype=q.dtype, device=q.device)
    strides = [stride for each in (q, k, v, out) for stride in each.stride()[:3]]
    attention_kernel[(triton.cdiv(n, 16), batch * heads)](
        q, k, v, out, *strides, heads, n, m, d**-0.5, D=d, CAUSAL=is_causal, BN=16, BM=16
    )
    return out


if __name__ == "__main__":
    meter.show(
        {
            "add": add,
            "softmax": softmax,
            "matmul": matmul,
            "layer_norm": layer_norm,
            "layer_norm_backward": layer_norm_backward,
            "attention": attention,
        }
    )
