"""Compiled loops over arrays: no strings, no dictionaries, no exceptions."""
