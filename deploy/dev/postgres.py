"""A real PostgreSQL on a development machine without Docker, in a folder of its own, for tests, drills and ``make up``.

The server listens on 127.0.0.1 and nowhere else. Its databases sort by bytes, as SQLite does, so that the same query
gives the same order on both.
"""

import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psutil

from deploy.dev.unavailable import Unavailable

PLACES = ("/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/opt/homebrew/opt/postgresql@*/bin")
"""Where systems put the server's programs, off PATH."""
UNPRIVILEGED = ("postgres", "nobody")
"""Who runs the server when we are root, which PostgreSQL refuses."""
ADMIN = "rounds"
MAX_CONNECTIONS = 300
"""Six rooms with a pool of ten, each four times, and what a test opens beside them."""
READY_SECONDS = 60.0
STOP_SECONDS = 20.0


@contextmanager
def postgres(
    folder: Path, *, port: int = 0, password: str | None = None, fsync: bool = True
) -> Iterator["PostgresServer"]:
    """Run a server on a folder until the block ends; on the same folder it goes on where it stopped.

    Args:
        folder: holds the databases and the log; made if need be.
        port: on 127.0.0.1; 0 takes a free one, which stays the same over ``kill()`` and ``start()``.
        password: of the user ``rounds``; without one everybody on 127.0.0.1 is let in.
        fsync: whether a commit is on the disk before it is acknowledged; off, it survives all but the machine's crash.

    Raises:
        Unavailable: the server's programs are not on this machine, or nobody here may run them.
    """
    server = PostgresServer(folder.resolve(), port or _free_port(), password, fsync=fsync)
    server.start()
    try:
        yield server
    finally:
        server.stop()


class PostgresServer:
    """A server that this process started.

    Args:
        folder: see ``postgres()``.
        port: on 127.0.0.1.
        password: see ``postgres()``.
        fsync: see ``postgres()``.
    """

    def __init__(self, folder: Path, port: int, password: str | None, *, fsync: bool) -> None:
        self.port = port
        self._bin = _programs()
        self._user = _user()
        self._folder = _home(folder, self._user)
        self._cluster = self._folder / "cluster"
        self._password = password
        self._fsync = "on" if fsync else "off"
        self._process: subprocess.Popen[bytes] | None = None
        if not (self._cluster / "PG_VERSION").exists():
            self._make_cluster()

    @property
    def pid(self) -> int:
        """The process to send signals to; its children are the connections."""
        return self._running().pid

    @property
    def template(self) -> str:
        """The setting ``ROUNDS_DATABASE_URL`` for this server: a URL with ``{room}`` in it."""
        return f"postgresql+asyncpg://{self._login()}@127.0.0.1:{self.port}/rounds_{{room}}"

    def url(self, database: str) -> str:
        """Return the URL of a database, which is made if it is not there."""
        self.create(database)
        return f"postgresql+asyncpg://{self._login()}@127.0.0.1:{self.port}/{database}"

    def create(self, database: str, template: str = "template1") -> None:
        """Make a database, empty or as a copy of another; one that is there is left as it is."""
        if self.sql(f"SELECT 1 FROM pg_database WHERE datname = '{database}'") != "1":  # noqa: S608 - named by a test
            self.sql(f'CREATE DATABASE "{database}" TEMPLATE "{template}"')

    def drop(self, database: str) -> None:
        """Remove a database and whoever is connected to it."""
        self.sql(f'DROP DATABASE IF EXISTS "{database}" WITH (FORCE)')

    def sql(self, statement: str, database: str = "postgres") -> str:
        """Return what a statement answers, as psql prints it: a line a row, ``|`` between columns."""
        arguments = ("-h", "127.0.0.1", "-p", str(self.port), "-U", ADMIN, "-d", database, "-Atqc", statement)
        return self._run("psql", "-X", "-v", "ON_ERROR_STOP=1", *arguments)

    def start(self) -> None:
        """Start the server and wait until it answers, after its recovery if it was killed.

        Raises:
            Unavailable: it does not come up; the message ends on the last words of its log.
        """
        self._end_leftover()
        log = self._folder / "postgres.log"
        settings = {
            "listen_addresses": "127.0.0.1",
            "port": self.port,
            "unix_socket_directories": "",  # a path below a test's folder is longer than a socket's may be
            "max_connections": MAX_CONNECTIONS,
            "fsync": self._fsync,
            "full_page_writes": self._fsync,
            "shared_buffers": "128MB",
        }
        options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        with log.open("ab") as out:
            self._process = subprocess.Popen(  # noqa: S603 - the server's own program
                [self._bin / "postgres", "-D", self._cluster, *options],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                start_new_session=True,  # Ctrl-C in a terminal is for whoever started us, who then stops it in order
                **self._identity(),
            )
        deadline = time.monotonic() + READY_SECONDS
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                last = log.read_text(errors="replace").strip().splitlines()[-3:]
                raise Unavailable(f"PostgreSQL does not start on {self._folder}: {' / '.join(last)}")
            time.sleep(0.02)

    def stop(self) -> None:
        """End the server in order, ending every connection first; nothing happens when it does not run."""
        if self._process is None:
            return
        self._process.send_signal(signal.SIGINT)
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()
        self._process = None

    def kill(self) -> None:
        """Kill the server and every process of a connection, as a crash of the machine's memory would."""
        parent = psutil.Process(self._running().pid)
        parent.suspend()  # it must not start another child meanwhile
        family = [*parent.children(recursive=True), parent]
        for each in family:
            each.kill()
        self._running().wait()
        while any(_lives(each) for each in family):
            time.sleep(0.01)
        self._process = None

    def _end_leftover(self) -> None:
        """Stop the server of a predecessor that was killed and could not stop it."""
        try:
            pid = int((self._cluster / "postmaster.pid").read_text().splitlines()[0])
            leftover = psutil.Process(pid)
            if leftover.name() == "postgres":
                leftover.send_signal(signal.SIGINT)
                leftover.wait(STOP_SECONDS)
        except (FileNotFoundError, psutil.NoSuchProcess):
            return

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            raise Unavailable(f"PostgreSQL on {self._folder} is stopped. Call start() first.")
        return self._process

    def _login(self) -> str:
        return f"{ADMIN}:{quote(self._password, safe='')}" if self._password else ADMIN

    def _answers(self) -> bool:
        command = [str(self._bin / "pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(self.port)]
        return subprocess.run(command, check=False).returncode == 0  # noqa: S603 - the server's own program

    def _make_cluster(self) -> None:
        secret = self._folder / f"password-{secrets.token_hex(4)}"
        secret.write_text(self._password or secrets.token_hex(16))
        if self._user:
            shutil.chown(secret, self._user.pw_uid, self._user.pw_gid)
        method = "scram-sha-256" if self._password else "trust"
        try:
            self._run(
                "initdb",
                f"--pgdata={self._cluster}",
                f"--username={ADMIN}",
                "--encoding=UTF8",
                "--locale=C",
                f"--auth={method}",
                f"--pwfile={secret}",
                *([] if self._fsync == "on" else ["--no-sync"]),
            )
        finally:
            secret.unlink()

    def _run(self, program: str, *arguments: str) -> str:
        environment = {"PATH": os.defpath, "LC_ALL": "C.UTF-8"}
        if self._password:
            environment["PGPASSWORD"] = self._password
        done: subprocess.CompletedProcess[str] = subprocess.run(  # noqa: S603 - the server's own program
            [self._bin / program, *arguments],
            check=False,
            capture_output=True,
            text=True,
            env=environment,
            **self._identity(),
        )
        if done.returncode:
            raise Unavailable(f"PostgreSQL's {program} failed: {done.stderr.strip()}")
        return done.stdout.strip()

    def _identity(self) -> Mapping[str, Any]:
        cwd = {"cwd": self._folder}
        if self._user is None:
            return cwd
        return {**cwd, "user": self._user.pw_uid, "group": self._user.pw_gid, "extra_groups": []}


def _lives(process: psutil.Process) -> bool:
    try:
        return bool(process.status() != psutil.STATUS_ZOMBIE)  # an orphan waits for init to bury it
    except psutil.NoSuchProcess:
        return False


def _programs() -> Path:
    on_path = shutil.which("postgres")
    found = [Path(on_path).resolve().parent] if on_path else []
    for place in PLACES:
        found += sorted(Path("/").glob(place.removeprefix("/")), key=_version, reverse=True)
    for each in found:
        if all((each / program).exists() for program in ("postgres", "initdb", "psql", "pg_isready")):
            return each
    raise Unavailable(
        "The programs of a PostgreSQL server are not on PATH nor in their usual places. "
        "On Debian: apt install postgresql."
    )


def _version(bin_folder: Path) -> int:
    return int("".join(filter(str.isdigit, bin_folder.parent.name)) or 0)


def _user() -> pwd.struct_passwd | None:
    if os.geteuid() != 0:
        return None
    for name in UNPRIVILEGED:
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise Unavailable("PostgreSQL does not run as root, and there is no user postgres or nobody. Run as another user.")


def _home(folder: Path, user: pwd.struct_passwd | None) -> Path:
    """Return where the server may work: the folder, or what it points to when the user cannot reach the folder.

    A folder below /root, or below pytest's, is closed to everybody but root. The server then has a folder in the place
    for temporary files, and ``elsewhere`` in the given one leads to it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if user is None:
        return folder
    if all(parent.stat().st_mode & 0o001 for parent in folder.parents):
        home = folder
    else:
        link = folder / "elsewhere"
        if not link.exists():
            link.unlink(missing_ok=True)
            link.symlink_to(tempfile.mkdtemp(prefix="rounds-postgres-"))
        home = link.resolve()
    shutil.chown(home, user.pw_uid, user.pw_gid)
    return home


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port
