"""Framing: a stream of bytes to chunks of records, with memory bounded by the chunk.

Three kinds of record: lines; JSON documents wherever they stand (one after another, pretty-printed or not,
in an array, or in the array of a wrapper such as {"value": [...]}); rows of CSV below a header.
"""

from ingest.framing.chunk import LINES, LONGEST_RECORD, Chunk, Framing, Overlong, Readable
from ingest.framing.detect import detect_framing
from ingest.framing.reading import chunks

__all__ = ["LINES", "LONGEST_RECORD", "Chunk", "Framing", "Overlong", "Readable", "chunks", "detect_framing"]
