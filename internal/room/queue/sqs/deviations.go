package sqs

import (
	"fmt"

	"github.com/dari-bus/dari/internal/room/queue"
)

// quotas are the bounds on what callers may have here.
func quotas() []string {
	return []string{
		fmt.Sprintf("Receivers may have %d messages of a queue at a time.", queue.MaxHidden),
		fmt.Sprintf("A batch has %d entries and %d MiB; a message has %d attributes, and a queue %d tags.", maxEntries, maxBatch>>20, maxAttributes, queue.MaxTags),
		fmt.Sprintf("A task moves up to %d messages a second when it is given a rate. The last %d tasks of a queue are remembered.", maxMoveRate, queue.KeepMoves),
		"The number of queues and of messages is not limited.",
	}
}

// deviations are what clients may notice.
func deviations() []string {
	return []string{
		"A queue may be made anew right after it was deleted: there is no QueueDeletedRecently. Deleting and purging are done when they are answered.",
		"Attributes take effect at once, the numbers of messages are exact, and every receive looks at all messages.",
		"The URL of a queue names its account and not its region: queues of one name in two regions have one URL, and the region that the call is signed for decides.",
		"KMS keys are remembered and reported; nothing is encrypted with them.",
		"With `dari serve -enforce-policies=false` a rule reaches a queue of its own account without a policy that lets it in. A Deny counts in any case.",
		"The throughput limit of a FIFO queue is remembered only.",
		"Fair queues keep the message group of a message, and do not weigh groups against each other.",
		"A repeated receive is recognised by its attempt id for five minutes, but not across a restart.",
		"How often a message was handed out, and until when it is invisible, reaches the disk within a second: after a crash it may be visible sooner.",
	}
}
