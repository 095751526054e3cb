"""The closed list of causes that a diagnosis chooses from."""

from __future__ import annotations

CAUSES: dict[str, str] = {
    # update
    "parameters-not-optimized": "the optimizer has no parameters, only some of them, or those of a different model",
    "step-missing": "gradients are computed, but the optimizer takes no steps, or too few",
    "gradients-accumulate": "gradients are not set to zero between steps",
    "gradients-cut-off": "detach, .data, no_grad, item or a new tensor keeps gradients from reaching parameters",
    "learning-rate-too-large": "the steps are too large for this loss",
    "learning-rate-too-small": "the steps are too small from the start, or a schedule shrinks them too soon",
    "wrong-direction": "the loss or its gradient has the wrong sign, so training makes the network worse",
    # loss
    "softmax-twice": "a loss or a softmax that expects logits gets probabilities or log-probabilities",
    "loss-on-wrong-quantity": "the loss compares the wrong quantities: values in different units, or means instead of "
    "rows",
    "shapes-broadcast": "two arrays whose shapes do not match are broadcast against each other",
    "loss-scaled-wrongly": "a sum is used instead of a mean, or the loss is multiplied or divided by the wrong number",
    # data
    "labels-misaligned": "inputs and targets are ordered or drawn differently, so rows get the wrong targets",
    "targets-wrong": "targets are computed, modified or encoded incorrectly",
    "inputs-not-scaled": "inputs reach the layers without scaling, or scaled down to almost nothing",
    "inputs-scaled-differently": "training and evaluation scale or transform their inputs differently",
    "not-shuffled": "batches are drawn in an order that misleads gradient descent",
    "data-left-out": "the batches of an epoch, or of all epochs, leave out part of the training data",
    # initialisation
    "initial-weights-too-large": "activations grow from layer to layer, or saturate",
    "initial-weights-too-small": "activations and gradients shrink from layer to layer",
    "initial-weights-equal": "the units of a layer start equal, get equal gradients, and stay equal",
    # normalisation and layers
    "wrong-axis": "a mean, a softmax, a normalisation or a recurrence runs along the wrong axis",
    "activation-misplaced": "an activation function is missing, superfluous or the wrong one",
    "wrong-mode": "train() or eval() is missing or in the wrong place",
    # evaluation
    "metric-wrong": "the reported number is not what its name says",
    "evaluated-on-training-data": "the validation score is computed on rows that were used for training",
    "reference-instead-of-copy": "two objects should be separate but are the same, so changing one changes the other",
    # speed
    "work-repeated": "work that needs doing once, or once per epoch, is done in every step",
    "loop-instead-of-array": "a Python loop goes over elements that one array operation could process at once",
    "graph-kept": "the computation graphs of earlier steps stay in memory",
    # generalisation
    "regularisation-off": "dropout, weight decay, augmentation or early stopping has no effect, or is applied only "
    "once",
    "regularisation-too-strong": "regularisation is so strong that the network cannot learn",
    "too-little-data": "too small a part of the data is used for training",
}
"""Maps the name of each cause to its meaning, in words that fit every program."""
