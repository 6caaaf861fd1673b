# The bot on Azure, the same resources as ../main.bicep; ../README.md says why each is here.
# Usable as it stands (terraform apply in this folder) or as a module.

data "azapi_client_config" "current" {}

locals {
  subscription = "/subscriptions/${data.azapi_client_config.current.subscription_id}"
  group        = "${local.subscription}/resourceGroups/${var.resource_group}"
  suffix       = substr(sha1(local.group), 0, 13)
  app          = "${var.name}-${local.suffix}"
  package      = "package"

  settings = {
    AzureWebJobsStorage__accountName          = azapi_resource.storage.name
    AzureWebJobsStorage__credential           = "managedidentity"
    APPLICATIONINSIGHTS_CONNECTION_STRING     = azapi_resource.insights.output.properties.ConnectionString
    APPLICATIONINSIGHTS_AUTHENTICATION_STRING = "Authorization=AAD"
    CATOPS_STORE                              = "tables:catops"
    CATOPS_SCHEDULE_CHANNEL                   = var.schedule_channel
    CATOPS_AUDIT_CHANNEL                      = var.audit_channel
    CATOPS_LOG                                = var.log_level
  }

  secret_settings = {
    for setting in var.secrets :
    setting => "@Microsoft.KeyVault(SecretUri=https://${azapi_resource.vault.name}.vault.azure.net/secrets/${replace(setting, "_", "-")})"
  }
}

resource "azapi_resource" "storage" {
  type      = "Microsoft.Storage/storageAccounts@2023-05-01"
  parent_id = local.group
  name      = "${var.name}${local.suffix}"
  location  = var.location

  body = {
    kind = "StorageV2"
    sku  = { name = "Standard_LRS" }
    properties = {
      allowSharedKeyAccess         = false
      defaultToOAuthAuthentication = true
      allowBlobPublicAccess        = false
      supportsHttpsTrafficOnly     = true
      minimumTlsVersion            = "TLS1_2"
    }
  }

  response_export_values = ["properties.primaryEndpoints.blob"]
}

resource "azapi_resource" "packages" {
  type      = "Microsoft.Storage/storageAccounts/blobServices/containers@2023-05-01"
  parent_id = "${azapi_resource.storage.id}/blobServices/default"
  name      = local.package
  body      = {}
}

resource "azapi_resource" "jobs" {
  type      = "Microsoft.Storage/storageAccounts/queueServices/queues@2023-05-01"
  parent_id = "${azapi_resource.storage.id}/queueServices/default"
  name      = "catops-jobs"
  body      = {}
}

# Where the host puts what failed five times; a function of ours reads it.
resource "azapi_resource" "poison" {
  type      = "Microsoft.Storage/storageAccounts/queueServices/queues@2023-05-01"
  parent_id = "${azapi_resource.storage.id}/queueServices/default"
  name      = "catops-jobs-poison"
  body      = {}
}

# Claims of jobs, the record of who ran what, and the state of plugins.
resource "azapi_resource" "table" {
  type      = "Microsoft.Storage/storageAccounts/tableServices/tables@2023-05-01"
  parent_id = "${azapi_resource.storage.id}/tableServices/default"
  name      = "catops"
  body      = {}
}

resource "azapi_resource" "vault" {
  type      = "Microsoft.KeyVault/vaults@2023-07-01"
  parent_id = local.group
  name      = "${var.name}${local.suffix}"
  location  = var.location

  body = {
    properties = {
      tenantId                  = data.azapi_client_config.current.tenant_id
      sku                       = { family = "A", name = "standard" }
      enableRbacAuthorization   = true
      enableSoftDelete          = true
      softDeleteRetentionInDays = 7
    }
  }
}

resource "azapi_resource" "workspace" {
  type      = "Microsoft.OperationalInsights/workspaces@2023-09-01"
  parent_id = local.group
  name      = local.app
  location  = var.location

  body = {
    properties = {
      retentionInDays = var.log_retention_days
      sku             = { name = "PerGB2018" }
    }
  }
}

resource "azapi_resource" "insights" {
  type      = "Microsoft.Insights/components@2020-02-02"
  parent_id = local.group
  name      = local.app
  location  = var.location

  body = {
    kind = "web"
    properties = {
      Application_Type    = "web"
      WorkspaceResourceId = azapi_resource.workspace.id
      DisableLocalAuth    = true
    }
  }

  response_export_values = ["properties.ConnectionString"]
}

resource "azapi_resource" "plan" {
  type      = "Microsoft.Web/serverfarms@2024-04-01"
  parent_id = local.group
  name      = local.app
  location  = var.location

  body = {
    kind       = "functionapp"
    sku        = { tier = "FlexConsumption", name = "FC1" }
    properties = { reserved = true }
  }
}

resource "azapi_resource" "site" {
  type      = "Microsoft.Web/sites@2024-04-01"
  parent_id = local.group
  name      = local.app
  location  = var.location

  identity {
    type = "SystemAssigned"
  }

  body = {
    kind = "functionapp,linux"
    properties = {
      serverFarmId = azapi_resource.plan.id
      httpsOnly    = true
      functionAppConfig = {
        deployment = {
          storage = {
            type           = "blobContainer"
            value          = "${azapi_resource.storage.output.properties.primaryEndpoints.blob}${local.package}"
            authentication = { type = "SystemAssignedIdentity" }
          }
        }
        scaleAndConcurrency = {
          maximumInstanceCount = var.maximum_instances
          instanceMemoryMB     = var.memory
          alwaysReady          = var.ready_instances == 0 ? [] : [{ name = "http", instanceCount = var.ready_instances }]
        }
        runtime = { name = "custom", version = "1.0" }
      }
      siteConfig = {
        minTlsVersion = "1.2"
        appSettings   = [for setting, value in merge(local.settings, local.secret_settings) : { name = setting, value = value }]
      }
    }
  }

  response_export_values = ["properties.defaultHostName"]
}

# No user name and password for publishing. They exist with the app, so this is an update.
resource "azapi_update_resource" "passwords" {
  for_each = toset(["scm", "ftp"])

  type      = "Microsoft.Web/sites/basicPublishingCredentialsPolicies@2024-04-01"
  parent_id = azapi_resource.site.id
  name      = each.value
  body      = { properties = { allow = false } }
}
