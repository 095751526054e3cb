"""Faults in normalisation and layers, such as a wrong axis, a misplaced activation or a wrong mode."""

from __future__ import annotations

from graders.debugging.faults.fault import Fault

FAULTS = (
    Fault(
        name="softmax-over-the-batch",
        family="normalisation",
        cause="wrong-axis",
        level=2,
        symptoms=("score-low", "loss-high"),
        why="The softmax runs over the rows of a batch instead of the classes: rows compete for each class, but "
        "classes never compete for a row.",
        fix="Use dim=1: the classes are axis 1 of the logits.",
        prevention="Assert that the probabilities of every row add up to 1.",
        edits={
            "glyphs": (("F.log_softmax(logits, dim=1)", "F.log_softmax(logits, dim=0)"),),
            "spirals": (("F.cross_entropy(model(X), y)", "F.nll_loss(model(X).log_softmax(dim=0), y)"),),
        },
    ),
    Fault(
        name="scaled-along-the-row",
        family="normalisation",
        cause="wrong-axis",
        level=1,
        symptoms=("score-low",),
        why="The mean and the standard deviation are computed over the columns of a row, which have different units, "
        "instead of over the rows. Columns with large values then hide the changes in the others.",
        fix="Use each column's own mean and standard deviation over the training rows.",
        prevention="Assert that scaled training inputs have mean 0 and standard deviation 1 in every column.",
        edits={
            "sensors": (
                (
                    "        return (X - self.mean) / self.std\n",
                    "        return (X - X.mean(dim=1, keepdim=True)) / X.std(dim=1, keepdim=True)\n",
                ),
            ),
        },
    ),
    Fault(
        name="batch-taken-for-time",
        family="normalisation",
        cause="wrong-axis",
        level=2,
        symptoms=("score-low", "loss-stays", "loss-high"),
        why="The recurrent layer expects time as the first axis by default, but gets the batch first, so its state is "
        "passed from one string of the batch to the next instead of from letter to letter.",
        fix="Pass batch_first=True.",
        prevention="Test that the network's output for a row does not depend on the other rows of the batch.",
        edits={"dialects": (("nn.GRU(N_FEATURES, WIDTH, batch_first=True)", "nn.GRU(N_FEATURES, WIDTH)"),)},
        also={"dialects": ("        states, _ = self.recurrent(self.embedding(X))\n",)},
    ),
    Fault(
        name="no-activation-between",
        family="normalisation",
        cause="activation-misplaced",
        level=2,
        symptoms=("score-low",),
        why="There is no activation between the linear layers, and two linear layers in a row are equivalent to one, "
        "so the network can only draw straight boundaries between classes.",
        fix="Put an activation after every layer except the last.",
        prevention="Check that the network can overfit a few rows.",
        edits={
            "spirals": (
                (
                    "nn.Sequential(nn.Linear(2, WIDTH), nn.ReLU(), nn.Linear(WIDTH, WIDTH), nn.ReLU())",
                    "nn.Sequential(nn.Linear(2, WIDTH), nn.Linear(WIDTH, WIDTH))",
                ),
            ),
        },
    ),
    Fault(
        name="activation-on-the-output",
        family="normalisation",
        cause="activation-misplaced",
        level=2,
        symptoms=("score-low", "loss-high"),
        why="An activation follows the last layer and cuts off values that occur among the targets: the network cannot "
        "predict values outside the activation's range, such as those below zero.",
        fix="Leave the last layer without an activation.",
        prevention="Compare the smallest and the largest prediction with the smallest and the largest target.",
        edits={
            "heating": (
                ("return self.layer3(hidden).squeeze(1)", "return torch.relu(self.layer3(hidden)).squeeze(1)"),
            ),
            "sensors": (
                (
                    "nn.Tanh(), nn.Linear(WIDTH, N_SENSORS))",
                    "nn.Tanh(), nn.Linear(WIDTH, N_SENSORS), nn.Sigmoid())",
                ),
            ),
        },
    ),
    Fault(
        name="predict-in-training-mode",
        family="normalisation",
        cause="wrong-mode",
        level=2,
        symptoms=("pieces-low", "score-low"),
        why="predict leaves the network in training mode: batch normalisation uses the statistics of the rows passed "
        "to predict, and dropout stays active. The fewer rows predict gets, the worse its answers are.",
        fix="Call model.eval() in predict.",
        prevention="Test that predict gives the same answer for a row by itself, for that row in a batch, and in a "
        "second call.",
        edits={"glyphs": (("    model.eval()\n", ""),)},
    ),
)
