"""Writes pytorch.json: what PyTorch makes of pictures that are turned, moved, sheared
and scaled about their middle, and the gradients by the parameters and the picture.

    python make_pytorch.py > pytorch.json
"""
import json
import math

import torch
import torch.nn.functional as F

torch.manual_seed(2)
H, W = 7, 6


def flat(t):
    return [float(f"{v:.12g}") for v in t.detach().flatten().tolist()]


def places(name, p):
    """The places in a picture, from its middle, that pixels of the result show."""
    y, x = torch.meshgrid(torch.arange(H) - (H - 1) / 2, torch.arange(W) - (W - 1) / 2, indexing="ij")
    x, y = x.double(), y.double()
    if name == "rotate":
        angle = 2 * math.pi * p[0]
        return x * torch.cos(angle) - y * torch.sin(angle), x * torch.sin(angle) + y * torch.cos(angle)
    if name == "translate":
        return x - p[0] * W, y - p[1] * H
    if name == "shear":
        return x - p[0] * y, y - p[1] * x
    return x / p[0], y / p[0]


def case(name, *parameters):
    p = torch.tensor(parameters, dtype=torch.float64, requires_grad=True)
    picture = torch.rand(1, 1, H, W, dtype=torch.float64, requires_grad=True)
    weights = torch.randn(1, 1, H, W, dtype=torch.float64)
    x, y = places(name, p)
    grid = torch.stack((2 * x / (W - 1), 2 * y / (H - 1)), -1)[None]
    out = F.grid_sample(picture, grid, mode="bilinear", padding_mode="zeros", align_corners=True)
    (out * weights).sum().backward()
    return dict(Operation=name, P=list(parameters), Picture=flat(picture), Weights=flat(weights),
                Out=flat(out), DP=flat(p.grad), DPicture=flat(picture.grad))


print(json.dumps([
    case("rotate", 0.07), case("rotate", 0.61),
    case("translate", 0.23, -0.11), case("translate", -0.4, 0.35),
    case("shear", 0.21, -0.13), case("shear", -0.3, 0.29),
    case("scale", 0.63), case("scale", 1.71),
]))
