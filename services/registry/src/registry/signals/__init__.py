"""Signals: what somebody reports about an organisation. Heard by authorities, kept from everyone else, no judgement."""
