import hashlib

import _brotli
import brotli

data = b"".join(b"line %d of some text\n" % i for i in range(20000))
for quality in (0, 5, 11):
    packed = brotli.compress(data[:50000 if quality == 11 else None], quality=quality)
    print(quality, len(packed), hashlib.sha256(packed).hexdigest()[:16], data.startswith(brotli.decompress(packed)))
c = brotli.Compressor(mode=brotli.MODE_TEXT, quality=4)
packed = b"".join([c.process(data[i:i + 5000]) for i in range(0, len(data), 5000)] + [c.flush(), c.finish()])
d = brotli.Decompressor()
print(b"".join(d.process(packed[i:i + 999]) for i in range(0, len(packed), 999)) == data, d.is_finished())
for bad in (packed[:50], b"nonsense"):
    try:
        brotli.decompress(bad)
    except brotli.error as e:
        print(e)
print(brotli.compress is _brotli.compress if hasattr(_brotli, "compress") else brotli.Compressor is _brotli.Compressor)
