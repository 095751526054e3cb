# Index notation with einsum and a Kronecker delta.
# independent
"""Milestone 1. Index notation: n = sample, c = class, j = hidden unit, i = pixel."""

import numpy as np
import training


def backward(parameters, activations, labels):
    """dL/dθ for L = <-log p_t>, everything written out with explicit indices."""
    x_ni, z_nj, h_nj, E_nc = (activations[k] for k in ("x", "z1", "h", "logits"))
    W_cj = parameters["W2"]
    N, C = E_nc.shape

    # Boltzmann weights (kT = 1, energies with the opposite sign)
    boltzmann = np.exp(E_nc)
    Z = np.einsum("nc->n", boltzmann)
    p_nc = boltzmann / Z[:, np.newaxis]

    # dL/dE = (p - δ_ct) / N
    delta_ct = np.eye(C, dtype=p_nc.dtype)[labels]
    δ2 = (p_nc - delta_ct) / N

    # through the second layer, and the step function Θ(z)
    δ1 = np.einsum("nc,cj,nj->nj", δ2, W_cj, np.heaviside(z_nj, 0))

    return {
        "W1": np.einsum("nj,ni->ji", δ1, x_ni),
        "b1": np.einsum("nj->j", δ1),
        "W2": np.einsum("nc,nj->cj", δ2, h_nj),
        "b2": np.einsum("nc->c", δ2),
    }


def update(parameters, gradients, learning_rate):
    """Overdamped motion downhill: θ(t + η) = θ(t) - η ∇L."""
    η = learning_rate
    return {name: θ - η * gradients[name] for name, θ in parameters.items()}


if __name__ == "__main__":
    training.main(backward, update)
