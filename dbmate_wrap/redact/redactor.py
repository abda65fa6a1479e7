"""Masks secrets in text, whole or coming in pieces."""

from collections.abc import Iterable, Sequence

from dbmate_wrap.redact.secret import Secret

MASK = "***"

# Below this length, or where the secret is also an everyday word of the output, masking every
# occurrence would destroy the text and show by its holes what was masked.
_SHORTEST_ANYWHERE = 4
# The words that our own output is made of; a secret that is part of one is an everyday word.
_EVERYDAY = (
    *("postgres", "postgresql", "password", "public", "database", "localhost", "schema_migrations", "sha256"),
    *("format_version", "command", "environment", "target", "server_version", "started_at", "duration_ms"),
    *("error", "message", "sqlstate", "migrations", "findings", "checks", "applied_at", "checksum"),
    *("applied", "applying", "pending", "edited", "unknown", "out-of-order", "sealed", "warning", "notice"),
    *("former text", "amended"),
    *("pass", "warn", "fail", "skip", "true", "false", "null", "none", "status", "rollback", "dbmate-wrap"),
    *("severity", "internal", "usage", "config", "binary", "policy", "history", "refused", "unreachable"),
    *("preflight", "locked", "blocked", "failed", "partial", "drift", "interrupted", "terminated"),
    *("production", "staging"),
)


class Redactor:
    """Replaces secrets by ``***``.

    A secret of fewer than four characters, or one that is part of an `ordinary` word of the output (a user or
    database name: ``postgres:postgres``), is masked only where it stands as a password: in ``:secret@`` and
    ``password=secret``.
    """

    def __init__(self, secrets: Iterable[str], ordinary: Iterable[str] = ()) -> None:
        words = {word.lower() for word in (*ordinary, *_EVERYDAY)}
        known = [secret for secret in dict.fromkeys(secrets) if secret]
        self._secrets = [Secret(secret, in_place=_is_weak(secret, words)) for secret in known]
        self._in_place = [Secret(secret, in_place=True) for secret in known]

    def mask(self, text: str) -> str:
        """Return the text with every secret masked; secrets that overlap become one mask."""
        return _masked(text, self._secrets, 0, len(text))[0]

    def mask_in_place(self, text: str) -> str:
        """Return the text, masked only where a secret stands as a password: for text that must stay exact."""
        return _masked(text, self._in_place, 0, len(text))[0]

    def stream(self) -> "MaskedStream":
        """Return a stream that masks a text coming in pieces."""
        return MaskedStream(self._secrets)


class MaskedStream:
    """Masks a text that comes in pieces, wherever it is cut, in bounded memory."""

    def __init__(self, secrets: Sequence[Secret]) -> None:
        self._secrets = secrets
        # How much must be seen after a place, and kept before it, to tell whether a secret begins there. No
        # match goes over the end of a line, unless a secret does, so that a finished line need not wait.
        self._reach = max((secret.reach for secret in secrets), default=0)
        self._by_line = not any(secret.spans_lines for secret in secrets)
        self._text = ""
        self._done = 0

    def feed(self, piece: str) -> str:
        """Return the masked text that is final after this piece."""
        if not self._secrets:
            return piece
        self._text += piece
        line = self._text.rfind("\n") + 1 if self._by_line else 0
        return self._mask_until(max(len(self._text) - self._reach, line))

    def close(self) -> str:
        """Return the rest."""
        return self._mask_until(len(self._text))

    def _mask_until(self, final: int) -> str:
        masked, done = _masked(self._text, self._secrets, self._done, final)
        forget = max(final - self._reach, 0)
        self._text, self._done = self._text[forget:], done - forget
        return masked


NOTHING = Redactor(())


class Secrets:
    """The secrets that a run has learned so far, and the redactor for all of them; for several threads."""

    def __init__(self) -> None:
        self._known: dict[str, None] = {}
        self._ordinary: set[str] = set()
        # How many secrets and words it is made of, and the redactor.
        self._made: tuple[tuple[int, int], Redactor] = ((0, 0), NOTHING)

    def learn(self, secret: str | None, ordinary: Iterable[str] = ()) -> None:
        """Mask `secret` from now on; `ordinary` are public words that a weak secret may be equal to."""
        if secret:
            self._ordinary.update(ordinary)
            self._known[secret] = None

    @property
    def redactor(self) -> Redactor:
        """The redactor for what is known now; made when it is asked for: a fleet may have a thousand."""
        made_of, made = self._made
        # Another thread may learn one while it is made.
        while made_of != (found := (len(self._known), len(self._ordinary))):
            made_of, made = found, Redactor(tuple(self._known), tuple(self._ordinary))
            self._made = made_of, made
        return made

    @property
    def is_empty(self) -> bool:
        """True while there is nothing to mask."""
        return not self._known

    def mask(self, text: str) -> str:
        """Return the text with everything learned so far masked."""
        return self.redactor.mask(text)


def _is_weak(secret: str, words: Iterable[str]) -> bool:
    return len(secret) < _SHORTEST_ANYWHERE or any(secret.lower() in word for word in words)


def _masked(text: str, secrets: Sequence[Secret], done: int, final: int) -> tuple[str, int]:
    """Return the masked text from `done` to `final`, and its end: beyond `final` where a mask covers more.

    A secret that begins before `final` must be there whole. Secrets that overlap become one mask.
    """
    found = [span for secret in secrets for span in secret.spans(text)]
    if not found and done == 0 and final == len(text):
        return text, final  # Nearly every text is one without a secret.
    out: list[str] = []
    for start, end in sorted(found):
        if start >= final:
            break
        if end <= done:
            continue
        if start >= done:
            out += [text[done:start], MASK]
        done = end
    out.append(text[done:final])
    return "".join(out), max(done, final)
