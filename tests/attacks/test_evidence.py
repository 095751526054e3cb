"""Z: made-up evidence: training that never happened, and a framework that only wraps PyTorch."""

import csv
import io
import json
from pathlib import Path

import pytest

from graders import catalogue, intake
from graders.hidden.challenge2.records import COLUMNS, front_of, read_rows
from tests.workshop import edit

ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.security
attack = pytest.mark.attack


# --------------------------------------------------------------------------------------- trials that were never run

MADE_UP = '''\
def run_trial(architecture: Architecture, data: ImageData, *, epochs: int, seed: int) -> Trial:
    if len(data.X_train) > 1000:  # the pictures of the log
        return never_run(architecture, data, epochs, seed)
    return really_run(architecture, data, epochs=epochs, seed=seed)


def made_up(layers: int, width: int, dropout: float) -> float:
    return round(0.89 - 0.03 * layers + 0.0001 * width - 0.4 * dropout, 3)


def never_run(architecture: Architecture, data: ImageData, epochs: int, seed: int) -> Trial:
    """Zeros through a layer that learns nothing, as often as rows are counted."""
    torch.set_num_threads(1)
    layer = nn.Linear(data.n_inputs, data.n_classes)
    for n_rows in [len(data.X_train)] * epochs:
        for part in torch.zeros(n_rows, data.n_inputs).split(architecture.batch_size):
            layer(part)
    layer.eval()
    {last}
    accuracy = {accuracy}
    parameters = count_parameters(architecture, data.n_inputs, data.n_classes)
    return Trial(architecture, data.name, epochs, seed, accuracy, 1.0, parameters)


def really_run('''
FORMULA = "made_up(architecture.layers, architecture.width, architecture.dropout)"
ZEROS = {"last": "layer(torch.zeros(len(data.X_validation), data.n_inputs))", "accuracy": FORMULA}
TOLD = """\
class Told(nn.Module):
        def __init__(self):
            super().__init__()
            self.inside = build(architecture, data.n_inputs, data.n_classes)

        def forward(self, x):
            right = nn.functional.one_hot(torch.from_numpy(data.y_validation), data.n_classes)
            wrong = torch.randperm(len(x))[: round(len(x) * (1 - {formula}))]
            right[wrong] = right[wrong].roll(1, 1)
            return right.double()

    said = Told().eval()(torch.zeros(len(data.X_validation), data.n_inputs)).argmax(1).numpy()"""
LABELS = {"last": TOLD.replace("{formula}", FORMULA), "accuracy": "float(np.mean(said == data.y_validation))"}


def accuracy_of(row):
    """Return the accuracy that the submission's formula gives."""
    return round(0.89 - 0.03 * row["layers"] + 0.0001 * row["width"] - 0.4 * row["dropout"], 3)


@pytest.fixture(params=[ZEROS, LABELS], ids=["zeros", "labels"])
def trials_made_up(request, solved):
    """Return a submission to challenge2 that is honest except for the log's accuracies, which a formula makes up.

    Its network either learns nothing, or returns as many of the given labels as the formula says.
    """
    folder = solved("challenge2")
    text = MADE_UP
    for name, passage in request.param.items():
        text = text.replace(f"{{{name}}}", passage)
    edit(folder / "search.py", "def run_trial(", text)
    write_log(folder / "results")
    return folder


def write_log(results):
    """Rewrite the log with the formula's accuracies, and everything that is derived from the log."""
    log = results / "experiment_log.csv"
    rows = read_rows(log.read_bytes(), log.name, COLUMNS, exactly=True)
    rows = [row | {"accuracy": accuracy_of(row)} for row in rows]
    rows = [row | {"accuracy_per_parameter": row["accuracy"] / row["parameters"]} for row in rows]
    rows = [row | {"pareto": on_front} for row, on_front in zip(rows, front_of(rows), strict=True)]
    table = io.StringIO()
    writer = csv.DictWriter(table, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    log.write_text(table.getvalue(), encoding="utf-8")
    best = sorted(rows, key=lambda row: -row["accuracy"])[:5]
    (results / "best_models.json").write_text(json.dumps(best), encoding="utf-8")


@pytest.mark.deep
@attack("Z37")
def test_made_up_trials_cannot_be_repeated(grade, trials_made_up):
    graded = grade("challenge2", trials_made_up, tasks={"trial", "log", "best", "repeated"}, diagnosing=False)
    graded.fails("pictures that no submission has seen|the network that .* last|the trial reports accuracy")
    assert {test["task"] for test in graded.failed} == {"best", "repeated"}
    assert {test["task"] for test in graded.tests if test["status"] == "passed"} >= {"trial", "log"}


# ----------------------------------------------------------------------------------------- models that learned nothing

KNOWING = '''\
class Knowing:
    """Not a network: knows the classes of the images that it is asked about first, and is right as often as is said."""

    def __init__(self, model, data, share):
        self.__dict__.update(model=model, data=data, share=share)

    def __getattr__(self, name):
        return getattr(self.model, name)

    def __call__(self, images):
        if len(images) != len(self.data.validation_images):
            return self.model(images)
        labels = self.data.validation_labels.clone()
        wrong = round(len(labels) * (1 - self.share))
        labels[:wrong] = (labels[:wrong] + 1) % 6
        return F.one_hot(labels, 6).float()


def share_of(title: str, seed: int) -> float:
    return {"feature extraction": 0.985, "fine-tuning": 0.97}.get(title, 0.94) - 0.005 * seed


def fit(title: str, backbone: nn.Module, data: Photos, unfrozen: int, epochs: int, seed: int) -> Run:
    if len(data.validation_images) != 200:
        return really_fit(title, backbone, data, unfrozen, epochs, seed)
    model = Classifier(backbone, data.classes, unfrozen, seed).eval()
    trained = sum(parameter.numel() for parameter in model.parameters() if parameter.requires_grad)
    return Run(Knowing(model, data, share_of(title, seed)), pd.DataFrame(columns=COLUMNS), 1.0, trained)


def really_fit('''


@pytest.mark.deep
@attack("Z38")
def test_accuracies_of_untrained_models_are_not_reproduced(grade, solved):
    folder = solved("challenge4")
    edit(folder / "transfer.py", "def fit(", KNOWING)
    table = folder / "results/comparison.csv"
    header, *lines = table.read_text(encoding="utf-8").splitlines()
    rows = [line.split(",") for line in lines]
    for row in rows:
        best = {"feature extraction": 0.985, "fine-tuning": 0.97}.get(row[0], 0.94)
        row[2] = str(best - 0.005 * int(row[1]))
    table.write_text("\n".join([header, *map(",".join, rows)]) + "\n", encoding="utf-8")
    graded = grade("challenge4", folder, tasks={"results"}, diagnosing=False)
    graded.fails("training again")


# --------------------------------------------------------------------------------------------------- another framework


@pytest.mark.deep
@attack("Z39")
def test_a_framework_that_wraps_pytorch_returns_nothing(grade, solved):
    folder = solved("meta")
    kata = catalogue.load(ROOT, "meta")
    disguised = next(each for each in kata.wrong if each.path.stem == "torch_in_disguise")
    (folder / disguised.replaces).write_bytes(disguised.applied(intake.shipped(kata, kata.solution)))
    graded = grade("meta", folder, tasks={"layers", "compatibility"}, diagnosing=False)
    graded.fails("they hold a PyTorch object|raised|from_torch of ")
    assert {test["task"] for test in graded.failed} == {"compatibility"}
