"""How a Pushgateway is addressed."""

from __future__ import annotations

import base64
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lumen_action.http import Http
from lumen_action.sinks.pushgateway import Pushgateway, PushgatewayOptions, group_path, problems

GOOD = PushgatewayOptions("https://gateway.example:9091/prefix/")


def test_plain_values_stand_in_the_path_as_they_are() -> None:
    assert group_path({"pipeline": "nightly.build_2", "region": "eu-west-1"}) == (
        "/metrics/job/lumen/pipeline/nightly.build_2/region/eu-west-1"
    )


@pytest.mark.parametrize(
    ("value", "part"),
    [
        ("", "pipeline@base64/="),
        ("org/name", "pipeline@base64/b3JnL25hbWU="),
        ("..", "pipeline@base64/Li4="),
        ("a b", "pipeline@base64/YSBi"),
        ("야간", "pipeline@base64/7JW86rCE"),
        (">>>???", "pipeline@base64/Pj4-Pz8_"),
    ],
)
def test_other_values_go_in_base64(value: str, part: str) -> None:
    assert group_path({"pipeline": value}) == f"/metrics/job/lumen/{part}"


def read_part(name: str, value: str) -> str:
    if name.endswith("@base64"):
        return base64.urlsafe_b64decode(value if value != "=" else "").decode()
    return value


@given(st.text(), st.text())
def test_any_label_can_be_read_back_from_a_path_no_client_would_change(pipeline: str, region: str) -> None:
    path = group_path({"pipeline": pipeline, "region": region})
    assert quote(path, safe="/@=") == path
    *_, first, first_value, second, second_value = path.split("/")
    assert (read_part(first, first_value), read_part(second, second_value)) == (pipeline, region)
    assert {".", ".."}.isdisjoint(path.split("/"))


@pytest.mark.parametrize(
    "url", ["http://gateway:9091", "https://gateway/", "https://me:p%40ss@gateway.example/prefix", "http://[::1]:9091"]
)
def test_a_good_url_has_no_problem(url: str) -> None:
    assert problems(PushgatewayOptions(url)) == []


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("", "needs http:// or https:// and a host"),
        ("gateway:9091", "needs http:// or https:// and a host"),
        ("ftp://gateway", "needs http:// or https:// and a host"),
        ("http://", "needs http:// or https:// and a host"),
        ("http://gateway:port", "host or port of the URL cannot be read"),
        ("http://gateway:99999", "host or port of the URL cannot be read"),
        ("http://[::1", "host or port of the URL cannot be read"),
        ("http://gateway?x=1", "has a ? or # part"),
        ("http://gateway/#x", "has a ? or # part"),
        ("http://gate way", "holds a blank or a line break"),
        ("http://gateway\n", "holds a blank or a line break"),
        ("http://gateway:9091/metrics/job/x", "leave out /metrics"),
    ],
)
def test_a_wrong_url_is_explained_with_an_example(url: str, problem: str) -> None:
    (told,) = problems(PushgatewayOptions(url))
    assert told.startswith("pushgateway-url: ")
    assert problem in told
    assert "http://pushgateway:9091" in told


@pytest.mark.parametrize(
    "url", ["ftp://me:geheim@gateway", "http://me:geheim@gateway:port", "http://me:geheim@gateway?q"]
)
def test_a_problem_never_repeats_the_password(url: str) -> None:
    assert "geheim" not in "".join(problems(PushgatewayOptions(url)))


def test_all_other_problems_are_told_together(tmp_path: Path) -> None:
    wrong = replace(GOOD, user="me", password="x", token="two words", ca_file=str(tmp_path), timeout_seconds=0)  # noqa: S106 - made up
    told = problems(wrong)
    assert [problem.partition(":")[0] for problem in told] == [
        "pushgateway-url",
        "LUMEN_PUSHGATEWAY_TOKEN",
        "pushgateway.ca-file",
        "pushgateway.timeout-seconds",
    ]
    assert problems(replace(GOOD, url="http://me:pw@gateway", user="me")) == [
        "pushgateway-url: user and password are given twice, in the URL and beside it; keep one"
    ]


def test_the_name_tells_gateways_apart_and_holds_no_secret() -> None:
    sink = Pushgateway(PushgatewayOptions("http://me:geheim@gateway:9091/prefix/"), Http())
    assert sink.name == "pushgateway:http://gateway:9091/prefix"
    assert "geheim" not in repr(PushgatewayOptions("http://me:geheim@gateway", password="geheim", token="geheim"))  # noqa: S106 - made up
