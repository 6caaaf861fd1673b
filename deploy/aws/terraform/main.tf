# The bot on AWS, the same resources as ../template.yaml; ../README.md says why each is here.
# Usable as it stands (terraform apply in this folder) or as a module.

data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}
data "aws_region" "current" {}

locals {
  account   = data.aws_caller_identity.current.account_id
  partition = data.aws_partition.current.partition
  region    = data.aws_region.current.name

  # By name, so that the plan shows whole policies, and the function's role can name the function.
  function_arn = "arn:${local.partition}:lambda:${local.region}:${local.account}:function:${var.name}"
  table_arn    = "arn:${local.partition}:dynamodb:${local.region}:${local.account}:table/${var.name}"
  failed_arn   = "arn:${local.partition}:sqs:${local.region}:${local.account}:${var.name}-failed"
  dead_arn     = "arn:${local.partition}:sqs:${local.region}:${local.account}:${var.name}-dead"
  log_arn      = "arn:${local.partition}:logs:${local.region}:${local.account}:log-group:/aws/lambda/${var.name}"

  # Secrets Manager appends a hyphen and six characters to the name.
  secret_arn    = "arn:${local.partition}:secretsmanager:${local.region}:${local.account}:secret:${var.secret_name}-??????"
  parameter_arn = "arn:${local.partition}:ssm:${local.region}:${local.account}:parameter${var.parameter_path}"

  package = coalesce(var.package, "${path.module}/../../../target/lambda/bootstrap/bootstrap.zip")
}

resource "aws_lambda_function" "bot" {
  function_name    = var.name
  filename         = local.package
  source_code_hash = filebase64sha256(local.package)
  handler          = "bootstrap"
  runtime          = "provided.al2023"
  architectures    = [var.architecture]
  memory_size      = var.memory_size
  timeout          = var.timeout
  role             = aws_iam_role.function.arn
  depends_on       = [aws_iam_role_policy.function]

  environment {
    variables = merge(
      {
        CATOPS_STORE   = "dynamodb:${aws_dynamodb_table.table.name}"
        CATOPS_SECRETS = var.parameter_path == "" ? "secretsmanager:${var.secret_name}" : "ssm:${var.parameter_path}"
      },
      var.schedule_channel == "" ? {} : { CATOPS_SCHEDULE_CHANNEL = var.schedule_channel },
      var.audit_channel == "" ? {} : { CATOPS_AUDIT_CHANNEL = var.audit_channel },
    )
  }

  logging_config {
    log_group             = aws_cloudwatch_log_group.log.name
    log_format            = "JSON"
    application_log_level = var.log_level
    system_log_level      = "INFO" # platform.report, with duration and memory
  }
}

# Open to all, since Slack cannot sign for IAM; the bot itself checks Slack's signature.
resource "aws_lambda_function_url" "bot" {
  function_name      = aws_lambda_function.bot.function_name
  authorization_type = "NONE"
}

# A URL needs two permissions. This is the first.
resource "aws_lambda_permission" "url" {
  statement_id           = "UrlIsPublic"
  action                 = "lambda:InvokeFunctionUrl"
  function_name          = aws_lambda_function.bot.function_name
  principal              = "*"
  function_url_auth_type = "NONE"
}

# The second, for calls through the URL alone: without that condition, anybody with an AWS account could send the function
# events of their own making. aws_lambda_permission cannot say it before provider 6 (hashicorp/terraform-provider-aws
# issue 44829); CloudFormation can, whatever the provider's version.
resource "aws_cloudformation_stack" "url" {
  name = "${var.name}-url"
  template_body = jsonencode({
    Resources = {
      Url = {
        Type = "AWS::Lambda::Permission"
        Properties = {
          Action                = "lambda:InvokeFunction"
          FunctionName          = aws_lambda_function.bot.function_name
          Principal             = "*"
          InvokedViaFunctionUrl = true
        }
      }
    }
  })
}

resource "aws_lambda_function_event_invoke_config" "bot" {
  function_name                = aws_lambda_function.bot.function_name
  maximum_retry_attempts       = 0   # a command runs at most once
  maximum_event_age_in_seconds = 300 # what could not begin by then is reported, not begun late

  destination_config {
    on_failure {
      destination = aws_sqs_queue.failed.arn
    }
  }
}

resource "aws_lambda_event_source_mapping" "failed" {
  function_name           = aws_lambda_function.bot.arn
  event_source_arn        = aws_sqs_queue.failed.arn
  batch_size              = 10
  function_response_types = ["ReportBatchItemFailures"]
}

resource "aws_iam_role" "function" {
  name               = "${var.name}-function"
  assume_role_policy = data.aws_iam_policy_document.function_trust.json
}

data "aws_iam_policy_document" "function_trust" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["lambda.amazonaws.com"]
    }
  }
}

resource "aws_iam_role_policy" "function" {
  name   = "catops"
  role   = aws_iam_role.function.name
  policy = data.aws_iam_policy_document.function.json
}

data "aws_iam_policy_document" "function" {
  statement {
    sid       = "StartJobs"
    actions   = ["lambda:InvokeFunction"]
    resources = [local.function_arn, "${local.function_arn}:*"]
  }

  statement {
    sid       = "KeepState"
    actions   = ["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:DeleteItem", "dynamodb:Query"]
    resources = [local.table_arn]
  }

  statement {
    sid       = "ReportFailures"
    actions   = ["sqs:SendMessage", "sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"]
    resources = [local.failed_arn]
  }

  statement {
    sid       = "WriteLog"
    actions   = ["logs:CreateLogStream", "logs:PutLogEvents"]
    resources = ["${local.log_arn}:*"]
  }

  statement {
    sid = "ReadSecrets"
    # GetParametersByPath is authorized for the path that is asked for, not for what lies below it.
    actions   = [var.parameter_path == "" ? "secretsmanager:GetSecretValue" : "ssm:GetParametersByPath"]
    resources = [var.parameter_path == "" ? local.secret_arn : local.parameter_arn]
  }

  dynamic "statement" {
    for_each = var.secret_key_arn == "" ? [] : [var.secret_key_arn]

    content {
      sid       = "DecryptSecrets"
      actions   = ["kms:Decrypt"]
      resources = [statement.value]
    }
  }
}

resource "aws_cloudwatch_log_group" "log" {
  name              = "/aws/lambda/${var.name}"
  retention_in_days = var.log_retention_days
}

# Claims of jobs, the record of who ran what, and the state of plugins.
resource "aws_dynamodb_table" "table" {
  name         = var.name
  billing_mode = "PAY_PER_REQUEST"
  hash_key     = "pk"
  range_key    = "sk"

  attribute {
    name = "pk"
    type = "S"
  }

  attribute {
    name = "sk"
    type = "S"
  }

  ttl {
    attribute_name = "ttl"
    enabled        = true
  }

  point_in_time_recovery {
    enabled = true
  }
}

# Jobs that ended without an answer. The function reads them and tells the asker.
resource "aws_sqs_queue" "failed" {
  name                       = "${var.name}-failed"
  visibility_timeout_seconds = 5400 # six times the longest time-out, as Lambda asks for
  sqs_managed_sse_enabled    = true
  redrive_policy             = jsonencode({ deadLetterTargetArn = aws_sqs_queue.dead.arn, maxReceiveCount = 5 })
}

# What could not even be reported, for a person to look at.
resource "aws_sqs_queue" "dead" {
  name                      = "${var.name}-dead"
  message_retention_seconds = 1209600 # 14 days, SQS's longest
  sqs_managed_sse_enabled   = true
}
