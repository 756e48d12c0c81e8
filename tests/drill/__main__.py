"""``python -m tests.drill``: kills everything again and again, then checks that nothing was lost, doubled or turned."""

import sys

from tests.drill.command import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
