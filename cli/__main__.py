"""``python -m crfseg.cli``: the same as ``python -m crfseg``."""

from crfseg.cli.main import main

main()
