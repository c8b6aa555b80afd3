"""Work that is no run needs no name of the user's, and leaves nothing behind."""

from pathlib import Path

from workflows.aside import FOLDER, aside
from workflows.runs import Runs
from workflows.settings import OFFLINE, load


def test_it_claims_no_branch_a_user_may_have(tmp_path: Path) -> None:
    repo = tmp_path / "repo"
    repo.mkdir()
    loaded = load(repo, {}, {"HOME": str(tmp_path), "XDG_STATE_HOME": str(tmp_path / "state")})
    with aside(repo, "review all", loaded, OFFLINE, lambda: False) as context:
        assert context.run_id in context.branch
    assert Runs(loaded.values.state_dir / FOLDER).list() == []
