"""Faults that leave the results right, but make training slow or fill the memory."""

from __future__ import annotations

from graders.debugging.faults.fault import Fault

FAULTS = (
    Fault(
        name="row-by-row-forward",
        family="speed",
        cause="loop-instead-of-array",
        level=1,
        symptoms=("slow",),
        why="The network is called for each row separately. Each call has the same overhead of a few microseconds per "
        "operation as a call for the whole batch.",
        fix="Pass the whole batch to the layers.",
        prevention="Time a step for batches of 1 and of 32: the times should hardly differ.",
        edits={
            "heating": (
                (
                    "        hidden = torch.tanh(self.layer1(X))\n"
                    "        hidden = torch.tanh(self.layer2(hidden))\n"
                    "        return self.layer3(hidden).squeeze(1)\n",
                    "        hidden = [torch.tanh(self.layer1(row)) for row in X]\n"
                    "        hidden = [torch.tanh(self.layer2(row)) for row in hidden]\n"
                    "        return torch.cat([self.layer3(row) for row in hidden])\n",
                ),
            ),
            "spirals": (
                (
                    "        features = self.hidden(scaled)\n        return self.output(features)\n",
                    "        features = [self.hidden(row) for row in scaled]\n"
                    "        return torch.stack([self.output(row) for row in features])\n",
                ),
            ),
            "sensors": (
                (
                    "        code = self.encoder(self.scale(X))\n        return self.decoder(code)\n",
                    "        codes = [self.encoder(row) for row in self.scale(X)]\n"
                    "        return torch.stack([self.decoder(code) for code in codes])\n",
                ),
            ),
        },
    ),
    Fault(
        name="metric-row-by-row",
        family="speed",
        cause="loop-instead-of-array",
        level=2,
        symptoms=("slow",),
        why="The accuracy is computed one row at a time, which takes longer than the training itself.",
        fix="Predict all rows at once and compare two vectors.",
        prevention="Run a profiler over one epoch before any long training run.",
        edits=dict.fromkeys(
            ("spirals", "glyphs", "dialects"),
            (
                (
                    "    return (predict(model, X) == y).float().mean().item()\n",
                    "    hits = [bool(predict(model, X[i : i + 1]) == y[i]) for i in range(len(y))]\n"
                    "    return sum(hits) / len(hits)\n",
                ),
            ),
        ),
    ),
    Fault(
        name="all-rows-for-a-batch",
        family="speed",
        cause="work-repeated",
        level=2,
        symptoms=("slow",),
        why="Every step sends all training rows through the network but uses only the outputs for its batch, so each "
        "row is computed once per batch instead of once per epoch.",
        fix="Choose the rows first, then call the network.",
        prevention="Log rows per second, or run a profiler over one epoch.",
        edits={
            "glyphs": (
                (
                    "            X, y = shifted(pictures[rows]), data.y_train[rows]\n            logits = model(X)\n",
                    "            X, y = shifted(pictures), data.y_train[rows]\n            logits = model(X)[rows]\n",
                ),
            ),
            "dialects": (
                (
                    "            X, y = data.X_train[rows], data.y_train[rows]\n"
                    "            loss = F.cross_entropy(model(X), smoothed(y))\n",
                    "            logits, y = model(data.X_train), data.y_train[rows]\n"
                    "            loss = F.cross_entropy(logits[rows], smoothed(y))\n",
                ),
            ),
        },
    ),
    Fault(
        name="evaluated-after-every-step",
        family="speed",
        cause="work-repeated",
        level=2,
        symptoms=("slow",),
        why="Both scores are computed after every batch, but only those after the last batch of an epoch are kept.",
        fix="Evaluate once per epoch, after the loop over the batches.",
        prevention="Run a profiler over one epoch before any long training run.",
        edits={
            "glyphs": (
                (
                    "            losses.append(loss.item())\n"
                    "        history.loss.append(sum(losses) / len(losses))\n"
                    "        history.train_accuracy.append(accuracy(model, data.X_train, data.y_train))\n"
                    "        history.validation_accuracy"
                    ".append(accuracy(model, data.X_validation, data.y_validation))\n",
                    "            losses.append(loss.item())\n"
                    "            fitted = accuracy(model, data.X_train, data.y_train)\n"
                    "            held_out = accuracy(model, data.X_validation, data.y_validation)\n"
                    "            model.train()\n"
                    "        history.loss.append(sum(losses) / len(losses))\n"
                    "        history.train_accuracy.append(fitted)\n"
                    "        history.validation_accuracy.append(held_out)\n",
                ),
            ),
        },
    ),
    Fault(
        name="losses-with-their-graphs",
        family="speed",
        cause="graph-kept",
        level=2,
        symptoms=("graphs-kept",),
        why="The losses are added up as tensors, and each tensor holds on to the graph that computed it, so the "
        "history keeps the graphs of all steps in memory.",
        fix="Add up numbers: loss.item().",
        prevention="Watch the memory use over a few epochs, or assert that nothing in the history requires a gradient.",
        edits={
            "spirals": (("            losses.append(loss.item())\n", "            losses.append(loss)\n"),),
            "glyphs": (("            losses.append(loss.item())\n", "            losses.append(loss)\n"),),
            "heating": (("            losses.append(loss.item())\n", "            losses.append(loss)\n"),),
            "sensors": (("            total += loss.item()\n", "            total += loss\n"),),
            "dialects": (("            losses.append(loss.item())\n", "            losses.append(loss)\n"),),
        },
        also={
            "spirals": ("        history.loss.append(sum(losses) / len(losses))\n",),
            "glyphs": ("        history.loss.append(sum(losses) / len(losses))\n",),
            "heating": ("        history.loss.append(sum(losses) / len(losses))\n",),
            "sensors": ("        history.loss.append(total / n_batches)\n",),
            "dialects": ("        history.loss.append(sum(losses) / len(losses))\n",),
        },
    ),
)
