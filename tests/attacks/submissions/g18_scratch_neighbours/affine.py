"""Look into the scratch folders of other workers, and leave files there."""

import os

from parts.honest import honest


def affine(W, x, b):
    own = os.getcwd()
    found = [name for name in os.listdir(own) if name != "left"]
    try:
        found += [name for name in os.listdir(os.path.dirname(own)) if os.path.join(os.path.dirname(own), name) != own]
    except OSError:
        pass
    for guess in range(1, 60):
        other = os.path.join(os.path.dirname(own), str(guess))
        if other != own:
            for attempt in (lambda: os.listdir(other), lambda: open(os.path.join(other, "left"), "w")):
                try:
                    attempt()
                    found.append(other)
                except OSError:
                    continue
    with open("left", "w") as file:
        file.write("something")
    if found:
        raise AssertionError(f"reached: {found[:5]}")
    return honest(W, x, b)
