"""Asks usersigd for a UserSig and a PrivateMapKey, and checks a token.

python3 quickstart.py USERID ROOM, with Python 3.8 or later and nothing else.
"""

import json
import os
import sys
import time
import urllib.error
import urllib.request

NEEDED = ("USERSIG_URL", "USERSIG_APP", "USERSIG_API_KEY_FILE")
if len(sys.argv) != 3 or not sys.argv[2].isdecimal() or not all(os.environ.get(name) for name in NEEDED):
    sys.exit("usage: python3 quickstart.py USERID ROOM, with USERSIG_URL, USERSIG_APP and USERSIG_API_KEY_FILE set")

# region call
API = f"{os.environ['USERSIG_URL']}/v1/apps/{os.environ['USERSIG_APP']}"
with open(os.environ["USERSIG_API_KEY_FILE"], encoding="ascii") as file:
    API_KEY = file.read().strip()
ATTEMPTS = 4


class Problem(Exception):
    """usersigd did not do what it was asked, and says why."""

    def __init__(self, status, body):
        self.status = status
        self.reason = body.get("reason", "unknown")  # to branch on
        self.detail = body.get("detail") or body.get("title", "")
        self.request_id = body.get("request_id", "")  # to find it in the server's logs
        self.refusal = body.get("refusal")  # code, reason, message, remedy; or None
        super().__init__(f"{status} {self.reason}: {self.detail}")


class NoRedirect(urllib.request.HTTPRedirectHandler):
    """Takes the API key nowhere else."""

    def redirect_request(self, *_):
        return None


opener = urllib.request.build_opener(NoRedirect)


def call(path, body):
    """Posts body to the application's part of the API and returns the reply.

    Trying again is safe: what is issued twice is two tokens, and both are good.
    """
    request = urllib.request.Request(
        f"{API}/{path}",
        data=json.dumps(body).encode(),
        headers={"Authorization": f"Bearer {API_KEY}", "Content-Type": "application/json"},
    )
    for attempt in range(1, ATTEMPTS + 1):
        try:
            with opener.open(request, timeout=10) as reply:
                return json.load(reply)
        except urllib.error.HTTPError as error:
            with error:
                if error.code not in (429, 503) or attempt == ATTEMPTS:
                    raise Problem(error.code, problem_document(error)) from None
                wait = error.headers.get("Retry-After", "1")
        time.sleep(min(int(wait) if wait.isdigit() else 1, 30))
# endregion


def problem_document(error):
    """The body of a reply, or nothing if it is a proxy's and not usersigd's."""
    try:
        body = json.load(error)
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


# region tokens
def usersig(user):
    """A UserSig for a user who has logged in to the app, good for a day."""
    return call("usersigs", {"userid": user, "ttl": 86400})["usersig"]


def privatemapkey(user, room):
    """Lets a user enter one room, listen and watch, for an hour."""
    return call("privatemapkeys", {"userid": user, "room": {"id": room}, "allow": "audience", "ttl": 3600})["privatemapkey"]


def verify(token, user):
    """The server's verdict: its keys, revocations and blocks, and not the signature alone."""
    return call("verify", {"token": token, "userid": user})
# endregion


# region use
def main(user, room):
    token = usersig(user)
    print("usersig", token)
    print("privatemapkey", privatemapkey(user, room))
    for claimed in (user, "mallory"):
        verdict = verify(token, claimed)
        if verdict["ok"]:
            print("good:", verdict["userid"], "until", verdict["expires_at"])
        else:
            refusal = verdict["refusal"]
            print(f"refused: {refusal['code']} {refusal['reason']}: {refusal['message']}; {refusal['remedy']}")


try:
    main(sys.argv[1], int(sys.argv[2]))
except Problem as problem:
    print(problem, "request", problem.request_id, file=sys.stderr)
    if problem.refusal:
        print("{code} {reason}: {message}; {remedy}".format(**problem.refusal), file=sys.stderr)
    sys.exit(1)
# endregion
