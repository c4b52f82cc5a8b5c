"""python -m entropysym, and the program `entropysym`: the command line, which listens to Ctrl-C before anything heavy is imported."""

from entropysym import interruption


def main() -> None:
    """Run the command line and leave with its exit status; after Ctrl-C or SIGTERM with one line, and 130 or 143."""
    try:
        interruption.listen()
        from entropysym.cli import main as run

        code = run()
        if not interruption.heard():
            interruption.leave(code)
    except BaseException:
        # Whatever an interruption was made into on its way, by an import or a file of the caller's own.
        if not interruption.heard():
            raise
    interruption.say("interrupted")
    interruption.leave(interruption.status())


if __name__ == "__main__":
    main()
