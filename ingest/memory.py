"""What is known of inputs: what the lake tells, and what this run has read and not yet committed."""

from __future__ import annotations

from ingest.identity import Beginning, consumed_of, read_beginnings
from lake.table import Lake


class RunMemory:
    """The memory of a run (ingest/identity.py, Memory). Not safe to share between threads."""

    def __init__(self, lake: Lake) -> None:
        self._lake = lake
        self._reading: dict[str, int] = {}
        self._reading_beginnings: dict[str, str] = {}
        self._told = [_Told(), _Told()]

    def progress(self, name: str) -> int | None:
        """How far the input is read, as a transaction version, with what is not yet committed."""
        return self._reading[name] if name in self._reading else self._lake.progress(name)

    def begun(self, name: str) -> int | None:
        """How far an interrupted run had read an input of which only the quarantine tells."""
        return self._lake.quarantine_progress(name)

    def beginning(self, key: str) -> str | None:
        """The input that begins with what has this key."""
        if key in self._reading_beginnings:
            return self._reading_beginnings[key]
        known = zip(self._told, (self._lake.progress_names(), self._lake.quarantine_names()), strict=True)
        return next((name for told, names in known if (name := told.beginning(key, names))), None)

    def read(self, name: str, version: int, beginnings: list[Beginning]) -> None:
        """An input has been read up to a version, which never goes back."""
        if consumed_of(version) >= consumed_of(self._reading.get(name, 0)):
            self._reading[name] = version
            for beginning in beginnings:
                if beginning.end <= consumed_of(version):
                    self._reading_beginnings.setdefault(beginning.key, name)

    def forget(self, name: str) -> None:
        """What was read of an input will not be committed."""
        self._reading.pop(name, None)
        for key in [key for key, owner in self._reading_beginnings.items() if owner == name]:
            del self._reading_beginnings[key]

    def committed(self) -> None:
        """All that was read is in the lake, or forgotten."""
        self._reading.clear()
        self._reading_beginnings.clear()


class _Told:
    """The beginnings that the transactions of a table tell, which grow as others commit."""

    def __init__(self) -> None:
        self._transactions: list[str] = []
        self._read = 0
        self._inputs: dict[str, str] = {}

    def beginning(self, key: str, transactions: list[str]) -> str | None:
        """The input that begins so. While the list only grows, what was read of it is not read again."""
        if transactions is not self._transactions:
            self._transactions, self._read, self._inputs = transactions, 0, {}
        for transaction in transactions[self._read :]:
            told = read_beginnings(transaction)
            if told is not None:
                for known in told[1]:
                    self._inputs.setdefault(known, told[0])
        self._read = len(transactions)
        return self._inputs.get(key)
