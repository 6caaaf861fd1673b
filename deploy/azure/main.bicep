// The bot on Azure: one function app on Flex Consumption, what it keeps, and who may touch it. README.md beside this file
// says how to use it and why each resource is here. No key is used anywhere: the app has an identity, and each right is
// granted to it on one resource.

@description('What all names begin with; those that must differ from everybody else\'s get a suffix.')
@minLength(3)
@maxLength(10)
param name string = 'catops'

param location string = resourceGroup().location

@description('The object id of who may put secrets into the vault: az ad signed-in-user show --query id --output tsv')
param administrator string

@description('Settings that are secrets. Each is a secret of the vault, with hyphens for underscores.')
param secrets array = ['CATOPS_SLACK_SIGNING_SECRET']

@description('The channel\'s id that replies of scheduled commands go to. Needs CATOPS_SLACK_BOT_TOKEN.')
param scheduleChannel string = ''

@description('The channel\'s id that is told of every command and how it ended. Needs CATOPS_SLACK_BOT_TOKEN.')
param auditChannel string = ''

@allowed(['error', 'warn', 'info', 'debug', 'trace'])
param logLevel string = 'info'

@description('Instances that are kept for requests of chats, and paid for. 0 or 1 will do.')
param readyInstances int = 0

@minValue(40)
@maxValue(1000)
param maximumInstances int = 40

@allowed([512, 2048, 4096])
param memory int = 512

param logRetentionDays int = 30

var suffix = uniqueString(resourceGroup().id)
var app = '${name}-${suffix}'
var package = 'package'
var ready = readyInstances == 0 ? [] : [
  {
    name: 'http'
    instanceCount: readyInstances
  }
]

resource storage 'Microsoft.Storage/storageAccounts@2023-05-01' = {
  name: '${name}${suffix}'
  location: location
  kind: 'StorageV2'
  sku: {
    name: 'Standard_LRS'
  }
  properties: {
    allowSharedKeyAccess: false
    defaultToOAuthAuthentication: true
    allowBlobPublicAccess: false
    supportsHttpsTrafficOnly: true
    minimumTlsVersion: 'TLS1_2'
  }
}

resource blobs 'Microsoft.Storage/storageAccounts/blobServices@2023-05-01' = {
  parent: storage
  name: 'default'
}

resource packages 'Microsoft.Storage/storageAccounts/blobServices/containers@2023-05-01' = {
  parent: blobs
  name: package
}

resource queues 'Microsoft.Storage/storageAccounts/queueServices@2023-05-01' = {
  parent: storage
  name: 'default'
}

resource jobs 'Microsoft.Storage/storageAccounts/queueServices/queues@2023-05-01' = {
  parent: queues
  name: 'catops-jobs'
}

// Where the host puts what failed five times; a function of ours reads it.
resource poison 'Microsoft.Storage/storageAccounts/queueServices/queues@2023-05-01' = {
  parent: queues
  name: 'catops-jobs-poison'
}

resource tables 'Microsoft.Storage/storageAccounts/tableServices@2023-05-01' = {
  parent: storage
  name: 'default'
}

// Claims of jobs, the record of who ran what, and the state of plugins.
resource table 'Microsoft.Storage/storageAccounts/tableServices/tables@2023-05-01' = {
  parent: tables
  name: 'catops'
}

resource vault 'Microsoft.KeyVault/vaults@2023-07-01' = {
  name: '${name}${suffix}'
  location: location
  properties: {
    tenantId: subscription().tenantId
    sku: {
      family: 'A'
      name: 'standard'
    }
    enableRbacAuthorization: true
    enableSoftDelete: true
    softDeleteRetentionInDays: 7
  }
}

resource workspace 'Microsoft.OperationalInsights/workspaces@2023-09-01' = {
  name: app
  location: location
  properties: {
    retentionInDays: logRetentionDays
    sku: {
      name: 'PerGB2018'
    }
  }
}

resource insights 'Microsoft.Insights/components@2020-02-02' = {
  name: app
  location: location
  kind: 'web'
  properties: {
    Application_Type: 'web'
    WorkspaceResourceId: workspace.id
    DisableLocalAuth: true
  }
}

resource plan 'Microsoft.Web/serverfarms@2024-04-01' = {
  name: app
  location: location
  kind: 'functionapp'
  sku: {
    tier: 'FlexConsumption'
    name: 'FC1'
  }
  properties: {
    reserved: true
  }
}

resource site 'Microsoft.Web/sites@2024-04-01' = {
  name: app
  location: location
  kind: 'functionapp,linux'
  identity: {
    type: 'SystemAssigned'
  }
  properties: {
    serverFarmId: plan.id
    httpsOnly: true
    functionAppConfig: {
      deployment: {
        storage: {
          type: 'blobContainer'
          value: '${storage.properties.primaryEndpoints.blob}${package}'
          authentication: {
            type: 'SystemAssignedIdentity'
          }
        }
      }
      scaleAndConcurrency: {
        maximumInstanceCount: maximumInstances
        instanceMemoryMB: memory
        alwaysReady: ready
      }
      runtime: {
        name: 'custom'
        version: '1.0'
      }
    }
    siteConfig: {
      minTlsVersion: '1.2'
      appSettings: concat([
        {
          name: 'AzureWebJobsStorage__accountName'
          value: storage.name
        }
        {
          name: 'AzureWebJobsStorage__credential'
          value: 'managedidentity'
        }
        {
          name: 'APPLICATIONINSIGHTS_CONNECTION_STRING'
          value: insights.properties.ConnectionString
        }
        {
          name: 'APPLICATIONINSIGHTS_AUTHENTICATION_STRING'
          value: 'Authorization=AAD'
        }
        {
          name: 'CATOPS_STORE'
          value: 'tables:catops'
        }
        {
          name: 'CATOPS_SCHEDULE_CHANNEL'
          value: scheduleChannel
        }
        {
          name: 'CATOPS_AUDIT_CHANNEL'
          value: auditChannel
        }
        {
          name: 'CATOPS_LOG'
          value: logLevel
        }
      ], secretSettings)
    }
  }
}

var secretSettings = [for setting in secrets: {
  name: setting
  value: '@Microsoft.KeyVault(SecretUri=https://${vault.name}${environment().suffixes.keyvaultDns}/secrets/${replace(setting, '_', '-')})'
}]

// No user name and password for publishing.
resource scmPassword 'Microsoft.Web/sites/basicPublishingCredentialsPolicies@2024-04-01' = {
  parent: site
  name: 'scm'
  properties: {
    allow: false
  }
}

resource ftpPassword 'Microsoft.Web/sites/basicPublishingCredentialsPolicies@2024-04-01' = {
  parent: site
  name: 'ftp'
  properties: {
    allow: false
  }
}

// Storage Blob Data Owner: the package, and the host's own locks.
var blobOwner = subscriptionResourceId('Microsoft.Authorization/roleDefinitions', 'b7e6dc6d-f1e8-4753-8033-0f276bb0955b')
// Storage Queue Data Contributor: jobs.
var queueContributor = subscriptionResourceId('Microsoft.Authorization/roleDefinitions', '974c5e8b-45b9-4653-ba55-5f855dd0fb88')
// Storage Table Data Contributor: the store.
var tableContributor = subscriptionResourceId('Microsoft.Authorization/roleDefinitions', '0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3')
// Key Vault Secrets User: reads.
var secretsUser = subscriptionResourceId('Microsoft.Authorization/roleDefinitions', '4633458b-17de-408a-b874-0445c86b69e6')
// Key Vault Secrets Officer: writes.
var secretsOfficer = subscriptionResourceId('Microsoft.Authorization/roleDefinitions', 'b86a8fe4-44ce-4948-aee5-eccb2c155cd7')
// Monitoring Metrics Publisher: the log.
var metricsPublisher = subscriptionResourceId('Microsoft.Authorization/roleDefinitions', '3913510d-42f4-4e42-8a64-420c390055eb')

resource mayUseBlobs 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(storage.id, app, 'blobs')
  scope: storage
  properties: {
    roleDefinitionId: blobOwner
    principalId: site.identity.principalId
    principalType: 'ServicePrincipal'
  }
}

resource mayUseQueues 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(storage.id, app, 'queues')
  scope: storage
  properties: {
    roleDefinitionId: queueContributor
    principalId: site.identity.principalId
    principalType: 'ServicePrincipal'
  }
}

resource mayUseTables 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(storage.id, app, 'tables')
  scope: storage
  properties: {
    roleDefinitionId: tableContributor
    principalId: site.identity.principalId
    principalType: 'ServicePrincipal'
  }
}

resource mayReadSecrets 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(vault.id, app, 'secrets')
  scope: vault
  properties: {
    roleDefinitionId: secretsUser
    principalId: site.identity.principalId
    principalType: 'ServicePrincipal'
  }
}

resource mayWriteLog 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(insights.id, app, 'log')
  scope: insights
  properties: {
    roleDefinitionId: metricsPublisher
    principalId: site.identity.principalId
    principalType: 'ServicePrincipal'
  }
}

resource mayPutSecrets 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(vault.id, administrator, 'secrets')
  scope: vault
  properties: {
    roleDefinitionId: secretsOfficer
    principalId: administrator
  }
}

output functionApp string = site.name
output keyVault string = vault.name
output slackUrl string = 'https://${site.properties.defaultHostName}/slack'
