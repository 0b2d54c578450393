"""Opens sealed boxes: {"privateKey", "boxes"} as JSON on stdin, a JSON array on stdout, all in base64."""

import base64
import json
import sys

from nacl.public import PrivateKey, SealedBox

order = json.load(sys.stdin)
opener = SealedBox(PrivateKey(base64.b64decode(order["privateKey"])))
opened = [opener.decrypt(base64.b64decode(box, validate=True)) for box in order["boxes"]]
json.dump([base64.b64encode(value).decode("ascii") for value in opened], sys.stdout)
