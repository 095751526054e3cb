"""Draw what the supplied program draws: the loss, and the accuracy of the broken and the repaired networks."""

import deep_training
from blocks import block_backward, block_forward, find_fault, repair


def draw(figure):
    losses, accuracies = deep_training.experiment(block_forward, block_backward, find_fault, repair)
    figure.set_size_inches(9, 4)
    deep_training.draw(figure, losses, accuracies)
