#!/usr/bin/env bash
# The bot on Google Cloud, from nothing or from what is there: each step makes a thing unless it exists, or brings it up to
# date, so this can be run again at any time. Prints every command that changes something. README.md says what each is for.
#
#     PROJECT=my-project REGION=europe-west1 deploy/gcp/deploy.sh
set -euo pipefail

: "${PROJECT:?the project id, such as my-project}"
: "${REGION:?the region, such as europe-west1}"
NAME=${NAME:-catops}                             # of everything; another name is another bot
CARRIER=${CARRIER:-pubsub}                       # pubsub: a command may take 10 minutes; tasks: 30
FIRESTORE_LOCATION=${FIRESTORE_LOCATION:-$REGION} # of a database that is made; one that exists stays where it is
SCHEDULE_CHANNEL=${SCHEDULE_CHANNEL:-}           # the channel's id that replies of scheduled commands go to
AUDIT_CHANNEL=${AUDIT_CHANNEL:-}                 # the channel's id that is told of every command and how it ended
LOG=${LOG:-info}                                 # error, warn, info, debug or trace
IMAGE=${IMAGE:-}                                 # an image that is there already; otherwise Cloud Build makes one

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
export CLOUDSDK_CORE_PROJECT=$PROJECT CLOUDSDK_CORE_DISABLE_PROMPTS=1

fail() {
    printf '%s\n' "$*" >&2
    exit 1
}

step() {
    printf '\n── %s\n' "$*"
}

# Prints a command and runs it. What it says on standard output, such as whole policies, is not shown.
run() {
    printf '  %s\n' "$*"
    "$@" >"$scratch/run.log"
}

# Whether `gcloud … describe …` finds something.
there() {
    gcloud "$@" >"$scratch/there.log" 2>&1
}

# A grant to an account that has just been made is refused until the account is known everywhere.
grant() {
    local try
    for try in 1 2 3 4 5 6; do
        run gcloud "$@" && return
        printf '  again in 10 s (%s of 6)\n' "$try"
        sleep 10
    done
    fail "the grant was refused six times: gcloud $*"
}

for program in gcloud jq cargo; do
    command -v "$program" >"$scratch/which" || fail "$program is needed"
done
[[ $NAME =~ ^[a-z][a-z0-9-]{2,19}[a-z0-9]$ ]] || fail "NAME is 4 to 21 lower-case letters, digits and hyphens: $NAME"
number=$(gcloud projects describe "$PROJECT" --format='value(projectNumber)') || fail "the project $PROJECT cannot be read; gcloud auth login?"

front=$NAME-front@$PROJECT.iam.gserviceaccount.com
worker=$NAME-worker@$PROJECT.iam.gserviceaccount.com
pusher=$NAME-pusher@$PROJECT.iam.gserviceaccount.com
builder=$NAME-builder@$PROJECT.iam.gserviceaccount.com
pubsub_agent=service-$number@gcp-sa-pubsub.iam.gserviceaccount.com
# The URL that every Cloud Run service has besides the one with the random part: known before the service is there.
WORKER_URL=https://$NAME-worker-$number.$REGION.run.app
repository=$REGION-docker.pkg.dev/$PROJECT/$NAME
bucket=$PROJECT-$NAME-build

# shellcheck disable=SC2034 # they are read by their names
case $CARRIER in
    pubsub) QUEUE=pubsub:projects/$PROJECT/topics/$NAME-jobs TIMEOUT=600 ;;
    tasks) QUEUE=tasks:projects/$PROJECT/locations/$REGION/queues/$NAME-jobs TIMEOUT=1800 ;;
    *) fail "CARRIER is pubsub or tasks, not $CARRIER" ;;
esac

step "Secrets"
# A secret catops-CATOPS_SLACK_SIGNING_SECRET becomes the setting CATOPS_SLACK_SIGNING_SECRET, and so on.
secrets=()
while IFS= read -r secret; do
    [ -z "$secret" ] || secrets+=("${secret##*/}")
done < <(gcloud secrets list --filter="name ~ /secrets/$NAME-CATOPS_" --format='value(name)')
[[ " ${secrets[*]:-} " == *" $NAME-CATOPS_SLACK_SIGNING_SECRET "* ]] ||
    fail "there is no secret $NAME-CATOPS_SLACK_SIGNING_SECRET in $PROJECT; README.md, step 2, makes it"
printf '  %s\n' "${secrets[@]}"

step "Services of Google's that it needs"
run gcloud services enable artifactregistry.googleapis.com cloudbuild.googleapis.com cloudscheduler.googleapis.com \
    cloudtasks.googleapis.com firestore.googleapis.com iam.googleapis.com pubsub.googleapis.com run.googleapis.com \
    secretmanager.googleapis.com storage.googleapis.com

step "Service accounts"
account() {
    there iam service-accounts describe "$NAME-$1@$PROJECT.iam.gserviceaccount.com" ||
        run gcloud iam service-accounts create "$NAME-$1" --display-name="$2"
}
account front "CatOps: answers chats"
account worker "CatOps: runs commands"
account pusher "CatOps: may call the worker"

if [ -z "$IMAGE" ]; then
    step "Image"
    account builder "CatOps: builds the image"
    there artifacts repositories describe "$NAME" --location="$REGION" ||
        run gcloud artifacts repositories create "$NAME" --location="$REGION" --repository-format=docker --description="CatOps"
    there storage buckets describe "gs://$bucket" ||
        run gcloud storage buckets create "gs://$bucket" --location="$REGION" --uniform-bucket-level-access --public-access-prevention
    grant artifacts repositories add-iam-policy-binding "$NAME" --location="$REGION" --member="serviceAccount:$builder" --role=roles/artifactregistry.writer
    grant storage buckets add-iam-policy-binding "gs://$bucket" --member="serviceAccount:$builder" --role=roles/storage.objectViewer
    grant projects add-iam-policy-binding "$PROJECT" --member="serviceAccount:$builder" --role=roles/logging.logWriter --condition=None
    # A tag of its own each time: Cloud Run starts nothing new for a tag that it knows.
    IMAGE=$repository/service:$(date -u +%Y%m%d-%H%M%S)
    run gcloud builds submit "$root" --region="$REGION" --config="$here/cloudbuild.yaml" --ignore-file="deploy/gcp/Dockerfile.dockerignore" \
        --substitutions="_IMAGE=$IMAGE" --service-account="projects/$PROJECT/serviceAccounts/$builder" \
        --gcs-source-staging-dir="gs://$bucket/source"
fi

step "Store"
there firestore databases describe --database='(default)' ||
    run gcloud firestore databases create --database='(default)' --location="$FIRESTORE_LOCATION" --type=firestore-native
# Entries end by their field `ttl`. Nothing is searched for by a field, and each index entry would cost a write and a ceiling
# of 500 writes a second, so there are none.
run gcloud firestore fields ttls update ttl --collection-group="$NAME-entries" --database='(default)' --enable-ttl --async
for field in entries/value entries/nonce entries/ttl audit/value; do
    run gcloud firestore indexes fields update "${field#*/}" --collection-group="$NAME-${field%/*}" --database='(default)' --disable-indexes --async
done

step "Who may read what"
for member in "$front" "$worker"; do
    # Firestore has no grants on less than a database.
    grant projects add-iam-policy-binding "$PROJECT" --member="serviceAccount:$member" --role=roles/datastore.user \
        --condition="title=$NAME,expression=resource.name==\"projects/$PROJECT/databases/(default)\""
done
for secret in "${secrets[@]}"; do
    grant secrets add-iam-policy-binding "$secret" --member="serviceAccount:$worker" --role=roles/secretmanager.secretAccessor
    case $secret in
        "$NAME"-CATOPS_SLACK_* | "$NAME"-CATOPS_JOB_KEY)
            grant secrets add-iam-policy-binding "$secret" --member="serviceAccount:$front" --role=roles/secretmanager.secretAccessor
            ;;
    esac
done

step "Worker and front"
# The file with its ${NAMES} filled in, and a setting for each secret that the service may read.
filled() {
    local text variable secret lines=""
    text=$(<"$here/$1.yaml")
    for variable in NAME PROJECT IMAGE QUEUE WORKER_URL TIMEOUT SCHEDULE_CHANNEL AUDIT_CHANNEL LOG; do
        text=${text//"\${$variable}"/"${!variable}"}
    done
    for secret in "${secrets[@]}"; do
        case $1:$secret in
            worker:* | *"$NAME"-CATOPS_SLACK_* | *"$NAME"-CATOPS_JOB_KEY)
                lines+="- name: ${secret#"$NAME"-}"$'\n'"              valueFrom: {secretKeyRef: {name: $secret, key: latest}}"$'\n'"            "
                ;;
        esac
    done
    printf '%s\n' "${text//"# \${SECRETS}"/"$lines"}" >"$scratch/$1.yaml"
}
filled worker
filled front
run gcloud run services replace "$scratch/worker.yaml" --region="$REGION"
run gcloud run services replace "$scratch/front.yaml" --region="$REGION"
grant run services add-iam-policy-binding "$NAME-worker" --region="$REGION" --member="serviceAccount:$pusher" --role=roles/run.invoker
# Everybody may call the front: a chat cannot sign for Google's IAM. The bot itself checks the chat's signature.
grant run services add-iam-policy-binding "$NAME-front" --region="$REGION" --member=allUsers --role=roles/run.invoker

if [ "$CARRIER" = pubsub ]; then
    step "Pub/Sub"
    topic() {
        there pubsub topics describe "$1" || run gcloud pubsub topics create "$1"
    }
    subscription() {
        local name=$1 topic=$2 path=$3
        shift 3
        set -- --push-endpoint="$WORKER_URL$path" --push-auth-service-account="$pusher" --push-auth-token-audience="$WORKER_URL" \
            --ack-deadline=600 --min-retry-delay=10s --expiration-period=never "$@"
        if there pubsub subscriptions describe "$name"; then
            run gcloud pubsub subscriptions update "$name" "$@"
        else
            run gcloud pubsub subscriptions create "$name" --topic="$topic" "$@"
        fi
    }
    topic "$NAME-jobs"
    topic "$NAME-dead"
    # Ten tries, 10 s to 2 min apart, take longer than the longest command: one that still works is not taken for dead.
    subscription "$NAME-jobs" "$NAME-jobs" /push --max-retry-delay=120s --max-delivery-attempts=10 --dead-letter-topic="$NAME-dead"
    # What could not be reported is tried again for the 7 days that Pub/Sub keeps it.
    subscription "$NAME-dead" "$NAME-dead" /dead --max-retry-delay=600s
    for member in "$front" "$worker"; do
        grant pubsub topics add-iam-policy-binding "$NAME-jobs" --member="serviceAccount:$member" --role=roles/pubsub.publisher
    done
    # Pub/Sub itself moves what failed ten times.
    run gcloud beta services identity create --service=pubsub.googleapis.com
    grant pubsub topics add-iam-policy-binding "$NAME-dead" --member="serviceAccount:$pubsub_agent" --role=roles/pubsub.publisher
    grant pubsub subscriptions add-iam-policy-binding "$NAME-jobs" --member="serviceAccount:$pubsub_agent" --role=roles/pubsub.subscriber
else
    step "Cloud Tasks"
    verb=create
    ! there tasks queues describe "$NAME-jobs" --location="$REGION" || verb=update
    # Thirteen tries, 10 s to 5 min apart, take longer than the longest command.
    run gcloud tasks queues "$verb" "$NAME-jobs" --location="$REGION" --max-attempts=13 --min-backoff=10s --max-backoff=300s --max-doublings=5
    for member in "$front" "$worker"; do
        grant tasks queues add-iam-policy-binding "$NAME-jobs" --location="$REGION" --member="serviceAccount:$member" --role=roles/cloudtasks.enqueuer
        # Whoever makes a task that is signed as the pusher has to be allowed to act as it.
        grant iam service-accounts add-iam-policy-binding "$pusher" --member="serviceAccount:$member" --role=roles/iam.serviceAccountUser
    done
fi

step "Schedules"
(cd "$root" && cargo run --quiet -- schedules) >"$scratch/schedules.json"
wanted=" "
while IFS=$'\t' read -r command cron path; do
    job=$NAME-tick-${command//[^A-Za-z0-9]/-}
    wanted+="$job "
    verb=create
    ! there scheduler jobs describe "$job" --location="$REGION" || verb=update
    run gcloud scheduler jobs "$verb" http "$job" --location="$REGION" --schedule="$cron" --time-zone=Etc/UTC \
        --uri="$WORKER_URL/tick/$path" --http-method=POST --attempt-deadline="${TIMEOUT}s" --max-retry-attempts=5 --min-backoff=10s \
        --oidc-service-account-email="$pusher" --oidc-token-audience="$WORKER_URL"
done < <(jq -r '.[] | [.command, .cron, (.command | @uri)] | @tsv' "$scratch/schedules.json")
while IFS= read -r job; do
    job=${job##*/}
    # A schedule that left the source leaves Google with the next deployment.
    [ -z "$job" ] || [[ $wanted == *" $job "* ]] || run gcloud scheduler jobs delete "$job" --location="$REGION"
done < <(gcloud scheduler jobs list --location="$REGION" --filter="name ~ /jobs/$NAME-tick-" --format='value(name)')

printf '\nThe request URL for Slack: %s/slack\n' "$(gcloud run services describe "$NAME-front" --region="$REGION" --format='value(status.url)')"
