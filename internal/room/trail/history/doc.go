// Package history keeps the records of calls, in the order of their times, for 90 days.
//
// A place, which is an account in a region, has a history: a log of package blocks.
// Each segment of it is a source there, of one day and one [Kind], and goes as a
// whole: when its day is over for long enough, or when the account has more than it
// may have.
//
// # Who is in whose way
//
// What is counted are the bytes of the texts, by account and kind, and the histories.
//
//   - An account's bound is [Options.MaxBytes], and each kind has half of it: calls
//     that failed or only read, which anybody may make however little they are allowed,
//     push out nothing of those that changed something. The oldest segment goes first,
//     a sixteenth of the bound, and what goes is counted.
//   - An account has histories in 64 regions; calls in further ones are in that of
//     us-east-1. So nobody calls unseen because somebody called in very many regions.
//   - There are 10,000 histories in all. Whatever account comes then shares one with
//     all that come: it has the bound of an account, and nothing of anybody else's goes
//     for it. Who has a history keeps it.
//
// # Who waits for whom
//
// Whatever has a history in hand while the store is busy holds up calls of the same
// account at most, and of those only the ones that need room or a new segment.
package history
