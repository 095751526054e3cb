"""Draw what the supplied program draws: the loss while the network learns, and the weights of its hidden units."""

import numpy as np
import training
from digits import load_digits
from network import backward, update


def draw(figure):
    images, labels = load_digits()
    images = images[: training.TRAINED_ON].astype(np.float64)
    parameters, losses = training.train(backward, update, images, labels[: training.TRAINED_ON], seed=0)
    figure.set_size_inches(9, 4.6)
    training.draw(figure, parameters["W1"], losses)
