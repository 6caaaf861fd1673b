# Pub/Sub, which is the default.

resource "google_pubsub_topic" "jobs" {
  count = var.carrier == "pubsub" ? 1 : 0

  name       = "${var.name}-jobs"
  depends_on = [google_project_service.needed]
}

resource "google_pubsub_topic" "dead" {
  count = var.carrier == "pubsub" ? 1 : 0

  name       = "${var.name}-dead"
  depends_on = [google_project_service.needed]
}

resource "google_pubsub_subscription" "jobs" {
  count = var.carrier == "pubsub" ? 1 : 0

  name                 = "${var.name}-jobs"
  topic                = google_pubsub_topic.jobs[0].id
  ack_deadline_seconds = 600

  expiration_policy {
    ttl = "" # never
  }

  push_config {
    push_endpoint = "${local.worker_url}/push"

    oidc_token {
      service_account_email = google_service_account.pusher.email
      audience              = local.worker_url
    }
  }

  # Ten tries, 10 s to 2 min apart, take longer than the longest command: one that still works is not taken for dead.
  retry_policy {
    minimum_backoff = "10s"
    maximum_backoff = "120s"
  }

  dead_letter_policy {
    dead_letter_topic     = google_pubsub_topic.dead[0].id
    max_delivery_attempts = 10
  }
}

# What could not be reported is tried again for the 7 days that Pub/Sub keeps it.
resource "google_pubsub_subscription" "dead" {
  count = var.carrier == "pubsub" ? 1 : 0

  name                 = "${var.name}-dead"
  topic                = google_pubsub_topic.dead[0].id
  ack_deadline_seconds = 600

  expiration_policy {
    ttl = "" # never
  }

  push_config {
    push_endpoint = "${local.worker_url}/dead"

    oidc_token {
      service_account_email = google_service_account.pusher.email
      audience              = local.worker_url
    }
  }

  retry_policy {
    minimum_backoff = "10s"
    maximum_backoff = "600s"
  }
}

resource "google_pubsub_topic_iam_member" "publisher" {
  for_each = var.carrier == "pubsub" ? local.callers : {}

  topic  = google_pubsub_topic.jobs[0].name
  role   = "roles/pubsub.publisher"
  member = each.value
}

# Pub/Sub itself moves what failed ten times. Its account comes with the project's first topic.
resource "google_pubsub_topic_iam_member" "agent" {
  count = var.carrier == "pubsub" ? 1 : 0

  topic  = google_pubsub_topic.dead[0].name
  role   = "roles/pubsub.publisher"
  member = "serviceAccount:service-${local.number}@gcp-sa-pubsub.iam.gserviceaccount.com"
}

resource "google_pubsub_subscription_iam_member" "agent" {
  count = var.carrier == "pubsub" ? 1 : 0

  subscription = google_pubsub_subscription.jobs[0].name
  role         = "roles/pubsub.subscriber"
  member       = "serviceAccount:service-${local.number}@gcp-sa-pubsub.iam.gserviceaccount.com"
}

# Cloud Tasks, for commands longer than ten minutes.

resource "google_cloud_tasks_queue" "jobs" {
  count = var.carrier == "tasks" ? 1 : 0

  name       = "${var.name}-jobs"
  location   = local.region
  depends_on = [google_project_service.needed]

  # Thirteen tries, 10 s to 5 min apart, take longer than the longest command.
  retry_config {
    max_attempts  = 13
    min_backoff   = "10s"
    max_backoff   = "300s"
    max_doublings = 5
  }
}

resource "google_cloud_tasks_queue_iam_member" "enqueuer" {
  for_each = var.carrier == "tasks" ? local.callers : {}

  name     = google_cloud_tasks_queue.jobs[0].name
  location = local.region
  role     = "roles/cloudtasks.enqueuer"
  member   = each.value
}

# Whoever makes a task that is signed as the pusher has to be allowed to act as it.
resource "google_service_account_iam_member" "pusher" {
  for_each = var.carrier == "tasks" ? local.callers : {}

  service_account_id = google_service_account.pusher.name
  role               = "roles/iam.serviceAccountUser"
  member             = each.value
}
