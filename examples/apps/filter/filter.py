"""Prints the rows of CSV that meet a condition as lines of JSON."""
import argparse
import csv
import json
import operator
import re
import sys

COMPARE = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge, "=": operator.eq, "!=": operator.ne}


def value(text):
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            pass
    return text


def condition(text):
    match = re.fullmatch(r"\s*(\w+)\s*(<=|>=|!=|<|>|=)\s*(.*?)\s*", text)
    if not match:
        raise argparse.ArgumentTypeError(f"not of the form COLUMN OPERATOR VALUE: {text}")
    column, compare, wanted = match[1], COMPARE[match[2]], value(match[3])

    def holds(row):
        is_number = isinstance(row[column], (int, float)) and isinstance(wanted, (int, float))
        return compare(row[column], wanted) if is_number else compare(str(row[column]), str(wanted))

    holds.column = column
    return holds


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--where", metavar="CONDITION", type=condition, action="append", default=[],
                        help="for example 'weight > 200'; may be given again")
    conditions = parser.parse_args().where
    rows = csv.DictReader(sys.stdin)
    for holds in conditions:
        if holds.column not in (rows.fieldnames or []):
            parser.error(f"there is no column {holds.column}")
    for row in rows:
        row = {name: value(text) for name, text in row.items()}
        if all(holds(row) for holds in conditions):
            print(json.dumps(row))


if __name__ == "__main__":
    main()
