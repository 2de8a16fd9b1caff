# Builds tell Slack by a function.

provider "aws" {}

variable "repository" {
  description = "URL of the git repository that is built"
  type        = string
}

variable "slack_webhook_url" {
  description = "URL of an incoming webhook of Slack"
  type        = string
  sensitive   = true
}

variable "code" {
  description = "zip file with the function"
  type        = string
}

variable "runtime" {
  description = "python3.12, nodejs20.x or provided.al2023"
  type        = string
  default     = "python3.12"
}

module "project" {
  source     = "../project"
  repository = var.repository
}

resource "aws_iam_role" "slack" {
  name = "build-to-slack"
  assume_role_policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = "sts:AssumeRole", Principal = { Service = "lambda.amazonaws.com" } }]
  })
}

resource "aws_iam_role_policy_attachment" "log" {
  role       = aws_iam_role.slack.name
  policy_arn = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"
}

resource "aws_lambda_function" "slack" {
  function_name    = "build-to-slack"
  role             = aws_iam_role.slack.arn
  runtime          = var.runtime
  handler          = "slack.handler"
  filename         = var.code
  source_code_hash = filebase64sha256(var.code)
  timeout          = 10
  environment {
    variables = { SLACK_WEBHOOK_URL = var.slack_webhook_url }
  }
}

resource "aws_lambda_permission" "rule" {
  statement_id  = "rule"
  function_name = aws_lambda_function.slack.function_name
  action        = "lambda:InvokeFunction"
  principal     = "events.amazonaws.com"
  source_arn    = module.project.rule.arn
}

resource "aws_cloudwatch_event_target" "slack" {
  rule      = module.project.rule.name
  target_id = "slack"
  arn       = aws_lambda_function.slack.arn
}
