"""Exercise 16: an LSTM and its gradient."""

from typing import Any

import numpy as np


def lstm_cell(
    x: np.ndarray, h: np.ndarray, c: np.ndarray, W_x: np.ndarray, W_h: np.ndarray, b: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Take one step of an LSTM.

    Arguments:
        x: one token of each of n sequences, shape (n, features).
        h: the output of the previous step, shape (n, hidden).
        c: the cell after the previous step, shape (n, hidden).
        W_x: weights for x, shape (4 * hidden, features). The rows belong to the gates i, f, g, o, in this order:
            `hidden` rows for i, `hidden` rows for f, and so on.
        W_h: weights for h, shape (4 * hidden, hidden), in the same order.
        b: biases, shape (4 * hidden,), in the same order.

    Returns:
        (h, c): the new output and the new cell, both (n, hidden). Extras, for all functions in this file: float32 stays
        float32; a call changes neither its arguments (except the cache) nor an earlier result.

    torch.nn.LSTMCell with weight_ih = W_x, weight_hh = W_h, bias_ih = b and bias_hh = 0 takes the same step.
    Source: Hochreiter and Schmidhuber, Long Short-Term Memory, 1997, https://doi.org/10.1162/neco.1997.9.8.1735; with
        the forget gate of Gers, Schmidhuber and Cummins, Learning to Forget, 2000
    """
    raise NotImplementedError


def lstm(
    x: np.ndarray, h0: np.ndarray, c0: np.ndarray, W_x: np.ndarray, W_h: np.ndarray, b: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray, Any]:
    """Let an LSTM read n sequences of the same length, token by token.

    Arguments:
        x: the sequences, shape (tokens, n, features), with at least one token.
        h0, c0: the output and the cell before the first token, shape (n, hidden).
        W_x, W_h, b: as for lstm_cell.

    Returns:
        (outputs, h, c, cache): outputs has shape (tokens, n, hidden) and holds the h after each token. h and c, both
        (n, hidden), are those after the last token. The cache is yours: a list, a dict, … with whatever lstm_gradient
        needs. The caller doesn't look into it, and passes it to lstm_gradient once or never.

    torch.nn.LSTM with one layer computes the same outputs, h and c.
    """
    raise NotImplementedError


def lstm_gradient(
    doutputs: np.ndarray, dh: np.ndarray, dc: np.ndarray, cache: Any, W_x: np.ndarray, W_h: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return the gradients of a loss with respect to all arguments of lstm.

    Arguments:
        doutputs: gradient of the loss with respect to outputs, shape (tokens, n, hidden).
        dh, dc: gradients of the loss with respect to the last h and the last c that lstm returned, shape (n, hidden).
            The loss may use both outputs[-1] and h: then their gradients add up.
        cache: what lstm returned for these sequences.
        W_x, W_h: the weights that lstm got.

    Returns:
        (dx, dh0, dc0, dW_x, dW_h, db), in this order, each in the shape of the argument of lstm: dx is (tokens, n,
        features), dh0 and dc0 are (n, hidden), dW_x is (4 * hidden, features), dW_h is (4 * hidden, hidden), and db is
        (4 * hidden,).

    These are the gradients that PyTorch's autograd computes for torch.nn.LSTM.
    """
    raise NotImplementedError


if __name__ == "__main__":
    from adding import main

    main(lstm, lstm_gradient)
