output "slack_url" {
  description = "The request URL for Slack."
  value       = "${aws_lambda_function_url.bot.function_url}slack"
}

output "function" {
  description = "The function's name."
  value       = aws_lambda_function.bot.function_name
}

output "log_group" {
  description = "Where the log is."
  value       = aws_cloudwatch_log_group.log.name
}

output "dead_letters" {
  description = "What neither the function nor its report of a failure could deal with."
  value       = aws_sqs_queue.dead.url
}
