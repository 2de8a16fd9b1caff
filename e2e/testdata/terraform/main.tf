# What people build with Terraform around an event bus, in one configuration.

terraform {
  required_providers {
    aws = {
      source = "hashicorp/aws"
    }
  }
}

provider "aws" {
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_requesting_account_id  = true
}

variable "total" {
  description = "Orders above this total are big."
  type        = number
  default     = 100
}

variable "token_url" {
  description = "Where the OAuth connection gets its tokens."
  type        = string
}

resource "aws_cloudwatch_event_bus" "orders" {
  name        = "orders"
  description = "Orders of the shop"
  tags        = { team = "shop" }
}

resource "aws_cloudwatch_event_permission" "partner" {
  event_bus_name = aws_cloudwatch_event_bus.orders.name
  principal      = "111122223333"
  statement_id   = "partner"
}

resource "aws_cloudwatch_event_rule" "big" {
  name           = "big-orders"
  event_bus_name = aws_cloudwatch_event_bus.orders.name
  description    = "Orders that somebody should look at"
  event_pattern = jsonencode({
    source = ["shop"]
    detail = { total = [{ numeric = [">", var.total] }] }
  })
  tags = { team = "shop" }
}

resource "aws_cloudwatch_event_rule" "nightly" {
  name                = "nightly"
  schedule_expression = "cron(0 3 * * ? *)"
  state               = "DISABLED"
}

resource "aws_cloudwatch_event_target" "queue" {
  rule           = aws_cloudwatch_event_rule.big.name
  event_bus_name = aws_cloudwatch_event_bus.orders.name
  target_id      = "queue"
  arn            = aws_sqs_queue.orders.arn

  input_transformer {
    input_paths    = { total = "$.detail.total", id = "$.id" }
    input_template = "{\"order\": <id>, \"total\": <total>}"
  }
  dead_letter_config {
    arn = aws_sqs_queue.dead.arn
  }
  retry_policy {
    maximum_retry_attempts       = 5
    maximum_event_age_in_seconds = 600
  }
}

resource "aws_cloudwatch_event_target" "http" {
  rule           = aws_cloudwatch_event_rule.big.name
  event_bus_name = aws_cloudwatch_event_bus.orders.name
  arn            = aws_cloudwatch_event_api_destination.crm.arn
  role_arn       = "arn:aws:iam::000000000000:role/invoke"

  http_target {
    path_parameter_values   = ["$.detail.customer"]
    query_string_parameters = { from = "dari" }
    header_parameters       = { X-Team = "shop" }
  }
}

resource "aws_cloudwatch_event_connection" "basic" {
  name               = "basic"
  authorization_type = "BASIC"
  auth_parameters {
    basic {
      username = "me"
      password = "hunter2"
    }
  }
}

resource "aws_cloudwatch_event_connection" "key" {
  name               = "key"
  description        = "A key in a header"
  authorization_type = "API_KEY"
  auth_parameters {
    api_key {
      key   = "X-Api-Key"
      value = "k123"
    }
    invocation_http_parameters {
      header {
        key             = "X-Shop"
        value           = "one"
        is_value_secret = false
      }
      body {
        key             = "token"
        value           = "secret"
        is_value_secret = true
      }
    }
  }
}

resource "aws_cloudwatch_event_connection" "oauth" {
  name               = "oauth"
  authorization_type = "OAUTH_CLIENT_CREDENTIALS"
  auth_parameters {
    oauth {
      authorization_endpoint = var.token_url
      http_method            = "POST"
      client_parameters {
        client_id     = "id"
        client_secret = "shh"
      }
      oauth_http_parameters {
        body {
          key             = "grant_type"
          value           = "client_credentials"
          is_value_secret = false
        }
      }
    }
  }
}

resource "aws_cloudwatch_event_api_destination" "crm" {
  name                             = "crm"
  invocation_endpoint              = "https://crm.example.com/customers/*"
  http_method                      = "POST"
  invocation_rate_limit_per_second = 20
  connection_arn                   = aws_cloudwatch_event_connection.key.arn
}

resource "aws_sqs_queue" "orders" {
  name                       = "orders"
  visibility_timeout_seconds = 60
  redrive_policy             = jsonencode({ deadLetterTargetArn = aws_sqs_queue.dead.arn, maxReceiveCount = 3 })
  tags                       = { team = "shop" }
}

resource "aws_sqs_queue" "dead" {
  name                      = "orders-dead"
  message_retention_seconds = 1209600
}

resource "aws_sqs_queue_policy" "dead" {
  queue_url = aws_sqs_queue.dead.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = ["events.amazonaws.com", "logs.amazonaws.com"] }
      Action    = "sqs:SendMessage"
      Resource  = aws_sqs_queue.dead.arn
    }]
  })
}

resource "aws_sqs_queue_policy" "orders" {
  queue_url = aws_sqs_queue.orders.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "bus"
      Effect    = "Allow"
      Principal = { Service = "events.amazonaws.com" }
      Action    = "sqs:SendMessage"
      Resource  = aws_sqs_queue.orders.arn
      Condition = { ArnEquals = { "aws:SourceArn" = aws_cloudwatch_event_rule.big.arn } }
    }]
  })
}

resource "aws_cloudwatch_log_group" "orders" {
  name              = "/aws/events/orders"
  retention_in_days = 14
  tags              = { team = "shop" }
}

resource "aws_cloudwatch_log_stream" "orders" {
  name           = "by-hand"
  log_group_name = aws_cloudwatch_log_group.orders.name
}

resource "aws_cloudwatch_log_resource_policy" "events" {
  policy_name = "events"
  policy_document = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = ["events.amazonaws.com", "delivery.logs.amazonaws.com"] }
      Action    = ["logs:CreateLogStream", "logs:PutLogEvents"]
      Resource  = "${aws_cloudwatch_log_group.orders.arn}:*"
    }]
  })
}

resource "aws_cloudwatch_log_metric_filter" "errors" {
  name           = "errors"
  pattern        = "{ $.level = \"ERROR\" }"
  log_group_name = aws_cloudwatch_log_group.orders.name

  metric_transformation {
    name       = "errors"
    namespace  = "shop"
    value      = "1"
    unit       = "Count"
    dimensions = { code = "$.code" }
  }
}

resource "aws_cloudwatch_query_definition" "errors" {
  name            = "shop/errors"
  log_group_names = [aws_cloudwatch_log_group.orders.name]
  query_string    = "fields @timestamp, @message | filter @message like /error/ | sort @timestamp desc"
}

resource "aws_cloudwatch_log_subscription_filter" "errors" {
  name            = "errors"
  log_group_name  = aws_cloudwatch_log_group.orders.name
  filter_pattern  = "ERROR"
  destination_arn = aws_sqs_queue.dead.arn
  distribution    = "Random"
  depends_on      = [aws_sqs_queue_policy.dead]
}

resource "aws_cloudwatch_log_group" "calls" {
  name              = "calls"
  retention_in_days = 30
}

resource "aws_iam_role" "watcher" {
  name = "watcher"
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "cloudtrail.amazonaws.com" }
      Action    = "sts:AssumeRole"
    }]
  })
}

resource "aws_iam_role_policy" "watcher" {
  name = "write"
  role = aws_iam_role.watcher.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect   = "Allow"
      Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
      Resource = "${aws_cloudwatch_log_group.calls.arn}:*"
    }]
  })
}

resource "aws_cloudtrail" "calls" {
  depends_on                 = [aws_iam_role_policy.watcher]
  name                       = "calls"
  s3_bucket_name             = "bucket"
  is_multi_region_trail      = true
  cloud_watch_logs_group_arn = "${aws_cloudwatch_log_group.calls.arn}:*"
  cloud_watch_logs_role_arn  = aws_iam_role.watcher.arn
  tags                       = { team = "shop" }
  advanced_event_selector {
    name = "writes"
    field_selector {
      field  = "eventCategory"
      equals = ["Management"]
    }
    field_selector {
      field  = "readOnly"
      equals = ["false"]
    }
  }
  advanced_event_selector {
    field_selector {
      field  = "eventCategory"
      equals = ["Data"]
    }
    field_selector {
      field  = "resources.type"
      equals = ["AWS::SQS::Queue"]
    }
  }
}

resource "aws_cloudtrail" "plain" {
  name           = "plain"
  s3_bucket_name = "bucket"
  enable_logging = false
  event_selector {
    read_write_type = "WriteOnly"
  }
}
