"""Replaces a module for sharing data between processes."""

raise ModuleNotFoundError(f"there is no {__name__}: wasi does not support processes", name=__name__)
