"""Model server in a process: python replica.py HOST SECONDS LOG

It prints its address and answers each request after SECONDS. Before it answers, it writes the identity of the request
to the log, one line per request.
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
    with log.open("a", buffering=1) as log_file, ModelServer(host) as server:

        def reply(asked: Asked) -> Reply:
            log_file.write(f"{asked.identity.hex()}\n")
            return Reply(student(asked).text, delay=seconds)

        server.reply = reply
        print(server.base_url, flush=True)
        signal.pause()


if __name__ == "__main__":
    main()
