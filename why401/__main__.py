"""`python -m why401` is the same as `why401`."""

from why401.cli import main

main()
