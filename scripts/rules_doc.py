"""Write docs/rules.md from the rules."""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from agents.rules.document import document  # noqa: E402

(ROOT / "docs" / "rules.md").write_text(document(), encoding="utf-8")
