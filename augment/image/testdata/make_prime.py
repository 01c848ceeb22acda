"""Writes prime.json: PRIME's primitives as its paper describes them, in PyTorch.

    python make_prime.py > prime.json
"""
import json
import math

import torch
import torch.nn.functional as F

torch.manual_seed(2)
torch.set_default_dtype(torch.float64)
C, H, W = 3, 11, 9


def flat(t):
    return [float(f"{v:.9g}") for v in t.flatten().tolist()]


def sines(n, cut):
    return torch.sin(math.pi * torch.linspace(0, 1, n)[:, None] * torch.arange(1, cut + 1))


def displaced(cut, temperature):
    image = torch.rand(C, H, W)
    fields, coefficients = [], []
    for n in (W, H):
        c = torch.randn(cut, cut)
        fields.append(math.sqrt(temperature) * n * torch.einsum("ij,xi,yj->yx", c, sines(W, cut), sines(H, cut)))
        coefficients.append(c)
    y, x = torch.meshgrid(torch.arange(H) + 0.0, torch.arange(W) + 0.0, indexing="ij")
    x, y = (x - fields[0]).clamp(0, W - 1), (y - fields[1]).clamp(0, H - 1)
    grid = torch.stack([2 * x / (W - 1) - 1, 2 * y / (H - 1) - 1], -1)[None]
    out = F.grid_sample(image[None], grid, mode="bilinear", align_corners=True)[0]
    return dict(Cut=cut, Temperature=temperature, Image=flat(image), Across=flat(coefficients[0]), Down=flat(coefficients[1]), Want=flat(out))


def coloured(cut):
    image = torch.rand(C, H, W)
    c = 0.1 * torch.randn(C, cut)
    k = torch.arange(1, cut + 1)
    out = image + (c[:, None, None, :] * torch.sin(math.pi * k * image[..., None])).sum(-1)
    return dict(Cut=cut, Image=flat(image), Coefficients=flat(c), Want=flat(out.clamp(0, 1)))


def filtered():
    image, weights = torch.rand(C, H, W), torch.randn(3, 3)
    out = F.conv2d(image[:, None], weights[None, None], padding=1)[:, 0]
    return dict(Image=flat(image), Coefficients=flat(weights), Want=flat(out.clamp(0, 1)))


print(json.dumps(dict(
    Displaced=[displaced(2, 0.002), displaced(5, 0.001)],
    Coloured=[coloured(1), coloured(20), coloured(60)],
    Filtered=[filtered()],
)))
