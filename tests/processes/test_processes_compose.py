"""compose.yaml and what it mounts fit this tree: no Docker is needed to see that."""

import re
import subprocess
import tomllib
from pathlib import Path

import pytest
import typer
from compose_file import load

import audit.cli
import gateway.cli
import goodstanding_standalone.cli
import registry.cli
from audit.settings import Settings as AuditSettings
from gateway.settings import Settings as GatewaySettings
from goodstanding_standalone.settings import StandaloneSettings
from registry.settings import Settings as RegistrySettings

ROOT = Path(__file__).parents[2]
FILES = (ROOT / "compose.yaml", ROOT / "infra/compose/standalone.yaml")
PROGRAMS = {
    "registry": (registry.cli.app, RegistrySettings),
    "audit": (audit.cli.app, AuditSettings),
    "gateway": (gateway.cli.cli, GatewaySettings),
    "goodstanding-standalone": (goodstanding_standalone.cli.app, StandaloneSettings),
}
SERVICES = [
    pytest.param(path, name, service, id=f"{path.stem}-{name}")
    for path in FILES
    for name, service in load(path, {})["services"].items()
]
OURS = [param for param in SERVICES if param.values[2].get("command", [""])[0] in PROGRAMS]


@pytest.mark.parametrize(("path", "name", "service"), OURS)
def test_every_command_exists(path, name, service):
    program, *words = service["command"]
    command = typer.main.get_command(PROGRAMS[program][0])
    while words and not words[0].startswith("-") and hasattr(command, "commands"):
        command = command.commands[words.pop(0)]
    assert not hasattr(command, "commands"), service["command"]
    known = {option for parameter in command.params for option in (*parameter.opts, *parameter.secondary_opts)}
    assert {word for word in words if word.startswith("--")} <= known


@pytest.mark.parametrize(("path", "name", "service"), OURS)
def test_every_variable_is_a_setting_of_the_program_that_gets_it(path, name, service):
    settings = PROGRAMS[service["command"][0]][1]
    known = {f"GOODSTANDING_{field.upper()}" for field in settings.model_fields}
    assert service["environment"].keys() <= known


@pytest.mark.parametrize(("path", "name", "service"), SERVICES)
def test_every_file_that_is_mounted_exists(path, name, service):
    for volume in service.get("volumes", ()):
        source = volume.partition(":")[0]
        if source.startswith((".", "/")):
            assert (path.parent / source).is_file(), volume
        else:
            assert source in load(path, {})["volumes"], volume
    if "build" in service:
        assert (path.parent / service["build"]["context"] / service["build"]["dockerfile"]).is_file()


@pytest.mark.parametrize(("path", "name", "service"), SERVICES)
def test_nothing_can_write_or_gain_more_than_it_needs(path, name, service):
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert set(service.get("cap_add", ())) <= {"NET_BIND_SERVICE"}
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert not {"privileged", "pid", "userns_mode"} & service.keys()
    for port in service.get("ports", ()):
        assert port.startswith("127.0.0.1:"), "what is published beyond this machine is the operator's choice"
    assert path.stem == "standalone" or name == "proxy" or "ports" not in service


@pytest.mark.parametrize(("path", "name", "service"), SERVICES)
def test_no_secret_is_written_down(path, name, service):
    for variable, value in service.get("environment", {}).items():
        secret = re.search("PASSWORD|TOKEN|DATABASE_URL|SECRET", variable)
        assert not secret or value.startswith("/run/secrets/"), variable
    told = [*service.get("environment", {}).values(), *service.get("command", ())]
    mounted = {found for value in told for found in re.findall(r"/run/secrets/(\w+)", str(value))}
    assert mounted <= set(service.get("secrets", ()))


@pytest.mark.parametrize(("path", "name", "service"), SERVICES)
def test_what_a_service_waits_for_can_come_about(path, name, service):
    document = load(path, {})
    for other, how in service.get("depends_on", {}).items():
        job = document["services"][other]["restart"] == "on-failure"
        assert how["condition"] == ("service_completed_successfully" if job else "service_healthy")
        assert job or document["services"][other]["healthcheck"]["test"]
    if service["restart"] != "on-failure":
        assert service["healthcheck"]["test"][0] == "CMD"
        assert service["stop_grace_period"]
    assert set(service.get("networks", ())) <= document.get("networks", {}).keys()


def test_every_service_is_asked_for_its_health_where_it_listens():
    services = load(FILES[0], {})["services"]
    listening = {
        "audit": AuditSettings.model_fields["audit_port"].default,
        "registry": RegistrySettings.model_fields["registry_port"].default,
        "registry-work": int(services["registry-work"]["environment"]["GOODSTANDING_WORK_PORT"]),
        "gateway": int(services["gateway"]["environment"]["GOODSTANDING_PORT"]),
    }
    for name, port in listening.items():
        assert f"http://127.0.0.1:{port}/readyz" in services[name]["healthcheck"]["test"][-1]
    addresses = services["gateway"]["environment"] | services["registry"]["environment"]
    assert addresses["GOODSTANDING_REGISTRY_URL"] == f"http://registry:{listening['registry']}"
    assert addresses["GOODSTANDING_AUDIT_URL"] == f"http://audit:{listening['audit']}"


def test_the_proxy_leads_to_the_gateway_and_keeps_the_operators_paths_inside():
    proxy = (ROOT / "infra/compose/Caddyfile").read_text()
    assert re.findall(r"reverse_proxy (\S+)", proxy) == ["gateway:8080"]
    assert "@operator path /readyz /metrics\n\trespond @operator 404" in proxy
    assert proxy.count("{") == proxy.count("}")


def test_the_script_makes_every_secret_once(tmp_path, scripted):
    made = [scripted(), scripted()]
    assert made[0] == made[1]
    assert len(set(made[0].values())) == len(made[0])
    assert all(len(content) >= 64 for content in made[0].values())
    assert (tmp_path / "var/secrets").stat().st_mode & 0o777 == 0o700
    files = {Path(entry["file"]) for entry in load(FILES[0], {})["secrets"].values()}
    assert files == {Path("var/secrets", name) for name in made[0]}


def test_scripts_can_be_read_by_bash():
    for script in (ROOT / "infra/compose").glob("*.sh"):
        subprocess.run(["bash", "-n", script], check=True, timeout=20)


def test_the_image_holds_every_member():
    members = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["uv"]["workspace"]["members"]
    installed = re.findall(r"\./([\w/]+)", (ROOT / "infra/compose/Dockerfile").read_text())
    assert sorted(installed) == sorted(members)
