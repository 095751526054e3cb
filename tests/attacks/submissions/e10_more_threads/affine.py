"""Use more threads than the kata allows."""

import threading

from parts.batches import affine, honest


def batch(W, x, b):
    started = 0
    try:
        for _ in range(4):
            threading.Thread(target=sum, args=(range(1000),), daemon=True).start()
            started += 1
    except RuntimeError:
        pass
    print(f"threads started: {started}")
    return honest(W, x, b)
