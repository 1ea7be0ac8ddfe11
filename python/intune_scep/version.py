"""The version of the library and of the collection."""

__version__ = "0.1.0"
