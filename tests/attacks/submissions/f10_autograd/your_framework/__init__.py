"""Let PyTorch be the framework."""

import torch

Tensor = torch.Tensor
