"""V: programs that reach through PostgreSQL and Redis, for their files, or for more rights on them.

As in `cases.probes`: a line in capitals for what was got hold of, `done` at the end. `{ROLE}` is the role's name.
"""

SQL = (
    "COPY (SELECT 1) TO PROGRAM 'id > /tmp/pwned'",
    "COPY (SELECT 1) TO '/extras/postgresql/x'",
    "CREATE TABLE t (x text); COPY t FROM '/etc/passwd'",
    "CREATE TABLE u (x text); COPY u FROM PROGRAM 'id'",
    "SELECT pg_read_file('/etc/passwd')",
    "SELECT pg_ls_dir('.')",
    "SELECT lo_import('/etc/passwd')",
    "SELECT lo_export(lo_create(0), '/tmp/x')",
    "SELECT pg_reload_conf()",
    "SELECT pg_rotate_logfile()",
    "SELECT 1 / count(*) FILTER (WHERE pg_terminate_backend(pid)) FROM pg_stat_activity"
    " WHERE usename IS DISTINCT FROM current_user",
    "ALTER SYSTEM SET fsync = on",
    "ALTER ROLE current_user SUPERUSER",
    "ALTER ROLE current_user CREATEROLE",
    "CREATE ROLE evil SUPERUSER",
    "CREATE ROLE evil",
    "SET ROLE greenloop_superuser",
    "SET SESSION AUTHORIZATION greenloop_superuser",
    "GRANT pg_execute_server_program TO current_user",
    "GRANT greenloop_superuser TO current_user",
    "CREATE FUNCTION f() RETURNS int LANGUAGE c AS '/tmp/x.so', 'f'",
    "CREATE FUNCTION g() RETURNS int LANGUAGE internal AS 'pg_backend_pid'",
    "LOAD '/tmp/x.so'",
    "CREATE TABLESPACE evil LOCATION '/tmp'",
    "CREATE EXTENSION dblink",
    "CREATE EXTENSION file_fdw",
    "CREATE EXTENSION adminpack",
    "CREATE LANGUAGE plpython3u",
    "CREATE SUBSCRIPTION s CONNECTION 'host=127.0.0.1' PUBLICATION p",
    "CREATE EVENT TRIGGER e ON ddl_command_end EXECUTE FUNCTION now()",
    "ALTER DATABASE template1 OWNER TO current_user",
    "ALTER DATABASE postgres SET search_path = evil",
    "UPDATE pg_authid SET rolsuper = true",
    "SELECT rolpassword FROM pg_authid",
    "SET dynamic_library_path = '/tmp'",
    "SET session_preload_libraries = 'x'",
    "CHECKPOINT",
)
"""What only a superuser may do; every one must be refused."""

RIGHTS = """
import psycopg
for statement in {SQL}:
    with psycopg.connect("postgresql://app:x@127.0.0.1/app") as db:
        try:
            db.execute(statement)
            print("GOT", statement)
        except psycopg.Error:
            pass
print("done")
"""

LOGINS = """
import psycopg
for where in ("host=127.0.0.1", "host=::1", "host=/extras/postgresql", "host=/tmp", "host=/var/run/postgresql"):
    for user in ("greenloop_superuser", "postgres", "root"):
        for password in ("", "x", "greenloop_superuser"):
            try:
                psycopg.connect(f"{where} user={user} password={password} dbname=postgres", connect_timeout=3)
                print("OPEN", where, user)
            except psycopg.Error:
                pass
print("done")
"""

FILES = """
import os, subprocess
places = ["/extras/postgresql", "/extras/redis", "/opt/extras/postgresql/clean"]
theirs = []
for pid in filter(str.isdigit, os.listdir("/proc")):
    try:
        if os.stat(f"/proc/{pid}").st_uid in (10005, 10006): theirs.append(int(pid))
    except OSError: pass
assert len(theirs) >= 6, theirs
for pid in theirs:
    places += [f"/proc/{pid}/{name}" for name in ("root/extras/postgresql", "cwd", "fd", "map_files", "task/../fd")]
    for name in ("mem", "environ", "maps"):
        try:
            with open(f"/proc/{pid}/{name}", "rb") as file:
                if file.read(1): print("READ", pid, name)
        except OSError: pass
for place in places:
    try: os.listdir(place); print("READ", place)
    except OSError: pass
    try: open(place + "/x", "w"); print("WROTE", place)
    except OSError: pass
for name in ("postgresql.conf", "pg_hba.conf", "bin"):
    try: os.rename(f"/opt/extras/postgresql/{name}", "/tmp/x"); print("WROTE", name)
    except OSError: pass
print("done")
"""

SIGNALS = """
import os, signal
for number in (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT, signal.SIGKILL, signal.SIGSTOP, signal.SIGUSR1):
    for pid in [int(name) for name in os.listdir("/proc") if name.isdecimal()]:
        try:
            if os.stat(f"/proc/{pid}").st_uid in (10005, 10006):
                os.kill(pid, number)
                print("GOT", pid)
        except OSError: pass
import ctypes
libc = ctypes.CDLL(None, use_errno=True)
for number in range(64):
    if libc.shmctl(number, 0, 0) == 0: print("GOT shm", number)
print("done")
"""

CACHE = """
import redis
commands = (
    ["SHUTDOWN", "NOSAVE"], ["CONFIG", "SET", "dir", "/tmp"], ["CONFIG", "SET", "dbfilename", "x.so"],
    ["MODULE", "LOAD", "/tmp/x.so"], ["DEBUG", "SEGFAULT"], ["DEBUG", "SLEEP", "1"],
    ["EVAL", "return os.execute('id')", 0], ["EVAL", "return io.open('/etc/passwd')", 0],
    ["EVAL", "return loadfile('/etc/passwd')", 0], ["CONFIG", "SET", "unixsocket", "/tmp/x"],
)
for command in commands:
    try:
        redis.Redis().execute_command(*command)
        print("GOT", command)
    except redis.RedisError:
        pass
redis.Redis().ping()
print("done")
"""

NETWORK = """
import os, socket
assert socket.gethostbyname("localhost") == "127.0.0.1"
for name in os.listdir("/sys/class/net"):
    if name != "lo": print("OPEN", name)
for address in (("1.1.1.1", 80), ("172.17.0.1", 22), ("169.254.169.254", 80)):
    try: socket.create_connection(address, 1.5); print("OPEN", address)
    except OSError: pass
try: socket.getaddrinfo("example.com", 80); print("GOT a name")
except OSError: pass
if open("/etc/resolv.conf").read().split() != ["nameserver", "127.0.0.1"]: print("READ resolv.conf")
print("done")
"""

LEFTOVERS = """
import os, psycopg, redis, subprocess, sys
with psycopg.connect("postgresql://app:x@127.0.0.1/app", autocommit=True) as db:
    db.execute("CREATE TABLE kept (x int)")
    db.execute("CREATE DATABASE kept")
    db.execute("ALTER ROLE app SET search_path = elsewhere")
    db.execute("ALTER DATABASE app SET statement_timeout = 1")
    db.execute("SELECT lo_create(4711)")
    db.execute("COMMENT ON DATABASE app IS 'kept'")
redis.Redis().set("kept", "1")
redis.Redis().config_set("maxmemory", 0)
daemon = '''
import time, psycopg, redis
while True:
    try:
        with psycopg.connect("postgresql://app:x@127.0.0.1/app", autocommit=True) as db:
            db.execute("CREATE TABLE IF NOT EXISTS kept (x int)")
        redis.Redis().set("kept", "1")
    except Exception: pass
    time.sleep(0.02)
'''
subprocess.Popen([sys.executable, "-c", daemon], start_new_session=True, stdin=-3, stdout=-3, stderr=-3)
print("done")
"""

EMPTY = """
import psycopg, redis
with psycopg.connect("postgresql://app:x@127.0.0.1/app", autocommit=True) as db:
    checks = (
        "SELECT count(*) FROM pg_class WHERE relname = 'kept'", "SELECT count(*) FROM pg_database WHERE datname = 'kept'",
        "SELECT count(*) FROM pg_db_role_setting", "SELECT count(*) FROM pg_largeobject_metadata",
        "SELECT count(*) FROM pg_shdescription WHERE description = 'kept'",
    )
    for check in checks:
        if db.execute(check).fetchone()[0]: print("GOT", check)
if redis.Redis().dbsize(): print("GOT keys")
if redis.Redis().config_get("maxmemory") != {"maxmemory": str(64 * 2**20)}: print("GOT settings")
print("done")
"""

FILL = """
def test_fills_the_disk():
    import psycopg
    with psycopg.connect("postgresql://app:x@127.0.0.1/app", autocommit=True) as db:
        db.execute("CREATE TABLE big (x text); ALTER TABLE big ALTER x SET STORAGE EXTERNAL")
        db.execute("INSERT INTO big SELECT repeat('x', 1000000) FROM generate_series(1, 400)")
"""

MEMORY = """
def test_outgrows_the_memory():
    import redis
    cache = redis.Redis()
    cache.config_set("maxmemory", 0)
    try:
        for n in range(200):
            cache.set(n, "x" * 2**23)
    except redis.RedisError:
        pass
"""

SLEEPS = """
def test_waits():
    import time
    time.sleep(3)
"""
"""Passes, while its server is ended behind its back."""
