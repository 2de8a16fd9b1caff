# A project, as people build it with Terraform, and the rule that starts its builds.

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

variable "stage" {
  description = "What the variable STAGE of the builds is."
  type        = string
  default     = "test"
}

variable "minutes" {
  description = "How long a build may take."
  type        = number
  default     = 20
}

data "aws_iam_policy_document" "trust" {
  for_each = toset(["codebuild", "events"])
  statement {
    actions = ["sts:AssumeRole"]
    principals {
      type        = "Service"
      identifiers = ["${each.key}.amazonaws.com"]
    }
  }
}

resource "aws_iam_role" "builds" {
  name               = "builds"
  assume_role_policy = data.aws_iam_policy_document.trust["codebuild"].json
}

resource "aws_iam_role_policy" "builds" {
  role = aws_iam_role.builds.id
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"], Resource = "*" }]
  })
}

resource "aws_codebuild_project" "shop" {
  name                   = "web-shop"
  description            = "Builds the shop"
  service_role           = aws_iam_role.builds.arn
  build_timeout          = var.minutes
  queued_timeout         = 60
  concurrent_build_limit = 2
  source_version         = "main"
  tags                   = { team = "shop" }

  artifacts {
    type      = "S3"
    location  = "out"
    path      = "builds"
    packaging = "ZIP"
    name      = "shop.zip"
  }

  secondary_artifacts {
    artifact_identifier = "log"
    type                = "S3"
    location            = "out"
    namespace_type      = "BUILD_ID"
    encryption_disabled = true
  }

  cache {
    type  = "LOCAL"
    modes = ["LOCAL_SOURCE_CACHE"]
  }

  environment {
    compute_type = "BUILD_GENERAL1_SMALL"
    image        = "aws/codebuild/standard:7.0"
    type         = "LINUX_CONTAINER"

    environment_variable {
      name  = "STAGE"
      value = var.stage
    }
  }

  logs_config {
    cloudwatch_logs {
      group_name  = "builds"
      stream_name = "shop"
    }
    s3_logs {
      status = "DISABLED"
    }
  }

  source {
    type            = "GITHUB"
    location        = "https://github.com/example/shop.git"
    git_clone_depth = 1
    buildspec       = "ci/buildspec.yml"
  }

  secondary_sources {
    source_identifier = "tools"
    type              = "S3"
    location          = "in/tools.zip"
  }
}

# The smallest one that can be: what is not said here is filled in.
resource "aws_codebuild_project" "small" {
  name         = "small"
  service_role = aws_iam_role.builds.arn

  artifacts {
    type = "NO_ARTIFACTS"
  }

  environment {
    compute_type = "BUILD_GENERAL1_SMALL"
    image        = "aws/codebuild/standard:7.0"
    type         = "LINUX_CONTAINER"
  }

  source {
    type      = "NO_SOURCE"
    buildspec = "version: 0.2\nphases: {build: {commands: ['echo stage ${var.stage}']}}\n"
  }
}

resource "aws_iam_role" "starter" {
  name               = "starter"
  assume_role_policy = data.aws_iam_policy_document.trust["events"].json
}

resource "aws_iam_role_policy" "starter" {
  role = aws_iam_role.starter.id
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = "codebuild:StartBuild", Resource = aws_codebuild_project.small.arn }]
  })
}

resource "aws_cloudwatch_event_rule" "push" {
  name          = "push"
  event_pattern = jsonencode({ source = ["shop"] })
}

resource "aws_cloudwatch_event_target" "build" {
  rule     = aws_cloudwatch_event_rule.push.name
  arn      = aws_codebuild_project.small.arn
  role_arn = aws_iam_role.starter.arn
}
