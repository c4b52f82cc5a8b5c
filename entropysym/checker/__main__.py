"""python -m entropysym.checker FILE [--json]: 0 accepted, 1 not accepted, 2 not readable.

FILE holds a derivation or a refusal; an accepted refusal says that the claim is false for its model.
"""

import argparse
import json
import sys
from typing import Any

from . import Malformed, Refused, Refutation, Result, is_refusal, read_file, replay, replay_refusal


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="entropysym.checker", description="Replay a derivation or a refusal."
    )
    parser.add_argument("file", metavar="FILE", help="a stored derivation or refusal (JSON)")
    parser.add_argument("--json", action="store_true", help="print the answer as JSON")
    options = parser.parse_args(arguments)
    what = "derivation"
    try:
        data = read_file(options.file)
        what = "refusal" if is_refusal(data) else what
        result = replay_refusal(data) if what == "refusal" else replay(data)
    except (Refused, Malformed) as error:
        refused = isinstance(error, Refused)
        line = f"{what} not accepted" if refused else f"not a readable {what}"
        if options.json:
            print(json.dumps({"accepted": False, "readable": refused, "reason": str(error)}))
        text = f"{line}: {error}".encode("ascii", "backslashreplace").decode()
        print(text, file=sys.stderr)
        return 1 if refused else 2
    if options.json:
        print(json.dumps(_answer(result)))
    else:
        print(result.statement)
        print(_last_line(result))
    return 0


def _last_line(result: Result | Refutation) -> str:
    if isinstance(result, Refutation):
        return "refusal accepted: the claim is false for this model"
    return f"derivation accepted: {len(result.rules)} steps, {result.origin}"


def _answer(result: Result | Refutation) -> dict[str, Any]:
    answer = {"accepted": True, "model": result.model, "conditions": result.conditions}
    if isinstance(result, Refutation):
        answer |= {"refuted": True, "kind": result.kind}
    else:
        answer |= {"refuted": False, "shipped": result.shipped, "rules": result.rules}
        answer["statement_sha256"] = result.statement_sha256
    return answer | {"statement": result.statement}


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
