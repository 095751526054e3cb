"""Supplied: run your own tests on your framework and on copies of it, each with one planted fault.

`python katas/meta/bonus.py` prints the report.
"""

import contextlib
import doctest
import importlib
import io
import sys

FAULTS = (  # the fault, then class and method, then the replacement, which gets the right method as its first argument
    ("x * y: y gets no gradient", "Tensor", "__mul__", lambda right, x, y: right(x, getattr(y, "detach", lambda: y)())),
    ("exp: the gradient is 1", "Tensor", "exp", lambda right, x: x + (right(x.detach()) - x.detach())),
    ("Linear: forgets its bias", "Linear", "forward", lambda right, layer, x: right(layer, x) - layer.bias),
    ("ReLU: keeps negative numbers", "ReLU", "forward", lambda right, layer, x: x),
    ("Dropout: drops nothing", "Dropout", "forward", lambda right, layer, x: x),
    ("MaxPool2d: takes the minimum", "MaxPool2d", "forward", lambda right, layer, x: -right(layer, -x)),
    ("Module.eval: does nothing", "Module", "eval", lambda right, module: module),
    ("Module.load_state_dict: loads nothing", "Module", "load_state_dict", lambda right, module, state: None),
    ("MSELoss: half as large", "MSELoss", "forward", lambda right, loss, x, y: right(loss, x, y) * 0.5),
    ("CrossEntropyLoss: sum", "CrossEntropyLoss", "forward", lambda right, loss, x, y: right(loss, x, y) * len(y)),
    ("SGD: steps twice", "SGD", "step", lambda right, optimizer: [right(optimizer), right(optimizer)][0]),
    ("DataLoader: without the last batch", "DataLoader", "__iter__", lambda right, d: iter(list(right(d))[:-1])),
)


def measure(name="your_framework"):
    """Return the names of your tests that fail on your framework, and the report as lines."""
    before = unload(name)
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            results = outcomes(name)
            runner = doctest.DocTestRunner(verbose=False)
            for module in [module for each, module in sys.modules.items() if each.partition(".")[0] == name]:
                for test in doctest.DocTestFinder().find(module):
                    runner.run(test, out=lambda text: None)
            good = [test for test, passed in results.items() if passed]  # only these can notice a fault
            planted = {fault: outcomes(name, *where) for fault, *where in FAULTS}
    finally:
        unload(name)
        sys.modules.update(before)
    missed = [fault for fault, found in planted.items() if all(found.get(test) for test in good)]
    return [test for test in results if test not in good], [
        f"own tests passed: {len(good)} of {len(results)}",
        f"planted faults noticed: {len(FAULTS) - len(missed)} of {len(FAULTS)}",
        *(f"not noticed: {fault}" for fault in missed),
        f"doctest examples passed: {runner.tries - runner.failures} of {runner.tries}",
    ]


def unload(name):
    """Remove the framework from sys.modules, so that the next import makes a fresh copy. Return what was removed."""
    return {each: sys.modules.pop(each) for each in list(sys.modules) if each.partition(".")[0] == name}


def outcomes(name, owner=None, method=None, wrong=None):
    """Return, by name, whether each test passes on a fresh copy of the framework, in which a method may be wrong."""
    unload(name)
    framework, tests = importlib.import_module(name), {}
    if owner:
        changed, right = getattr(framework, owner), getattr(getattr(framework, owner), method)
        setattr(changed, method, lambda *args, **named: wrong(right, *args, **named))
    if not passes(lambda: tests.update(vars(importlib.import_module(f"{name}.own_tests")))):
        return {"own_tests.py (it is missing or cannot be imported)": False}
    return {each: passes(test) for each, test in tests.items() if each.startswith("test_")}


def passes(test):
    try:
        test()
    except (Exception, SystemExit):  # noqa: BLE001 (any exception is a failure)
        return False
    return True


if __name__ == "__main__":
    failing, report = measure()
    print("\n".join([*report, *(f"fails on your framework: {each}" for each in failing)]))
