"""What every case came to, printed as one table at the end of the run."""

from dataclasses import dataclass

GROUPS = {
    "a": "A  resources", "b": "B  output", "c": "C  cheats at the verdict", "h": "C  honest changes",
    "d": "D  processes", "e": "E  network", "f": "F  secrets", "p": "G  edit paths", "t": "G  tar members",
    "k": "G  file kinds", "n": "G  file names", "g": "G  git vectors", "s": "C  cheats of the service",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Row:
    """One case and the word it ended with."""

    name: str
    what: str
    word: str


ROWS: list[Row] = []


def lines() -> list[str]:
    """The table, group by group."""
    told = []
    for letter, title in GROUPS.items():
        rows = sorted((row for row in ROWS if row.name[0] == letter), key=lambda row: row.name)
        if rows:
            told += ["", f"{title} ({len(rows)})"]
            told += [f"  {row.name:<5} {row.what[:74]:<74}  {row.word}" for row in rows]
    return [*told, "", f"{len(ROWS)} cases"]
