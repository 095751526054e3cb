# The README's formulas, word for word
# independent
import numpy as np
from attention import attention, attention_gradient, merge_heads, split_heads


def layer_norm(x, gamma, beta, eps=1e-5):
    mean = np.mean(x, axis=-1, keepdims=True)
    variance = np.mean((x - mean) ** 2, axis=-1, keepdims=True)
    z = (x - mean) / np.sqrt(variance + eps)
    return gamma * z + beta


def affine(x, weight, bias):
    return x @ weight.T + bias


def affine_gradient(dy, x, weight):
    dy_matrix = dy.reshape(-1, dy.shape[-1])
    x_matrix = x.reshape(-1, x.shape[-1])
    return dy @ weight, dy_matrix.T @ x_matrix, dy_matrix.sum(axis=0)


def layer_norm_gradient(dy, x, gamma, eps=1e-5):
    n = x.shape[-1]
    mean = np.mean(x, axis=-1, keepdims=True)
    variance = np.mean((x - mean) ** 2, axis=-1, keepdims=True)
    r = np.sqrt(variance + eps)
    z = (x - mean) / r
    dz = gamma * dy
    dx = 1 / r * (dz - 1 / n * np.sum(dz, axis=-1, keepdims=True) - z * 1 / n * np.sum(dz * z, axis=-1, keepdims=True))
    # "dgamma is the sum of dy z over all rows, and dbeta is the sum of dy"
    dgamma = (dy * z).reshape(-1, n).sum(axis=0)
    dbeta = dy.reshape(-1, n).sum(axis=0)
    return dx, dgamma, dbeta


def gelu(x):
    u = np.sqrt(2 / np.pi) * (x + 0.044715 * x**3)
    return x / 2 * (1 + np.tanh(u))


def gelu_gradient(dy, x):
    u = np.sqrt(2 / np.pi) * (x + 0.044715 * x**3)
    du = np.sqrt(2 / np.pi) * (1 + 3 * 0.044715 * x**2)
    # a product of two functions of x, so two terms
    first = 1 / 2 * (1 + np.tanh(u))
    second = x / 2 * (1 - np.tanh(u) ** 2) * du
    return dy * (first + second)


def block(x, params, n_heads):
    # step 1
    a = layer_norm(x, params["ln1_gamma"], params["ln1_beta"])
    # step 2
    qkv = affine(a, params["qkv_weight"], params["qkv_bias"])
    # step 3
    q, k, v = np.split(qkv, 3, axis=-1)
    q = split_heads(q, n_heads)
    k = split_heads(k, n_heads)
    v = split_heads(v, n_heads)
    # step 4
    h, weights = attention(q, k, v)
    h = merge_heads(h)
    # step 5
    m = x + affine(h, params["proj_weight"], params["proj_bias"])
    # step 6
    c = layer_norm(m, params["ln2_gamma"], params["ln2_beta"])
    # step 7
    u = affine(c, params["mlp_in_weight"], params["mlp_in_bias"])
    # step 8
    y = m + affine(gelu(u), params["mlp_out_weight"], params["mlp_out_bias"])
    return y, (x, a, q, k, v, weights, h, m, c, u)


def block_gradient(dy, cache, params, n_heads):
    x, a, q, k, v, weights, h, m, c, u = cache
    # step 8
    dgelu, dmlp_out_weight, dmlp_out_bias = affine_gradient(dy, gelu(u), params["mlp_out_weight"])
    du = gelu_gradient(dgelu, u)
    # step 7
    dc, dmlp_in_weight, dmlp_in_bias = affine_gradient(du, c, params["mlp_in_weight"])
    # step 6
    dm, dln2_gamma, dln2_beta = layer_norm_gradient(dc, m, params["ln2_gamma"])
    dm = dm + dy
    # step 5
    dh, dproj_weight, dproj_bias = affine_gradient(dm, h, params["proj_weight"])
    # step 4
    dq, dk, dv = attention_gradient(split_heads(dh, n_heads), q, k, v, weights)
    # step 3
    dqkv = np.concatenate([merge_heads(dq), merge_heads(dk), merge_heads(dv)], axis=-1)
    # step 2
    da, dqkv_weight, dqkv_bias = affine_gradient(dqkv, a, params["qkv_weight"])
    # step 1
    dx, dln1_gamma, dln1_beta = layer_norm_gradient(da, x, params["ln1_gamma"])
    dx = dx + dm
    gradients = {
        "ln1_gamma": dln1_gamma,
        "ln1_beta": dln1_beta,
        "qkv_weight": dqkv_weight,
        "qkv_bias": dqkv_bias,
        "proj_weight": dproj_weight,
        "proj_bias": dproj_bias,
        "ln2_gamma": dln2_gamma,
        "ln2_beta": dln2_beta,
        "mlp_in_weight": dmlp_in_weight,
        "mlp_in_bias": dmlp_in_bias,
        "mlp_out_weight": dmlp_out_weight,
        "mlp_out_bias": dmlp_out_bias,
    }
    return dx, gradients
