# Builds tell Slack without a function: the rule makes the message and calls the webhook.

provider "aws" {}

variable "repository" {
  description = "URL of the git repository that is built"
  type        = string
}

variable "slack_webhook_url" {
  description = "URL of an incoming webhook of Slack"
  type        = string
}

module "project" {
  source     = "../project"
  repository = var.repository
}

# The secret is in the URL of the webhook; a connection must have a key all the same.
resource "aws_cloudwatch_event_connection" "slack" {
  name               = "slack"
  authorization_type = "API_KEY"
  auth_parameters {
    api_key {
      key   = "X-Sent-By"
      value = "build-to-slack"
    }
  }
}

resource "aws_cloudwatch_event_api_destination" "slack" {
  name                             = "slack"
  connection_arn                   = aws_cloudwatch_event_connection.slack.arn
  invocation_endpoint              = var.slack_webhook_url
  http_method                      = "POST"
  invocation_rate_limit_per_second = 1
}

# What the rule may do.
resource "aws_iam_role" "rule" {
  name = "build-to-slack"
  assume_role_policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = "sts:AssumeRole", Principal = { Service = "events.amazonaws.com" } }]
  })
}

resource "aws_iam_role_policy" "call" {
  name = "call"
  role = aws_iam_role.rule.name
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = "events:InvokeApiDestination", Resource = aws_cloudwatch_event_api_destination.slack.arn }]
  })
}

resource "aws_cloudwatch_event_target" "slack" {
  rule      = module.project.rule.name
  target_id = "slack"
  arn       = aws_cloudwatch_event_api_destination.slack.arn
  role_arn  = aws_iam_role.rule.arn
  input_transformer {
    input_paths = {
      build     = "$.detail.build-id"
      project   = "$.detail.project-name"
      status    = "$.detail.build-status"
      initiator = "$.detail.additional-information.initiator"
    }
    # Not jsonencode, which writes < as \u003c.
    input_template = "{\"text\": \"Build <build> of *<project>* <status>, started by <initiator>\"}"
  }
  depends_on = [aws_iam_role_policy.call]
}
