"""Write the published JSON Schema of rollout files, from the library's.

Run it after a change to python/intune_scep/rollout/schema.py:
python dev/generate_rollout_schema.py
With --check it writes nothing and exits 1 if the file is not up to date.
"""

import json
import sys
from pathlib import Path

from generated import write_or_check

from intune_scep.rollout.schema import SCHEMA

PUBLISHED = Path("docs/schema/strong-mapping.schema.json")


def main() -> int:
    return write_or_check({PUBLISHED: json.dumps(SCHEMA, indent=2) + "\n"})


if __name__ == "__main__":
    sys.exit(main())
