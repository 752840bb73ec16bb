"""Properties of single characters: classes, types, normal forms, whitespace.

Imports no other room.
"""
