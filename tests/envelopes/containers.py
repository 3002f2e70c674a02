"""What Docker, the kubelet and their tools put around a line."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tests.envelopes.writing import HOST, POD, as_json, before, each, go_json, iso, parts_of


def docker(lines: Sequence[str]) -> bytes:
    """Docker's json-file."""

    def records() -> Iterator[str]:
        for number, line in enumerate(lines):
            *first, last = parts_of(line)
            for text in [*first, last + "\n"]:
                yield f'{{"log":{go_json(text)},"stream":"stdout","time":"{iso(number, 9)}"}}\n'

    return "".join(records()).encode()


def docker_attrs(lines: Sequence[str]) -> bytes:
    """Docker's json-file with `--log-opt labels=`."""
    attrs = '"attrs":{"service":"gateway","tag":"gateway/4f1d2c3b5a69"},'
    return docker(lines).replace(b'"stream":"stdout",', b'"stream":"stdout",' + attrs.encode())


docker_timestamps = before(lambda number: f"{iso(number, 9)} ")
"""docker logs --timestamps."""
docker_compose = before(lambda _: "gateway-1       | ")
"""docker compose logs --no-color, two services wide."""
docker_compose_colour = before(lambda _: "\x1b[36mgateway-1  | \x1b[0m")
"""docker compose logs on a terminal."""
docker_compose_first = before(lambda _: "shop_gateway_1  | ")
"""docker-compose logs of version 1."""
docker_service = before(lambda _: "shop_gateway.1.x8zq3p0o2l9s4t7u@node-1    | ")
"""docker service logs."""


def cri(lines: Sequence[str]) -> bytes:
    """A container's log as containerd and CRI-O write it."""

    def records() -> Iterator[str]:
        for number, line in enumerate(lines):
            *first, last = parts_of(line)
            stamp = iso(number, 9, "+00:00")
            yield from (f"{stamp} stdout P {text}\n" for text in first)
            yield f"{stamp} stdout F {last}\n"

    return "".join(records()).encode()


def kubectl(lines: Sequence[str]) -> bytes:
    """kubectl logs --prefix."""
    return each(lines, lambda _, line: f"[pod/{POD}/gateway] {line}")


def stern(lines: Sequence[str]) -> bytes:
    """stern, not on a terminal."""
    return each(lines, lambda _, line: f"{POD} gateway {line}")


def stern_colour(lines: Sequence[str]) -> bytes:
    """stern on a terminal, all namespaces."""
    return each(
        lines, lambda _, line: f"\x1b[32mshop\x1b[0m \x1b[32m{POD}\x1b[0m \x1b[92mgateway\x1b[0m {line}"
    )


def stern_json(lines: Sequence[str]) -> bytes:
    """stern --output json."""
    about = {"nodeName": HOST, "namespace": "shop", "podName": POD, "containerName": "gateway"}
    return each(lines, lambda _, line: as_json({"message": line, **about}))
