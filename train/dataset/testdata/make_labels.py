"""Writes labels/: the labels of cifar10_like.bin in every type that NumPy has for integers, as .npy files, in
CIFAR's batches as people re-pickle them, and the images of svhn_like.mat as SciPy's savemat writes them.

Made with NumPy 2.4 and SciPy 1.17; needs NumPy 2.
"""
import pathlib
import pickle

import numpy as np
import scipy.io

here = pathlib.Path(__file__).parent
folder = here / "labels"
folder.mkdir(exist_ok=True)
records = np.fromfile(here / "cifar10_like.bin", np.uint8).reshape(-1, 3073)
labels, data = records[:, 0], records[:, 1:]

five = np.repeat(labels, 5)[:20]  # as CIFAR-10-C has them: a multiple of five
for name in "i1 u1 i2 u2 i4 u4 i8 u8 >i2 >u2 >i4 >u4 >i8 >u8".split():
    np.save(folder / (name.replace(">", "big_") + ".npy"), five.astype(name))

labels, data = labels[:2], data[:2]
batches = {
    "scalars": [n for n in labels.astype(np.int64)],  # as list(array) gives them
    "array_i8": labels.astype(np.int64),
    "array_i4": labels.astype(np.int32),
    "array_big": labels.astype(">i2"),
    "array_u1": labels,
    "tuple": tuple(int(n) for n in labels),
}
for name, values in batches.items():
    for protocol in (2, pickle.HIGHEST_PROTOCOL):
        with open(folder / f"{name}_protocol{protocol}", "wb") as f:
            pickle.dump({"labels": values, "data": data}, f, protocol=protocol)

svhn = scipy.io.loadmat(here / "svhn_like.mat")
for name, y, compressed in (
    ("list", [int(n) for n in svhn["y"].ravel()], False),
    ("list_compressed", [int(n) for n in svhn["y"].ravel()], True),
    ("uint64", svhn["y"].astype(np.uint64), False),
    ("double", svhn["y"].astype(float), False),
):
    contents = {"X": svhn["X"], "y": y, "note": "text", "cells": np.array(["a", 1], object)}
    scipy.io.savemat(folder / f"svhn_{name}.mat", contents, do_compression=compressed)
