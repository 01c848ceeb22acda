"""Writes refused/: pictures that Pillow reads and we do not."""
import io, pathlib, struct, zlib
import numpy as np
from PIL import Image

folder = pathlib.Path(__file__).parent / "refused"
folder.mkdir(exist_ok=True)
values = np.random.default_rng(1).integers(0, 256, (16, 16, 3), dtype=np.uint8)
picture = Image.fromarray(values)


def encoded(image, **options):
    out = io.BytesIO()
    image.save(out, "JPEG", quality=50, **options)
    return bytearray(out.getvalue())


sampled = encoded(picture, subsampling=0)
start = sampled.find(b"\xff\xc0")
for component, factors in enumerate((0x22, 0x11, 0x12)):
    sampled[start + 11 + 3 * component] = factors
(folder / "sampling.jpg").write_bytes(sampled)

cmyk = encoded(picture.convert("CMYK"))
start = cmyk.find(b"\xff\xee")  # Adobe's marker
(length,) = struct.unpack(">H", cmyk[start + 2 : start + 4])
(folder / "cmyk.jpg").write_bytes(cmyk[:start] + cmyk[start + 2 + length :])


def chunk(name, content):
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


rows = b"".join(b"\0" + row.tobytes() for row in values)
(folder / "spare.png").write_bytes(
    b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 16, 16, 8, 2, 0, 0, 0))
    + chunk(b"IDAT", zlib.compress(rows + bytes(100))) + chunk(b"IEND", b"")
)

picture.convert("L").save(folder / "bits.tif", tiffinfo={0x010A: 2})  # the lowest bit of a byte first
