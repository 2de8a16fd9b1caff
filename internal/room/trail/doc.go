// Package trail is the trail's room: it stands in for AWS CloudTrail.
//
// Each call of an API whose caller is known becomes a record of who did what, from
// where and with which outcome, as CloudTrail has it. The door tells the room of a
// call before it answers, and what is kept of it is on disk by then, in one
// transaction: a crash loses no record of a call that was answered. A record that
// cannot be kept, on a full disk for one, fails no call: it is counted, and the log
// says so.
//
// Callers are known by their signatures; where there are no keys, they are who they say
// they are. On a server where only users and sessions may do anything, whoever merely
// says so is nobody, and not recorded: [Options.IdentitiesOnly].
//
// The event history has the records of calls that manage resources, for 90 days, by
// account and region; those of IAM are in us-east-1. What it holds of an account has
// a bound, [Options.MaxBytes], of which calls that failed or only read have half and
// those that changed something the other. Package history says who can be in whose way.
//
// The same records are events on the default bus of their account and region, in the
// detail type "AWS API Call via CloudTrail": of all calls, whether there is a trail
// or not, unless [Options.Strict] says otherwise. An event that no rule wants costs
// nothing.
//
// A call that succeeded on a resource of another account is recorded there as well, in
// a record of its own with the same shared id, that says only from which account the
// caller was.
//
// Calls on data, such as sending a message, are recorded only as far as trails ask
// for them, for the bus and the log groups of those trails; they are not in the
// history. A trail's log group has what the trail wants in the same transaction, as
// far as its role may write there: what is in the way is said by its status, and holds
// neither the call nor the rest of its record up. Records of calls on data that come at
// the same time share a transaction.
//
// # What it leaves out
//
// Nothing is written to S3, and there are no event data stores, channels, insights and
// organizations; they are refused by name.
package trail
