"""python -m entropysym.auditing [LIBRARY …]: the table; exit status 1 if something in it fails."""

import sys

from entropysym.auditing.libraries import audit_libraries
from entropysym.auditing.table import lines
from entropysym.errors import InputError


def main(names: list[str]) -> int:
    """Print the table of these libraries, or of all."""
    try:
        found = list(audit_libraries(names))
    except InputError as wrong:
        print(wrong, file=sys.stderr)
        return 2
    print("\n".join(lines(found)))
    return int(any(f.alarms for f in found))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
