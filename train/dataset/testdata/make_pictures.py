"""Writes the pictures of this folder's pictures/ and, as Pillow reads them, their RGB values: pictures.txt.

A line of it is: name height width values, the values in hexadecimal, row by row, red, green and blue in turn.
"""
import io
import pathlib
import struct

import numpy as np
from PIL import Image, ImageOps

folder = pathlib.Path(__file__).parent / "pictures"
H, W = 3, 5
rgb = (np.arange(H * W * 3) * 7 % 251).astype(np.uint8).reshape(H, W, 3)
alpha = (np.arange(H * W) * 37 % 256).astype(np.uint8).reshape(H, W, 1)
grey16 = np.array([[0, 1, 254, 255, 256], [257, 300, 999, 32767, 32768], [40000, 50000, 65279, 65280, 65535]], np.uint16)
colour, transparent = Image.fromarray(rgb), Image.fromarray(np.concatenate([rgb, alpha], 2))
palette = colour.quantize(7)


def oriented(n):
    exif = Image.Exif()
    exif[0x0112] = n
    return exif


def gif(canvas, frame, at, transparency=None):
    """A GIF of one frame, 4 colours, the LZW codes all literal."""
    out = b"GIF89a" + struct.pack("<HHBBB", *canvas, 0xF1, 2, 0)
    out += bytes([255, 0, 0, 0, 255, 0, 0, 0, 255, 9, 99, 200])
    if transparency is not None:
        out += b"\x21\xf9\x04" + bytes([1, 0, 0, transparency, 0])
    out += b"\x2c" + struct.pack("<HHHHB", *at, *frame, 0)
    codes = []
    for i in range(frame[0] * frame[1]):
        codes += ([4] if i % 2 == 0 else []) + [(i + 1) % 4]
    bits = [c >> k & 1 for c in codes + [5] for k in range(3)]
    data = bytes(sum(b << k for k, b in enumerate(bits[i:i + 8])) for i in range(0, len(bits), 8))
    return out + b"\x02" + bytes([len(data)]) + data + b"\x00;"


def png16(colour_type, samples, transparent=None):
    """A PNG of 16 bits a sample, perhaps with a colour that is transparent."""
    import zlib
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in samples)
    chunk = lambda kind, data: struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    header = struct.pack(">IIBBBBB", samples.shape[1], samples.shape[0], 16, colour_type, 0, 0, 0)
    trns = b"" if transparent is None else chunk(b"tRNS", np.array(transparent, ">u2").tobytes())
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + trns + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def saved(image, kind, **options):
    b = io.BytesIO()
    image.save(b, kind, **options)
    return b.getvalue()


wide = (np.arange(H * W * 3) * 4099 % 65536).astype(np.uint16).reshape(H, W, 3)
wide_alpha = np.concatenate([wide, (alpha.astype(np.uint16) * 256 + 5)], 2)
flat = Image.new("RGB", (24, 16), (200, 100, 50))
plain = Image.new("RGBA", (24, 16), (200, 100, 50, 128))
flat.paste((30, 60, 220), (0, 0, 8, 16))

pictures = {
    "colour.png": saved(colour, "PNG"),
    "transparent.png": saved(transparent, "PNG"),
    "grey.png": saved(colour.convert("L"), "PNG"),
    "grey_alpha.png": saved(transparent.convert("LA"), "PNG"),
    "palette.png": saved(palette, "PNG"),
    "palette_transparent.png": saved(palette, "PNG", transparency=3),
    "bilevel.png": saved(colour.convert("1"), "PNG"),
    "grey16.png": saved(Image.fromarray(grey16), "PNG"),
    "colour16.png": png16(2, wide),
    "transparent16.png": png16(6, wide_alpha),
    "grey_alpha16.png": png16(4, wide_alpha[..., [0, 3]]),
    "grey_transparent16.png": png16(0, grey16[..., None], [257]),
    "colour_transparent16.png": png16(2, wide, wide[1, 2]),
    "exif.png": saved(colour, "PNG", exif=oriented(6)),
    "flat.jpg": saved(flat, "JPEG", quality=95, subsampling=0),
    "lossless.webp": saved(colour, "WEBP", lossless=True),
    "transparent.webp": saved(transparent, "WEBP", lossless=True, exact=True),
    "plain.webp": saved(plain.convert("RGB"), "WEBP", quality=95),
    "plain_transparent.webp": saved(plain, "WEBP", quality=95),
    "exif.webp": saved(colour, "WEBP", lossless=True, exif=oriented(8)),
    "colour.bmp": saved(colour, "BMP"),
    "palette.bmp": saved(palette, "BMP"),
    "grey.bmp": saved(colour.convert("L"), "BMP"),
    "colour.tiff": saved(colour, "TIFF"),
    "lzw.tif": saved(colour, "TIFF", compression="tiff_lzw"),
    "deflate.tif": saved(colour, "TIFF", compression="tiff_adobe_deflate"),
    "grey16.tif": saved(Image.fromarray(grey16), "TIFF"),
    "palette.tif": saved(palette, "TIFF"),
    "fax3.tif": saved(colour.convert("1"), "TIFF", compression="group3"),
    "fax4.tif": saved(colour.convert("1"), "TIFF", compression="group4"),
    "fax_white.tif": saved(colour.convert("1"), "TIFF", compression="group4", tiffinfo={0x0106: 0}),
    "exif.tif": saved(colour, "TIFF", tiffinfo={0x0112: 5}),
    "whole.gif": gif((5, 3), (5, 3), (0, 0)),
    "part.gif": gif((5, 4), (2, 2), (1, 1)),
    "part_transparent.gif": gif((5, 4), (2, 2), (1, 1), 2),
    "animated.gif": saved(palette, "GIF", save_all=True, append_images=[palette.transpose(Image.Transpose.ROTATE_180)]),
}
for n in range(1, 9):
    pictures[f"exif{n}.jpg"] = saved(flat, "JPEG", quality=95, subsampling=0, exif=oriented(n))

lines = []
for name, content in pictures.items():
    (folder / name).write_bytes(content)
    values = np.array(ImageOps.exif_transpose(Image.open(io.BytesIO(content))).convert("RGB"))
    lines.append(f"{name} {values.shape[0]} {values.shape[1]} {values.tobytes().hex()}\n")
(folder / "pictures.txt").write_text("".join(lines))
