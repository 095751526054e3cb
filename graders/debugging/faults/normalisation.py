"""Faults of normalisation and layers: the wrong axis, the wrong activation, the wrong mode."""

from __future__ import annotations

from graders.debugging.faults.fault import Fault

FAULTS = (
    Fault(
        name="softmax-over-the-batch",
        family="normalisation",
        cause="wrong-axis",
        level=2,
        symptoms=("score-low", "loss-high"),
        why="The softmax goes over the rows of a batch instead of the classes: rows compete for each class, "
        "classes never compete for a row.",
        fix="The classes are axis 1 of the logits: dim=1.",
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
        why="Mean and standard deviation are taken over the columns of a row, which are in different units, "
        "instead of over the rows: columns with large numbers hide the changes of the others.",
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
        why="The recurrent layer expects time as the first axis by default, but gets the batch first: its "
        "state moves from one string of the batch to the next instead of from letter to letter.",
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
        why="There is no activation between the linear layers, and two linear layers in a row are equivalent to one: "
        "the network can only draw straight lines.",
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
        why="An activation follows the last layer and cuts off values that the targets have: the network cannot "
        "predict values below zero, or outside the activation's range.",
        fix="Leave the last layer without an activation.",
        prevention="Compare smallest and largest prediction with smallest and largest target.",
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
        why="predict leaves the network in training mode: batch normalisation uses the statistics of the rows "
        "to predict, and dropout stays active. The fewer rows, the worse the answers.",
        fix="Call model.eval() in predict.",
        prevention="Test that predict gives the same answer for a row alone, for the row among others, and a "
        "second time.",
        edits={"glyphs": (("    model.eval()\n", ""),)},
    ),
)
