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
    """A command of its own that uses the server until told to leave."""

    def __init__(self) -> None:
        self.process = subprocess.Popen(
            (sys.executable, "-c", USER),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            # A shell starts background commands deaf to Ctrl-C, and their children inherit that.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )

    def server(self) -> int:
        """The server's process id, once it answers."""
        assert self.process.stdout is not None
        return int(self.process.stdout.readline().split()[0])

    def leave(self) -> None:
        self.process.communicate(timeout=30)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()


@pytest.fixture(autouse=True)
def run_directory(tmp_path: Path, smollm: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Servers of this test alone, with the weights at hand."""
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    return tmp_path / f"openmedlm-{os.getuid()}"


@pytest.fixture
def users() -> Iterator[list[User]]:
    everybody: list[User] = []
    yield everybody
    for user in everybody:
        user.kill()


def is_running(pid: int) -> bool:
    """Whether any thread of the process runs; one that nobody has buried yet does not."""
    try:
        states = [task.read_text().rpartition(")")[2].split()[0] for task in Path(f"/proc/{pid}/task").glob("*/stat")]
    except (FileNotFoundError, ProcessLookupError):
        return is_running(pid)
    return any(state != "Z" for state in states)


def is_gone(pid: int, within: float) -> bool:
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


def test_a_second_user_shares_the_server_and_the_last_one_to_leave_ends_it(users: list[User]) -> None:
    first, second = User(), User()
    users += [first, second]
    pid = first.server()
    assert second.server() == pid
    first.leave()
    assert not is_gone(pid, within=2.0)
    second.leave()
    assert is_gone(pid, within=5.0)


def test_a_killed_user_keeps_no_server_alive(users: list[User]) -> None:
    user = User()
    users.append(user)
    pid = user.server()
    user.kill()
    assert is_gone(pid, within=5.0)


def test_a_user_killed_while_the_model_loads_is_in_nobodys_way(users: list[User], run_directory: Path) -> None:
    hasty, patient = User(), User()
    users += [hasty, patient]
    while not list(run_directory.glob("*.alive")):
        time.sleep(0.01)
    hasty.kill()
    pid = patient.server()
    assert is_running(pid)
    patient.leave()
    assert is_gone(pid, within=5.0)


def test_the_starters_ctrl_c_leaves_the_server_to_the_others(users: list[User]) -> None:
    starter = User()
    users.append(starter)
    pid = starter.server()
    other = User()
    users.append(other)
    assert other.server() == pid
    assert os.getpgid(pid) != os.getpgid(starter.process.pid)
    starter.process.send_signal(signal.SIGINT)
    starter.process.wait(timeout=30)
    assert not is_gone(pid, within=2.0)


def test_other_settings_get_another_server() -> None:
    with serve(MODEL, slots=1, context=256) as small, serve(MODEL, slots=1, context=512) as large:
        assert small.pid != large.pid


def test_a_killed_server_is_started_again() -> None:
    with serve(MODEL, slots=1, context=512) as first:
        os.kill(first.pid, signal.SIGKILL)
        assert is_gone(first.pid, within=5.0)
        with serve(MODEL, slots=1, context=512) as second:
            assert second.pid != first.pid
            assert status(f"{second.base_url}/models", {"Authorization": f"Bearer {second.api_key}"}) == 200


def test_a_request_in_flight_does_not_hold_back_the_end(smollm: Path) -> None:
    with serve(MODEL, slots=1, context=4096) as endpoint:
        body = json.dumps({"prompt": "Once", "max_tokens": 4000, "ignore_eos": True}).encode()
        headers = {"Authorization": f"Bearer {endpoint.api_key}", "Content-Type": "application/json"}
        request = urllib.request.Request(f"{endpoint.base_url}/completions", body, headers)
        with pytest.raises(TimeoutError):
            urllib.request.urlopen(request, timeout=1.0)
    assert is_gone(endpoint.pid, within=5.0)


@pytest.fixture(scope="module")
def endpoint(smollm: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedModel]:
    """One server for the tests that only look at it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_RUNTIME_DIR", str(tmp_path_factory.mktemp("shared")))
        server = serve(MODEL, slots=1, context=512)
        endpoint = server.__enter__()
    yield endpoint
    server.__exit__(None, None, None)


def test_nothing_listens_outside_loopback(endpoint: ServedModel) -> None:
    sockets = subprocess.run(("ss", "-ltnpH"), capture_output=True, text=True, check=True).stdout.splitlines()
    own = [line.split()[3] for line in sockets if f"pid={endpoint.pid}," in line]
    assert own == [endpoint.base_url.removeprefix("http://").removesuffix("/v1")]
    assert own[0].startswith("127.0.0.1:")


@pytest.mark.parametrize("path", ["/v1/models", "/v1/chat/completions", "/slots", "/props", "/metrics"])
def test_nothing_is_told_without_the_key(endpoint: ServedModel, path: str) -> None:
    url = endpoint.base_url.removesuffix("/v1") + path
    assert status(url) == 401
    assert status(url, {"Authorization": "Bearer guessed"}) == 401


def test_web_pages_of_others_are_not_let_in(endpoint: ServedModel) -> None:
    headers = {"Authorization": f"Bearer {endpoint.api_key}", "Origin": "http://elsewhere.example"}
    request = urllib.request.Request(f"{endpoint.base_url}/models", headers=headers)
    with urllib.request.urlopen(request) as answer:
        assert answer.headers["Access-Control-Allow-Origin"] not in ("*", "http://elsewhere.example")


def test_the_key_is_for_its_owners_eyes_alone(endpoint: ServedModel) -> None:
    directory = Path(f"/proc/{endpoint.pid}/cwd").resolve()
    assert directory.stat().st_mode & 0o777 == 0o700
    holding = [path for path in directory.iterdir() if endpoint.api_key in path.read_text()]
    assert [path.stat().st_mode & 0o777 for path in holding] == [0o600]
    assert endpoint.api_key not in endpoint.log.read_text()
    assert endpoint.api_key not in repr(endpoint)
    assert endpoint.api_key.encode() not in Path(f"/proc/{endpoint.pid}/cmdline").read_bytes()


def test_the_log_is_kept(endpoint: ServedModel) -> None:
    assert "model loaded" in endpoint.log.read_text()
    assert endpoint.log.name.startswith("smollm2-135m-")


def test_a_file_cut_short_is_refused_in_one_line_that_says_where_the_log_is(smollm: Path, tmp_path: Path) -> None:
    cut = tmp_path / "cut.gguf"
    with smollm.open("rb") as whole:
        cut.write_bytes(whole.read(20_000_000))
    with pytest.raises(UserError, match="model is corrupted or incomplete") as caught, serve(resolve(f"local/{cut}")):
        pass
    message = str(caught.value)
    assert "\n" not in message
    assert Path(message.partition("log: ")[2].rstrip(")")).is_file()


@pytest.mark.parametrize(
    ("slots", "context", "threads", "complaint"),
    [
        (1, 8193, 1, "context 8193 is out of range; it can be 1 to 8,192"),
        (1, 0, 1, "context 0 is out of range"),
        (0, 512, 1, "slots 0, threads 1: both must be at least 1"),
        (1, 512, 0, "slots 1, threads 0: both must be at least 1"),
    ],
)
def test_settings_out_of_range_are_refused(slots: int, context: int, threads: int, complaint: str) -> None:
    with pytest.raises(UserError, match=complaint), serve(MODEL, slots=slots, context=context, threads=threads):
        pass


def test_a_missing_extra_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "xllamacpp", None)
    with pytest.raises(UserError) as caught, serve(MODEL):
        pass
    assert 'pip install "openmedlm[local]"' in str(caught.value)


def test_a_run_directory_of_somebody_else_is_refused(run_directory: Path) -> None:
    run_directory.symlink_to("/tmp")
    with pytest.raises(UserError, match="belongs to somebody else"), serve(MODEL, slots=1, context=512):
        pass
