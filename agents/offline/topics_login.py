"""What login, health and the operations that were there before promise."""

from collections.abc import Iterator

from agents.offline.payloads import Value
from agents.offline.source import quoted
from agents.offline.topics import Check, Topic, lines
from agents.offline.world import World

_BAD = (
    Value("no address", '{"email": "nobody", "password": "long enough"}'),
    Value("short password", '{"email": "ada@example.com", "password": "short"}'),
    Value("long password", '{"email": "ada@example.com", "password": "x" * 129}'),
    Value("no password", '{"email": "ada@example.com"}'),
)


def login_topics(world: World) -> Iterator[Topic]:
    """Topics of registration, token and the logged-in user."""
    register, token, me = world.register_path, world.token_path, world.me_path
    yield Topic(
        "auth",
        f"POST {register} with e-mail and password (8-128 characters) answers 201 with id and e-mail, never "
        f"the password; "
        "a taken e-mail answers 409, invalid input 422.",
        _register(quoted(str(register))),
    )
    yield Topic(
        "auth",
        f"POST {token} (OAuth2 password form) answers a bearer token that expires; wrong credentials answer "
        f"401, always the same.",
        _token(quoted(token)),
    )
    yield Topic(
        "auth",
        f"GET {me} answers the user of the token; without a valid token 401 with WWW-Authenticate: Bearer.",
        _me(quoted(me)),
    )


def _register(path: str) -> tuple[Check, ...]:
    created = lines(f"""
        account = newcomer(unique)
        answer = client.post({path}, json=account)
        assert answer.status_code == 201, answer.text
        assert answer.json()["email"] == account["email"]
        assert isinstance(answer.json()["id"], int)
        assert account["password"] not in answer.text
        assert "password" not in answer.text
    """)
    taken = lines(f"""
        account = newcomer(unique)
        assert client.post({path}, json=account).status_code == 201
        assert client.post({path}, json=account).status_code == 409
        account["email"] = account["email"].upper()
        assert client.post({path}, json=account).status_code == 409
    """)
    refused = lines(f"""
        answer = client.post({path}, json=account)
        assert answer.status_code == 422, answer.text
    """)
    return (
        Check("test_a_user_can_register", "registering answers 201 and never shows the password.", created),
        Check("test_an_email_can_be_registered_once", "a taken e-mail answers 409, whatever the case.", taken),
        Check("test_an_invalid_registration_is_refused", "invalid input answers 422.", refused, "account", _BAD),
    )


def _token(path: str) -> tuple[Check, ...]:
    good = lines(f"""
        account = register(client, unique)
        answer = client.post({path}, data={{"username": account["email"], "password": account["password"]}})
        assert answer.status_code == 200, answer.text
        assert answer.json()["token_type"].lower() == "bearer"
        claims = answer.json()["access_token"].split(".")[1]
        expires = json.loads(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))["exp"]
        assert time.time() < expires <= time.time() + 86_400 + 60
    """)
    wrong = lines(f"""
        account = register(client, unique)
        answers = [
            client.post({path}, data={{"username": account["email"], "password": "not the password"}}),
            client.post({path}, data={{"username": f"{{unique()}}@example.com", "password": account["password"]}}),
        ]
        assert [answer.status_code for answer in answers] == [401, 401]
        assert answers[0].json() == answers[1].json()
    """)
    return (
        Check("test_a_user_gets_a_token", "the right password gives a bearer token that expires.", good),
        Check(
            "test_wrong_credentials_get_no_token", "a wrong password and an unknown user answer the same 401.", wrong
        ),
    )


def _me(path: str) -> tuple[Check, ...]:
    me = lines(f"""
        account = register(client, unique)
        answer = client.get({path}, headers=token_of(client, account))
        assert answer.status_code == 200, answer.text
        assert answer.json()["email"] == account["email"]
        assert "password" not in answer.text
    """)
    forged = lines(f"""
        token = token_of(client, register(client, unique))["Authorization"].removeprefix("Bearer ")
        header, claims, signature = token.split(".")
        none = base64.urlsafe_b64encode(b'{{"alg":"none","typ":"JWT"}}').rstrip(b"=").decode()
        twisted = signature[:-2] + ("AA" if signature[-2:] != "AA" else "BB")
        unsigned, damaged = f"{{none}}.{{claims}}.", f"{{header}}.{{claims}}.{{twisted}}"
        for bad in ("nonsense", unsigned, damaged, f"{{header}}.{{claims}}"):
            answer = client.get({path}, headers={{"Authorization": f"Bearer {{bad}}"}})
            assert answer.status_code == 401, bad
            assert answer.headers["www-authenticate"].startswith("Bearer")
        assert client.get({path}).status_code == 401
    """)
    return (
        Check("test_a_token_tells_who_it_is", "the token's user is answered.", me),
        Check("test_a_forged_token_is_refused", "no token, nonsense, unsigned and damaged ones answer 401.", forged),
    )


def health_topic() -> Topic:
    """The health route."""
    body = lines("""
        answer = client.get("/health")
        assert answer.status_code == 200, answer.text
        assert answer.json() == {"status": "ok"}
    """)
    check = Check("test_the_service_is_healthy", "the health check answers ok.", body)
    return Topic("health", 'GET /health answers 200 with {"status": "ok"}.', (check,))


def standing_topic(world: World) -> Topic | None:
    """The lists that are there already and must keep answering."""
    checks = []
    for resource in world.profile.resources:
        thing = world.things[resource.name]
        if "list" not in thing.actions or "list" in thing.guarded or "{" in resource.path:
            continue
        body = (
            f"answer = client.get({quoted(resource.path)})",
            "assert answer.status_code == 200, answer.text",
            "assert isinstance(rows(answer), list)",
        )
        checks.append(Check(f"test_{thing.plural}_still_answer", f"the list of {thing.many} answers as before.", body))
    if not checks:
        return None
    paths = ", ".join(
        r.path
        for r in world.profile.resources
        if "{" not in r.path and f"test_{r.plural}_still_answer" in {c.name for c in checks}
    )
    return Topic("existing", f"What was there keeps answering: GET {paths}.", tuple(checks), guard=True)
