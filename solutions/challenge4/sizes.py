"""Compute the README's table: accuracy by approach and number of images, five seeds, on 600 held-out images.

    PYTHONPATH=katas/challenge4 python solutions/challenge4/sizes.py     # a few minutes; skips rows that sizes.csv has

writes sizes.csv next to this file and prints the table.
"""

from pathlib import Path

import pandas as pd
import torch
from photos import load_photos, tensor_of
from PIL import Image
from transfer import APPROACHES, EPOCHS, predict, trained

from graders import datasets

SIZES, SEEDS = (100, 300, 500), range(5)
FILE = Path(__file__).with_name("sizes.csv")
COLUMNS = ["photos", "seed", "approach", "accuracy", "seconds", "trainable_parameters"]


def main() -> None:
    torch.set_num_threads(1)
    images, labels = datasets.kept_back("photos")
    hidden, truth = torch.stack([tensor_of(Image.fromarray(image), 32) for image in images]), torch.tensor(labels)
    table = pd.read_csv(FILE) if FILE.exists() else pd.DataFrame(columns=COLUMNS)
    done = {(row.photos, row.seed, row.approach) for row in table.itertuples()}
    for photos in SIZES:
        for seed in SEEDS:
            data = load_photos(photos, seed=seed)
            for approach in APPROACHES:
                if (photos, seed, approach) in done:
                    continue
                run = trained(approach, data, epochs=EPOCHS, seed=seed)
                accuracy = (predict(run, hidden) == truth).float().mean().item()
                table.loc[len(table)] = [photos, seed, approach, accuracy, run.seconds, run.trainable_parameters]
                table.to_csv(FILE, index=False)
    table.sort_values(["photos", "seed"], kind="stable").to_csv(FILE, index=False)
    print(table.groupby(["photos", "approach"], sort=False)["accuracy"].agg(["mean", "std", "min", "max"]).round(3))


if __name__ == "__main__":
    main()
