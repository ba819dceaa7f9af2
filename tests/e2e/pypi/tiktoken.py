import tiktoken
from tiktoken import _tiktoken

# A small encoding: every byte, and some words. (The others are downloaded.)
ranks = {bytes([i]): i for i in range(256)}
for word in (b"he", b"ll", b"llo", b"hello", b" w", b"or", b"ld", b" wor", b" world", "\u00e4".encode(), b"12"):
    ranks[word] = len(ranks)
encoding = tiktoken.Encoding("small", pat_str=r"""'(?i:[sdmt]|ll|ve|re)|\p{L}+| ?\p{L}++|\p{N}{1,3}+| ?[^\s\p{L}\p{N}]++|\s+(?!\S)|\s""", mergeable_ranks=ranks,
                             special_tokens={"<|end|>": 300})
print(type(_tiktoken.CoreBPE).__module__, encoding.n_vocab, encoding.eot_token if "<|endoftext|>" in encoding.special_tokens_set else None)
for text in ("hello world", "hello  w\u00e4rld 12345", "\U0001f600!", "", "it's\n\n"):
    tokens = encoding.encode(text)
    print(tokens, encoding.decode(tokens) == text, encoding.decode_with_offsets(tokens)[1])
print(encoding.encode("a<|end|>b", allowed_special="all"), encoding.encode("<|end|>", disallowed_special=())[:3], encoding.encode_ordinary("hello"))
print(encoding.encode_single_token("hello"), encoding.decode_single_token_bytes(262), encoding.token_byte_values()[256:259])
print(encoding.encode_batch(["hello", "world"], num_threads=1))
print(encoding.encode_with_unstable("hello wor")[0], sorted(encoding.encode_with_unstable("hell")[1])[:3])
print(encoding.decode_bytes([128, 104]), encoding.decode([128, 104]))
for call in (lambda: encoding.encode("<|end|>"), lambda: encoding.encode_single_token("zzz"), lambda: encoding.decode_single_token_bytes(999)):
    try:
        print(call())
    except (ValueError, KeyError) as e:
        print(type(e).__name__, str(e).split("\n")[0])
print(len(encoding.encode("lorem ipsum " * 20000)))
