"""Notices about an endpoint, each given once."""

from collections.abc import Callable


class EndpointWarning(UserWarning):
    """Notice about an endpoint, where no command shows it."""


class Notices:
    """Collects one-line notices about how an endpoint was used, such as a parameter that it refused.

    Args:
        on_notice: Called once with each different notice; None only collects them.

    Attributes:
        messages: Notices in the order of their first occurrence.

    Example:
        >>> notices = Notices(print)
        >>> notices.add("the server refuses seed; it is left out")
        the server refuses seed; it is left out
        >>> notices.add("the server refuses seed; it is left out")
        >>> len(notices.messages)
        1
    """

    def __init__(self, on_notice: Callable[[str], None] | None = None) -> None:
        self._on_notice = on_notice
        self.messages: list[str] = []

    def add(self, message: str) -> None:
        """Add a notice, unless it was given before."""
        if message in self.messages:
            return
        self.messages.append(message)
        if self._on_notice is not None:
            self._on_notice(message)

    def report(self, message: str) -> None:
        """Report the progress of a wait; such a message may come again, and is not collected."""
        if self._on_notice is not None:
            self._on_notice(message)
