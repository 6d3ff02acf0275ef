"""Every setting, and the only reader of the environment.

Order: what the command line passes, then `TOUCHSTONE_*` variables (`__` between section and field), then
`touchstone.toml` in the working folder (or the file that `TOUCHSTONE_SETTINGS` names), then the defaults here.
"""

from __future__ import annotations

import difflib
import json
import os
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, TypeAdapter, ValidationError
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, TomlConfigSettingsSource

from core.errors import SettingsError, UnknownModel
from core.settings.sections import (
    BUILT_IN_MODEL,
    AnsweringSettings,
    EmbedderSettings,
    EvaluationSettings,
    IndexSettings,
    IngestSettings,
    JobsSettings,
    ModelSettings,
    RerankerSettings,
    ScheduledSource,
    SearchSettings,
    Section,
)
from core.settings.service import OidcSettings, ServerSettings

PREFIX = "TOUCHSTONE_"
SETTINGS_FILE = "TOUCHSTONE_SETTINGS"
DEFAULT_FILE = Path("touchstone.toml")


class Settings(BaseSettings):
    """Touchstone's settings; `load()` makes one."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_nested_delimiter="__",
        extra="forbid",
        frozen=True,
        nested_model_default_partial_update=True,
    )

    data: Path = Field(Path("touchstone-data"), description="the data folder")
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "warning", description="least severe log line that is written"
    )
    log_format: Literal["auto", "text", "json"] = Field(
        "auto", description="text for people, json: one object a line; auto: text on a terminal, else json"
    )
    models: dict[str, ModelSettings] = Field(default_factory=dict, description="models by the name that requests use")
    embedder: EmbedderSettings = EmbedderSettings()
    ingest: IngestSettings = IngestSettings()
    jobs: JobsSettings = JobsSettings()
    schedule: dict[str, ScheduledSource] = Field(
        default_factory=dict, description="sources that the service ingests again and again, by names of your own"
    )
    search: SearchSettings = SearchSettings()
    reranker: RerankerSettings = RerankerSettings()
    index: IndexSettings = IndexSettings()
    answering: AnsweringSettings = AnsweringSettings()
    server: ServerSettings = ServerSettings()
    oidc: OidcSettings = OidcSettings()
    evaluation: EvaluationSettings = EvaluationSettings()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Command line, environment, file: in this order, and nothing else."""
        del dotenv_settings, file_secret_settings
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls, toml_file=_settings_file())

    def all_models(self) -> dict[str, ModelSettings]:
        """The models that can be asked, the built-in one first."""
        return {"extractive": BUILT_IN_MODEL, **self.models}

    def default_model(self) -> str:
        """The model that answers when a request names none: the one marked default, else the built-in one."""
        return next((name for name, model in self.models.items() if model.default), "extractive")

    def model(self, name: str | None) -> tuple[str, ModelSettings]:
        """The named model, or the default one for None.

        Raises:
            UnknownModel: the settings name no such model.
        """
        chosen = name or self.default_model()
        models = self.all_models()
        if chosen not in models:
            raise UnknownModel(f"No model is called {chosen!r}. The settings name: {', '.join(models)}.")
        return chosen, models[chosen]


def load(**overrides: Any) -> Settings:  # noqa: ANN401 -- passed on to pydantic, which checks them
    """Read the settings once; `overrides` come from the command line and win.

    Raises:
        SettingsError: a name is unknown or a value is of the wrong form; the sentence says which.
    """
    _refuse_unknown_variables()
    try:
        return Settings(**overrides)
    except ValidationError as error:
        raise SettingsError(_in_words(error)) from error
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{_settings_file()} is not valid TOML: {error}.") from error


def plain_default(field: FieldInfo) -> Any:  # noqa: ANN401 -- as JSON has it
    """A setting's default as JSON has it; None where it has none."""
    if field.is_required():
        return None
    return TypeAdapter(Any).dump_python(field.get_default(call_default_factory=True, validated_data={}), mode="json")


def origin_of(name: str, overrides: Mapping[str, Any]) -> str:
    """Where a setting gets its value: "command line", the variable, the file, or "default".

    `name`: its path, "server.port". `overrides`: those that `load` was given. Raises SettingsError as `load`.
    """
    parts = name.split(".")
    if _holds(overrides, parts):
        return "command line"
    set_here = {variable.upper(): value for variable, value in os.environ.items()}
    for depth in range(len(parts), 0, -1):
        variable = PREFIX + "__".join(parts[:depth]).upper()
        if variable in set_here and (depth == len(parts) or _holds(_json(set_here[variable]), parts[depth:])):
            return variable
    file = _settings_file()
    if file.is_file() and _holds(tomllib.loads(file.read_text("utf-8")), parts):
        return str(file)
    return "default"


def _holds(values: Any, parts: Sequence[str]) -> bool:  # noqa: ANN401 -- what a file or a variable says
    for part in parts:
        if not isinstance(values, Mapping) or part not in values:
            return False
        values = values[part]
    return True


def _json(text: str) -> Any:  # noqa: ANN401 -- pydantic has checked it
    try:
        return json.loads(text)
    except ValueError:
        return None


def secret(variable: str) -> str:
    """The value of the environment variable that a model's `api_key_env` names.

    Raises:
        SettingsError: the variable is not set.
    """
    value = os.environ.get(variable)
    if not value:
        raise SettingsError(f"The variable {variable} is not set. Set it to the model's key, or remove api_key_env.")
    return value


def standard_variable(name: str) -> str:
    """The value of an environment variable that is not ours to define; empty when it is not set."""
    return os.environ.get(name, "")


def _settings_file() -> Path:
    named = os.environ.get(SETTINGS_FILE)
    if named and not Path(named).is_file():
        raise SettingsError(f"{SETTINGS_FILE} names {named}, which is not a file.")
    return Path(named) if named else DEFAULT_FILE


def _refuse_unknown_variables() -> None:
    """pydantic-settings looks up only names it knows, so a misspelt section would pass unseen."""
    known = {name.upper() for name in Settings.model_fields}
    for variable in sorted(os.environ):
        if not variable.startswith(PREFIX) or variable == SETTINGS_FILE:
            continue
        section = variable.removeprefix(PREFIX).split("__")[0]
        if section not in known:
            raise SettingsError(f"{variable} is not a setting.{_nearest(section, known, PREFIX)}")


def _nearest(name: str, known: set[str], prefix: str = "") -> str:
    close = difflib.get_close_matches(name, sorted(known), n=1)
    return f" Did you mean {prefix}{close[0]}?" if close else f" Known are: {', '.join(sorted(known))}."


def _in_words(error: ValidationError) -> str:
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"])
    if first["type"] == "extra_forbidden":
        return f"{where} is not a setting.{_nearest(str(first['loc'][-1]), _siblings(first['loc']))}"
    return f"The setting {where} is wrong: {first['msg'].removeprefix('Value error, ')}."


_NAMED: dict[int | str, type[Section]] = {"models": ModelSettings, "schedule": ScheduledSource}
"""What stands in tables with names of the user's own."""


def _siblings(location: tuple[int | str, ...]) -> set[str]:
    """The names known where an unknown one was found."""
    fields: Any = Settings.model_fields
    for part in location[:-1]:
        if part in _NAMED:
            return set(_NAMED[part].model_fields)
        fields = getattr(fields[part].annotation, "model_fields", {}) if part in fields else {}
    return set(fields) or set(Settings.model_fields)
