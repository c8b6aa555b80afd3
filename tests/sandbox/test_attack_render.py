"""What a hit looks like as a test."""

import base64
import json
from typing import Any

from sandbox.attack.render import test_file as module_of
from sandbox.attack.script import Attack, Expect, Hit, Step


def written(claims: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(claims).encode()).rstrip(b"=").decode()


def test_a_tampered_token_still_names_a_user_who_exists() -> None:
    step = Step(
        method="GET", path="/me", headers={"Authorization": "Bearer <<token:tampered>>"}, expect=Expect(status=(401,))
    )
    attack = Attack(id="authentication/GET /me/tampered", category="authentication", title="it is taken", steps=(step,))
    names: dict[str, Any] = {}
    exec(module_of([Hit(attack=attack, step=0, told="answered 200")], "Hits."), names)
    head, payload, signature = names["forged"](f"h.{written({'sub': '1', 'exp': 5})}.s", "tampered").split(".")
    claims = json.loads(base64.urlsafe_b64decode(payload + "=="))
    assert (head, signature) == ("h", "s")
    assert claims["sub"] == "1"
    assert claims["exp"] != 5
