# A class whose method is looked up by the name of the scheme.
# independent
import numpy as np


class Initializer:
    """Like torch.nn.init"""

    def __init__(self, rng):
        self.rng = rng

    def xavier(self, fan_in, fan_out):
        return self.rng.normal(0, xavier_std(fan_in, fan_out), size=(fan_out, fan_in))

    def he(self, fan_in, fan_out):
        return self.rng.normal(0, he_std(fan_in), size=(fan_out, fan_in))


def xavier_std(fan_in, fan_out):
    return np.sqrt(2 / (fan_in + fan_out))


def he_std(fan_in):
    return np.sqrt(2 / fan_in)


def initialize(fan_in, fan_out, scheme, rng):
    init = Initializer(rng)
    return getattr(init, scheme)(fan_in, fan_out)
