"""The configuration in force as it may be shown: secrets masked (pure)."""

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import BaseModel, SecretStr

from bot.config.errors import KeyPath, is_secret, mask, without_password
from bot.config.manage import Manage
from bot.config.settings import Settings


def masked(manage: Manage, settings: Settings) -> dict[str, Any]:
    """Both as JSON values: `settings` by their names in the environment (None: not set), `manage` as in the file.

    Masked are fields typed as secrets, keys that are named like one, and passwords inside addresses; the last
    two to four characters of long secrets stay, so that two keys can be told apart.
    """
    return {
        "settings": {name.upper(): _shown(getattr(settings, name), (name,)) for name in type(settings).model_fields},
        "manage": _shown(manage, ()),
    }


def _shown(value: Any, path: KeyPath) -> Any:
    if isinstance(value, SecretStr):
        return mask(value.get_secret_value())
    if isinstance(value, BaseModel):
        spelled = value.model_dump(mode="json")
        # secrets and plug-in options are taken from the model itself: dumping would hide which values are secret
        return {name: _one(getattr(value, name), spelled[name], (*path, name)) for name in type(value).model_fields}
    return _one(value, value, path)


def _one(value: Any, spelled: Any, path: KeyPath) -> Any:
    match value:
        case SecretStr() | BaseModel():
            return _shown(value, path)
        case Mapping():
            return {str(key): _one(item, spelled[_key(key, spelled)], (*path, str(key))) for key, item in value.items()}
        case str():
            return mask(value) if value and is_secret(path) else without_password(value)
        case Sequence():
            return [_one(item, said, path) for item, said in zip(value, spelled, strict=True)]
        case None | bool() | int() | float():
            return mask(str(value)) if value is not None and is_secret(path) else value
        case _:
            return spelled if spelled is not value else str(value)


def _key(key: Any, spelled: Mapping[Any, Any]) -> Any:
    return key if key in spelled else str(key)
