"""The command line's entry: errors become one line and an exit status, never a traceback."""

from __future__ import annotations

import os
import sys
from types import TracebackType

from autoprep.errors import AutoprepError


def _say(line: str) -> None:
    from autoprep.cli import progress

    if progress.as_json():
        from autoprep.tracking.log import json_lines, without_values

        json_lines()({"event": "error", "message": without_values(line)})
    else:
        sys.stderr.write(f"autoprep: {line}\n")


def _unexpected(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Say in one line that this is our mistake; the traceback stands behind AUTOPREP_DEBUG=1."""
    if os.environ.get("AUTOPREP_DEBUG"):
        sys.__excepthook__(kind, error, trace)
        return
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    where = f" ({trace.tb_frame.f_code.co_filename}:{trace.tb_lineno})" if trace else ""
    text = " ".join(str(error).split())[:300]
    _say(f"a mistake of autoprep's own: {kind.__name__}: {text}{where}; AUTOPREP_DEBUG=1 shows the whole trace")


#: Exit status of a run that Ctrl-C ended.
STOPPED = 130


def main(arguments: list[str] | None = None) -> int:
    """Run the command line.

    Returns:
        0 done; 1 the data broke its contract; 2 the call was wrong; 130 stopped by the user.
    """
    sys.excepthook = _unexpected
    from autoprep.cli import progress

    try:
        with progress.watched(sys.argv[1:] if arguments is None else list(arguments)) as words:
            return progress.ended(_run(words))
    except AutoprepError as error:
        _say(str(error))
        return error.exit_status
    except KeyboardInterrupt:
        return _stopped()


def _stopped() -> int:
    # Python remembers a Ctrl-C that arrived inside an exec or eval of text (dataclasses are made so) and, run with -m,
    # would end by the signal whatever status is returned; an eval that ends well makes it forget.
    eval("None")  # noqa: S307
    _say("stopped; no half-written file was left")
    return STOPPED


def _run(words: list[str]) -> int:
    import typer

    from autoprep.cli import app

    # typer carries its own copy of click; its public BadParameter leads to the root of all wrong calls.
    wrong_call = next(k for k in typer.BadParameter.__mro__ if k.__name__ == "ClickException")
    assert issubclass(wrong_call, Exception)
    try:
        status = app(args=words, prog_name="autoprep", standalone_mode=False)
        if status == STOPPED:  # typer turns Ctrl-C into this
            return _stopped()
        return int(status or 0)
    except AutoprepError as error:
        _say(str(error))
        return error.exit_status
    except wrong_call as error:
        message = str(error.format_message() if hasattr(error, "format_message") else error)
        if type(error).__name__ == "NoArgsIsHelpError":
            sys.stderr.write(message + "\n")
            return 2
        context = getattr(error, "ctx", None)
        hint = f"; see '{context.command_path} --help'" if context else ""
        _say(" ".join(message.split()).rstrip(".") + hint)
        return 2
    except typer.Exit as leaving:
        return leaving.exit_code
    except (KeyboardInterrupt, typer.Abort):
        return _stopped()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except MemoryError:
        _say("not enough memory; try a sample with --rows, or a machine with more")
        return 2
    except OSError as error:
        _say(f"{error.filename or 'the system'}: {(error.strerror or str(error)).lower()}; check space and permissions")
        return 2


if __name__ == "__main__":
    sys.exit(main())
