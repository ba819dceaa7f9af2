"""The sandbox in the shapes that other packages expect. Each module here needs the package that it is named after."""
