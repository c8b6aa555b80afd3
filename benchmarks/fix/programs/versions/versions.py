"""Semantic versions."""

import re

PATTERN = re.compile(r"^v?(\d+)\.(\d+)\.(\d+)(?:-([0-9A-Za-z.-]+))?$")


class Version:
    def __init__(self, major, minor, patch, pre=""):
        self.major = major
        self.minor = minor
        self.patch = patch
        self.pre = pre

    @classmethod
    def parse(cls, text):
        """`v1.2.3-rc.1`

        Raises ValueError for anything else.
        """
        found = PATTERN.match(text.strip())
        if not found:
            raise ValueError(f"{text!r} is no version")
        major, minor, patch, pre = found.groups()
        return cls(int(major), int(minor), int(patch), pre or "")

    def bump(self, part):
        """The next version; smaller parts begin again.

        Raises ValueError for an unknown part.
        """
        if part == "major":
            return Version(self.major + 1, 0, 0)
        if part == "minor":
            return Version(self.major, self.minor + 1, 0)
        if part == "patch":
            if self.pre:
                return Version(self.major, self.minor, self.patch)
            return Version(self.major, self.minor, self.patch + 1)
        raise ValueError(f"no part {part}")

    def key(self):
        """Sorts like the version: numbers before words, fewer parts before more, releases last."""
        parts = []
        for part in self.pre.split(".") if self.pre else []:
            parts.append((0, int(part), "") if part.isdigit() else (1, 0, part))
        return (self.major, self.minor, self.patch, not self.pre, parts)

    def satisfies(self, wish):
        """Whether it fits `^1.2.3` (same major), `~1.2.3` (same minor), `>=1.2.3` or a version itself."""
        if wish.startswith("^"):
            low = Version.parse(wish[1:])
            return self >= low and self.major == low.major
        if wish.startswith("~"):
            low = Version.parse(wish[1:])
            return self >= low and (self.major, self.minor) == (low.major, low.minor)
        if wish.startswith(">="):
            return self >= Version.parse(wish[2:])
        return self == Version.parse(wish)

    def __eq__(self, other):
        return self.key() == other.key()

    def __lt__(self, other):
        return self.key() < other.key()

    def __ge__(self, other):
        return not self < other

    def __hash__(self):
        return hash(str(self))

    def __str__(self):
        text = f"{self.major}.{self.minor}.{self.patch}"
        return f"{text}-{self.pre}" if self.pre else text


def newest(texts, wish=None, pre=False):
    """The newest of versions that fit a wish, releases only unless `pre`; None when there is none."""
    found = [Version.parse(text) for text in texts]
    fitting = [v for v in found if (pre or not v.pre) and (wish is None or v.satisfies(wish))]
    return str(max(fitting)) if fitting else None
