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
    "wrong-direction": "the loss or its gradient has the wrong sign, so that what should fall grows",
    # loss
    "softmax-twice": "a loss or softmax that takes logits is given probabilities or log-probabilities",
    "loss-on-wrong-quantity": "the loss compares other quantities than it should: other units, or means for rows",
    "shapes-broadcast": "two shapes that do not belong together are broadcast into one",
    "loss-scaled-wrongly": "a sum is used instead of a mean, or the loss is multiplied or divided by a wrong number",
    # data
    "labels-misaligned": "inputs and targets are ordered or drawn differently",
    "targets-wrong": "targets are made, changed or encoded wrongly",
    "inputs-not-scaled": "inputs reach the layers unscaled, or scaled away",
    "inputs-scaled-differently": "training and evaluation scale or transform their inputs differently",
    "not-shuffled": "batches are drawn in an order that misleads gradient descent",
    "data-left-out": "batches hold only part of the training data, in one epoch or in all",
    # initialisation
    "initial-weights-too-large": "activations grow from layer to layer, or saturate",
    "initial-weights-too-small": "activations and gradients shrink from layer to layer",
    "initial-weights-equal": "units start equal, have equal gradients, and stay equal",
    # normalisation and layers
    "wrong-axis": "a mean, a softmax, a normalisation or a recurrence goes along the wrong axis",
    "activation-misplaced": "an activation is missing, superfluous or the wrong one",
    "wrong-mode": "train() or eval() is missing or in the wrong place",
    # evaluation
    "metric-wrong": "the reported number is not what its name says",
    "evaluated-on-training-data": "the validation data have been trained on",
    "reference-instead-of-copy": "two objects should be separate but are the same, so that changing one changes "
    "the other",
    # speed
    "work-repeated": "work that is needed once, or once per epoch, is done in every step",
    "loop-instead-of-array": "Python loops over elements that one array operation could process",
    "graph-kept": "the computation graph of earlier steps is kept alive",
    # generalisation
    "regularisation-off": "dropout, weight decay, augmentation or early stopping has no effect, or only once",
    "regularisation-too-strong": "regularisation is so strong that the network cannot learn",
    "too-little-data": "too small a part of the data is used for training",
}
"""Maps the name of a cause to its meaning, in words that name no program."""
