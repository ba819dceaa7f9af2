"""In place of a module that is for sharing between processes."""

raise ImportError(f"there is no {__name__}: wasi does not support processes", name=__name__)
