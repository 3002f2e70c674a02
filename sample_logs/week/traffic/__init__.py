"""A week of OAuth traffic of a made-up company: who asks, when, what goes wrong, and the lines it leaves.

clients   who asks: applications, their users, their rhythm
rhythm    how much is asked in each hour of the week
requests  the requests of a week, as columns
faults    what goes wrong, and how each log tells it
incidents the four things that went badly wrong
nginx, keycloak, okta   the lines, in true formats
truth     every failure with its cause
"""
