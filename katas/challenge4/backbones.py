"""Supplied: networks that turn images into features. A residual network in two sizes, with functions for its weights.

    tiny(seed=0)                  # fresh weights
    tiny_weights()                # trained ones, by the names of its parameters
    resnet18_on_imagenet()        # with weights that torch.hub downloads and verifies
    from_torchvision("vgg11")     # if torchvision is installed (the extra `vision`)

Each network takes images (n, 3, height, width) in float32, from 0 to 1, and returns features (n, n_features). Its
`stages` are a ModuleList, from input to output. docs/data.md describes how the weights of `tiny` were made.
"""

import importlib.util
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import torch
from safetensors.torch import load
from torch import Tensor, nn

WEIGHTS = Path(__file__).with_name("tiny.safetensors")
IMAGENET = "https://download.pytorch.org/models/resnet18-f37072fd.pth"  # the name ends with the file's SHA-256

TINY_WIDTHS, TINY_BLOCKS = (16, 32, 64, 128), (1, 1, 1, 1)
RESNET18_WIDTHS, RESNET18_BLOCKS = (64, 128, 256, 512), (2, 2, 2, 2)


class BasicBlock(nn.Module):
    """relu(F(x) + x), where F is two convolutions; the shortcut is a 1 × 1 convolution if the sizes differ."""

    def __init__(self, width_in: int, width: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(width_in, width, 3, stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        if stride != 1 or width_in != width:
            self.downsample = nn.Sequential(nn.Conv2d(width_in, width, 1, stride, bias=False), nn.BatchNorm2d(width))

    def forward(self, x: Tensor) -> Tensor:
        past = self.downsample(x) if hasattr(self, "downsample") else x
        return (self.bn2(self.conv2(self.bn1(self.conv1(x)).relu())) + past).relu()


class ResidualNetwork(nn.Module):
    """ResNet (He and others, 2015) without its classifier. Its stages are the stem and four groups of blocks.

    Parameters have the same names as in torchvision: conv1, bn1, layer1.0.conv1, …
    """

    def __init__(self, widths: Sequence[int], blocks: Sequence[int], stem: nn.Conv2d, pool: nn.Module) -> None:
        super().__init__()
        self.conv1, self.bn1, self.pool = stem, nn.BatchNorm2d(stem.out_channels), pool
        width_in = stem.out_channels
        for number, (width, count) in enumerate(zip(widths, blocks, strict=True), start=1):
            first = BasicBlock(width_in, width, stride=1 if number == 1 else 2)
            self.add_module(
                f"layer{number}", nn.Sequential(first, *(BasicBlock(width, width, 1) for _ in range(count - 1)))
            )
            width_in = width
        stem_stage = nn.Sequential(self.conv1, self.bn1, nn.ReLU(), self.pool)
        stages = nn.ModuleList([stem_stage, self.layer1, self.layer2, self.layer3, self.layer4])
        self.__dict__["stages"] = stages  # not as a child: every parameter has one name, torchvision's
        self.n_features = width_in
        self.register_buffer("mean", torch.tensor([0.485, 0.456, 0.406])[:, None, None], persistent=False)
        self.register_buffer("deviation", torch.tensor([0.229, 0.224, 0.225])[:, None, None], persistent=False)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")

    def normalised(self, images: Tensor) -> Tensor:
        """Return images (from 0 to 1) normalised by ImageNet's mean and standard deviation: the first stage's input."""
        return (images - self.mean) / self.deviation

    def forward(self, images: Tensor) -> Tensor:
        x = self.normalised(images)
        for stage in self.stages:
            x = stage(x)
        return x.mean(dim=(2, 3))


def tiny(seed: int = 0) -> ResidualNetwork:
    """Return the small network with fresh weights from the seed: 5 stages, 128 features, images of about 32 × 32."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        stem = nn.Conv2d(3, TINY_WIDTHS[0], 3, 2, padding=1, bias=False)
        network = ResidualNetwork(TINY_WIDTHS, TINY_BLOCKS, stem, nn.Identity())
    return network.to(memory_format=torch.channels_last)  # another memory layout, faster on a CPU


def tiny_weights() -> dict[str, Tensor]:
    """Return the trained weights of `tiny`, from tiny.safetensors, as a state dict."""
    return load(__loader__.get_data(str(WEIGHTS)))  # through the loader, since a grader's worker has no files on disk


def resnet18() -> ResidualNetwork:
    """Return ResNet-18 with fresh weights: 5 stages, 512 features, for images of about 224 × 224."""
    stem, pool = nn.Conv2d(3, 64, 7, 2, padding=3, bias=False), nn.MaxPool2d(3, 2, padding=1)
    return ResidualNetwork(RESNET18_WIDTHS, RESNET18_BLOCKS, stem, pool)


def resnet18_on_imagenet(url: str | None = None) -> ResidualNetwork:
    """Return ResNet-18 with ImageNet's weights (45 MB), downloaded once and verified by the checksum in the file name.

    They come from `url`, else from the address in NN_KATAS_DATA_URL, else from PyTorch. Raises OSError without a
    network connection, and RuntimeError if the checksum doesn't match.
    """
    mirror = os.environ.get("NN_KATAS_DATA_URL")
    url = url or (f"{mirror.rstrip('/')}/{IMAGENET.rpartition('/')[2]}" if mirror else IMAGENET)
    state = torch.hub.load_state_dict_from_url(url, map_location="cpu", check_hash=True, weights_only=True)
    network = resnet18()
    network.load_state_dict({name: array for name, array in state.items() if not name.startswith("fc.")})
    return network


class TorchvisionBackbone(nn.Module):
    """A ResNet, VGG or MobileNet from torchvision without its classifier, cut into stages."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.stages = nn.ModuleList(_stages_of(model))
        self.register_buffer("mean", torch.tensor([0.485, 0.456, 0.406])[:, None, None], persistent=False)
        self.register_buffer("deviation", torch.tensor([0.229, 0.224, 0.225])[:, None, None], persistent=False)
        with torch.no_grad():
            self.n_features = self.eval()(torch.zeros(1, 3, 64, 64)).shape[1]

    def normalised(self, images: Tensor) -> Tensor:
        return (images - self.mean) / self.deviation

    def forward(self, images: Tensor) -> Tensor:
        x = self.normalised(images)
        for stage in self.stages:
            x = stage(x)
        return x.mean(dim=(2, 3))


def from_torchvision(name: str, *, pretrained: bool = True) -> TorchvisionBackbone:
    """Return a backbone by its torchvision name: resnet34, vgg11_bn, mobilenet_v2, …

    Raises ValueError for an unknown name or another family, and ImportError if torchvision isn't installed.
    """
    families = ("resnet", "vgg", "mobilenet")
    if not name.startswith(families):
        raise ValueError(
            f"no backbone {name!r}. Use tiny, resnet18, or one of torchvision's {', '.join(families)} models."
        )
    if importlib.util.find_spec("torchvision") is None:
        raise ImportError(
            f"{name} needs torchvision, which is in the extra `vision`: pip install -c constraints.txt -e '.[vision]'. "
            "Without it, use tiny or resnet18."
        )
    from torchvision import models

    known = [each for each in models.list_models(module=models) if each.startswith(families)]
    if name not in known:
        raise ValueError(f"torchvision has no {name!r}. It has {', '.join(known)}.")
    return TorchvisionBackbone(models.get_model(name, weights="DEFAULT" if pretrained else None))


def _stages_of(model: nn.Module) -> Iterator[nn.Sequential]:
    """Yield the stages of a torchvision model; a new one begins wherever the image gets smaller."""
    if hasattr(model, "layer4"):
        yield nn.Sequential(model.conv1, model.bn1, model.relu, model.maxpool)
        yield from (model.layer1, model.layer2, model.layer3, model.layer4)
        return
    stage: list[nn.Module] = []
    for module in model.features:
        if stage and isinstance(module, nn.Conv2d | nn.Sequential) | hasattr(module, "conv") | hasattr(module, "block"):
            strides = [getattr(each, "stride", 1) for each in module.modules()]
            if any(isinstance(each, nn.MaxPool2d) for each in stage) or (2, 2) in strides:
                yield nn.Sequential(*stage)
                stage = []
        stage.append(module)
    yield nn.Sequential(*stage)
