"""What a login promises beyond a token: throttling, refresh tokens, a change of password, roles."""

from collections.abc import Callable, Iterator

from agents.blueprints.spec import LoginPart
from agents.offline.source import quoted
from agents.offline.topics import Check, Topic, Words, lines
from agents.offline.world import Thing, World


def account_topics(world: World) -> Iterator[Topic]:
    """Topics of our own login."""
    yield _throttled(world)
    makers: dict[LoginPart, Callable[[str], Topic]] = {
        "refresh": _refresh,
        "password": _password,
        "reset": _reset,
        "roles": _roles,
    }
    for part in world.spec.login_parts:
        yield makers[part](f"{world.prefix}/auth")


def _throttled(world: World) -> Topic:
    token = quoted(world.token_path)
    body = lines(f"""
        account, other = register(client, unique), register(client, unique)
        form = {{"username": account["email"], "password": "not the password"}}
        assert [client.post({token}, data=form).status_code for _ in range(10)] == [401] * 10
        answer = client.post({token}, data=form | {{"password": account["password"]}})
        assert answer.status_code == 429, answer.text
        assert 0 < int(answer.headers["retry-after"]) <= 900
        assert token_of(client, other)
    """)
    says = "ten wrong passwords are enough, for this account only."
    return Topic(
        "auth",
        f"After ten failed logins of an account from one client POST {world.token_path} answers 429 with Retry-After, "
        "whatever the password; other accounts are not affected.",
        (Check("test_guessing_a_password_is_slowed_down", says, body),),
    )


def _refresh(auth: str) -> Topic:
    start = f"""
        account = register(client, unique)
        form = {{"username": account["email"], "password": account["password"]}}
        first = client.post("{auth}/token", data=form).json()
    """
    renew = f'client.post("{auth}/refresh", json={{"refresh_token": TOKEN["refresh_token"]}})'
    rotated = lines(f"""{start}
        answer = {renew.replace("TOKEN", "first")}
        assert answer.status_code == 200, answer.text
        second = answer.json()
        assert second["refresh_token"] != first["refresh_token"]
        header = {{"Authorization": f"Bearer {{second['access_token']}}"}}
        assert client.get("{auth}/me", headers=header).json()["email"] == account["email"]
        assert {renew.replace("TOKEN", "second")}.status_code == 200
    """)
    reused = lines(f"""{start}
        second = {renew.replace("TOKEN", "first")}.json()
        assert {renew.replace("TOKEN", "first")}.status_code == 401
        assert {renew.replace("TOKEN", "second")}.status_code == 401
        again = client.post("{auth}/token", data=form).json()
        assert {renew.replace("TOKEN", "again")}.status_code == 200
    """)
    ended = lines(f"""{start}
        other = client.post("{auth}/token", data=form).json()
        gone = {{"refresh_token": first["refresh_token"]}}
        assert client.post("{auth}/logout", json=gone).status_code == 204
        assert client.post("{auth}/logout", json=gone).status_code == 204
        assert {renew.replace("TOKEN", "first")}.status_code == 401
        assert {renew.replace("TOKEN", "other")}.status_code == 200
    """)
    refused = lines(f"""
        for body, status in (({{"refresh_token": "nonsense"}}, 401), ({{}}, 422), ({{"refresh_token": ""}}, 422)):
            assert client.post("{auth}/refresh", json=body).status_code == status
    """)
    return Topic(
        "auth",
        f"POST {auth}/refresh exchanges a refresh token for new tokens, once: a second use answers 401 and ends the "
        f"login it came from; POST {auth}/logout ends one login and no other.",
        (
            Check("test_a_refresh_token_is_exchanged", "new tokens that work.", rotated),
            Check("test_a_refresh_token_works_once", "a second use ends the login, a new login works.", reused),
            Check("test_a_login_can_be_ended", "its refresh token is worth nothing, another login goes on.", ended),
            Check("test_a_wrong_refresh_token_is_refused", "unknown ones answer 401.", refused),
        ),
    )


def _password(auth: str) -> Topic:
    body = lines(f"""
        account = register(client, unique)
        header = token_of(client, account)
        wanted = {{"current_password": account["password"], "new_password": f"better-{{unique()}}"}}
        wrong = wanted | {{"current_password": "not the password"}}
        assert client.post("{auth}/password", json=wrong, headers=header).status_code == 403
        assert client.post("{auth}/password", json=wanted).status_code == 401
        short = wanted | {{"new_password": "short"}}
        assert client.post("{auth}/password", json=short, headers=header).status_code == 422
        answer = client.post("{auth}/password", json=wanted, headers=header)
        assert answer.status_code == 204, answer.text
        assert client.get("{auth}/me", headers=header).status_code == 401
        form = {{"username": account["email"], "password": account["password"]}}
        assert client.post("{auth}/token", data=form).status_code == 401
        assert token_of(client, account | {{"password": wanted["new_password"]}})
    """)
    return Topic(
        "auth",
        f"POST {auth}/password changes the password when the current one is right (204, else 403) and ends every token "
        "given out before.",
        (Check("test_a_password_can_be_changed", "the old one and old tokens are worth nothing.", body),),
    )


def _reset(auth: str) -> Topic:
    body = lines(f"""
        account = register(client, unique)
        old = token_of(client, account)
        mailbox = Mailbox()
        nobody = client.post("{auth}/password/forgot", json={{"email": f"{{unique()}}@example.com"}})
        answer = client.post("{auth}/password/forgot", json={{"email": account["email"].upper()}})
        assert (answer.status_code, answer.text) == (nobody.status_code, nobody.text) == (202, nobody.text)
        message = mailbox.receive()
        assert account["email"] in message
        token = re.search(r"token=([\\w.-]+)", message.replace("=\\r\\n", "").replace("=3D", "="))[1]
        wanted = {{"token": token, "new_password": f"better-{{unique()}}"}}
        assert client.get("{auth}/me", headers={{"Authorization": f"Bearer {{token}}"}}).status_code == 401
        assert client.post("{auth}/password/reset", json=wanted | {{"new_password": "short"}}).status_code == 422
        assert client.post("{auth}/password/reset", json=wanted).status_code == 204
        assert client.post("{auth}/password/reset", json=wanted).status_code == 400
        assert client.get("{auth}/me", headers=old).status_code == 401
        assert token_of(client, account | {{"password": wanted["new_password"]}})
    """)
    forged = lines(f"""
        login_token = token_of(client, register(client, unique))["Authorization"].removeprefix("Bearer ")
        for token in ("nonsense", login_token):
            wanted = {{"token": token, "new_password": "long enough"}}
            assert client.post("{auth}/password/reset", json=wanted).status_code == 400
    """)
    return Topic(
        "auth",
        f"POST {auth}/password/forgot answers 202 to every address and mails a link to the account's; its token sets a "
        f"new password once by POST {auth}/password/reset (204, else 400) and ends every token given out before.",
        (
            Check("test_a_forgotten_password_is_set_anew", "by the token of the message, once.", body),
            Check("test_another_token_sets_no_password", "nonsense and a login's token answer 400.", forged),
        ),
    )


MAILBOX = '''\
class Mailbox:
    """A mail server just large enough for one message."""

    def __init__(self) -> None:
        self.server = socket.create_server(("127.0.0.1", 1025))
        self.server.settimeout(15)

    def receive(self) -> str:
        """The next message as it was sent."""
        found = b""
        with self.server, self.server.accept()[0] as peer, peer.makefile("rwb", buffering=0) as line:
            line.write(b"220 here\\r\\n")
            while not (command := line.readline().upper()).startswith(b"QUIT") and command:
                if command.startswith(b"DATA"):
                    line.write(b"354 go on\\r\\n")
                    while (row := line.readline()) not in (b".\\r\\n", b""):
                        found += row
                line.write(b"250 well\\r\\n")
            line.write(b"221 bye\\r\\n")
        return found.decode()'''


def _roles(auth: str) -> Topic:
    kept = lines(f"""
        header = token_of(client, register(client, unique))
        me = client.get("{auth}/me", headers=header).json()
        assert me["role"] == "user"
        path = f"{auth}/users/{{me['id']}}/role"
        assert client.put(path, json={{"role": "admin"}}, headers=header).status_code == 403
        assert client.get("{auth}/users", headers=header).status_code == 403
        assert client.get("{auth}/users").status_code == 401
    """)
    given = lines(f"""
        account = register(client, unique)
        me = client.get("{auth}/me", headers=token_of(client, account)).json()
        path, boss = f"{auth}/users/{{me['id']}}/role", admin(client)
        answer = client.put(path, json={{"role": "admin"}}, headers=boss)
        assert answer.status_code == 200, answer.text
        assert answer.json() == me | {{"role": "admin"}}
        header = token_of(client, account)
        found = client.get("{auth}/users", params={{"limit": 1}}, headers=header).json()
        assert len(found["items"]) == 1 and found["total"] > 1
        assert client.put(path, json={{"role": "user"}}, headers=boss).status_code == 200
        assert client.get("{auth}/users", headers=header).status_code == 403
        assert client.put(path, json={{"role": "king"}}, headers=boss).status_code == 422
        assert client.put("{auth}/users/987654321/role", json={{"role": "user"}}, headers=boss).status_code == 404
    """)
    less = lines(f"""
        form = {{"username": "admin@example.com", "password": "change-this-password", "scope": "none"}}
        token = client.post("{auth}/token", data=form).json()["access_token"]
        header = {{"Authorization": f"Bearer {{token}}"}}
        assert client.get("{auth}/me", headers=header).json()["role"] == "admin"
        assert client.get("{auth}/users", headers=header).status_code == 403
        own = client.get("{auth}/me", headers=admin(client)).json()["id"]
        answer = client.put(f"{auth}/users/{{own}}/role", json={{"role": "user"}}, headers=admin(client))
        assert answer.status_code == 409, answer.text
    """)
    return Topic(
        "auth",
        f"Accounts are users until an administrator gives them the role with PUT {auth}/users/{{id}}/role; what only "
        "administrators may answers 403 to others, and to a token that asked for less.",
        (
            Check("test_a_user_is_no_administrator", "nobody makes himself one.", kept),
            Check("test_a_role_is_given_and_taken", "it counts at once, in both directions.", given),
            Check("test_a_token_may_ask_for_less", "without the scope it is no administrator's.", less),
        ),
    )


def owner_topics(world: World, thing: Thing) -> Iterator[Topic]:
    """What nobody but its owner sees."""
    if not thing.owned or "create" not in thing.actions:
        return
    w = Words(world, thing)
    body = [f"{w.var} = {w.make()}", "stranger = token_of(client, register(client, unique))"]
    others = {
        "read": f"client.get({w.item()}, headers=stranger)",
        "update": f"client.patch({w.item()}, json={{}}, headers=stranger)",
        "delete": f"client.delete({w.item()}, headers=stranger)",
    }
    for call in (others[action] for action in ("read", "update", "delete") if action in thing.actions):
        body.append(f"assert {call}.status_code == 404")
    if "list" in thing.actions:
        body.append(f"assert listed(client, {w.collection}, stranger) == []")
        body.append(f'assert {w.var}["id"] in [one["id"] for one in {w.listed()}]')
    if "read" in thing.actions:
        body.append(f"assert client.get({w.item()}{w.login('read')}).json() == {w.var}")
    claimed = [
        f'sent = {w.new()} | {{"owner_id": 1}}',
        f"assert client.post({w.collection}, json=sent{w.login('create')}).status_code == 422",
    ]
    yield Topic(
        thing.plural,
        f"{thing.many.capitalize()} belong to the user who made them: to others they are not found (404) and not "
        "listed, and nobody chooses the owner.",
        (
            Check(f"test_{thing.plural}_of_others_are_not_found", "404 and no list entry for a stranger.", tuple(body)),
            Check(f"test_the_owner_of_{w.name}_cannot_be_chosen", "422 for an owner in the body.", tuple(claimed)),
        ),
    )
