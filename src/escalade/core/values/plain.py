"""Text as a terminal may get it: what a file or a folder is called cannot command it."""

from __future__ import annotations

import unicodedata

# Control characters, and those that change the direction of what follows; lone surrogates.
_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
# Joiners and marks without which words and emoji of some scripts fall apart.
_HARMLESS = frozenset("\n\t\u200c\u200d\u00ad\ufeff")


def plain(text: str) -> str:
    """The text with control characters written out, as `\\x1b`; lines and tabs stay."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(map(_shown, text))


def one_line(text: str) -> str:
    """`plain`, with ends of lines and tabs written out, too."""
    return plain(text).replace("\n", "\\n").replace("\t", "\\t")


def _shown(character: str) -> str:
    if character in _HARMLESS or unicodedata.category(character) not in _UNSEEN:
        return character
    return character.encode("unicode_escape", "surrogatepass").decode()
