"""SQL handed to drivers as text, tokens that nobody checks, keys in the code: found however written, and nothing else."""

import pytest

from tests.agents.rules.test_variations import found

START = """
import contextlib
import sqlite3
import psycopg
import psycopg2

def get_conn():
    conn = sqlite3.connect('shop.db')
    try:
        yield conn
    finally:
        conn.close()

def get_typed() -> 'Iterator[psycopg.Connection]':
    with psycopg.connect('') as conn:
        yield conn

def pg():
    return psycopg2.connect('')

shared = sqlite3.connect('shop.db')

def get_shared():
    return shared

def must_exist(conn, number):
    if conn.execute('select 1 from books where id = ?', (number,)).fetchone() is None:
        raise HTTPException(404)

"""
LOOP = "@app.get('/x')\nasync def f(n: int = 1, conn=Depends({giver})) -> Any:\n    {body}"
ONE = "@app.get('/x/{{n}}')\ndef f(n: int, conn=Depends(get_conn)) -> Any:\n    {body}"
MANY = "@app.get('/x')\ndef f(q: str = '', limit: int = 5, conn=Depends(get_conn)) -> Any:\n    {body}"
BY_ID = "'select id, title from books where id = ?', (n,)"
SELECT = "select id, title from books"
FLAWED = {
    "a connection from a generator": ("GL303", LOOP.format(giver="get_conn", body="conn.execute('select 1')")),
    "a shared connection": ("GL303", LOOP.format(giver="get_shared", body="return conn.execute('select 1').fetchall()")),
    "an annotated dependency": ("GL303", LOOP.format(giver="get_typed", body="conn.commit()")),
    "an annotated parameter": (
        "GL303",
        "@app.get('/x')\nasync def f(conn: Annotated[sqlite3.Connection, Depends(get_conn)]) -> None:\n    conn.commit()",
    ),
    "a cursor": ("GL303", LOOP.format(giver="pg", body="cur = conn.cursor()\n    cur.execute('select 1')")),
    "a cursor in a with": ("GL303", LOOP.format(giver="pg", body="with conn.cursor() as c:\n        c.execute('x')")),
    "rows of a cursor": ("GL303", LOOP.format(giver="pg", body="c = conn.cursor()\n    return c.fetchall()")),
    "a connection made in the handler": (
        "GL303",
        "@app.get('/x')\nasync def f() -> Any:\n    with contextlib.closing(sqlite3.connect('a.db')) as c:\n        c.commit()",
    ),
    "an attribute of a store": (
        "GL303",
        "class Store:\n    def __init__(self):\n        self.conn = sqlite3.connect('a.db')\n"
        "    def keep(self):\n        self.conn.commit()\nstore = Store()\n"
        "@app.get('/x')\nasync def f() -> None:\n    store.keep()",
    ),
    "a column of a row at once": ("GL210", ONE.format(body=f"return conn.execute({BY_ID}).fetchone()[0]")),
    "a column of a row": ("GL210", ONE.format(body=f"row = conn.execute({BY_ID}).fetchone()\n    return row['title']")),
    "a row taken apart": ("GL210", ONE.format(body=f"a, b = conn.execute({BY_ID}).fetchone()\n    return b")),
    "a row as a dictionary": ("GL210", ONE.format(body=f"return dict(conn.execute({BY_ID}).fetchone())")),
    "a row of a cursor": (
        "GL210", ONE.format(body=f"cur = conn.cursor()\n    cur.execute({BY_ID})\n    return cur.fetchone()[1]"),
    ),
    "the first row of a table": ("GL210", ONE.format(body=f"return conn.execute('{SELECT} order by id').fetchone()[0]")),
    "a row of asyncpg": (
        "GL210",
        "@app.get('/x/{n}')\nasync def f(n: int, db: Any = None) -> Any:\n"
        "    row = await db.fetchrow('select title from books where id = $1', n)\n    return row['title']",
    ),
    "a largest by group": (
        "GL210", ONE.format(body="return conn.execute('select max(p) from b where a = ? group by c', (n,)).fetchone()[0]"),
    ),
    "every row": ("GL701", MANY.format(body=f"return conn.execute('{SELECT}').fetchall()")),
    "every row, gone through": ("GL701", MANY.format(body=f"return [r[0] for r in conn.execute('{SELECT}')]")),
    "every row of a cursor": (
        "GL701", MANY.format(body=f"c = conn.cursor()\n    c.execute('{SELECT}')\n    rows = c.fetchall()\n    return rows"),
    ),
    "every row, collected": (
        "GL701",
        MANY.format(body=f"out = []\n    for r in conn.execute('{SELECT}'):\n        out.append(r)\n    return out"),
    ),
    "a search that is open by default": (
        "GL701", MANY.format(body=f"return conn.execute(f\"{SELECT} where title like '%{{q}}%'\").fetchall()"),
    ),
    "statement in a constant": ("GL701", f"SQL = '{SELECT}'\n" + MANY.format(body="return conn.execute(SQL).fetchall()")),
    "a signature not checked in a handler": (
        "GL503", "@app.get('/me')\ndef me(t: str) -> Any:\n    return jwt.decode(t, 'k', options={'verify_signature': False})",
    ),
    "a signature not checked by options in a variable": (
        "GL503", "off = {'verify_signature': False}\ndef who(t: str):\n    o = dict(verify_signature=False)\n"
        "    return jwt.decode(t, options=o)['sub']",
    ),
    "claims nobody checked": (
        "GL503", "from jose import jwt as j\ndef who(t: str):\n    return j.get_unverified_claims(t)['sub']",
    ),
    "two that are not checked": (
        "GL503",
        "def who(t: str):\n    a = jwt.decode(t, options={'verify_signature': False})\n"
        "    return a or jwt.decode(t, options={'verify_signature': False})",
    ),
    "a key that holds its name": ("GL501", "SECRET = 'supersecretkey123'"),
    "a key with its name and a separator": ("GL501", "JWT_SECRET = 'jwt_secret-9f8e7d6c5b4a'"),
    "a key that is its name, used": (
        "GL501", "SECRET = 'secret'\ndef who(t: str):\n    return jwt.decode(t, SECRET, algorithms=['HS256'])",
    ),
    "a key of any name, used": (
        "GL501", "PHRASE = 'open sesame'\ndef make() -> str:\n    return jwt.encode({'exp': 1}, PHRASE)",
    ),
}  # fmt: skip
CLEAN = {
    "a plain handler": ("GL303", LOOP.format(giver="get_conn", body="conn.commit()").replace("async def", "def")),
    "in a thread": (
        "GL303",
        LOOP.format(giver="get_conn", body="return await run_in_threadpool(lambda: conn.execute('x').fetchall())"),
    ),
    "an asynchronous driver": (
        "GL303",
        "@app.get('/x')\nasync def f(conn: psycopg.AsyncConnection) -> Any:\n    return await conn.execute('select 1')",
    ),
    "a namesake": (
        "GL303",
        "class Conn:\n    def execute(self, text):\n        return text\ndef give():\n    return Conn()\n"
        + LOOP.format(giver="give", body="conn.execute('x')"),
    ),
    "a row that is checked": (
        "GL210",
        ONE.format(body=f"row = conn.execute({BY_ID}).fetchone()\n    if not row:\n        raise HTTPException(404)\n    return row[0]"),
    ),
    "a row that is handed out": ("GL210", ONE.format(body=f"return conn.execute({BY_ID}).fetchone()")),
    "a count": ("GL210", ONE.format(body="return conn.execute('select count(*) from b where a = ?', (n,)).fetchone()[0]")),
    "no table": ("GL210", ONE.format(body="return conn.execute('select ?', (n,)).fetchone()[0]")),
    "a row just written": (
        "GL210",
        ONE.format(body=f"conn.execute('insert into books values (?)', (n,))\n    return conn.execute({BY_ID}).fetchone()[0]"),
    ),
    "returned by the insert": (
        "GL210", ONE.format(body="return conn.execute('insert into b values (?) returning id', (n,)).fetchone()[0]"),
    ),
    "a helper that raises": ("GL210", ONE.format(body=f"must_exist(conn, n)\n    return conn.execute({BY_ID}).fetchone()[0]")),
    "in a try": (
        "GL210",
        ONE.format(body=f"try:\n        return conn.execute({BY_ID}).fetchone()[0]\n    except TypeError:\n        raise HTTPException(404)"),
    ),
    "a row of settings": ("GL210", ONE.format(body="return conn.execute('select v from settings where k = ?', (n,)).fetchone()[0]")),
    "an unknown statement": ("GL210", ONE.format(body="return conn.execute(statement(n)).fetchone()[0]")),
    "a script": ("GL210", f"def f(conn, n):\n    return conn.execute({BY_ID}).fetchone()[0]"),
    "a limit": ("GL701", MANY.format(body=f"return conn.execute('{SELECT} limit ?', (limit,)).fetchall()")),
    "a filter": ("GL701", MANY.format(body=f"return conn.execute('{SELECT} where owner = ?', (q,)).fetchall()")),
    "groups": ("GL701", MANY.format(body="return conn.execute('select a, count(*) from b group by a').fetchall()")),
    "put together": (
        "GL701",
        MANY.format(body=f"sql = '{SELECT}'\n    if q:\n        sql += ' limit 5'\n    return conn.execute(sql).fetchall()"),
    ),
    "an unknown end": ("GL701", MANY.format(body=f"return conn.execute(f'{SELECT} {{q}}').fetchall()")),
    "a few at a time": ("GL701", MANY.format(body=f"return conn.execute('{SELECT}').fetchmany(limit)")),
    "a table of few rows": ("GL701", MANY.format(body="return conn.execute('select code from countries').fetchall()")),
    "rows that are only counted": ("GL701", MANY.format(body=f"rows = conn.execute('{SELECT}').fetchall()\n    return 1")),
    "an insert": ("GL701", MANY.format(body="return conn.execute('insert into b values (1)').fetchall()")),
    "only the issuer is read": (
        "GL503", "def who(t: str):\n    return keys[jwt.decode(t, options={'verify_signature': False})['iss']]",
    ),
    "headers": ("GL503", "def kid(t: str):\n    return jwt.get_unverified_header(t)['kid']"),
    "checked in the end": (
        "GL503",
        "def who(t: str):\n    a = jwt.decode(t, options={'verify_signature': False})\n"
        "    return jwt.decode(t, key_of(a), algorithms=['RS256'])",
    ),
    "a token of the server that made it": (
        "GL503",
        "def back(code: str):\n    answer = requests.post('https://id.example/token', data={'code': code}, timeout=5).json()\n"
        "    return jwt.decode(answer['id_token'], options={'verify_signature': False})",
    ),
    "a name that is its own": ("GL501", "SECRET = 'SECRET'\nJWT_SECRET = 'jwt-secret'"),
    "a name of a secret": ("GL501", "SECRET = 'secret-name'\nSECRET_KEY = 'app_secret_key_v2'"),
    "a key from the environment": (
        "GL501", "KEY = os.environ['KEY']\ndef who(t: str):\n    return jwt.decode(t, KEY, algorithms=['HS256'])",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", FLAWED)
def test_the_flaw_is_found_however_it_is_written(name: str) -> None:
    rule, code = FLAWED[name]
    assert found(rule, START + code)


@pytest.mark.parametrize("name", CLEAN)
def test_what_only_looks_like_it_is_left_alone(name: str) -> None:
    rule, code = CLEAN[name]
    shared = found(rule, START)
    assert found(rule, START + code) == shared == []
