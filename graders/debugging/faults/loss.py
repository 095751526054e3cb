"""Faults in the loss, such as wrong quantities, shapes or scales."""

from __future__ import annotations

from graders.debugging.faults.fault import Fault

FAULTS = (
    Fault(
        name="probabilities-for-logits",
        family="loss",
        cause="softmax-twice",
        level=2,
        symptoms=("loss-high", "score-low"),
        why="The loss applies softmax to its inputs, which should be logits but are probabilities. For values "
        "between 0 and 1, a softmax is nearly uniform, so the loss cannot fall far, and its gradients are small.",
        fix="Pass the logits to the loss.",
        prevention="Check that the loss of one batch can be brought close to zero by training on it alone.",
        edits={
            "spirals": (("return self.output(features)", "return self.output(features).softmax(dim=1)"),),
            "glyphs": (("            logits = model(X)\n", "            logits = model(X).softmax(dim=1)\n"),),
            "dialects": (("return self.output(states[:, -1])", "return self.output(states[:, -1]).softmax(dim=1)"),),
        },
        also={
            "spirals": ("            loss = F.cross_entropy(model(X), y)\n",),
            "glyphs": ("            log_p = F.log_softmax(logits, dim=1)\n",),
            "dialects": ("            loss = F.cross_entropy(model(X), smoothed(y))\n",),
        },
    ),
    Fault(
        name="compared-in-other-units",
        family="loss",
        cause="loss-on-wrong-quantity",
        level=1,
        symptoms=("score-low", "loss-stays"),
        why="The network's outputs should be on its own scale (mean 0, standard deviation 1), but the loss compares "
        "them with values in the original units. The network learns those values, and predict then scales them again.",
        fix="Compare the outputs with targets on the network's scale.",
        prevention="For the first batch, log the mean and the standard deviation of both arguments of the loss.",
        edits={
            "heating": (("model.y_scale.apply(data.y_train)", "data.y_train"),),
            "sensors": (("F.mse_loss(model(X), model.scale(X))", "F.mse_loss(model(X), X)"),),
        },
        also={
            "heating": (
                "            X, y = X_train[rows], y_train[rows]\n",
                "            loss = ((model(X) - y) ** 2).mean()\n",
            )
        },
    ),
    Fault(
        name="square-of-the-mean",
        family="loss",
        cause="loss-on-wrong-quantity",
        level=2,
        symptoms=("score-low",),
        why="The mean is taken before the square, so the loss compares the mean prediction of a batch with its mean "
        "target. Their difference can vanish even if the predictions for single rows are wrong.",
        fix="Square first: ((prediction - target) ** 2).mean().",
        prevention="Test the loss on two rows whose errors are +1 and -1: it must not be zero.",
        edits={
            "heating": (("loss = ((model(X) - y) ** 2).mean()", "loss = (model(X) - y).mean() ** 2"),),
        },
    ),
    Fault(
        name="column-against-row",
        family="loss",
        cause="shapes-broadcast",
        level=1,
        symptoms=("score-low",),
        why="Predictions of shape (n,) and targets of shape (n, 1) are broadcast to (n, n). Every prediction is "
        "compared with every target, so the best prediction for every row is the mean of the targets.",
        fix="Give predictions and targets the same shape.",
        prevention="Before computing the loss, assert that prediction.shape == target.shape.",
        edits={
            "heating": (("model.y_scale.apply(data.y_train)\n", "model.y_scale.apply(data.y_train).unsqueeze(1)\n"),),
        },
        also={
            "heating": (
                "            X, y = X_train[rows], y_train[rows]\n",
                "            loss = ((model(X) - y) ** 2).mean()\n",
            )
        },
    ),
    Fault(
        name="sum-for-mean",
        family="loss",
        cause="loss-scaled-wrongly",
        level=1,
        symptoms=("loss-explodes", "score-low", "loss-stays"),
        why="The loss is a sum over the batch, but the learning rate was chosen for a mean, so gradients and steps "
        "are too large by a factor of the batch size.",
        fix="Take the mean, which is the default of cross_entropy.",
        prevention="Check that the loss of the untrained network is about the logarithm of the number of classes.",
        edits={
            "spirals": (("F.cross_entropy(model(X), y)", 'F.cross_entropy(model(X), y, reduction="sum")'),),
        },
    ),
    Fault(
        name="divided-by-all-rows",
        family="loss",
        cause="loss-scaled-wrongly",
        level=2,
        symptoms=("score-low",),
        why="The sum over a batch is divided by the number of all rows instead of the number in the batch, so the "
        "loss, the gradients and the steps are about fifteen times too small.",
        fix="Divide by the number of rows in the batch, or let cross_entropy take the mean.",
        prevention="Check that the loss of the untrained network is about the logarithm of the number of classes.",
        edits={
            "spirals": (
                (
                    "F.cross_entropy(model(X), y)",
                    'F.cross_entropy(model(X), y, reduction="sum") / len(data.X_train)',
                ),
            ),
        },
    ),
)
