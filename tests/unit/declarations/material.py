"""What tests of declarations hold in their hands."""

import base64
import json
from pathlib import Path

from intune_scep.simulator.scenarios import wire

_CERTIFICATES = json.loads(
    (Path(wire.__file__).parent / "root_certificates.json").read_text(encoding="utf-8")
)
ROOT_DER = base64.b64decode(_CERTIFICATES["contoso-root-ca-2021"])
