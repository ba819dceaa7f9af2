import hashlib
import io

import lz4.block
import lz4.frame

data = b"".join(b"line %d of some text\n" % i for i in range(20000))
for mode in ("default", "fast", "high_compression"):
    packed = lz4.block.compress(data, mode=mode)
    print(mode, len(packed) < len(data) // 2, lz4.block.decompress(packed) == data)
frame = lz4.frame.compress(data, compression_level=9, content_checksum=True)
print(lz4.frame.decompress(frame) == data, lz4.frame.get_frame_info(frame)["content_size"], hashlib.sha256(frame).hexdigest()[:16])
out = io.BytesIO()
with lz4.frame.open(out, "wb") as f:
    f.write(data)
with lz4.frame.open(io.BytesIO(out.getvalue()), "rt") as f:
    f.seek(1000)
    print(f.readline().strip(), len(f.readlines()))
for bad in (frame[:100], b"nonsense" + frame, frame[:-4] + b"\0\0\0\0"):
    try:
        print(len(lz4.frame.decompress(bad)))
    except (RuntimeError, EOFError) as e:
        print(type(e).__name__, e)
try:
    lz4.block.decompress(b"\xff\xff\xff\x00abc")
except (lz4.block.LZ4BlockError, ValueError, MemoryError) as e:
    print(type(e).__name__)
