"""Draw the graphs into docs/graph.md."""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from workflows.kinds import page  # noqa: E402

(ROOT / "docs" / "graph.md").write_text(page())
