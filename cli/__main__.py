"""``python -m crfseg.cli`` is ``crfseg``."""

from crfseg.cli.main import main

main()
