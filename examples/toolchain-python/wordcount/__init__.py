"""Counts words."""

import re
from collections import Counter


def count_words(text: str) -> Counter:
    """How often each word stands in a text, whatever its case."""
    return Counter(re.findall(r"\w+", text.lower()))


def top_words(text: str, count: int) -> list:
    """The most frequent words, those of equal number in alphabetical order."""
    counted = count_words(text).items()
    return [word for word, _ in sorted(counted, key=lambda pair: (-pair[1], pair[0]))[:count]]
