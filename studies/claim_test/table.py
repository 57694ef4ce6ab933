"""Placeholder."""
from pathlib import Path
class Table:
    @classmethod
    def of(cls, run): return cls()
    def write(self, path): pass
    def markdown(self): return ""
