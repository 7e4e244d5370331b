"""Settings: where they come from, in which order, and what is allowed.

The file is the first of: `--config`, the environment variable IMAGE_ENGINE_CONFIG, default_config.yaml. A value is the
first of: a command-line option, IMAGE_ENGINE_USE_TENSORRT or IMAGE_ENGINE_LOG_LEVEL, the file. A file names every
setting, so that no default lives in two places.
"""

from __future__ import annotations

import importlib.resources
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from .errors import UserError
from .precision import PRECISIONS

LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")
_TRUE = ("true", "1", "yes", "on")
_FALSE = ("false", "0", "no", "off")


@dataclass(frozen=True)
class Settings:
    """What an engine is built from."""

    use_tensorrt: bool
    precision: str
    batch_size: int
    clear_cache_frequency: int
    """Empty the CUDA cache every so many batches; 0 never does."""
    log_level: str
    source: str
    """The file that the settings were read from."""


_PLACES = {
    "use_tensorrt": ("analysis", "ml_models", "use_tensorrt"),
    "precision": ("analysis", "ml_models", "tensorrt_precision"),
    "batch_size": ("analysis", "ml_models", "batch_size"),
    "clear_cache_frequency": ("processing", "clear_cache_frequency"),
    "log_level": ("logging", "level"),
}


def load_settings(
    environment: Mapping[str, str],
    *,
    config: Path | None = None,
    use_tensorrt: str | None = None,
    precision: str | None = None,
    batch_size: int | None = None,
) -> Settings:
    """Settings from the file that applies, then the environment, then the given options; each one checked."""
    path = _config_file(environment, config)
    values = _read(path)
    for name, value in {
        "use_tensorrt": environment.get("IMAGE_ENGINE_USE_TENSORRT"),
        "log_level": environment.get("IMAGE_ENGINE_LOG_LEVEL"),
    }.items():
        if value:
            values[name] = value
    for name, option in {"use_tensorrt": use_tensorrt, "precision": precision, "batch_size": batch_size}.items():
        if option is not None:
            values[name] = option
    return Settings(
        use_tensorrt=parse_flag("use_tensorrt", values["use_tensorrt"]),
        precision=_one_of("precision", str(values["precision"]), PRECISIONS),
        batch_size=_whole_number("batch_size", values["batch_size"], at_least=1),
        clear_cache_frequency=_whole_number("clear_cache_frequency", values["clear_cache_frequency"], at_least=0),
        log_level=_one_of("log_level", str(values["log_level"]).upper(), LOG_LEVELS),
        source=str(path),
    )


def default_config() -> Path:
    """The settings file that applies where nothing else is named."""
    return Path(str(importlib.resources.files(__package__))) / "config" / "default_config.yaml"


def parse_flag(name: str, value: object) -> bool:
    """true or false, as YAML, a command line or an environment variable spell it."""
    text = str(value).lower()
    if text in _TRUE:
        return True
    if text in _FALSE:
        return False
    raise UserError(f"{name} is a yes-or-no setting", received=value, allowed=f"{', '.join(_TRUE + _FALSE)}")


def _config_file(environment: Mapping[str, str], config: Path | None) -> Path:
    named = environment.get("IMAGE_ENGINE_CONFIG")
    path = config or (Path(named) if named else default_config())
    if not path.is_file():
        origin = "--config" if config else "IMAGE_ENGINE_CONFIG"
        raise UserError(
            f"the settings file named by {origin} does not exist",
            received=path,
            fix=f"copy {default_config()} and edit the copy",
        )
    return path


def _read(path: Path) -> dict[str, object]:
    import yaml

    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        raise UserError(f"{path} is not YAML", received=error) from error
    leaves = _leaves(document) if isinstance(document, dict) else {}
    allowed = {".".join(place): name for name, place in _PLACES.items()}
    unknown = sorted(set(leaves) - set(allowed))
    missing = sorted(set(allowed) - set(leaves))
    if unknown or missing:
        raise UserError(
            f"{path} must name every setting and no other",
            received=", ".join([f"unknown {name}" for name in unknown] + [f"missing {name}" for name in missing]),
            allowed=", ".join(allowed),
        )
    return {allowed[place]: value for place, value in leaves.items()}


def _leaves(tree: Mapping[str, object], prefix: str = "") -> dict[str, object]:
    found: dict[str, object] = {}
    for key, value in tree.items():
        if isinstance(value, dict):
            found.update(_leaves(value, f"{prefix}{key}."))
        else:
            found[f"{prefix}{key}"] = value
    return found


def _one_of(name: str, value: str, allowed: tuple[str, ...]) -> str:
    if value not in allowed:
        raise UserError(f"{name} has no such value", received=value, allowed=", ".join(allowed))
    return value


def _whole_number(name: str, value: object, *, at_least: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < at_least:
        raise UserError(f"{name} is not a fitting number", received=value, allowed=f"a whole number from {at_least} on")
    return value
