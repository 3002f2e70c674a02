"""The servers of the lab, one module each; see tests/lab/component.py."""
