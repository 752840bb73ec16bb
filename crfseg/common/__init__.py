"""Shared basics: errors, files, encodings, threads, sharding, progress, version, resources.

Imports no other room.
"""
