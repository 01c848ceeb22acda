"""Trains a published network for a few steps with PyTorch, in float32 and float64.

usage: sgd_steps.py allconv|wrn RATE FOLDER

Reads start.safetensors, x.npy (steps, batch, 3, 32, 32) and labels.npy from FOLDER
and writes, for each type, <type>.safetensors (the final state) and the losses,
<type>_losses.npy. Dropout is left out.
"""
import json
import struct
import sys

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F


class GELU(nn.Module):
    def forward(self, x):
        return torch.sigmoid(1.702 * x) * x


def allconv():
    def block(c, k, window, padding):
        return [nn.Conv2d(c, k, window, padding=padding), nn.BatchNorm2d(k), GELU()]
    reduce = [nn.MaxPool2d(2, 2), nn.Identity()]  # for the dropout
    features = (block(3, 96, 3, 1) + block(96, 96, 3, 1) + block(96, 96, 3, 1) + reduce
                + block(96, 192, 3, 1) + block(192, 192, 3, 1) + block(192, 192, 3, 1) + reduce
                + block(192, 192, 3, 0) + block(192, 192, 1, 1) + block(192, 192, 1, 1) + [nn.AvgPool2d(8)])

    class AllConvNet(nn.Module):
        def __init__(self):
            super().__init__()
            self.features = nn.Sequential(*features)
            self.classifier = nn.Linear(192, 10)

        def forward(self, x):
            return self.classifier(self.features(x).flatten(1))
    return AllConvNet()


class Block(nn.Module):
    def __init__(self, c, k, stride):
        super().__init__()
        self.bn1, self.bn2 = nn.BatchNorm2d(c), nn.BatchNorm2d(k)
        self.conv1 = nn.Conv2d(c, k, 3, stride, 1, bias=False)
        self.conv2 = nn.Conv2d(k, k, 3, 1, 1, bias=False)
        self.conv_shortcut = nn.Conv2d(c, k, 1, stride, bias=False) if c != k else None

    def forward(self, x):
        activated = F.relu(self.bn1(x))
        y = self.conv2(F.relu(self.bn2(self.conv1(activated))))
        return y + (x if self.conv_shortcut is None else self.conv_shortcut(activated))


class Stage(nn.Module):
    def __init__(self, c, k, stride):
        super().__init__()
        self.layer = nn.Sequential(Block(c, k, stride), *[Block(k, k, 1) for _ in range(5)])

    def forward(self, x):
        return self.layer(x)


class WideResNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 16, 3, 1, 1, bias=False)
        self.block1, self.block2, self.block3 = Stage(16, 32, 1), Stage(32, 64, 2), Stage(64, 128, 2)
        self.bn1 = nn.BatchNorm2d(128)
        self.fc = nn.Linear(128, 10)

    def forward(self, x):
        x = self.block3(self.block2(self.block1(self.conv1(x))))
        return self.fc(F.avg_pool2d(F.relu(self.bn1(x)), 8).flatten(1))


TYPES = {"F32": np.float32, "I64": np.int64}


def load(path):
    with open(path, "rb") as f:
        size, = struct.unpack("<Q", f.read(8))
        header = json.loads(f.read(size))
        data = f.read()
    return {name: torch.from_numpy(np.frombuffer(data[slice(*t["data_offsets"])], TYPES[t["dtype"]]).reshape(t["shape"]).copy())
            for name, t in header.items() if name != "__metadata__"}


def save(path, state):
    header, data = {}, b""
    for name, tensor in state.items():
        array = tensor.numpy()
        array = array.astype(np.int64 if array.dtype == np.int64 else np.float32)
        header[name] = {"dtype": "I64" if array.dtype == np.int64 else "F32", "shape": list(array.shape),
                        "data_offsets": [len(data), len(data) + array.nbytes]}
        data += array.tobytes()
    text = json.dumps(header).encode()
    with open(path, "wb") as f:
        f.write(struct.pack("<Q", len(text)) + text + data)


def main():
    make, folder = {"allconv": allconv, "wrn": WideResNet}[sys.argv[1]], sys.argv[3]
    images = torch.from_numpy(np.load(folder + "/x.npy"))
    labels = torch.from_numpy(np.load(folder + "/labels.npy"))
    for name, kind in ("float32", torch.float32), ("float64", torch.float64):
        net = make()
        net.load_state_dict(load(folder + "/start.safetensors"))
        net = net.to(kind).train()
        sgd = torch.optim.SGD(net.parameters(), float(sys.argv[2]), momentum=0.9, weight_decay=5e-4, nesterov=True)
        cosine = torch.optim.lr_scheduler.CosineAnnealingLR(sgd, 100)
        losses = []
        for x, y in zip(images, labels):
            sgd.zero_grad()
            loss = F.cross_entropy(net(x.to(kind)), y)
            loss.backward()
            sgd.step()
            cosine.step()
            losses.append(loss.item())
        save("%s/%s.safetensors" % (folder, name), net.state_dict())
        np.save("%s/%s_losses.npy" % (folder, name), np.array(losses, np.float32))


main()
