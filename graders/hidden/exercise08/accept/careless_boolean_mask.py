# Nothing validated; the mask is the comparison itself, an array of booleans.
# core only


def dropout(h, mask, p_drop):
    return h * mask / (1 - p_drop)


def dropout_mask(shape, p_drop, rng):
    return rng.random(shape) > p_drop
