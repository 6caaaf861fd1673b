output "slack_url" {
  description = "The request URL for Slack."
  value       = "${google_cloud_run_v2_service.front.uri}/slack"
}

output "worker" {
  description = "The name of the service that runs commands."
  value       = google_cloud_run_v2_service.worker.name
}
