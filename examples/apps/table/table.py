"""Shows CSV from standard input as a table."""
import csv
import sys

import click
from rich.console import Console
from rich.table import Table


def number(text):
    try:
        return (0, float(text), text)
    except ValueError:
        return (1, 0.0, text)


@click.command()
@click.option("--sort", metavar="COLUMN", help="Sort by this column.")
@click.option("--limit", type=click.IntRange(min=1), help="Show that many rows.")
@click.option("--width", default=80, show_default=True, help="How wide the table may be.")
def main(sort, limit, width):
    """Show CSV from standard input as a table."""
    rows = list(csv.DictReader(sys.stdin))
    if not rows:
        raise click.ClickException("there are no rows")
    if sort:
        if sort not in rows[0]:
            raise click.BadParameter(f"there is no column {sort}; there are {', '.join(rows[0])}", param_hint="--sort")
        rows.sort(key=lambda row: number(row[sort]))
    table = Table(*rows[0])
    for row in rows[:limit]:
        table.add_row(*(row[column] or "" for column in rows[0]))
    Console(width=width).print(table)


if __name__ == "__main__":
    main()
