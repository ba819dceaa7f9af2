"""Makes a program of a page's examples: snippets.py PAGE. A comment `# -> TEXT` after an expression is what its repr must be."""

import re
import sys


def main() -> None:
    with open(sys.argv[1], encoding="utf-8") as file:
        blocks = re.findall(r"^```python\n(.*?)^```$", file.read(), re.M | re.S)
    if not blocks:
        sys.exit("the page has no examples")
    print("def check(value, text, where):\n    assert repr(value) == text, f'{where}: {value!r} instead of {text}'\n")
    for block in blocks:
        for line in block.splitlines():
            expected = re.fullmatch(r"(\s*)(.+?)\s+# -> (.+)", line)
            if expected:
                indent, expression, text = expected.groups()
                printed = re.fullmatch(r"print\((.*)\)", expression)
                print(f"{indent}check(({printed[1] if printed else expression}), {text!r}, {expression!r})")
            else:
                print(line)


main()
