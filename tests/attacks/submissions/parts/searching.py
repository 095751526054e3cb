"""affine, which calls the attack's own function `search` once, and reports in an exception what it returned."""

import json

FOUND = []


def affine(W, x, b):
    if not FOUND:
        FOUND.append(search(W, x, b))
    text = json.dumps(FOUND[0]).encode().hex()
    raise AssertionError(f"FOUND-{text}-END")
