"""Secrets of every shape we promise to hide, and how they stand in a line of a log."""

from __future__ import annotations

import string

from hypothesis import strategies as st

ALNUM = string.ascii_letters + string.digits


def chars(alphabet: str, size: int, *more: int) -> st.SearchStrategy[str]:
    return st.text(alphabet, min_size=size, max_size=more[0] if more else size)


URLSAFE = ALNUM + "_-"
# How a secret looks and how it stands in a line: the strategy makes the secret, the template the line.
UPPER = string.ascii_uppercase + string.digits
SECRETS: dict[str, tuple[st.SearchStrategy[str], str]] = {
    "GitHub token": (st.builds("gh{}_{}".format, st.sampled_from("pousr"), chars(ALNUM, 36)), "remote: {}"),
    "GitHub fine-grained token": (chars(ALNUM + "_", 40, 82).map("github_pat_{}".format), "using {} to clone"),
    "AWS key id": (st.builds("{}{}".format, st.sampled_from(["AKIA", "ASIA"]), chars(UPPER, 16)), "key {} is bad"),
    "AWS secret": (chars(ALNUM + "/+", 40), "AWS_SECRET_ACCESS_KEY={}"),
    "AWS secret in a file": (chars(ALNUM + "/+", 40), "aws_secret_access_key = {}"),
    "JWT": (
        st.builds("eyJ{}.eyJ{}.{}".format, chars(URLSAFE, 12, 40), chars(URLSAFE, 12, 80), chars(URLSAFE, 43)),
        "assertion {} expired",
    ),
    "Slack token": (
        st.builds("xox{}-{}".format, st.sampled_from("bpars"), chars(ALNUM + "-", 20, 50)),
        "slack said no to {}",
    ),
    "GitLab token": (chars(URLSAFE, 20).map("glpat-{}".format), "PRIVATE-TOKEN {} refused"),
    "Google key": (chars(URLSAFE, 35).map("AIza{}".format), "maps refused {}"),
    "Stripe key": (chars(ALNUM, 24).map("sk_live_{}".format), "charge with {} failed"),
    "user in a URL": (
        st.builds("{}:{}".format, chars(ALNUM, 4, 8), chars(URLSAFE + "%.!", 6, 30)),
        "fatal: unable to access 'https://{}@git.example/a.git/'",
    ),
    "token as user of a URL": (chars(ALNUM, 20, 40), "https://{}@git.example/a.git"),
    "signature of S3": (
        chars("0123456789abcdef", 64),
        "GET https://b.example/k?X-Amz-Date=2026&X-Amz-Signature={}&x=1",
    ),
    "shared access signature": (chars(ALNUM + "%", 30, 60), "https://b.example/c?sv=2026-01-01&sig={}&se=2026"),
    "bearer": (chars(ALNUM + "-._~+/", 16, 60), "> Authorization: Bearer {}"),
    "basic": (chars(ALNUM, 12, 40), "authorization: Basic {}=="),
    "cookie": (chars(ALNUM, 12, 40), "Cookie: session={}; theme=dark"),
    "set cookie": (chars(ALNUM, 12, 40), "set-cookie: id={}; HttpOnly"),
    "webhook secret": (chars(ALNUM + "+/", 32, 88).map("whsec_{}".format), "signing with {} failed"),
    "age identity": (chars(UPPER, 58).map("AGE-SECRET-KEY-1{}".format), "read with {}"),
    "Slack trigger": (chars(ALNUM, 20, 40), "POST https://hooks.slack.com/triggers/T0/12/{} failed"),
    "Discord webhook": (chars(URLSAFE, 60), "POST https://discord.com/api/webhooks/1234/{} failed"),
    "password": (chars(ALNUM + "!#%", 6, 30), "connecting with password={}"),
    "password that begins like a word": (chars(ALNUM, 6, 30).map("none-{}".format), "connecting with password={}"),
    "password with a dollar": (chars(string.ascii_lowercase, 6, 30).map("${}".format), "connecting with password={}"),
    "password in JSON": (chars(ALNUM, 6, 30), '{{"user": "ci", "password": "{}"}}'),
    "token": (chars(ALNUM, 12, 40), "NPM_TOKEN={} npm publish"),
    "secret": (chars(ALNUM, 8, 30), "client_secret: '{}'"),
    "option": (chars(ALNUM, 8, 30), "+ login --user ci --password {} --host git.example"),
}
# Words that stand where a secret could stand and say that there is none.
NO_SECRETS = {"undefined", "false"}
