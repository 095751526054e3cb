"""What exercise00's README shows of NumPy is what NumPy does."""

from __future__ import annotations

import doctest
import re

from tests.workshop import ROOT

README = ROOT / "katas" / "exercise00" / "README.md"


def test_every_example_of_the_readme_prints_what_it_shows() -> None:
    done = doctest.testfile(str(README), module_relative=False, encoding="utf-8")
    assert (done.failed, done.attempted > 40) == (0, True)


def test_people_who_know_pytorch_have_a_part_of_their_own() -> None:
    text = README.read_text(encoding="utf-8")
    part = re.search(r"<summary>NumPy for PyTorch people</summary>(.*?)</details>", text, re.DOTALL)
    assert part
    for subject in ("keepdims", "np.einsum", "view", "+=", "dtype"):
        assert subject in part[1]


def test_what_that_part_says_of_pytorch_is_so() -> None:
    import torch

    x = torch.arange(24.0).reshape(2, 3, 4)
    assert torch.einsum("...i,ij->...j", x, torch.ones(4, 5)).shape == (2, 3, 5)
    assert torch.tensor([1.0, 3.0]).std() == 2**0.5
    assert (x * torch.tensor(2.0, dtype=torch.float64)).dtype == torch.float32
