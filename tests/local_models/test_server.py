import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from openmedlm.local_models import CATALOGUE, ServedModel, resolve, serve
from openmedlm.utils.errors import UserError

MODEL = CATALOGUE["smollm2-135m"]
USER = """
import sys
from openmedlm.local_models import CATALOGUE, serve
with serve(CATALOGUE["smollm2-135m"], slots=1, context=512) as endpoint:
    print(endpoint.pid, endpoint.base_url, flush=True)
    sys.stdin.read()
"""


class User:
    """Process that uses the server until `leave` or `kill`."""

    def __init__(self) -> None:
        self.process = subprocess.Popen(
            (sys.executable, "-c", USER),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            # Background commands of a shell ignore Ctrl-C, and their children inherit that.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )

    def server(self) -> int:
        """Return the server's process id, once it responds."""
        assert self.process.stdout is not None
        return int(self.process.stdout.readline().split()[0])

    def leave(self) -> None:
        self.process.communicate(timeout=120)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()


@pytest.fixture(autouse=True)
def run_directory(tmp_path: Path, smollm: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give the test servers of its own; the weights are downloaded."""
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    return tmp_path / f"openmedlm-{os.getuid()}"


@pytest.fixture
def users() -> Iterator[list[User]]:
    started: list[User] = []
    yield started
    for user in started:
        user.kill()


def is_running(pid: int) -> bool:
    """Return whether any thread of the process runs; a zombie does not."""
    try:
        states = [task.read_text().rpartition(")")[2].split()[0] for task in Path(f"/proc/{pid}/task").glob("*/stat")]
    except (FileNotFoundError, ProcessLookupError):
        return is_running(pid)
    return any(state != "Z" for state in states)


def ends(pid: int, within: float = 60.0) -> bool:
    """Return whether the process ends within that many seconds."""
    deadline = time.monotonic() + within
    while is_running(pid) and time.monotonic() < deadline:
        time.sleep(0.05)
    return not is_running(pid)


def status(url: str, headers: dict[str, str] | None = None) -> int:
    try:
        with urllib.request.urlopen(urllib.request.Request(url, headers=headers or {}), timeout=30) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code


def test_server_is_shared_until_its_last_user_leaves(users: list[User]) -> None:
    first, second = User(), User()
    users += [first, second]
    pid = first.server()
    assert second.server() == pid
    first.leave()
    assert not ends(pid, within=1.5)
    second.leave()
    assert ends(pid)


def test_killed_user_does_not_keep_the_server_alive(users: list[User]) -> None:
    user = User()
    users.append(user)
    pid = user.server()
    user.kill()
    assert ends(pid)


def test_user_killed_during_start_blocks_no_other(users: list[User], run_directory: Path) -> None:
    killed, other = User(), User()
    users += [killed, other]
    while not list(run_directory.glob("*.alive")):
        time.sleep(0.01)
    killed.kill()
    pid = other.server()
    assert is_running(pid)
    other.leave()
    assert ends(pid)


def test_ctrl_c_of_the_first_user_leaves_the_server(users: list[User]) -> None:
    starter = User()
    users.append(starter)
    pid = starter.server()
    other = User()
    users.append(other)
    assert other.server() == pid
    assert os.getpgid(pid) != os.getpgid(starter.process.pid)
    starter.process.send_signal(signal.SIGINT)
    starter.process.wait(timeout=120)
    assert not ends(pid, within=1.5)


def test_different_settings_get_different_servers() -> None:
    with serve(MODEL, slots=1, context=256) as small, serve(MODEL, slots=1, context=512) as large:
        assert small.pid != large.pid


def test_killed_server_is_restarted() -> None:
    with serve(MODEL, slots=1, context=512) as first:
        os.kill(first.pid, signal.SIGKILL)
        assert ends(first.pid)
        with serve(MODEL, slots=1, context=512) as second:
            assert second.pid != first.pid
            assert status(f"{second.base_url}/models", {"Authorization": f"Bearer {second.api_key}"}) == 200


def test_request_in_flight_does_not_delay_the_exit(smollm: Path) -> None:
    with serve(MODEL, slots=1, context=4096) as endpoint:
        body = json.dumps({"prompt": "Once", "max_tokens": 4000, "ignore_eos": True}).encode()
        headers = {"Authorization": f"Bearer {endpoint.api_key}", "Content-Type": "application/json"}
        request = urllib.request.Request(f"{endpoint.base_url}/completions", body, headers)
        with pytest.raises(TimeoutError):
            urllib.request.urlopen(request, timeout=1.0)
    assert ends(endpoint.pid)


@pytest.fixture(scope="module")
def endpoint(smollm: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedModel]:
    """Serve the model once, for the tests that do not stop it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_RUNTIME_DIR", str(tmp_path_factory.mktemp("shared")))
        server = serve(MODEL, slots=1, context=512)
        endpoint = server.__enter__()
    yield endpoint
    server.__exit__(None, None, None)


def test_server_listens_on_loopback_only(endpoint: ServedModel) -> None:
    sockets = subprocess.run(("ss", "-ltnpH"), capture_output=True, text=True, check=True).stdout.splitlines()
    own = [line.split()[3] for line in sockets if f"pid={endpoint.pid}," in line]
    assert own == [endpoint.base_url.removeprefix("http://").removesuffix("/v1")]
    assert own[0].startswith("127.0.0.1:")


@pytest.mark.parametrize("path", ["/v1/models", "/v1/chat/completions", "/slots", "/props", "/metrics"])
def test_server_requires_the_key(endpoint: ServedModel, path: str) -> None:
    url = endpoint.base_url.removesuffix("/v1") + path
    assert status(url) == 401
    assert status(url, {"Authorization": "Bearer guessed"}) == 401


def test_server_rejects_other_web_origins(endpoint: ServedModel) -> None:
    headers = {"Authorization": f"Bearer {endpoint.api_key}", "Origin": "http://elsewhere.example"}
    request = urllib.request.Request(f"{endpoint.base_url}/models", headers=headers)
    with urllib.request.urlopen(request) as answer:
        assert answer.headers["Access-Control-Allow-Origin"] not in ("*", "http://elsewhere.example")


def test_key_is_readable_by_its_owner_only(endpoint: ServedModel) -> None:
    directory = Path(f"/proc/{endpoint.pid}/cwd").resolve()
    assert directory.stat().st_mode & 0o777 == 0o700
    with_key = [path for path in directory.iterdir() if endpoint.api_key in path.read_text()]
    assert [path.stat().st_mode & 0o777 for path in with_key] == [0o600]
    assert endpoint.api_key not in endpoint.log.read_text()
    assert endpoint.api_key not in repr(endpoint)
    assert endpoint.api_key.encode() not in Path(f"/proc/{endpoint.pid}/cmdline").read_bytes()


def test_log_is_kept(endpoint: ServedModel) -> None:
    assert "model loaded" in endpoint.log.read_text()
    assert endpoint.log.name.startswith("smollm2-135m-")


def test_truncated_file_is_a_one_line_error_with_the_log(smollm: Path, tmp_path: Path) -> None:
    cut = tmp_path / "cut.gguf"
    with smollm.open("rb") as whole:
        cut.write_bytes(whole.read(20_000_000))
    with pytest.raises(UserError, match="model is corrupted or incomplete") as caught, serve(resolve(f"local/{cut}")):
        pass
    message = str(caught.value)
    assert "\n" not in message
    assert Path(message.partition("log: ")[2].rstrip(")")).is_file()


@pytest.mark.parametrize(
    ("slots", "context", "threads", "message"),
    [
        (1, 8193, 1, "8193 tokens.*1 to 8,192"),
        (1, 0, 1, "context.*0 tokens"),
        (0, 512, 1, "0 slots, 1 threads"),
        (1, 512, 0, "1 slots, 0 threads"),
    ],
)
def test_serve_rejects_settings_out_of_range(slots: int, context: int, threads: int, message: str) -> None:
    with pytest.raises(UserError, match=message), serve(MODEL, slots=slots, context=context, threads=threads):
        pass


def test_missing_extra_names_the_install_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "xllamacpp", None)
    with pytest.raises(UserError) as caught, serve(MODEL):
        pass
    assert "'.[local]'" in str(caught.value)


def test_run_directory_of_another_user_is_rejected(run_directory: Path) -> None:
    run_directory.symlink_to("/tmp")
    with pytest.raises(UserError, match="XDG_RUNTIME_DIR"), serve(MODEL, slots=1, context=512):
        pass
