"""Computes the logits of ONNX models in a folder with onnxruntime.

For every *.onnx there, of float.npy or bytes.npy by the type of its input: all images in
one batch, then the first alone. Prints a JSON object {model: [logits..., logits of the
first...]}. Where the package onnx is installed, it checks the models too.
"""

import json
import pathlib
import sys

import numpy as np
import onnxruntime as ort

try:
    import onnx.checker
except ImportError:
    onnx = None

folder = pathlib.Path(sys.argv[1])
images = {"tensor(float)": np.load(folder / "float.npy"), "tensor(uint8)": np.load(folder / "bytes.npy")}
result = {}
for path in sorted(folder.glob("*.onnx")):
    if onnx is not None:
        onnx.checker.check_model(str(path), full_check=True)
    session = ort.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    inputs, outputs = session.get_inputs(), session.get_outputs()
    assert [i.name for i in inputs] == ["images"], inputs
    assert [o.name for o in outputs] == ["logits", "probabilities"], outputs
    assert isinstance(inputs[0].shape[0], str), inputs[0].shape
    values = []
    x = images[inputs[0].type]
    for batch in (x, x[:1]):
        logits, probabilities = session.run(None, {"images": batch})
        e = np.exp(logits - logits.max(1, keepdims=True))
        assert np.abs(probabilities - e / e.sum(1, keepdims=True)).max() < 1e-5
        values += logits.ravel().tolist()
    result[path.stem] = values
json.dump(result, sys.stdout)
