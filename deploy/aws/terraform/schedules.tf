resource "aws_scheduler_schedule_group" "schedules" {
  name = var.name
}

resource "aws_scheduler_schedule" "command" {
  for_each = var.schedules

  name                = replace(each.key, "/[^A-Za-z0-9_.-]+/", "-")
  group_name          = aws_scheduler_schedule_group.schedules.name
  schedule_expression = each.value

  flexible_time_window {
    mode = "OFF"
  }

  target {
    arn      = aws_lambda_function.bot.arn
    role_arn = aws_iam_role.schedules.arn

    # Not jsonencode, which would write < and > as escapes that EventBridge Scheduler does not look into.
    input = format("{\"catops\":{\"schedule\":\"%s\",\"time\":\"<aws.scheduler.scheduled-time>\"}}", each.key)

    retry_policy {
      maximum_retry_attempts       = 5
      maximum_event_age_in_seconds = 900
    }

    dead_letter_config {
      arn = aws_sqs_queue.dead.arn
    }
  }
}

resource "aws_iam_role" "schedules" {
  name               = "${var.name}-schedules"
  assume_role_policy = data.aws_iam_policy_document.schedules_trust.json
}

# Schedules of our own group alone may use this role.
data "aws_iam_policy_document" "schedules_trust" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["scheduler.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [local.account]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceArn"
      values   = ["arn:${local.partition}:scheduler:${local.region}:${local.account}:schedule-group/${var.name}"]
    }
  }
}

resource "aws_iam_role_policy" "schedules" {
  name   = "catops"
  role   = aws_iam_role.schedules.name
  policy = data.aws_iam_policy_document.schedules.json
}

data "aws_iam_policy_document" "schedules" {
  statement {
    sid       = "StartCommands"
    actions   = ["lambda:InvokeFunction"]
    resources = [local.function_arn]
  }

  statement {
    sid       = "KeepWhatCouldNotStart"
    actions   = ["sqs:SendMessage"]
    resources = [local.dead_arn]
  }
}
