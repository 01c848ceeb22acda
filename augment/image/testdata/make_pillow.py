"""Writes what Pillow and torchvision make of small pictures: pictures.json holds
the pictures, pillow.json a checksum for each operation, level and picture,
policies.json torchvision's policies and what its magnitudes make of pictures,
augmix.json values of mixtures of chains.

    python make_pillow.py      (Pillow 13.0, torchvision 0.29)
"""
import base64
import json
import zlib

import numpy as np
from PIL import Image, ImageEnhance, ImageOps
from torchvision.transforms import InterpolationMode
from torchvision.transforms import autoaugment as A
from torchvision.transforms import functional as F


def pictures():
    rng = np.random.default_rng(13)

    def smooth(h, w, c, low, high):
        y, x = np.mgrid[0:h, 0:w]
        planes = []
        for _ in range(c):
            a, b, d = rng.uniform(0.1, 0.5, 3)
            v = np.sin(a * x + d) + np.cos(b * y - d) + rng.normal(0, 0.15, (h, w))
            v = (v - v.min()) / (v.max() - v.min())
            planes.append(np.round(low + v * (high - low)))
        return np.stack(planes).astype(np.uint8)

    noise = rng.integers(0, 256, (3, 32, 32)).astype(np.uint8)
    narrow = smooth(32, 32, 3, 60, 170)
    narrow[1] = 99  # a plane of one value
    narrow[2] = np.where(narrow[2] > 120, 200, 30)  # one of two
    return {
        "smooth": smooth(32, 32, 3, 0, 255),
        "noise": noise,
        "narrow": narrow,
        "odd": smooth(23, 37, 3, 10, 250),
        "digit": smooth(28, 28, 1, 0, 255),
    }


def to_image(planes):
    return Image.fromarray(planes[0] if len(planes) == 1 else planes.transpose(1, 2, 0).copy())


def to_planes(image):
    a = np.asarray(image)
    return a[None] if a.ndim == 2 else a.transpose(2, 0, 1)


def affine(matrix, nearest):
    return lambda i: i.transform(i.size, Image.Transform.AFFINE, matrix, nearest)


def grey(i):
    return F.rgb_to_grayscale(i, num_output_channels=len(i.getbands()))


BILINEAR, NEAREST = Image.Resampling.BILINEAR, Image.Resampling.NEAREST


def cases():
    for name, f in (("identity", lambda i: i), ("autocontrast", ImageOps.autocontrast), ("equalize", ImageOps.equalize),
                    ("invert", ImageOps.invert), ("grey", grey)):
        yield name, 0, False, f
    for bits in range(1, 9):
        yield "posterize", bits, False, lambda i, b=bits: ImageOps.posterize(i, b)
    for threshold in (0, 56.666, 128, 170, 200, 256):
        yield "solarize", threshold, False, lambda i, t=threshold: ImageOps.solarize(i, t)
    for nearest in (False, True):
        resample = NEAREST if nearest else BILINEAR
        for degrees in (-270, -180, -30, -17, -4.25, 0, 1, 3, 8, 45, 90, 123):
            yield "rotate", degrees, nearest, lambda i, d=degrees, r=resample: i.rotate(d, r)
        for level in (-0.3, -0.09, 0, 0.037, 0.2, 0.3):
            yield "shear-x", level, nearest, lambda i, l=level, r=resample: affine((1, l, 0, 0, 1, 0), r)(i)
            yield "shear-y", level, nearest, lambda i, l=level, r=resample: affine((1, 0, 0, l, 1, 0), r)(i)
        for level in (-14, -3, 0, 1, 3, 40):
            yield "translate-x", level, nearest, lambda i, l=level, r=resample: affine((1, 0, l, 0, 1, 0), r)(i)
            yield "translate-y", level, nearest, lambda i, l=level, r=resample: affine((1, 0, 0, 0, 1, l), r)(i)
    for name, f in (("colour", ImageEnhance.Color), ("contrast", ImageEnhance.Contrast),
                    ("brightness", ImageEnhance.Brightness), ("sharpness", ImageEnhance.Sharpness)):
        for level in (0, 0.1, 0.37, 0.64, 1, 1.27, 1.9):
            yield name, level, False, lambda i, l=level, f=f: f(i).enhance(l)
    for level in (-0.5, -0.3, -0.01, 0, 0.004, 0.1, 0.25, 0.5):
        yield "hue", level, False, lambda i, l=level: F.adjust_hue(i, l)


def boxes(h, w):
    """Parts of a picture: top, left, height, width."""
    yield from ((0, 0, h, w), (3, 5, h - 3, w - 5), (0, 2, 9, 17), (h - 1, w - 1, 1, 1), (4, 0, h - 7, w), (7, 6, 12, 11))


def checksum(planes):
    return zlib.crc32(np.ascontiguousarray(planes).tobytes())


NAMES = {"Color": "colour", "ShearX": "shear-x", "ShearY": "shear-y", "TranslateX": "translate-x", "TranslateY": "translate-y"}


def our(name):
    return NAMES.get(name, name.lower())


def policies(sources):
    """torchvision's policies, and its results for magnitudes of either sign."""
    found = {}
    for name, policy in (("cifar10", A.AutoAugmentPolicy.CIFAR10), ("imagenet", A.AutoAugmentPolicy.IMAGENET),
                         ("svhn", A.AutoAugmentPolicy.SVHN)):
        found[name] = [[[our(o), p, m or 0] for o, p, m in pair] for pair in A.AutoAugment(policy).policies]
    results = []
    for transform, bins, wanted in ((A.AutoAugment(), 10, range(10)), (A.RandAugment(), 31, (0, 9, 15, 30))):
        for picture in ("smooth", "odd"):
            planes = sources[picture]
            space = transform._augmentation_space(bins, planes.shape[1:])
            for name, (magnitudes, signed) in space.items():
                for i in wanted if magnitudes.ndim else wanted[:1]:
                    for sign in (1, -1) if signed else (1,):
                        level = sign * (magnitudes[i].item() if magnitudes.ndim else 0.0)
                        out = A._apply_op(to_image(planes), name, level, InterpolationMode.NEAREST, None)
                        results.append({"picture": picture, "operation": our(name), "bins": bins, "index": i,
                                        "negative": sign < 0, "crc32": checksum(to_planes(out))})
    names = [our(name) for name in A.RandAugment()._augmentation_space(31, (32, 32))]
    return {"policies": found, "results": results, "rand_augment": names}


def augmix_level(name, level, h, w):
    """The levels of AugMix's operations, as its paper's code defines them."""
    if name == "posterize":
        return 4 - int(level * 4 / 10)
    if name == "solarize":
        return 256 - int(level * 256 / 10)
    if name == "rotate":
        return int(level * 30 / 10)
    if name in ("shear-x", "shear-y"):
        return level * 0.3 / 10
    if name == "translate-x":
        return int(level * (w / 3) / 10)
    if name == "translate-y":
        return int(level * (h / 3) / 10)
    if name in ("colour", "contrast", "brightness", "sharpness"):
        return level * 1.8 / 10 + 0.1
    return 0


def operate(image, name, level):
    size = image.size
    return {
        "autocontrast": lambda: ImageOps.autocontrast(image),
        "equalize": lambda: ImageOps.equalize(image),
        "posterize": lambda: ImageOps.posterize(image, level),
        "rotate": lambda: image.rotate(level, BILINEAR),
        "solarize": lambda: ImageOps.solarize(image, level),
        "shear-x": lambda: image.transform(size, Image.Transform.AFFINE, (1, level, 0, 0, 1, 0), BILINEAR),
        "shear-y": lambda: image.transform(size, Image.Transform.AFFINE, (1, 0, 0, level, 1, 0), BILINEAR),
        "translate-x": lambda: image.transform(size, Image.Transform.AFFINE, (1, 0, level, 0, 1, 0), BILINEAR),
        "translate-y": lambda: image.transform(size, Image.Transform.AFFINE, (1, 0, 0, 0, 1, level), BILINEAR),
        "colour": lambda: ImageEnhance.Color(image).enhance(level),
        "contrast": lambda: ImageEnhance.Contrast(image).enhance(level),
        "brightness": lambda: ImageEnhance.Brightness(image).enhance(level),
        "sharpness": lambda: ImageEnhance.Sharpness(image).enhance(level),
    }[name]()


def augmix(sources):
    """Mixtures of chains with weights, in values from -1 to 1: each 37th of them."""
    rng = np.random.default_rng(5)
    names = ["autocontrast", "equalize", "posterize", "rotate", "solarize", "shear-x", "shear-y", "translate-x",
             "translate-y", "colour", "contrast", "brightness", "sharpness"]

    def preprocess(image):
        return (to_planes(image).astype(np.float32) / np.float32(255) - np.float32(0.5)) / np.float32(0.5)

    mixtures = []
    for picture in ("smooth", "narrow", "odd", "smooth", "odd"):
        image = to_image(sources[picture])
        w, h = image.size
        weights, share = rng.dirichlet([1.0] * 3).astype(np.float32), np.float32(rng.beta(1, 1))
        chains, mix = [], np.zeros(sources[picture].shape, np.float32)
        for weight in weights:
            chain, changed = [], image
            for _ in range(rng.integers(1, 4)):
                name, level, negative = str(rng.choice(names)), float(rng.uniform(0.1, 3)), bool(rng.uniform() > 0.5)
                chain.append({"operation": name, "level": level, "negative": negative})
                signed = name in ("rotate", "shear-x", "shear-y", "translate-x", "translate-y")
                changed = operate(changed, name, (-1 if signed and negative else 1) * augmix_level(name, level, h, w))
            chains.append(chain)
            mix += weight * preprocess(changed)
        mixed = (1 - share) * preprocess(image) + share * mix
        mixtures.append({"picture": picture, "share": float(share), "weights": [float(x) for x in weights], "chains": chains,
                         "values": [round(float(v), 7) for v in mixed.ravel()[::37]]})
    return mixtures


def main():
    sources = pictures()
    with open("policies.json", "w") as f:
        found = policies(sources)
        f.write('{"policies": ' + json.dumps(found["policies"]) + ',\n"rand_augment": ' + json.dumps(found["rand_augment"]) +
                ',\n"results": [\n' + ",\n".join(map(json.dumps, found["results"])) + "\n]}\n")
    with open("augmix.json", "w") as f:
        f.write("[\n" + ",\n".join(map(json.dumps, augmix(sources))) + "\n]\n")
    with open("pictures.json", "w") as f:
        json.dump({name: {"shape": p.shape, "bytes": base64.b64encode(p.tobytes()).decode()} for name, p in sources.items()},
                  f, indent=0)
        f.write("\n")
    results, parts = [], []
    for name, planes in sources.items():
        image = to_image(planes)
        for operation, level, nearest, f in cases():
            results.append({"picture": name, "operation": operation, "level": level, "nearest": nearest,
                            "crc32": checksum(to_planes(f(image)))})
        h, w = planes.shape[1:]
        for box in boxes(h, w):
            out = F.resized_crop(image, *box, [h, w], InterpolationMode.BILINEAR)
            parts.append({"picture": name, "box": box, "crc32": checksum(to_planes(out))})
    with open("pillow.json", "w") as f:
        f.write('{"operations": [\n' + ",\n".join(map(json.dumps, results)) + '\n],\n"parts": [\n' +
                ",\n".join(map(json.dumps, parts)) + "\n]}\n")


main()
