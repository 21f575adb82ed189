#!/bin/sh
# Run once, beside the log's store and in its network: makes the bucket that is named, if it is not there.
set -eu

bucket=$1

# The store's shell ends with 0 whatever happens, so the list of buckets decides.
shell() {
    echo "$1" | weed shell -master=127.0.0.1:9333 2>/dev/null
}

there() {
    shell s3.bucket.list | grep -qw -- "$bucket"
}

for _ in 1 2 3 4 5 6 7 8 9 10; do
    there && exit 0
    shell "s3.bucket.create -name $bucket" >/dev/null || true
    there && exit 0
    sleep 2
done
echo "the bucket $bucket could not be made" >&2
exit 1
