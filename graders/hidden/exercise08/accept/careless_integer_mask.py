# Nothing validated; the mask holds integers from the binomial distribution.
# core only


def dropout(h, mask, p_drop):
    return h / (1 - p_drop) * mask


def dropout_mask(shape, p_drop, rng):
    return rng.binomial(1, 1 - p_drop, size=shape)
