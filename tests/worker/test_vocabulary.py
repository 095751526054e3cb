"""A kata's list of the only names that a submission may use."""

from __future__ import annotations

import pytest

from graders.worker.vocabulary import refuse_unlisted

ALLOWED = ["torch.empty", "math.*", "triton.language.*", "meter.show", ".shape", "range", "len"]


@pytest.mark.parametrize(
    "code",
    [
        "import torch\ntorch.empty(3).shape",
        "import math as m\nm.sqrt(2)",
        "from math import exp as e\ne(1)",
        "import triton.language as tl\ntl.load(1)",
        "from triton import language as tl\ntl.load(1)",
        "def double(x):\n    return [2 * each for each in range(len(x.shape))]",
        "import meter\nmeter.show()",
    ],
)
def test_what_is_listed_may_be_used(code: str) -> None:
    refuse_unlisted({"a.py": code}, ["a.py"], ALLOWED)


@pytest.mark.parametrize(
    ("code", "name"),
    [
        ("import numpy", "numpy"),
        ("import torch.nn", "torch.nn"),
        ("import torch\ntorch.softmax", "torch.softmax"),
        ("import torch as t\nt.nn.functional.relu(1)", "torch.nn.functional.relu"),
        ("import torch\nother = torch", "torch"),
        ("from torch import softmax", "torch.softmax"),
        ("from math import *", "math.*"),
        ("import math\nmath._private", "math._private"),
        ("import triton.language as tl\ntl.core.sys", ".sys"),
        ("import torch\ntorch.empty = 3", "assigning to torch.empty"),
        ("x = 3\nx.real", ".real"),
        ("print(1)", "print"),
        ("match 3:\n    case range(start=a):\n        pass", "a class pattern"),
    ],
)
def test_everything_else_is_refused_with_its_line(code: str, name: str) -> None:
    with pytest.raises(ImportError) as caught:
        refuse_unlisted({"a.py": code}, ["a.py"], ALLOWED)
    assert f": {name} may not be used in this kata" in str(caught.value)
    assert str(caught.value).startswith("a.py, line ")


def test_an_empty_list_allows_everything() -> None:
    refuse_unlisted({"a.py": "import os\nos.system('')"}, ["a.py"], [])


def test_the_message_lists_what_a_module_offers() -> None:
    with pytest.raises(ImportError, match=r"torch\.relu may not be used in this kata\. Allowed: torch\.empty$"):
        refuse_unlisted({"a.py": "import torch\ntorch.relu"}, ["a.py"], ALLOWED)
