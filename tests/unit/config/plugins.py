"""Plug-ins as the configuration sees them."""

from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict, Field, SecretStr


@dataclass(frozen=True)
class Kind:
    options: type[BaseModel]


class HttpOptions(BaseModel):
    """An address that must answer."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    url: str = Field(min_length=1, description="Address.")
    status: int = Field(default=200, description="Expected status.")
    token: SecretStr | None = Field(default=None, min_length=8, description="Bearer token.")


class NothingToSay(BaseModel):
    """Needs nothing."""

    model_config = ConfigDict(extra="forbid", frozen=True)


CHECKS = {"http": Kind(HttpOptions), "store": Kind(NothingToSay)}
CHANNELS = {"webhook": Kind(HttpOptions)}
