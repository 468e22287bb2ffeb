"""The daemon: receives events, answers with advice, records what happened and learns from it."""
