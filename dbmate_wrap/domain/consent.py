"""The variable by which the person of an AI agent agrees."""

CONSENT_VARIABLE = "DBMATE_WRAP_CONSENT"
