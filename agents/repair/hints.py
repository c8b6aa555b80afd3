"""What is known about a failure: its messages, the failing tests' text, the words of a report."""

import re
from dataclasses import dataclass
from functools import cached_property

_NUMBER = re.compile(r"(?<![\w.\"'])\d+(?:\.\d+)?(?![\w.\"'])")
_STRING = re.compile(r"\"([^\"\n]{0,60})\"|'([^'\n]{0,60})'")
_COMPARED = re.compile(r"assert (.+?) (==|!=|<=|>=|<|>|is not|is|in|not in) (.+)")
_STATUS = re.compile(r"(?:status_code|assert)\D{0,25}?\b([1-5]\d\d)\b\D{0,25}?(?:\b([1-5]\d\d)\b)?")
_ERROR = re.compile(r"\b([A-Z]\w*(?:Error|Exception|Interrupt|Iteration|Greenlet\w*|Warning|NotFound|Found))\b")
_LACKS = re.compile(
    r"has no attribute '(\w+)'|name '(\w+)' is not defined|KeyError: ['\"]?(\w+)|unexpected keyword argument '(\w+)'"
)
_CODE = re.compile(r"[1-5]\d\d")
_URL = re.compile(r"""f?["'](/[^"'\s]*)["']""")


@dataclass(frozen=True)
class Hints:
    """What the failing tests and the report say."""

    messages: tuple[str, ...] = ()
    """What pytest said for each failing test: the assertion or the exception with its message, traces where known."""
    tests: tuple[str, ...] = ()
    """The text of the failing tests' functions (not of the whole file)."""
    text: str = ""
    """The report in the user's words."""
    files: tuple[str, ...] = ()
    """The whole text of the failing tests' files: constants and fixtures are ingredients too."""

    @cached_property
    def said(self) -> str:
        return "\n".join(self.messages)

    @cached_property
    def numbers(self) -> list[str]:
        """Number literals in messages and tests, those of the messages first, no doubles."""
        return list(dict.fromkeys(_NUMBER.findall("\n".join((*self.messages, *self.tests, self.text)))))[:60]

    @cached_property
    def strings(self) -> list[str]:
        """String literals of the failing tests and messages, no doubles."""
        found = _STRING.findall("\n".join((*self.tests, *self.messages, self.text, *self.files)))
        return list(dict.fromkeys(a or b for a, b in found if a or b))[:150]

    @cached_property
    def statuses(self) -> list[str]:
        """HTTP status codes that are missed: those of failed assertions, where there are none those that tests name."""
        missed = [b for a, b in self.swapped if _CODE.fullmatch(a) and _CODE.fullmatch(b)]
        if missed or self.messages:
            return list(dict.fromkeys(missed))
        return self.named

    @cached_property
    def named(self) -> list[str]:
        """HTTP status codes that the failing tests and the report name."""
        wide = "\n".join((*self.tests, self.text))
        return list(dict.fromkeys(code for pair in _STATUS.findall(wide) for code in pair if code))

    @cached_property
    def answers(self) -> list[str]:
        """HTTP status codes that came instead."""
        return [a for a, b in self.swapped if _CODE.fullmatch(a) and _CODE.fullmatch(b)]

    @cached_property
    def by_one(self) -> bool:
        """Whether a number or a length was expected that is one more or less."""
        for actual, expected in self.swapped:
            numbers = re.fullmatch(r"-?\d+", actual), re.fullmatch(r"-?\d+", expected)
            if all(numbers) and abs(int(actual) - int(expected)) == 1:
                return True
        return False

    @cached_property
    def errors(self) -> set[str]:
        """Names of exceptions that were raised or expected."""
        return set(_ERROR.findall("\n".join((*self.messages, *self.tests, self.text))))

    @cached_property
    def lacking(self) -> set[str]:
        """Names that something turned out not to have: attributes, variables, keys, keyword arguments."""
        return {name for groups in _LACKS.findall(self.said) for name in groups if name}

    @cached_property
    def urls(self) -> list[str]:
        """Paths that the failing tests ask for, as they stand in their text (`/users/{user_id}` from f-strings too)."""
        return list(dict.fromkeys(u.split("?")[0].rstrip("/") or "/" for u in _URL.findall("\n".join(self.tests))))

    @cached_property
    def words(self) -> set[str]:
        """Lower-case words of everything said."""
        everything = "\n".join((*self.messages, *self.tests, self.text)).lower()
        return set(re.findall(r"[a-z]{3,}", everything.replace("_", " ")))

    def mentions(self, *parts: str) -> bool:
        """Whether the messages or the report mention one of these, in any case."""
        low = (self.said + self.text).lower()
        return any(part.lower() in low for part in parts)

    @cached_property
    def swapped(self) -> list[tuple[str, str]]:
        """(actual, expected) of comparisons in the messages: `assert 3 == 4` is ("3", "4")."""
        return [(a.strip(), b.strip().rstrip(",")) for a, op, b in _COMPARED.findall(self.said) if op == "=="]
