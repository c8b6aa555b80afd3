"""What is looked at before a package is installed that nobody asked for before.

Models invent names, and somebody may have registered what they invent. So a newly asked-for package has to be on the
index, not since yesterday, and not one slip away from a well-known one. What a repository asked for all along is its
owner's choice: only a name that no index has is an error there.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from urllib.parse import urlsplit

from sandbox.build_network import Index
from sandbox.errors import PackageRefused
from sandbox.index import Answer, Asker
from sandbox.lookalikes import lookalike, well_known
from sandbox.manifest import Manifest, packages_of

DAY_S = 86_400.0
ADVICE = (
    "Use an established package that exists, or do without. "
    "If a name is right, the user of greenloop can allow it with the setting allow_packages."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """What the user lets in."""

    allow: tuple[str, ...] = ()
    """Names, or patterns like `acme-*`, that are not looked at."""
    min_age_days: float = 30
    """A package whose first upload is younger is refused; 0 refuses none."""

    def allows(self, name: str) -> bool:
        """Whether the user vouches for a name (a normalised one)."""
        return any(fnmatchcase(name, pattern.lower().replace("_", "-").replace(".", "-")) for pattern in self.allow)


@dataclass(frozen=True, slots=True)
class Asked:
    """One package somebody wants."""

    name: str
    """Normalised."""
    new: bool
    """False: the repository asked for it before the change too."""
    url: str = ""
    """Where it is to come from when not from an index."""


def asked_for(manifest: Manifest, known: Manifest | None) -> list[Asked]:
    """What a manifest asks for, held against that of the code before the change (None: there is none)."""
    before = set(packages_of(known)) if known else set()
    names = {name for name, _ in before}
    return [
        Asked(name, (name, url) not in before if url else name not in names, url)
        for name, url in dict.fromkeys(packages_of(manifest))
    ]


def check(
    manifest: Manifest,
    known: Manifest | None,
    asker: Asker,
    indexes: tuple[Index, ...],
    policy: Policy,
    *,
    now: Callable[[], float] = time.time,
) -> list[str]:
    """Look at every package; returns notes, one line each.

    Raises:
        PackageRefused: at least one must not be installed; all of them are named.
    """
    doubtful = [one for one in asked_for(manifest, known) if not policy.allows(one.name)]
    unsure = [one for one in doubtful if not one.url and one.name not in well_known()]
    answers = asker.ask([(index, one.name) for one in unsure for index in indexes])
    refused = [f"{one.name} comes from {_where(one.url)}, not from the package index" for one in doubtful if _odd(one)]
    notes = []
    for one in unsure:
        said = {index: answers[index, one.name] for index in indexes}
        refusal, note = _judged(one, said, policy, now())
        refused += [refusal] if refusal else []
        notes += [note] if note else []
    if refused:
        raise PackageRefused(
            "\n".join(
                (
                    "refused before anything was installed:",
                    *(one if one.endswith("?") else f"{one}." for one in refused),
                )
            ),
            advice=ADVICE,
        )
    return notes


def _judged(one: Asked, said: Mapping[Index, Answer], policy: Policy, now: float) -> tuple[str, str]:
    """A refusal, or a note; both are empty when there is nothing to say."""
    if any(answer.found and index.own for index, answer in said.items()):
        return "", ""
    meant = lookalike(one.name)
    hint = f"; did you mean {meant}?" if meant else ""
    public = next((answer for answer in said.values() if answer.found), None)
    if public is None:
        silent = [(index, answer.trouble) for index, answer in said.items() if answer.found is None]
        if silent:
            index, trouble = silent[0]
            return "", f"{one.name} was not checked before installing: the index {index.name}: {trouble}"
        return f"{one.name} does not exist: it is not on the package index{hint}", ""
    if meant and one.new:
        return f"{one.name} is one slip away from the well-known {meant}, and not well known itself{hint}", ""
    if meant:
        return "", f"{one.name} looks like the well-known {meant}{hint}"
    age = None if public.first_upload is None else (now - public.first_upload) / DAY_S
    if one.new and age is not None and age < policy.min_age_days:
        return f"{one.name} is {_days(age)} old; packages younger than {_days(policy.min_age_days)} are not trusted", ""
    return "", ""


def _odd(one: Asked) -> bool:
    return one.new and bool(one.url)


def _where(url: str) -> str:
    return urlsplit(url.removeprefix("git+")).hostname or "somewhere else"


def _days(days: float) -> str:
    whole = int(days)
    return "less than a day" if whole < 1 else f"{whole} day{'s' * (whole != 1)}"
