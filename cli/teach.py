"""``crfseg teach``: adapt a model to corrections, without its training corpus."""

from __future__ import annotations

import click

from crfseg.cli.options import (
    check_writable,
    complete_file,
    encoding_option,
    format_option,
    quiet_option,
    readable,
    standard_option,
    threads_option,
)
from crfseg.cli.report import reporter

#: The number of corrections that were not learnt to print.
_SHOWN = 10


@click.command(name="teach")
@click.argument(
    "files", metavar="[MODEL] CORRECTIONS", nargs=-1, required=True, shell_complete=complete_file
)
@click.option(
    "-o",
    "output",
    metavar="NEW",
    required=True,
    shell_complete=complete_file,
    help="Model file to write.",
)
@format_option
@encoding_option
@standard_option
@threads_option
@quiet_option
def teach(
    files: tuple[str, ...],
    output: str,
    format: str,
    encoding: str,
    standard: str | None,
    threads: int | None,
    quiet: bool,
) -> None:
    """Adapt a model to corrected sentences.

    MODEL defaults to the bundled model. CORRECTIONS has correctly segmented sentences or single
    words, one per line; a dash stands for standard input. Corrections that could not be learnt
    are printed.

    \b
    crfseg teach my.crfseg corrections.txt -o better.crfseg
    echo '小 蓝鲸 爱 小 鱼' | crfseg teach - -o better.crfseg
    """
    if len(files) > 2:
        raise click.UsageError(f"{len(files)} files; expected one of corrections, after the model")
    model = files[0] if len(files) == 2 else None
    check_writable(output)
    with readable(files[-1]) as corrections, reporter(quiet) as progress:
        import crfseg

        result = crfseg.teach(
            model,
            corrections,
            output=output,
            format=format,
            encoding=encoding,
            standard=standard,
            threads=threads,
            progress=progress,
        )
        for words in result.unlearnt[:_SHOWN]:
            progress.line(f"not learnt: {' '.join(words)}")
        progress.line(
            f"{result.sentences:,} corrections: {result.wrong:,} came out wrong before, "
            f"{len(result.unlearnt):,} do now; saved {output} after {result.seconds:.1f} s"
        )
