"""Says of each token on standard input whether PyJWT takes it. The first line has the keys and what is expected."""

import json
import sys

import jwt

first = json.loads(sys.stdin.readline())
keys = {key["kid"]: jwt.PyJWK(key).key for key in first["keys"]}


def takes(token):
    try:
        key = keys[jwt.get_unverified_header(token)["kid"]]
        claims = jwt.decode(
            token,
            key,
            algorithms=["RS256"],
            audience=first["audience"],
            issuer=["https://accounts.google.com", "accounts.google.com"],
            leeway=60,
            options={"require": ["aud", "email", "email_verified", "exp", "iat", "iss"], "strict_aud": True},
        )
    except (jwt.PyJWTError, KeyError):
        return False
    return claims["email"] == first["account"] and claims["email_verified"] is True


for line in sys.stdin:
    print(json.dumps(takes(json.loads(line))), flush=True)
