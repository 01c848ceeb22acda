"""Writes weights of the tests' network "tiny" with PyTorch, in the forms that it saves."""
from collections import OrderedDict
import torch

torch.manual_seed(1)
state = OrderedDict()
state["conv.weight"] = torch.randn(2, 3, 5, 5)
state["conv.bias"] = torch.randn(2)
state["fc.weight"] = torch.randn(10, 18)
state["fc.bias"] = torch.randn(10)
torch.save(state, "tiny.zip.pth")
torch.save({"epoch": 1, "state_dict": state}, "tiny.legacy.pth", _use_new_zipfile_serialization=False)
