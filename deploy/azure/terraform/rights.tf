locals {
  identity = azapi_resource.site.identity[0].principal_id

  # What the app may do, and to what.
  rights = {
    # Storage Blob Data Owner: the package, and the host's own locks.
    blobs = { scope = azapi_resource.storage.id, role = "b7e6dc6d-f1e8-4753-8033-0f276bb0955b" }
    # Storage Queue Data Contributor: jobs.
    queues = { scope = azapi_resource.storage.id, role = "974c5e8b-45b9-4653-ba55-5f855dd0fb88" }
    # Storage Table Data Contributor: the store.
    tables = { scope = azapi_resource.storage.id, role = "0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3" }
    # Key Vault Secrets User: reads.
    secrets = { scope = azapi_resource.vault.id, role = "4633458b-17de-408a-b874-0445c86b69e6" }
    # Monitoring Metrics Publisher: the log.
    log = { scope = azapi_resource.insights.id, role = "3913510d-42f4-4e42-8a64-420c390055eb" }
  }
}

resource "azapi_resource" "right" {
  for_each = local.rights

  type      = "Microsoft.Authorization/roleAssignments@2022-04-01"
  parent_id = each.value.scope
  name      = uuidv5("url", "${each.value.scope}/${local.app}/${each.key}")

  body = {
    properties = {
      roleDefinitionId = "${local.subscription}/providers/Microsoft.Authorization/roleDefinitions/${each.value.role}"
      principalId      = local.identity
      principalType    = "ServicePrincipal"
    }
  }
}

# Key Vault Secrets Officer: writes.
resource "azapi_resource" "administrator" {
  type      = "Microsoft.Authorization/roleAssignments@2022-04-01"
  parent_id = azapi_resource.vault.id
  name      = uuidv5("url", "${azapi_resource.vault.id}/${var.administrator}")

  body = {
    properties = {
      roleDefinitionId = "${local.subscription}/providers/Microsoft.Authorization/roleDefinitions/b86a8fe4-44ce-4948-aee5-eccb2c155cd7"
      principalId      = var.administrator
    }
  }
}
