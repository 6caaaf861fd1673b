variable "resource_group" {
  description = "The resource group, made beforehand."
  type        = string
}

variable "location" {
  description = "Where everything is, such as westeurope."
  type        = string
}

variable "administrator" {
  description = "The object id of who may put secrets into the vault: az ad signed-in-user show --query id --output tsv"
  type        = string
}

variable "name" {
  description = "What all names begin with; those that must differ from everybody else's get a suffix."
  type        = string
  default     = "catops"

  validation {
    condition     = can(regex("^[a-z][a-z0-9]{2,9}$", var.name))
    error_message = "name is 3 to 10 lower-case letters and digits."
  }
}

variable "secrets" {
  description = "Settings that are secrets. Each is a secret of the vault, with hyphens for underscores."
  type        = list(string)
  default     = ["CATOPS_SLACK_SIGNING_SECRET"]
}

variable "schedule_channel" {
  description = "The channel's id that replies of scheduled commands go to. Needs CATOPS_SLACK_BOT_TOKEN."
  type        = string
  default     = ""
}

variable "audit_channel" {
  description = "The channel's id that is told of every command and how it ended. Needs CATOPS_SLACK_BOT_TOKEN."
  type        = string
  default     = ""
}

variable "log_level" {
  description = "error, warn, info, debug or trace."
  type        = string
  default     = "info"
}

variable "ready_instances" {
  description = "Instances that are kept for requests of chats, and paid for. 0 or 1 will do."
  type        = number
  default     = 0
}

variable "maximum_instances" {
  description = "40 to 1000."
  type        = number
  default     = 40
}

variable "memory" {
  description = "Of an instance, in MB: 512, 2048 or 4096."
  type        = number
  default     = 512
}

variable "log_retention_days" {
  description = "How long the log is kept."
  type        = number
  default     = 30
}
