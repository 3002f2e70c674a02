"""The front door: commands and configuration. No logic of its own."""

import os

# Arrow reads it when it is loaded. Memory from the C library comes back for the next chunk with its pages;
# Arrow's own allocator asks for new ones: a twentieth of the time of Okta's JSON, and 70 MB of memory.
os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")
