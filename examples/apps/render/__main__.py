"""Renders the template with the values from the command line."""
import argparse
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

parser = argparse.ArgumentParser(description="Render a letter.")
parser.add_argument("--name", required=True)
parser.add_argument("items", nargs="*")
arguments = parser.parse_args()

templates = Environment(loader=FileSystemLoader(Path(__file__).parent / "templates"), undefined=StrictUndefined,
                        trim_blocks=True, lstrip_blocks=True)
print(templates.get_template("letter.txt").render(vars(arguments)))
