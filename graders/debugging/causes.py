"""The closed list of causes that a diagnosis chooses from."""

from __future__ import annotations

CAUSES: dict[str, str] = {
    # update
    "parameters-not-optimized": "the optimizer has no parameters, not all of them, or those of another model",
    "step-missing": "gradients are computed, but no step is taken, or not always",
    "gradients-accumulate": "gradients are not set to zero between steps",
    "gradients-cut-off": "detach, no_grad, item or a new tensor keeps gradients from reaching parameters",
    "learning-rate-too-large": "the steps are too long for this loss",
    "learning-rate-too-small": "the steps are too short, or a schedule makes them so",
    "wrong-direction": "the loss or its gradient has the wrong sign, so that it is climbed",
    # loss
    "softmax-twice": "a loss that takes logits is given probabilities or log-probabilities",
    "loss-on-wrong-quantity": "the loss compares with something else than the targets that are meant",
    "shapes-broadcast": "two shapes that do not belong together are broadcast into one",
    "loss-scaled-wrongly": "a sum stands for a mean, or a factor is off by orders of magnitude",
    # data
    "labels-misaligned": "inputs and targets are ordered or drawn differently",
    "targets-wrong": "targets are made or encoded wrongly",
    "inputs-not-scaled": "inputs reach the network unscaled, or scaled away",
    "inputs-scaled-differently": "training and evaluation scale or transform their inputs differently",
    "not-shuffled": "batches are drawn in an order that misleads the descent",
    "data-left-out": "part of the data is never seen",
    # initialisation
    "initial-weights-too-large": "activations grow from layer to layer",
    "initial-weights-too-small": "activations and gradients shrink from layer to layer",
    "initial-weights-equal": "units start equal, have equal gradients, and stay equal",
    # normalisation and layers
    "wrong-axis": "a mean, a softmax or a normalisation goes over the wrong axis",
    "activation-misplaced": "an activation is missing, is where none belongs, or is the wrong one",
    "wrong-mode": "train() or eval() is missing or stands in the wrong place",
    # evaluation
    "metric-wrong": "the number that is reported is not what its name says",
    "evaluated-on-training-data": "what is called validation has been trained on",
    "reference-instead-of-copy": "something is kept by reference and changes afterwards",
    # speed
    "work-repeated": "work that could be done once is done in every step",
    "loop-instead-of-array": "Python goes through elements one by one where one operation takes them all",
    "graph-kept": "the computation graph of earlier steps is kept alive",
    # generalisation
    "regularisation-off": "dropout, weight decay, augmentation or early stopping is there and does nothing",
    "regularisation-too-strong": "regularisation leaves nothing to be learned",
    "too-little-data": "less data is used for training than there is",
}
"""From the name of a cause to what it means, in a sentence that names no program."""
