"""Draw the graph into docs/graph.md."""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from workflows.feature import build_graph  # noqa: E402

drawn = build_graph().get_graph().draw_mermaid(with_styles=False).strip()
(ROOT / "docs" / "graph.md").write_text(f"# The feature graph\n\n```mermaid\n{drawn}\n```\n")
