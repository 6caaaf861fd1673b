#!/usr/bin/env bash
# Takes away what deploy.sh made. Can be run again: what is gone is passed over.
#
#     PROJECT=my-project REGION=europe-west1 deploy/gcp/remove.sh
#
# Stays unless asked for: the secrets (SECRETS=delete), and the database `(default)` (DATABASE=delete), which other
# applications of the project may use as well.
set -euo pipefail

: "${PROJECT:?the project id, such as my-project}"
: "${REGION:?the region, such as europe-west1}"
NAME=${NAME:-catops}
SECRETS=${SECRETS:-keep}
DATABASE=${DATABASE:-keep}

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
export CLOUDSDK_CORE_PROJECT=$PROJECT CLOUDSDK_CORE_DISABLE_PROMPTS=1
failed=0

# Prints a command and runs it. One that fails is shown, and the rest is still taken away.
run() {
    printf '  %s\n' "$*"
    "$@" >"$scratch/run.log" || failed=1
}

there() {
    gcloud "$@" >"$scratch/there.log" 2>&1
}

# Names of what a `gcloud … list` finds, without what stands before the last slash.
listed() {
    gcloud "$@" --format='value(name)' | sed 's|.*/||'
}

# First what calls the bot, then the bot.
for job in $(listed scheduler jobs list --location="$REGION" --filter="name ~ /jobs/$NAME-tick-"); do
    run gcloud scheduler jobs delete "$job" --location="$REGION"
done
for name in "$NAME-front" "$NAME-worker"; do
    ! there run services describe "$name" --region="$REGION" || run gcloud run services delete "$name" --region="$REGION"
done
for name in "$NAME-jobs" "$NAME-dead"; do
    ! there pubsub subscriptions describe "$name" || run gcloud pubsub subscriptions delete "$name"
    ! there pubsub topics describe "$name" || run gcloud pubsub topics delete "$name"
done
# Its name cannot be used again for 7 days.
! there tasks queues describe "$NAME-jobs" --location="$REGION" || run gcloud tasks queues delete "$NAME-jobs" --location="$REGION"
! there artifacts repositories describe "$NAME" --location="$REGION" || run gcloud artifacts repositories delete "$NAME" --location="$REGION"
! there storage buckets describe "gs://$PROJECT-$NAME-build" || run gcloud storage rm --recursive "gs://$PROJECT-$NAME-build"

# Grants on the project outlive the accounts they were given to.
for role in front worker; do
    member=$NAME-$role@$PROJECT.iam.gserviceaccount.com
    ! there iam service-accounts describe "$member" ||
        run gcloud projects remove-iam-policy-binding "$PROJECT" --member="serviceAccount:$member" --role=roles/datastore.user \
            --condition="title=$NAME,expression=resource.name==\"projects/$PROJECT/databases/(default)\""
done
member=$NAME-builder@$PROJECT.iam.gserviceaccount.com
! there iam service-accounts describe "$member" ||
    run gcloud projects remove-iam-policy-binding "$PROJECT" --member="serviceAccount:$member" --role=roles/logging.logWriter --condition=None
for role in front worker pusher builder; do
    member=$NAME-$role@$PROJECT.iam.gserviceaccount.com
    ! there iam service-accounts describe "$member" || run gcloud iam service-accounts delete "$member"
done

if [ "$SECRETS" = delete ]; then
    for secret in $(listed secrets list --filter="name ~ /secrets/$NAME-CATOPS_"); do
        run gcloud secrets delete "$secret"
    done
fi
if [ "$DATABASE" = delete ]; then
    ! there firestore databases describe --database='(default)' || run gcloud firestore databases delete --database='(default)'
fi

[ "$failed" = 0 ] || {
    echo "something could not be taken away; run this again" >&2
    exit 1
}
echo "Taken away. Kept: secrets: $([ "$SECRETS" = delete ] && echo no || echo yes), database: $([ "$DATABASE" = delete ] && echo no || echo yes)."
