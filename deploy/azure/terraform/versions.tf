terraform {
  required_version = ">= 1.5"

  # azapi alone: azurerm's Flex Consumption app does not take the runtime `custom`, and azurerm reads a storage account by its
  # keys, which this one does not have.
  required_providers {
    azapi = {
      source  = "Azure/azapi"
      version = ">= 2.0"
    }
  }
}
