"""Records small networks as timm and torchvision compute them, in float64.

usage: make_parity.py FOLDER

Writes FOLDER/<network>/ for efficientnet_small, resnet_small and bottleneck_small:
what TestEvaluation, TestTraining, TestOptimisers, TestInputGradient and TestAscent
in parity_test.go read. Needs torch, torchvision, timm and safetensors.
"""
import functools
import pathlib
import sys

import numpy as np
import torch
from safetensors.numpy import save_file
from timm.models._efficientnet_builder import decode_arch_def
from timm.models.efficientnet import EfficientNet
from torch import nn
from torch.nn import functional as F
from torchvision.models.resnet import BasicBlock, Bottleneck, ResNet

CLASSES, IMAGES, SIDE = 7, 4, 32
GAMMA, STEPS = 1.0, 15


def efficientnet():
    stages = ["ds_r1_k3_s1_e1_c4", "ir_r2_k3_s2_e4_c6", "ir_r2_k5_s2_e4_c8", "ir_r1_k5_s1_e6_c10"]
    return EfficientNet(
        decode_arch_def([[s] for s in stages]), num_classes=CLASSES, num_features=24, stem_size=6, fix_stem=True,
        pad_type="same", round_chs_fn=lambda c: c, act_layer=nn.ReLU6, norm_layer=functools.partial(nn.BatchNorm2d, eps=1e-3))


class SmallResNet(ResNet):
    """torchvision's ResNet of any width and number of stages."""

    def __init__(self, block, planes, blocks):
        nn.Module.__init__(self)
        self._norm_layer = nn.BatchNorm2d
        self.inplanes, self.dilation, self.groups, self.base_width = planes, 1, 1, 64
        self.conv1 = nn.Conv2d(3, planes, kernel_size=7, stride=2, padding=3, bias=False)
        self.bn1 = nn.BatchNorm2d(planes)
        self.relu = nn.ReLU(inplace=True)
        self.maxpool = nn.MaxPool2d(kernel_size=3, stride=2, padding=1)
        self.stages = len(blocks)
        for i, count in enumerate(blocks):
            setattr(self, f"layer{i + 1}", self._make_layer(block, planes << i, count, stride=min(i + 1, 2)))
        self.fc = nn.Linear((planes << (len(blocks) - 1)) * block.expansion, CLASSES)

    def forward_features(self, x):
        x = self.maxpool(self.relu(self.bn1(self.conv1(x))))
        for i in range(self.stages):
            x = getattr(self, f"layer{i + 1}")(x)
        return x


def outputs(model, x):
    """Returns logits and embedding."""
    embedding = model.forward_features(x).mean((2, 3))
    head = model.fc if isinstance(model, ResNet) else model.classifier
    return head(embedding), embedding


def state(model):
    return {k: v.detach().numpy().astype(np.int64 if v.dtype == torch.int64 else np.float32).copy()
            for k, v in model.state_dict().items()}


def restore(model, params):
    model.load_state_dict({k: torch.from_numpy(v).to(torch.int64 if v.dtype == np.int64 else torch.float64)
                           for k, v in params.items()})


def losses(model, x, labels, clean, eta):
    logits, embedding = outputs(model, x)
    log_p = F.log_softmax(logits, 1)
    ce = F.nll_loss(log_p, labels)
    entropy = -(log_p.exp() * log_p).sum(1).mean()
    distance = F.mse_loss(embedding, clean)
    return ce + eta * entropy - GAMMA * distance, ce, entropy, distance


def record(folder, model, seed, ascents):
    torch.manual_seed(seed)
    folder.mkdir(parents=True, exist_ok=True)
    model.double()
    for m in model.modules():
        if isinstance(m, nn.BatchNorm2d):
            nn.init.uniform_(m.weight, 0.5, 1.5)
            nn.init.uniform_(m.bias, 0.5, 1.5)
            nn.init.normal_(m.running_mean, std=0.3)
            nn.init.uniform_(m.running_var, 0.5, 1.5)
        elif isinstance(m, (nn.Conv2d, nn.Linear)):
            nn.init.normal_(m.weight, std=1.5 / m.weight[0].numel() ** 0.5)
    params = state(model)
    restore(model, params)  # what float32 holds
    save_file(params, folder / "params.safetensors")
    x = torch.randn(IMAGES, 3, SIDE, SIDE).float().double()
    labels = torch.randint(CLASSES, (IMAGES,))

    def save(name, array):
        if torch.is_tensor(array):
            array = array.detach().numpy()
        np.save(folder / f"{name}.npy", np.asarray(array, np.float32))

    np.save(folder / "labels.npy", labels.numpy())
    save("x", x)

    model.eval()
    logits, embedding = outputs(model, x)
    save("eval_logits", logits)
    save("eval_embedding", embedding)
    clean = embedding.detach()

    point = (x + 0.05 * torch.randn_like(x)).float().double().requires_grad_()
    save("max_point", point)
    terms = losses(model, point, labels, clean, 10)
    save("max_losses", [t.item() for t in terms])
    save("max_grad_x", torch.autograd.grad(terms[0], point)[0])
    for name, rate, eta in ascents:
        at, table = x.clone(), []
        for step in range(STEPS):
            at.requires_grad_()
            terms = losses(model, at, labels, clean, eta)
            table.append([t.item() for t in terms])
            at = (at + rate * torch.autograd.grad(terms[0], at)[0]).detach()
            if step == 0:
                save(name + "_step1", at)
        save(name + "_step15", at)
        save(name + "_losses", table)

    model.train()
    logits, embedding = outputs(model, x)
    loss = F.cross_entropy(logits, labels)
    loss.backward()
    save("train_logits", logits)
    save("train_embedding", embedding)
    save("train_loss", [loss.item()])
    save_file({k: p.grad.numpy().astype(np.float32) for k, p in model.named_parameters()}, folder / "train_grads.safetensors")
    named = dict(model.named_parameters())
    save_file({k: v for k, v in state(model).items() if k not in named}, folder / "train_buffers.safetensors")

    # Three steps of SGD, from the beginning.
    restore(model, params)
    sgd = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9, nesterov=True, weight_decay=5e-4)
    table = []
    for _ in range(3):
        sgd.zero_grad()
        loss = F.cross_entropy(outputs(model, x)[0], labels)
        loss.backward()
        sgd.step()
        table.append(loss.item())
    save("sgd3_losses", table)
    save_file(state(model), folder / "sgd3.safetensors")

    # A step with frozen batch normalisation.
    restore(model, params)
    for m in model.modules():
        if isinstance(m, nn.BatchNorm2d):
            m.eval()
    model.zero_grad()
    F.cross_entropy(outputs(model, x)[0], labels).backward()
    save_file({k: p.grad.numpy().astype(np.float32) for k, p in model.named_parameters()}, folder / "frozen_grads.safetensors")


def main():
    folder = pathlib.Path(sys.argv[1])
    ascent = [("meada_lr0.1", 0.1, 10.0)]
    record(folder / "efficientnet_small", efficientnet(), 1, ascent)
    record(folder / "resnet_small", SmallResNet(BasicBlock, 4, [1, 2, 1]), 2, ascent)
    record(folder / "bottleneck_small", SmallResNet(Bottleneck, 3, [1, 1, 2]), 3, ascent)


if __name__ == "__main__":
    main()
