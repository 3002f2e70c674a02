"""The front door: commands and configuration. No logic of its own."""

from importlib.metadata import version

__version__ = version("why401")
