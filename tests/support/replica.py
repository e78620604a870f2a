"""A model server as a process of its own: python replica.py HOST SECONDS LOG

It answers each request after so many seconds, prints its address, and writes the identity of every request, a line
each, to the log before it answers.
"""

import signal
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from model_server import Asked, ModelServer, Reply
from student import Student

from openmedlm.data import load_split


def main() -> None:
    host, seconds, log = sys.argv[1], float(sys.argv[2]), Path(sys.argv[3])
    student = Student([*load_split("mmlu", "dev", "sample"), *load_split("mmlu", "pool", "sample")])
    with log.open("a", buffering=1) as told, ModelServer(host) as server:

        def reply(asked: Asked) -> Reply:
            told.write(f"{asked.identity.hex()}\n")
            said = student(asked)
            return Reply(said.text, delay=seconds)

        server.reply = reply
        print(server.base_url, flush=True)
        signal.pause()


if __name__ == "__main__":
    main()
