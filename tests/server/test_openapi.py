"""The API does what its OpenAPI document says, for any request that the document allows."""

import json
import subprocess
import sys

import pytest

from reference_impl.protocol.problem import KINDS
from tests.server.conftest import DEADLINE_S, ServerProcess

EXAMPLES = 25  # requests for each operation and phase


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    started = ServerProcess(
        tmp_path_factory.mktemp("openapi") / "data", "--rate-burst", "1000000", "--rate-period-s", "1"
    )
    yield started
    started.end()


def operations(document):
    return [(method, path, each) for path, item in document["paths"].items() for method, each in item.items()]


def test_every_operation_is_described_with_its_problems_and_examples(server):
    document = server.request("GET", "/openapi.json")[1]
    for method, path, operation in operations(document):
        assert operation.get("summary"), path
        if not path.startswith("/v1"):
            continue
        assert operation.get("description"), path
        for status, answer in operation["responses"].items():
            if status >= "400":
                assert "application/problem+json" in answer["content"], (method, path, status)
        if method in ("post", "put", "patch") and not path.endswith((":approve", ":deny")):
            assert operation["requestBody"]["content"]["application/json"]["schema"]["properties"], path


def test_the_problems_that_operations_name_are_those_of_the_table(server):
    document = json.dumps(server.request("GET", "/openapi.json")[1])
    unnamed = {kind.name for kind in KINDS if f'"{kind.name}"' not in document}
    # These can come from any address, before a route is chosen.
    assert unnamed == {"method-not-allowed", "internal"}


@pytest.mark.slow
def test_no_request_gets_a_5xx_or_an_answer_that_is_not_documented(server, tmp_path):
    token = server.token("tester", "admin")
    command = [
        sys.executable, "-m", "schemathesis.cli", "run", f"{server.url}/openapi.json",
        "--header", f"Authorization: Bearer {token}", "--max-examples", str(EXAMPLES), "--seed", "1",
        "--exclude-path-regex", "/events$", "--checks",
        "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance",
        "--suppress-health-check", "all", "--no-color", "--request-timeout", f"{DEADLINE_S:g}",  # a poll may be held
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, timeout=500, cwd=tmp_path)
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-1000:]
    assert not [line for line in server.said if "level=error" in line]
