"""The front door: commands and configuration. No logic of its own."""
