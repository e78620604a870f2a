"""Exception whose message a user reads, and parts of messages."""

MAX_MESSAGE_CHARACTERS = 1_000
"""Length limit of a message, since the value that it quotes may be the content of a whole file."""


class UserError(ValueError):
    """Input that the user can correct: one line with the place, the problem, the value and the fix.

    The command line prints the message unchanged and exits with status 2. Non-printable characters of the quoted value
    are escaped, such as `\\x1b`, so that no terminal interprets them.

    Example:
        >>> print(UserError("questions.csv:3: the answer is empty.\\nFill it in."))
        questions.csv:3: the answer is empty. Fill it in.
    """

    def __str__(self) -> str:
        message = " ".join(super().__str__().split())
        line = message if message.isprintable() else "".join(map(_escaped, message))
        if len(line) <= MAX_MESSAGE_CHARACTERS:
            return line
        # The place is at the start and the fix at the end, so the cut is in the middle, where the value is quoted.
        half = MAX_MESSAGE_CHARACTERS // 2
        return f"{line[:half]}…{line[-half:]}"


def install_command(extra: str) -> str:
    """Return the command that installs an optional extra, for error messages; the package is not on PyPI.

    Example:
        >>> install_command("ray")
        "pip install '.[ray]' in the OpenMedLM folder"
    """
    return f"pip install '.[{extra}]' in the OpenMedLM folder"


def _escaped(character: str) -> str:
    return character if character.isprintable() else character.encode("unicode_escape").decode()
