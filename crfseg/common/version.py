"""The version of crfseg."""

__version__ = "0.1.0"
