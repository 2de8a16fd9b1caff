package managed

import "testing"

func TestPoliciesAreFoundByTheirARN(t *testing.T) {
	for _, p := range All() {
		if Find(p.ARN("aws")) != p || len(p.Parsed.Statements) == 0 {
			t.Errorf("%s is not found, or says nothing", p.ARN("aws"))
		}
	}
	for _, name := range []string{"AdministratorAccess", "ReadOnlyAccess", "service-role/AWSLambdaBasicExecutionRole", "service-role/AmazonAPIGatewayPushToCloudWatchLogs"} {
		if Find("arn:aws:iam::aws:policy/"+name) == nil {
			t.Errorf("there is no %s", name)
		}
	}
}
