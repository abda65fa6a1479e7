"""Tells from variables whether an AI agent types, and whether its person has agreed."""

from collections.abc import Mapping
from dataclasses import dataclass

from dbmate_wrap.domain.consent import CONSENT_VARIABLE

_UNSET = frozenset({"", "0", "false", "no", "off"})
# What a person would not say: a switch, as other variables have them.
_NO_WORDS = frozenset({"1", "true", "yes", "y", "ok", "on", "null", "none"})


@dataclass(frozen=True)
class Marker:
    """A variable that an agent sets for the commands it runs; `value` where only that one means the agent."""

    variable: str
    agent: str
    value: str | None = None

    def is_set(self, variables: Mapping[str, str]) -> bool:
        """Return True where the variable says that the agent types."""
        found = variables.get(self.variable, "").strip().lower()
        return found == self.value.lower() if self.value is not None else found not in _UNSET


# Only what is set for the commands of an agent, not what an editor sets in every terminal of its person. The
# variables that name any agent come last: the others say more.
MARKERS = (
    Marker("CLAUDECODE", "Claude Code"),
    Marker("CURSOR_AGENT", "Cursor"),
    Marker("GEMINI_CLI", "Gemini CLI"),
    Marker("QWEN_CODE", "Qwen Code"),
    Marker("CODEX_SANDBOX", "Codex"),
    Marker("CODEX_THREAD_ID", "Codex"),
    Marker("CODEX_CI", "Codex"),
    Marker("REPLIT_CLI", "Replit"),
    Marker("COPILOT_CLI", "GitHub Copilot CLI"),
    Marker("CLINE_ACTIVE", "Cline"),
    Marker("AUGMENT_AGENT", "Augment"),
    Marker("OPENCODE", "OpenCode"),
    Marker("AMP_CURRENT_THREAD_ID", "Amp"),
    Marker("ANTIGRAVITY_AGENT", "Antigravity"),
    Marker("TRAE_AI_SHELL_ID", "Trae"),
    Marker("OR_APP_NAME", "Aider", "Aider"),
    Marker("AGENT", "Amp", "amp"),
    Marker("AGENT", "Crush", "crush"),
    Marker("AGENT", "Goose", "goose"),
    Marker("AI_AGENT", "an agent"),
)


@dataclass(frozen=True)
class Typist:
    """Whoever types: an agent, by the variable that says so, or else a person; and the words of consent."""

    marker: Marker | None = None
    consent: str | None = None

    @property
    def must_ask(self) -> bool:
        """True for an agent whose person has not agreed."""
        return self.marker is not None and self.consent is None


def typist_of(variables: Mapping[str, str]) -> Typist:
    """Return who types in an environment with these variables."""
    marker = next((each for each in MARKERS if each.is_set(variables)), None)
    words = " ".join(variables.get(CONSENT_VARIABLE, "").split())
    has_words = any(map(str.isalpha, words)) and words.lower() not in _NO_WORDS | _UNSET
    return Typist(marker, words if has_words else None)
