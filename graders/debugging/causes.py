"""The closed list of causes that a diagnosis chooses from."""

from __future__ import annotations

CAUSES: dict[str, str] = {
    # update
    "parameters-not-optimized": "the optimizer has no parameters, not all of them, or those of another model",
    "step-missing": "gradients are computed, but no step is taken, or not always",
    "gradients-accumulate": "gradients are not set to zero between steps",
    "gradients-cut-off": "detach, .data, no_grad, item or a new tensor keeps gradients from reaching parameters",
    "learning-rate-too-large": "the steps are too long for this loss",
    "learning-rate-too-small": "the steps are too short, or a schedule makes them so",
    "wrong-direction": "the loss or its gradient has the wrong sign, so that what should fall is made to grow",
    # loss
    "softmax-twice": "what takes logits, a loss or a softmax, is given probabilities or log-probabilities",
    "loss-on-wrong-quantity": "the loss compares other quantities than it should: other units, or means for rows",
    "shapes-broadcast": "two shapes that do not belong together are broadcast into one",
    "loss-scaled-wrongly": "a sum stands for a mean, or the loss is multiplied or divided by a wrong number",
    # data
    "labels-misaligned": "inputs and targets are ordered or drawn differently",
    "targets-wrong": "targets are made, changed or encoded wrongly",
    "inputs-not-scaled": "inputs reach the layers unscaled, or scaled away",
    "inputs-scaled-differently": "training and evaluation scale or transform their inputs differently",
    "not-shuffled": "batches are drawn in an order that misleads the descent",
    "data-left-out": "batches hold only part of the training data, in one epoch or in all",
    # initialisation
    "initial-weights-too-large": "activations grow from layer to layer, or saturate",
    "initial-weights-too-small": "activations and gradients shrink from layer to layer",
    "initial-weights-equal": "units start equal, have equal gradients, and stay equal",
    # normalisation and layers
    "wrong-axis": "a mean, a softmax, a normalisation or a recurrence goes along the wrong axis",
    "activation-misplaced": "an activation is missing, is where none belongs, or is the wrong one",
    "wrong-mode": "train() or eval() is missing or stands in the wrong place",
    # evaluation
    "metric-wrong": "the number that is reported is not what its name says",
    "evaluated-on-training-data": "what is called validation has been trained on",
    "reference-instead-of-copy": "what should be two objects is one, and a change to one is a change to the other",
    # speed
    "work-repeated": "work that is needed once, or once an epoch, is done in every step",
    "loop-instead-of-array": "Python goes through elements one by one where one operation takes them all",
    "graph-kept": "the computation graph of earlier steps is kept alive",
    # generalisation
    "regularisation-off": "dropout, weight decay, augmentation or early stopping does nothing, or only once",
    "regularisation-too-strong": "regularisation leaves nothing to be learned",
    "too-little-data": "the part of the data that is set aside for training is made too small",
}
"""From the name of a cause to what it means, in a sentence that names no program."""
