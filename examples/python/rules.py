"""A shop whose customers write the rules for their own discounts, in Python.

Each rule is a stranger's code. All of them start from one warm session, which has the modules and the prices, and each runs in a copy
of that: it sees nothing of the others, asks the shop only through two functions, and may take a second and 64 MiB.
"""

import wlpy

ORDERS = {17: [("tea", 3), ("cup", 1)], 18: [("tea", 40)]}
NOTES = []


def order(number: int) -> list:
    """The lines of an order: pairs of an article and how many."""
    return ORDERS[number]


def note(text: str) -> None:
    """Writes into the shop's log."""
    NOTES.append(text[:80])


RULES = {
    "bulk": "pieces = sum(n for _, n in order(number))\n0.1 if pieces >= 10 else 0",
    "curious": "note(open('/etc/passwd').read())",
    "greedy": "while True: note('more')",
    "slow": "while True: pass",
    "wrong": "order(99)",
    "cheap": "import statistics\nround(1 / statistics.mean(prices.values()), 3)",
}


def main() -> None:
    limits = wlpy.Limits(timeout=1, memory=64 << 20, host_calls=100)
    with wlpy.Session(functions=[order, note], limits=limits) as shop:
        shop.set(prices={"tea": 4.5, "cup": 9})
        shop.eval("import statistics", check=True)
        for name, rule in RULES.items():
            for number in ORDERS:
                with shop.fork() as copy:
                    copy.set(number=number)
                    result = copy.eval(rule)
                if result.ok:
                    print(f"{name}, order {number}: {result.value}")
                else:
                    print(f"{name}, order {number}: {result.end}, {result.exception}")
    print(f"{len(NOTES)} notes")


if __name__ == "__main__":
    main()
