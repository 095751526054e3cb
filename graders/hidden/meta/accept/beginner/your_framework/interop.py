from . import layers as L
from .module import Module, ModuleList, Sequential
from .tensor import Tensor


def from_torch(source):
    import torch
    from torch import nn

    if isinstance(source, torch.Tensor):
        return Tensor(source.detach().numpy(), requires_grad=source.requires_grad)
    if isinstance(source, nn.Sequential):
        result = Sequential(*[from_torch(m) for m in source])
    elif isinstance(source, nn.ModuleList):
        result = ModuleList([from_torch(m) for m in source])
    elif isinstance(source, nn.Linear):
        result = L.Linear(source.in_features, source.out_features, source.bias is not None)
    elif isinstance(source, nn.Conv2d):
        result = L.Conv2d(
            source.in_channels,
            source.out_channels,
            source.kernel_size,
            source.stride,
            source.padding,
            source.dilation,
            source.groups,
            source.bias is not None,
        )
    elif isinstance(source, nn.MaxPool2d):
        result = L.MaxPool2d(source.kernel_size, source.stride, source.padding, source.dilation)
    elif isinstance(source, nn.AvgPool2d):
        result = L.AvgPool2d(source.kernel_size, source.stride, source.padding)
    elif isinstance(source, nn.Flatten):
        result = L.Flatten(source.start_dim, source.end_dim)
    elif isinstance(source, nn.ReLU):
        result = L.ReLU()
    elif isinstance(source, nn.LeakyReLU):
        result = L.LeakyReLU(source.negative_slope)
    elif isinstance(source, nn.ELU):
        result = L.ELU(source.alpha)
    elif isinstance(source, nn.GELU):
        result = L.GELU(source.approximate)
    elif isinstance(source, nn.Sigmoid):
        result = L.Sigmoid()
    elif isinstance(source, nn.Tanh):
        result = L.Tanh()
    elif isinstance(source, nn.Softmax):
        result = L.Softmax(source.dim)
    elif isinstance(source, nn.Dropout):
        result = L.Dropout(source.p)
    elif isinstance(source, nn.LayerNorm):
        result = L.LayerNorm(source.normalized_shape, source.eps, source.elementwise_affine)
    elif isinstance(source, nn.BatchNorm1d):
        result = L.BatchNorm1d(source.num_features, source.eps, source.momentum, source.affine)
    elif isinstance(source, nn.BatchNorm2d):
        result = L.BatchNorm2d(source.num_features, source.eps, source.momentum, source.affine)
    elif isinstance(source, nn.Embedding):
        result = L.Embedding(source.num_embeddings, source.embedding_dim)
    else:
        raise TypeError("I do not know the layer " + type(source).__name__)
    state = source.state_dict()
    mine = result.tensors_by_name()
    for name in state:
        mine[name].data = state[name].detach().numpy().copy()
    result.training = source.training
    return result


def to_torch(source):
    import torch
    from torch import nn

    if isinstance(source, Tensor):
        return torch.tensor(source.data, requires_grad=source.requires_grad)
    if isinstance(source, Sequential):
        result = nn.Sequential(*[to_torch(m) for m in source])
    elif isinstance(source, ModuleList):
        result = nn.ModuleList([to_torch(m) for m in source])
    elif isinstance(source, L.Linear):
        result = nn.Linear(source.in_features, source.out_features, source.bias is not None)
    elif isinstance(source, L.Conv2d):
        result = nn.Conv2d(
            source.in_channels,
            source.out_channels,
            source.kernel_size,
            source.stride,
            source.padding,
            source.dilation,
            source.groups,
            source.bias is not None,
        )
    elif isinstance(source, L.MaxPool2d):
        result = nn.MaxPool2d(source.kernel_size, source.stride, source.padding, source.dilation)
    elif isinstance(source, L.AvgPool2d):
        result = nn.AvgPool2d(source.kernel_size, source.stride, source.padding)
    elif isinstance(source, L.Flatten):
        result = nn.Flatten(source.start_dim, source.end_dim)
    elif isinstance(source, L.ReLU):
        result = nn.ReLU()
    elif isinstance(source, L.LeakyReLU):
        result = nn.LeakyReLU(source.negative_slope)
    elif isinstance(source, L.ELU):
        result = nn.ELU(source.alpha)
    elif isinstance(source, L.GELU):
        result = nn.GELU(source.approximate)
    elif isinstance(source, L.Sigmoid):
        result = nn.Sigmoid()
    elif isinstance(source, L.Tanh):
        result = nn.Tanh()
    elif isinstance(source, L.Softmax):
        result = nn.Softmax(source.dim)
    elif isinstance(source, L.Dropout):
        result = nn.Dropout(source.p)
    elif isinstance(source, L.LayerNorm):
        result = nn.LayerNorm(source.normalized_shape, source.eps, source.elementwise_affine)
    elif isinstance(source, L.BatchNorm2d):
        result = nn.BatchNorm2d(source.num_features, source.eps, source.momentum, source.affine)
    elif isinstance(source, L.BatchNorm1d):
        result = nn.BatchNorm1d(source.num_features, source.eps, source.momentum, source.affine)
    elif isinstance(source, L.Embedding):
        result = nn.Embedding(source.num_embeddings, source.embedding_dim)
    elif isinstance(source, Module):
        raise TypeError("I do not know the layer " + type(source).__name__)
    theirs = {}
    for name, value in result.named_parameters():
        theirs[name] = value
    for name, value in result.named_buffers():
        theirs[name] = value
    for name, value in source.tensors_by_name().items():
        theirs[name].data = torch.tensor(value.data)
    result.training = source.training
    return result
