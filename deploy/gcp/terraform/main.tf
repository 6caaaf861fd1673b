# The bot on Google Cloud, the same resources as ../deploy.sh makes; ../README.md says why each is here.
# Usable as it stands (terraform apply in this folder) or as a module.

# GOOGLE_PROJECT and GOOGLE_REGION, or what your own provider block says.
data "google_client_config" "current" {}
data "google_project" "current" {}

locals {
  project = data.google_client_config.current.project
  region  = data.google_client_config.current.region
  number  = data.google_project.current.number

  # The URL that every Cloud Run service has besides the one with the random part: known before the service is there.
  worker_url = "https://${var.name}-worker-${local.number}.${local.region}.run.app"

  timeout = var.carrier == "pubsub" ? 600 : 1800
  queue = (
    var.carrier == "pubsub"
    ? "pubsub:projects/${local.project}/topics/${var.name}-jobs"
    : "tasks:projects/${local.project}/locations/${local.region}/queues/${var.name}-jobs"
  )

  # Settings of both services.
  settings = {
    CATOPS_QUEUE         = local.queue
    CATOPS_STORE         = "firestore:${var.name}"
    CATOPS_WORKER_URL    = local.worker_url
    CATOPS_PUSH_ACCOUNT  = google_service_account.pusher.email
    CATOPS_AUDIT_CHANNEL = var.audit_channel
    CATOPS_LOG           = var.log_level
    GOOGLE_CLOUD_PROJECT = local.project
  }

  front_settings  = merge(local.settings, { CATOPS_SERVICE = "front" })
  worker_settings = merge(local.settings, { CATOPS_SERVICE = "worker", CATOPS_SCHEDULE_CHANNEL = var.schedule_channel })

  # What the front needs to check and seal; plugins' own secrets stay with the worker.
  front_secrets = toset([for secret in var.secrets : secret if startswith(secret, "CATOPS_SLACK_") || secret == "CATOPS_JOB_KEY"])

  callers = {
    front  = google_service_account.front.member
    worker = google_service_account.worker.member
  }
}

resource "google_project_service" "needed" {
  for_each = toset([
    "artifactregistry.googleapis.com",
    "cloudscheduler.googleapis.com",
    "cloudtasks.googleapis.com",
    "firestore.googleapis.com",
    "iam.googleapis.com",
    "pubsub.googleapis.com",
    "run.googleapis.com",
    "secretmanager.googleapis.com",
  ])

  service            = each.value
  disable_on_destroy = false # others in the project may use it
}

resource "google_service_account" "front" {
  account_id   = "${var.name}-front"
  display_name = "CatOps: answers chats"
  depends_on   = [google_project_service.needed]
}

resource "google_service_account" "worker" {
  account_id   = "${var.name}-worker"
  display_name = "CatOps: runs commands"
  depends_on   = [google_project_service.needed]
}

resource "google_service_account" "pusher" {
  account_id   = "${var.name}-pusher"
  display_name = "CatOps: may call the worker"
  depends_on   = [google_project_service.needed]
}

# The service that chats call.
resource "google_cloud_run_v2_service" "front" {
  name                = "${var.name}-front"
  location            = local.region
  ingress             = "INGRESS_TRAFFIC_ALL" # a chat comes from the internet
  deletion_protection = false

  template {
    service_account                  = google_service_account.front.email
    timeout                          = "30s" # Slack waits for 3
    max_instance_request_concurrency = 80
    execution_environment            = "EXECUTION_ENVIRONMENT_GEN1" # starts sooner than gen2, and may be this small

    scaling {
      min_instance_count = 0
      max_instance_count = 5 # a ceiling on what a flood of requests can cost
    }

    containers {
      image = var.image

      ports {
        container_port = 8080
      }

      resources {
        limits   = { cpu = "1", memory = "128Mi" }
        cpu_idle = true # CPU during requests alone; nothing happens after the answer
      }

      dynamic "env" {
        for_each = local.front_settings

        content {
          name  = env.key
          value = env.value
        }
      }

      dynamic "env" {
        for_each = local.front_secrets

        content {
          name = env.value

          value_source {
            secret_key_ref {
              secret  = "${var.name}-${env.value}"
              version = "latest"
            }
          }
        }
      }
    }
  }

  depends_on = [google_secret_manager_secret_iam_member.front, google_project_service.needed]
}

# The service that runs commands: the same image, and nobody calls it but Pub/Sub, Cloud Tasks and Cloud Scheduler.
resource "google_cloud_run_v2_service" "worker" {
  name                = "${var.name}-worker"
  location            = local.region
  ingress             = "INGRESS_TRAFFIC_INTERNAL_ONLY" # those three count as internal while they are of the same project
  deletion_protection = false

  template {
    service_account                  = google_service_account.worker.email
    timeout                          = "${local.timeout}s" # as long as the carrier waits
    max_instance_request_concurrency = 10                  # commands at a time in one instance; they share its memory
    execution_environment            = "EXECUTION_ENVIRONMENT_GEN1"

    scaling {
      min_instance_count = 0
      max_instance_count = 10
    }

    containers {
      image = var.image

      ports {
        container_port = 8080
      }

      resources {
        limits   = { cpu = "1", memory = "256Mi" }
        cpu_idle = true # a command runs inside the request that brought it
      }

      dynamic "env" {
        for_each = local.worker_settings

        content {
          name  = env.key
          value = env.value
        }
      }

      dynamic "env" {
        for_each = var.secrets

        content {
          name = env.value

          value_source {
            secret_key_ref {
              secret  = "${var.name}-${env.value}"
              version = "latest"
            }
          }
        }
      }
    }
  }

  depends_on = [google_secret_manager_secret_iam_member.worker, google_project_service.needed]
}

# Everybody may call the front: a chat cannot sign for Google's IAM. The bot itself checks the chat's signature.
resource "google_cloud_run_v2_service_iam_member" "front" {
  name     = google_cloud_run_v2_service.front.name
  location = local.region
  role     = "roles/run.invoker"
  member   = "allUsers"
}

resource "google_cloud_run_v2_service_iam_member" "worker" {
  name     = google_cloud_run_v2_service.worker.name
  location = local.region
  role     = "roles/run.invoker"
  member   = google_service_account.pusher.member
}

resource "google_secret_manager_secret_iam_member" "front" {
  for_each = local.front_secrets

  secret_id = "${var.name}-${each.value}"
  role      = "roles/secretmanager.secretAccessor"
  member    = google_service_account.front.member
}

resource "google_secret_manager_secret_iam_member" "worker" {
  for_each = var.secrets

  secret_id = "${var.name}-${each.value}"
  role      = "roles/secretmanager.secretAccessor"
  member    = google_service_account.worker.member
}
