"""Git blob ids of the files that are as they were staged last: what lets every workspace share one symbol index."""

import os

from sandbox.git import Git

PLAIN_FILE = (b"100644", b"100755")


def blob_ids(git: Git) -> dict[str, str]:
    """Path -> blob id of every staged plain file that is unchanged on disk since.

    Raises:
        GitFailed: git itself failed.
    """
    changed = set(git.run("ls-files", "-z", "-m").split(b"\0"))
    found: dict[str, str] = {}
    for record in git.run("ls-files", "-z", "-s").split(b"\0"):
        facts, _, name = record.partition(b"\t")
        mode, _, rest = facts.partition(b" ")
        if mode in PLAIN_FILE and rest.endswith(b" 0") and name not in changed:
            found[os.fsdecode(name)] = rest.partition(b" ")[0].decode()
    return found
