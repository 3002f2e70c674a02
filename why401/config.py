"""Configuration: why401.toml in the working directory, and WHY401_* in the environment, which wins."""

from __future__ import annotations

import os
import secrets
import tempfile
import tomllib
from contextlib import suppress
from pathlib import Path
from typing import Any, Literal
from zoneinfo import available_timezones

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from ingest import Bounds, Settings
from lake.schema import ENDPOINTS

CONFIG_FILE = Path("why401.toml")


class ConfigError(Exception):
    """The configuration cannot be understood; the message names the file or variable and the fault."""


class Config(BaseSettings):
    """What can be configured. Each field is also WHY401_<FIELD> in the environment."""

    model_config = SettingsConfigDict(
        env_prefix="WHY401_",
        env_nested_delimiter="__",
        toml_file=CONFIG_FILE,
        extra="forbid",
        env_ignore_empty=True,
    )

    lake: Path = Field(Path("data/lake"), description="Folder of the lake.")
    source_folders: list[Path] = Field([], description="Folders with .sql sources of one's own.")
    rules: Path = Field(
        Path("why401-rules"), description="Folder with rules of one's own; `why401 rule add` makes it."
    )
    formats: dict[str, list[str]] = Field(
        {},
        description="Format strings by source, such as nginx log_format or the Apinto formatter.",
    )
    server_configs: dict[str, list[Path]] = Field(
        {},
        description="Configuration files by source, such as nginx = ['/etc/nginx/nginx.conf'], "
        "for the log formats that they define.",
    )
    endpoints: dict[str, list[str]] = Field(
        {}, description="Paths of one's own by endpoint, such as token = ['/my/token']."
    )
    users: Literal["pseudonym", "plain"] = Field(
        "pseudonym", description="Whether users are stored under a keyed pseudonym or as they are."
    )
    time_zones: dict[str, str] = Field(
        {},
        description="IANA time zone by source, for times without one, such as keycloak = 'Europe/Berlin'.",
    )
    expansion: Bounds = Field(
        Bounds(), description="The most that an archive may expand to: `ratio` (to one) and `bytes`."
    )
    pseudonym_key: SecretStr | None = Field(
        None, description="Key of the pseudonyms; made and kept beside the lake when not given."
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The environment wins over the file."""
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls)


def load_config(**given: Any) -> Config:
    """The configuration, with what the command line gave on top. Raises ConfigError."""
    try:
        config = Config(**{name: value for name, value in given.items() if value is not None})
    except tomllib.TOMLDecodeError as problem:
        raise ConfigError(f"{CONFIG_FILE}: not valid TOML: {problem}") from problem
    except (OSError, UnicodeDecodeError) as problem:
        raise ConfigError(f"{CONFIG_FILE}: cannot be read: {problem}") from problem
    except ValidationError as problem:
        raise ConfigError(_explained(problem)) from problem
    unknown = set(config.endpoints) - set(ENDPOINTS)
    if unknown:
        raise ConfigError(
            f"{CONFIG_FILE}: [endpoints] names {', '.join(sorted(unknown))}; "
            f"an endpoint is one of {', '.join(ENDPOINTS)}"
        )
    return config


def _explained(problem: ValidationError) -> str:
    faults = [
        f"`{'.'.join(str(part) for part in fault['loc'])}`: {fault['msg'].lower()}"
        for fault in problem.errors(include_input=False)
    ]
    return f"{CONFIG_FILE} or WHY401_* in the environment: " + "; ".join(faults)


def ingest_settings(config: Config, stored: bool = True) -> Settings:
    """What a run of ingest decides for all of its events; `stored`: they are kept. Raises ConfigError."""
    _check_zones(config.time_zones)
    own = {path: endpoint for endpoint, paths in config.endpoints.items() for path in paths}
    return Settings(
        pseudonym_key=_pseudonym_key(config) if stored else "nothing is stored",
        plain_users=config.users == "plain",
        own_endpoints=own,
        time_zones=config.time_zones,
    )


def _check_zones(zones: dict[str, str]) -> None:
    for source, zone in zones.items():
        if zone not in available_timezones():
            raise ConfigError(f"{CONFIG_FILE}: [time_zones] {source}: there is no time zone {zone!r}")


def _pseudonym_key(config: Config) -> str:
    """The configured key, or one that was made for this lake and lies beside it, for its owner only."""
    if config.pseudonym_key is not None:
        return config.pseudonym_key.get_secret_value()
    path = config.lake.parent / f"{config.lake.name}.key"
    try:
        if not path.exists():
            _make_key(path)
        key = path.read_text(encoding="ascii").strip()
    except OSError as problem:
        raise ConfigError(f"{path}: the key of the pseudonyms: {problem.strerror}") from problem
    if not key:
        raise ConfigError(f"{path}: is empty; delete it, or put back the key that this lake began with")
    return key


def _make_key(path: Path) -> None:
    """Writes a new key in one step, so that of two runs that begin together both use the same.

    It has 128 bits: with a longer one key and value would not fit into one block of SHA-256.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, draft = tempfile.mkstemp(dir=path.parent)
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(secrets.token_hex(16))
        with suppress(FileExistsError):
            os.link(draft, path)
    finally:
        Path(draft).unlink()
