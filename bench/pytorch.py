"""Times PyTorch on request of the benchmark beside this file.

Reads one request a line, answers one line each:

    gemm M N K images
    conv pass N C H W K kernel stride padding groups     pass: fwd, bwd-data, bwd-weights
    step network mode batch                              mode: train, maximise, eval
    bn-relu|bn-gelu|maxpool|maxpool3|maxpool3-padded|gelu pass N C H W   pass: fwd, bwd; windows of 2x2, 3x3, stride 2
    softmax-loss both rows classes
    adam|sgd step parameters
        -> "ok", of a network with the number of its parameters: this is what the
        following samples time
    sample
        -> seconds of one call, a mean over at least 4 ms

Arguments: channels_last lays images out that way; bf16 takes operands of bfloat16,
a step under autocast; compile hands a step's network to torch.compile, and says
"none" to all else. The answer to a step for which this Python lacks torch.compile, timm
or torchvision is "none" in every mode, and standard error says why. Threads:
OMP_NUM_THREADS.
"""
import importlib.util
import os
import sys
import time

try:
    import torch
except ModuleNotFoundError:
    sys.exit(f"{sys.executable} has no PyTorch")
import torch.nn as nn
import torch.nn.functional as F

LAYOUT = torch.channels_last if "channels_last" in sys.argv[1:] else torch.contiguous_format
BF16 = "bf16" in sys.argv[1:]
COMPILE = "compile" in sys.argv[1:]
DTYPE = torch.bfloat16 if BF16 else torch.float32
AUTOCAST = torch.autocast("cpu", dtype=torch.bfloat16, enabled=BF16)
SAMPLE_SECONDS = 4e-3


def gemm(m, n, k, images):
    a, b = (torch.rand(m, k) - 0.5).to(DTYPE), (torch.rand(images, k, n) - 0.5).to(DTYPE)
    c = torch.empty(images, m, n, dtype=DTYPE)

    def run():
        for i in range(images):
            torch.mm(a, b[i], out=c[i])
    return run


def conv(what, n, c, h, w, k, kernel, stride, padding, groups):
    x = (torch.rand(n, c, h, w) - 0.5).to(DTYPE).contiguous(memory_format=LAYOUT)
    f = (torch.rand(k, c // groups, kernel, kernel) - 0.5).to(DTYPE).contiguous(memory_format=LAYOUT)
    if what == "fwd":
        return lambda: F.conv2d(x, f, None, stride, padding, 1, groups)
    dy = torch.rand_like(F.conv2d(x, f, None, stride, padding, 1, groups)) - 0.5
    # The kernel that autograd calls, for one of the gradients.
    return lambda: torch.ops.aten.convolution_backward(
        dy, x, f, None, [stride] * 2, [padding] * 2, [1, 1], False, [0, 0], groups,
        [what == "bwd-data", what == "bwd-weights", False])


def gelu(x):
    return torch.sigmoid(1.702 * x) * x


class GELU(nn.Module):
    def forward(self, x):
        return gelu(x)


class Network(nn.Module):
    def __init__(self, features, classifier):
        super().__init__()
        self.features, self.classifier = features, classifier

    def forward(self, x):
        embedding = self.features(x)
        return self.classifier(embedding), embedding


def conv3x3(c, k, stride=1, groups=1):
    return nn.Conv2d(c, k, 3, stride, 1, groups=groups, bias=False)


def conv1x1(c, k, stride=1):
    return nn.Conv2d(c, k, 1, stride, bias=False)


def norm_relu(c):
    return nn.Sequential(nn.BatchNorm2d(c), nn.ReLU(inplace=True))


def lenet5():
    return Network(nn.Sequential(
        nn.Conv2d(3, 64, 5), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(64, 128, 5), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(),
        nn.Linear(3200, 1024), nn.ReLU(), nn.Linear(1024, 1024), nn.ReLU()), nn.Linear(1024, 10))


def allconv():
    def layer(c, k, window, padding):
        return [nn.Conv2d(c, k, window, padding=padding), nn.BatchNorm2d(k), GELU()]
    reduce = [nn.MaxPool2d(2), nn.Dropout(0.5)]
    return Network(nn.Sequential(
        *layer(3, 96, 3, 1), *layer(96, 96, 3, 1), *layer(96, 96, 3, 1), *reduce,
        *layer(96, 192, 3, 1), *layer(192, 192, 3, 1), *layer(192, 192, 3, 1), *reduce,
        *layer(192, 192, 3, 0), *layer(192, 192, 1, 1), *layer(192, 192, 1, 1), nn.AvgPool2d(8), nn.Flatten()),
        nn.Linear(192, 10))


class WideBlock(nn.Module):
    def __init__(self, c, k, stride):
        super().__init__()
        self.activate, self.conv1 = norm_relu(c), conv3x3(c, k, stride)
        self.rest = nn.Sequential(norm_relu(k), conv3x3(k, k))
        self.shortcut = conv1x1(c, k, stride) if c != k else None

    def forward(self, x):
        activated = self.activate(x)
        y = self.rest(self.conv1(activated))
        return y + (x if self.shortcut is None else self.shortcut(activated))


def wrn():
    layers, c = [conv3x3(3, 16)], 16
    for k, stride in (32, 1), (64, 2), (128, 2):
        layers += [WideBlock(c, k, stride)] + [WideBlock(k, k, 1) for _ in range(5)]
        c = k
    return Network(nn.Sequential(*layers, norm_relu(c), nn.AvgPool2d(8), nn.Flatten()), nn.Linear(c, 10))


class DenseLayer(nn.Module):
    def __init__(self, c, growth):
        super().__init__()
        self.new = nn.Sequential(norm_relu(c), conv3x3(c, growth))

    def forward(self, x):
        return torch.cat((x, self.new(x)), 1)


def densenet():
    layers, c = [conv3x3(3, 24)], 24
    for stage in range(3):
        for _ in range(12):
            layers.append(DenseLayer(c, 12))
            c += 12
        if stage < 2:
            layers += [norm_relu(c), conv1x1(c, c), nn.AvgPool2d(2)]
    return Network(nn.Sequential(*layers, norm_relu(c), nn.AvgPool2d(8), nn.Flatten()), nn.Linear(c, 10))


class ResNeXtBlock(nn.Module):
    def __init__(self, c, width, k, stride, project):
        super().__init__()
        self.bottleneck = nn.Sequential(
            conv1x1(c, width), norm_relu(width), conv3x3(width, width, stride, groups=4), norm_relu(width),
            conv1x1(width, k), nn.BatchNorm2d(k))
        self.shortcut = nn.Sequential(conv1x1(c, k, stride), nn.BatchNorm2d(k)) if project else nn.Identity()

    def forward(self, x):
        return F.relu(self.shortcut(x) + self.bottleneck(x), inplace=True)


def resnext():
    layers, c = [conv3x3(3, 64), norm_relu(64)], 64
    for width, stride in (128, 1), (256, 2), (512, 2):
        layers.append(ResNeXtBlock(c, width, 2 * width, stride, True))
        layers += [ResNeXtBlock(2 * width, width, 2 * width, 1, False) for _ in range(2)]
        c = 2 * width
    return Network(nn.Sequential(*layers, nn.AvgPool2d(8), nn.Flatten()), nn.Linear(c, 10))


class Backbone(nn.Module):
    """A network of timm or torchvision with its classifier told apart."""

    def __init__(self, net, classifier):
        super().__init__()
        self.classifier = getattr(net, classifier)
        setattr(net, classifier, nn.Identity())
        self.features = net

    def forward(self, x):
        embedding = self.features(x)
        return self.classifier(embedding), embedding


def efficientnet_lite0():
    import timm
    return Backbone(timm.create_model("tf_efficientnet_lite0", num_classes=10), "classifier")


def resnet18():
    import torchvision
    return Backbone(torchvision.models.resnet18(num_classes=10), "fc")


NETWORKS = {"lenet5": lenet5, "allconv": allconv, "wrn": wrn, "densenet": densenet, "resnext": resnext,
            "efficientnet-lite0": efficientnet_lite0, "resnet18": resnet18}
SIDES = {"efficientnet-lite0": 224, "resnet18": 224}
PACKAGES = {"efficientnet-lite0": "timm", "resnet18": "torchvision"}


def lacks(network):
    """What a step of the network needs and this Python has not, or None."""
    if COMPILE and not hasattr(torch, "compile"):
        return "torch.compile"
    package = PACKAGES.get(network)
    return package if package and not importlib.util.find_spec(package) else None


def step(network, mode, batch):
    net = NETWORKS[network]()
    if network not in ("lenet5", *SIDES):  # as the published code draws them; a deep network's gradients vanish otherwise
        for m in net.modules():
            if isinstance(m, nn.Conv2d):
                nn.init.kaiming_normal_(m.weight, mode="fan_out")
    net = net.to(memory_format=LAYOUT).train(mode == "train")
    parameters = sum(p.numel() for p in net.parameters())
    if COMPILE:
        torch._dynamo.reset()  # the network before must not count as one more shape
        net = torch.compile(net)
    side = SIDES.get(network, 32)
    x = torch.rand(batch, 3, side, side).contiguous(memory_format=LAYOUT)
    labels = torch.arange(batch) % 10
    if mode == "train":
        if network == "lenet5":
            optimiser = torch.optim.Adam(net.parameters(), lr=1e-4)
        else:
            optimiser = torch.optim.SGD(net.parameters(), lr=0.01, momentum=0.9, weight_decay=5e-4, nesterov=True)

        def run():
            optimiser.zero_grad(set_to_none=True)
            with AUTOCAST:
                loss = F.cross_entropy(net(x)[0], labels)
            loss.backward()
            optimiser.step()
    elif mode == "maximise":  # one ascent step as ME-ADA's published code does it
        with torch.no_grad(), AUTOCAST:
            clean = net(x)[1].clone()
        x.requires_grad_()

        def run():
            net.zero_grad()
            x.grad = None
            with AUTOCAST:
                logits, embedding = net(x)
                loss = F.cross_entropy(logits, labels) + 10 * entropy(logits) - F.mse_loss(embedding, clean)
            (-loss).backward()
            with torch.no_grad():
                x.sub_(x.grad)
    else:
        def run():
            with torch.no_grad(), AUTOCAST:
                net(x)
    return run, parameters


def entropy(logits):
    return -(F.softmax(logits, 1) * F.log_softmax(logits, 1)).sum(1).mean()


def operator(what, which, *shape):
    """What a training step does besides convolutions and products, as PyTorch's layers do it."""
    if what in ("adam", "sgd"):
        p = torch.rand(shape) - 0.5
        p.grad = torch.rand(shape) - 0.5
        if what == "adam":
            return torch.optim.Adam([p], lr=1e-6).step
        return torch.optim.SGD([p], lr=1e-6, momentum=0.9, weight_decay=5e-4, nesterov=True).step
    x = torch.rand(shape) - 0.5
    if what == "softmax-loss":  # cross-entropy and entropy, value and gradient
        x.requires_grad_()
        labels = torch.arange(shape[0]) % shape[1]
        return lambda: torch.autograd.grad(F.cross_entropy(x, labels) + 10 * entropy(x), x)
    x = x.contiguous(memory_format=LAYOUT)
    c = shape[1]
    weight, bias, mean, variance = torch.rand(c), torch.rand(c), torch.zeros(c), torch.ones(c)

    def norm():
        return F.batch_norm(x, mean, variance, weight, bias, True)
    forward = {
        "bn-relu": lambda: F.relu(norm(), inplace=True),
        "bn-gelu": lambda: gelu(norm()),
        "maxpool": lambda: F.max_pool2d(F.relu(x), 2),
        "maxpool3": lambda: F.max_pool2d(F.relu(x), 3, 2),
        "maxpool3-padded": lambda: F.max_pool2d(F.relu(x), 3, 2, 1),
        "gelu": lambda: gelu(x),
    }[what]
    if which == "fwd":
        return forward
    inputs = [x, weight, bias] if what.startswith("bn") else [x]
    for leaf in inputs:
        leaf.requires_grad_()
    y = forward()
    dy = (torch.rand(y.shape) - 0.5).contiguous(memory_format=LAYOUT)
    return lambda: torch.autograd.grad(y, inputs, dy, retain_graph=True)


def sampler(run):
    calls = 0

    def measure():
        begin = time.perf_counter()
        for _ in range(calls):
            run()
        return (time.perf_counter() - begin) / calls

    def sample():
        nonlocal calls
        if calls == 0:
            run()  # cold caches and fresh pages do not count
            calls = 1
            once = measure()
            calls += int(SAMPLE_SECONDS / once)
            if calls == 1:
                return once
        if calls > 1:
            run()  # brings operands back into the caches
        return measure()
    return sample


def main():
    torch.manual_seed(1)
    torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "1")))
    print(torch.__version__, flush=True)
    sample = None
    for line in sys.stdin:
        what, *words = line.split()
        if what == "sample":
            print(f"{sample():.9f}", flush=True)
            continue
        values = [int(w) if w.isdigit() else w for w in words]
        sample = None  # frees what it held
        answer = "ok"
        if COMPILE and what != "step" or BF16 and what not in ("gemm", "conv", "step"):
            print("none", flush=True)
            continue
        if what == "step" and (lack := lacks(words[0])):
            print(f"PyTorch {torch.__version__} here has no {lack}, left out: {line.strip()}", file=sys.stderr)
            print("none", flush=True)
            continue
        if what in ("gemm", "conv"):
            torch.set_grad_enabled(False)
            run = {"gemm": gemm, "conv": conv}[what](*values)
        elif what == "step":
            torch.set_grad_enabled(True)
            run, parameters = step(*values)
            answer += f" {parameters}"
        else:
            torch.set_grad_enabled(values[0] != "fwd")
            run = operator(what, *values)
        sample = sampler(run)
        del run
        print(answer, flush=True)


if __name__ == "__main__":
    main()
