"""Faults in the update, such as missing gradients and missing or wrong steps."""

from __future__ import annotations

from graders.debugging.faults.fault import Fault

FAULTS = (
    Fault(
        name="group-left-empty",
        family="update",
        cause="parameters-not-optimized",
        level=2,
        symptoms=("loss-high", "score-low"),
        why="The group of the weights is selected by a name that no parameter has, so it is empty. An empty group is "
        "not an error, and the optimizer updates only the biases.",
        fix="Select the weights by their actual name, or by p.ndim > 1.",
        prevention="Assert that the groups together hold as many parameters as the model has.",
        edits={"spirals": (('if name.endswith("weight")]', 'if name.endswith("weights")]'),)},
    ),
    Fault(
        name="optimizer-of-another-model",
        family="update",
        cause="parameters-not-optimized",
        level=1,
        symptoms=("loss-stays", "score-low"),
        why="The optimizer gets the parameters of a second model, built from the same seed. The first model gets the "
        "gradients, but the optimizer only looks at the second one, whose parameters have no gradients and are "
        "skipped.",
        fix="Give the optimizer the parameters of the model that is being trained.",
        prevention="Assert after the first step that every parameter of the model has changed.",
        edits={
            "spirals": (("optimizer = make_optimizer(model)", "optimizer = make_optimizer(build_model(seed))"),),
            "glyphs": (("Adam(model.parameters(),", "Adam(build_model(seed).parameters(),"),),
            "sensors": (("Adam(model.parameters(),", "Adam(build_model(seed).parameters(),"),),
            "dialects": (("Adam(model.parameters(),", "Adam(build_model(seed).parameters(),"),),
        },
    ),
    Fault(
        name="only-one-part-optimized",
        family="update",
        cause="parameters-not-optimized",
        level=2,
        symptoms=("score-low", "loss-high"),
        why="The optimizer has the parameters of only one part of the network. The rest keeps its random "
        "initial weights, and the trained part has to work with them.",
        fix="Give the optimizer model.parameters().",
        prevention="Assert that the optimizer's groups hold as many parameters as the model has.",
        edits={
            "glyphs": (("Adam(model.parameters(),", "Adam(model.output.parameters(),"),),
            "heating": (("AdamW(model.parameters(),", "AdamW(model.layer3.parameters(),"),),
            "sensors": (("Adam(model.parameters(),", "Adam(model.decoder.parameters(),"),),
            "dialects": (("Adam(model.parameters(),", "Adam(model.output.parameters(),"),),
        },
    ),
    Fault(
        name="one-step-an-epoch",
        family="update",
        cause="step-missing",
        level=1,
        symptoms=("loss-stays", "score-low", "loss-high"),
        why="The step comes after the loop over the batches, not inside it. Every batch sets the gradients of the "
        "previous one to zero, so only the last batch of an epoch moves the parameters.",
        fix="Indent optimizer.step() into the loop over the batches.",
        prevention="Count the steps: after one epoch, there should be as many steps as there are batches.",
        edits={
            "spirals": (
                (
                    "            optimizer.step()\n            losses.append(loss.item())\n        schedule.step()\n",
                    "            losses.append(loss.item())\n        optimizer.step()\n        schedule.step()\n",
                ),
            ),
            "heating": (
                (
                    "            optimizer.step()\n            losses.append(loss.item())\n",
                    "            losses.append(loss.item())\n        optimizer.step()\n",
                ),
            ),
            "dialects": (
                (
                    "            optimizer.step()\n            losses.append(loss.item())\n",
                    "            losses.append(loss.item())\n        optimizer.step()\n",
                ),
            ),
        },
    ),
    Fault(
        name="gradients-zeroed-once",
        family="update",
        cause="gradients-accumulate",
        level=2,
        symptoms=("score-low", "loss-high", "loss-stays", "loss-explodes"),
        why="The gradients are set to zero before the first epoch and never again. backward() adds to the existing "
        "gradients, so every step follows the sum of all gradients so far.",
        fix="Call optimizer.zero_grad() before every backward().",
        prevention="Compare the gradient of one batch with the gradient that the same batch gives after a step on "
        "another one.",
        edits={
            "spirals": (
                ("            optimizer.zero_grad()\n", ""),
                (
                    "    history = History()\n    for epoch",
                    "    history = History()\n    optimizer.zero_grad()\n    for epoch",
                ),
            ),
            "heating": (
                ("            optimizer.zero_grad()\n", ""),
                ("    history = History()\n    best", "    history = History()\n    optimizer.zero_grad()\n    best"),
            ),
        },
        also=dict.fromkeys(("spirals", "heating"), ("            loss.backward()\n", "            optimizer.step()\n")),
    ),
    Fault(
        name="gradients-never-zeroed",
        family="update",
        cause="gradients-accumulate",
        level=2,
        symptoms=("score-low", "loss-high", "loss-stays", "loss-explodes"),
        why="Nothing sets the gradients to zero. backward() adds to the existing gradients, so every step follows the "
        "sum of all gradients since the start of training.",
        fix="Call optimizer.zero_grad() before every backward().",
        prevention="Put zero_grad, backward and step into one function, and assert that the gradients are None before "
        "backward().",
        edits={
            "spirals": (("            optimizer.zero_grad()\n", ""),),
            "heating": (("            optimizer.zero_grad()\n", ""),),
            "sensors": (("            optimizer.zero_grad()\n", ""),),
        },
        also=dict.fromkeys(
            ("spirals", "heating", "sensors"), ("            loss.backward()\n", "            optimizer.step()\n")
        ),
    ),
    Fault(
        name="features-detached",
        family="update",
        cause="gradients-cut-off",
        level=2,
        symptoms=("score-low", "loss-high"),
        why="The hidden values are detached from the graph, so no gradient flows back past them. The layers before "
        "them keep their initial weights, and only the layers after them learn.",
        fix="Pass on the tensor itself, without detach() or .data.",
        prevention="Assert after the first backward() that every parameter has a gradient.",
        edits={
            "spirals": (("features = self.hidden(scaled)", "features = self.hidden(scaled).detach()"),),
            "glyphs": (("self.feature_norm(hidden.flatten(1))", "self.feature_norm(hidden.flatten(1).data)"),),
            "sensors": (("code = self.encoder(self.scale(X))", "code = self.encoder(self.scale(X)).data"),),
            "heating": (
                (
                    "        hidden = torch.tanh(self.layer2(hidden))\n",
                    "        hidden = torch.tanh(self.layer2(hidden)).detach()\n",
                ),
            ),
        },
    ),
    Fault(
        name="recurrence-without-gradient",
        family="update",
        cause="gradients-cut-off",
        level=2,
        symptoms=("score-low", "loss-high"),
        why="The recurrent layer runs without a graph, even in training, so neither it nor the embedding gets a "
        "gradient. Only the output layer learns, from the states of a random network.",
        fix="Remove no_grad from forward(); callers that do not train, such as predict, use it themselves.",
        prevention="Assert after the first backward() that every parameter has a gradient.",
        edits={
            "dialects": (
                (
                    "        states, _ = self.recurrent(self.embedding(X))\n",
                    "        with torch.no_grad():\n            states, _ = self.recurrent(self.embedding(X))\n",
                ),
            ),
        },
    ),
    Fault(
        name="rate-times-batch",
        family="update",
        cause="learning-rate-too-large",
        level=1,
        symptoms=("loss-explodes", "score-low", "loss-stays"),
        why="The learning rate is multiplied by the batch size although the loss is a mean over the batch, so the "
        "steps are at least twenty times too large for this loss.",
        fix="Use the learning rate as it is: a mean does not grow with the batch size.",
        prevention="Log the loss of the first ten steps, and stop when it is greater than that of the untrained "
        "network.",
        edits={
            "spirals": (("lr=LEARNING_RATE, momentum", "lr=LEARNING_RATE * BATCH_SIZE, momentum"),),
            "dialects": (("lr=LEARNING_RATE)", "lr=LEARNING_RATE * BATCH_SIZE)"),),
        },
    ),
    Fault(
        name="rate-times-rows",
        family="update",
        cause="learning-rate-too-large",
        level=1,
        symptoms=("loss-explodes", "score-low", "loss-stays"),
        why="The learning rate is multiplied by the number of rows although the loss is a mean. In each step, Adam "
        "moves every parameter by about the learning rate, which is now about 1.",
        fix="Use the learning rate as it is.",
        prevention="Log the loss of the first ten steps, and stop when it is greater than that of the untrained "
        "network.",
        edits={
            "glyphs": (("lr=LEARNING_RATE)", "lr=LEARNING_RATE * len(data.X_train))"),),
            "heating": (("lr=LEARNING_RATE, weight_decay", "lr=LEARNING_RATE * len(X_train), weight_decay"),),
            "sensors": (("lr=LEARNING_RATE)", "lr=LEARNING_RATE * len(data.X_train))"),),
        },
    ),
    Fault(
        name="schedule-in-the-batch-loop",
        family="update",
        cause="learning-rate-too-small",
        level=2,
        symptoms=("score-low", "loss-high"),
        why="The schedule counts epochs but is stepped once per batch. After two or three epochs, the learning rate "
        "is almost zero, and the network stops learning.",
        fix="Step the schedule once per epoch, after the loop over the batches.",
        prevention="Log the learning rate with the loss.",
        edits={
            "spirals": (
                (
                    "            losses.append(loss.item())\n        schedule.step()\n",
                    "            losses.append(loss.item())\n            schedule.step()\n",
                ),
            ),
        },
    ),
    Fault(
        name="likelihood-climbed-down",
        family="update",
        cause="wrong-direction",
        level=1,
        symptoms=("loss-explodes", "score-low"),
        why="The mean log-probability of the targets is minimised, but it should be maximised: a minus sign is "
        "missing. The network learns to give the right answer the lowest probability.",
        fix="Minimise the negative log-probability.",
        prevention="Assert that the loss is never negative.",
        edits={
            "glyphs": (("loss = -log_p.gather(1, y[:, None]).mean()", "loss = log_p.gather(1, y[:, None]).mean()"),),
            "dialects": (
                (
                    "loss = F.cross_entropy(model(X), smoothed(y))",
                    "loss = (smoothed(y) * model(X).log_softmax(dim=1)).sum(dim=1).mean()",
                ),
            ),
            "spirals": (
                (
                    "loss = F.cross_entropy(model(X), y)",
                    "loss = model(X).log_softmax(dim=1).gather(1, y[:, None]).mean()",
                ),
            ),
        },
    ),
)
