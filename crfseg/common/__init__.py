"""Ground for all rooms: errors, files, encodings, threads, progress, version, resources.

Imports no other room.
"""
