"""The one exception that a user is meant to read."""

LONGEST = 1_000
"""Characters of a message, at most: what it quotes may be a file's whole content."""


class UserError(ValueError):
    """Input that the user can mend: one line that names the place, what is wrong there, and the mend.

    The command line prints the message as it stands and exits with status 2. What it quotes of a file is written so
    that no terminal obeys it: on one line, with `\\x1b` for a character that shows nothing.
    """

    def __str__(self) -> str:
        said = " ".join(super().__str__().split())
        shown = said if said.isprintable() else "".join(map(_shown, said))
        # The place stands at the beginning and the mend at the end; what is quoted stands between.
        return shown if len(shown) <= LONGEST else f"{shown[: LONGEST // 2]}…{shown[-LONGEST // 2 :]}"


def _shown(character: str) -> str:
    return character if character.isprintable() else character.encode("unicode_escape").decode()
