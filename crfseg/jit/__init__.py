"""Compiling, caching and loading machine code; nothing else in crfseg imports llvmlite.

May import: common.
"""
