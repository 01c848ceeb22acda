"""Times PyTorch on request of the benchmark beside this file.

Reads one request a line, answers one line each:

    gemm M N K images
    conv pass N C H W K kernel stride padding groups     pass: fwd, bwd-data, bwd-weights
    step mode batch                                      mode: train, maximise, eval
        -> "ok": this is what the following samples time
    sample
        -> seconds of one call, a mean over at least 4 ms

An argument channels_last lays images out that way. Threads: OMP_NUM_THREADS.
"""
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
SAMPLE_SECONDS = 4e-3


def gemm(m, n, k, images):
    a, b, c = torch.rand(m, k) - 0.5, torch.rand(images, k, n) - 0.5, torch.empty(images, m, n)

    def run():
        for i in range(images):
            torch.mm(a, b[i], out=c[i])
    return run


def conv(what, n, c, h, w, k, kernel, stride, padding, groups):
    x = (torch.rand(n, c, h, w) - 0.5).contiguous(memory_format=LAYOUT)
    f = (torch.rand(k, c // groups, kernel, kernel) - 0.5).contiguous(memory_format=LAYOUT)
    if what == "fwd":
        return lambda: F.conv2d(x, f, None, stride, padding, 1, groups)
    dy = torch.rand_like(F.conv2d(x, f, None, stride, padding, 1, groups)) - 0.5
    # The kernel that autograd calls, for one of the gradients.
    return lambda: torch.ops.aten.convolution_backward(
        dy, x, f, None, [stride] * 2, [padding] * 2, [1, 1], False, [0, 0], groups,
        [what == "bwd-data", what == "bwd-weights", False])


class LeNet5(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1, self.conv2 = nn.Conv2d(3, 64, 5), nn.Conv2d(64, 128, 5)
        self.fc1, self.fc2, self.fc3 = nn.Linear(3200, 1024), nn.Linear(1024, 1024), nn.Linear(1024, 10)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.conv1(x)), 2)
        x = F.max_pool2d(F.relu(self.conv2(x)), 2)
        embedding = F.relu(self.fc2(F.relu(self.fc1(x.flatten(1)))))
        return self.fc3(embedding), embedding


def step(mode, batch):
    net = LeNet5().to(memory_format=LAYOUT)
    x = torch.rand(batch, 3, 32, 32).contiguous(memory_format=LAYOUT)
    labels = torch.arange(batch) % 10
    if mode == "train":
        optimiser = torch.optim.Adam(net.parameters(), lr=1e-4)

        def run():
            optimiser.zero_grad(set_to_none=True)
            F.cross_entropy(net(x)[0], labels).backward()
            optimiser.step()
    elif mode == "maximise":  # one ascent step as ME-ADA's published code does it
        with torch.no_grad():
            clean = net(x)[1]
        x.requires_grad_()

        def run():
            net.zero_grad()
            x.grad = None
            logits, embedding = net(x)
            p = F.softmax(logits, 1)
            entropy = -(p * F.log_softmax(logits, 1)).sum(1).mean()
            loss = F.cross_entropy(logits, labels) + 10 * entropy - F.mse_loss(embedding, clean)
            (-loss).backward()
            with torch.no_grad():
                x.sub_(x.grad)
    else:
        def run():
            with torch.no_grad():
                net(x)
    return run


def sampler(run):
    calls = 0

    def sample():
        nonlocal calls
        if calls == 0:
            run()
            begin = time.perf_counter()
            run()
            calls = int(SAMPLE_SECONDS / (time.perf_counter() - begin)) + 1
        run()  # brings operands back into the caches
        begin = time.perf_counter()
        for _ in range(calls):
            run()
        return (time.perf_counter() - begin) / calls
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
        with torch.no_grad() if what != "step" else torch.enable_grad():
            sample = sampler({"gemm": gemm, "conv": conv, "step": step}[what](*values))
        print("ok", flush=True)


if __name__ == "__main__":
    main()
