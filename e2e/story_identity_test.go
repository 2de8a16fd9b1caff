package e2e

import (
	"context"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	ststypes "github.com/aws/aws-sdk-go-v2/service/sts/types"
)

const (
	trustRoot  = `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"AWS":"000000000000"}}}`
	sendToOne  = `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"sqs:SendMessage","Resource":"arn:aws:sqs:us-east-1:000000000000:one"}}`
	sendToBoth = `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"sqs:SendMessage","Resource":"*"}}`
)

// identities are the clients of IAM and STS as somebody.
func (s *server) identities(as aws.CredentialsProvider) (*iam.Client, *sts.Client) {
	return iam.New(iam.Options{BaseEndpoint: &s.URL, Region: "us-east-1", Credentials: as}),
		sts.New(sts.Options{BaseEndpoint: &s.URL, Region: "us-east-1", Credentials: as})
}

func session(c *ststypes.Credentials) aws.CredentialsProvider {
	return withToken(*c.AccessKeyId, *c.SecretAccessKey, *c.SessionToken)
}

func withToken(id, secret, token string) aws.CredentialsProvider {
	return aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
		return aws.Credentials{AccessKeyID: id, SecretAccessKey: secret, SessionToken: token}, nil
	})
}

// A session of a role that may do one thing does that, and nothing else, with keys
// and without, and after the server was killed as well.
func TestARoleDoesWhatItsPolicySaysAndNothingElse(t *testing.T) {
	for name, args := range map[string][]string{
		"without keys": nil, "with keys": {"--keys", keyFile(t, "AKIDGOOD secret-one")},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx := t.Context()
			s := serve(t, args...)
			root := keyPair("AKIDGOOD", "secret-one")
			c := s.sdkAs(t, root)
			one, other := c.queue("one", nil), c.queue("other", nil)
			ids, tokens := s.identities(root)
			role := must(ids.CreateRole(ctx, &iam.CreateRoleInput{RoleName: aws.String("sender"), AssumeRolePolicyDocument: aws.String(trustRoot)}))(t)
			must(ids.PutRolePolicy(ctx, &iam.PutRolePolicyInput{RoleName: aws.String("sender"), PolicyName: aws.String("p"), PolicyDocument: aws.String(sendToOne)}))(t)
			out := must(tokens.AssumeRole(ctx, &sts.AssumeRoleInput{RoleArn: role.Role.Arn, RoleSessionName: aws.String("s1")}))(t)
			as := session(out.Credentials)

			check := func() {
				t.Helper()
				held := s.sdkAs(t, as)
				held.send(one, "hello")
				who := "arn:aws:sts::000000000000:assumed-role/sender/s1"
				_, tokens := s.identities(as)
				if me := must(tokens.GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{}))(t); *me.Arn != who || *me.UserId != *role.Role.RoleId+":s1" {
					t.Errorf("the session is %s, %s", *me.Arn, *me.UserId)
				}
				_, err := held.sq.SendMessage(ctx, &sqs.SendMessageInput{QueueUrl: &other.url, MessageBody: aws.String("x")})
				want := "User: " + who + " is not authorized to perform: sqs:SendMessage on resource: arn:aws:sqs:us-east-1:000000000000:other" +
					" because no identity-based policy allows the sqs:SendMessage action"
				if _, message := code(err); message != want {
					t.Errorf("the other queue: %v\nwant %s", err, want)
				}
				for what, err := range map[string]error{
					"receives": second(held.sq.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{QueueUrl: &one.url})),
					"lists":    second(held.sq.ListQueues(ctx, &sqs.ListQueuesInput{})),
					"puts":     second(held.ev.ListEventBuses(ctx, &eventbridge.ListEventBusesInput{})),
					"deletes":  second(held.sq.DeleteQueue(ctx, &sqs.DeleteQueueInput{QueueUrl: &other.url})),
				} {
					if got, message := code(err); !strings.HasPrefix(got, "AccessDenied") || !strings.Contains(message, who) {
						t.Errorf("the session %s: %v", what, err)
					}
				}
			}
			check()

			for what, wrong := range map[string]aws.CredentialsProvider{
				"no token":       withToken(*out.Credentials.AccessKeyId, *out.Credentials.SecretAccessKey, ""),
				"another token":  withToken(*out.Credentials.AccessKeyId, *out.Credentials.SecretAccessKey, "x"+*out.Credentials.SessionToken),
				"another secret": withToken(*out.Credentials.AccessKeyId, "x", *out.Credentials.SessionToken),
			} {
				if _, err := s.sdkAs(t, wrong).sq.SendMessage(ctx, &sqs.SendMessageInput{QueueUrl: &one.url, MessageBody: aws.String("x")}); err == nil {
					t.Errorf("%s: the message was taken", what)
				}
			}
			s.kill(t)
			s.start(t)
			check()
		})
	}
}

func second[T any](_ T, err error) error { return err }

// A session policy takes away and never gives, and a user's key is the user.
func TestUsersAndSessionPoliciesAreHeld(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	s := serve(t)
	c := s.sdkAs(t, keyPair("dari", "dari"))
	one, other := c.queue("one", nil), c.queue("other", nil)
	ids, tokens := s.identities(keyPair("dari", "dari"))
	role := must(ids.CreateRole(ctx, &iam.CreateRoleInput{RoleName: aws.String("dev"), AssumeRolePolicyDocument: aws.String(trustRoot)}))(t)
	must(ids.AttachRolePolicy(ctx, &iam.AttachRolePolicyInput{RoleName: aws.String("dev"), PolicyArn: aws.String("arn:aws:iam::aws:policy/AmazonSQSFullAccess")}))(t)
	out := must(tokens.AssumeRole(ctx, &sts.AssumeRoleInput{RoleArn: role.Role.Arn, RoleSessionName: aws.String("s1"), Policy: aws.String(sendToOne)}))(t)
	held := s.sdkAs(t, session(out.Credentials))
	held.send(one, "hello")
	if _, err := held.sq.SendMessage(ctx, &sqs.SendMessageInput{QueueUrl: &other.url, MessageBody: aws.String("x")}); err == nil || !strings.Contains(err.Error(), "because no session policy allows") {
		t.Errorf("the other queue: %v", err)
	}

	must(ids.CreateUser(ctx, &iam.CreateUserInput{UserName: aws.String("anna")}))(t)
	key := must(ids.CreateAccessKey(ctx, &iam.CreateAccessKeyInput{UserName: aws.String("anna")}))(t).AccessKey
	anna := s.sdkAs(t, keyPair(*key.AccessKeyId, *key.SecretAccessKey))
	if _, err := anna.sq.SendMessage(ctx, &sqs.SendMessageInput{QueueUrl: &one.url, MessageBody: aws.String("x")}); err == nil {
		t.Error("a user without policies sends")
	}
	must(ids.CreateGroup(ctx, &iam.CreateGroupInput{GroupName: aws.String("senders")}))(t)
	must(ids.PutGroupPolicy(ctx, &iam.PutGroupPolicyInput{GroupName: aws.String("senders"), PolicyName: aws.String("p"), PolicyDocument: aws.String(sendToBoth)}))(t)
	must(ids.AddUserToGroup(ctx, &iam.AddUserToGroupInput{GroupName: aws.String("senders"), UserName: aws.String("anna")}))(t)
	anna.send(other, "hello")
	must(ids.DeleteAccessKey(ctx, &iam.DeleteAccessKeyInput{UserName: aws.String("anna"), AccessKeyId: key.AccessKeyId}))(t)
	if _, err := anna.sq.SendMessage(ctx, &sqs.SendMessageInput{QueueUrl: &one.url, MessageBody: aws.String("x")}); err == nil {
		t.Error("a key that was deleted still sends, although there are no keys that must sign")
	}
}
