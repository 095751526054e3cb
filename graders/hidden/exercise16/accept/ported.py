# Ported from PyTorch's arrangement
# independent
"""Port of a PyTorch LSTM: one autograd-like function per step. The cache is a stack that backward empties."""

import numpy as np


class LSTMCellFunction:
    """Like a torch.autograd.Function: forward saves tensors, backward takes them."""

    def __init__(self):
        self.saved_tensors = None

    def save_for_backward(self, *tensors):
        self.saved_tensors = tensors

    def forward(self, input, hx, cx, w_ih, w_hh, b_ih):
        gates = np.matmul(input, w_ih.T) + np.matmul(hx, w_hh.T) + b_ih
        ingate, forgetgate, cellgate, outgate = np.array_split(gates, 4, axis=1)
        ingate = self.sigmoid(ingate)
        forgetgate = self.sigmoid(forgetgate)
        cellgate = np.tanh(cellgate)
        outgate = self.sigmoid(outgate)
        cy = forgetgate * cx + ingate * cellgate
        hy = outgate * np.tanh(cy)
        self.save_for_backward(input, hx, cx, ingate, forgetgate, cellgate, outgate, cy)
        return hy, cy

    def backward(self, grad_hy, grad_cy, w_ih, w_hh):
        input, hx, cx, ingate, forgetgate, cellgate, outgate, cy = self.saved_tensors
        self.saved_tensors = None  # as PyTorch does without retain_graph
        tanh_cy = np.tanh(cy)
        grad_cy = grad_cy + grad_hy * outgate * (1 - tanh_cy**2)
        grad_gates = np.concatenate(
            (
                grad_cy * cellgate * ingate * (1 - ingate),
                grad_cy * cx * forgetgate * (1 - forgetgate),
                grad_cy * ingate * (1 - cellgate**2),
                grad_hy * tanh_cy * outgate * (1 - outgate),
            ),
            axis=1,
        )
        return (
            np.matmul(grad_gates, w_ih),
            np.matmul(grad_gates, w_hh),
            grad_cy * forgetgate,
            np.matmul(grad_gates.T, input),
            np.matmul(grad_gates.T, hx),
            grad_gates.sum(axis=0),
        )

    @staticmethod
    def sigmoid(x):
        return 1 / (1 + np.exp(-x))


def lstm_cell(x, h, c, W_x, W_h, b):
    return LSTMCellFunction().forward(x, h, c, W_x, W_h, b)


def lstm(x, h0, c0, W_x, W_h, b):
    seq_len, batch, _ = x.shape
    output = np.empty((seq_len, batch, h0.shape[1]), dtype=x.dtype)
    hx, cx, ctx = h0, c0, []
    for t in range(seq_len):
        function = LSTMCellFunction()
        hx, cx = function.forward(x[t], hx, cx, W_x, W_h, b)
        output[t] = hx
        ctx.append(function)
    return output, output[-1], cx, ctx


def lstm_gradient(doutputs, dh, dc, cache, W_x, W_h):
    grad_x = np.empty((len(doutputs), doutputs.shape[1], W_x.shape[1]), dtype=W_x.dtype)
    grad_w_ih, grad_w_hh, grad_b = np.zeros_like(W_x), np.zeros_like(W_h), np.zeros(W_x.shape[0], dtype=W_x.dtype)
    grad_h, grad_c = dh, dc
    t = len(doutputs)
    while cache:
        t -= 1
        grad_x[t], grad_h, grad_c, g_ih, g_hh, g_b = cache.pop().backward(grad_h + doutputs[t], grad_c, W_x, W_h)
        grad_w_ih += g_ih
        grad_w_hh += g_hh
        grad_b += g_b
    return grad_x, grad_h, grad_c, grad_w_ih, grad_w_hh, grad_b
