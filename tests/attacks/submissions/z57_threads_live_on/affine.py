"""Start threads that live on and add to earlier results while later tests run."""

import threading
import time

from parts.honest import honest

results = []


def spoil():
    while True:
        time.sleep(0.001)
        for each in results[:-1]:
            each += 1.0


def affine(W, x, b):
    results.append(honest(W, x, b))
    try:
        threading.Thread(target=spoil, daemon=True).start()
    except RuntimeError:
        print("no thread")
    return results[-1]
