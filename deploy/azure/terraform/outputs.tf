output "function_app" {
  description = "Where the package goes."
  value       = azapi_resource.site.name
}

output "key_vault" {
  description = "Where the secrets go."
  value       = azapi_resource.vault.name
}

output "slack_url" {
  description = "The request URL for Slack."
  value       = "https://${azapi_resource.site.output.properties.defaultHostName}/slack"
}
