package eventsapi

import (
	"fmt"

	"github.com/dari-bus/dari/internal/bus"
	"github.com/dari-bus/dari/internal/destination"
	"github.com/dari-bus/dari/internal/event"
	"github.com/dari-bus/dari/internal/eventsapi/limits"
	"github.com/dari-bus/dari/internal/outbound"
	"github.com/dari-bus/dari/internal/target"
)

// quotas are the bounds on what callers may have here.
func quotas() []string {
	l := bus.DefaultLimits()
	return []string{
		fmt.Sprintf("An account has in each region %d event buses, the default one counted, with %d rules each, of which %d may use wildcards.",
			l.Buses, l.RulesPerBus, l.WildcardRulesPerBus),
		fmt.Sprintf("A rule has %d targets and a pattern of %d characters; a rule or a bus has %d tags, and a bus a policy of %d characters.",
			l.TargetsPerRule, l.PatternLength, l.Tags, l.PolicyLength),
		fmt.Sprintf("The entries of one PutEvents are %d and %d MiB in all.", limits.All()["PutEventsInput.Entries"].Max, l.RequestBytes>>20),
		"These are AWS's, so that a test fails here where it would fail there; `dari serve -limits none` lifts all but the number of entries.",
		fmt.Sprintf("An account has in each region %d connections and as many API destinations. An API destination is called %d times a second unless it says otherwise.",
			destination.DefaultMax, destination.DefaultRate),
		fmt.Sprintf("Objects and lists in a Detail are at most %d deep.", event.MaxDepth),
		fmt.Sprintf("A delivery is tried for %d hours and %d times after the first, unless its target asks for less.",
			int(target.DefaultMaxAge.Hours()), target.DefaultMaxAttempts),
	}
}

// deviations are what clients may notice of the rooms behind this door.
func deviations() []string {
	return []string{
		"Events are delivered to SQS queues, API destinations and event buses. A target of another kind is accepted where AWS accepts it; " +
			"its deliveries fail with the code NO_RESOURCE and go to its dead-letter queue.",
		"A delivery that failed for good and that no dead-letter queue took is kept and shown at `/_dari/dead`; on AWS it is gone.",
		"The encryption key and the dead-letter queue of an event bus are kept and listed, and have no effect. The dead-letter queues of targets work.",
		"What a bus logs, by its LogConfig, is in the log group `/aws/vendedlogs/events/event-bus/<bus>`, which is made if it is not there; there is no delivery to set up. Where services need policies, " +
			"a resource policy of the account's logs must let delivery.logs.amazonaws.com write there. Retryable failures and all attempts are logged at TRACE, and no answers of targets. " +
			"A record that finds no room in memory is dropped, which a record RECORDS_DROPPED says.",
		"No service of AWS owns rules, so Force changes nothing.",
		"A schedule that was due while the server was down does not fire later, except for its last time if that was no more than a minute ago.",
		"There are no organisations: a condition on aws:PrincipalOrgID is kept and lets nobody in.",
		"A policy with something in it that dari does not know is refused, and never read as less than it says.",
		"API destinations and token endpoints may be `http://`, unless `dari serve -https-only` forbids it.",
		"Calls go where `dari serve -outbound` allows, which on a server that is open to a network is the public internet; another address is an error that is not retried. " +
			"There is no VPC Lattice and no mutual TLS.",
		fmt.Sprintf("What a destination or a token server asks for with Retry-After counts for %d minutes at most.", int(outbound.MaxRetryAfter.Minutes())),
		"The secrets of connections stand in the data directory. SecretArn names what AWS would have made in Secrets Manager, and KmsKeyIdentifier is kept and shown; nothing is encrypted with it.",
		"A connection that is DEAUTHORIZED because of its token server is tried again, more and more seldom, and recovers with it.",
		"A connection is gone when DeleteConnection answers DELETING, and DEAUTHORIZED when DeauthorizeConnection answers DEAUTHORIZING.",
	}
}
