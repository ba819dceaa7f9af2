import random

from rapidfuzz import distance, fuzz, process, utils

print([f.__module__.removesuffix("_avx2") for f in (fuzz.ratio, process.extract, distance.Levenshtein.distance, utils.default_process)])
a, b = "fuzzy was a bear", "wuzzy fuzzy was a hair"
print([round(f(a, b), 6) for f in (fuzz.ratio, fuzz.partial_ratio, fuzz.token_sort_ratio, fuzz.token_set_ratio, fuzz.WRatio, fuzz.QRatio,
                                   fuzz.partial_token_ratio)])
print(fuzz.partial_ratio_alignment("a certain string", "cetain"), utils.default_process("  \u00c4B-c, \U0001d538 "))
words = ["new york jets", "new york giants", "atlanta falcons", "dallas cowboys", None, "\u65b0\u7d04"]
print(process.extract("new york", words, limit=2), process.extractOne("cowboys", words, scorer=fuzz.WRatio, score_cutoff=80))
print(list(process.extract_iter("\u65b0", words, score_cutoff=50)), process.extract("jet", {"k": "jets", "l": "lag"}, scorer=distance.JaroWinkler.similarity))
for metric in (distance.Levenshtein, distance.Indel, distance.DamerauLevenshtein, distance.OSA, distance.LCSseq, distance.Jaro, distance.JaroWinkler,
               distance.Prefix, distance.Postfix):
    print(metric.__name__.rpartition(".")[2], round(metric.distance("qabxcd", "abycdf"), 4), round(metric.normalized_similarity("martha", "marhta"), 4))
print(distance.Levenshtein.editops("kitten", "sitting").as_list(), distance.Levenshtein.opcodes("ab", "b")[0].tag,
      distance.Levenshtein.distance("lewenstein", "levenshtein", weights=(1, 2, 3)), distance.Hamming.distance("abc", "abd"))
print(distance.Levenshtein.distance([1, "a", (2,)], [1, "b", (2,)]), distance.Levenshtein.distance("a", "bcd", score_cutoff=1),
      distance.Levenshtein.distance(b"ab", "ac"))
random.seed(3)
long = ["".join(random.choices("abcd\u00e9", k=700)) for _ in range(2)]
print(distance.Levenshtein.distance(*long), len(distance.Levenshtein.editops(*long)), round(fuzz.partial_ratio(long[0][100:200], long[1]), 4))
for call in (lambda: distance.Hamming.distance("a", "bc", pad=False), lambda: fuzz.ratio(3, "a"),
             lambda: distance.Levenshtein.distance("a", "b", weights=(-1, 1, 1))):
    try:
        print(call())
    except (ValueError, TypeError, OverflowError) as e:
        print(type(e).__name__, e)
