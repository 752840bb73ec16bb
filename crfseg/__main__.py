"""``python -m crfseg``."""

from crfseg.cli.main import main

main()
