"""A bucket can be reached with the credentials in use."""

import asyncio
import time
from typing import Any

from pydantic import Field, SecretStr

from bot.health.failures import failure, place
from bot.ports import Check, Observation, Options, Ports

_PATIENCE = 5
"""Seconds for each of connecting and reading: a thread cannot be stopped from outside, so it must end by itself."""
_MEANINGS = {
    "403": "403: the credentials may not see the bucket {bucket}",
    "404": "404: there is no bucket {bucket}",
    "301": "301: the bucket {bucket} is in another region",
    "400": "400: the bucket {bucket} cannot be asked for with these credentials and this region",
}


class S3Options(Options):
    """A bucket of S3, or of a service that speaks like it."""

    bucket: str = Field(min_length=1, description="Name of the bucket.")
    region: str | None = Field(default=None, description="Region; default is that of the AWS environment.")
    endpoint_url: str | None = Field(default=None, description="Address of a service other than AWS.")
    access_key_id: str | None = Field(default=None, description="Key id; default is AWS's own search for credentials.")
    secret_access_key: SecretStr | None = Field(default=None, description="The key that belongs to it; never shown.")


async def probe(options: S3Options, _ports: Ports) -> Observation:
    """Ask for the head of the bucket (HeadBucket), which costs next to nothing and needs `s3:ListBucket`."""
    return await asyncio.to_thread(_head, options)


def _head(options: S3Options) -> Observation:
    try:
        import boto3
        from botocore.config import Config
        from botocore.exceptions import BotoCoreError, ClientError
    except ImportError:
        return Observation(ok=False, detail="the S3 check needs boto3: install do-manage[aws]")
    at = place(options.endpoint_url) if options.endpoint_url else "S3"
    try:
        client = boto3.session.Session().client(
            "s3",
            region_name=options.region,
            endpoint_url=options.endpoint_url,
            aws_access_key_id=options.access_key_id,
            aws_secret_access_key=options.secret_access_key.get_secret_value() if options.secret_access_key else None,
            config=Config(connect_timeout=_PATIENCE, read_timeout=_PATIENCE, retries={"total_max_attempts": 1}),
        )
    except (BotoCoreError, ValueError) as error:
        return Observation(ok=False, detail=failure(error, at))
    begun = time.perf_counter()
    try:
        client.head_bucket(Bucket=options.bucket)
    except ClientError as error:
        return Observation(ok=False, detail=_meaning(error.response, options.bucket))
    except BotoCoreError as error:
        return Observation(ok=False, detail=failure(error, at))
    finally:
        client.close()
    return Observation(
        ok=True, detail=f"bucket {options.bucket} answers", latency_ms=(time.perf_counter() - begun) * 1000
    )


def _meaning(response: dict[str, Any], bucket: str) -> str:
    status = str(response["ResponseMetadata"]["HTTPStatusCode"])
    return _MEANINGS.get(status, f"HTTP {status} instead of 200").format(bucket=bucket)


S3 = Check(type="s3", options=S3Options, probe=probe)
