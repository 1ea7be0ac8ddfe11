"""Whether the suite runs at length: `make test-long`."""

import os

LONG = os.environ.get("INTUNE_SCEP_TEST_PROFILE") == "long"
