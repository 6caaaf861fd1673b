resource "google_cloud_scheduler_job" "command" {
  for_each = var.schedules

  name             = "${var.name}-tick-${replace(each.key, "/[^A-Za-z0-9]/", "-")}"
  region           = local.region
  schedule         = each.value
  time_zone        = "Etc/UTC"
  attempt_deadline = "${local.timeout}s"
  depends_on       = [google_project_service.needed]

  http_target {
    # urlencode writes a space as a plus, which a path does not know.
    uri         = "${local.worker_url}/tick/${replace(urlencode(each.key), "+", "%20")}"
    http_method = "POST"

    oidc_token {
      service_account_email = google_service_account.pusher.email
      audience              = local.worker_url
    }
  }

  retry_config {
    retry_count          = 5
    min_backoff_duration = "10s"
  }
}
