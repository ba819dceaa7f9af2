import Levenshtein
from Levenshtein import levenshtein_cpp

print(Levenshtein.distance.__module__, type(levenshtein_cpp.median).__name__)
print(Levenshtein.distance("lewenstein", "levenshtein"), Levenshtein.distance("a", "bcd", score_cutoff=1), Levenshtein.hamming("abc", "abd"))
print(round(Levenshtein.ratio("Hello world!", "Holly grail!"), 6), round(Levenshtein.jaro("Brian", "Jesus"), 4), round(Levenshtein.jaro_winkler("Thorkel", "Thorgier"), 4))
words = ["SpSm", "mpamm", "Spam", "Spa", "Sua", "hSam"]
print(Levenshtein.median(words), Levenshtein.quickmedian(words), Levenshtein.setmedian(words), Levenshtein.median_improve("spam", words),
      Levenshtein.median([b"ab", b"\xffb"], [1, 2.5]))
print(round(Levenshtein.seqratio(["newspaper", "litter bin"], ["caribou", "sausage"]), 6), round(Levenshtein.setratio(["a\u20ac", "b"], ["b", "a"]), 6))
edit = Levenshtein.editops("man", "scotsman")
print(edit[:3], Levenshtein.apply_edit(edit, "man", "scotsman"), Levenshtein.inverse(edit)[0], Levenshtein.matching_blocks(edit, "man", "scotsman"))
print(Levenshtein.opcodes("spam", "park"), Levenshtein.subtract_edit(edit[:2], edit[:1]))
for call in (lambda: Levenshtein.median([1]), lambda: Levenshtein.median(["a"], [1, 2]), lambda: Levenshtein.quickmedian(["a"], [-1])):
    try:
        print(call())
    except (ValueError, TypeError) as e:
        print(type(e).__name__, e)
