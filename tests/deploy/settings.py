"""The environment variables there are: every field of every settings class of the code."""

from importlib import import_module

from pydantic_settings import BaseSettings

from tests.deploy.packages import ROOT


def known_variables() -> set[str]:
    """Return the names that some settings class reads, by its prefix and fields."""
    for folder in ("shared", "services"):
        for file in (ROOT / folder).rglob("settings.py"):
            import_module(".".join(file.relative_to(ROOT).with_suffix("").parts))
    return {
        f"{cls.model_config.get('env_prefix', '')}{field}".upper()
        for cls in BaseSettings.__subclasses__()
        if cls.__module__.startswith(("shared.", "services."))
        for field in cls.model_fields
    }
