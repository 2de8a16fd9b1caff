# The project that is built. Both ways to Slack use it.

variable "repository" {
  description = "URL of the git repository that is built"
  type        = string
}

resource "aws_iam_role" "builds" {
  name = "web-shop-builds"
  assume_role_policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = "sts:AssumeRole", Principal = { Service = "codebuild.amazonaws.com" } }]
  })
}

# The log of a build is written with its role.
resource "aws_iam_role_policy" "log" {
  name = "log"
  role = aws_iam_role.builds.name
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"], Resource = "*" }]
  })
}

resource "aws_codebuild_project" "web_shop" {
  name         = "web-shop"
  service_role = aws_iam_role.builds.arn
  source {
    type     = "GITHUB"
    location = var.repository
  }
  artifacts {
    type = "NO_ARTIFACTS"
  }
  environment {
    type         = "LINUX_CONTAINER"
    image        = "aws/codebuild/standard:7.0"
    compute_type = "BUILD_GENERAL1_SMALL"
  }
  depends_on = [aws_iam_role_policy.log]
}

# The final states of its builds.
resource "aws_cloudwatch_event_rule" "builds" {
  name = "build-to-slack"
  event_pattern = jsonencode({
    source      = ["aws.codebuild"]
    detail-type = ["CodeBuild Build State Change"]
    detail = {
      build-status = ["SUCCEEDED", "FAILED", "STOPPED"]
      project-name = [aws_codebuild_project.web_shop.name]
    }
  })
}

output "rule" {
  value = aws_cloudwatch_event_rule.builds
}
