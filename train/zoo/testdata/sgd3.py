"""Records three steps of SGD of the small WRN and the small ResNeXt, in float64.

usage: sgd3.py FOLDER

Reads params.safetensors, x.npy and labels.npy of FOLDER/wrn_small and
FOLDER/resnext_small and writes sgd3.safetensors and sgd3_losses.npy, which
TestOptimisers in parity_test.go reads. Learning rates and numbers of images are
those of that test: with them no input of a ReLU comes so near to 0 that float32 may have the other sign.
The script prints how near they come, in root mean squares of what float32 is off.
Needs torch and safetensors.
"""
import pathlib
import sys

import numpy as np
import torch
from safetensors.numpy import load_file, save_file
from torch.nn import functional as F


class Network:
    """A network in training mode whose parameters have the names of the file."""

    def __init__(self, folder, dtype, batch):
        self.state = {k: torch.from_numpy(v).to(dtype if v.dtype.kind == "f" else torch.int64)
                      for k, v in load_file(folder / "params.safetensors").items()}
        self.x = torch.from_numpy(np.load(folder / "x.npy")).to(dtype)[:batch]
        self.labels = torch.from_numpy(np.load(folder / "labels.npy"))[:batch]
        self.params = [k for k, v in self.state.items() if v.is_floating_point() and "running" not in k]
        for k in self.params:
            self.state[k].requires_grad_()

    def conv(self, name, x, stride=1, padding=0, groups=1):
        return F.conv2d(x, self.state[name + ".weight"], None, stride, padding, 1, groups)

    def bn(self, name, x):
        s = self.state
        if name + ".num_batches_tracked" in s:
            s[name + ".num_batches_tracked"] += 1
        return F.batch_norm(x, s[name + ".running_mean"], s[name + ".running_var"], s[name + ".weight"], s[name + ".bias"], True)

    def relu(self, name, x):
        self.inputs.append((name, x.detach()))
        return F.relu(x)

    def head(self, name, x):
        return F.linear(x.mean((2, 3)), self.state[name + ".weight"], self.state[name + ".bias"])

    def step(self, rate, momentum):
        """Nesterov's, and returns the loss before it."""
        self.inputs = []
        loss = F.cross_entropy(self.forward(self.x), self.labels)
        grads = torch.autograd.grad(loss, [self.state[k] for k in self.params])
        with torch.no_grad():
            for k, grad in zip(self.params, grads):
                p = self.state[k]
                grad = grad + 5e-4 * p
                momentum[k] = 0.9 * momentum.get(k, 0) + grad
                p -= rate * (grad + 0.9 * momentum[k])
        return loss.item()


class WideResNet(Network):
    def forward(self, x):
        x = self.conv("conv1", x, 1, 1)
        for i, stride in enumerate([1, 2, 2]):
            b = f"block{i + 1}.layer.0"
            a = self.relu(b + ".bn1", self.bn(b + ".bn1", x))
            y = self.conv(b + ".conv1", a, stride, 1)
            y = self.conv(b + ".conv2", self.relu(b + ".bn2", self.bn(b + ".bn2", y)), 1, 1)
            x = y + (self.conv(b + ".conv_shortcut", a, stride) if stride > 1 else x)
        return self.head("fc", self.relu("bn1", self.bn("bn1", x)))


class ResNeXt(Network):
    def forward(self, x):
        x = self.relu("bn_1", self.bn("bn_1", self.conv("conv_1_3x3", x, 1, 1)))
        for stage in (1, 2):
            for i in (0, 1):
                b, stride = f"stage_{stage}.{i}", stage if i == 0 else 1
                y = self.relu(b + ".bn_reduce", self.bn(b + ".bn_reduce", self.conv(b + ".conv_reduce", x)))
                y = self.relu(b + ".bn", self.bn(b + ".bn", self.conv(b + ".conv_conv", y, stride, 1, 2)))
                y = self.bn(b + ".bn_expand", self.conv(b + ".conv_expand", y))
                if i == 0:
                    x = self.bn(b + ".downsample.1", self.conv(b + ".downsample.0", x, stride))
                x = self.relu(b, x + y)
        return self.head("classifier", x)


def record(folder, kind, rate, batch):
    exact, rounded = kind(folder, torch.float64, batch), kind(folder, torch.float32, batch)
    momenta, losses, nearest = ({}, {}), [], []
    for step in range(3):
        losses.append(exact.step(rate, momenta[0]))
        rounded.step(rate, momenta[1])
        for (name, a), (_, b) in zip(exact.inputs, rounded.inputs):
            off = (a - b).pow(2).mean().sqrt()
            nearest.append(((a.abs().min() / off).item(), a.abs().min().item(), step + 1, name))
    print(folder.name, rate, losses, *sorted(nearest)[:3], sep="\n  ")
    state = {k: v.detach().numpy() for k, v in exact.state.items()}
    save_file({k: v.astype(np.float32) if v.dtype == np.float64 else v for k, v in state.items()}, folder / "sgd3.safetensors")
    np.save(folder / "sgd3_losses.npy", np.asarray(losses, np.float32))


if __name__ == "__main__":
    folder = pathlib.Path(sys.argv[1])
    record(folder / "wrn_small", WideResNet, 0.02, 6)
    record(folder / "resnext_small", ResNeXt, 0.048, 2)
