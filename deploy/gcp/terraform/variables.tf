variable "image" {
  description = "The image of both services, as docker push or Cloud Build left it."
  type        = string
}

variable "name" {
  description = "The name of everything; another name is another bot."
  type        = string
  default     = "catops"

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{2,19}[a-z0-9]$", var.name))
    error_message = "name is 4 to 21 lower-case letters, digits and hyphens."
  }
}

variable "carrier" {
  description = "pubsub: a command may take 10 minutes; tasks: 30."
  type        = string
  default     = "pubsub"

  validation {
    condition     = contains(["pubsub", "tasks"], var.carrier)
    error_message = "carrier is pubsub or tasks."
  }
}

variable "secrets" {
  description = "Settings that are secrets. Each is a secret <name>-<setting> in Secret Manager, made beforehand."
  type        = set(string)
  default     = ["CATOPS_SLACK_SIGNING_SECRET"]
}

variable "make_database" {
  description = "Whether to make the project's database `(default)`. A project has one, which may be there already."
  type        = bool
  default     = true
}

variable "firestore_location" {
  description = "Where the database is made; in the region, unless given."
  type        = string
  default     = null
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
  description = "Commands and when they run, such as { report = \"0 3 * * *\" }, in UTC."
  type        = map(string)
  default     = {}
}

variable "log_level" {
  description = "error, warn, info, debug or trace."
  type        = string
  default     = "info"
}
