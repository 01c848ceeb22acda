"""Writes the files that torch_test.go reads, with PyTorch, and what they hold.

The tar archive is the format of PyTorch's first versions, which no release
writes any more: it is put together here and checked with torch.load.
"""
import argparse, io, json, pickle, struct, sys, tarfile
from collections import OrderedDict
import torch

torch.manual_seed(1)
base = torch.randn(24)
state = OrderedDict()
state["conv.weight"] = torch.randn(2, 3, 2, 2)
state["conv.bias"] = torch.nn.Parameter(torch.randn(2))
state["half"] = torch.tensor([0.0, -0.0, 1.5, 6e-8, -65504.0, float("inf")]).half()
state["brain"] = torch.randn(3).bfloat16()
state["double"] = torch.randn(2, 2, dtype=torch.float64)
state["transposed"] = torch.randn(2, 3).t()
state["view"] = base[4:10].view(2, 3)
state["bn.num_batches_tracked"] = torch.tensor(7)
state["bytes"] = torch.tensor([[1, 255]], dtype=torch.uint8)
state["scalar"] = torch.tensor(0.25)
state["empty"] = torch.zeros(0, 3)

values = {k: {"shape": list(v.shape), "type": str(v.dtype)[6:], "values": v.detach().double().flatten().tolist() if v.dtype.is_floating_point else v.flatten().tolist()} for k, v in state.items()}
for k in values:
    values[k]["values"] = [str(x) for x in values[k]["values"]]
json.dump(values, open("state.json", "w"), indent=0)

torch.save(state, "state.zip.pth")
torch.save(state, "state.legacy.pth", _use_new_zipfile_serialization=False)
torch.save({"epoch": 3, "args": argparse.Namespace(lr=0.1, name="x"), "best": 0.5, "state_dict": state,
            "optimizer": {"state": {0: {"momentum_buffer": torch.ones(2)}}, "param_groups": [{"lr": 0.1, "params": [0, 1]}]}},
           "checkpoint.zip.pth")


class Evil:
    def __reduce__(self):
        return (print, ("executed",))


torch.save({"weight": torch.ones(2), "evil": Evil()}, "evil.zip.pth")
torch.save(torch.nn.Linear(2, 2), "module.legacy.pth", _use_new_zipfile_serialization=False)
torch.jit.script(torch.nn.Linear(2, 2)).save("script.pth")


def tar(path):
    a, b = torch.randn(6), torch.arange(4)
    storages, tensors = io.BytesIO(), io.BytesIO()
    dump = lambda v, f: pickle.dump(v, f, protocol=2)
    dump(2, storages)
    for key, t, kind in ((11, a, torch.FloatStorage), (12, b, torch.LongStorage)):
        dump((key, "cpu", kind), storages)
        storages.write(struct.pack("<q", t.numel()) + t.numpy().tobytes())
    dump([(13, 11, 2, 4)], storages)  # a view: elements 2 to 5 of the first
    dump(3, tensors)
    for key, storage, shape, stride, offset in ((21, 11, (2, 3), (3, 1), 0), (22, 12, (4,), (1,), 0), (23, 13, (2,), (1,), 1)):
        dump((key, storage, torch.FloatTensor), tensors)
        tensors.write(struct.pack("<i", len(shape)) + b"\0" * 4)
        tensors.write(struct.pack(f"<{len(shape)}q", *shape) + struct.pack(f"<{len(shape)}q", *stride) + struct.pack("<q", offset))

    class Pickler(pickle.Pickler):
        def persistent_id(self, v):
            return str(v[1]) if isinstance(v, tuple) and v[:1] == ("ref",) else None

    main = io.BytesIO()
    Pickler(main, protocol=2).dump(OrderedDict(weight=("ref", 21), count=("ref", 22), view=("ref", 23)))
    with tarfile.open(path, "w", format=tarfile.PAX_FORMAT) as archive:
        for name, f in (("sys_info", io.BytesIO()), ("pickle", main), ("tensors", tensors), ("storages", storages)):
            info = tarfile.TarInfo(name)
            info.size = len(f.getvalue())
            archive.addfile(info, io.BytesIO(f.getvalue()))
    want = {"weight": a.view(2, 3), "count": b, "view": a[3:5]}
    got = torch.load(path, weights_only=False)
    for k, v in want.items():
        assert torch.equal(got[k], v), k
    json.dump({k: {"shape": list(v.shape), "type": str(v.dtype)[6:], "values": [str(x) for x in v.flatten().tolist()]} for k, v in want.items()}, open("tar.json", "w"), indent=0)


tar("tar.pth")


# What training scripts keep beside the weights.
import collections, datetime, pathlib
import numpy as np

history = collections.defaultdict(list)
history["loss"] += [np.float64(0.5), np.float32(0.25)]
torch.save({"net": {"weight": torch.arange(3.0)}, "history": history, "curve": np.zeros(3), "counts": np.arange(2), "best": np.float64(0.5),
            "seen": {1, 2}, "frozen": frozenset([1]), "path": pathlib.Path("x"), "window": slice(1, 2), "steps": range(3), "bytes": b"\x00\xff",
            "buffer": bytearray(b"x"), "when": datetime.datetime(2026, 1, 2), "size": torch.Size([1]), "device": torch.device("cpu"),
            "dtype": torch.float16, "count": collections.Counter("abca"), "complex": 1j, "none": None, "version": torch.__version__},
           "carried.zip.pth")
