"""Writes pytorch.json: what PyTorch and torchvision make of random batches.

    python make_pytorch.py > pytorch.json
"""
import json

import torch
import torch.nn.functional as F
from torchvision.ops import deform_conv2d

torch.manual_seed(1)


def flat(t):
    return [float(f"{v:.9g}") for v in t.detach().float().flatten().tolist()]


def shape(t):
    return list(t.shape)


def randconv(side, share, centred):
    x = torch.rand(3, 3, 9, 11)
    w = torch.randn(3, 3, side, side)
    v = (x - 0.5) / 0.5 if centred else x
    y = share * F.conv2d(v, w, padding=side // 2) + (1 - share) * v
    if centred:
        y = y * 0.5 + 0.5
    return dict(Side=side, Share=share, Centred=centred, Shape=shape(x), X=flat(x), Weights=flat(w), Y=flat(y))


def progressive(n, times, deviation, centred):
    h, w = 7, 6
    x = torch.rand(n, 3, h, w)
    weights = torch.randn(3, 3, 3, 3)
    offsets = deviation * torch.randn(1, 18, h, w)
    gamma, beta = torch.randn(3), torch.randn(3)
    y = (x - 0.5) / 0.5 if centred else x
    for _ in range(times):
        y = deform_conv2d(y, offsets.expand(n, -1, -1, -1), weights, padding=1)
        y = torch.tanh(F.instance_norm(y, weight=gamma, bias=beta, eps=1e-5))
    if centred:
        y = y * 0.5 + 0.5
    return dict(Times=times, Centred=centred, Shape=shape(x), X=flat(x), Weights=flat(weights),
                Offsets=flat(offsets), Slope=flat(gamma), Offset=flat(beta), Y=flat(y))


print(json.dumps(dict(
    RandConv=[randconv(1, 1.0, False), randconv(3, 1.0, True), randconv(7, 0.25, True)],
    ProRandConv=[progressive(2, 1, 0.3, False), progressive(3, 4, 1.5, True), progressive(17, 2, 0.5, True)],
)))
