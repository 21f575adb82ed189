"""The client of a bucket's service: where it asks, how long it waits, how often it asks again."""

from datetime import timedelta
from typing import TYPE_CHECKING

from obstore.store import S3Store

from audit.bucket import Bucket

if TYPE_CHECKING:
    from obstore.store import S3Config


def client_of(bucket: Bucket) -> S3Store:
    """Make the client; it asks nothing yet."""
    config: S3Config = {"region": bucket.region, "virtual_hosted_style_request": not bucket.path_style}
    if bucket.endpoint:
        config["endpoint"] = bucket.endpoint
    if bucket.access_key:
        config |= {"access_key_id": bucket.access_key, "secret_access_key": bucket.secret_key}
    answer, pause = timedelta(seconds=bucket.patience), timedelta(seconds=bucket.patience / 50)
    return S3Store(
        bucket.name,
        prefix=bucket.prefix or None,
        config=config,
        # Whoever names an https endpoint gets https; http is for a service on the same machine or network.
        client_options={"allow_http": True, "timeout": answer, "connect_timeout": answer / 2},
        retry_config={
            "max_retries": 3,
            "backoff": {"init_backoff": pause, "max_backoff": 10 * pause, "base": 2},
            "retry_timeout": answer,
        },
    )
