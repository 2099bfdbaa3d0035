"""The module's README says what the module does."""

import json
import re
from typing import Any

from tests.puppet.compiled import FACTS, MODULE, compiled

README = (MODULE / "README.md").read_text()
REFERENCE = (MODULE / "REFERENCE.md").read_text()


def blocks() -> list[str]:
    """What is indented."""
    return re.findall(r"(?:^    .*\n)+", README, re.MULTILINE)


def example(start: str) -> str:
    (found,) = (block for block in blocks() if block.lstrip().startswith(start))
    return found


def test_the_example_of_a_mesh_is_one() -> None:
    rows = re.findall(r"^ +(cp\d+): \{(.*)\}$", example("ipsec::mesh::domain"), re.MULTILINE)
    nodes = {name: dict(one.split(": ") for one in row.split(", ")) for name, row in rows}
    plain: dict[str, Any] = json.loads(json.dumps(nodes).replace('\\"', ""))
    data = {
        "classes": ["ipsec::mesh"],
        "ipsec::mesh::domain": "example.org",
        "ipsec::mesh::nodes": plain,
    }
    found = compiled(data, {"cp0101.example.org": FACTS})["cp0101.example.org"]
    names = [one.name for one in found.configuration().connections]
    assert names == ["cp0001_v4", "cp0001_v6", "cp0002_v4", "cp0002_v6"]


def test_every_parameter_that_it_names_is_there() -> None:
    named = set(re.findall(r"\b(ipsec(?:::mesh|::monitoring)?)::([a-z_]+):(?!:)", README))
    assert len(named) > 8
    for class_name, parameter in named:
        (section,) = re.findall(
            rf"^### <a name=\"{class_name.replace('::', '')}\"></a>.*?(?=^### )",
            REFERENCE, re.MULTILINE | re.DOTALL,
        )  # fmt: skip
        assert f'##### <a name="{parameter}"></a>`{parameter}`\n' in section
