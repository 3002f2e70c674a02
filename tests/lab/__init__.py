"""The lab: real servers on loopback, real faults, their real logs, and the truth about each request."""
