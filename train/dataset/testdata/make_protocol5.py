"""Writes cifar10_like_protocol5 and cifar10_like_fortran: the images of
cifar10_like.bin as Python 3.14 and NumPy 2 pickle them by default, in C and in
Fortran order. Needs NumPy 2.

Made with Python 3.11, which has protocol 5 too but writes 4 if it is not told:
5 is the default since 3.14, and no newer protocol exists."""
import pickle
import numpy as np

records = np.fromfile("cifar10_like.bin", np.uint8).reshape(-1, 3073)
for name, order in (("protocol5", "C"), ("fortran", "F")):
    batch = {"labels": [int(n) for n in records[:, 0]], "data": np.array(records[:, 1:], order=order)}
    with open("cifar10_like_" + name, "wb") as f:
        pickle.dump(batch, f, protocol=5)
