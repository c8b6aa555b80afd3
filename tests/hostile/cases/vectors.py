"""G: ways a repository can make git run a program. `@RUN@` is that program, which leaves a mark behind."""

from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True)
class Vector:
    name: str
    what: str
    trigger: tuple[str, ...]
    """Plain git with these arguments falls into the trap; otherwise the case would show nothing."""
    config: dict[str, str] = field(default_factory=dict)
    hook: str = ""
    attributes: str = ""
    files: dict[str, str] = field(default_factory=dict)
    """Paths relative to the repository's folder, whose text is written as it is."""
    stdin: bytes = b""
    terminal: bool = False


ALL = "* filter=evil diff=evil merge=evil\n"
EVIL_FSMONITOR = "[core]\n\trepositoryformatversion = 0\n\tfsmonitor = @RUN@\n"
ASK = b"protocol=https\nhost=example.invalid\n\n"
VECTORS = (
    Vector(name="g01", what="hook pre-commit", hook="pre-commit", trigger=("commit", "-qam", "x")),
    Vector(name="g02", what="hook post-index-change", hook="post-index-change", trigger=("add", "-A")),
    Vector(name="g03", what="hook post-checkout", hook="post-checkout", trigger=("checkout", "-q", "-b", "other")),
    Vector(name="g04", what="hook reference-transaction", hook="reference-transaction", trigger=("branch", "other")),
    Vector(name="g05", what="hook post-merge", hook="post-merge", trigger=("merge", "-q", "ahead")),
    Vector(name="g06", what="hook pre-push", hook="pre-push", trigger=("push", "-q", "../bare.git", "HEAD:refs/heads/x")),
    Vector(name="g07", what="hook post-commit", hook="post-commit", trigger=("commit", "-qam", "x")),
    Vector(name="g08", what="hook prepare-commit-msg", hook="prepare-commit-msg", trigger=("commit", "-qam", "x")),
    Vector(name="g09", what="core.hooksPath", config={"core.hooksPath": "../hooks"}, trigger=("commit", "-qam", "x")),
    Vector(name="g10", what="core.fsmonitor", config={"core.fsmonitor": "@RUN@"}, trigger=("status",)),
    Vector(name="g11", what="a clean filter", config={"filter.evil.clean": "@RUN@"}, attributes=ALL, trigger=("add", "-A")),
    Vector(name="g12", what="a smudge filter", config={"filter.evil.smudge": "@RUN@"}, attributes=ALL, trigger=("checkout", "-f", "ahead")),
    Vector(name="g13", what="a filter process", config={"filter.evil.process": "@RUN@"}, attributes=ALL, trigger=("add", "-A")),
    Vector(name="g14", what="a required filter by .gitattributes", config={"filter.evil.clean": "@RUN@", "filter.evil.required": "true"}, files={".gitattributes": ALL}, trigger=("add", "-A")),
    Vector(name="g15", what="diff.external", config={"diff.external": "@RUN@"}, trigger=("diff",)),
    Vector(name="g16", what="textconv", config={"diff.evil.textconv": "@RUN@"}, attributes=ALL, trigger=("log", "-p")),
    Vector(name="g17", what="a diff driver", config={"diff.evil.command": "@RUN@"}, attributes=ALL, trigger=("diff",)),
    Vector(name="g18", what="a merge driver", config={"merge.evil.driver": "@RUN@"}, attributes=ALL, trigger=("merge", "-q", "conflict")),
    Vector(name="g19", what="core.pager", config={"core.pager": "@RUN@"}, trigger=("log",), terminal=True),
    Vector(name="g20", what="core.editor", config={"core.editor": "@RUN@"}, trigger=("commit", "--amend")),
    Vector(name="g21", what="gpg.program", config={"gpg.program": "@RUN@", "commit.gpgSign": "true"}, trigger=("commit", "-qam", "x")),
    Vector(name="g22", what="log.showSignature", config={"gpg.program": "@RUN@", "log.showSignature": "true"}, trigger=("log", "signed")),
    Vector(name="g23", what="include.path", config={"include.path": "../evil.config"}, files={"evil.config": EVIL_FSMONITOR}, trigger=("status",)),
    Vector(name="g24", what="includeIf", config={"includeIf.gitdir:**.path": "../evil.config"}, files={"evil.config": EVIL_FSMONITOR}, trigger=("status",)),
    Vector(name="g25", what="settings of a work tree", config={"extensions.worktreeConfig": "true"}, files={".git/config.worktree": EVIL_FSMONITOR}, trigger=("status",)),
    Vector(name="g26", what="an ext:: remote", config={"remote.o.url": "ext::@RUN@", "protocol.ext.allow": "always"}, trigger=("fetch", "o")),
    Vector(name="g27", what="url.insteadOf to ext::", config={"url.ext::@RUN@ .insteadOf": "https://", "protocol.ext.allow": "always", "remote.o.url": "https://x/y"}, trigger=("fetch", "o")),
    Vector(name="g28", what="core.sshCommand", config={"core.sshCommand": "@RUN@", "remote.o.url": "ssh://x/y"}, trigger=("fetch", "o")),
    Vector(name="g29", what="core.gitProxy", config={"core.gitProxy": "@RUN@", "remote.o.url": "git://x.invalid/y"}, trigger=("fetch", "o")),
    Vector(name="g30", what="remote.uploadpack", config={"remote.o.url": "../bare.git", "remote.o.uploadpack": "@RUN@"}, trigger=("fetch", "o")),
    Vector(name="g31", what="credential.helper", config={"credential.helper": "!@RUN@"}, trigger=("credential", "fill"), stdin=ASK),
    Vector(name="g32", what="core.askPass", config={"core.askPass": "@RUN@"}, trigger=("credential", "fill"), stdin=ASK),
    Vector(name="g33", what="an alias", config={"alias.st": "!@RUN@", "alias.status": "!@RUN@"}, trigger=("st",)),
    Vector(name="g34", what="a promisor remote for a missing object", trigger=("show", "HEAD:gone.txt"), config={
        "core.repositoryFormatVersion": "1", "extensions.partialClone": "o", "remote.o.promisor": "true",
        "remote.o.url": "../bare.git", "remote.o.uploadpack": "@RUN@",
    }),
    Vector(name="g35", what="a .git file to a folder elsewhere", trigger=("status",), config={"core.fsmonitor": "@RUN@"}),
    Vector(name="g36", what="a bare repository buried in the tree", trigger=("-C", "buried", "status"), files={
        "buried/HEAD": "ref: refs/heads/main\n", "buried/config": EVIL_FSMONITOR + "\tbare = false\n\tworktree = ..\n",
        "buried/objects/info/x": "", "buried/refs/heads/x": "",
    }),
)  # fmt: skip
