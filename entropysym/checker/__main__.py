"""python -m entropysym.checker FILE [--json]: 0 accepted, 1 not accepted, 2 not readable."""

import argparse
import json
import sys

from . import Malformed, Refused, replay_file


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="entropysym.checker", description="Replay a derivation.")
    parser.add_argument("file", metavar="FILE", help="a stored derivation (JSON)")
    parser.add_argument("--json", action="store_true", help="print the answer as JSON")
    options = parser.parse_args(arguments)
    try:
        result = replay_file(options.file)
    except (Refused, Malformed) as error:
        refused = isinstance(error, Refused)
        line = "derivation not accepted" if refused else "not a readable derivation"
        if options.json:
            print(json.dumps({"accepted": False, "readable": refused, "reason": str(error)}))
        text = f"{line}: {error}".encode("ascii", "backslashreplace").decode()
        print(text, file=sys.stderr)
        return 1 if refused else 2
    if options.json:
        answer = {"accepted": True, "model": result.model, "shipped": result.shipped}
        answer |= {"statement_sha256": result.statement_sha256, "conditions": result.conditions}
        print(json.dumps(answer | {"rules": result.rules, "statement": result.statement}))
    else:
        print(result.statement)
        print(f"derivation accepted: {len(result.rules)} steps, {result.origin}")
    return 0


def run() -> int:
    """`main`, where a failure to print is no verdict: it ends with 2."""
    try:
        if sys.stdout is None:  # closed by whoever started this process
            raise OSError(0, "no standard output")
        status = main()
        sys.stdout.flush()
        return status
    except OSError as error:
        sys.stdout = None  # what could not be written must not be tried again at exit
        print(f"cannot print the answer: {error.strerror}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(run())
