"""Drives the official Python packages for the Go tests.

One JSON request a line on standard input, one JSON answer a line on standard output, in the same
order. A request names an API by its package and function; "v1" is tls-sig-api from PyPI and "v2"
is tls-sig-api-v2. Bytes travel as base64.
"""

import base64
import json
import sys

# Whatever the packages print must not end up among the answers.
answers, sys.stdout = sys.stdout, sys.stderr

import TLSSigAPI  # noqa: E402
import TLSSigAPIv2  # noqa: E402


def ecdsa(r):
    return TLSSigAPI.TLSSigAPI(r["app"], r["private_key"], "")


def hmac(r):
    return TLSSigAPIv2.TLSSigAPIv2(r["app"], r["secret"])


APIS = {
    "v1.gen_sig": lambda r: ecdsa(r).gen_sig(r["user"], r["expire"]),
    "v2.gen_sig": lambda r: hmac(r).gen_sig(r["user"], r["expire"]),
    "v2.gen_sig_with_userbuf": lambda r: hmac(r).gen_sig_with_userbuf(
        r["user"], r["expire"], base64.b64decode(r["userbuf"])
    ),
}


def serve(line):
    try:
        request = json.loads(line)
        return {"token": APIS[request["api"]](request)}
    except Exception as err:  # whatever it is, the Go test must hear of it
        return {"error": repr(err)}


sys.stdin.reconfigure(encoding="utf-8")
for line in sys.stdin:
    answers.write(json.dumps(serve(line)) + "\n")
