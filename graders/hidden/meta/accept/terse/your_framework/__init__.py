from .core import Tensor, arange, cat, manual_seed, no_grad, ones, randn, stack, tensor, where, zeros
from .nn import *
from .optim import SGD, Adam, AdamW
from .rest import DataLoader, from_torch, load, save, to_torch
