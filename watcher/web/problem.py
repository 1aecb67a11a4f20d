"""A request that gets another answer than the page that it asked for."""

from __future__ import annotations

from http import HTTPStatus


class Problem(Exception):
    """An answer with an error status. `sentence`: what happened, in English, with `values` for its places."""

    def __init__(self, status: int, sentence: str = "", **values: object) -> None:
        self.status = status
        self.sentence = sentence or SENTENCES[status]
        self.values = values
        self.allow = ""  # the methods of the path, of a Problem 405
        super().__init__(self.sentence)

    @property
    def title(self) -> str:
        """The standard phrase of the status."""
        return HTTPStatus(self.status).phrase


SENTENCES = {
    400: "The address has a part that cannot be used.",
    401: "These pages need a token.",
    403: "This request is not allowed.",
    404: "There is nothing at this address.",
    405: "This address cannot be used in this way.",
    413: "The form is too large.",
    500: "Something went wrong in watcher. The log has the details.",
    503: "Too many questions at once. Try again in a moment.",
}
"""Status -> the sentence for it."""
