"""Write docs/recipes.md from the recipes."""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from agents.recipes.document import document  # noqa: E402

(ROOT / "docs" / "recipes.md").write_text(document(), encoding="utf-8")
