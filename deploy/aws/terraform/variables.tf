variable "name" {
  description = "The name of everything: function, table, log group, and the prefix of queues and roles."
  type        = string
  default     = "catops"
}

variable "package" {
  description = "The zip with bootstrap at its root; where cargo lambda puts it, unless given."
  type        = string
  default     = null
}

variable "architecture" {
  description = "What bootstrap was built for: arm64 or x86_64."
  type        = string
  default     = "arm64"

  validation {
    condition     = contains(["arm64", "x86_64"], var.architecture)
    error_message = "architecture is arm64 or x86_64."
  }
}

variable "secret_name" {
  description = "The secret in Secrets Manager, a JSON object with keys such as CATOPS_SLACK_SIGNING_SECRET. Its name, not its ARN."
  type        = string
  default     = "catops"

  validation {
    condition     = can(regex("^[A-Za-z0-9/_+=.@-]+$", var.secret_name))
    error_message = "secret_name is the secret's name, such as catops; not its ARN."
  }
}

variable "parameter_path" {
  description = "Instead of the secret, a path in Parameter Store such as /catops, below which are parameters of those names."
  type        = string
  default     = ""

  validation {
    condition     = can(regex("^(/[A-Za-z0-9_.-]+)*$", var.parameter_path))
    error_message = "parameter_path begins with a slash and does not end with one, such as /catops."
  }
}

variable "secret_key_arn" {
  description = "The KMS key, if secret or parameters are encrypted with one of your own."
  type        = string
  default     = ""
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

variable "schedules" {
  description = "Commands and when they run, such as { report = \"cron(0 3 * * ? *)\" }, in UTC."
  type        = map(string)
  default     = {}
}

variable "memory_size" {
  description = "In MB."
  type        = number
  default     = 128
}

variable "timeout" {
  description = "How long a command may run, in seconds."
  type        = number
  default     = 900
}

variable "log_level" {
  description = "TRACE, DEBUG, INFO, WARN or ERROR."
  type        = string
  default     = "INFO"
}

variable "log_retention_days" {
  description = "How long the log is kept."
  type        = number
  default     = 30
}
