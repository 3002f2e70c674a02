"""The faults of the lab, one module each; see tests/lab/fault.py."""
